//! Kills the server, kills the service centre and cuts the connection in the middle of submissions by SMPP.
//! The short run is in the test suite.
//!
//! `cargo build --release -p countersign-server -p countersign-sim && target/release/carrier_drill`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::process::ExitCode;

use clap::Parser;
use countersign_sim::carrier_drill::{self, Plan, Report, Routes};

/// Breaks things in the middle of submissions and looks for broken promises; ends with 1 if it finds one.
#[derive(Parser)]
struct Options {
    /// Verifications that are started
    #[arg(long, default_value_t = 10_000)]
    submissions: u64,
    /// How many a second
    #[arg(long, default_value_t = 150)]
    per_second: u32,
    /// How often each of the three things breaks
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How long the service centre takes to answer, in milliseconds
    #[arg(long, default_value_t = 200)]
    answer_ms: u64,
    /// No other carrier: what the service centre does not take waits for it
    #[arg(long)]
    alone: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let routes = if options.alone { Routes::Alone } else { Routes::WithAnother };
    let report = carrier_drill::run(Plan {
        submissions: options.submissions,
        per_second: options.per_second,
        rounds: options.rounds,
        routes,
        answer_ms: options.answer_ms,
        expiring: if options.alone { 200 } else { 0 },
    })
    .await?;
    print(&report);
    Ok(if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(report: &Report) {
    println!("{:<32} {:>14} {:>18}", "what broke", "after starts", "flows again, ms");
    for broken in &report.broken {
        let flows = broken.flows_after.map_or("never".to_owned(), |after| after.as_millis().to_string());
        println!("{:<32} {:>14} {flows:>18}", broken.fault.as_str(), broken.after);
    }
    println!();
    for (what, count) in [
        ("verifications started", report.started),
        ("messages at the service centre", report.by_smpp),
        ("messages at the other carrier", report.by_another),
        ("Unknowns", report.unknowns),
        ("verifications with two copies", report.copied),
        ("in doubt, in no ledger", report.in_doubt),
        ("expired in an outage, unsent", report.expired),
        ("codes given back, approved", report.approved),
        ("violations", report.violations.len()),
    ] {
        println!("{what:<32} {count:>8}");
    }
    for violation in report.violations.iter().take(20) {
        println!("  {violation}");
    }
}
