//! What a shop says about a number itself: a list that it is on, or when it was verified elsewhere.

use super::{Draft, Outcome, Refusal};
use crate::guard::known::{Import, Successes};
use crate::subject::Listed;

/// Changes what is kept of a number besides its verifications. Each part that is not named stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetNumber {
    /// The list that it is on.
    pub listed: Option<NumberChange<Listed>>,
    /// When it was verified elsewhere. Adds to what is known of it: the earlier first date and the later last one
    /// count. Taken away, every success is forgotten, so that it is a new number again.
    pub known: Option<NumberChange<Import>>,
}

/// One part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberChange<T> {
    /// From now on.
    Set(T),
    /// No more.
    Clear,
}

pub(super) fn set_number(draft: &mut Draft<'_>, set: SetNumber) -> Outcome {
    let record = &mut draft.subject.record;
    match set.known {
        Some(NumberChange::Set(import)) => match record.successes.imported(import, draft.now) {
            Ok(successes) => record.successes = successes,
            Err(invalid) => return Outcome::Refused(Refusal::ImportRefused(invalid)),
        },
        Some(NumberChange::Clear) => record.successes = Successes::NONE,
        None => {}
    }
    match set.listed {
        Some(NumberChange::Set(listed)) => record.listed = Some(listed),
        Some(NumberChange::Clear) => record.listed = None,
        None => {}
    }
    Outcome::Settled
}
