//! `kill -9` under load, as often and as long as one likes. The short run is in the test suite.
//!
//! `cargo build -p countersign-server && cargo run -p countersign-sim --bin torture -- --kills 200`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use countersign_sim::torture::{self, Plan};

/// Kills a loaded server again and again and looks for broken promises; ends with 1 if it finds one.
#[derive(Parser)]
struct Options {
    /// How often the server is killed
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// Seconds of load before each kill
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// Customers at a time
    #[arg(long, default_value_t = 16)]
    customers: u32,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let report = torture::run(Plan {
        kills: options.kills,
        load: Duration::from_secs_f64(options.seconds),
        customers: options.customers,
        seed: options.seed,
    })
    .await?;
    println!("{report:#?}");
    Ok(if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
