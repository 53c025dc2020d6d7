//! Receipt: a carrier's word about a message.

use super::{Draft, Outcome};
use crate::event::EventKind;
use crate::id::{DeliveryId, VerificationId};
use crate::verification::ReceiptStatus;

/// A carrier's word about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The verification.
    pub verification: VerificationId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The word.
    pub status: ReceiptStatus,
}

/// Receipts come twice, late and out of order: states only move forward, all else is ignored.
pub(super) fn receipt(draft: &mut Draft<'_>, receipt: Receipt) -> Outcome {
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
    draft.event(
        receipt.verification,
        EventKind::Receipt { delivery: receipt.delivery, status: receipt.status },
    );
    Outcome::Settled
}
