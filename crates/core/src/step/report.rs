//! Report: the customer says "this was not me".

use super::{Draft, Outcome};
use crate::event::EventKind;
use crate::id::VerificationId;
use crate::verification::{DenyReason, State};

/// Voids the verification, even an approved one whose proof was used: the shop must learn of it.
pub(super) fn report(draft: &mut Draft<'_>, id: VerificationId) -> Outcome {
    let reason = DenyReason::Reported;
    let now = draft.now;
    let Some(verification) = draft.subject.verification_mut(id) else { return Outcome::NotFound };
    if verification.reported_at.is_some() || matches!(verification.state, State::Denied { .. }) {
        return Outcome::Settled;
    }
    verification.reported_at = Some(now);
    // One that has ended without approval leaves nothing to void, but the report is a fact.
    let is_believed = matches!(
        verification.state,
        State::ChallengeRequired { .. }
            | State::Pending { .. }
            | State::Recovering { .. }
            | State::Recovered { .. }
            | State::Approved { .. }
    );
    draft.event(id, EventKind::Reported);
    draft.distrust_reported(id);
    if is_believed {
        draft.end(id, State::Denied { at: now, reason });
        draft.event(id, EventKind::Denied { reason });
    }
    Outcome::Settled
}
