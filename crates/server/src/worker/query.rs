//! Asks carriers about messages whose receipts are overdue (SMPP 3.4 §4.8, `query_sm`), where operators let it be
//! asked. What a carrier says in the end is taken as the receipt that it did not send.
//!
//! No promise hangs on it: a message that finds no place, or no final answer, is overdue as without a question.

use std::sync::Arc;

use countersign_core::delivery::DeliveryState;
use countersign_core::id::DeliveryId;
use countersign_core::verification::ReceiptStatus;
use countersign_delivery::provider::{Provider as _, Reference};
use countersign_delivery::receipt::Receipt;
use countersign_delivery::route::receipts::Sent;
use countersign_delivery::smpp::{RequestError, SmppProvider};
use countersign_store::{Lookup, Store as _, StoreError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::side_by_side::SideBySide;
use crate::usecase::{Services, UseCaseError};

/// Messages that are asked about at a time. Few: a question holds a place of the window that codes need.
const AT_ONCE: usize = 2;

/// Overdue messages that are sent again at a time: each takes some reads and a commit.
const SENT_AGAIN_AT_ONCE: usize = 16;

/// Sees to overdue messages.
pub struct Queries {
    services: Services,
    again: SideBySide,
    free: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Queries {
    /// Asks in `tasks` until `stop`.
    pub fn new(services: Services, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let again = SideBySide::new(SENT_AGAIN_AT_ONCE, tasks.clone());
        Queries { services, again, free: Arc::new(Semaphore::new(AT_ONCE)), tasks, stop }
    }

    /// Asks about an overdue message before it is sent again, if its carrier may be asked. Nobody waits for it,
    /// unless all places are taken.
    pub async fn overdue(&self, delivery: DeliveryId, sent: Sent) {
        let provider = self.services.smpp.iter().find(|smpp| smpp.queries() && *smpp.name() == sent.provider);
        let place = provider.and_then(|_| Arc::clone(&self.free).try_acquire_owned().ok());
        let (Some(provider), Some(place)) = (provider.cloned(), place) else {
            let services = self.services.clone();
            let again = async move { tell(delivery, services.overdue(delivery, &sent).await) };
            return self.again.begin(again).await;
        };
        let (services, stop) = (self.services.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let asked = stop.run_until_cancelled(ask(&services, &provider, delivery)).await;
            match asked {
                Some(Ok(Some(receipt))) => {
                    tell(delivery, services.receipt(provider.name().as_str(), &receipt).await);
                }
                Some(Ok(None)) => tell(delivery, services.overdue(delivery, &sent).await),
                Some(Err(error)) => tell(delivery, Err(error.into())),
                None => {}
            }
            drop(place);
        });
    }
}

fn tell(delivery: DeliveryId, done: Result<(), UseCaseError>) {
    if let Err(error) = done {
        tracing::warn!(%delivery, %error, "an overdue message could not be seen to");
    }
}

/// What became of a message in the end, if somebody still waits for it and the carrier knows.
async fn ask(
    services: &Services,
    provider: &SmppProvider,
    delivery: DeliveryId,
) -> Result<Option<Receipt>, StoreError> {
    let Some(delivery) = services.store.delivery(delivery).await? else { return Ok(None) };
    let loaded = services.store.load(Lookup::Verification(delivery.app, delivery.verification)).await?;
    let verification = loaded.and_then(|loaded| loaded.subject.shared(delivery.verification).cloned());
    let is_awaited = delivery.state == DeliveryState::Accepted
        && verification.is_some_and(|verification| verification.wants(delivery.kind));
    let id = delivery.reference.and_then(|id| Reference::try_from(id).ok());
    let Some(id) = id.filter(|_| is_awaited) else { return Ok(None) };
    let answer = provider.ask_about(delivery.id, &id).await;
    let word = match &answer {
        Ok(Receipt { status: ReceiptStatus::Delivered, .. }) => "delivered",
        Ok(Receipt { status: ReceiptStatus::Failed, .. }) => "failed",
        Ok(Receipt { status: ReceiptStatus::Buffered, .. }) => "not_final",
        Err(RequestError::Refused(_)) => "refused",
        Err(RequestError::Unknown(_)) => "unanswered",
        Err(RequestError::NotWritten(_)) => "not_asked",
    };
    services.metrics.query(provider.name().as_str(), word);
    Ok(answer.ok().filter(|receipt| receipt.status != ReceiptStatus::Buffered))
}
