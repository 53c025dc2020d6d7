//! `countersign guard`

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use countersign_core::guard::GuardMode;
use countersign_core::guard::{AsnTable, GuardPolicy};
use countersign_core::price::Price;

use crate::clock::Clock;
use crate::usecase::replay::{ReplayParts, bounds, replay};

/// Try the guard: run a history through it, print the most that a key can cost.
#[derive(Subcommand)]
pub(super) enum GuardCommand {
    /// Run a history of requests through the guard: one decision for each, and a summary with costs
    Replay(Replay),
    /// Print the most that one range or country can cost by a policy
    Bound(Bound),
}

/// Run a history of requests through the guard, as fast as it goes.
///
/// The history is a CSV file with the columns at, event, request_id, to, ip, device, customer, price, sorted by at
/// (seconds). event is request or convert. docs/guard.md describes it.
#[derive(Args)]
pub(super) struct Replay {
    /// The history
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where the decisions go: request_id, decision, rule, reason, probe
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// The policy, in TOML; what it leaves out is as by default
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Whom addresses belong to: a CSV file with the columns prefix, asn, kind
    #[arg(long, value_name = "FILE")]
    networks: Option<PathBuf>,
    /// Chooses which refused requests are sent as probes; the same seed, the same decisions
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Print the most that one range or country can cost by a policy.
#[derive(Args)]
pub(super) struct Bound {
    /// The policy, in TOML; what it leaves out is as by default
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The highest price of a message, in the policy's currency
    #[arg(long, value_name = "AMOUNT")]
    price: String,
}

impl GuardCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            GuardCommand::Replay(replay) => replay.run(),
            GuardCommand::Bound(bound) => bound.run(),
        }
    }
}

impl Replay {
    fn run(self) -> anyhow::Result<()> {
        let policy = read_policy(self.policy.as_deref())?;
        let networks = match &self.networks {
            None => AsnTable::default(),
            Some(file) => AsnTable::parse(&read(file)?).with_context(|| shown(file))?,
        };
        let input = File::open(&self.input).with_context(|| format!("cannot read {}", shown(&self.input)))?;
        let output =
            File::create(&self.output).with_context(|| format!("cannot write {}", shown(&self.output)))?;
        let clock = Clock::system();
        let begun = clock.now();
        let parts = ReplayParts { policy, networks, seed: self.seed };
        let summary = replay(parts, input, output).with_context(|| shown(&self.input))?;
        let took = clock.now().since(begun);
        print!("{summary}");
        let requests = f64::from(u32::try_from(summary.requests()).unwrap_or(u32::MAX));
        let rate = requests / took.as_secs_f64().max(0.001);
        println!("\ntook {:.1} s, {rate:.0} requests a second", took.as_secs_f64());
        Ok(())
    }
}

impl Bound {
    fn run(self) -> anyhow::Result<()> {
        let policy = read_policy(self.policy.as_deref())?;
        let price = Price::parse(&self.price, policy.currency).context("--price")?;
        print!("{}", bounds(&policy, price, 0, 0).trim_start());
        Ok(())
    }
}

fn read_policy(file: Option<&Path>) -> anyhow::Result<GuardPolicy> {
    let policy: GuardPolicy = match file {
        None => GuardPolicy::default(),
        Some(file) => {
            let text = read(file)?;
            let policy: GuardPolicy = toml::from_str(&text).with_context(|| shown(file))?;
            // What a new app does unasked, learning in the shadow, says nothing in a replay.
            let names_mode = text.parse::<toml::Table>().is_ok_and(|keys| keys.contains_key("mode"));
            if names_mode { policy } else { GuardPolicy { mode: GuardMode::Enforce, ..policy } }
        }
    };
    policy.validate().with_context(|| file.map_or_else(|| "the policy".to_owned(), shown))?;
    for told in policy.lint() {
        eprintln!("note: {told}");
    }
    Ok(policy)
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", shown(file)))
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}
