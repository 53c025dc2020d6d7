//! Receipt: a carrier's word about a message.

use countersign_core::step::{self, Command, OnFailure};
use countersign_delivery::receipt::{CarrierReceipt, Receipt};
use countersign_store::Store as _;

use super::{Services, UseCaseError};
use crate::engine::{EngineError, Job, Target};

impl Services {
    /// Takes a receipt that names its delivery, or the provider's own id for it.
    pub async fn carrier_receipt(&self, receipt: &CarrierReceipt) -> Result<(), UseCaseError> {
        let provider = receipt.provider.as_str();
        if let Some(known) = receipt.known() {
            return self.receipt(provider, &known).await;
        }
        for id in &receipt.ids {
            let found = self.store.delivery_by_reference(provider.to_owned(), id.clone()).await?;
            if let Some(delivery) = found {
                let known =
                    Receipt { delivery: delivery.id, status: receipt.status, reason: receipt.reason.clone() };
                return self.receipt(provider, &known).await;
            }
        }
        Err(UseCaseError::NotFound("delivery"))
    }

    /// Takes a receipt that `provider` sent. One about a message of another provider, or of none, is
    /// not found: a provider can speak for its own messages only.
    pub async fn receipt(&self, provider: &str, receipt: &Receipt) -> Result<(), UseCaseError> {
        let delivery =
            self.store.delivery(receipt.delivery).await?.ok_or(UseCaseError::NotFound("delivery"))?;
        // A receipt may be faster than the answer to its submission, which names the provider.
        if delivery.provider.as_deref().is_some_and(|sent_by| sent_by != provider) {
            return Err(UseCaseError::NotFound("delivery"));
        }
        let app = self.directory.app(delivery.app).ok_or(UseCaseError::NotFound("delivery"))?;
        let take = |on_failure| {
            let command = Command::Receipt(step::Receipt {
                verification: delivery.verification,
                delivery: delivery.id,
                provider: provider.to_owned(),
                status: receipt.status,
                on_failure,
            });
            let job = Job { app: app.clone(), target: Target::Verification(delivery.verification), command };
            self.engine.run(job)
        };
        match take(OnFailure::SendAgain).await {
            // No room for another message; the receipt itself is still a fact.
            Err(EngineError::Exceeded(_)) => take(OnFailure::RecordOnly).await?,
            taken => taken?,
        };
        self.routing.receipt(delivery.id, receipt.status, self.clock.now());
        Ok(())
    }
}
