//! Overdue: a message's receipt has not come in the time that its route's receipts usually take.

use super::{Draft, Outcome, receipt};
use crate::id::{DeliveryId, VerificationId};
use crate::policy::OnOverdueReceipt;
use crate::verification::ReceiptStatus;

/// A message's receipt is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// The verification.
    pub verification: VerificationId,
    /// The delivery.
    pub delivery: DeliveryId,
}

/// Where the app wants it, the same code is sent once more, unless another message has left meanwhile or
/// some carrier says that the phone has one.
pub(super) fn overdue(draft: &mut Draft<'_>, overdue: Overdue) -> Outcome {
    let Some(verification) = draft.subject.verification(overdue.verification) else {
        return Outcome::NotFound;
    };
    let is_last = verification.deliveries.last().is_some_and(|last| last.id == overdue.delivery);
    let arrived = |receipt| receipt == Some(ReceiptStatus::Delivered);
    let is_silent = !verification.deliveries.iter().any(|trace| arrived(trace.receipt));
    if draft.policy.on_overdue_receipt == OnOverdueReceipt::SendAgain && is_last && is_silent {
        receipt::fail_over(draft, overdue.verification, overdue.delivery);
    }
    Outcome::Settled
}
