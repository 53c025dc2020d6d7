//! What one client does, over and over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::carrier::Mailboxes;
use super::wire::{Wire, post, quoted};
use crate::{clock, phones};

/// A message that has not come after so long will not come.
const MESSAGE_PATIENCE: Duration = Duration::from_secs(20);

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One request with the body of a start.
    Echo,
    /// Start, wait for the code, check it.
    RoundTrip,
    /// Start and nothing more: the verification stays live.
    StartOnly,
}

/// Whether requests bring an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// They do.
    Sent,
    /// They do not.
    Absent,
}

/// Where and what.
#[derive(Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// The API key.
    pub bearer: String,
    /// Where codes arrive.
    pub mailboxes: Arc<Mailboxes>,
    /// What clients do.
    pub kind: Kind,
    /// Whether with keys.
    pub keys: Keys,
}

/// When the steps of one round ended.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// How long the start took.
    pub start_us: u64,
    /// How long the message took after the start's answer.
    pub message_us: u64,
    /// How long the check took.
    pub check_us: u64,
}

/// One client with its own connection and mailbox.
pub struct Client {
    target: Target,
    wire: Wire,
    mailbox: usize,
}

impl Client {
    /// A client whose codes arrive in this mailbox.
    pub async fn connect(target: Target, mailbox: usize) -> anyhow::Result<Self> {
        let wire = Wire::connect(target.address).await?;
        Ok(Client { target, wire, mailbox })
    }

    /// Does it once.
    pub async fn round(&mut self) -> anyhow::Result<Round> {
        let phone = self.target.mailboxes.next_phone(self.mailbox)?;
        let body = format!(
            r#"{{"to":"{}","purpose":"login","session":"session-{phone}","client":{{"ip":"203.0.113.7"}}}}"#,
            phones::phone(phone)
        );
        let began = clock::instant();
        let id = self.post_start(&body, phone).await?;
        let start_us = clock::micros_since(began);
        if self.target.kind != Kind::RoundTrip {
            return Ok(Round { start_us, message_us: 0, check_us: 0 });
        }
        let answered = clock::instant();
        let waiting = self.target.mailboxes.code(phone);
        let code =
            tokio::time::timeout(MESSAGE_PATIENCE, waiting).await.context("a message did not come")??;
        let message_us = clock::micros_since(answered);
        let began = clock::instant();
        self.check(&id, &code, phone).await?;
        Ok(Round { start_us, message_us, check_us: clock::micros_since(began) })
    }

    async fn post_start(&mut self, body: &str, phone: u64) -> anyhow::Result<String> {
        let request = post("/v1/verifications", &self.target.bearer, &self.key("start", phone), body);
        let answer = self.wire.call(&request).await?;
        let status = answer.status()?;
        anyhow::ensure!(
            status == 201,
            "a start was answered {status}: {}",
            String::from_utf8_lossy(answer.body)
        );
        match self.target.kind {
            Kind::Echo => Ok(String::new()),
            _ => Ok(quoted(answer.body, "\"id\":\"").context("a start without id")?.to_owned()),
        }
    }

    async fn check(&mut self, id: &str, code: &str, phone: u64) -> anyhow::Result<()> {
        let path = format!("/v1/verifications/{id}/check");
        let body = format!(r#"{{"code":"{code}"}}"#);
        let request = post(&path, &self.target.bearer, &self.key("check", phone), &body);
        let answer = self.wire.call(&request).await?;
        let approved = answer.status()? == 200 && quoted(answer.body, "\"result\":\"") == Some("approved");
        anyhow::ensure!(approved, "a right code was answered {}", String::from_utf8_lossy(answer.body));
        Ok(())
    }

    fn key(&self, step: &str, phone: u64) -> String {
        match self.target.keys {
            Keys::Absent => String::new(),
            Keys::Sent => format!("idempotency-key: {step}-{phone}-{}\r\n", std::process::id()),
        }
    }
}

/// When each round begins.
#[derive(Clone)]
pub enum Pace {
    /// As soon as the one before has ended.
    Unpaced,
    /// At a fixed rate, whoever is free.
    PerSecond {
        /// Rounds in a second.
        rate: f64,
        /// When the first is due.
        from: Instant,
        /// Rounds given out.
        given: Arc<AtomicU64>,
    },
}

impl Pace {
    /// At so many rounds a second from now.
    pub fn per_second(rate: f64) -> Self {
        Pace::PerSecond { rate, from: clock::instant(), given: Arc::default() }
    }

    /// Waits until the next round is due, and says when that was.
    pub async fn wait(&self) -> Instant {
        let Pace::PerSecond { rate, from, given } = self else { return clock::instant() };
        #[expect(clippy::cast_precision_loss, reason = "counts of rounds are far below 2^52")]
        let number = given.fetch_add(1, Ordering::Relaxed) as f64;
        let due = *from + Duration::from_secs_f64(number / rate);
        tokio::time::sleep_until(tokio::time::Instant::from_std(due)).await;
        due
    }
}
