//! Report: the customer says "this was not me".

use super::{Draft, Outcome};
use crate::event::EventKind;
use crate::id::VerificationId;
use crate::verification::{DenyReason, State};

/// Voids the verification, even an approved one whose proof was used: the shop must learn of it.
pub(super) fn report(draft: &mut Draft<'_>, id: VerificationId) -> Outcome {
    let reason = DenyReason::Reported;
    match draft.subject.verification(id).map(|verification| &verification.state) {
        None => return Outcome::NotFound,
        Some(State::Denied { .. }) => return Outcome::Settled,
        Some(State::Pending { .. } | State::Approved { .. }) => {
            draft.event(id, EventKind::Reported);
            draft.end(id, State::Denied { at: draft.now, reason });
            draft.event(id, EventKind::Denied { reason });
        }
        // It has ended without approval: there is nothing to void, but the report is a fact.
        Some(State::Expired { .. } | State::Exhausted { .. } | State::Canceled { .. }) => {
            draft.event(id, EventKind::Reported);
        }
    }
    Outcome::Settled
}
