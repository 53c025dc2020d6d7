//! Resend: the message did not come.

use super::{Draft, Outcome, PhoneWindow, Refusal};
use crate::event::EventKind;
use crate::gate::Passage;
use crate::id::VerificationId;
use crate::policy::{Address, Carried, MIN_LIFE_FOR_RESEND, ResendCode};
use crate::time::Timestamp;
use crate::verification::{Channel, CodeMaterial, CommandId, RememberedOutcome, State, Verification};
use crate::workflow::Workflow;

/// Send the message again. Attempts are kept: a resend never lowers a counter (N4; I2).
#[derive(Clone, Copy, Debug)]
pub struct Resend {
    /// The verification.
    pub verification: VerificationId,
    /// By which channel; none: by the next step of its workflow, else as before.
    pub channel: Option<Channel>,
    /// Whether its message leaves.
    pub passage: Passage,
    /// Names the request, where it may be retried.
    pub command: Option<CommandId>,
}

pub(super) fn resend(draft: &mut Draft<'_>, resend: &Resend) -> Outcome {
    let Some(verification) = draft.subject.verification(resend.verification) else {
        return Outcome::NotFound;
    };
    if matches!(verification.state, State::Recovering { .. } | State::Recovered { .. }) {
        return Outcome::NotFound;
    }
    if let Some(RememberedOutcome::Sent(answer)) = verification.recall(resend.command) {
        return Outcome::Resent { resend_at: answer.resend_at };
    }
    draft.passage = resend.passage;
    match send_again(draft, resend.verification, resend.channel) {
        Ok(resend_at) => {
            if let Some(verification) = draft.subject.verification_mut(resend.verification) {
                let answer = verification.pending_answer(draft.policy);
                verification.remember(resend.command, RememberedOutcome::Sent(answer));
            }
            Outcome::Resent { resend_at }
        }
        Err(refusal) => Outcome::Refused(refusal),
    }
}

/// Whether a verification can send nothing more in what is left of its life: a start for the same thing
/// then makes a new one, which keeps the attempts. Not right after a send, whoever asks: a double click
/// must not kill the code that is on its way.
pub(super) fn must_start_anew(draft: &Draft<'_>, id: VerificationId) -> bool {
    draft.subject.verification(id).is_none_or(|verification| {
        let waited = verification.last_sent_at.plus(draft.policy.resend_wait(1)) <= draft.now;
        let ends = verification.sends >= draft.policy.max_sends
            || verification.expires_at.since(draft.now) < MIN_LIFE_FOR_RESEND;
        waited && ends
    })
}

/// Sends again if every rule allows; says when another send is possible, if one is.
pub(super) fn send_again(
    draft: &mut Draft<'_>,
    id: VerificationId,
    channel: Option<Channel>,
) -> Result<Option<Timestamp>, Refusal> {
    let verification = draft.subject.verification(id).ok_or(Refusal::NoSendsLeft)?;
    if verification.challenge().is_some() {
        return Err(Refusal::ChallengeOpen);
    }
    if !verification.is_pending() {
        return Err(Refusal::NotPending(verification.status()));
    }
    let next = || verification.workflow.as_ref().and_then(Workflow::next).map(|step| step.channel);
    let channel = match channel {
        Some(asked) => {
            let address = verification.email.as_ref().map_or(Address::Missing, |_| Address::Known);
            let Verification { purpose, format, .. } = verification;
            draft.policy.check_channel(asked, &Carried { purpose, format: *format, address })?;
            asked
        }
        None => next().unwrap_or(verification.channel),
    };
    if verification.sends >= draft.policy.max_sends {
        return Err(Refusal::NoSendsLeft);
    }
    if verification.expires_at.since(draft.now) < MIN_LIFE_FOR_RESEND {
        return Err(Refusal::TooLateToResend);
    }
    let retry_at = verification.last_sent_at.plus(draft.policy.resend_wait(verification.sends));
    if retry_at > draft.now {
        return Err(Refusal::ResendTooSoon { retry_at });
    }
    let standing = verification.standing;
    draft.check_lock(standing)?;
    draft.check_phone_windows(standing, &[PhoneWindow::Hour, PhoneWindow::Day])?;

    // Of a live one whose new message does not leave, the code that its customer may have stays good.
    let is_ghost = verification_is_ghost(draft, id);
    if draft.policy.resend == ResendCode::Rotate && (is_ghost || draft.withheld(id).is_none()) {
        rotate(draft, id);
    }
    let taken = |draft: &Draft<'_>| Some(draft.subject.verification(id)?.workflow.as_ref()?.taken);
    let before = taken(draft);
    let delivery = draft.send(id, channel).ok_or(Refusal::NoSendsLeft)?;
    let step = taken(draft).filter(|taken| Some(*taken) != before);
    let verification = draft.subject.verification(id).ok_or(Refusal::NoSendsLeft)?;
    let (generation, resend_at) = (verification.generation(), verification.resend_at(draft.policy));
    let withheld = draft.withheld(id);
    draft.event(id, EventKind::Resent { delivery, generation, channel, step, withheld });
    Ok(resend_at)
}

fn verification_is_ghost(draft: &Draft<'_>, id: VerificationId) -> bool {
    draft.subject.verification(id).is_some_and(Verification::is_ghost)
}

/// A new code; messages with the old one that were not sent yet are not sent.
fn rotate(draft: &mut Draft<'_>, id: VerificationId) {
    let Some(verification) = draft.subject.verification_mut(id) else { return };
    if let State::Pending {
        code: CodeMaterial::Derived { generation, .. } | CodeMaterial::Ghost { generation, .. },
    } = &mut verification.state
    {
        *generation += 1;
        draft.cancel_deliveries(id);
    }
}
