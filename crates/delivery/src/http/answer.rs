//! What an endpoint's answer, or the lack of one, means.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;
use std::time::Duration;

use countersign_core::time::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::provider::{Reference, Submission};

/// Most of an answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// How long is waited for the rest of an answer whose status says that the message was taken: a submission that
/// waited for it until its own time is over would pass for one that nobody answered.
const BODY_PATIENCE: Duration = Duration::from_millis(500);

/// The parts of an answer that are used; an endpoint may say more.
#[derive(Deserialize)]
struct Accepted<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
}

/// The meaning of an answer. An error's body is not read: it may repeat the text that was sent.
pub(super) async fn read(response: Response, now: Timestamp) -> Submission {
    let status = response.status();
    if status.is_success() {
        return Submission::Accepted { reference: reference(response).await };
    }
    of_status(status, retry_after(response.headers(), now))
}

fn of_status(status: StatusCode, retry_after: Option<Duration>) -> Submission {
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Submission::Throttled { retry_after },
        // Numbers that HTTP does not have are treated as 5xx (RFC 9110 §15).
        _ if status.as_u16() >= 500 => {
            Submission::Transient { reason: format!("http_{}", status.as_u16()).into(), retry_after }
        }
        _ if status.is_redirection() => {
            Submission::Permanent { reason: format!("redirect_{}", status.as_u16()).into() }
        }
        _ => Submission::Permanent { reason: format!("http_{}", status.as_u16()).into() },
    }
}

/// The meaning of no answer at all. Says nothing that the error says: that may hold the URL.
pub(crate) fn of_error(error: &reqwest::Error) -> Submission {
    if error.is_builder() {
        return Submission::permanent("not_representable");
    }
    if error.is_connect() {
        let reason = if error.is_timeout() {
            "connect_timeout"
        } else if error.is_dns() {
            "host_not_found"
        } else if io_kind(error) == Some(io::ErrorKind::ConnectionRefused) {
            "connection_refused"
        } else {
            "connection_failed"
        };
        return Submission::NotWritten { reason: reason.into() };
    }
    // Whatever else went wrong, part of the message may have left.
    let reason = if error.is_timeout() { "answer_timeout" } else { "connection_lost" };
    Submission::Unknown { reason: reason.into() }
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        source = cause.source();
    }
    None
}

/// The endpoint's own id, if it gave one that can be used. The status has already said that the
/// message was taken, so that nothing found here can change that.
async fn reference(mut response: Response) -> Option<Reference> {
    let body = tokio::time::timeout(BODY_PATIENCE, body(&mut response)).await.ok()??;
    let answer: Accepted<'_> = serde_json::from_slice(&body).ok()?;
    Reference::try_from(answer.id?.into_owned()).ok()
}

/// The body; nothing if it is longer than is read, or ends before its end.
pub(crate) async fn body(response: &mut Response) -> Option<Vec<u8>> {
    if response.content_length().is_some_and(|length| length > MAX_ANSWER_BYTES as u64) {
        return None;
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

/// Seconds, or a date in its preferred form (RFC 9110 §10.2.3, §5.6.7). What cannot be read is as if
/// it were absent.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().ok().map(Duration::from_secs);
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Timestamp::from_millis(at.as_millisecond()).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(value: &str, now: Timestamp) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().ok()?);
        retry_after(&headers, now)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::parse_rfc3339("1994-11-06T08:49:07Z").unwrap();
        assert_eq!(asked("120", now), Some(Duration::from_mins(2)));
        assert_eq!(asked("0", now), Some(Duration::ZERO));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(Duration::ZERO));
        for unreadable in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(asked(unreadable, now), None, "{unreadable}");
        }
    }

    #[test]
    fn every_status_has_its_class() {
        for code in 100..1000 {
            let status = StatusCode::from_u16(code).unwrap();
            if status.is_success() {
                continue;
            }
            let class = of_status(status, None);
            let expected = match code {
                408 | 429 => "throttled",
                500.. => "transient",
                _ => "permanent",
            };
            assert_eq!(class.as_str(), expected, "{code}");
        }
    }

    proptest! {
        #[test]
        fn any_retry_after_is_read_without_panic(value in "[ -~]{0,60}", now: i64) {
            let _ = asked(&value, Timestamp::from_millis(now));
        }
    }
}
