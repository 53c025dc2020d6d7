//! Overdue: a receipt has not come in the time that its route's receipts usually take.

use countersign_core::id::DeliveryId;
use countersign_core::policy::OnOverdueReceipt;
use countersign_core::step::{self, Command};
use countersign_delivery::route::receipts::Sent;
use countersign_store::{Lookup, Store as _};

use super::{Services, UseCaseError};
use crate::engine::{EngineError, Job, Target};
use crate::routing;

impl Services {
    /// Sends an overdue message once more, where its app wants that and another route may carry it.
    pub async fn overdue(&self, delivery: DeliveryId, sent: &Sent) -> Result<(), UseCaseError> {
        let Some(delivery) = self.store.delivery(delivery).await? else { return Ok(()) };
        let Some(app) = self.directory.app(delivery.app) else { return Ok(()) };
        if app.policy.on_overdue_receipt != OnOverdueReceipt::SendAgain {
            return Ok(());
        }
        let loaded = self.store.load(Lookup::Verification(app.id, sent.verification)).await?;
        let subject = loaded.map(|loaded| loaded.subject);
        let Some(verification) = subject.as_ref().and_then(|subject| subject.verification(sent.verification))
        else {
            return Ok(());
        };
        if !verification.is_pending() {
            return Ok(());
        }
        let timeline = self.store.timeline(app.id, verification.id).await?;
        let history = routing::past(&timeline, None).history;
        if self.another_route(&app, verification, &delivery, &history)?.is_none() {
            return Ok(());
        }
        let command =
            Command::Overdue(step::Overdue { verification: sent.verification, delivery: delivery.id });
        let target = Target::Verification(sent.verification);
        match self.engine.run(Job { app: app.clone(), target, command, permit: None }).await {
            // No room for a message that nobody asked for: the customer may still ask for one.
            Ok(_) | Err(EngineError::Exceeded(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
