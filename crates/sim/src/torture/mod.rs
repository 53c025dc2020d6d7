//! `kill -9` under load, again and again, and a shop that remembers everything it was told.
//!
//! Every request of a story has an `Idempotency-Key` and, because a story asks one thing after
//! another, exactly one right outcome. Whatever got no answer is asked again after the restart and
//! must come to that outcome, whether it had happened before the kill or not.

mod afterwards;
pub(crate) mod random;
mod resolve;
mod story;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::clock;
use crate::server::{Server, Setup};
use crate::sink::{Behaviour, Body, Cut, Garbage, RetryAfter, Sink};
pub use random::Random;
pub use story::Story;

/// What a run does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How often the server is killed.
    pub kills: u32,
    /// How long it is loaded before each kill, at least.
    pub load: Duration,
    /// Customers at a time.
    pub customers: u32,
    /// Where chance begins; the same seed draws the same, though threads run as they like.
    pub seed: u64,
}

/// The lease of the server under torture: the shortest that it allows.
pub const LEASE: Duration = Duration::from_secs(5);
/// How long a provider may take: the shortest that the server allows.
const SUBMIT_TIMEOUT_S: u32 = 1;
/// Between the beginning of a submission and its arrival in a busy machine's ledger.
const SLACK_MS: i64 = 1000;
/// How long the last load takes, which no kill ends.
const LAST_LOAD: Duration = Duration::from_secs(4);

/// What happened.
#[derive(Debug, Default)]
pub struct Report {
    /// Verifications that were answered 201, at once or when asked again.
    pub started: u64,
    /// Verifications that were approved.
    pub approved: u64,
    /// Proofs that were redeemed.
    pub redeemed: u64,
    /// Requests whose answer was lost to a kill or a cut connection, and which were asked again:
    /// starts, checks, redeems.
    pub repeated: [u64; 3],
    /// Messages that reached the carrier.
    pub submissions: u64,
    /// Deliveries that reached it more than once.
    pub copied_deliveries: u64,
    /// Unknowns in the timelines of those.
    pub unknowns: u64,
    /// Verifications that time ended while their messages were still being tried.
    pub expired: u64,
    /// What must never happen.
    pub violations: Vec<String>,
}

struct Run {
    plan: Plan,
    sink: Arc<Sink>,
    stories: Vec<Story>,
    /// When each process was started, Unix milliseconds.
    restarts_ms: Vec<i64>,
    report: Report,
}

/// Runs the plan. An error is a failure of the tools or of the server to start; what the server did
/// wrong is in [`Report::violations`].
pub async fn run(plan: Plan) -> anyhow::Result<Report> {
    let sink = Arc::new(Sink::start().await?);
    let mut faults = Random::new(plan.seed);
    sink.behave_by(move |_| fault(&mut faults));
    let setup = Setup {
        // Two routes to the same carrier, so that a submission in doubt is tried by the other.
        sinks: vec![sink.address(), sink.address()],
        lease_s: u32::try_from(LEASE.as_secs())?,
        submit_timeout_s: SUBMIT_TIMEOUT_S,
        policy: json!({
            "countries": ["GB"],
            "daily_messages": 10_000_000,
            "phone_limits": { "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 },
        }),
        ..Setup::with_sink(sink.address())
    };
    let mut server = tokio::task::block_in_place(|| Server::start(&setup))?;
    let mut run = Run {
        plan: plan.clone(),
        sink,
        stories: Vec::new(),
        restarts_ms: vec![clock::unix_ms()],
        report: Report::default(),
    };
    for kill in 0..plan.kills {
        run.round(&mut server, kill).await?;
    }
    run.last_round(&server).await?;
    run.end(&server).await?;
    Ok(run.report)
}

/// How customers type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Most at once.
    Mixed,
    /// None at once.
    Slow,
}

/// Customers who are being served.
struct Customers {
    running: JoinSet<Vec<Story>>,
    stop: Arc<AtomicBool>,
}

impl Customers {
    /// Lets no more in and waits for the rest.
    async fn close(mut self) -> anyhow::Result<Vec<Story>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        while let Some(stories) = self.running.join_next().await {
            all.extend(stories?);
        }
        Ok(all)
    }
}

fn fault(random: &mut Random) -> Behaviour {
    match random.below(100) {
        0..72 => Behaviour::Accept,
        72..78 => Behaviour::Unavailable,
        78..81 => Behaviour::Throttle(RetryAfter::Seconds(1)),
        81..87 => Behaviour::AcceptAfter(Duration::from_millis(random.below(800))),
        87..90 => Behaviour::AcceptAfter(Duration::from_millis(1500)),
        90..93 => Behaviour::Cut(Cut::Unanswered),
        93..95 => Behaviour::Cut(Cut::InStatus),
        95..97 => Behaviour::Garbage(Garbage::OtherProtocol),
        97 => Behaviour::Answer(200, Body::Endless),
        _ => Behaviour::Hang,
    }
}

impl Run {
    async fn round(&mut self, server: &mut Server, kill: u32) -> anyhow::Result<()> {
        let customers = self.open(server, kill, Pace::Mixed)?;
        let mut random = Random::new(self.plan.seed.wrapping_add(u64::from(kill)));
        tokio::time::sleep(self.plan.load + Duration::from_millis(random.below(300))).await;
        tokio::task::block_in_place(|| server.kill())?;
        let fresh = customers.close().await?;
        self.restarts_ms.push(clock::unix_ms());
        tokio::task::block_in_place(|| server.restart()).context("after a kill")?;
        self.take(server, fresh).await
    }

    /// Load without a kill: a process that lives long can send late, too. Slow customers are done while
    /// their messages are tried again.
    async fn last_round(&mut self, server: &Server) -> anyhow::Result<()> {
        let customers = self.open(server, self.plan.kills, Pace::Slow)?;
        tokio::time::sleep(LAST_LOAD).await;
        let fresh = customers.close().await?;
        self.take(server, fresh).await
    }

    fn open(&self, server: &Server, round: u32, pace: Pace) -> anyhow::Result<Customers> {
        let api = Api::new(server.address()?, server.live_key())?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        let customers = self.plan.customers * if pace == Pace::Slow { 6 } else { 1 };
        for customer in 0..customers {
            let seed = self.plan.seed ^ (u64::from(round) << 32) ^ (u64::from(customer) << 8);
            let desk = story::Desk {
                api: api.clone(),
                sink: Arc::clone(&self.sink),
                random: Random::new(seed),
                stop: Arc::clone(&stop),
                pace,
            };
            running.spawn(desk.serve());
        }
        Ok(Customers { running, stop })
    }

    /// Holds fresh stories against the server as it is now, and keeps them.
    async fn take(&mut self, server: &Server, fresh: Vec<Story>) -> anyhow::Result<()> {
        let api = Api::new(server.address()?, server.live_key())?;
        let fresh = self.for_each(fresh, move |story| story.resolve(api.clone())).await?;
        self.stories.extend(fresh);
        Ok(())
    }

    /// When all leases have ended: the stories once more, and what reached the carrier.
    async fn end(&mut self, server: &Server) -> anyhow::Result<()> {
        let api = Api::new(server.address()?, server.live_key())?;
        tokio::time::sleep(self.until_settled()).await;
        let context = Arc::new(afterwards::Context {
            sink: Arc::clone(&self.sink),
            restarts_ms: self.restarts_ms.clone(),
        });
        let stories = std::mem::take(&mut self.stories);
        self.stories =
            self.for_each(stories, move |story| story.look_back(api.clone(), Arc::clone(&context))).await?;
        self.report.submissions = u64::try_from(self.sink.submissions().len())?;
        for forged in self.sink.forged() {
            self.report.violations.push(format!("a submission that is not genuine: {forged}"));
        }
        for story in &self.stories {
            story.count_into(&mut self.report);
        }
        Ok(())
    }

    /// Until every lease has ended, and until the first codes that nobody received have expired.
    fn until_settled(&self) -> Duration {
        let leases = LEASE + Duration::from_secs(u64::from(SUBMIT_TIMEOUT_S) + 2);
        let first = self.stories.iter().filter_map(Story::expires_ms).min();
        let left_ms = first.map_or(0, |expires| expires - clock::unix_ms()).max(0).unsigned_abs();
        leases.max(Duration::from_millis(left_ms) + LEASE + Duration::from_secs(2))
    }

    /// Does something with every story, a few at a time.
    async fn for_each<F>(
        &self,
        stories: Vec<Story>,
        work: impl Fn(Story) -> F + Clone + Send + 'static,
    ) -> anyhow::Result<Vec<Story>>
    where
        F: Future<Output = Story> + Send + 'static,
    {
        let width = usize::try_from(self.plan.customers)?.max(1);
        let mut lots: Vec<Vec<Story>> = (0..width).map(|_| Vec::new()).collect();
        for (number, story) in stories.into_iter().enumerate() {
            if let Some(lot) = lots.get_mut(number % width) {
                lot.push(story);
            }
        }
        let mut running = JoinSet::new();
        for lot in lots {
            let work = work.clone();
            running.spawn(async move {
                let mut done = Vec::with_capacity(lot.len());
                for story in lot {
                    done.push(work(story).await);
                }
                done
            });
        }
        let mut all = Vec::new();
        while let Some(done) = running.join_next().await {
            all.extend(done?);
        }
        Ok(all)
    }
}

/// A number that no other story of this process has.
fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
