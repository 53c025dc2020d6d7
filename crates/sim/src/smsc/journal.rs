//! What a service centre received, in a file that outlives its process.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{Received, locked, shown};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was read, Unix milliseconds.
    pub begun_ms: i64,
    /// Which connection of its process brought it.
    pub connection: u64,
    /// The phone, E.164.
    pub to: String,
    /// What its screen shows; nothing of a message in parts.
    pub text: String,
}

/// Where messages are written down before they are answered: what the process wrote stays when it is killed.
#[derive(Debug)]
pub struct Journal(Mutex<File>);

impl Journal {
    /// Goes on with a file, or begins it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Journal(Mutex::new(file)))
    }

    pub(super) fn write(&self, received: &Received) {
        let entry = Entry {
            begun_ms: received.begun_ms,
            connection: received.connection,
            to: format!("+{}", received.to()),
            text: shown(std::slice::from_ref(received)).pop().unwrap_or_default(),
        };
        let line = serde_json::to_string(&entry).map(|line| line + "\n").unwrap_or_default();
        // One write is whole or not at all, whenever the process is killed.
        let written = locked(&self.0).write_all(line.as_bytes());
        assert!(written.is_ok(), "a drill without its journal proves nothing");
    }
}

/// Reads a journal while it grows.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    read: u64,
}

impl Reader {
    /// From the beginning.
    pub fn new(path: &Path) -> Self {
        Reader { path: path.to_owned(), read: 0 }
    }

    /// What was written since the last time.
    pub fn more(&mut self) -> anyhow::Result<Vec<Entry>> {
        let mut file = File::open(&self.path).context("there is no journal")?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut lines = BufReader::new(file);
        let mut entries = Vec::new();
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 && line.ends_with('\n') {
            entries.push(serde_json::from_str(&line).context("a line of the journal")?);
            self.read += u64::try_from(line.len())?;
            line.clear();
        }
        Ok(entries)
    }
}
