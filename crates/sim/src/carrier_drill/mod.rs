//! Kills and cuts in the middle of submissions by SMPP: the server, the service centre, the connection between
//! them.
//!
//! A shop starts verifications at a steady pace, each for a phone of its own, while one thing after the other
//! breaks. The service centre is a process that writes down what it receives before it answers; in the end its
//! journal is held against the timelines.

mod carrier;
mod judge;
mod shop;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::task::{JoinHandle, block_in_place};

use self::carrier::Carrier;
use self::judge::{Copy, Judge, Ledger};
use self::shop::{Count, Started, start_all};
use crate::api::Api;
use crate::clock;
use crate::folder::Folder;
use crate::server::{Server, Setup};
use crate::sink::Sink;
use crate::smsc::{Entry, Reader};

/// The lease of the server in the drill: the shortest that it allows.
pub const LEASE: Duration = Duration::from_secs(5);
const SUBMIT_TIMEOUT_S: u32 = 4;
/// Lives of codes: long, and the shortest that there is.
const LIFE_S: u64 = 600;
const SHORT_LIFE_S: u64 = 60;
/// How long what was killed stays away.
const AWAY: Duration = Duration::from_millis(1_500);
/// How long is waited for messages to flow again; the bar is [`FLOWS_WITHIN`].
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages flow again within this (issue 3, "It must show" 4).
pub const FLOWS_WITHIN: Duration = Duration::from_secs(5);

/// Who carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routes {
    /// The service centre, and after it a carrier by HTTP that never fails.
    WithAnother,
    /// The service centre alone.
    Alone,
}

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL of Countersign, and its restart.
    Server,
    /// SIGKILL of the service centre, which is back after a while.
    Carrier,
    /// The connection between them.
    Connection,
}

impl Fault {
    const ALL: [Fault; 3] = [Fault::Connection, Fault::Carrier, Fault::Server];

    /// Its words in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Fault::Server => "SIGKILL of Countersign",
            Fault::Carrier => "SIGKILL of the service centre",
            Fault::Connection => "the connection is cut",
        }
    }
}

/// What a run does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Verifications that are started.
    pub submissions: u64,
    /// How many a second.
    pub per_second: u32,
    /// How often each thing breaks.
    pub rounds: u32,
    /// Who carries messages.
    pub routes: Routes,
    /// How long the service centre takes to answer, in milliseconds: so many are on their way when it breaks.
    pub answer_ms: u64,
    /// Verifications that expire while the service centre is away; takes more than a minute. Only where it
    /// is alone: elsewhere the other one takes them.
    pub expiring: u64,
}

/// One fault and what came after it.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What broke.
    pub fault: Fault,
    /// Verifications started until then.
    pub after: u64,
    /// From its return to the next message at the service centre.
    pub flows_after: Option<Duration>,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Report {
    /// Verifications that were answered 201.
    pub started: usize,
    /// Messages that the service centre received.
    pub by_smpp: usize,
    /// Messages that the other carrier received.
    pub by_another: usize,
    /// Submissions whose outcome nobody knows, as the timelines tell.
    pub unknowns: usize,
    /// Verifications with more than one copy.
    pub copied: usize,
    /// Verifications whose only submission is an Unknown that no carrier has in its ledger.
    pub in_doubt: usize,
    /// Codes that were given back and approved.
    pub approved: usize,
    /// Verifications that expired while nobody could carry their messages.
    pub expired: usize,
    /// What broke, in its order.
    pub broken: Vec<Broken>,
    /// What must never happen.
    pub violations: Vec<String>,
}

struct Drill {
    plan: Plan,
    carrier: Carrier,
    sink: Sink,
    server: Server,
    api: Api,
    journal: Reader,
    entries: Vec<Entry>,
    report: Report,
    /// Last, so that processes end before their folder is gone.
    _folder: Folder,
}

/// Runs the plan. An error is a failure of the tools; what the server did wrong is in [`Report::violations`].
pub async fn run(plan: Plan) -> anyhow::Result<Report> {
    let mut drill = Drill::start(plan).await?;
    let started = drill.break_everything().await?;
    drill.settle().await?;
    if drill.plan.expiring > 0 {
        drill.outlast_codes().await?;
    }
    drill.end(&started).await?;
    Ok(drill.report)
}

impl Drill {
    async fn start(plan: Plan) -> anyhow::Result<Self> {
        let folder = Folder::temporary()?;
        let carrier = Carrier::start(folder.path(), plan.answer_ms)?;
        let sink = Sink::start().await?;
        let setup = setup(&plan, &carrier, &sink, folder.path())?;
        let server = block_in_place(|| Server::start(&setup))?;
        let api = Api::new(server.address()?, server.live_key())?;
        let journal = Reader::new(carrier.journal());
        let report = Report::default();
        Ok(Drill { plan, carrier, sink, server, api, journal, entries: Vec::new(), report, _folder: folder })
    }

    /// Starts verifications, and breaks one thing after the other meanwhile.
    async fn break_everything(&mut self) -> anyhow::Result<Vec<Started>> {
        let plan = self.plan.clone();
        let count = Count::default();
        let shop = self.open_shop(0..plan.submissions, LIFE_S, &count);
        let faults: Vec<Fault> = (0..plan.rounds).flat_map(|_| Fault::ALL).collect();
        let parts = u64::try_from(faults.len())? + 1;
        for (part, fault) in (1..).zip(faults) {
            let point = plan.submissions * part / parts;
            while count.load(Ordering::Relaxed) < point && !shop.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            self.break_one(fault, &count).await?;
        }
        shop.await?
    }

    fn open_shop(
        &self,
        numbers: std::ops::Range<u64>,
        life_s: u64,
        count: &Count,
    ) -> JoinHandle<anyhow::Result<Vec<Started>>> {
        let starting = start_all(self.api.clone(), numbers, self.plan.per_second, life_s, Arc::clone(count));
        #[expect(clippy::disallowed_methods, reason = "a drill waits for its shop itself")]
        tokio::spawn(starting)
    }

    async fn break_one(&mut self, fault: Fault, count: &AtomicU64) -> anyhow::Result<()> {
        self.read()?;
        let after = count.load(Ordering::Relaxed);
        match fault {
            Fault::Connection => self.carrier.cut()?,
            Fault::Carrier => {
                self.carrier.kill()?;
                tokio::time::sleep(AWAY).await;
                block_in_place(|| self.carrier.restart())?;
            }
            Fault::Server => {
                self.server.kill()?;
                tokio::time::sleep(AWAY).await;
                block_in_place(|| self.server.restart())?;
            }
        }
        let back_ms = clock::unix_ms();
        let flows_after = self.flow(fault, back_ms).await?;
        if flows_after.is_none_or(|after| after > FLOWS_WITHIN) {
            let words = fault.as_str();
            self.report.violations.push(format!("after \"{words}\" messages flowed {flows_after:?} later"));
        }
        self.report.broken.push(Broken { fault, after, flows_after });
        Ok(())
    }

    /// How long it takes until the service centre gets a message by a connection that was made since.
    async fn flow(&mut self, fault: Fault, back_ms: i64) -> anyhow::Result<Option<Duration>> {
        let before = self.entries.last().map(|entry| entry.connection);
        let began = clock::instant();
        while began.elapsed() < PATIENCE {
            let fresh = self.read()?;
            let next = self.entries.iter().rev().take(fresh).rev().find(|entry| {
                // A new process of the service centre counts its connections from the beginning.
                entry.begun_ms >= back_ms && (fault == Fault::Carrier || Some(entry.connection) > before)
            });
            if let Some(entry) = next {
                let after_ms = u64::try_from(entry.begun_ms - back_ms)?;
                return Ok(Some(Duration::from_millis(after_ms)));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(None)
    }

    fn read(&mut self) -> anyhow::Result<usize> {
        let fresh = self.journal.more()?;
        let count = fresh.len();
        self.entries.extend(fresh);
        Ok(count)
    }

    /// Waits until every lease has ended and nothing more comes.
    async fn settle(&mut self) -> anyhow::Result<()> {
        tokio::time::sleep(LEASE + Duration::from_secs(u64::from(SUBMIT_TIMEOUT_S))).await;
        let mut quiet = 0;
        while quiet < 6 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            quiet = if self.read()? == 0 { quiet + 1 } else { 0 };
        }
        Ok(())
    }

    /// The service centre stays away until codes have expired: what comes back must not send them.
    async fn outlast_codes(&mut self) -> anyhow::Result<()> {
        let first = self.plan.submissions;
        self.carrier.kill()?;
        let numbers = first..first + self.plan.expiring;
        let started = self.open_shop(numbers.clone(), SHORT_LIFE_S, &Count::default()).await??;
        let last_ms = started.iter().map(|started| started.expired_ms).max().unwrap_or(0);
        let left_ms = u64::try_from(last_ms - clock::unix_ms()).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(left_ms + 500)).await;
        block_in_place(|| self.carrier.restart())?;
        let back_ms = clock::unix_ms();
        let fresh = self.open_shop(numbers.end..numbers.end + 10, LIFE_S, &Count::default());
        let flows_after = self.flow(Fault::Carrier, back_ms).await?;
        self.report.broken.push(Broken { fault: Fault::Carrier, after: numbers.end, flows_after });
        if flows_after.is_none_or(|after| after > FLOWS_WITHIN) {
            self.report.violations.push(format!("after a long outage messages flowed {flows_after:?} later"));
        }
        fresh.await??;
        self.settle().await?;
        for expired in &started {
            self.report.expired += 1;
            if self.entries.iter().any(|entry| entry.to == expired.phone) {
                self.report.violations.push(format!("I3: {} was submitted after its end", expired.id));
            }
        }
        Ok(())
    }

    async fn end(&mut self, started: &[Started]) -> anyhow::Result<()> {
        let mut ledger = Ledger::new();
        for entry in &self.entries {
            let copy = Copy { begun_ms: entry.begun_ms, text: entry.text.clone() };
            ledger.entry(entry.to.clone()).or_default().push(copy);
        }
        let by_another = self.sink.submissions();
        self.report.by_another = by_another.len();
        for sent in by_another {
            let copy = Copy { begun_ms: sent.begun_ms, text: sent.text };
            ledger.entry(sent.to).or_default().push(copy);
        }
        self.report.started = started.len();
        self.report.by_smpp = self.entries.len();
        let judge = Judge { api: &self.api, ledger: &ledger, routes: self.plan.routes };
        judge.judge(started, &mut self.report).await
    }
}

fn setup(plan: &Plan, carrier: &Carrier, sink: &Sink, parent: &Path) -> anyhow::Result<Setup> {
    // The shop knows one address, whichever process answers there.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    Ok(Setup {
        sinks: match plan.routes {
            Routes::WithAnother => vec![sink.address()],
            Routes::Alone => Vec::new(),
        },
        smsc: Some(carrier.address()),
        smsc_settings: "window = 100\ntiming = { response_ms = 3000 }".to_owned(),
        port: port.context("no port is free")?.port(),
        lease_s: u32::try_from(LEASE.as_secs())?,
        submit_timeout_s: SUBMIT_TIMEOUT_S,
        policy: json!({ "countries": ["GB"], "daily_messages": 10_000_000 }),
        parent: parent.to_owned(),
        ..Setup::with_sink(sink.address())
    })
}
