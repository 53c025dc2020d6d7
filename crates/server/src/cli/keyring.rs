//! `countersign keyring …`

use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use super::remote::Remote;
use crate::control::KeyringBody;

#[derive(Subcommand)]
pub(super) enum KeyringCommand {
    /// Show the names of the active keys
    Show,
    /// Make new code and phone keys; the published next proof key signs from now on. Old keys stay for
    /// what they closed. Copy the key file afterwards
    Rotate,
}

impl KeyringCommand {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let remote = Remote::open(config).await?;
        let keyring: KeyringBody = match self {
            KeyringCommand::Show => remote.get("/keyring").await?,
            KeyringCommand::Rotate => remote.post("/keyring/rotate", &json!(null)).await?,
        };
        println!("code        {}", keyring.code);
        println!("phone       {}", keyring.phone);
        println!("proof       {}", keyring.proof);
        println!("next proof  {}", keyring.next_proof);
        Ok(())
    }
}
