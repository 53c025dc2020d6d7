//! Takes messages back that nobody needs any more: where a verification has ended or its code was replaced,
//! carriers are asked not to deliver what they still have (SMPP 3.4 §4.9, `cancel_sm`).
//!
//! No promise hangs on it: a carrier may have delivered the message long ago, and may not answer. So nothing waits
//! for it, what finds no place is left out, and each message is asked for once by this process.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::delivery::{Delivery, DeliveryState};
use countersign_core::event::{Event, EventKind, Recalled};
use countersign_core::id::{AppId, DeliveryId, EventId, VerificationId};
use countersign_core::subject::Mode;
use countersign_core::verification::{ReceiptStatus, Verification};
use countersign_delivery::provider::{Provider as _, Reference};
use countersign_delivery::smpp::{RequestError, SmppProvider};
use countersign_store::{AnyStore, Change, Lookup, NodeId, Settlement, Store as _, StoreError};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, Randomness};
use crate::metrics::Metrics;

/// Verifications that may wait.
const QUEUE_LENGTH: usize = 1_024;
/// Verifications that are looked at at a time.
const AT_ONCE: usize = 2;
/// Messages that are known to have been asked for.
const REMEMBERED: usize = 4_096;

/// A verification some of whose messages nobody needs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The app.
    pub app: AppId,
    /// The verification.
    pub verification: VerificationId,
}

impl Recall {
    /// Those that a change ends or gives another code.
    pub fn of(change: &Change) -> Vec<Recall> {
        let ends = |verification: &&Arc<Verification>| {
            verification.mode == Mode::Live
                && verification.deliveries.iter().any(|trace| change.cancellations.contains(&trace.id))
        };
        let recall = |verification: &Arc<Verification>| Recall {
            app: change.subject.app,
            verification: verification.id,
        };
        change.verifications.iter().filter(ends).map(recall).collect()
    }
}

/// Takes verifications from commits. Without a carrier that takes messages back it takes none.
#[derive(Clone)]
pub struct Recalls(Option<mpsc::Sender<Recall>>);

impl Recalls {
    /// Those for these providers, and the end that the worker takes from.
    pub fn new(providers: &[SmppProvider]) -> (Self, Option<mpsc::Receiver<Recall>>) {
        if !providers.iter().any(SmppProvider::cancels) {
            return (Recalls(None), None);
        }
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH);
        (Recalls(Some(queue)), Some(waiting))
    }

    /// Whether anybody takes them.
    pub const fn are_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Asks for one, if there is room.
    pub fn ask(&self, recall: Recall) {
        if let Some(queue) = &self.0 {
            // Without room the message is delivered, and its code is refused.
            let _ = queue.try_send(recall);
        }
    }
}

/// What the worker needs.
pub struct RecallParts {
    /// The store.
    pub store: Arc<AnyStore>,
    /// Carriers.
    pub providers: Vec<SmppProvider>,
    /// The time.
    pub clock: Clock,
    /// The randomness.
    pub randomness: Randomness,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// This process.
    pub node: NodeId,
}

struct Worker {
    parts: RecallParts,
    by_name: HashMap<String, SmppProvider>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    known: HashSet<DeliveryId>,
    oldest_first: VecDeque<DeliveryId>,
}

impl Asked {
    /// Whether it is the first time.
    fn is_new(&mut self, delivery: DeliveryId) -> bool {
        if !self.known.insert(delivery) {
            return false;
        }
        self.oldest_first.push_back(delivery);
        if self.oldest_first.len() > REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// Takes messages back until `stop`.
pub async fn run(
    parts: RecallParts,
    mut waiting: mpsc::Receiver<Recall>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let carriers = parts.providers.iter().filter(|provider| provider.cancels());
    let by_name = carriers.map(|provider| (provider.name().to_string(), provider.clone())).collect();
    let worker = Arc::new(Worker { parts, by_name, asked: Mutex::default() });
    let free = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(Some(recall)) = stop.run_until_cancelled(waiting.recv()).await {
        let Ok(place) = Arc::clone(&free).acquire_owned().await else { return };
        let (worker, stop) = (Arc::clone(&worker), stop.clone());
        tasks.spawn(async move {
            // A shutdown does not wait for carriers.
            if let Some(Err(error)) = stop.run_until_cancelled(worker.take_back(recall)).await {
                tracing::warn!(verification = %recall.verification, %error, "messages cannot be taken back");
            }
            drop(place);
        });
    }
}

impl Worker {
    async fn take_back(&self, Recall { app, verification }: Recall) -> Result<(), StoreError> {
        let loaded = self.parts.store.load(Lookup::Verification(app, verification)).await?;
        let Some(verification) = loaded.and_then(|loaded| loaded.subject.shared(verification).cloned())
        else {
            return Ok(());
        };
        for trace in &verification.deliveries {
            if matches!(trace.receipt, Some(ReceiptStatus::Delivered | ReceiptStatus::Failed)) {
                continue;
            }
            let Some(delivery) = self.parts.store.delivery(trace.id).await? else { continue };
            if let Some((provider, id)) = self.carrier(&verification, &delivery) {
                self.ask(provider, &delivery, &id).await?;
            }
        }
        Ok(())
    }

    /// Who has the message and may be asked for it, and the id that it has there.
    fn carrier(
        &self,
        verification: &Verification,
        delivery: &Delivery,
    ) -> Option<(&SmppProvider, Reference)> {
        let is_there = delivery.state == DeliveryState::Accepted && !verification.wants(delivery.kind);
        // From then on the carrier drops it by itself: its validity was the code's life.
        let lives = delivery.expires_at > self.parts.clock.now();
        let provider = self.by_name.get(delivery.provider.as_deref()?)?;
        let id = Reference::try_from(delivery.reference.clone()?).ok()?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        (is_there && lives && asked.is_new(delivery.id)).then_some((provider, id))
    }

    async fn ask(
        &self,
        provider: &SmppProvider,
        delivery: &Delivery,
        id: &Reference,
    ) -> Result<(), StoreError> {
        let result = match provider.take_back(delivery.id, id).await {
            Ok(()) => Recalled::TakenBack,
            Err(RequestError::Refused(_)) => Recalled::Refused,
            Err(RequestError::Unknown(_)) => Recalled::Unanswered,
            Err(RequestError::NotWritten(_)) => Recalled::NotAsked,
        };
        let name = provider.name().to_string();
        self.parts.metrics.recall(&name, result.as_str());
        let now = self.parts.clock.now();
        let kind = EventKind::DeliveryRecalled { delivery: delivery.id, provider: name, result };
        let event = Event {
            id: EventId::new(now, delivery.id.partition(), &mut self.parts.randomness.entropy()),
            app: delivery.app,
            verification: delivery.verification,
            at: now,
            kind,
        };
        // It has no lease, so that only the event is written: a copy that was taken back was accepted all the same.
        let settlement = Settlement {
            id: delivery.id,
            node: self.parts.node,
            state: DeliveryState::Canceled,
            provider: None,
            reference: None,
            submissions: delivery.submissions,
            unknowns: delivery.unknowns,
            events: vec![event],
        };
        self.parts.store.settle(vec![settlement]).await.map(drop)
    }
}
