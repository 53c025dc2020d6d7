//! What the guard adds to the CPU time of a start: one server, one app with the guard off and one that enforces it.
//!
//! Both apps are asked in turn, a slice of starts each, so that whatever else the machine does meets both alike. Every
//! start is of a number, an address, a device and a customer that were never seen: the longest way through the guard.
//! A slice ends when its last message has left, since what follows an answer is part of a start too. Then most of its
//! codes are typed, as by honest customers: else the guard would close the country before it could be measured. The
//! limits by address, block, device and customer are as by default; only credit is large, as it is for a shop of this size.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::load::wire::{Wire, post, quoted};
use crate::phones;
use crate::process::{self, Pin};
use crate::report::median;
use crate::server::{Server, Setup};
use crate::sink::Sink;

/// Far apart, so that numbers fall into other blocks; a prime, so that none comes twice.
const STRIDE: u64 = 99_991;
/// More would fill the blocks of numbers, of which British mobile numbers have 30,000.
pub const MOST_STARTS: usize = 100_000;
/// Of ten customers so many type their code.
const TYPED_OF_TEN: usize = 7;
const PATIENCE: Duration = Duration::from_secs(60);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Pairs of slices; one more at the beginning is not measured.
    pub rounds: usize,
    /// Starts in a slice.
    pub starts: usize,
    /// Connections that ask at a time.
    pub clients: usize,
    /// The server's core.
    pub server_pin: Pin,
}

/// CPU time of one round, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Of a start of the app without a guard.
    pub off: f64,
    /// Of one with.
    pub enforce: f64,
    /// The same of a right check: `off`, `enforce`.
    pub check: (f64, f64),
}

/// What was measured.
#[derive(Debug)]
pub struct Measured(pub Vec<Round>);

impl Measured {
    /// How many times the CPU time of an unguarded start a guarded one takes, round by round, ascending.
    pub fn ratios(&self) -> Vec<f64> {
        let mut ratios: Vec<f64> = self.0.iter().map(|round| round.enforce / round.off).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    }

    /// The median over the rounds of any figure of theirs.
    pub fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(&self.0.iter().map(figure).collect::<Vec<_>>())
    }
}

/// Runs the plan on a server of its own. Any answer that is not the expected one ends it with an error.
pub async fn run(plan: &Plan) -> anyhow::Result<Measured> {
    ensure!(
        (plan.rounds + 1) * plan.starts <= MOST_STARTS,
        "at most {MOST_STARTS} starts in all: with more the guard would rightly see blocks of numbers fill up"
    );
    ensure!(plan.clients > 0 && plan.starts >= plan.clients, "each client has a start to make");
    let sink = Sink::start().await?;
    let setup =
        |mode| Setup { pin: plan.server_pin, policy: policy(mode), ..Setup::with_sink(sink.address()) };
    let server = Server::start(&setup("off"))?;
    let enforcing = server.create_app_with("Guarded", &policy("enforce"))?;
    let key = server.create_key(&enforcing, "live")?;
    let apps = [App { key: server.live_key().to_owned(), first: 0 }, App { key, first: 1 }];
    let mut rounds = Vec::with_capacity(plan.rounds);
    for number in 0..=plan.rounds {
        let bench = Bench { server: &server, sink: &sink, plan, number };
        // Off first, then enforce first, so that neither always follows the other.
        let [off, enforce] = &apps;
        let (without, with);
        if number.is_multiple_of(2) {
            without = bench.slice(off).await?;
            with = bench.slice(enforce).await?;
        } else {
            with = bench.slice(enforce).await?;
            without = bench.slice(off).await?;
        }
        if number > 0 {
            rounds.push(Round { off: without.0, enforce: with.0, check: (without.1, with.1) });
        }
    }
    Ok(Measured(rounds))
}

fn policy(mode: &str) -> Value {
    let credit = json!({ "start": 1_000_000, "ceiling": 100_000_000 });
    let guard = json!({ "mode": mode, "credit": { "range": credit, "country": credit, "unseen": credit } });
    json!({ "countries": ["GB"], "daily_messages": 100_000_000, "guard": guard })
}

/// One of the two apps.
struct App {
    key: String,
    /// Its numbers are every second one, from this one on.
    first: u64,
}

struct Bench<'a> {
    server: &'a Server,
    sink: &'a Sink,
    plan: &'a Plan,
    number: usize,
}

/// A start that was answered: which number it was, and the verification.
type Started = (u64, String);

impl Bench<'_> {
    /// A slice of starts and the checks that follow; microseconds of a start and of a check.
    async fn slice(&self, app: &App) -> anyhow::Result<(f64, f64)> {
        let (pid, address) = (self.server.pid()?, self.server.address()?);
        let from = u64::try_from(self.number * self.plan.starts)?;
        let indices: Vec<u64> =
            (from..from + u64::try_from(self.plan.starts)?).map(|n| n * 2 + app.first).collect();
        let before = process::cpu_us(pid)?;
        let started = self.side_by_side(&indices, address, &app.key).await?;
        let mut codes = Vec::with_capacity(started.len());
        for (index, id) in started {
            let message = self.sink.wait_for(&phone(index), 1, PATIENCE).await?;
            codes.push((id, message.code));
        }
        let between = process::cpu_us(pid)?;
        // Spread out: who does not type stands alone, as with customers, and not in runs of three.
        let is_customer = |n: usize| n * 7 % 10 < TYPED_OF_TEN;
        let typed: Vec<_> = codes.into_iter().enumerate().filter(|(n, _)| is_customer(*n)).collect();
        let mut wire = Wire::connect(address).await?;
        for (_, (id, code)) in &typed {
            check(&mut wire, &app.key, id, code).await?;
        }
        let after = process::cpu_us(pid)?;
        Ok((per(between - before, indices.len()), per(after - between, typed.len())))
    }

    async fn side_by_side(
        &self,
        indices: &[u64],
        address: SocketAddr,
        key: &str,
    ) -> anyhow::Result<Vec<Started>> {
        let mut clients = JoinSet::new();
        for some in indices.chunks(indices.len().div_ceil(self.plan.clients)) {
            let (some, key) = (some.to_vec(), key.to_owned());
            clients.spawn(async move {
                let mut wire = Wire::connect(address).await?;
                let mut started = Vec::with_capacity(some.len());
                for index in some {
                    started.push((index, start(&mut wire, &key, index).await?));
                }
                anyhow::Ok(started)
            });
        }
        let mut all = Vec::with_capacity(indices.len());
        while let Some(done) = clients.join_next().await {
            all.extend(done??);
        }
        Ok(all)
    }
}

fn phone(index: u64) -> String {
    phones::phone(index * STRIDE)
}

async fn start(wire: &mut Wire, key: &str, index: u64) -> anyhow::Result<String> {
    // Each address is alone in its network.
    let (high, low) = (0x2a00 + (index >> 16), index & 0xffff);
    let body = format!(
        r#"{{"to":"{}","purpose":"login","session":"session-{index}","customer":"c_{index}","client":{{"ip":"{high:x}:{low:x}::1","device":"device-{index}"}}}}"#,
        phone(index)
    );
    let answer = wire.call(&post("/v1/verifications", key, "", &body)).await?;
    let is_pending = answer.status()? == 201 && quoted(answer.body, "\"status\":\"") == Some("pending");
    ensure!(is_pending, "a start was answered {}", String::from_utf8_lossy(answer.body));
    Ok(quoted(answer.body, "\"id\":\"").context("a start without id")?.to_owned())
}

async fn check(wire: &mut Wire, key: &str, id: &str, code: &str) -> anyhow::Result<()> {
    let request = post(&format!("/v1/verifications/{id}/check"), key, "", &format!(r#"{{"code":"{code}"}}"#));
    let answer = wire.call(&request).await?;
    let approved = answer.status()? == 200 && quoted(answer.body, "\"result\":\"") == Some("approved");
    ensure!(approved, "a right code was answered {}", String::from_utf8_lossy(answer.body));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "microseconds and counts are far below 2^52")]
fn per(micros: u64, count: usize) -> f64 {
    micros as f64 / count.max(1) as f64
}
