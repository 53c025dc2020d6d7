//! `countersign app …`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use countersign_core::id::AppId;
use countersign_core::policy::Policy;
use serde_json::json;

use super::remote::Remote;
use crate::control::AppsBody;
use crate::http::v1::apps::AppBody;

#[derive(Subcommand)]
pub(super) enum AppCommand {
    /// Create an app. For live keys it needs its countries: --country DE --country AT
    Create {
        /// What you call it
        #[arg(long)]
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// List all apps
    List,
    /// Show one app with its whole policy, as JSON
    Show {
        /// The app
        app: AppId,
    },
    /// Change an app; what you do not name stays
    Set {
        /// The app
        app: AppId,
        /// What you call it
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Args)]
pub(super) struct Settings {
    /// What customers know the shop as; stands in every message
    #[arg(long)]
    brand: Option<String>,
    /// A country that you sell to, by its two letters; repeat it
    #[arg(long = "country", value_name = "COUNTRY")]
    countries: Vec<String>,
    /// The country of numbers that are written nationally
    #[arg(long, value_name = "COUNTRY")]
    default_region: Option<String>,
    /// The language of messages when a start names none
    #[arg(long, value_name = "LOCALE")]
    default_locale: Option<String>,
    /// Messages in one day (UTC) at most
    #[arg(long, value_name = "NUMBER")]
    daily_messages: Option<u32>,
    /// Segments of one message at most, 1 to 6: longer texts are shortened (docs/messages.md)
    #[arg(long, value_name = "NUMBER")]
    max_segments: Option<u8>,
    /// A provider to use; repeat it in the order to try
    #[arg(long = "provider", value_name = "NAME")]
    route: Vec<String>,
    /// A whole policy as JSON, such as `app show` prints it; the other options change it further
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Settings {
    fn apply(&self, current: Policy) -> anyhow::Result<Policy> {
        let mut policy = match &self.policy {
            None => current,
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                serde_json::from_str(&text).with_context(|| format!("{} is no policy", file.display()))?
            }
        };
        if !self.countries.is_empty() {
            let countries = self.countries.iter().flat_map(|list| list.split(',')).map(str::trim);
            policy.countries = countries
                .map(|country| country.parse().with_context(|| format!("--country {country}")))
                .collect::<Result<_, _>>()?;
        }
        if let Some(region) = &self.default_region {
            policy.default_region = Some(region.parse().context("--default-region")?);
        }
        if let Some(locale) = &self.default_locale {
            policy.default_locale = locale.parse().context("--default-locale")?;
        }
        policy.message.max_segments = self.max_segments.unwrap_or(policy.message.max_segments);
        policy.daily_messages = self.daily_messages.unwrap_or(policy.daily_messages);
        Ok(policy)
    }

    fn route(&self) -> Option<&Vec<String>> {
        (!self.route.is_empty()).then_some(&self.route)
    }
}

impl AppCommand {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        let remote = Remote::open(config).await?;
        match self {
            AppCommand::Create { name, settings } => {
                let policy = settings.apply(Policy::default())?;
                let body = json!({ "name": name, "brand": settings.brand, "policy": policy, "route": settings.route() });
                let app: AppBody = remote.post("/apps", &body).await?;
                println!("{}", app.id);
                note_guard_is_off(&app.policy);
                eprintln!("Next, a key for the shop's server:");
                eprintln!("  countersign key create --app {} --mode test --scope server", app.id);
            }
            AppCommand::List => {
                let apps: AppsBody = remote.get("/apps").await?;
                for app in apps.data {
                    let countries: Vec<String> =
                        app.policy.countries.iter().map(ToString::to_string).collect();
                    println!("{}  {}  [{}]", app.id, app.name, countries.join(" "));
                }
            }
            AppCommand::Show { app } => {
                let app: AppBody = remote.get(&format!("/apps/{app}")).await?;
                println!("{}", serde_json::to_string_pretty(&app)?);
            }
            AppCommand::Set { app, name, settings } => {
                let path = format!("/apps/{app}");
                let before: AppBody = remote.get(&path).await?;
                let policy = settings.apply(before.policy)?;
                let body = json!({ "name": name, "brand": settings.brand, "policy": policy, "route": settings.route() });
                let after: AppBody = remote.patch(&path, &body).await?;
                println!("{}", after.id);
                note_guard_is_off(&after.policy);
            }
        }
        Ok(())
    }
}

/// What this leaves open is written where it is chosen.
fn note_guard_is_off(policy: &Policy) {
    if !policy.guard.mode.looks() {
        policy.guard.lint().iter().for_each(|told| eprintln!("note: {told}"));
    }
}
