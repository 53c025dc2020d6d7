//! Runs clients for a while and measures the middle of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::work::{Client, Pace, Round, Target};
use crate::{clock, process};

/// Latencies up to a minute, in microseconds, to three digits.
const MAX_LATENCY_US: u64 = 60_000_000;

/// What a load does and for how long.
pub struct Plan {
    /// What clients do.
    pub target: Target,
    /// How many there are; at most as many as mailboxes.
    pub clients: usize,
    /// When their rounds begin.
    pub pace: Pace,
    /// Before it is measured.
    pub warm_up: Duration,
    /// While it is measured.
    pub measured: Duration,
    /// The server's process.
    pub server_pid: u32,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Rounds a second.
    pub per_second: f64,
    /// CPU time of the server for one round, in microseconds.
    pub server_us: f64,
    /// The server's share of one core, 0 to 1 and above with several.
    pub server_share: f64,
    /// The generator's share of one core, the carrier included.
    pub generator_share: f64,
    /// How long starts took, in microseconds.
    pub start: Histogram<u64>,
    /// How long messages took after the start's answer.
    pub message: Histogram<u64>,
    /// How long checks took.
    pub check: Histogram<u64>,
}

const WARMING: u8 = 0;
const MEASURING: u8 = 1;
const ENDING: u8 = 2;

/// Latencies of the three steps.
pub struct Latencies([Histogram<u64>; 3]);

impl Latencies {
    fn new() -> anyhow::Result<Self> {
        let new = || Histogram::new_with_bounds(1, MAX_LATENCY_US, 3);
        Ok(Latencies([new()?, new()?, new()?]))
    }

    fn record(&mut self, round: &Round) {
        let [start, message, check] = &mut self.0;
        start.saturating_record(round.start_us);
        message.saturating_record(round.message_us);
        check.saturating_record(round.check_us);
    }

    fn add(&mut self, other: &Latencies) -> anyhow::Result<()> {
        for (own, others) in self.0.iter_mut().zip(&other.0) {
            own.add(others)?;
        }
        Ok(())
    }
}

/// Runs the plan. Any answer that is not the expected one ends it with an error.
pub async fn run(plan: Plan) -> anyhow::Result<Measured> {
    let mut connected = Vec::with_capacity(plan.clients);
    for mailbox in 0..plan.clients {
        connected.push(Client::connect(plan.target.clone(), mailbox).await?);
    }
    let phase = Arc::new(AtomicU8::new(WARMING));
    let mut clients = JoinSet::new();
    for client in connected {
        clients.spawn(repeat(client, plan.pace.clone(), Arc::clone(&phase)));
    }
    tokio::time::sleep(plan.warm_up).await;
    let before = Snapshot::take(plan.server_pid)?;
    phase.store(MEASURING, Ordering::Relaxed);
    tokio::time::sleep(plan.measured).await;
    phase.store(ENDING, Ordering::Relaxed);
    let after = Snapshot::take(plan.server_pid)?;
    let mut all = Latencies::new()?;
    while let Some(done) = clients.join_next().await {
        all.add(&done??)?;
    }
    Ok(before.measured(&after, all))
}

/// Does `rounds` rounds and measures nothing.
pub async fn run_rounds(target: &Target, clients: usize, rounds: u64) -> anyhow::Result<()> {
    let left = Arc::new(AtomicU64::new(rounds));
    let mut running = JoinSet::new();
    for mailbox in 0..clients {
        let mut client = Client::connect(target.clone(), mailbox).await?;
        let left = Arc::clone(&left);
        running.spawn(async move {
            let take = |left: u64| left.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                client.round().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}

async fn repeat(mut client: Client, pace: Pace, phase: Arc<AtomicU8>) -> anyhow::Result<Latencies> {
    let mut latencies = Latencies::new()?;
    loop {
        pace.wait().await;
        if phase.load(Ordering::Relaxed) == ENDING {
            return Ok(latencies);
        }
        let round = client.round().await?;
        if phase.load(Ordering::Relaxed) == MEASURING {
            latencies.record(&round);
        }
    }
}

struct Snapshot {
    at: std::time::Instant,
    server_us: u64,
    own_us: u64,
}

impl Snapshot {
    fn take(server: u32) -> anyhow::Result<Self> {
        Ok(Snapshot {
            at: clock::instant(),
            server_us: process::cpu_us(server)?,
            own_us: process::cpu_us(std::process::id())?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "counts and microseconds are far below 2^52")]
    fn measured(&self, after: &Snapshot, latencies: Latencies) -> Measured {
        let took_us = clock::micros(after.at - self.at) as f64;
        let [start, message, check] = latencies.0;
        let rounds = start.len() as f64;
        let server_us = (after.server_us - self.server_us) as f64;
        Measured {
            per_second: rounds / took_us * 1e6,
            server_us: server_us / rounds.max(1.0),
            server_share: server_us / took_us,
            generator_share: (after.own_us - self.own_us) as f64 / took_us,
            start,
            message,
            check,
        }
    }
}
