//! The simulated phone: shows in memory what a real phone would have received.
//!
//! It stands in for a carrier in development and test mode, so it can misbehave as one: lose, refuse
//! to deliver, delay, duplicate. It keeps numbers and codes in clear, in memory only.

mod autofill;
mod behaviour;
mod carrier;
mod inbox;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::id::DeliveryId;
use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use countersign_core::verification::{Channel, ReceiptStatus};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::provider::{Outgoing, Provider, ProviderKind, ProviderName, Reference, Submission};
use crate::receipt::{CarrierReceipt, Receipt, ReceiptReason};

pub use autofill::Autofill;
pub use behaviour::{Behaviour, Fate, InvalidBehaviour, Scope, TooManyNumbers};
pub use carrier::Condition;
pub use inbox::{InboxMessage, InboxSummary};

use behaviour::Behaviours;
use carrier::Carriers;
use inbox::Inboxes;

/// How much the simulated phone keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatedLimits {
    /// Numbers with an inbox; a new one replaces that which has been quiet longest.
    pub numbers: usize,
    /// Messages in an inbox; a new one replaces the oldest.
    pub messages_per_number: usize,
    /// Messages that wait for their delay; more are throttled.
    pub delayed: usize,
    /// Messages that a live view may fall behind before it misses some.
    pub live_backlog: usize,
}

impl Default for SimulatedLimits {
    /// 200 numbers of 50 messages: some 5 MB at worst.
    fn default() -> Self {
        SimulatedLimits { numbers: 200, messages_per_number: 50, delayed: 1000, live_backlog: 256 }
    }
}

/// What the simulated phone runs on.
#[derive(Clone, Debug)]
pub struct SimulatedRuntime {
    /// Delayed messages wait on it.
    pub tasks: TaskTracker,
    /// Ends all waits at once; what was delayed is lost then.
    pub shutdown: CancellationToken,
    /// Where receipts go. When it is full, a receipt is dropped, as carriers do; see
    /// [`SimulatedPhone::receipts_dropped`].
    pub receipts: mpsc::Sender<CarrierReceipt>,
}

/// The simulated phone. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct SimulatedPhone {
    name: ProviderName,
    inner: Arc<Inner>,
}

struct Inner {
    runtime: SimulatedRuntime,
    inboxes: Mutex<Inboxes>,
    behaviours: Mutex<Behaviours>,
    carriers: Mutex<Carriers>,
    live: broadcast::Sender<Arc<InboxMessage>>,
    waiting: Arc<Semaphore>,
    submissions: AtomicU64,
    receipts_dropped: AtomicU64,
}

/// How long a carrier that hangs keeps its client waiting at most.
const HANG: Duration = Duration::from_secs(60);

/// What a delayed message is until it arrives.
struct Parcel {
    message: InboxMessage,
    delivery: DeliveryId,
    expires_at: Timestamp,
    behaviour: Behaviour,
}

impl SimulatedPhone {
    /// A phone with empty inboxes that behaves well. Limits below one count as one.
    pub fn new(name: ProviderName, limits: SimulatedLimits, runtime: SimulatedRuntime) -> Self {
        let (live, _) = broadcast::channel(limits.live_backlog.max(1));
        let mut carriers = Carriers::default();
        carriers.add(name.clone());
        SimulatedPhone {
            name,
            inner: Arc::new(Inner {
                runtime,
                inboxes: Mutex::new(Inboxes::new(limits.numbers, limits.messages_per_number)),
                behaviours: Mutex::new(Behaviours::new(limits.numbers)),
                carriers: Mutex::new(carriers),
                live,
                waiting: Arc::new(Semaphore::new(limits.delayed.max(1))),
                submissions: AtomicU64::new(0),
                receipts_dropped: AtomicU64::new(0),
            }),
        }
    }

    /// The same phone behind another carrier, for a route that names it.
    #[must_use]
    pub fn named(&self, name: ProviderName) -> Self {
        locked(&self.inner.carriers).add(name.clone());
        SimulatedPhone { name, inner: Arc::clone(&self.inner) }
    }

    /// The messages of one number, oldest first.
    pub fn inbox(&self, number: &E164) -> Vec<Arc<InboxMessage>> {
        locked(&self.inner.inboxes).of(number)
    }

    /// The numbers that received something, the latest first.
    pub fn numbers(&self) -> Vec<InboxSummary> {
        locked(&self.inner.inboxes).summaries()
    }

    /// Every message from now on, as it arrives. A reader that falls behind by more than
    /// [`SimulatedLimits::live_backlog`] is told so and reads the inbox again.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<InboxMessage>> {
        self.inner.live.subscribe()
    }

    /// Sets how messages fare, for one number or for all that have no behaviour of their own.
    pub fn set_behaviour(&self, scope: Scope<'_>, behaviour: Behaviour) -> Result<(), TooManyNumbers> {
        locked(&self.inner.behaviours).set(scope, behaviour)
    }

    /// Forgets a number's own behaviour, or makes the general one good again.
    pub fn reset_behaviour(&self, scope: Scope<'_>) {
        locked(&self.inner.behaviours).reset(scope);
    }

    /// How a message to a number would fare now; for [`Scope::Everyone`] one without its own behaviour.
    pub fn behaviour(&self, scope: Scope<'_>) -> Behaviour {
        locked(&self.inner.behaviours).effective(scope)
    }

    /// The carriers in front of it, and how each is.
    pub fn carriers(&self) -> Vec<(ProviderName, Condition)> {
        locked(&self.inner.carriers).all()
    }

    /// Breaks a carrier, or mends it. Whether there is one of this name.
    pub fn set_condition(&self, carrier: &ProviderName, condition: Condition) -> bool {
        locked(&self.inner.carriers).set(carrier, condition)
    }

    /// Receipts that nobody had room for.
    pub fn receipts_dropped(&self) -> u64 {
        self.inner.receipts_dropped.load(Ordering::Relaxed)
    }

    /// Keeps the parcel waiting for its delay, or says that there is no room to wait.
    fn delay(&self, parcel: Parcel, permit: OwnedSemaphorePermit) {
        let phone = self.clone();
        self.inner.runtime.tasks.spawn(async move {
            let delay = parcel.behaviour.delay();
            tokio::select! {
                () = tokio::time::sleep(delay) => phone.settle(parcel),
                () = phone.inner.runtime.shutdown.cancelled() => {}
            }
            drop(permit);
        });
    }

    /// What a carrier answers that takes no message.
    async fn refusal(&self, condition: Condition) -> Option<Submission> {
        match condition {
            Condition::Unreachable => Some(Submission::NotWritten { reason: "simulated_unreachable".into() }),
            Condition::Refuses => Some(Submission::permanent("simulated_refusal")),
            Condition::Throttles => Some(Submission::Throttled { retry_after: Some(Duration::from_secs(1)) }),
            Condition::Hangs => {
                // Whoever submits has less patience than this and gives up first.
                let _ = tokio::time::timeout(HANG, self.inner.runtime.shutdown.cancelled()).await;
                Some(Submission::Unknown { reason: "simulated_hang".into() })
            }
            Condition::Works | Condition::Silent | Condition::Fails | Condition::Lies => None,
        }
    }

    /// What happens at the far end.
    fn settle(&self, parcel: Parcel) {
        let Parcel { message, delivery, expires_at, behaviour } = parcel;
        if message.received_at >= expires_at {
            return self.report(delivery, ReceiptStatus::Failed, Some("validity_expired"));
        }
        match behaviour.fate() {
            Fate::Lose => {}
            Fate::Lie => self.report(delivery, ReceiptStatus::Delivered, None),
            Fate::Fail => self.report(delivery, ReceiptStatus::Failed, Some("simulated_failure")),
            Fate::Deliver => {
                for _ in 0..behaviour.copies() {
                    self.arrive(message.clone());
                }
                self.report(delivery, ReceiptStatus::Delivered, None);
            }
        }
    }

    fn arrive(&self, message: InboxMessage) {
        let mut inboxes = locked(&self.inner.inboxes);
        let message = inboxes.add(message);
        // Under the lock, so that a live view sees the order of the inbox. That nobody looks is no error.
        let _ = self.inner.live.send(message);
    }

    fn report(&self, delivery: DeliveryId, status: ReceiptStatus, reason: Option<&'static str>) {
        let receipt = Receipt { delivery, status, reason: reason.map(ReceiptReason::from_static) };
        let receipt = CarrierReceipt::of(self.name.clone(), receipt);
        if self.inner.runtime.receipts.try_send(receipt).is_err() {
            self.inner.receipts_dropped.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(%delivery, "dropped a receipt of the simulated phone: nobody had room for it");
        }
    }
}

impl Provider for SimulatedPhone {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn kind(&self) -> ProviderKind {
        ProviderKind::Simulated
    }

    /// All of them: it shows what would have gone out.
    fn carries(&self, _: Channel) -> bool {
        true
    }

    async fn submit(&self, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        if message.expires_at <= now {
            return Submission::permanent("expired");
        }
        let condition = locked(&self.inner.carriers).condition(&self.name);
        if let Some(refused) = self.refusal(condition).await {
            return refused;
        }
        let behaviour = match condition {
            Condition::Silent => Behaviour::fated(Fate::Lose),
            Condition::Fails => Behaviour::fated(Fate::Fail),
            Condition::Lies => Behaviour::fated(Fate::Lie),
            _ => self.behaviour(Scope::Number(message.to)),
        };
        let parcel = Parcel {
            message: InboxMessage::of(message, now.plus(behaviour.delay())),
            delivery: message.delivery,
            expires_at: message.expires_at,
            behaviour,
        };
        if behaviour.delay().is_zero() {
            self.settle(parcel);
        } else {
            let Ok(permit) = Arc::clone(&self.inner.waiting).try_acquire_owned() else {
                return Submission::Throttled { retry_after: Some(Duration::from_secs(1)) };
            };
            self.delay(parcel, permit);
        }
        let number = self.inner.submissions.fetch_add(1, Ordering::Relaxed) + 1;
        Submission::Accepted { reference: Reference::try_from(format!("sim-{number}")).ok() }
    }
}

impl fmt::Debug for SimulatedPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedPhone").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A panic elsewhere leaves nothing half done in what these locks guard.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
