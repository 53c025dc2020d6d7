//! The benchmark of the way to a carrier: HTTP in, durable, SMPP out, beside Kannel, which keeps nothing.
//!
//! `cargo build --release -p countersign-server -p countersign-sim && ./target/release/carrier_bench`

#![expect(clippy::print_stdout, reason = "its report is its output")]

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use countersign_sim::folder;
use countersign_sim::kannel::{self, Kannel, Store};
use countersign_sim::load::gateway::{Crossing, Entrance, Gateway, Plan, cross};
use countersign_sim::load::work::Pace;
use countersign_sim::process::Pin;
use countersign_sim::report::{Bar, Bound, median, quantile_ms};
use countersign_sim::server::{Server, Setup};
use countersign_sim::smsc::{Faults, Smsc, shown};

/// Measures Countersign beside Kannel, one after the other, before one service centre that answers at once.
#[derive(Parser, Clone)]
struct Options {
    /// Rounds; medians are taken over them
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Messages that each hands over in a round, as fast as it can
    #[arg(long, default_value_t = 10_000)]
    messages: u64,
    /// HTTP connections, each with one request at a time
    #[arg(long, default_value_t = 256)]
    clients: usize,
    /// Submissions that may be unanswered
    #[arg(long, default_value_t = 100)]
    window: u16,
    /// Countersign's `delivery.concurrency`. A submission counts until what became of it is durable.
    #[arg(long, default_value_t = 400)]
    concurrency: u32,
    /// Messages a second, for the time from a start to the wire
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Seconds that they come at that rate in a round
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// The core of both, or "any"
    #[arg(long, default_value = "any")]
    core: String,
    /// Where Countersign's data folder is made: the disk that is measured
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Measure Countersign alone
    #[arg(long)]
    without_kannel: bool,
}

/// Kannel with a log of what it does, without one, and with its messages in files; none asks for an fsync.
/// Debian's own configuration logs everything (level 0), which is slower than all of them.
const KANNELS: [(&str, u8, Store); 3] =
    [("kannel", 1, Store::Memory), ("kannel, silent", 2, Store::Memory), ("kannel, spool", 2, Store::Spool)];

/// One of them, with what was measured of it.
struct Side {
    name: &'static str,
    gateway: Gateway,
    full: Vec<Crossing>,
    paced: Vec<Crossing>,
}

impl Side {
    fn new(name: &'static str, gateway: Gateway) -> Self {
        Side { name, gateway, full: Vec::new(), paced: Vec::new() }
    }
}

fn medians(crossings: &[Crossing], figure: impl Fn(&Crossing) -> f64) -> f64 {
    median(&crossings.iter().map(figure).collect::<Vec<_>>())
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Bench { options, given: 0 }.run())
}

struct Bench {
    options: Options,
    /// Phones that have had their message.
    given: u64,
}

impl Bench {
    async fn run(mut self) -> anyhow::Result<()> {
        let pin = match self.options.core.as_str() {
            "any" => Pin::Anywhere,
            core => Pin::Core(core.parse().context("a core is a number, or \"any\"")?),
        };
        let parent = self.options.folder.clone().unwrap_or_else(std::env::temp_dir);
        let smsc = Smsc::start(Faults::default()).await?;
        let setup = Setup {
            sinks: Vec::new(),
            smsc: Some(smsc.address()),
            smsc_settings: format!("window = {}\n", self.options.window),
            concurrency: self.options.concurrency,
            pin,
            parent: parent.clone(),
            ..Setup::with_sink(smsc.address())
        };
        // Its start waits on this thread, and its bind needs the service centre, which runs here too.
        let server = tokio::task::spawn_blocking(move || Server::start(&setup)).await??;
        smsc.wait_for(|counts| counts.binds > 0).await?;
        let gateway = Gateway {
            address: server.address()?,
            entrance: Entrance::Start { bearer: server.live_key().to_owned() },
            pids: vec![server.pid()?],
        };
        self.warm_up(&gateway, &smsc).await?;
        let mut sides = vec![Side::new("countersign", gateway)];
        let text = shown(&smsc.received()).pop().context("no message came")?;
        let mut kannels = Vec::new();
        for (name, log_level, store) in KANNELS {
            if self.options.without_kannel {
                break;
            }
            let window = format!("max-pending-submits = {}", self.options.window);
            let settings = kannel::Settings { smsc: &window, log_level, store, pin };
            let kannel = Kannel::start(&smsc, &settings).await?;
            let gateway =
                Gateway { address: kannel.sendsms(), entrance: sendsms(&text)?, pids: kannel.pids()? };
            self.warm_up(&gateway, &smsc).await?;
            kannels.push(kannel);
            sides.push(Side::new(name, gateway));
        }
        for _ in 0..self.options.rounds {
            for side in &mut sides {
                side.full.push(self.full(&side.gateway, &smsc).await?);
            }
        }
        for _ in 0..self.options.rounds {
            for side in &mut sides {
                side.paced.push(self.paced(&side.gateway, &smsc).await?);
            }
        }
        println!(
            "{} HTTP connections, window {}, medians of {} rounds; a lone fsync: p99 {:.2} ms",
            self.options.clients,
            self.options.window,
            self.options.rounds,
            folder::lone_sync_p99_ms(&parent)?
        );
        self.report(&sides);
        Ok(())
    }

    fn phones(&mut self, count: u64) -> std::ops::Range<u64> {
        let first = self.given;
        self.given += count;
        first..self.given
    }

    async fn warm_up(&mut self, gateway: &Gateway, smsc: &Smsc) -> anyhow::Result<()> {
        let phones = self.phones(self.options.messages / 10 + 1);
        let plan = Plan { clients: self.options.clients, pace: Pace::Unpaced, phones };
        cross(gateway, smsc, &plan).await.map(drop)
    }

    async fn full(&mut self, gateway: &Gateway, smsc: &Smsc) -> anyhow::Result<Crossing> {
        let phones = self.phones(self.options.messages);
        let plan = Plan { clients: self.options.clients, pace: Pace::Unpaced, phones };
        cross(gateway, smsc, &plan).await
    }

    async fn paced(&mut self, gateway: &Gateway, smsc: &Smsc) -> anyhow::Result<Crossing> {
        let phones = self.phones(u64::from(self.options.rate) * u64::from(self.options.seconds));
        let pace = Pace::per_second(f64::from(self.options.rate));
        cross(gateway, smsc, &Plan { clients: self.options.clients, pace, phones }).await
    }

    fn report(&self, sides: &[Side]) {
        print_table(&format!("{} messages, as fast as they can", self.options.messages), sides, |side| {
            &side.full
        });
        print_table(&format!("{} messages a second", self.options.rate), sides, |side| &side.paced);
        println!();
        let Some((own, others)) = sides.split_first() else { return };
        for kannel in others {
            let ratios = |figure: fn(&Crossing) -> f64| -> Vec<f64> {
                own.full.iter().zip(&kannel.full).map(|(own, other)| figure(own) / figure(other)).collect()
            };
            let (rates, costs) = (ratios(|one| one.per_second), ratios(|one| one.cpu_us));
            let bar = |what: &str, measured: &[f64], bound| {
                let bar = Bar {
                    promise: format!("{what}, beside \"{}\"", kannel.name),
                    measured: median(measured),
                    bound,
                };
                println!("{}   in each round: {measured:.2?}", bar.line());
            };
            bar("messages a second", &rates, Bound::AtLeast(2.0));
            bar("CPU time of a message", &costs, Bound::AtMost(0.5));
        }
        if others.is_empty() {
            println!("Kannel was left out: nothing to compare with.");
        }
        let promise = format!("start to wire at {} a second, p99 in ms", self.options.rate);
        let measured = medians(&own.paced, |one| quantile_ms(&one.wire, 0.99));
        println!("{}", Bar { promise, measured, bound: Bound::AtMost(25.0) }.line());
    }
}

fn print_table(title: &str, sides: &[Side], of: impl Fn(&Side) -> &[Crossing]) {
    println!("\n{title}");
    println!(
        "  {:<15} {:>7} {:>7}   p50/p99 ms: {:>14} {:>16} {:>16}",
        "", "per s", "cpu-us", "answer", "wire", "generator late"
    );
    for side in sides {
        let all = of(side);
        let pair = |pick: fn(&Crossing) -> &hdrhistogram::Histogram<u64>| {
            let at = |quantile| medians(all, |one| quantile_ms(pick(one), quantile));
            format!("{:.2}/{:.2}", at(0.5), at(0.99))
        };
        println!(
            "  {:<15} {:>7.0} {:>7.1}               {:>14} {:>16} {:>16}",
            side.name,
            medians(all, |one| one.per_second),
            medians(all, |one| one.cpu_us),
            pair(|one| &one.answer),
            pair(|one| &one.wire),
            pair(|one| &one.late),
        );
    }
}

/// Kannel's HTTP API (its user guide, "Using the HTTP interface to send SMS messages").
fn sendsms(text: &str) -> anyhow::Result<Entrance> {
    let parameters = [
        ("username", kannel::USER),
        ("password", kannel::PASSWORD),
        ("from", "Shop"),
        ("text", text),
        // Receipts of delivery and of failure, as Countersign asks for them.
        ("dlr-mask", "3"),
        ("dlr-url", "http://127.0.0.1:9/"),
        ("to", ""),
    ];
    let url = reqwest::Url::parse_with_params("http://kannel/cgi-bin/sendsms", parameters)?;
    let query = url.query().context("no query")?;
    Ok(Entrance::Get { before_phone: format!("{}?{query}", url.path()) })
}
