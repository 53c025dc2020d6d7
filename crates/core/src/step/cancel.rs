//! Cancel: the shop gives a verification up.

use super::{Draft, Outcome};
use crate::event::EventKind;
use crate::id::VerificationId;
use crate::verification::{CancelReason, State};

pub(super) fn cancel(draft: &mut Draft<'_>, id: VerificationId) -> Outcome {
    match draft.subject.verification(id) {
        None => return Outcome::NotFound,
        // Asked twice, or too late: it has ended, which is what the caller wants.
        Some(verification) if !verification.is_live() => return Outcome::Settled,
        Some(_) => {}
    }
    let reason = CancelReason::Requested;
    draft.end(id, State::Canceled { at: draft.now, reason });
    draft.event(id, EventKind::Canceled { reason });
    Outcome::Settled
}
