//! What the sink writes, good answers and bad ones.

use std::time::Duration;

use crate::clock;
use crate::load::wire::Wire;

use super::faults::{Behaviour, Body, Cut, Garbage, RetryAfter};

/// What never ends is let go after so long: longer than any provider's timeout.
const HANG: Duration = Duration::from_mins(1);
/// Between two octets of an answer that trickles.
const DRIP: Duration = Duration::from_millis(50);
/// Between two pieces of what is not held up by its reader.
const BREATH: Duration = Duration::from_millis(2);
const OVERSIZED_BYTES: usize = 8 << 20;
const PIECE: [u8; 4096] = [b'x'; 4096];

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next request may come by it.
    Kept,
    /// It ends as connections do.
    Closed,
    /// It is reset.
    Reset,
}

/// Answers a submission. An error is a peer that has hung up.
pub(super) async fn answer(wire: &mut Wire, behaviour: Behaviour) -> anyhow::Result<After> {
    match behaviour {
        Behaviour::Accept | Behaviour::Lose => whole(wire, 200, "", "{}").await,
        Behaviour::AcceptAfter(wait) => {
            tokio::time::sleep(wait).await;
            whole(wire, 200, "", "{}").await
        }
        Behaviour::Refuse => whole(wire, 422, "", "").await,
        Behaviour::Unavailable => whole(wire, 503, "", "").await,
        Behaviour::Throttle(when) => whole(wire, 429, &retry_after(when)?, "").await,
        Behaviour::Hang => {
            wire.ends_within(HANG).await;
            Ok(After::Closed)
        }
        Behaviour::Cut(at) => cut(wire, at).await,
        Behaviour::Answer(status, body) => with_body(wire, status, body).await,
        Behaviour::Garbage(garbage) => write_garbage(wire, garbage).await,
    }
}

/// A whole answer, kept to what HTTP asks for.
async fn whole(wire: &mut Wire, status: u16, headers: &str, body: &str) -> anyhow::Result<After> {
    // A 204 has no length (RFC 9110 §8.6).
    let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let answer = format!("{}{headers}{length}\r\n{body}", head(status, "application/json"));
    wire.write(answer.as_bytes()).await?;
    Ok(After::Kept)
}

/// A 401 for what is not signed as it must be.
pub(super) async fn refuse_forged(wire: &mut Wire) -> anyhow::Result<After> {
    whole(wire, 401, "", "").await
}

fn head(status: u16, content_type: &str) -> String {
    format!("HTTP/1.1 {status} Sim\r\ncontent-type: {content_type}\r\n")
}

fn retry_after(when: RetryAfter) -> anyhow::Result<String> {
    Ok(match when {
        RetryAfter::Unsaid => String::new(),
        RetryAfter::Seconds(seconds) => format!("retry-after: {seconds}\r\n"),
        RetryAfter::Date(seconds) => {
            let at = jiff::Timestamp::from_millisecond(clock::unix_ms() + i64::from(seconds) * 1000)?;
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at)?;
            format!("retry-after: {date}\r\n")
        }
        RetryAfter::Unreadable => "retry-after: when the moon is full\r\n".to_owned(),
    })
}

async fn cut(wire: &mut Wire, at: Cut) -> anyhow::Result<After> {
    let said = match at {
        Cut::Unanswered => return Ok(After::Reset),
        Cut::InStatus => "HTTP/1.1 20".to_owned(),
        Cut::InHead => format!("{}content-le", head(200, "application/json")),
        Cut::InBody => format!("{}content-length: 40\r\n\r\n{{\"id\":\"SM-", head(200, "application/json")),
    };
    wire.write(said.as_bytes()).await?;
    Ok(After::Closed)
}

async fn with_body(wire: &mut Wire, status: u16, body: Body) -> anyhow::Result<After> {
    let (content_type, text) = match body {
        Body::Empty => return whole(wire, status, "", "").await,
        Body::Json(text) => ("application/json", text.as_bytes()),
        Body::HalfJson => ("application/json", b"{\"id\":\"SM-4".as_slice()),
        Body::Html => ("text/html", b"<!doctype html><h1>It works!</h1>".as_slice()),
        Body::Binary => ("image/png", b"\x89PNG\r\n\x1a\n\x00\xff\xfe{\"id\":\"SM-42\"}".as_slice()),
        Body::Oversized => return oversized(wire, status).await,
        Body::Endless => return endless(wire, status, &PIECE, Duration::ZERO).await,
        Body::Trickle => return endless(wire, status, b" ", DRIP).await,
    };
    let mut answer =
        format!("{}content-length: {}\r\n\r\n", head(status, content_type), text.len()).into_bytes();
    answer.extend_from_slice(text);
    wire.write(&answer).await?;
    Ok(After::Kept)
}

async fn oversized(wire: &mut Wire, status: u16) -> anyhow::Result<After> {
    let head = format!("{}content-length: {OVERSIZED_BYTES}\r\n\r\n", head(status, "application/json"));
    wire.write(head.as_bytes()).await?;
    for _ in 0..OVERSIZED_BYTES / PIECE.len() {
        wire.write(&PIECE).await?;
    }
    Ok(After::Kept)
}

/// Chunks without an end (RFC 9112 §7.1).
async fn endless(wire: &mut Wire, status: u16, piece: &[u8], pause: Duration) -> anyhow::Result<After> {
    let head = format!("{}transfer-encoding: chunked\r\n\r\n", head(status, "application/json"));
    wire.write(head.as_bytes()).await?;
    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
    chunk.extend_from_slice(piece);
    chunk.extend_from_slice(b"\r\n");
    repeat(wire, &chunk, pause).await
}

async fn write_garbage(wire: &mut Wire, garbage: Garbage) -> anyhow::Result<After> {
    match garbage {
        Garbage::OtherProtocol => {
            wire.write(b"220 mail.example ESMTP ready\r\n").await?;
            wire.ends_within(HANG).await;
            Ok(After::Closed)
        }
        Garbage::Noise => {
            wire.write(&[0x00, 0xff, 0x16, 0x03, 0x01, 0x0d, 0x0a, 0x80, 0x7f, 0x0d, 0x0a, 0x0d, 0x0a])
                .await?;
            wire.ends_within(HANG).await;
            Ok(After::Closed)
        }
        Garbage::EndlessHead => {
            wire.write(head(200, "application/json").as_bytes()).await?;
            repeat(wire, b"x-more: yes\r\n", BREATH).await
        }
        Garbage::EndlessContinue => repeat(wire, b"HTTP/1.1 100 Continue\r\n\r\n", BREATH).await,
        Garbage::TwoAnswers => {
            let good = format!("{}content-length: 2\r\n\r\n{{}}", head(200, "application/json"));
            let refusal = format!("{}content-length: 0\r\n\r\n", head(422, "application/json"));
            wire.write(format!("{good}{refusal}").as_bytes()).await?;
            Ok(After::Kept)
        }
    }
}

/// Writes the same until the other side hangs up.
async fn repeat(wire: &mut Wire, piece: &[u8], pause: Duration) -> anyhow::Result<After> {
    let began = clock::instant();
    while began.elapsed() < HANG {
        wire.write(piece).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(After::Closed)
}
