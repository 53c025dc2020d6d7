//! The binary `countersign`.

use std::process::ExitCode;

use clap::Parser as _;
use countersign_server::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
