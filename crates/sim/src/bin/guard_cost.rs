//! What the guard adds to the CPU time of a start on the embedded store: `off` and `enforce` in one run.
//!
//! `cargo build --release -p countersign-server -p countersign-sim && ./target/release/guard_cost`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use countersign_sim::guard_cost::{self, Plan};
use countersign_sim::process::Pin;
use countersign_sim::report::{Bar, Bound};

/// Measures starts with the guard off and enforced, in turn; ends with 1 if it adds more than half.
#[derive(Parser)]
struct Options {
    /// Pairs of slices that are measured
    #[arg(long, default_value_t = 24)]
    rounds: usize,
    /// Starts in a slice
    #[arg(long, default_value_t = 4000)]
    starts: usize,
    /// Connections that ask at a time
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// The core of the server, or "any"
    #[arg(long, default_value = "0")]
    server_core: String,
    /// The core of everything else, or "any"
    #[arg(long, default_value = "1")]
    own_core: String,
    /// Only show that everything works: figures are printed, the bar is not judged
    #[arg(long)]
    smoke: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    pin(&options.own_core)?.apply_to_self()?;
    let plan = Plan {
        rounds: options.rounds,
        starts: options.starts,
        clients: options.clients,
        server_pin: pin(&options.server_core)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = runtime.block_on(guard_cost::run(&plan))?;
    for (number, round) in measured.0.iter().enumerate() {
        println!(
            "round {:>2}: a start {:>6.1} µs off, {:>6.1} µs enforce, ratio {:.2}; a check {:>6.1}, {:>6.1} µs",
            number + 1,
            round.off,
            round.enforce,
            round.enforce / round.off,
            round.check.0,
            round.check.1
        );
    }
    let ratios = measured.ratios();
    let at = |percent: usize| ratios.get(ratios.len() * percent / 100).copied().unwrap_or(f64::NAN);
    println!(
        "medians of {} rounds of {} starts: {:.1} µs off, {:.1} µs enforce; of checks {:.1} and {:.1} µs",
        ratios.len(),
        plan.starts,
        measured.median(|round| round.off),
        measured.median(|round| round.enforce),
        measured.median(|round| round.check.0),
        measured.median(|round| round.check.1),
    );
    println!(
        "ratio of starts: half of the rounds {:.2} to {:.2}, all {:.2} to {:.2}",
        at(25),
        at(75),
        ratios.first().copied().unwrap_or(f64::NAN),
        ratios.last().copied().unwrap_or(f64::NAN)
    );
    let bar = Bar {
        promise: "CPU time of a guarded start / of an unguarded one, median".to_owned(),
        measured: measured.median(|round| round.enforce / round.off),
        bound: Bound::AtMost(1.5),
    };
    println!("{}", bar.line());
    Ok(if bar.is_kept() || options.smoke { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn pin(text: &str) -> anyhow::Result<Pin> {
    if text == "any" || std::thread::available_parallelism()?.get() < 2 {
        return Ok(Pin::Anywhere);
    }
    text.parse().map(Pin::Core).context("a core is a number, or \"any\"")
}
