//! `countersign check-config`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::config;

/// Check the configuration: every mistake with its line, or every value that counts.
#[derive(Args)]
pub(super) struct CheckConfig {
    /// The file; the same as --config.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl CheckConfig {
    pub(super) fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let file = self.file.as_deref().or(config);
        let values = config::check(file, config::environment())
            .map_err(|errors| anyhow::anyhow!("the configuration is wrong\n{errors}"))?;
        print!("{values}");
        Ok(())
    }
}
