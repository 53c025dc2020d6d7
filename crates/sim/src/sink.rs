//! The carrier of the tests: an HTTP endpoint as `docs/http-provider.md` describes it. It checks the
//! signature by itself, keeps a ledger of every submission, and misbehaves when told to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock;
use crate::server::SINK_SECRET;

/// The most submissions that the ledger takes; more are answered 503.
const MAX_LEDGER: usize = 1_000_000;
/// A submission that is left hanging is let go after so long: longer than any provider's timeout.
const HANG: Duration = Duration::from_mins(1);

/// What the sink does with a submission. It is in the ledger in any case: a phone may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes it.
    Accept,
    /// 422: never again.
    Refuse,
    /// 503: try again.
    Unavailable,
    /// Reads it and never answers.
    Hang,
    /// Takes it after this time.
    AcceptAfter(Duration),
}

/// One submission as it came.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The delivery's id.
    pub delivery: String,
    /// The phone, E.164.
    pub to: String,
    /// The code in the text.
    pub code: String,
    /// The whole text.
    pub text: String,
    /// When it had come, in Unix milliseconds.
    pub begun_ms: i64,
    /// What was done with it.
    pub behaviour: Behaviour,
}

#[derive(Deserialize)]
struct Body {
    reference: String,
    to: String,
    text: String,
}

struct Ledger {
    all: Vec<Submission>,
    by_phone: HashMap<String, Vec<usize>>,
    forged: Vec<String>,
    usual: Behaviour,
    special: HashMap<String, Behaviour>,
    chance: Option<Chance>,
}

type Chance = Box<dyn FnMut(&str) -> Behaviour + Send>;

#[derive(Clone)]
struct Shared {
    ledger: Arc<Mutex<Ledger>>,
    count: watch::Sender<usize>,
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running sink. Ends when dropped.
pub struct Sink {
    address: SocketAddr,
    shared: Shared,
    _serving: JoinSet<()>,
}

impl Sink {
    /// Starts one on a free port of this machine.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let ledger = Ledger {
            all: Vec::new(),
            by_phone: HashMap::new(),
            forged: Vec::new(),
            usual: Behaviour::Accept,
            special: HashMap::new(),
            chance: None,
        };
        let shared = Shared { ledger: Arc::new(Mutex::new(ledger)), count: watch::Sender::new(0) };
        let router = Router::new().route("/send", post(receive)).with_state(shared.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // Ends with the test; a message that finds nobody is the test's own finding.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Sink { address, shared, _serving: serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is done with submissions from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.ledger().usual = behaviour;
    }

    /// What is done with submissions to one phone from now on.
    pub fn behave_for(&self, phone: &str, behaviour: Behaviour) {
        self.shared.ledger().special.insert(phone.to_owned(), behaviour);
    }

    /// Draws what is done with each submission, by its phone.
    pub fn behave_by(&self, draw: impl FnMut(&str) -> Behaviour + Send + 'static) {
        self.shared.ledger().chance = Some(Box::new(draw));
    }

    /// Every submission so far.
    pub fn submissions(&self) -> Vec<Submission> {
        self.shared.ledger().all.clone()
    }

    /// Those to one phone, oldest first.
    pub fn to(&self, phone: &str) -> Vec<Submission> {
        let ledger = self.shared.ledger();
        let places = ledger.by_phone.get(phone).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|&at| ledger.all.get(at)).cloned().collect()
    }

    /// Submissions that were not signed as they must be. There must be none.
    pub fn forged(&self) -> Vec<String> {
        self.shared.ledger().forged.clone()
    }

    /// Waits until `count` submissions to a phone have come, and gives the last one.
    pub async fn wait_for(
        &self,
        phone: &str,
        count: usize,
        patience: Duration,
    ) -> anyhow::Result<Submission> {
        let mut counts = self.shared.count.subscribe();
        let waiting = async {
            loop {
                let found = self.to(phone);
                if let Some(last) = found.get(count.saturating_sub(1)..).and_then(<[Submission]>::last) {
                    return Ok(last.clone());
                }
                counts.changed().await.context("the sink has ended")?;
            }
        };
        tokio::time::timeout(patience, waiting).await.context("no message came")?
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let begun_ms = clock::unix_ms();
    let behaviour = match note(&shared, &headers, &body, begun_ms) {
        Ok(behaviour) => behaviour,
        Err(wrong) => {
            shared.ledger().forged.push(format!("{wrong:#}"));
            return StatusCode::UNAUTHORIZED;
        }
    };
    match behaviour {
        Behaviour::Accept => StatusCode::OK,
        Behaviour::Refuse => StatusCode::UNPROCESSABLE_ENTITY,
        Behaviour::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Behaviour::Hang => {
            tokio::time::sleep(HANG).await;
            StatusCode::GATEWAY_TIMEOUT
        }
        Behaviour::AcceptAfter(wait) => {
            tokio::time::sleep(wait).await;
            StatusCode::OK
        }
    }
}

fn note(shared: &Shared, headers: &HeaderMap, body: &Bytes, begun_ms: i64) -> anyhow::Result<Behaviour> {
    verify(headers, body, begun_ms)?;
    let body: Body = serde_json::from_slice(body)?;
    let header = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    anyhow::ensure!(header == Some(body.reference.as_str()), "the Idempotency-Key is not the reference");
    let code = code_in(&body.text).context("a message without a code")?.to_owned();
    let mut ledger = shared.ledger();
    if ledger.all.len() >= MAX_LEDGER {
        return Ok(Behaviour::Unavailable);
    }
    let usual = ledger.usual;
    let behaviour = match (ledger.special.get(&body.to).copied(), ledger.chance.as_mut()) {
        (Some(special), _) => special,
        (None, Some(draw)) => draw(&body.to),
        (None, None) => usual,
    };
    let at = ledger.all.len();
    ledger.by_phone.entry(body.to.clone()).or_default().push(at);
    ledger.all.push(Submission {
        delivery: body.reference,
        to: body.to,
        code,
        text: body.text,
        begun_ms,
        behaviour,
    });
    drop(ledger);
    shared.count.send_modify(|count| *count += 1);
    Ok(behaviour)
}

/// The signature, by the page and not by the code under test.
fn verify(headers: &HeaderMap, body: &[u8], now_ms: i64) -> anyhow::Result<()> {
    let header = headers.get("countersign-signature").context("no signature")?.to_str()?;
    let (time, mac) = header.split_once(",v1=").context("a signature of another form")?;
    let time = time.strip_prefix("t=").context("a signature without time")?;
    let skew_s = now_ms / 1000 - time.parse::<i64>()?;
    anyhow::ensure!(skew_s.abs() <= 300, "a signature {skew_s} s old");
    let mut expected = Hmac::<Sha256>::new_from_slice(SINK_SECRET.as_bytes())?;
    expected.update(time.as_bytes());
    expected.update(b".");
    expected.update(body);
    let mut given = Vec::with_capacity(32);
    for pair in mac.as_bytes().chunks(2) {
        given.push(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    }
    expected.verify_slice(&given).context("a forged signature")
}

/// The code in a message: the first word of 6 to 10 digits or capitals with a digit in it.
fn code_in(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| {
        (6..=10).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::http::HeaderValue;

    /// Computed with another implementation: `printf '1795428000.{}' | openssl dgst -sha256 -hmac …`.
    #[test]
    fn signatures_are_checked() {
        let signed = |signature: &str| {
            HeaderMap::from_iter([(
                axum::http::HeaderName::from_static("countersign-signature"),
                HeaderValue::from_str(signature).unwrap(),
            )])
        };
        let mac = "3458a6fe46831d8acc20c3135cf7412baa3353a3bfabb428a69da74198b110c6";
        let genuine = signed(&format!("t=1795428000,v1={mac}"));
        assert!(verify(&genuine, b"{}", 1_795_428_001_000).is_ok());
        assert!(verify(&genuine, b"{} ", 1_795_428_001_000).is_err());
        assert!(verify(&genuine, b"{}", 1_795_428_301_000).is_err());
        assert!(verify(&signed("t=1795428000,v1="), b"{}", 1_795_428_001_000).is_err());
        assert!(verify(&HeaderMap::new(), b"{}", 1_795_428_001_000).is_err());
    }

    #[test]
    fn codes_are_found() {
        assert_eq!(code_in("Sim: your code is 012345. Valid 10 min."), Some("012345"));
        assert_eq!(code_in("Sim: code 7KQ2M9XWRT to sign in"), Some("7KQ2M9XWRT"));
        assert_eq!(code_in("SIGN IN 12345"), None);
    }
}
