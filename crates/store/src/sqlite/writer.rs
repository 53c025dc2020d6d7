//! The one thread that writes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::backup;
use super::checkpoint::Checkpointer;
use super::fault::{Fault, Severity};
use super::work::{BackupJob, Failure, Inbox, Request, StopOnPanic};
use crate::StoreError;

/// Requests that one transaction takes at most: bounds its time and memory.
const MAX_BATCH: usize = 512;

/// What the writer has done.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) batches: AtomicU64,
    pub(super) requests: AtomicU64,
}

/// The thread's own state.
pub(super) struct Writer {
    batches: Batches,
    checkpointer: Checkpointer,
}

/// Writes whole batches, each in one transaction with one fsync.
struct Batches {
    connection: Connection,
    failure: Failure,
    figures: Arc<Figures>,
}

impl Writer {
    pub(super) fn new(connection: Connection, database: &Path, failure: Failure) -> Result<Self, StoreError> {
        let checkpointer = Checkpointer::start(database, failure.clone())?;
        Ok(Writer { batches: Batches { connection, failure, figures: Arc::default() }, checkpointer })
    }

    pub(super) fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.batches.figures)
    }

    /// Works until the queue has ended, then checkpoints.
    pub(super) fn run(mut self, mut inbox: Inbox) {
        let _guard = StopOnPanic(self.batches.failure.clone());
        while let Some(batch) = inbox.take(MAX_BATCH) {
            self.batches.write(batch, &mut self.checkpointer);
            while let Some(job) = inbox.next_backup() {
                self.back_up(job, &mut inbox);
            }
        }
        self.close();
    }

    /// Makes a backup in small steps, with the batches that queue up between them.
    fn back_up(&mut self, job: BackupJob, inbox: &mut Inbox) {
        let Writer { batches, checkpointer } = self;
        let sound = || batches.failure.reason().map_or(Ok(()), Err);
        let written = sound().and_then(|()| {
            backup::write(&batches.connection, &job.target, || {
                let mut batch = Vec::new();
                inbox.take_queued(MAX_BATCH, &mut batch);
                batches.write(batch, checkpointer);
                sound()
            })
        });
        // Nobody listens any more when the caller gave up; the file is there all the same.
        let _ = job.reply.send(written);
    }

    fn close(self) {
        self.checkpointer.stop();
        let Batches { connection, failure, .. } = self.batches;
        if failure.reason().is_some() {
            // What the kernel holds is no longer known: leave the log to the next start.
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        if let Err((_, error)) = connection.close() {
            tracing::warn!(%error, "the store did not close in good order");
        }
    }
}

impl Batches {
    /// Writes a batch, answers it, and looks after the log.
    fn write(&self, batch: Vec<Box<dyn Request>>, checkpointer: &mut Checkpointer) {
        if batch.is_empty() {
            return;
        }
        self.settle(batch);
        if self.failure.reason().is_none()
            && let Err(fault) = checkpointer.tend(&self.connection)
        {
            self.note(&fault);
        }
    }

    /// Writes a batch and answers it; when one request spoils it, each on its own.
    fn settle(&self, mut batch: Vec<Box<dyn Request>>) {
        if let Some(reason) = self.failure.reason() {
            return answer(batch, &Err(reason));
        }
        let Err(fault) = self.transact(&mut batch) else {
            self.figures.batches.fetch_add(1, Ordering::Relaxed);
            self.figures.requests.fetch_add(batch.len() as u64, Ordering::Relaxed);
            return answer(batch, &Ok(()));
        };
        if fault.severity() == Severity::Request && batch.len() > 1 {
            for request in batch {
                self.settle(vec![request]);
            }
            return;
        }
        self.note(&fault);
        answer(batch, &Err(self.failure.reason().unwrap_or_else(|| fault.into())));
    }

    fn transact(&self, batch: &mut [Box<dyn Request>]) -> Result<(), Fault> {
        self.statement("BEGIN IMMEDIATE")?;
        let written = batch
            .iter_mut()
            .try_for_each(|request| request.run(&self.connection))
            .and_then(|()| self.statement("COMMIT"));
        // SQLite has rolled back by itself after some errors.
        if written.is_err() && !self.connection.is_autocommit() {
            self.statement("ROLLBACK").inspect_err(|fault| {
                self.failure.stop(&StoreError::Unavailable(format!("a rollback failed: {fault:?}")));
            })?;
        }
        written
    }

    fn statement(&self, sql: &str) -> Result<(), Fault> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn note(&self, fault: &Fault) {
        match fault.severity() {
            Severity::Fatal => self.failure.stop(&StoreError::Unavailable(format!("{fault:?}"))),
            Severity::Passing | Severity::Request => tracing::warn!(?fault, "the store could not write"),
        }
    }
}

fn answer(batch: Vec<Box<dyn Request>>, verdict: &Result<(), StoreError>) {
    for request in batch {
        request.answer(verdict.clone());
    }
}
