//! The directory of a store: who may read it, and who uses it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// The database file.
pub const DATABASE: &str = "countersign.db";
/// The write-ahead log; SQLite names it after the database.
const LOG: &str = "countersign.db-wal";
/// Locked by whoever has the store open. The operating system lets go of it when a process dies.
const LOCK: &str = "lock";

/// A directory that this process alone uses while the value lives.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

pub(super) fn unavailable(path: &Path, what: &str, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot {what} {}: {error}", path.display()))
}

impl Directory {
    /// Makes the directory if it is missing (0700) and takes hold of it.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| unavailable(path, "make the directory", &error))?;
        let lock = private_file(&path.join(LOCK), OpenOptions::new().create(true).truncate(false))?;
        match lock.try_lock() {
            Ok(()) => Ok(Directory { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(unavailable(path, "lock the directory", &error)),
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Where the write-ahead log is.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// Makes the database file if it is missing, readable by its owner alone. SQLite gives its log
    /// and its index the same permissions.
    pub(super) fn make_database(&self) -> Result<(), StoreError> {
        private_file(&self.database(), OpenOptions::new().create(true).truncate(false))?;
        sync_directory(&self.path)
    }
}

/// Opens a file for writing that, if it is new, only its owner may read.
pub(super) fn private_file(path: &Path, options: &mut OpenOptions) -> Result<File, StoreError> {
    options.write(true).mode(0o600).open(path).map_err(|error| unavailable(path, "open", &error))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| unavailable(path, "write the directory", &error))
}
