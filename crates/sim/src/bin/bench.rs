//! The benchmark: OTP round trips of the real server beside a bare axum JSON echo, in one run.
//!
//! `cargo build --release -p countersign-server -p countersign-sim && ./target/release/bench`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use countersign_sim::load::carrier::{Carrier, Mailboxes};
use countersign_sim::load::measure::{self, Measured, Plan};
use countersign_sim::load::work::{Keys, Kind, Pace, Target};
use countersign_sim::process::{self, Pin};
use countersign_sim::report::{Bar, Bound, median, quantile_ms};
use countersign_sim::server::{Server, Setup};
use countersign_sim::{clock, folder};

/// Measures Countersign beside a bare axum JSON echo; ends with 1 if a bar is not kept.
#[derive(Parser, Clone)]
struct Options {
    /// Rounds of each load; medians are taken over them
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds each load is measured, after a quarter of that to warm up
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Numbers of clients
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256])]
    clients: Vec<usize>,
    /// Verifications that are kept live for the memory bar
    #[arg(long, default_value_t = 100_000)]
    live: u64,
    /// Send an Idempotency-Key with every request
    #[arg(long)]
    idempotency_keys: bool,
    /// The core of the servers, or "any"
    #[arg(long, default_value = "0")]
    server_core: String,
    /// The core of the generator and carrier, or "any"
    #[arg(long, default_value = "1")]
    generator_core: String,
    /// Where data folders are made: the disk that is measured
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Only show that everything works: figures are printed, bars are not judged
    #[arg(long)]
    smoke: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let (server_pin, own_pin) = pins(&options)?;
    own_pin.apply_to_self()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bench = Bench { options, server_pin };
    runtime.block_on(bench.run())
}

/// Who runs where. On a machine with one core there is nothing to choose.
fn pins(options: &Options) -> anyhow::Result<(Pin, Pin)> {
    let cores = std::thread::available_parallelism()?.get();
    if cores < 2 {
        println!("There is one core: servers and generator share it, and the figures say little.");
        return Ok((Pin::Anywhere, Pin::Anywhere));
    }
    let pin = |text: &str| match text {
        "any" => Ok(Pin::Anywhere),
        core => core.parse().map(Pin::Core).context("a core is a number, or \"any\""),
    };
    Ok((pin(&options.server_core)?, pin(&options.generator_core)?))
}

struct Bench {
    options: Options,
    server_pin: Pin,
}

/// The rounds of one load.
#[derive(Default)]
struct Rounds(Vec<Measured>);

impl Rounds {
    fn median(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        median(&self.0.iter().map(figure).collect::<Vec<_>>())
    }
}

impl Bench {
    async fn run(&self) -> anyhow::Result<ExitCode> {
        let parent = self.options.folder.clone().unwrap_or_else(std::env::temp_dir);
        let most = self.options.clients.iter().copied().max().context("no number of clients")?;
        let mailboxes = Mailboxes::new(most);
        let carrier = Carrier::start(Arc::clone(&mailboxes)).await?;
        let setup =
            Setup { pin: self.server_pin, parent: parent.clone(), ..Setup::with_sink(carrier.address) };
        let mut bars = Vec::new();

        println!(
            "servers: {:?}; generator and carrier: core {}",
            self.server_pin, self.options.generator_core
        );
        bars.extend(self.memory(&setup, &mailboxes).await?);
        let echo = Peer::start(self.server_pin, "echo", &[])?;
        let sink = format!("http://{}/", carrier.address);
        let floor = Peer::start(self.server_pin, "floor", &[sink.as_ref(), parent.as_os_str()])?;
        let server = Server::start(&setup)?;
        let target = |kind| Target {
            address: echo.address,
            bearer: server.live_key().to_owned(),
            mailboxes: Arc::clone(&mailboxes),
            kind,
            keys: if self.options.idempotency_keys { Keys::Sent } else { Keys::Absent },
        };
        let echo_load = (target(Kind::Echo), echo.child.id());
        let own_load = (Target { address: server.address()?, ..target(Kind::RoundTrip) }, server.pid()?);
        let floor_load = (Target { address: floor.address, ..target(Kind::RoundTrip) }, floor.child.id());

        let mut half_load_rate = (0.0, 0.0);
        for &clients in &self.options.clients {
            let (mut echoes, mut floors, mut trips) =
                (Rounds::default(), Rounds::default(), Rounds::default());
            for _ in 0..self.options.rounds {
                echoes.0.push(self.load(&echo_load, clients, Pace::Unpaced).await?);
                floors.0.push(self.load(&floor_load, clients, Pace::Unpaced).await?);
                trips.0.push(self.load(&own_load, clients, Pace::Unpaced).await?);
            }
            print_load(&format!("{clients} clients, as fast as they can"), &echoes, Some(&floors), &trips);
            let (echo_rate, trip_rate) = (echoes.median(|m| m.per_second), trips.median(|m| m.per_second));
            let least = if clients >= 256 { 1.0 / 3.0 } else { 1.0 / 4.0 };
            bars.push(Bar {
                promise: format!("round trips x 3 / echo requests, {clients} clients"),
                measured: trip_rate * 3.0 / echo_rate,
                bound: Bound::AtLeast(least),
            });
            half_load_rate = (echo_rate / 2.0, trip_rate / 2.0);
        }
        bars.push(self.half_load(&echo_load, &own_load, half_load_rate, most, &parent).await?);
        println!();
        for bar in &bars {
            println!("{}", bar.line());
        }
        let all_kept = bars.iter().all(Bar::is_kept);
        Ok(if all_kept || self.options.smoke { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn load(&self, load: &(Target, u32), clients: usize, pace: Pace) -> anyhow::Result<Measured> {
        let measured = Duration::from_secs_f64(self.options.seconds);
        let plan = Plan {
            target: load.0.clone(),
            clients,
            pace,
            warm_up: measured / 4,
            measured,
            server_pid: load.1,
        };
        measure::run(plan).await
    }

    /// What a check takes when the server has time to spare.
    async fn half_load(
        &self,
        echo_load: &(Target, u32),
        own_load: &(Target, u32),
        (echo_rate, trip_rate): (f64, f64),
        clients: usize,
        parent: &std::path::Path,
    ) -> anyhow::Result<Bar> {
        let (mut echoes, mut trips, mut syncs) = (Rounds::default(), Rounds::default(), Vec::new());
        for _ in 0..self.options.rounds {
            syncs.push(folder::lone_sync_p99_ms(parent)?);
            echoes.0.push(self.load(echo_load, clients, Pace::per_second(echo_rate)).await?);
            trips.0.push(self.load(own_load, clients, Pace::per_second(trip_rate)).await?);
        }
        print_load(&format!("half load, {clients} clients"), &echoes, None, &trips);
        let echo_p99 = echoes.median(|m| quantile_ms(&m.start, 0.99));
        let sync_p99 = median(&syncs);
        println!("  a lone fsync: p99 {sync_p99:.2} ms");
        Ok(Bar {
            promise: format!(
                "p99 of a check at half load, ms (10 x echo {echo_p99:.2} or fsync {sync_p99:.2})"
            ),
            measured: trips.median(|m| quantile_ms(&m.check, 0.99)),
            bound: Bound::AtMost(10.0 * echo_p99.max(sync_p99)),
        })
    }

    /// Memory of a fresh server, and what live verifications add.
    async fn memory(&self, setup: &Setup, mailboxes: &Arc<Mailboxes>) -> anyhow::Result<[Bar; 2]> {
        let server = Server::start(setup)?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let idle = mib(process::resident_bytes(server.pid()?)?);
        let target = Target {
            address: server.address()?,
            bearer: server.live_key().to_owned(),
            mailboxes: Arc::clone(mailboxes),
            kind: Kind::StartOnly,
            keys: Keys::Absent,
        };
        let received = mailboxes.received();
        measure::run_rounds(&target, mailboxes.count().min(64), self.options.live).await?;
        // Until the last message has left: what waits to be sent is not what is asked for here.
        let began = clock::instant();
        while mailboxes.received() < received + self.options.live {
            anyhow::ensure!(began.elapsed() < Duration::from_mins(2), "messages are missing");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let full = mib(process::resident_bytes(server.pid()?)?);
        Ok([
            Bar {
                promise: "memory of an idle server, MiB".to_owned(),
                measured: idle,
                bound: Bound::AtMost(40.0),
            },
            Bar {
                promise: format!("memory that {} live verifications add, MiB", self.options.live),
                measured: full - idle,
                bound: Bound::AtMost(100.0),
            },
        ])
    }
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 bytes")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1024 * 1024)
}

fn print_load(title: &str, echoes: &Rounds, floors: Option<&Rounds>, trips: &Rounds) {
    println!("\n{title} (medians of {} rounds)", echoes.0.len());
    println!(
        "  {:<12} {:>9} {:>9} {:>8} {:>8}   p50/p99 ms: {:>13} {:>15} {:>15}",
        "", "per s", "cpu-us", "server", "gener.", "start", "message", "check"
    );
    let lines = [("echo", Some(echoes)), ("floor", floors), ("round trips", Some(trips))];
    for (name, rounds) in lines.into_iter().filter_map(|(name, rounds)| Some((name, rounds?))) {
        let pair = |pick: fn(&Measured) -> &hdrhistogram::Histogram<u64>| {
            let (p50, p99) =
                (rounds.median(|m| quantile_ms(pick(m), 0.5)), rounds.median(|m| quantile_ms(pick(m), 0.99)));
            format!("{p50:.2}/{p99:.2}")
        };
        println!(
            "  {name:<12} {:>9.0} {:>9.1} {:>7.0}% {:>7.0}%               {:>13} {:>15} {:>15}",
            rounds.median(|m| m.per_second),
            rounds.median(|m| m.server_us),
            rounds.median(|m| m.server_share) * 100.0,
            rounds.median(|m| m.generator_share) * 100.0,
            pair(|m| &m.start),
            pair(|m| &m.message),
            pair(|m| &m.check),
        );
    }
    for (name, rounds) in [("floor", floors), ("round trips", Some(trips))] {
        let Some(rounds) = rounds else { continue };
        let by_time = rounds.median(|m| m.per_second) * 3.0 / echoes.median(|m| m.per_second);
        let by_cpu = echoes.median(|m| m.server_us) * 3.0 / rounds.median(|m| m.server_us);
        println!("  {name} x 3 / echo: {by_time:.3} by the clock, {by_cpu:.3} by the server's CPU time");
    }
    if echoes.0.iter().chain(&trips.0).any(|m| m.generator_share > 0.9) {
        println!("  the generator had no time to spare: its core limits these figures");
    }
    if trips.0.iter().any(|m| m.server_share < 0.9) && title.ends_with("can") {
        println!(
            "  the server did not have its core to itself, or waited for the disk: trust the CPU time more"
        );
    }
    let _ = std::io::stdout().flush();
}

/// A server to compare with, as a child process.
struct Peer {
    child: Child,
    address: SocketAddr,
}

impl Peer {
    fn start(pin: Pin, name: &str, arguments: &[&OsStr]) -> anyhow::Result<Self> {
        let program = process::beside_this(name)?;
        let mut command = pin.command(&program);
        let mut child = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line)).transpose();
        let mut peer = Peer { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        read?;
        peer.address =
            line.trim().parse().with_context(|| format!("{name} does not say where it listens"))?;
        Ok(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
