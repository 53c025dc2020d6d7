//! Connections, and the tables that they find.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::StoreError;

/// `CtSg` in ASCII: marks a database as Countersign's (PRAGMA application_id).
pub(super) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"CtSg");

/// Forward only: a migration that was released is never edited. Their number is the schema's version.
const MIGRATIONS: [&str; 6] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_wake.sql"),
    include_str!("migrations/0003_feedback.sql"),
    include_str!("migrations/0004_funnel.sql"),
    include_str!("migrations/0005_journal.sql"),
    include_str!("migrations/0006_challenge.sql"),
];

/// Earlier releases can corrupt a log that is written and checkpointed at once, which is what this
/// store does all the time (the "WAL-reset" bug, <https://sqlite.org/wal.html>).
const OLDEST_SQLITE: i32 = 3_051_003;

/// Who else holds the database: only a program that an operator runs by hand.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;

/// The newest schema that this binary knows.
pub(super) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Refuses to work with an SQLite that can lose data.
pub(super) fn check_library() -> Result<(), StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::Unavailable(format!(
            "built with SQLite {}, which can corrupt its log; 3.51.3 or newer is needed",
            rusqlite::version()
        )));
    }
    Ok(())
}

/// Statements are prepared once: with this, a bound value never makes SQLite plan them anew.
fn keep_plans(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// A connection that writes. It alone checkpoints when it is closed.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags() | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    keep_plans(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unavailable(format!(
            "the file system does not allow a write-ahead log ({mode})"
        )));
    }
    // FULL: an answer is given after fsync. The log is checkpointed by `checkpoint`, not by commits;
    // cache sizes are in KiB when negative.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;",
    )?;
    Ok(connection)
}

/// A connection that checkpoints.
pub(super) fn open_checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags() | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -64;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags() | OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    keep_plans(&connection)?;
    connection
        .execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;")?;
    Ok(connection)
}

/// A connection to a file that is no store: a backup.
pub(super) fn open_plain(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    Ok(Connection::open_with_flags(path, flags() | mode)?)
}

fn flags() -> OpenFlags {
    // Every connection stays on one thread; paths are paths, not URIs.
    OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// The schema's version. Refuses a database of somebody else, or of a newer Countersign.
pub(super) fn version(connection: &Connection) -> Result<u32, StoreError> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // Not asked of our own: the list of tables can be damaged like anything else, and then it is a damaged store.
    let is_empty = || -> Result<bool, StoreError> {
        let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(application == 0 && found == 0 && tables == 0)
    };
    if application != APPLICATION_ID && !is_empty()? {
        return Err(StoreError::Corrupt("the file is a database, but not one of Countersign".to_owned()));
    }
    if found > newest() {
        return Err(StoreError::NewerSchema { found, known: newest() });
    }
    Ok(found)
}

/// Brings a database to the newest schema, each migration in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found = version(connection)?;
    for (number, sql) in (1u32..).zip(MIGRATIONS).filter(|&(number, _)| number > found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::info!(schema = number, "the store was migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_somebody_else_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(migrate(&mut connection), Err(StoreError::Corrupt(_))));
    }

    #[test]
    fn verifications_of_the_first_schema_are_still_looked_at_when_their_life_is_over() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let row = "INSERT INTO verifications (app, id, subject, mode, status, purpose, expires_at, record)
                   VALUES (x'01', x'02', x'03', 'live', 'pending', 'login', 42, '{}')";
        connection.execute(row, []).unwrap();
        migrate(&mut connection).unwrap();
        let due = "SELECT wakes_at FROM verifications INDEXED BY verifications_by_expiry
                   WHERE status IN ('pending', 'challenge_required') AND wakes_at <= 42";
        assert_eq!(connection.query_row(due, [], |row| row.get::<_, i64>(0)), Ok(42));
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), newest());
    }
}
