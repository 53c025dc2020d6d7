//! Rebind: an operator has made sure that the phone belongs to its customer.

use super::{Draft, Outcome};

/// Forgets failures, so that a locked or disabled phone can be verified again. Attempts of live
/// verifications are kept.
pub(super) fn rebind(draft: &mut Draft<'_>) -> Outcome {
    draft.subject.record.stranger_failures.clear();
    draft.subject.record.customer_failures.clear();
    draft.subject.record.device_failures.clear();
    // Who holds the phone may be somebody else now (fraud.md C.3).
    draft.subject.record.devices.clear();
    Outcome::Settled
}
