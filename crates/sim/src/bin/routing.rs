//! What routing policies are worth when a carrier fails without saying so.
//!
//! `cargo run -p countersign-sim --bin routing`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use clap::Parser;
use countersign_sim::routing::{Policy, VOLUMES, row};

/// Simulates customers, three routes and silent outages, and compares policies.
#[derive(Parser)]
struct Options {
    /// Verifications to simulate at each volume, at least; whole days
    #[arg(long, default_value_t = 40_000)]
    verifications: u32,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() {
    let options = Options::parse();
    println!(
        "| policy | a day | verified in outages, % | verified when healthy, % | EUR per 1000 verified |"
    );
    println!("|---|---|---|---|---|");
    for per_day in VOLUMES {
        let days = options.verifications.div_ceil(per_day).max(2);
        for policy in Policy::ALL {
            let row = row(policy, per_day, days, options.seed);
            println!(
                "| {} | {per_day} | {:.1} | {:.2} | {:.2} |",
                policy.as_str(),
                row.in_outages,
                row.healthy,
                row.cost_per_verified
            );
        }
    }
}
