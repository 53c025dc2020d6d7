//! Work that callers hand to the threads which own the connections.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;
use crate::StoreError;

/// One thing to do inside a transaction. It may be run again after a rollback.
pub(super) trait Work: Send + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// Does it.
    fn run(&self, connection: &Connection) -> Result<Self::Output, Fault>;
}

/// A piece of work and who waits for it.
pub(super) trait Request: Send {
    /// Does the work and keeps the answer back.
    fn run(&mut self, connection: &Connection) -> Result<(), Fault>;

    /// Gives the answer, or says why there is none.
    fn answer(self: Box<Self>, verdict: Result<(), StoreError>);
}

struct Waiting<W: Work> {
    work: W,
    output: Option<W::Output>,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
}

impl<W: Work> Request for Waiting<W> {
    fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.output = Some(self.work.run(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, verdict: Result<(), StoreError>) {
        let Waiting { output, reply, .. } = *self;
        let missing = || StoreError::Unavailable("the work was never done".to_owned());
        // Nobody listens any more when the caller gave up; its work stands or falls all the same.
        let _ = reply.send(verdict.and_then(|()| output.ok_or_else(missing)));
    }
}

/// What a thread receives.
pub(super) enum Message {
    /// Work.
    Do(Box<dyn Request>),
    /// A backup, which the writer makes beside its work.
    BackUp(BackupJob),
    /// Finish what has been queued and end.
    Close,
}

/// A backup that is wanted, and who waits for it.
pub(super) struct BackupJob {
    /// The file to write; must not exist.
    pub(super) target: PathBuf,
    /// Who waits.
    pub(super) reply: oneshot::Sender<Result<(), StoreError>>,
}

/// Where the work of one thread queues up. Bounded: who comes when it is full waits.
#[derive(Clone)]
pub(super) struct Queue(mpsc::Sender<Message>);

/// The thread's end of a [`Queue`].
pub(super) struct Inbox {
    messages: mpsc::Receiver<Message>,
    backups: VecDeque<BackupJob>,
}

/// A queue with room for `length` requests.
pub(super) fn queue(length: usize) -> (Queue, Inbox) {
    let (sender, receiver) = mpsc::channel(length);
    (Queue(sender), Inbox { messages: receiver, backups: VecDeque::new() })
}

fn closed() -> StoreError {
    StoreError::Unavailable("it was closed".to_owned())
}

impl Queue {
    /// Has work done and waits for the answer.
    pub(super) async fn run<W: Work>(&self, work: W) -> Result<W::Output, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Box::new(Waiting { work, output: None, reply });
        self.0.send(Message::Do(request)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Hands over a request that answers by itself.
    pub(super) async fn send(&self, message: Message) -> Result<(), StoreError> {
        self.0.send(message).await.map_err(|_| closed())
    }

    /// Requests that wait.
    pub(super) fn depth(&self) -> usize {
        self.0.max_capacity() - self.0.capacity()
    }
}

/// How often a thread lets others run while its batch grows.
const MAX_YIELDS: usize = 8;

impl Inbox {
    /// Waits for work, then takes what else has queued up meanwhile, at most `most` requests. There
    /// is no timer: a lone request is not kept waiting, and under load batches form by themselves.
    /// Nothing when the queue has ended; an empty batch when a backup has come.
    pub(super) fn take(&mut self, most: usize) -> Option<Vec<Box<dyn Request>>> {
        let mut batch = Vec::new();
        let first = self.messages.blocking_recv()?;
        self.sort(first, &mut batch);
        self.take_queued(most, &mut batch);
        // Those who are about to ask may wait for the core that this thread has just been given: as
        // long as they do ask, let them. On an idle machine this returns at once.
        for _ in 0..MAX_YIELDS {
            let before = batch.len();
            std::thread::yield_now();
            self.take_queued(most, &mut batch);
            if batch.len() == before {
                break;
            }
        }
        Some(batch)
    }

    /// Takes what has queued up into `batch`, until it has `most` requests.
    pub(super) fn take_queued(&mut self, most: usize, batch: &mut Vec<Box<dyn Request>>) {
        while batch.len() < most {
            match self.messages.try_recv() {
                Ok(message) => self.sort(message, batch),
                Err(_) => break,
            }
        }
    }

    /// The next backup that is wanted.
    pub(super) fn next_backup(&mut self) -> Option<BackupJob> {
        self.backups.pop_front()
    }

    fn sort(&mut self, message: Message, batch: &mut Vec<Box<dyn Request>>) {
        match message {
            Message::Do(request) => batch.push(request),
            Message::BackUp(job) => self.backups.push_back(job),
            // What was queued before is still handed out; nothing new comes in.
            Message::Close => self.messages.close(),
        }
    }
}

/// Why a store has stopped for good: set once, read by every thread before it works.
#[derive(Clone, Default)]
pub(super) struct Failure(Arc<OnceLock<StoreError>>);

impl Failure {
    /// Stops the store. The first reason stands.
    pub(super) fn stop(&self, reason: &StoreError) {
        let stopped = StoreError::Unavailable(format!("stopped for good, start the process again: {reason}"));
        if self.0.set(stopped).is_ok() {
            tracing::error!(%reason, "the store has stopped");
        }
    }

    /// The reason, if it has stopped.
    pub(super) fn reason(&self) -> Option<StoreError> {
        self.0.get().cloned()
    }
}

/// Stops the store when the thread that holds it panics.
pub(super) struct StopOnPanic(pub(super) Failure);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(&StoreError::Unavailable("a thread of it has panicked".to_owned()));
        }
    }
}
