//! Runs commands on subjects: load, step, commit, and only then answer.
//!
//! Commands of one partition wait in one lane and run one after another, so that those of one
//! subject step together in one commit instead of fighting over it. Lanes are no lock: another node
//! may commit in between, and then the store says so and the lane loads and steps again (design 6,
//! Contention).

mod commit;
mod guesses;
mod lane;
mod recent;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use countersign_core::challenge::OpenChallenge;
use countersign_core::delivery::{Delivery, DeliveryState};
use countersign_core::event::Event;
use countersign_core::id::{AppId, DeliveryId, Partition, VerificationId};
use countersign_core::keyring::{KeyError, Keyring};
use countersign_core::limit::Exceeded;
use countersign_core::phone::E164;
use countersign_core::quota::Quota;
use countersign_core::step::{Command, Context, Effect, Outcome, step};
use countersign_core::subject::{Mode, Subject, SubjectKey};
use countersign_core::verification::Verification;
use countersign_store::{AnyStore, Lookup, NodeId, Settlement, Store as _, StoreError};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, Randomness};
use crate::funnel::Funnel;
use crate::guard::{Guards, Permit};
use crate::metrics::Metrics;
use crate::routing::Routing;
use crate::tenant::App;
use crate::worker::outbox::Outbox;
use crate::worker::providers::Feedback;
use crate::worker::recall::Recalls;

use lane::Lane;
use recent::Recent;

/// Commands that wait for one partition at most.
const MAX_WAITING: usize = 1024;
/// Loads and commits before a command is given up with nothing counted (design 6).
const MAX_TRIES: u32 = 16;

/// Runs commands on subjects.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Arc<AnyStore>,
    keyring: RwLock<Arc<Keyring>>,
    clock: Clock,
    randomness: Randomness,
    metrics: Arc<Metrics>,
    outbox: Outbox,
    recalls: Recalls,
    routing: Arc<Routing>,
    funnel: Arc<Funnel>,
    guards: Arc<Guards>,
    feedback: Feedback,
    node: NodeId,
    lease: Duration,
    tasks: TaskTracker,
    lanes: Mutex<HashMap<(AppId, Partition), Lane>>,
    recent: Recent,
}

/// What an engine is built from.
pub struct EngineParts {
    /// The store.
    pub store: Arc<AnyStore>,
    /// The keys.
    pub keyring: Arc<Keyring>,
    /// The time.
    pub clock: Clock,
    /// The randomness.
    pub randomness: Randomness,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// Takes what must be sent.
    pub outbox: Outbox,
    /// Takes messages back that nobody needs any more.
    pub recalls: Recalls,
    /// Learns from what is committed.
    pub routing: Arc<Routing>,
    /// Counts how far customers come.
    pub funnel: Arc<Funnel>,
    /// Learn from what is committed.
    pub guards: Arc<Guards>,
    /// Whether carriers are told what became of codes.
    pub feedback: Feedback,
    /// This process.
    pub node: NodeId,
    /// How long a delivery is this node's.
    pub lease: Duration,
    /// Where lanes run.
    pub tasks: TaskTracker,
}

/// A command and whom it concerns.
pub struct Job {
    /// The app.
    pub app: Arc<App>,
    /// Where its subject is found.
    pub target: Target,
    /// The command.
    pub command: Command,
    /// What the guard allowed it to send. A command of a test key, or one that sends nothing, needs none.
    pub permit: Option<Permit>,
}

/// What a command would come to.
pub struct Rehearsal {
    /// Its outcome.
    pub outcome: Outcome,
    /// Its subject as it would become.
    pub subject: Subject,
    /// The message that it would send.
    pub sends: Option<Delivery>,
    /// The challenge that stood before it, where the command solves one.
    pub solved: Option<OpenChallenge>,
}

/// Where a command's subject is found.
#[derive(Clone)]
pub enum Target {
    /// By its phone: a start needs the number itself, for limits that cross apps.
    Phone(SubjectKey, E164),
    /// By its phone, for what needs no number.
    Subject(SubjectKey),
    /// By one of its verifications.
    Verification(VerificationId),
    /// By one of its verifications, for a caller who sees those of one mode only: a key of the other
    /// mode must not even learn that it exists.
    Own(VerificationId, Mode),
}

impl Job {
    /// The same, without what the guard allowed.
    #[must_use]
    pub fn unadmitted(&self) -> Job {
        let (app, target) = (Arc::clone(&self.app), self.target.clone());
        Job { app, target, command: self.command.clone(), permit: None }
    }

    /// The phone, where the command brings it.
    pub const fn phone(&self) -> Option<&E164> {
        match &self.target {
            Target::Phone(_, phone) => Some(phone),
            Target::Subject(_) | Target::Verification(_) | Target::Own(..) => None,
        }
    }

    fn lookup(&self) -> Lookup {
        match &self.target {
            Target::Phone(key, _) | Target::Subject(key) => Lookup::Subject(self.app.id, *key),
            Target::Verification(id) | Target::Own(id, _) => Lookup::Verification(self.app.id, *id),
        }
    }

    fn partition(&self) -> Partition {
        match &self.target {
            Target::Phone(key, _) | Target::Subject(key) => key.partition(),
            Target::Verification(id) | Target::Own(id, _) => id.partition(),
        }
    }

    /// The verification that a start may have made before, when it can be the retry of one.
    fn retried(&self) -> Option<VerificationId> {
        match &self.command {
            Command::Start(start) => start.command.map(|_| start.verification),
            _ => None,
        }
    }

    /// Whether `subject`, as it was loaded, has all that this command may need.
    fn concerns(&self, subject: &Subject) -> bool {
        match &self.target {
            Target::Phone(key, _) | Target::Subject(key) => {
                *key == subject.key && self.retried().is_none_or(|id| subject.verification(id).is_some())
            }
            Target::Verification(id) => subject.verification(*id).is_some(),
            Target::Own(id, mode) => subject.verification(*id).is_some_and(|known| known.mode == *mode),
        }
    }

    fn named(&self) -> Option<VerificationId> {
        match &self.command {
            Command::Start(start) => Some(start.verification),
            Command::Recover(recover) => Some(recover.verification),
            Command::Resend(resend) => Some(resend.verification),
            Command::Solve(solve) => Some(solve.verification),
            Command::Check(check) => Some(check.verification),
            Command::Cancel(id) | Command::Report(id) => Some(*id),
            Command::Advance(advance) => Some(advance.verification),
            Command::Receipt(receipt) => Some(receipt.verification),
            Command::Overdue(overdue) => Some(overdue.verification),
            Command::Redeem(redeem) => Some(redeem.verification),
            Command::Expire | Command::Rebind | Command::SetNumber(_) | Command::Recognize(_) => None,
        }
    }
}

/// What a command came to, committed.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The outcome.
    pub outcome: Outcome,
    /// The verification that it is about, as it is now.
    pub verification: Option<Arc<Verification>>,
    /// Of a start or resend: what is left of the limits on messages to its phone.
    pub quotas: Vec<Quota>,
}

/// Why a command has no outcome. Nothing was changed or counted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// A limit that crosses phones did not hold.
    #[error("the limit {} has no room", .0.rule.as_str())]
    Exceeded(Exceeded),
    /// It would send what the guard was not asked about.
    #[error("the guard was not asked about this message")]
    NotAdmitted,
    /// Too many commands for the same phone at once.
    #[error("too many requests for the same phone at once")]
    Busy,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key is missing.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Engine {
    /// An engine.
    pub fn new(parts: EngineParts) -> Self {
        Engine(Arc::new(Inner {
            store: parts.store,
            keyring: RwLock::new(parts.keyring),
            clock: parts.clock,
            randomness: parts.randomness,
            metrics: parts.metrics,
            outbox: parts.outbox,
            recalls: parts.recalls,
            routing: parts.routing,
            funnel: parts.funnel,
            guards: parts.guards,
            feedback: parts.feedback,
            node: parts.node,
            lease: parts.lease,
            tasks: parts.tasks,
            lanes: Mutex::default(),
            recent: Recent::default(),
        }))
    }

    /// The keys now.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.0.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses other keys from now on.
    pub fn replace_keyring(&self, keyring: Keyring) {
        *self.0.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
    }

    /// What a command would come to now. Nothing is written or counted, so it may come out otherwise when it
    /// runs; nothing, where its subject is not there.
    pub async fn rehearse(&self, job: &Job) -> Result<Option<Rehearsal>, EngineError> {
        let Some(loaded) = self.load(job).await? else { return Ok(None) };
        let keyring = self.keyring();
        let context = Context {
            now: self.0.clock.now(),
            policy: &job.app.policy,
            keyring: &keyring,
            entropy: self.0.randomness.entropy(),
            guesses: self.start_terms(job, &keyring),
        };
        let step = step(&loaded.subject, &job.command, context)?;
        let solved = match &job.command {
            Command::Solve(solve) => loaded.subject.verification(solve.verification),
            _ => None,
        };
        let solved = solved.and_then(Verification::challenge);
        let sends = step.effects.into_iter().find_map(|effect| match effect {
            Effect::Send(delivery) if matches!(delivery.state, DeliveryState::Due { .. }) => Some(delivery),
            _ => None,
        });
        Ok(Some(Rehearsal { outcome: step.outcome, subject: step.subject, sends, solved }))
    }

    /// Records a fact that is of no subject, such as a decision: on the timeline of its own id.
    pub async fn record(&self, event: Event) -> Result<(), EngineError> {
        self.0.metrics.event(&event.kind);
        // A store keeps the events of a settlement whatever became of its delivery; this one is of no delivery.
        let id = DeliveryId::new(event.at, event.verification.partition(), &mut self.0.randomness.entropy());
        let settlement = Settlement {
            id,
            node: self.0.node,
            state: DeliveryState::Canceled,
            provider: None,
            reference: None,
            submissions: 0,
            unknowns: 0,
            events: vec![event],
        };
        self.0.store.settle(vec![settlement]).await?;
        Ok(())
    }

    /// Runs one command. Goes on to its end even if the caller stops waiting: a client that hangs up
    /// must not leave a half-made decision.
    pub async fn run(&self, job: Job) -> Result<Answer, EngineError> {
        let (answer, answered) = oneshot::channel();
        let key = (job.app.id, job.partition());
        {
            let mut lanes = self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            match lanes.get_mut(&key) {
                Some(lane) if lane.waiting() >= MAX_WAITING => return Err(EngineError::Busy),
                Some(lane) => lane.push(job, answer),
                None => {
                    lanes.insert(key, Lane::of(job, answer));
                    let engine = self.clone();
                    self.0.tasks.spawn(async move { engine.run_lane(key).await });
                }
            }
        }
        answered.await.unwrap_or(Err(EngineError::Busy))
    }
}
