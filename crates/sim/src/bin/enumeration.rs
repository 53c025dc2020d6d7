//! Whether a browser can tell known, unknown, blocked and ghosted numbers apart: 10^5 requests and a t-test.
//!
//! `cargo build --release -p countersign-server -p countersign-sim && ./target/release/enumeration`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use countersign_sim::enumeration::{self, Asked, Comparison, MAX_T, Plan};

/// Compares status, size and time of what a browser is answered about four kinds of numbers; ends with 1 if they differ.
#[derive(Parser)]
struct Options {
    /// Numbers of each kind; a browser asks three times about each
    #[arg(long, default_value_t = 8_400)]
    of_each: usize,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Milliseconds that a browser waits after its start; with 0 the sending of the message shows
    #[arg(long, default_value_t = 100)]
    settle_ms: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let settle = Duration::from_millis(options.settle_ms);
    let findings = enumeration::run(Plan { of_each: options.of_each, seed: options.seed, settle }).await?;
    print!("{findings}");
    let worst = |is_wanted: fn(Asked) -> bool| {
        let all = findings.comparisons().into_iter().filter(|one| is_wanted(one.asked));
        all.map(|Comparison { of_all, of_fastest, .. }| of_all.max(of_fastest)).fold(0.0, f64::max)
    };
    let of_browsers = worst(Asked::is_of_the_browser_face);
    let one_shape = Asked::ALL
        .into_iter()
        .filter(|asked| asked.is_of_the_browser_face())
        .all(|asked| findings.shapes(asked).len() == 1);
    println!(
        "{} requests at the browser face: one status and size for each question: {one_shape}; largest |t| {of_browsers:.2}, {MAX_T} allowed",
        findings.browser_requests()
    );
    println!(
        "starts, which the shop's server makes: largest |t| {:.2}, not judged",
        worst(|asked| asked == Asked::Start)
    );
    println!("sent wrongly: {}; withheld wrongly: {}", findings.wrongly_sent, findings.wrongly_withheld);
    let is_kept = one_shape && of_browsers < MAX_T && findings.wrongly_sent + findings.wrongly_withheld == 0;
    Ok(if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
