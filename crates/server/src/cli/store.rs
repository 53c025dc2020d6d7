//! `countersign backup`, `restore` and `restored`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use countersign_store::sqlite;
use serde_json::json;

use super::remote::Remote;
use crate::control::{BackupBody, EpochBody};
use crate::keyfile;

/// Write a consistent copy of the store while the server runs.
///
/// The copy holds no keys: without the key file it gives neither numbers nor codes. Back that file up
/// too, elsewhere.
#[derive(Args)]
pub(super) struct Backup {
    /// Where to; must not exist yet
    #[arg(value_name = "FILE")]
    target: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let remote = Remote::open(config).await?;
        // The server may run in another folder than this command.
        let target = std::path::absolute(&self.target)?;
        remote.post::<()>("/backup", &BackupBody { target: target.clone() }).await?;
        println!("{}", target.display());
        eprintln!("The key file is not in it: keep a copy of that elsewhere.");
        Ok(())
    }
}

/// Put a backup into an empty data folder. The server must not run.
///
/// A code that was used after the backup was made is unused in it, so all codes and proofs issued
/// before are dead: the epoch is raised.
#[derive(Args)]
pub(super) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    backup: PathBuf,
}

impl Restore {
    pub(super) fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let config = super::load(config)?;
        let key_file = &config.keys.file;
        anyhow::ensure!(
            key_file.exists(),
            "{} does not exist: put the key file of this store there first, its numbers cannot be read without it",
            key_file.display()
        );
        sqlite::restore(&self.backup, &config.server.data_dir)
            .with_context(|| format!("cannot restore {}", self.backup.display()))?;
        let epoch = keyfile::bump_epoch(key_file)?;
        println!("restored into {}; epoch {} or later", config.server.data_dir.display(), epoch.0);
        Ok(())
    }
}

/// Say that the store was restored by other tools.
#[derive(Args)]
pub(super) struct Restored {}

impl Restored {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let remote = Remote::open(config).await?;
        let EpochBody { epoch } = remote.post("/restored", &json!(null)).await?;
        println!("epoch {}: codes and proofs issued before are dead", epoch.0);
        Ok(())
    }
}
