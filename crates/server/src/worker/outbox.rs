//! The way from a commit to the senders of this node.
//!
//! The commit that decides to send writes the delivery with a lease for this node and hands it over
//! here at once. Places are bounded and taken *before* the commit: without one the delivery is
//! written without a lease, and whoever is free first takes it (design 2, outbox).

use std::sync::Arc;

use countersign_core::delivery::Delivery;
use countersign_core::verification::Verification;
use countersign_store::Lease;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::send::Sender;
use crate::metrics::Metrics;
use crate::tenant::App;

/// Messages that may wait for a free sender.
const QUEUE_LENGTH: usize = 1024;

/// A delivery that is this node's to send, with all that sending needs.
pub struct Ready {
    /// The app.
    pub app: Arc<App>,
    /// The verification as it was committed or loaded under the lease.
    pub verification: Arc<Verification>,
    /// The delivery.
    pub delivery: Delivery,
    /// The right to send it.
    pub lease: Lease,
}

/// Takes deliveries from commits.
#[derive(Clone)]
pub struct Outbox {
    queue: mpsc::Sender<Handed>,
    metrics: Arc<Metrics>,
    telling: Arc<Semaphore>,
}

/// What senders take from.
pub struct Waiting {
    queue: mpsc::Receiver<Handed>,
    telling: Arc<Semaphore>,
}

enum Handed {
    Message(Ready),
    Feedback(Ready, Turn),
}

/// The right to tell one verification's providers what became of its codes.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// Room for one delivery.
pub struct Place {
    permit: mpsc::OwnedPermit<Handed>,
    metrics: Arc<Metrics>,
}

impl Outbox {
    /// An outbox for `concurrency` submissions at a time, and the end that senders take from.
    pub fn new(metrics: Arc<Metrics>, concurrency: usize) -> (Self, Waiting) {
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH);
        // A vendor that is slow to hear of its successes must not hold up codes.
        let telling = Arc::new(Semaphore::new((concurrency / 8).max(1)));
        let outbox = Outbox { queue, metrics, telling: Arc::clone(&telling) };
        (outbox, Waiting { queue: waiting, telling })
    }

    /// The turns to give feedback that are free now, up to `most`.
    pub fn turns(&self, most: usize) -> Vec<Turn> {
        let free =
            || Arc::clone(&self.telling).try_acquire_owned().ok().map(|permit| Turn { _permit: permit });
        std::iter::from_fn(free).take(most).collect()
    }

    /// Room for one delivery, if there is any.
    pub fn reserve(&self) -> Option<Place> {
        let permit = self.queue.clone().try_reserve_owned().ok()?;
        Some(Place { permit, metrics: Arc::clone(&self.metrics) })
    }
}

impl Place {
    /// Hands a message over.
    pub fn send(self, ready: Ready) {
        self.hand_over(Handed::Message(ready));
    }

    /// Hands feedback over.
    pub fn tell(self, ready: Ready, turn: Turn) {
        self.hand_over(Handed::Feedback(ready, turn));
    }

    fn hand_over(self, handed: Handed) {
        self.metrics.outbox_waits(1);
        self.permit.send(handed);
    }
}

/// Sends what comes, up to `concurrency` at a time, until the queue closes or `stop` is called; what
/// waits then is left to its lease.
pub async fn run(
    sender: Sender,
    mut waiting: Waiting,
    concurrency: usize,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(concurrency));
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => None,
            next = waiting.queue.recv() => next,
        };
        let Some(handed) = next else { return };
        sender.metrics().outbox_waits(-1);
        let sender = sender.clone();
        match handed {
            Handed::Message(ready) => {
                let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
                tasks.spawn(async move { sender.send(ready, permit).await });
            }
            Handed::Feedback(ready, turn) => {
                let telling = Arc::clone(&waiting.telling);
                tasks.spawn(async move { tell(&sender, ready, turn, &telling).await });
            }
        }
    }
}

/// Tells providers what became of a code.
async fn tell(sender: &Sender, ready: Ready, turn: Turn, telling: &Semaphore) {
    let was_the_last = telling.available_permits() == 0;
    sender.tell_conversion(ready).await;
    drop(turn);
    // Others may have waited for this turn.
    if was_the_last {
        sender.look_for_more();
    }
}
