//! Deliveries that nobody sends: retries whose time has come, and those of a node that died.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::event::{Event, EventKind};
use countersign_core::id::EventId;
use countersign_store::{AnyStore, LeaseLimits, Leased, Lookup, NodeId, Settlement, Store as _, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::outbox::{Outbox, Ready, Turn};
use crate::clock::{Clock, Randomness};
use crate::directory::Directory;

/// How often the store is asked. A retry waits half a second at least (`Backoff::default`).
const INTERVAL: Duration = Duration::from_millis(500);
/// Messages taken in one go.
const BATCH: usize = 64;

/// Takes due deliveries for this node.
pub struct TakeOver {
    /// The store.
    pub store: Arc<AnyStore>,
    /// The apps.
    pub directory: Arc<Directory>,
    /// Where deliveries go.
    pub outbox: Outbox,
    /// The time.
    pub clock: Clock,
    /// The randomness.
    pub randomness: Randomness,
    /// This process.
    pub node: NodeId,
    /// How long a delivery is this node's.
    pub lease: Duration,
    /// Told when a delivery is due again at once.
    pub due: Arc<Notify>,
}

impl TakeOver {
    /// Asks the store at intervals until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let next = async || {
            // Whichever comes first: the interval, or a sender that failed over.
            let _ = tokio::time::timeout(INTERVAL, self.due.notified()).await;
        };
        while stop.run_until_cancelled(next()).await.is_some() {
            while self.round().await == BATCH && !stop.is_cancelled() {}
        }
    }

    /// One round; says how many messages it took. Feedback that nobody is free to give stays where it is.
    async fn round(&self) -> usize {
        let mut turns = self.outbox.turns(BATCH);
        let limits = LeaseLimits { messages: BATCH, feedback: turns.len() };
        let leased = match self.store.lease_due(self.node, self.clock.now(), self.lease, limits).await {
            Ok(leased) => leased,
            Err(error) => {
                tracing::error!(%error, "due messages cannot be read");
                return 0;
            }
        };
        let count = leased.iter().filter(|leased| is_message(&leased.delivery)).count();
        for leased in leased {
            let turn = if is_message(&leased.delivery) { None } else { turns.pop() };
            if let Err(error) = self.take(leased, turn).await {
                tracing::error!(%error, "a due message cannot be taken over");
            }
        }
        count
    }

    async fn take(&self, mut leased: Leased, turn: Option<Turn>) -> Result<(), StoreError> {
        let delivery = &mut leased.delivery;
        let lookup = Lookup::Verification(delivery.app, delivery.verification);
        let loaded = self.store.load(lookup).await?;
        let verification =
            loaded.and_then(|loaded| loaded.subject.shared(delivery.verification).map(Arc::clone));
        let in_time = delivery.expires_at > self.clock.now();
        let wanted = verification.filter(|v| in_time && v.wants(delivery.kind));
        let (Some(app), Some(verification)) = (self.directory.app(delivery.app), wanted) else {
            return self.settle(&leased, DeliveryState::Canceled).await;
        };
        if let Some(state) = verification.decided_by_receipt(&leased.delivery) {
            return self.settle(&leased, state).await;
        }
        if leased.taken_over {
            // Its node died or stood still: it may have sent it (design 6, Sending).
            leased.delivery.submissions += 1;
            self.settle(&leased, DeliveryState::Due { at: self.clock.now() }).await?;
            // The settlement has given the lease back: the next round takes it as any due delivery.
            return Ok(());
        }
        match self.outbox.reserve() {
            Some(place) => {
                let ready = Ready { app, verification, delivery: leased.delivery, lease: leased.lease };
                match turn {
                    Some(turn) => place.tell(ready, turn),
                    None => place.send(ready),
                }
                Ok(())
            }
            // Every sender is busy: give it back for the next round.
            None => self.settle(&leased, DeliveryState::Due { at: self.clock.now().plus(INTERVAL) }).await,
        }
    }

    async fn settle(&self, leased: &Leased, state: DeliveryState) -> Result<(), StoreError> {
        let delivery = &leased.delivery;
        let now = self.clock.now();
        let may_be_sent =
            is_message(delivery) && leased.taken_over && matches!(state, DeliveryState::Due { .. });
        let unknown = may_be_sent.then(|| Event {
            id: EventId::new(now, delivery.id.partition(), &mut self.randomness.entropy()),
            app: delivery.app,
            verification: delivery.verification,
            at: now,
            kind: EventKind::DeliveryUnknown {
                delivery: delivery.id,
                provider: None,
                cost: None,
                route: Vec::new(),
                message: None,
            },
        });
        let settlement = Settlement {
            id: delivery.id,
            node: self.node,
            state,
            provider: delivery.provider.clone(),
            reference: None,
            submissions: delivery.submissions,
            unknowns: delivery.unknowns,
            events: unknown.into_iter().collect(),
        };
        self.store.settle(vec![settlement]).await.map(|_| ())
    }
}

fn is_message(delivery: &Delivery) -> bool {
    delivery.kind != DeliveryKind::ConversionFeedback
}
