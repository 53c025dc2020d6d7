//! Advance: the next step of a workflow, which nobody has to ask for.

use serde::{Deserialize, Serialize};

use super::{Draft, Outcome, PhoneWindow, Refusal};
use crate::event::EventKind;
use crate::id::{DeliveryId, VerificationId};
use crate::policy::MIN_LIFE_FOR_RESEND;
use crate::verification::Verification;

/// Time has come to something of a verification: take the next step of its workflow, if that is due. What
/// time has ended is settled before, as by any command.
#[derive(Clone, Copy, Debug)]
pub struct Advance {
    /// The verification.
    pub verification: VerificationId,
    /// Why now.
    pub cause: AdvanceCause,
    /// Whether there is room for its message.
    pub room: Room,
}

/// Why a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceCause {
    /// Its wait may be over.
    Due,
    /// No provider took this message, and none will.
    Failed(DeliveryId),
}

/// Whether the limits that cross phones have room for one more message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As far as is known.
    Open,
    /// They have said no: the workflow stops.
    Full,
}

/// Why a step of a workflow was taken before or without anybody asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepCause {
    /// The wait of the step before was over.
    Waited,
    /// The message of the step before cannot arrive any more.
    Failed,
}

/// Why a workflow takes no further step by itself. The customer may still ask for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The verification has no sends left.
    NoSendsLeft,
    /// So little of the code's life is left that a message may come too late.
    TooLate,
    /// The phone takes no guesses now.
    PhoneLocked,
    /// The phone was sent to too often.
    PhoneLimit,
    /// A limit that crosses phones has no room.
    Limit,
}

pub(super) fn advance(draft: &mut Draft<'_>, advance: &Advance) -> Outcome {
    let Some(verification) = draft.subject.verification(advance.verification) else {
        return Outcome::NotFound;
    };
    let cause = match advance.cause {
        AdvanceCause::Due if verification.wakes_at() <= draft.now => StepCause::Waited,
        AdvanceCause::Failed(delivery) if is_of_this_step(verification, delivery) => StepCause::Failed,
        _ => return Outcome::Settled,
    };
    take_next_step(draft, advance.verification, cause, advance.room);
    Outcome::Settled
}

/// Whether a message is the last one: the failure of an earlier one says nothing about this step.
fn is_of_this_step(verification: &Verification, delivery: DeliveryId) -> bool {
    verification.deliveries.last().is_some_and(|last| last.id == delivery)
}

/// Sends by the next step's channel, with the same code, or stops the workflow and says why. Its message
/// counts as one of the verification's sends and of the phone's, like one that the customer asks for.
pub(super) fn take_next_step(draft: &mut Draft<'_>, id: VerificationId, because: StepCause, room: Room) {
    let Some(verification) = draft.subject.verification(id).filter(|v| v.is_pending()) else { return };
    let Some(workflow) = verification.workflow.as_ref().filter(|workflow| workflow.next_at.is_some()) else {
        return;
    };
    let Some(next) = workflow.next() else { return };
    let step = workflow.taken.saturating_add(1);
    let sent = match obstacle(draft, verification, room) {
        None => draft.send(id, next.channel).ok_or(StopReason::NoSendsLeft),
        Some(reason) => Err(reason),
    };
    match sent {
        Ok(delivery) => {
            let withheld = draft.withheld(id);
            let channel = next.channel;
            draft.event(id, EventKind::NextStep { delivery, channel, step, because, withheld });
        }
        Err(reason) => {
            let workflow = draft.subject.verification_mut(id).and_then(|v| v.workflow.as_mut());
            if let Some(workflow) = workflow {
                workflow.next_at = None;
            }
            draft.event(id, EventKind::WorkflowStopped { reason });
        }
    }
}

fn obstacle(draft: &Draft<'_>, verification: &Verification, room: Room) -> Option<StopReason> {
    let windows = [PhoneWindow::Hour, PhoneWindow::Day];
    if room == Room::Full {
        Some(StopReason::Limit)
    } else if verification.sends >= draft.policy.max_sends {
        Some(StopReason::NoSendsLeft)
    } else if verification.expires_at.since(draft.now) < MIN_LIFE_FOR_RESEND {
        Some(StopReason::TooLate)
    } else if draft.check_lock(verification.standing).is_err() {
        Some(StopReason::PhoneLocked)
    } else {
        let full = matches!(
            draft.check_phone_windows(verification.standing, &windows),
            Err(Refusal::PhoneLimit { .. })
        );
        full.then_some(StopReason::PhoneLimit)
    }
}
