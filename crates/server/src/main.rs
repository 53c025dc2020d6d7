//! The binary `countersign`.

use std::process::ExitCode;

use clap::Parser as _;
use countersign_server::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
