//! Redeem: use a proof, once.

use serde::{Deserialize, Serialize};

use super::{Draft, Outcome};
use crate::channel::Assurance;
use crate::delivery::DeliveryKind;
use crate::event::{EventKind, RevokeReason};
use crate::id::{DeliveryId, VerificationId};
use crate::keyring::Place;
use crate::phone::E164;
use crate::policy::{NOTICE_LIFETIME, PROOF_LIFETIME};
use crate::proof::SessionHash;
use crate::purpose::Purpose;
use crate::subject::SubjectKey;
use crate::time::Timestamp;
use crate::transaction::Transaction;
use crate::verification::{
    Channel, CommandId, DeliveryTrace, DenyReason, PhoneChange, RememberedOutcome, State, Verification,
};

/// Use a proof whose signature, audience and time were verified. What the shop is about to do is
/// repeated in full: else a customer could hand in the proof of her own phone for another's account.
#[derive(Clone)]
pub struct Redeem {
    /// The verification that the proof names.
    pub verification: VerificationId,
    /// The phone of the account.
    pub phone: E164,
    /// The purpose.
    pub purpose: Purpose,
    /// The session.
    pub session: Option<SessionHash>,
    /// The transaction that is about to be carried out.
    pub transaction: Option<Transaction>,
    /// The least that the proof must show. Some purposes ask for more: see [`Assurance::needed_for`].
    pub least: Assurance,
    /// The phone that takes the place of this one, where that is what the proof is used for.
    pub replacement: Option<Replacement>,
    /// Names the request, where it may be retried.
    pub command: Option<CommandId>,
}

/// The phone that takes the place of the one that was proved: binding another authenticator needs a proof
/// of the one before (NIST SP 800-63B-4 §3.1.3.3, §4.1.2, N7).
#[derive(Clone)]
pub struct Replacement {
    /// The other phone.
    pub phone: E164,
    /// Its verification, which starts once this proof is redeemed.
    pub verification: VerificationId,
    /// The customer whose number changes: the one who proved this phone.
    pub customer: String,
    /// What this phone gives way to.
    pub by: GivesWayTo,
}

/// What a phone gives way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivesWayTo {
    /// Its proof, whose signature was verified.
    Proof,
    /// A recovery whose time has come. Only its id was shown, and an id is no secret.
    Recovery,
}

/// What a redeem came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "field", rename_all = "snake_case")]
pub enum RedeemOutcome {
    /// This redeem, and no other, used the proof.
    Redeemed,
    /// It was used before.
    AlreadyRedeemed,
    /// Its time is over, or it is from before a restore.
    Expired,
    /// The verification was reported or voided after it was approved.
    Denied,
    /// The verification was never approved.
    NotApproved,
    /// The phone that should take this one's place is this one. The proof is as good as before.
    SamePhone,
    /// The code went by e-mail too, so that it shows no possession of the phone, and that is asked for (N10).
    /// The proof is as good as before.
    TooWeak,
    /// Something is not as it was at start. The verification is void now.
    Mismatch(BindingField),
    /// It is a recovery, and whoever holds the phone may still object.
    NotReady {
        /// Until then.
        ready_at: Timestamp,
    },
    /// It is a recovery of another phone or customer, or for another phone. It is as good as before.
    OtherRecovery(BindingField),
}

/// What a verification is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindingField {
    /// The phone.
    Phone,
    /// The purpose.
    Purpose,
    /// The customer, where one phone replaces another.
    Customer,
    /// The phone that takes the place of a lost one.
    Replacement,
    /// The session.
    Session,
    /// The transaction.
    Transaction,
}

impl BindingField {
    /// Its name in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            BindingField::Phone | BindingField::Replacement => "to",
            BindingField::Purpose => "purpose",
            BindingField::Customer => "customer",
            BindingField::Session => "session",
            BindingField::Transaction => "transaction",
        }
    }
}

pub(super) fn redeem(draft: &mut Draft<'_>, redeem: &Redeem) -> Outcome {
    let Some(verification) = draft.subject.verification(redeem.verification) else {
        return Outcome::NotFound;
    };
    // What was objected to since lets no phone give way, even where the answer to the first try was lost.
    let is_objected = redeem.replacement.is_some() && matches!(verification.state, State::Denied { .. });
    if let Some(RememberedOutcome::Redeemed(outcome)) = verification.recall(redeem.command)
        && !(is_objected && *outcome == RedeemOutcome::Redeemed)
    {
        return Outcome::Redeemed(*outcome);
    }
    let outcome = match judge(draft, verification, redeem) {
        RedeemOutcome::Redeemed => {
            use_up(draft, redeem.verification);
            if let Some(replacement) = &redeem.replacement {
                give_way(draft, redeem.verification, replacement);
            }
            RedeemOutcome::Redeemed
        }
        RedeemOutcome::Mismatch(field) => {
            void(draft, redeem.verification, field);
            RedeemOutcome::Mismatch(field)
        }
        RedeemOutcome::Expired => {
            // Said once, it stays so although the clock may jump back (I13).
            draft.subject.record.last_step_at = draft.now;
            return Outcome::Redeemed(RedeemOutcome::Expired);
        }
        other => return Outcome::Redeemed(other),
    };
    if let Some(verification) = draft.subject.verification_mut(redeem.verification) {
        verification.remember(redeem.command, RememberedOutcome::Redeemed(outcome));
    }
    Outcome::Redeemed(outcome)
}

fn judge(draft: &Draft<'_>, verification: &Verification, redeem: &Redeem) -> RedeemOutcome {
    let is_recovery = matches!(verification.state, State::Recovering { .. } | State::Recovered { .. });
    let by = redeem.replacement.as_ref().map(|new| new.by);
    // Nobody showed the proof of this one, so nothing of it is used up or void.
    if by == Some(GivesWayTo::Recovery) && !is_recovery && !matches!(verification.state, State::Denied { .. })
    {
        return RedeemOutcome::NotApproved;
    }
    let (at, redeemed_at) = match &verification.state {
        State::Approved { at, redeemed_at, .. } => (at, redeemed_at),
        State::Recovering { ready_at, replacement, .. } => {
            return judge_recovery(draft, verification, redeem, (*ready_at, *replacement));
        }
        State::Recovered { .. } => return RedeemOutcome::AlreadyRedeemed,
        State::Denied { .. } => return RedeemOutcome::Denied,
        State::ChallengeRequired { .. }
        | State::Pending { .. }
        | State::Expired { .. }
        | State::Exhausted { .. }
        | State::Canceled { .. } => {
            return RedeemOutcome::NotApproved;
        }
    };
    if redeemed_at.is_some() {
        return RedeemOutcome::AlreadyRedeemed;
    }
    if at.plus(PROOF_LIFETIME) <= draft.now || verification.epoch != draft.keyring.epoch {
        return RedeemOutcome::Expired;
    }
    let key = |phone| draft.keyring.subject_key(draft.subject.app, verification.mode, phone);
    if redeem.replacement.as_ref().is_some_and(|new| key(&new.phone) == draft.subject.key) {
        return RedeemOutcome::SamePhone;
    }
    match mismatch(draft, verification, redeem) {
        Some(field) => RedeemOutcome::Mismatch(field),
        None if verification.assurance() < needed(verification, redeem) => RedeemOutcome::TooWeak,
        None => RedeemOutcome::Redeemed,
    }
}

/// What is about to be done may need more than the shop asks for (N7, N10).
fn needed(verification: &Verification, redeem: &Redeem) -> Assurance {
    let replacing = redeem.replacement.as_ref().map_or(Assurance::Notification, |_| Assurance::Possession);
    redeem.least.max(Assurance::needed_for(&verification.purpose)).max(replacing)
}

/// A recovery is not proved but waited for. It lets the phone give way that it was asked for, and no other.
/// A difference does not void it: its customer would wait for days once more for a mistype.
fn judge_recovery(
    draft: &Draft<'_>,
    verification: &Verification,
    redeem: &Redeem,
    (ready_at, replacement): (Timestamp, SubjectKey),
) -> RedeemOutcome {
    let Some(new) = &redeem.replacement else { return RedeemOutcome::NotApproved };
    let key = |phone| draft.keyring.subject_key(draft.subject.app, verification.mode, phone);
    if key(&redeem.phone) != draft.subject.key {
        RedeemOutcome::OtherRecovery(BindingField::Phone)
    } else if key(&new.phone) != replacement {
        RedeemOutcome::OtherRecovery(BindingField::Replacement)
    } else if verification.customer.as_ref() != Some(&new.customer) {
        RedeemOutcome::OtherRecovery(BindingField::Customer)
    } else if draft.now < ready_at {
        RedeemOutcome::NotReady { ready_at }
    } else {
        RedeemOutcome::Redeemed
    }
}

fn mismatch(draft: &Draft<'_>, verification: &Verification, redeem: &Redeem) -> Option<BindingField> {
    let phone = draft.keyring.subject_key(draft.subject.app, verification.mode, &redeem.phone);
    let transaction = redeem.transaction.clone().unwrap_or_default();
    let digest = transaction.digest(draft.subject.app, &verification.purpose);
    if phone != draft.subject.key {
        Some(BindingField::Phone)
    } else if redeem.purpose != verification.purpose || !may_replace(redeem) {
        Some(BindingField::Purpose)
    } else if redeem
        .replacement
        .as_ref()
        .is_some_and(|new| verification.customer.as_ref() != Some(&new.customer))
    {
        Some(BindingField::Customer)
    } else if redeem.session != verification.session {
        Some(BindingField::Session)
    } else if digest != verification.digest {
        Some(BindingField::Transaction)
    } else {
        None
    }
}

/// A code that the customer typed for something else does not let go of her phone.
fn may_replace(redeem: &Redeem) -> bool {
    redeem.replacement.is_none() || redeem.purpose == Purpose::AccountChange
}

fn use_up(draft: &mut Draft<'_>, id: VerificationId) {
    let now = draft.now;
    match draft.subject.verification_mut(id).map(|verification| &mut verification.state) {
        Some(State::Approved { redeemed_at, .. }) => {
            *redeemed_at = Some(now);
            draft.event(id, EventKind::Redeemed);
        }
        // What was waited for is no proof: the change itself is the event.
        Some(State::Recovering { .. }) => draft.end(id, State::Recovered { at: now }),
        _ => {}
    }
}

/// Records that this phone gives way to another, and warns whoever holds it. No limit stops the warning:
/// there is one for each redeemed proof, and a proof costs a message that the limits have let through.
fn give_way(draft: &mut Draft<'_>, id: VerificationId, replacement: &Replacement) {
    let place = Place { app: draft.subject.app, verification: id };
    let ending = draft.keyring.seal_ending(place, &replacement.phone, draft.entropy.bytes());
    let notice = DeliveryId::new(draft.now, id.partition(), &mut draft.entropy);
    let replaced_by = replacement.verification;
    // What was trusted together with this phone is trusted no more (fraud.md C.3).
    let customer = super::start::customer_tag(draft, &replacement.customer);
    let dropped = draft.subject.record.devices.drop_customer(customer);
    draft.devices_dropped(id, RevokeReason::PhoneChanged, dropped);
    if let Some(verification) = draft.subject.verification_mut(id) {
        // Whatever carried the code: vendors' templates for codes carry no notice.
        let notice = DeliveryTrace { id: notice, channel: Channel::Sms, receipt: None };
        verification.phone_change = Some(PhoneChange { replaced_by, ending, notice });
    }
    let expires_at = draft.now.plus(NOTICE_LIFETIME);
    if draft.deliver(id, notice, DeliveryKind::PhoneChangeNotice, Channel::Sms, expires_at).is_some() {
        draft.event(id, EventKind::PhoneChangeAuthorized { replaced_by, delivery: notice });
    }
}

fn void(draft: &mut Draft<'_>, id: VerificationId, field: BindingField) {
    let reason = match field {
        BindingField::Transaction => DenyReason::TransactionMismatch,
        BindingField::Phone
        | BindingField::Purpose
        | BindingField::Customer
        | BindingField::Replacement
        | BindingField::Session => DenyReason::BindingMismatch,
    };
    draft.end(id, State::Denied { at: draft.now, reason });
    draft.event(id, EventKind::Denied { reason });
    let dropped = draft.subject.record.devices.drop_granted_by(id);
    draft.devices_dropped(id, RevokeReason::Voided, dropped);
}
