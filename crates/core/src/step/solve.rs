//! Solve: what stood before the first message.

use super::{Draft, Outcome, PhoneWindow, Refusal, start};
use crate::challenge::{ChallengeKind, MAX_WRONG_SOLUTIONS, OpenChallenge};
use crate::event::EventKind;
use crate::gate::{GuardAction, GuardTrace, Passage};
use crate::id::VerificationId;
use crate::keyring::KeyError;
use crate::policy::MAX_LIFETIME;
use crate::verification::{DenyReason, State, Verification};

/// A solution was judged: by whoever asks, since that takes time or a third party.
#[derive(Clone, Copy, Debug)]
pub struct Solve {
    /// The verification.
    pub verification: VerificationId,
    /// The challenge that it was judged for.
    pub kind: ChallengeKind,
    /// What it is.
    pub solution: Solution,
    /// Whether the message leaves that a right one asks for.
    pub passage: Passage,
}

/// What a solution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solution {
    /// Right.
    Right,
    /// Wrong.
    Wrong,
}

/// What a solution came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solved {
    /// It was right, and the first message is due.
    Sent,
    /// There is nothing to be solved any more.
    Already,
    /// It was wrong.
    Wrong {
        /// Solutions that may still be given.
        attempts_remaining: u8,
    },
}

pub(super) fn solve(draft: &mut Draft<'_>, solve: &Solve) -> Result<Outcome, KeyError> {
    let id = solve.verification;
    let Some(verification) = draft.subject.verification(id) else { return Ok(Outcome::NotFound) };
    let challenge = match &verification.state {
        State::ChallengeRequired { challenge } => *challenge,
        State::Pending { .. } => return Ok(Outcome::Solved(Solved::Already)),
        State::Recovering { .. } | State::Recovered { .. } => return Ok(Outcome::NotFound),
        _ => return Ok(Outcome::Refused(Refusal::NotPending(verification.status()))),
    };
    if challenge.kind != solve.kind {
        return Ok(Outcome::NotFound);
    }
    if solve.solution == Solution::Wrong {
        return Ok(Outcome::Solved(count_wrong(draft, id, challenge)));
    }
    if let Err(refusal) = may_send(draft, verification) {
        return Ok(Outcome::Refused(refusal));
    }
    send(draft, solve)
}

/// A wrong solution costs the server as much as a right one: a few, and it is over.
fn count_wrong(draft: &mut Draft<'_>, id: VerificationId, challenge: OpenChallenge) -> Solved {
    let wrong = challenge.wrong.saturating_add(1);
    let attempts_remaining = MAX_WRONG_SOLUTIONS.saturating_sub(wrong);
    draft.event(id, EventKind::ChallengeFailed { attempts_remaining });
    if attempts_remaining == 0 {
        let reason = DenyReason::ChallengeFailed;
        draft.end(id, State::Denied { at: draft.now, reason });
        draft.event(id, EventKind::Denied { reason });
    } else if let Some(verification) = draft.subject.verification_mut(id) {
        verification.state = State::ChallengeRequired { challenge: OpenChallenge { wrong, ..challenge } };
    }
    Solved::Wrong { attempts_remaining }
}

/// The rules that any first message meets: nothing was counted before. What they refuse can be solved again later.
fn may_send(draft: &Draft<'_>, verification: &Verification) -> Result<(), Refusal> {
    let standing = verification.standing;
    draft.check_lock(standing)?;
    let windows = [PhoneWindow::Spacing, PhoneWindow::TenMinutes, PhoneWindow::Hour, PhoneWindow::Day];
    draft.check_phone_windows(standing, &windows)?;
    start::check_places(draft, standing)
}

/// The life of the code and the resend ladder run from here, as of a start that sends at once.
fn send(draft: &mut Draft<'_>, solve: &Solve) -> Result<Outcome, KeyError> {
    let (id, now) = (solve.verification, draft.now);
    let Some(verification) = draft.subject.verification_mut(id) else { return Ok(Outcome::NotFound) };
    let lifetime = verification.expires_at.since(verification.created_at).min(MAX_LIFETIME);
    verification.created_at = now;
    verification.expires_at = now.plus(lifetime);
    if let Passage::Withheld(rule) = solve.passage
        && !verification.is_ghost()
    {
        verification.guard = Some(GuardTrace { action: GuardAction::Ghost, rule });
    }
    let channel = verification.channel;
    let copy = verification.clone();
    let phone = draft.open_phone(&copy)?;
    let code = start::code_material(draft, &copy, &phone);
    if let Some(verification) = draft.subject.verification_mut(id) {
        verification.state = State::Pending { code };
    }
    if let Some(delivery) = draft.send(id, channel) {
        let withheld = draft.withheld(id);
        draft.event(id, EventKind::ChallengeSolved { delivery, channel, withheld });
    }
    Ok(Outcome::Solved(Solved::Sent))
}
