//! Receipt: a carrier's word about a message.

use super::advance::{Room, StepCause, take_next_step};
use super::{Draft, Outcome};
use crate::event::EventKind;
use crate::id::{DeliveryId, VerificationId};
use crate::policy::{MAX_FAILOVERS, MIN_LIFE_FOR_RESEND};
use crate::verification::ReceiptStatus;

/// A carrier's word about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The verification.
    pub verification: VerificationId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Whose word it is.
    pub provider: String,
    /// The word.
    pub status: ReceiptStatus,
    /// What a failure is answered with.
    pub on_failure: OnFailure,
}

/// What is done when no message of a verification can arrive any more by its last channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The same code is sent again, by another route if there is one.
    SendAgain,
    /// The next step of the workflow is taken at once: the channel has no other route.
    NextStep,
    /// Nothing: there is no room for another message.
    RecordOnly,
}

/// Receipts come twice, late and out of order: states only move forward, all else is ignored.
pub(super) fn receipt(draft: &mut Draft<'_>, receipt: &Receipt) -> Outcome {
    let Some(verification) = draft.subject.verification_mut(receipt.verification) else {
        return Outcome::NotFound;
    };
    let Some(trace) = verification.trace_mut(receipt.delivery) else {
        return Outcome::NotFound;
    };
    if trace.receipt.is_some_and(|known| known >= receipt.status) {
        return Outcome::Settled;
    }
    trace.receipt = Some(receipt.status);
    let provider = Some(receipt.provider.clone());
    draft.event(
        receipt.verification,
        EventKind::Receipt { delivery: receipt.delivery, provider, status: receipt.status },
    );
    if receipt.status == ReceiptStatus::Failed && is_channel_lost(draft, receipt) {
        match receipt.on_failure {
            OnFailure::SendAgain => {
                fail_over(draft, receipt.verification, receipt.delivery);
            }
            OnFailure::NextStep => {
                take_next_step(draft, receipt.verification, StepCause::Failed, Room::Open);
            }
            OnFailure::RecordOnly => {}
        }
    }
    Outcome::Settled
}

/// Whether no message can arrive any more by the channel of the last one, which this one went by too.
fn is_channel_lost(draft: &Draft<'_>, receipt: &Receipt) -> bool {
    let Some(verification) = draft.subject.verification(receipt.verification) else { return false };
    let mut by_this = verification.deliveries.iter().filter(|trace| trace.channel == verification.channel);
    by_this.clone().any(|trace| trace.id == receipt.delivery)
        && by_this.all(|trace| trace.receipt == Some(ReceiptStatus::Failed))
}

/// Sends a pending verification's message once more, with the same code. Nobody asked for it: it counts as
/// spend and not as one of the customer's sends (design 6, Sending).
pub(super) fn fail_over(draft: &mut Draft<'_>, id: VerificationId, after: DeliveryId) -> Option<()> {
    let verification = draft.subject.verification(id)?;
    let failovers = verification.deliveries.len().saturating_sub(usize::from(verification.sends));
    let in_time = verification.expires_at.since(draft.now) >= MIN_LIFE_FOR_RESEND;
    if !verification.is_pending() || verification.is_ghost() || failovers >= MAX_FAILOVERS || !in_time {
        return None;
    }
    let delivery = draft.deliver_code(id)?;
    draft.event(id, EventKind::FailedOver { delivery, after });
    Some(())
}
