//! Messages into a gateway by HTTP and out of it by SMPP: how many a second, how soon, and what one costs.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::wire::{Wire, get, post};
use super::work::Pace;
use crate::smsc::Smsc;
use crate::{clock, phones, process};

/// What is still to be done about messages that have left belongs to their cost.
const AFTERMATH: Duration = Duration::from_millis(300);

/// How a message is handed in.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// By the start of a verification.
    Start {
        /// The API key.
        bearer: String,
    },
    /// By a GET, as gateways have it.
    Get {
        /// Path and query, up to the digits of the phone.
        before_phone: String,
    },
}

impl Entrance {
    fn request(&self, number: u64) -> Vec<u8> {
        let phone = phones::phone(number);
        match self {
            Entrance::Start { bearer } => {
                let body = format!(
                    r#"{{"to":"{phone}","purpose":"login","session":"session-{number}","client":{{"ip":"203.0.113.7"}}}}"#
                );
                post("/v1/verifications", bearer, "", &body)
            }
            Entrance::Get { before_phone } => {
                get(&format!("{before_phone}{}", phone.trim_start_matches('+')))
            }
        }
    }

    /// The status of an answer that took the message.
    fn taken(&self) -> u16 {
        match self {
            Entrance::Start { .. } => 201,
            Entrance::Get { .. } => 202,
        }
    }
}

/// What messages go through.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where it takes them.
    pub address: SocketAddr,
    /// How.
    pub entrance: Entrance,
    /// All of its processes.
    pub pids: Vec<u32>,
}

/// What is handed in.
#[derive(Clone)]
pub struct Plan {
    /// Connections, each with one request at a time.
    pub clients: usize,
    /// When requests begin.
    pub pace: Pace,
    /// The phones, one message each; none that had one before.
    pub phones: Range<u64>,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// Messages a second, from the first request to the last `submit_sm`.
    pub per_second: f64,
    /// CPU time of the gateway for each, user and system, in microseconds.
    pub cpu_us: f64,
    /// From the request to its answer, in microseconds.
    pub answer: Histogram<u64>,
    /// From the request to the `submit_sm` at the service centre.
    pub wire: Histogram<u64>,
    /// From when the request was due until it was sent: what the generator itself was late.
    pub late: Histogram<u64>,
}

#[derive(Clone, Copy)]
struct Sent {
    number: u64,
    due: Instant,
    at: Instant,
    answered: Instant,
}

/// Hands the messages in and waits until all have come to the service centre. Any answer that does not
/// take the message, and any message that comes twice or in parts, ends it with an error.
pub async fn cross(gateway: &Gateway, smsc: &Smsc, plan: &Plan) -> anyhow::Result<Crossing> {
    let before = smsc.counts().submitted;
    let messages = plan.phones.end - plan.phones.start;
    let cpu_before = cpu_us(gateway)?;
    let next = Arc::new(AtomicU64::new(plan.phones.start));
    let mut clients = JoinSet::new();
    for _ in 0..plan.clients {
        let wire = Wire::connect(gateway.address).await?;
        clients.spawn(client(wire, gateway.entrance.clone(), plan.clone(), Arc::clone(&next)));
    }
    let mut sent = Vec::new();
    while let Some(own) = clients.join_next().await {
        sent.extend(own??);
    }
    smsc.wait_for(|counts| counts.submitted >= before + messages).await?;
    tokio::time::sleep(AFTERMATH).await;
    let cpu = cpu_us(gateway)? - cpu_before;
    let arrivals = smsc.arrivals(usize::try_from(before)?);
    anyhow::ensure!(arrivals.len() == sent.len(), "{} messages came as {}", sent.len(), arrivals.len());
    compare(&sent, &arrivals, cpu)
}

async fn client(
    mut wire: Wire,
    entrance: Entrance,
    plan: Plan,
    next: Arc<AtomicU64>,
) -> anyhow::Result<Vec<Sent>> {
    let mut sent = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.phones.end {
            return Ok(sent);
        }
        let due = plan.pace.wait().await;
        let request = entrance.request(number);
        let at = clock::instant();
        let answer = wire.call(&request).await?;
        let status = answer.status()?;
        anyhow::ensure!(
            status == entrance.taken(),
            "a message was answered {status}: {}",
            String::from_utf8_lossy(answer.body)
        );
        sent.push(Sent { number, due, at, answered: clock::instant() });
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and microseconds are far below 2^52")]
fn compare(sent: &[Sent], arrivals: &[(String, Instant)], cpu_us: u64) -> anyhow::Result<Crossing> {
    let came: HashMap<u64, Instant> =
        arrivals.iter().filter_map(|(to, at)| Some((phones::index(&format!("+{to}"))?, *at))).collect();
    let new = || Histogram::<u64>::new_with_bounds(1, 60_000_000, 3);
    let mut all = Crossing { per_second: 0.0, cpu_us: 0.0, answer: new()?, wire: new()?, late: new()? };
    let between = |from: Instant, to: Instant| clock::micros(to.saturating_duration_since(from));
    for one in sent {
        let Some(at) = came.get(&one.number) else { anyhow::bail!("a message went to another phone") };
        all.wire.saturating_record(between(one.at, *at));
        all.answer.saturating_record(between(one.at, one.answered));
        all.late.saturating_record(between(one.due, one.at));
    }
    let first = sent.iter().map(|one| one.at).min();
    let last = arrivals.iter().map(|(_, at)| *at).max();
    if let (Some(first), Some(last)) = (first, last) {
        all.per_second = sent.len() as f64 / last.saturating_duration_since(first).as_secs_f64();
        all.cpu_us = cpu_us as f64 / sent.len() as f64;
    }
    Ok(all)
}

fn cpu_us(gateway: &Gateway) -> anyhow::Result<u64> {
    gateway.pids.iter().map(|pid| process::cpu_us(*pid)).sum()
}
