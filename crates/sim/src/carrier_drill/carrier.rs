//! The service centre's process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use crate::process;

/// A service centre that can be killed and comes back at its address.
pub(super) struct Carrier {
    address: SocketAddr,
    journal: PathBuf,
    answer_ms: u64,
    process: Option<Child>,
}

impl Carrier {
    pub(super) fn start(folder: &Path, answer_ms: u64) -> anyhow::Result<Self> {
        let journal = folder.join("smsc.journal");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut carrier = Carrier { address, journal, answer_ms, process: None };
        carrier.restart()?;
        Ok(carrier)
    }

    /// Starts the process where the last one listened, and waits until it listens.
    pub(super) fn restart(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        let child = Command::new(process::beside_this("smsc")?)
            .args(["--listen", &self.address.to_string(), "--answer-ms", &self.answer_ms.to_string()])
            .arg("--journal")
            .arg(&self.journal)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the service centre cannot be run")?;
        // Owned from here on, so that it is killed whatever goes wrong below.
        let stdout = self.process.insert(child).stdout.take().context("it has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        self.address = line.trim().parse().context("the service centre does not say where it listens")?;
        Ok(())
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Breaks its connections.
    pub(super) fn cut(&mut self) -> anyhow::Result<()> {
        let stdin = self.process.as_mut().and_then(|process| process.stdin.as_mut());
        Ok(stdin.context("the service centre does not run")?.write_all(b"cut\n")?)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn journal(&self) -> &Path {
        &self.journal
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // One that outlives its drill would hold its port.
        let _ = self.kill();
    }
}
