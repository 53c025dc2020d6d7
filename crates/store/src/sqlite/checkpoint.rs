//! Moves the log into the database, off the path of commits, and keeps the log bounded.
//!
//! A thread of its own copies pages while commits go on (PASSIVE). That alone never ends under load:
//! a log begins anew only when nothing is left to copy, and there is always something new. So the
//! writer, when the log is long and a pass has left little, copies that little itself and lets the
//! log begin anew (RESTART). The file keeps its size: overwriting is cheaper to fsync than growing.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::fault::{Fault, Severity};
use super::schema;
use super::work::{Failure, StopOnPanic};
use crate::StoreError;

/// Frames of 4 KiB that make a pass worth while: 16 MiB.
const PASS_AT: u64 = 4096;
/// The length in frames from which on the log should begin anew: 64 MiB.
const RESTART_AT: u64 = 16_384;
/// What a pass may have left for the writer to copy: 4 MiB.
const LEFT_OVER: u64 = 1024;
/// The length in frames at which the writer copies whatever there is: 192 MiB.
const LIMIT: u64 = 49_152;
/// How much the log grows before a restart that readers prevented is tried again: 4 MiB.
const RETRY_AFTER: u64 = 1024;
/// How long a restart waits for readers, which finish their batches in less.
const READERS_TIMEOUT: Duration = Duration::from_millis(50);
/// How long the writer waits for another program otherwise.
const USUAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Looks after the log.
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    not_before: u64,
}

/// How far the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    busy: u64,
    frames: u64,
    copied: u64,
}

/// What should be done about a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    Pass,
    Restart,
}

impl Position {
    fn step(self, not_before: u64) -> Step {
        let left = self.frames.saturating_sub(self.copied);
        let long = self.frames >= RESTART_AT && self.frames >= not_before;
        if long && (left <= LEFT_OVER || self.frames >= LIMIT) {
            Step::Restart
        } else if left >= PASS_AT || (self.frames >= RESTART_AT && left > LEFT_OVER) {
            Step::Pass
        } else {
            Step::Nothing
        }
    }
}

impl Checkpointer {
    pub(super) fn start(database: &Path, failure: Failure) -> Result<Self, StoreError> {
        let connection = schema::open_checkpointer(database)?;
        // One wish is enough: a pass copies all there is.
        let (wake, wishes) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || pass_when_woken(&connection, &wishes, &failure))
            .map_err(|error| StoreError::Unavailable(format!("cannot start a thread: {error}")))?;
        Ok(Checkpointer { wake, thread, not_before: 0 })
    }

    /// Called by the writer after each transaction.
    pub(super) fn tend(&mut self, writer: &Connection) -> Result<(), Fault> {
        let position = checkpoint(writer, "PRAGMA wal_checkpoint(NOOP)")?;
        match position.step(self.not_before) {
            Step::Nothing => {}
            // Full: it is awake.
            Step::Pass => drop(self.wake.try_send(())),
            Step::Restart => {
                writer.busy_timeout(READERS_TIMEOUT)?;
                let restarted = checkpoint(writer, "PRAGMA wal_checkpoint(RESTART)");
                writer.busy_timeout(USUAL_TIMEOUT)?;
                self.not_before = match restarted {
                    Ok(Position { busy: 0, .. }) => 0,
                    Ok(_) => position.frames + RETRY_AFTER,
                    Err(fault) if fault.severity() == Severity::Passing => position.frames + RETRY_AFTER,
                    Err(fault) => return Err(fault),
                };
            }
        }
        Ok(())
    }

    pub(super) fn stop(self) {
        drop(self.wake);
        // It has said so itself if it panicked.
        let _ = self.thread.join();
    }
}

fn pass_when_woken(connection: &Connection, wishes: &Receiver<()>, failure: &Failure) {
    let _guard = StopOnPanic(failure.clone());
    while let Ok(()) = wishes.recv() {
        if failure.reason().is_some() {
            continue;
        }
        match checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)") {
            Ok(_) => {}
            Err(fault) if fault.severity() == Severity::Fatal => {
                failure.stop(&StoreError::Unavailable(format!("a checkpoint failed: {fault:?}")));
            }
            // The disk is full, or the writer restarts the log at this moment: the log is safe, and
            // the next commit asks again.
            Err(fault) => tracing::warn!(?fault, "a checkpoint was put off"),
        }
    }
}

fn checkpoint(connection: &Connection, pragma: &str) -> Result<Position, Fault> {
    let position = connection.prepare_cached(pragma)?.query_row([], |row| {
        // Minus one: there is no log yet.
        let column = |index| row.get::<_, i64>(index).map(|value| u64::try_from(value).unwrap_or(0));
        Ok(Position { busy: column(0)?, frames: column(1)?, copied: column(2)? })
    })?;
    Ok(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_passed_over_when_long_and_restarted_when_little_is_left() {
        let at = |frames, copied| Position { busy: 0, frames, copied }.step(0);
        assert_eq!(at(100, 0), Step::Nothing);
        assert_eq!(at(PASS_AT, 0), Step::Pass);
        assert_eq!(at(RESTART_AT, 0), Step::Pass);
        assert_eq!(at(RESTART_AT, RESTART_AT - LEFT_OVER), Step::Restart);
        assert_eq!(at(LIMIT, 0), Step::Restart);
    }

    #[test]
    fn a_restart_that_readers_prevented_is_not_tried_with_every_commit() {
        let position = Position { busy: 0, frames: RESTART_AT + 1, copied: RESTART_AT + 1 };
        assert_eq!(position.step(RESTART_AT + RETRY_AFTER), Step::Nothing);
        assert_eq!(position.step(RESTART_AT + 1), Step::Restart);
    }
}
