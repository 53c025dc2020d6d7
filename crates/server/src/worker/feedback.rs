//! Tells providers what became of the codes that they carried, where they want to know: some route by it.
//!
//! At least once, from the outbox: a provider may hear the same twice after a crash or a lost answer.

use std::time::Duration;

use countersign_core::delivery::{DeliveryKind, DeliveryState};
use countersign_core::event::EventKind;
use countersign_core::id::DeliveryId;
use countersign_core::keyring::Place;
use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use countersign_core::verification::State;
use countersign_delivery::backoff::Window;
use countersign_delivery::declared::{Conversion, ConversionOutcome};
use countersign_delivery::provider::{AnyProvider, ProviderName, Reference, Submission};
use countersign_store::{Store as _, StoreError};

use super::outbox::Ready;
use super::outcome::{Outcome, Refused};
use super::send::Sender;

/// The wait after the first try.
const FIRST_WAIT: Duration = Duration::from_secs(15);
/// So often a provider is told at most.
const MOST_TRIES: u32 = 10;

/// A code that a provider carried.
struct Carried {
    provider: ProviderName,
    delivery: DeliveryId,
    reference: Reference,
    outcome: ConversionOutcome,
}

impl Sender {
    /// Tells all providers of a verification's codes what became of them.
    pub(super) async fn tell_conversion(&self, ready: Ready) {
        let place = Place { app: ready.app.id, verification: ready.verification.id };
        let to = match self.keyring().open_phone(place, &ready.verification.phone) {
            Ok(to) => to,
            Err(error) => {
                tracing::error!(delivery = %ready.delivery.id, %error, "feedback cannot be given");
                return self.settle(&ready, told(&ready, DeliveryState::Failed)).await;
            }
        };
        let mut again = None;
        match self.carried(&ready).await {
            Err(error) => {
                tracing::warn!(delivery = %ready.delivery.id, %error, "who is to be told cannot be read");
                again = Some(Refused::for_now());
            }
            Ok(all) => {
                for carried in all {
                    // What would outlive the lease is left to the next time.
                    let in_time = self.now().plus(self.submit_timeout()) < ready.lease.until;
                    let refused =
                        if in_time { self.tell(&carried, &to).await } else { Some(Refused::for_now()) };
                    again = refused.or(again);
                }
            }
        }
        let state = match again {
            None => DeliveryState::Accepted,
            Some(refused) => self
                .next_telling(&ready, &refused)
                .map_or(DeliveryState::Failed, |at| DeliveryState::Due { at }),
        };
        self.settle(&ready, told(&ready, state)).await;
    }

    /// The codes of a verification that a provider took and gave an id to. The last one gets the credit of a
    /// code that was typed.
    async fn carried(&self, ready: &Ready) -> Result<Vec<Carried>, StoreError> {
        let verification = &ready.verification;
        let last = match verification.state {
            State::Approved { .. } => ConversionOutcome::Used,
            State::Expired { .. } | State::Exhausted { .. } => ConversionOutcome::Unused,
            // What was canceled or reported says nothing about who carried it.
            State::ChallengeRequired { .. }
            | State::Pending { .. }
            | State::Recovering { .. }
            | State::Recovered { .. }
            | State::Canceled { .. }
            | State::Denied { .. } => return Ok(Vec::new()),
        };
        let events = self.store().timeline(ready.app.id, verification.id).await?;
        let mut outcome = last;
        let mut all = Vec::new();
        for event in events.iter().rev() {
            let EventKind::DeliveryAccepted { delivery, provider, .. } = &event.kind else { continue };
            let known = self.store().delivery(*delivery).await?;
            let Some(known) = known.filter(|known| matches!(known.kind, DeliveryKind::Code { .. })) else {
                continue;
            };
            let reference = known.reference.and_then(|text| text.try_into().ok());
            if let (Ok(provider), Some(reference)) = (provider.parse(), reference) {
                all.push(Carried { provider, delivery: *delivery, reference, outcome });
            }
            outcome = ConversionOutcome::Unused;
        }
        Ok(all)
    }

    /// Tells one provider. Says why, where it should be told again.
    async fn tell(&self, carried: &Carried, to: &E164) -> Option<Refused> {
        let AnyProvider::Declared(provider) = self.providers().get(&carried.provider)? else { return None };
        let conversion = Conversion {
            id: &carried.reference,
            delivery: carried.delivery,
            to,
            code: None,
            outcome: carried.outcome,
        };
        let began = self.now();
        let answer = tokio::time::timeout(self.submit_timeout(), provider.feedback(&conversion, began)).await;
        let submission = answer.unwrap_or(Some(Submission::Unknown { reason: "answer_timeout".into() }))?;
        self.metrics().conversion_feedback(carried.provider.as_str(), submission.as_str());
        match &submission {
            Submission::Accepted { .. } => None,
            Submission::Unknown { .. } => Some(Refused::for_now()),
            Submission::Permanent { reason } | Submission::Misconfigured { reason } => {
                tracing::warn!(provider = %carried.provider, %reason, "a provider refuses conversion feedback");
                None
            }
            Submission::NotWritten { .. } | Submission::Transient { .. } | Submission::Throttled { .. } => {
                Refused::of(&submission)
            }
        }
    }

    /// Ten times at most, with waits that double: a vendor that is down for an hour must not have a day's
    /// feedback in everybody's way.
    fn next_telling(&self, ready: &Ready, refused: &Refused) -> Option<Timestamp> {
        let tries = ready.delivery.submissions + 1;
        let wait = FIRST_WAIT * 2_u32.saturating_pow(tries.saturating_sub(1).min(5));
        let window = Window { now: self.now().plus(wait), expires_at: ready.delivery.expires_at };
        self.next_try(tries, refused, window).filter(|_| tries < MOST_TRIES)
    }
}

fn told(ready: &Ready, state: DeliveryState) -> Outcome {
    Outcome::told(&ready.delivery, state)
}
