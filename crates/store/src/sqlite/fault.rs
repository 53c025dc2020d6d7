//! What can go wrong inside the database, and what follows from it.

use rusqlite::ErrorCode;

use crate::StoreError;

/// Why a piece of work failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite said so.
    Sqlite(rusqlite::Error),
    /// A value that was read, or was to be written, makes no sense.
    Unreadable(String),
}

/// What follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// Only the request that met it is at fault.
    Request,
    /// The transaction did not happen, the next one may: the disk is full, another program holds the lock.
    Passing,
    /// The database can no longer be believed. After a failed write or fsync the kernel may have
    /// dropped pages and report success the next time, so nothing is tried again (design 7, F4):
    /// the process must be started anew and recover from what is on the disk.
    Fatal,
}

impl Fault {
    pub(super) fn severity(&self) -> Severity {
        let Fault::Sqlite(error) = self else { return Severity::Request };
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory,
            ) => Severity::Passing,
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied,
            ) => Severity::Fatal,
            _ => Severity::Request,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sqlite(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Fault::Unreadable(without_contents(&error))
    }
}

/// Where and in which way a record is unreadable, without the record's own words in it: an error is
/// logged, and the record is nobody's business.
pub(super) fn without_contents(error: &serde_json::Error) -> String {
    format!("{:?} error in a record at line {}, column {}", error.classify(), error.line(), error.column())
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    StoreError::Corrupt(error.to_string())
                }
                _ => StoreError::Unavailable(error.to_string()),
            },
            Fault::Unreadable(what) => StoreError::Corrupt(what),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Fault::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn severity(code: i32) -> Severity {
        Fault::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).severity()
    }

    #[test]
    fn f4_a_failed_fsync_is_never_tried_again() {
        for code in [ffi::SQLITE_IOERR, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_CORRUPT]
        {
            assert_eq!(severity(code), Severity::Fatal, "{code}");
        }
    }

    #[test]
    fn a_full_disk_passes_and_a_constraint_is_the_request_s_own() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_SNAPSHOT] {
            assert_eq!(severity(code), Severity::Passing, "{code}");
        }
        assert_eq!(severity(ffi::SQLITE_CONSTRAINT_PRIMARYKEY), Severity::Request);
    }
}
