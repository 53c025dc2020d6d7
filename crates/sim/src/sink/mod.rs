//! The carrier of the tests: an HTTP endpoint as `docs/http-provider.md` describes it. It checks the
//! signature by itself, keeps a ledger of every submission, and misbehaves when told to.
//!
//! It reads and writes HTTP by hand: no server of a library cuts a connection in the middle of a word or answers
//! what is no HTTP.

mod answers;
mod connection;
mod faults;
mod ledger;
mod receipts;
mod signature;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::connection::Desk;
pub use self::faults::{Behaviour, Body, Cut, Flaw, Garbage, Receipt, RetryAfter, Unread, When};
use self::ledger::Shared;
pub use self::ledger::Submission;
pub use self::receipts::Posted;
use self::receipts::Poster;

/// Submissions whose receipts wait to be posted; a connection waits for a place.
const JOBS: usize = 1024;

/// A running sink. Ends when dropped.
pub struct Sink {
    address: SocketAddr,
    shared: Shared,
    poster: Poster,
    _serving: JoinSet<()>,
}

impl Sink {
    /// Starts one on a free port of this machine.
    pub async fn start() -> anyhow::Result<Self> {
        Sink::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one there: where another one has ended, say.
    pub async fn start_at(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared::new();
        let poster = Poster::new(shared.clone())?;
        let (later, jobs) = mpsc::channel(JOBS);
        let desk = Desk { shared: shared.clone(), poster: poster.clone(), later };
        let mut serving = JoinSet::new();
        serving.spawn(connection::accept(listener, desk));
        serving.spawn(receipts::post_all(jobs, poster.clone()));
        Ok(Sink { address, shared, poster, _serving: serving })
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

    /// Draws for each connection, and again for each request on it, whether it is cut before it is read.
    pub fn cut_unread(&self, draw: impl FnMut() -> Option<Unread> + Send + 'static) {
        self.shared.ledger().door = Some(Box::new(draw));
    }

    /// The receipts of every submission from now on, whatever was answered.
    pub fn promise(&self, receipts: &[Receipt]) {
        let receipts = receipts.to_vec();
        self.promise_by(move |_| receipts.clone());
    }

    /// Draws the receipts of each submission.
    pub fn promise_by(&self, draw: impl FnMut(&Submission) -> Vec<Receipt> + Send + 'static) {
        self.shared.ledger().promise = Some(Box::new(draw));
    }

    /// Posts a receipt now, whenever it says it comes; gives the status of the last answer.
    pub async fn post(&self, submission: &Submission, receipt: Receipt) -> anyhow::Result<u16> {
        self.poster.post(submission, receipt).await
    }

    /// The receipts that were posted so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.shared.ledger().posted.clone()
    }

    /// Requests that were cut before they were read.
    pub fn unread(&self) -> usize {
        self.shared.ledger().unread
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
        self.until(patience, || self.to(phone).get(count.saturating_sub(1)..)?.last().cloned())
            .await
            .context("no message came")
    }

    /// Waits until so many receipts were posted and answered, and gives all.
    pub async fn wait_for_posted(&self, count: usize, patience: Duration) -> anyhow::Result<Vec<Posted>> {
        self.until(patience, || Some(self.posted()).filter(|posted| posted.len() >= count))
            .await
            .context("no receipt was posted")
    }

    async fn until<T>(&self, patience: Duration, look: impl Fn() -> Option<T>) -> anyhow::Result<T> {
        let mut changes = self.shared.changes.subscribe();
        let waiting = async {
            loop {
                if let Some(found) = look() {
                    return Ok(found);
                }
                changes.changed().await.context("the sink has ended")?;
            }
        };
        tokio::time::timeout(patience, waiting).await?
    }
}
