//! The journal of the guards.

use countersign_core::id::AppId;
use countersign_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::fault::Fault;
use super::work::Work;
use crate::{JournalPosition, JournalRecord};

/// Reads on from a position.
pub(super) struct ReadWork {
    pub(super) after: JournalPosition,
    pub(super) limit: usize,
}

impl Work for ReadWork {
    type Output = Vec<(JournalPosition, JournalRecord)>;

    fn run(&self, connection: &Connection) -> Result<Self::Output, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT position, app, at, entry FROM journal WHERE position > ?1 ORDER BY position LIMIT ?2",
        )?;
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![self.after.0.cast_signed(), limit])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let record = JournalRecord {
                app: AppId::from_bytes(row.get(1)?),
                at: Timestamp::from_millis(row.get(2)?),
                entry: serde_json::from_str(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?,
            };
            records.push((JournalPosition(row.get::<_, i64>(0)?.cast_unsigned()), record));
        }
        Ok(records)
    }
}

/// A record as it is written.
pub(super) struct Prepared {
    app: AppId,
    at: Timestamp,
    entry: String,
}

impl Prepared {
    pub(super) fn all(records: &[JournalRecord]) -> Result<Vec<Self>, Fault> {
        let prepare = |record: &JournalRecord| {
            Ok(Prepared { app: record.app, at: record.at, entry: serde_json::to_string(&record.entry)? })
        };
        records.iter().map(prepare).collect()
    }
}

/// Appends records.
pub(super) fn append(connection: &Connection, records: &[Prepared]) -> Result<(), Fault> {
    for record in records {
        connection
            .prepare_cached("INSERT INTO journal (app, at, entry) VALUES (?1, ?2, ?3)")?
            .execute(params![record.app.as_bytes(), record.at.as_millis(), record.entry])?;
    }
    Ok(())
}

/// Drops the oldest records, as long as they are of a time before this one; says how many.
pub(super) fn drop_before(connection: &Connection, before: Timestamp, limit: usize) -> Result<usize, Fault> {
    Ok(connection
        .prepare_cached(
            "DELETE FROM journal WHERE position IN
                 (SELECT position FROM (SELECT position, at FROM journal ORDER BY position LIMIT ?2) WHERE at < ?1)",
        )?
        .execute(params![before.as_millis(), i64::try_from(limit).unwrap_or(i64::MAX)])?)
}
