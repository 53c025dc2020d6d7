//! Expire: what time or a restore has ended.

use super::Draft;
use crate::event::EventKind;
use crate::id::VerificationId;
use crate::verification::State;

/// Ends every live verification whose life is over (NIST SP 800-63B-4 §3.1.3.2, N1), and every
/// one of another epoch: it was started before a restore, and its code may have been used, or its recovery
/// objected to, since.
pub(super) fn expire_overdue(draft: &mut Draft<'_>) {
    let now = draft.now;
    let epoch = draft.keyring.epoch;
    let over: Vec<VerificationId> = draft
        .subject
        .verifications
        .iter()
        .filter(|v| v.is_live() && (v.expires_at <= now || v.epoch != epoch))
        .map(|v| v.id)
        .collect();
    for id in over {
        draft.end(id, State::Expired { at: now });
        draft.event(id, EventKind::Expired);
    }
}
