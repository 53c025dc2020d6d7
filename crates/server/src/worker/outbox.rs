//! The way from a commit to the senders of this node.
//!
//! The commit that decides to send writes the delivery with a lease for this node and hands it over
//! here at once. Places are bounded and taken *before* the commit: without one the delivery is
//! written without a lease, and whoever is free first takes it (design 2, outbox).

use std::sync::Arc;

use countersign_core::delivery::{Delivery, DeliveryKind};
use countersign_core::verification::Verification;
use countersign_store::Lease;
use tokio::sync::{Semaphore, mpsc};
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
    queue: mpsc::Sender<Ready>,
    metrics: Arc<Metrics>,
}

/// Room for one delivery.
pub struct Place {
    permit: mpsc::OwnedPermit<Ready>,
    metrics: Arc<Metrics>,
}

impl Outbox {
    /// An outbox and the end that senders take from.
    pub fn new(metrics: Arc<Metrics>) -> (Self, mpsc::Receiver<Ready>) {
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH);
        (Outbox { queue, metrics }, waiting)
    }

    /// Room for one delivery, if there is any.
    pub fn reserve(&self) -> Option<Place> {
        let permit = self.queue.clone().try_reserve_owned().ok()?;
        Some(Place { permit, metrics: Arc::clone(&self.metrics) })
    }
}

impl Place {
    /// Hands a delivery over.
    pub fn send(self, ready: Ready) {
        self.metrics.outbox_waits(1);
        self.permit.send(ready);
    }
}

/// Sends what comes, up to `concurrency` at a time, until the queue closes or `stop` is called; what
/// waits then is left to its lease.
pub async fn run(
    sender: Sender,
    mut waiting: mpsc::Receiver<Ready>,
    concurrency: usize,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(concurrency));
    // A vendor that is slow to hear of its successes must not hold up codes.
    let free_for_feedback = Arc::new(Semaphore::new((concurrency / 8).max(1)));
    loop {
        let next = tokio::select! {
            () = stop.cancelled() => None,
            next = waiting.recv() => next,
        };
        let Some(ready) = next else { return };
        sender.metrics().outbox_waits(-1);
        if ready.delivery.kind == DeliveryKind::ConversionFeedback {
            let permit = Arc::clone(&free_for_feedback).try_acquire_owned().ok();
            let sender = sender.clone();
            tasks.spawn(async move {
                match &permit {
                    Some(_) => sender.tell_conversion(ready).await,
                    None => sender.tell_conversion_later(&ready).await,
                }
                drop(permit);
            });
            continue;
        }
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        let sender = sender.clone();
        tasks.spawn(async move { sender.send(ready, permit).await });
    }
}
