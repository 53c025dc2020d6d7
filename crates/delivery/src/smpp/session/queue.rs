//! Where messages wait for a place in the window of one of the binds.
//!
//! All binds of a provider take from one queue, so that none waits behind a bind that hangs.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::super::correlate::Subject;
use super::super::pdu::Pdu;
use super::super::status::Status;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not all of it was written: the service centre did not get it.
    NotWritten(NotWritten),
    /// The service centre took it. The response to its last part.
    Accepted(Box<Pdu>),
    /// The service centre refused it.
    Refused(Status),
    /// It was written, and nobody knows what became of it: it may not be repeated on this route.
    Unknown(Doubt),
}

/// Why a request was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWritten {
    /// No connection to the service centre is bound.
    NotBound,
    /// No place in a window came free in time.
    NoPlace,
    /// The message expired while it waited.
    Expired,
    /// The connection ended before it.
    ConnectionLost,
    /// It has no form on the wire.
    NotRepresentable,
}

/// Why it is not known what became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No response in time.
    Unanswered,
    /// The connection ended before the response.
    ConnectionLost,
    /// Some parts were taken, and others never written.
    CutMidway,
}

/// A request on its way: its PDUs with any sequence number.
pub(in crate::smpp) struct Job {
    pub(in crate::smpp) parts: Vec<Zeroizing<Vec<u8>>>,
    pub(in crate::smpp) subject: Option<Subject>,
    /// When a place in the window is of no use any more.
    pub(in crate::smpp) give_up_at: Instant,
    /// The reason then.
    pub(in crate::smpp) late: NotWritten,
    pub(in crate::smpp) reply: oneshot::Sender<Outcome>,
}

impl Job {
    /// Says what became of it. That nobody listens any more is no error.
    pub(super) fn reply(self, outcome: Outcome) {
        let _ = self.reply.send(outcome);
    }
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Bound connections that send.
    takers: usize,
}

/// The queue.
pub(in crate::smpp) struct Queue {
    waiting: Mutex<Waiting>,
    more: Notify,
    capacity: usize,
}

impl Queue {
    pub(in crate::smpp) fn new(capacity: usize) -> Self {
        Queue { waiting: Mutex::default(), more: Notify::new(), capacity }
    }

    fn locked(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request, or says at once that it cannot be written.
    pub(in crate::smpp) fn push(&self, job: Job) -> Result<(), NotWritten> {
        let mut waiting = self.locked();
        if waiting.takers == 0 {
            return Err(NotWritten::NotBound);
        }
        if waiting.jobs.len() >= self.capacity {
            return Err(NotWritten::NoPlace);
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.more.notify_one();
        Ok(())
    }

    /// Waits until there may be something to take.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// Becomes one who takes.
    pub(super) fn taker(&self) -> Taker<'_> {
        self.locked().takers += 1;
        Taker(self)
    }
}

/// A bound connection that takes requests. When the last one is gone, nobody waits any longer.
pub(super) struct Taker<'a>(&'a Queue);

impl Taker<'_> {
    /// The next request that is still wanted.
    pub(super) fn take(&self, now: Instant) -> Option<Job> {
        let mut waiting = self.0.locked();
        while let Some(job) = waiting.jobs.pop_front() {
            if job.give_up_at <= now {
                let late = job.late;
                job.reply(Outcome::NotWritten(late));
            } else if !job.reply.is_closed() {
                let more = !waiting.jobs.is_empty();
                drop(waiting);
                if more {
                    // Another bind may be idle: wake-ups for several requests may have become one.
                    self.0.more.notify_one();
                }
                return Some(job);
            }
        }
        None
    }

    /// Turns away those that have waited too long, and says when to look again.
    pub(super) fn turn_away_late(&self, now: Instant) -> Option<Instant> {
        let mut waiting = self.0.locked();
        while waiting.jobs.front().is_some_and(|job| job.give_up_at <= now) {
            if let Some(job) = waiting.jobs.pop_front() {
                let late = job.late;
                job.reply(Outcome::NotWritten(late));
            }
        }
        waiting.jobs.front().map(|job| job.give_up_at)
    }
}

impl Drop for Taker<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.locked();
        waiting.takers -= 1;
        if waiting.takers > 0 {
            drop(waiting);
            self.0.more.notify_one();
            return;
        }
        for job in waiting.jobs.drain(..) {
            job.reply(Outcome::NotWritten(NotWritten::NotBound));
        }
    }
}
