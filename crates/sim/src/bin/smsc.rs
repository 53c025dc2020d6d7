//! A service centre as a process of its own, so that it can be killed like one.
//!
//! It says where it listens in its first line, takes `cut` as a line of its input, and ends with it.

#![expect(clippy::print_stdout, reason = "its first line tells where it listens")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use countersign_sim::smsc::{Answer, Faults, Journal, Receipts, Smsc};

/// A short message service centre for drills.
#[derive(Parser)]
struct Options {
    /// Where it listens
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where it writes down what it receives, before it answers
    #[arg(long)]
    journal: PathBuf,
    /// How long an answer takes, in milliseconds
    #[arg(long, default_value_t = 30)]
    answer_ms: u64,
    /// What it refuses every message with, a `command_status`
    #[arg(long)]
    refuse: Option<u32>,
    /// What its receipts say, a `message_state`
    #[arg(long, default_value_t = 2)]
    state: u8,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let accept = Answer::AcceptAfter(Duration::from_millis(options.answer_ms));
    let receipts = Receipts { state: options.state, ..Receipts::default() };
    let answer = options.refuse.map_or(accept, Answer::Refuse);
    let faults = Faults { receipts: Some(receipts), ..Faults::always(answer) };
    let journal = Journal::open(&options.journal)?;
    let smsc = Smsc::start_with_journal(options.listen, faults, journal).await?;
    println!("{}", smsc.address());
    tokio::task::block_in_place(|| {
        for line in std::io::stdin().lines() {
            if line? == "cut" {
                smsc.cut();
            }
        }
        Ok(())
    })
}
