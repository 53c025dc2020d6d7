//! The benchmark of the SMPP client, beside the npm package `smpp`, against one fast service centre.
//!
//! `cargo build --release -p countersign-sim --bin smpp_bench && ./target/release/smpp_bench`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use countersign_sim::clock;
use countersign_sim::report::{Bar, Bound, median};
use countersign_sim::smpp_load::{Client, count_accepted};
use countersign_sim::smsc::{Answer, Faults, Smsc};

/// Measures the SMPP client beside npm's; ends with 1 if a bar is not kept.
#[derive(Parser, Clone)]
struct Options {
    /// Rounds of each window, the clients in turn; medians are taken over them
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Messages of our client in each round
    #[arg(long, default_value_t = 300_000)]
    messages: u64,
    /// Messages of npm's client in each round
    #[arg(long, default_value_t = 30_000)]
    npm_messages: u64,
    /// Windows
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100])]
    windows: Vec<u16>,
    /// Where the npm package is installed
    #[arg(long)]
    npm: Option<PathBuf>,
    /// Only show that everything works: figures are printed, bars are not judged
    #[arg(long)]
    smoke: bool,
    /// Be the service centre: answer after so many milliseconds, until the input closes
    #[arg(long, hide = true)]
    serve: Option<u64>,
}

const TEXT: &str = "918273 is your code for Example Shop. Do not share it with anybody.";

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    // One thread, as npm's client has.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match options.serve {
        Some(delay_ms) => runtime.block_on(serve(delay_ms)).map(|()| ExitCode::SUCCESS),
        None => runtime.block_on(measure(&options)),
    }
}

async fn serve(delay_ms: u64) -> anyhow::Result<()> {
    let answer = match delay_ms {
        0 => Answer::Accept,
        delay_ms => Answer::AcceptAfter(Duration::from_millis(delay_ms)),
    };
    let smsc = Smsc::start(Faults { keeps_messages: false, ..Faults::always(answer) }).await?;
    println!("{}", smsc.address());
    // Whoever started it closes its input, or ends.
    tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0])).await??;
    Ok(())
}

/// The service centre in a process of its own.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(delay_ms: u64) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--serve", &delay_ms.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().parse().context("the service centre said no address")?;
        Ok(Server { process, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends with its input.
        let _ = self.process.wait();
    }
}

async fn measure(options: &Options) -> anyhow::Result<ExitCode> {
    let scripts =
        options.npm.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/smpp"));
    let has_npm = scripts.join("node_modules/smpp").is_dir();
    let mut bars = Vec::new();
    println!(
        "submit_sm a second, one thread a client, one connection, a service centre that answers at once"
    );
    println!("  window       ours        npm   ours/npm");
    let server = Server::start(0)?;
    for window in &options.windows {
        let (mut ours, mut npms) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            ours.push(rate(server.address, *window, options.messages).await?);
            if has_npm {
                npms.push(npm_rate(&scripts, &server, *window, options.npm_messages)?);
            }
        }
        if !has_npm {
            println!("  {window:>6} {:>10.0}          -          -", median(&ours));
            continue;
        }
        let ratios: Vec<f64> = ours.iter().zip(&npms).map(|(ours, npm)| ours / npm).collect();
        let ratio = median(&ratios);
        println!(
            "  {window:>6} {:>10.0} {:>10.0} {ratio:>10.1}   in each round: {ratios:.1?}",
            median(&ours),
            median(&npms)
        );
        if *window >= 10 {
            let promise = format!("rate beside npm's, window {window}");
            bars.push(Bar { promise, measured: ratio, bound: Bound::AtLeast(10.0) });
        }
    }
    if !has_npm {
        println!("The npm package is not installed in {}: nothing to compare with.", scripts.display());
    }
    drop(server);
    bars.push(delayed(if options.smoke { 200 } else { 6_000 }).await?);
    for bar in &bars {
        println!("{}", bar.line());
    }
    let kept = options.smoke || (has_npm && bars.iter().all(Bar::is_kept));
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::cast_precision_loss, reason = "counts of messages")]
async fn rate(address: SocketAddr, window: u16, messages: u64) -> anyhow::Result<f64> {
    let more = format!("window = {window}\ntiming = {{ queue_ms = 60000 }}");
    let client = Client::connect(address, &more).await?;
    // As many again wait for a place, so that the window is always full.
    let at_once = 2 * usize::from(window);
    let warm_up = messages / 10;
    count_accepted(&client.provider, TEXT, 0..warm_up, at_once).await?;
    let began = clock::instant();
    let accepted = count_accepted(&client.provider, TEXT, warm_up..warm_up + messages, at_once).await?;
    let elapsed = began.elapsed();
    anyhow::ensure!(accepted == messages, "{accepted} of {messages} were accepted");
    client.stop().await?;
    Ok(messages as f64 / elapsed.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "counts of messages")]
fn npm_rate(scripts: &Path, server: &Server, window: u16, messages: u64) -> anyhow::Result<f64> {
    let output = Command::new("node")
        .arg(scripts.join("client.mjs"))
        .arg(server.address.ip().to_string())
        .arg(server.address.port().to_string())
        .arg(window.to_string())
        .arg(messages.to_string())
        .output()
        .context("node is needed for npm's client")?;
    anyhow::ensure!(output.status.success(), "npm's client: {}", String::from_utf8_lossy(&output.stderr));
    let seconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(messages as f64 / seconds)
}

/// A service centre that answers after 50 ms: the window over the round trip is all that can be.
async fn delayed(messages: u64) -> anyhow::Result<Bar> {
    let server = Server::start(50)?;
    let alone = rate(server.address, 1, 20).await?;
    let full = rate(server.address, 100, messages).await?;
    let possible = alone * 100.0;
    println!("answers after 50 ms, window 100: {full:.0} of {possible:.0} a second that are possible");
    let promise = "share of window / round trip at 50 ms".to_owned();
    Ok(Bar { promise, measured: full / possible, bound: Bound::AtLeast(0.95) })
}
