//! Backups that are taken while work goes on, and bringing them back.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::directory::{Directory, private_file, sync_directory, unavailable};
use super::fault::Fault;
use super::schema;
use crate::StoreError;

/// Pages that are copied between two batches: 1 MiB.
const PAGES_PER_STEP: i32 = 256;

/// Writes a backup of `source` to `target`; `between` is called after each step, and may end it.
///
/// The writer's own connection is the source: what it writes meanwhile reaches the copy as well, so
/// the copy never has to begin anew, and no long read keeps the log from being cut.
pub(super) fn write(
    source: &Connection,
    target: &Path,
    mut between: impl FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    refuse_existing(target)?;
    let partial = Partial::create(target)?;
    let mut copy = schema::open_plain(&partial.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare_copy(&copy)?;
    copy_pages(source, &mut copy, &mut between)?;
    finish_copy(copy)?;
    partial.keep_as(target)
}

/// Puts the backup `file` into `directory`, which must hold no store yet and be in nobody's use. The
/// copy is checked as a whole before it gets its name.
///
/// Codes and proofs from before the backup must die with it: whoever starts the store next has to
/// raise the epoch.
pub fn restore(file: &Path, directory: &Path) -> Result<(), StoreError> {
    schema::check_library()?;
    let directory = Directory::take(directory)?;
    for existing in [directory.database(), directory.log()] {
        refuse_existing(&existing)?;
    }
    let source = schema::open_plain(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    check(&source, file)?;
    let partial = Partial::create(&directory.database())?;
    let mut copy = schema::open_plain(&partial.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare_copy(&copy)?;
    copy_pages(&source, &mut copy, &mut || Ok(()))?;
    let verdict: String = copy
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::Corrupt(format!("{}: {error}", file.display())))?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt(format!("{} is damaged: {verdict}", file.display())));
    }
    finish_copy(copy)?;
    partial.keep_as(&directory.database())
}

fn refuse_existing(path: &Path) -> Result<(), StoreError> {
    match path.symlink_metadata() {
        Ok(_) => Err(StoreError::Refused(format!("{} exists already", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unavailable(path, "look at", &error)),
    }
}

/// Whether a file is a backup of ours that this binary can read.
fn check(source: &Connection, file: &Path) -> Result<(), StoreError> {
    let no_backup =
        |why: String| StoreError::Refused(format!("{} is no backup of Countersign: {why}", file.display()));
    match schema::version(source) {
        Ok(0) => Err(no_backup("it is empty".to_owned())),
        Ok(_) => Ok(()),
        Err(StoreError::Corrupt(why)) => Err(no_backup(why)),
        Err(other) => Err(other),
    }
}

/// Nobody sees the copy before it is whole and synced, so it needs neither journal nor syncs.
fn prepare_copy(copy: &Connection) -> Result<(), StoreError> {
    let _: String = copy.query_row("PRAGMA journal_mode = OFF", [], |row| row.get(0))?;
    copy.execute_batch("PRAGMA synchronous = OFF")?;
    Ok(())
}

fn copy_pages(
    source: &Connection,
    copy: &mut Connection,
    between: &mut impl FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let backup = Backup::new(source, copy)?;
    loop {
        match backup.step(PAGES_PER_STEP).map_err(Fault::from)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Another program holds the file for a moment.
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
        between()?;
    }
}

/// A backup is one file: not a database that waits for its log.
fn finish_copy(copy: Connection) -> Result<(), StoreError> {
    let mode: String = copy.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    if mode != "delete" {
        return Err(StoreError::Unavailable(format!("the copy stays in journal mode {mode}")));
    }
    copy.close().map_err(|(_, error)| error.into())
}

/// A file that is still being written. It goes when it is not kept.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn create(target: &Path) -> Result<Self, StoreError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let path = target.with_file_name(name);
        if path.symlink_metadata().is_ok() {
            return Err(StoreError::Refused(format!(
                "{} exists: another backup is being written, or one was interrupted and may be removed",
                path.display()
            )));
        }
        private_file(&path, OpenOptions::new().create_new(true))?;
        Ok(Partial { path })
    }

    fn keep_as(self, target: &Path) -> Result<(), StoreError> {
        File::open(&self.path)
            .and_then(|file| file.sync_all())
            .map_err(|error| unavailable(&self.path, "write", &error))?;
        refuse_existing(target)?;
        fs::rename(&self.path, target).map_err(|error| unavailable(target, "name", &error))?;
        match target.parent() {
            Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
            Some(parent) => sync_directory(parent),
            None => Ok(()),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After `keep_as` it is there no more, which is as it should be.
        let _ = fs::remove_file(&self.path);
    }
}
