//! Receipt: a carrier's word about a message.

use std::sync::Arc;

use countersign_core::delivery::Delivery;
use countersign_core::event::{Event, EventKind};
use countersign_core::id::DeliveryId;
use countersign_core::keyring::Place;
use countersign_core::step::{self, Command, OnFailure};
use countersign_core::verification::{ReceiptStatus, Verification};
use countersign_delivery::provider::ProviderName;
use countersign_delivery::receipt::{CarrierReceipt, Receipt};
use countersign_delivery::route::attempt::{Attempt, AttemptResult, History};
use countersign_store::{Lookup, Store as _};

use super::{Services, UseCaseError};
use crate::engine::{EngineError, Job, Target};
use crate::routing::{Leaving, Offered, past};
use crate::tenant::App;

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
        let app = self.directory.app(delivery.app).ok_or(UseCaseError::NotFound("delivery"))?;
        // A receipt may be faster than the answer to its submission, which names the provider.
        if delivery.provider.as_deref().is_some_and(|sent_by| sent_by != provider) {
            return self.late_word(&app, &delivery, provider, receipt.status).await;
        }
        let take = |on_failure| {
            let command = Command::Receipt(step::Receipt {
                verification: delivery.verification,
                delivery: delivery.id,
                provider: provider.to_owned(),
                status: receipt.status,
                on_failure,
            });
            let job = Job {
                app: app.clone(),
                target: Target::Verification(delivery.verification),
                command,
                permit: None,
            };
            self.engine.run(job)
        };
        let on_failure = match receipt.status {
            ReceiptStatus::Failed => self.answer_to_failure(&app, &delivery, provider).await?,
            _ => OnFailure::RecordOnly,
        };
        match take(on_failure).await {
            // No room for another message; the receipt itself is still a fact.
            Err(EngineError::Exceeded(_)) => take(OnFailure::RecordOnly).await?,
            taken => taken?,
        };
        self.routing.receipt(delivery.id, receipt.status, self.clock.now());
        Ok(())
    }

    /// A receipt of a provider that left this message unanswered, so that another one took it over. It may say that
    /// the message has arrived after all; what else it says is nothing about the copy of the other.
    async fn late_word(
        &self,
        app: &Arc<App>,
        delivery: &Delivery,
        provider: &str,
        status: ReceiptStatus,
    ) -> Result<(), UseCaseError> {
        let timeline = self.store.timeline(app.id, delivery.verification).await?;
        if !left_unanswered(&timeline, delivery.id, provider) {
            return Err(UseCaseError::NotFound("delivery"));
        }
        if status != ReceiptStatus::Delivered {
            return Ok(());
        }
        let command = Command::Receipt(step::Receipt {
            verification: delivery.verification,
            delivery: delivery.id,
            provider: provider.to_owned(),
            status,
            on_failure: OnFailure::RecordOnly,
        });
        let target = Target::Verification(delivery.verification);
        self.engine.run(Job { app: Arc::clone(app), target, command, permit: None }).await?;
        Ok(())
    }

    /// Where a workflow goes on, a message that failed is sent again only if its channel has a route left;
    /// else the next step is taken at once.
    async fn answer_to_failure(
        &self,
        app: &Arc<App>,
        delivery: &Delivery,
        provider: &str,
    ) -> Result<OnFailure, UseCaseError> {
        let id = delivery.verification;
        let loaded = self.store.load(Lookup::Verification(app.id, id)).await?;
        let Some(verification) = loaded.and_then(|loaded| loaded.subject.shared(id).map(Arc::clone)) else {
            return Ok(OnFailure::SendAgain);
        };
        if verification.workflow.as_ref().is_none_or(|workflow| workflow.next_at.is_none()) {
            return Ok(OnFailure::SendAgain);
        }
        let Ok(provider) = provider.parse::<ProviderName>() else { return Ok(OnFailure::SendAgain) };
        let now = self.clock.now();
        let mut history = past(&self.store.timeline(app.id, id).await?, None).history;
        let (result, cost) = (AttemptResult::Failed, None);
        history.push(Attempt { provider, at: now, result, cost });
        let another = self.another_route(app, &verification, delivery, &history)?;
        Ok(another.map_or(OnFailure::NextStep, |_| OnFailure::SendAgain))
    }

    /// Who would carry a message once more without anybody asking. Whoever sends looks at its text; until
    /// then it fits everybody.
    pub(super) fn another_route(
        &self,
        app: &App,
        verification: &Verification,
        delivery: &Delivery,
        history: &History,
    ) -> Result<Option<ProviderName>, UseCaseError> {
        let place = Place { app: app.id, verification: verification.id };
        let to = self.engine.keyring().open_phone(place, &verification.phone)?;
        let leaving = Leaving {
            app,
            mode: delivery.mode,
            verification: verification.id,
            delivery: delivery.id,
            kind: delivery.kind,
            standing: verification.standing,
            channel: delivery.channel,
            to: &to,
        };
        let now = self.clock.now();
        let candidates = self.routing.candidates(&leaving, now);
        Ok(self.routing.another(&Offered { to: &to, candidates: &candidates }, history, now))
    }
}

/// Whether a provider was handed this message and did not answer.
fn left_unanswered(timeline: &[Event], delivery: DeliveryId, provider: &str) -> bool {
    timeline.iter().any(|event| match &event.kind {
        EventKind::DeliveryUnknown { delivery: of, provider: Some(by), .. } => {
            *of == delivery && by == provider
        }
        _ => false,
    })
}
