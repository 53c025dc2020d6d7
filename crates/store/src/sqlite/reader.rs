//! Threads that read, beside the writer and without waiting for it.

use rusqlite::Connection;

use super::fault::{Fault, Severity};
use super::work::{Failure, Inbox, Request, StopOnPanic};
use crate::StoreError;

/// Requests that one read transaction serves at most: while it lasts, the log cannot begin anew.
const MAX_BATCH: usize = 64;

/// Reads until the queue has ended.
pub(super) fn run(connection: &Connection, mut inbox: Inbox, failure: &Failure) {
    let _guard = StopOnPanic(failure.clone());
    while let Some(batch) = inbox.take(MAX_BATCH) {
        read(connection, batch, failure);
    }
}

/// One transaction for the batch spares each request the locks. It begins after they all came in,
/// so each sees everything that was answered before it was asked.
fn read(connection: &Connection, batch: Vec<Box<dyn Request>>, failure: &Failure) {
    let begun = statement(connection, "BEGIN");
    for mut request in batch {
        let verdict = match (failure.reason(), &begun) {
            (Some(reason), _) => Err(reason),
            (None, Err(error)) => Err(error.clone()),
            (None, Ok(())) => request.run(connection).map_err(|fault| {
                if fault.severity() == Severity::Fatal {
                    failure.stop(&StoreError::Unavailable(format!("a read failed: {fault:?}")));
                }
                fault.into()
            }),
        };
        request.answer(verdict);
    }
    if !connection.is_autocommit()
        && let Err(error) = statement(connection, "COMMIT")
    {
        tracing::warn!(%error, "a read transaction did not end");
    }
}

fn statement(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(Fault::from)?;
    statement.execute([]).map_err(Fault::from)?;
    Ok(())
}
