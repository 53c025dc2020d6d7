//! What the guard is worth in made-up worlds, beside its limits alone and the rule that shops write first.
//!
//! `cargo run --release -p countersign-sim --bin guard_worlds`. Fails if a campaign ever cost more than the printed bound.

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use countersign_sim::report::{Bar, Bound};
use countersign_sim::worlds::{Days, Plan, Policy, Row, history, row};

/// Simulates customers and campaigns, and compares policies.
#[derive(Parser)]
struct Options {
    /// Worlds to simulate
    #[arg(long, default_value_t = 6)]
    seeds: u32,
    /// Clean days that are counted in each, and as many under attack after them
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=60))]
    days: u32,
    /// Requests of customers on a day
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    per_day: u32,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes the first world as a history for `countersign guard replay` instead, without adaptive campaigns
    #[arg(long)]
    write: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let plan = Plan { seed: options.seed, days: options.days, per_day: options.per_day };
    if let Some(path) = &options.write {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut output = BufWriter::new(file);
        let rows = history::write(&plan, &mut output)?;
        output.flush()?;
        println!("{rows} rows");
        return Ok(());
    }
    let rows = Policy::ALL.iter().map(|policy| row(*policy, plan, options.seeds));
    let rows = rows.collect::<anyhow::Result<Vec<Row>>>()?;
    report(&rows)
}

fn report(rows: &[Row]) -> anyhow::Result<()> {
    println!("{}", Row::HEADS);
    for row in rows {
        println!("{row}");
    }
    println!("\nrecall, % of requests not sent");
    for row in rows {
        println!("{}: {}", row.policy.as_str(), row.recalls());
    }
    let Some(guard) = rows.iter().find(|row| row.policy == Policy::Guard) else { return Ok(()) };
    println!("\nspent on each kind under the guard, USD: {}", guard.costs());
    println!("\nrules that touched customers, % of their requests");
    println!("clean: {}\nunder attack: {}", guard.touching(Days::Clean), guard.touching(Days::Attacked));
    println!("\nhostile requests in attacked days: {:.0} %", guard.hostile());
    println!("95 % intervals of the probes held the truth: {}", guard.coverage());
    if let Some(nearest) = guard.nearest {
        println!(
            "nearest to its bound: {} cost {} of {} millionths of a dollar",
            nearest.kind.word(),
            nearest.sent_micros,
            nearest.bound_micros
        );
    }
    if let Some(limits) = rows.iter().find(|row| row.policy == Policy::LimitsOnly) {
        println!(
            "requests/s, guard to limits only: {:.2}",
            guard.per_second() / limits.per_second().max(1.0)
        );
    }
    println!();
    for (promise, measured, bound) in [
        ("fraud cost saved, B.4's kinds, %", guard.saved(), Bound::AtLeast(95.0)),
        ("customers touched under attack, %", guard.touched_attacked(), Bound::AtMost(1.5)),
        (
            "customers touched in clean days, % (4 decimals above)",
            guard.touched_clean(),
            Bound::AtMost(0.005),
        ),
    ] {
        println!("{}", Bar { promise: promise.to_owned(), measured, bound }.line());
    }
    anyhow::ensure!(guard.broken == 0, "{} times more was sent than the printed bound says", guard.broken);
    println!("pass  no campaign ever cost more than the printed bound");
    Ok(())
}
