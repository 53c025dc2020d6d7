//! What the sink was handed, and what it shall do with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use serde::Deserialize;
use tokio::sync::watch;

use super::faults::{Behaviour, Receipt, Unread};
use super::receipts::Posted;
use super::signature::verify;
use crate::clock;
use crate::load::wire::Message;
use crate::server::SINK_SECRET;

/// The most submissions that the ledger takes; more are answered 503.
const MAX_LEDGER: usize = 1_000_000;

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
    /// Where its receipts go.
    pub callback_url: Option<String>,
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
    callback_url: Option<String>,
}

/// Draws what is done with a submission, by its phone.
pub(super) type Chance = Box<dyn FnMut(&str) -> Behaviour + Send>;
/// Draws which receipts follow a submission.
pub(super) type Promise = Box<dyn FnMut(&Submission) -> Vec<Receipt> + Send>;
/// Draws whether a request is cut before it is read.
pub(super) type Door = Box<dyn FnMut() -> Option<Unread> + Send>;

pub(super) struct Ledger {
    pub(super) all: Vec<Submission>,
    pub(super) by_phone: HashMap<String, Vec<usize>>,
    pub(super) forged: Vec<String>,
    pub(super) usual: Behaviour,
    pub(super) special: HashMap<String, Behaviour>,
    pub(super) chance: Option<Chance>,
    pub(super) promise: Option<Promise>,
    pub(super) door: Option<Door>,
    pub(super) unread: usize,
    pub(super) posted: Vec<Posted>,
}

impl Ledger {
    fn new() -> Self {
        Ledger {
            all: Vec::new(),
            by_phone: HashMap::new(),
            forged: Vec::new(),
            usual: Behaviour::Accept,
            special: HashMap::new(),
            chance: None,
            promise: None,
            door: None,
            unread: 0,
            posted: Vec::new(),
        }
    }

    fn behaviour(&mut self, phone: &str) -> Behaviour {
        match (self.special.get(phone), self.chance.as_mut()) {
            _ if self.all.len() >= MAX_LEDGER => Behaviour::Unavailable,
            (Some(special), _) => *special,
            (None, Some(draw)) => draw(phone),
            (None, None) => self.usual,
        }
    }
}

#[derive(Clone)]
pub(super) struct Shared {
    ledger: Arc<Mutex<Ledger>>,
    /// Counts what happens, for those who wait.
    pub(super) changes: watch::Sender<usize>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Shared { ledger: Arc::new(Mutex::new(Ledger::new())), changes: watch::Sender::new(0) }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the next request is cut before it is read.
    pub(super) fn door(&self) -> Option<Unread> {
        self.ledger().door.as_mut().and_then(|draw| draw())
    }

    /// A request was cut before it was read.
    pub(super) fn note_unread(&self) {
        self.ledger().unread += 1;
        self.changes.send_modify(|count| *count += 1);
    }

    /// What became of a receipt.
    pub(super) fn note_posted(&self, posted: Posted) {
        self.ledger().posted.push(posted);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Writes a request down, and says what it is done with and which receipts follow it; nothing if it is not
    /// as it must be.
    pub(super) fn note(&self, request: &Message<'_>) -> Option<(Submission, Vec<Receipt>)> {
        match self.read(request) {
            Ok(noted) => {
                self.changes.send_modify(|count| *count += 1);
                Some(noted)
            }
            Err(wrong) => {
                self.ledger().forged.push(format!("{wrong:#}"));
                None
            }
        }
    }

    fn read(&self, request: &Message<'_>) -> anyhow::Result<(Submission, Vec<Receipt>)> {
        let begun_ms = clock::unix_ms();
        anyhow::ensure!(request.begins_with("POST /send "), "a request for something else");
        verify(SINK_SECRET, request.header("countersign-signature"), request.body, begun_ms)?;
        let body: Body = serde_json::from_slice(request.body)?;
        let key = request.header("idempotency-key");
        anyhow::ensure!(key == Some(body.reference.as_str()), "the Idempotency-Key is not the reference");
        let code = code_in(&body.text).context("a message without a code")?.to_owned();
        let mut ledger = self.ledger();
        let Body { reference: delivery, to, text, callback_url } = body;
        let behaviour = ledger.behaviour(&to);
        let submission = Submission { delivery, to, code, text, callback_url, begun_ms, behaviour };
        let promised = ledger.promise.as_mut().map(|promise| promise(&submission)).unwrap_or_default();
        if ledger.all.len() < MAX_LEDGER {
            let at = ledger.all.len();
            ledger.by_phone.entry(submission.to.clone()).or_default().push(at);
            ledger.all.push(submission.clone());
        }
        Ok((submission, promised))
    }
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

    #[test]
    fn codes_are_found() {
        assert_eq!(code_in("Sim: your code is 012345. Valid 10 min."), Some("012345"));
        assert_eq!(code_in("Sim: code 7KQ2M9XWRT to sign in"), Some("7KQ2M9XWRT"));
        assert_eq!(code_in("SIGN IN 12345"), None);
    }
}
