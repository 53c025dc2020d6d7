//! Fuzzing without a nightly compiler. The short run is in the test suite.
//!
//! `cargo run --release -p countersign-sim --bin fuzz -- --target pdu_stream --minutes 10`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use countersign_sim::clock;
use countersign_sim::fuzz::{Fuzzer, Target, Until};

/// Feeds changed inputs to what reads octets from carriers; ends with 1, and the input in a file, if a rule breaks.
#[derive(Parser)]
struct Options {
    /// `pdu_stream`, `pdu_agreement`, `receipt`, `provider_answer` or `provider_callback`; all of them without it
    #[arg(long)]
    target: Option<String>,
    /// How long each is fuzzed
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the seeds below this folder, for `cargo fuzz`, and do nothing else
    #[arg(long, value_name = "FOLDER")]
    write_seeds: Option<PathBuf>,
    /// Try the input in this file, and do nothing else
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let wanted = |target: &Target| options.target.as_ref().is_none_or(|name| name == target.as_str());
    let targets: Vec<Target> = Target::ALL.into_iter().filter(wanted).collect();
    anyhow::ensure!(!targets.is_empty(), "there is no such target");
    let mut verdict = ExitCode::SUCCESS;
    for target in targets {
        let fuzzer = Fuzzer::new(target);
        let name = target.as_str();
        if let Some(folder) = &options.write_seeds {
            write_seeds(&fuzzer, &folder.join(name))?;
            continue;
        }
        if let Some(file) = &options.input {
            println!("{:?}", fuzzer.check(&fs::read(file)?));
            continue;
        }
        let began = clock::instant();
        let time = Duration::from_secs_f64(options.minutes * 60.0);
        match fuzzer.run(Until::Time(time), options.seed) {
            Ok(done) => {
                println!("{name:<20} {done:>12} inputs in {:>5.0?}, none broke a rule", began.elapsed());
            }
            Err(found) => {
                let file = format!("fuzz-{name}.input");
                fs::write(&file, &found.input)?;
                println!("{name:<20} {}: the input is in {file}", found.what);
                verdict = ExitCode::FAILURE;
            }
        }
    }
    Ok(verdict)
}

fn write_seeds(fuzzer: &Fuzzer, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, seed) in fuzzer.seeds().iter().enumerate() {
        let file = folder.join(format!("seed-{number:03}"));
        fs::write(&file, seed).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
