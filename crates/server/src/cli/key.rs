//! `countersign key …`

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use countersign_core::id::{AppId, KeyId};
use serde_json::json;

use super::remote::Remote;
use crate::http::v1::keys::{KeyBody, KeyMode, KeysBody, NewKeyBody};
use crate::tenant;

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Create a key. It is printed once and kept nowhere
    Create(Create),
    /// List an app's keys, without secrets
    List {
        /// The app
        #[arg(long)]
        app: AppId,
    },
    /// Make a key like another one, which goes on working for a while: change keys without downtime
    Rotate {
        /// The app
        #[arg(long)]
        app: AppId,
        /// The key to replace
        key: KeyId,
        /// For how many hours the old key works beside the new one
        #[arg(long, default_value_t = 24)]
        overlap_hours: u64,
    },
    /// End a key at once
    Revoke {
        /// The app
        #[arg(long)]
        app: AppId,
        /// The key
        key: KeyId,
    },
}

#[derive(Args)]
pub(super) struct Create {
    /// The app
    #[arg(long)]
    app: AppId,
    /// What you call it
    #[arg(long, default_value = "server")]
    name: String,
    /// Whether it moves real messages
    #[arg(long, value_enum)]
    mode: Mode,
    /// What it may do
    #[arg(long, value_enum, default_value_t = Scope::Server)]
    scope: Scope,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// Messages reach carriers and cost money
    Live,
    /// Messages reach the simulated phone only
    Test,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scope {
    /// Read only
    ReadOnly,
    /// What a shop's server needs
    Server,
    /// Also the app's settings and keys
    Admin,
}

impl Create {
    fn body(&self) -> NewKeyBody {
        NewKeyBody {
            name: self.name.clone(),
            mode: match self.mode {
                Mode::Live => KeyMode::Live,
                Mode::Test => KeyMode::Test,
            },
            scope: match self.scope {
                Scope::ReadOnly => tenant::Scope::ReadOnly,
                Scope::Server => tenant::Scope::Server,
                Scope::Admin => tenant::Scope::Admin,
            },
        }
    }
}

impl KeyCommand {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let remote = Remote::open(config).await?;
        match self {
            KeyCommand::Create(create) => {
                let made: KeyBody =
                    remote.post(&format!("/apps/{}/keys", create.app), &create.body()).await?;
                print_secret(&made);
            }
            KeyCommand::List { app } => {
                let keys: KeysBody = remote.get(&format!("/apps/{app}/keys")).await?;
                for key in keys.data {
                    let end = key.expires_at.map(|end| format!("  ends {end}")).unwrap_or_default();
                    println!("{}  {}  {}  {}{end}", key.id, key.mode, key.scope.as_str(), key.name);
                }
            }
            KeyCommand::Rotate { app, key, overlap_hours } => {
                let body = json!({ "overlap_s": overlap_hours.saturating_mul(3600) });
                let made: KeyBody = remote.post(&format!("/apps/{app}/keys/{key}/rotate"), &body).await?;
                print_secret(&made);
                eprintln!("The old key works for {overlap_hours} more hours.");
            }
            KeyCommand::Revoke { app, key } => {
                let ended: KeyBody =
                    remote.post(&format!("/apps/{app}/keys/{key}/revoke"), &json!(null)).await?;
                println!("{} has ended", ended.id);
            }
        }
        Ok(())
    }
}

fn print_secret(key: &KeyBody) {
    println!("{}", key.secret.as_deref().unwrap_or_default());
    eprintln!("This is {} ({}, {}). It is not shown again.", key.id, key.mode, key.scope.as_str());
}
