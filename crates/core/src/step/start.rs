//! Start: prove this phone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Draft, Effect, Outcome, PhoneWindow, Refusal};
use crate::code::CodeFormat;
use crate::email::EmailAddress;
use crate::event::{ClientAddress, EventKind};
use crate::id::VerificationId;
use crate::keyring::{Place, Tag};
use crate::locale::Locale;
use crate::message::Reader;
use crate::phone::{E164, NumberType};
use crate::policy::{Address, Carried, MAX_LIFETIME, MAX_LIVE};
use crate::presentation::Presentation;
use crate::proof::SessionHash;
use crate::purpose::Purpose;
use crate::subject::{FoundStart, MAX_FOUND, Mode};
use crate::time::Timestamp;
use crate::transaction::Transaction;
use crate::verification::{
    CancelReason, Channel, CodeMaterial, CommandId, RememberedOutcome, Standing, State, Verification,
};
use crate::workflow::{Workflow, WorkflowStep};

/// Prove this phone, for this purpose.
#[derive(Clone)]
pub struct Start {
    /// The id that the verification gets; a retry brings the same one.
    pub verification: VerificationId,
    /// The phone.
    pub phone: E164,
    /// Live or test.
    pub mode: Mode,
    /// Why.
    pub purpose: Purpose,
    /// What is approved.
    pub transaction: Option<Transaction>,
    /// The browser session. Without one, all share a slot, and a stranger who starts for the same
    /// phone and purpose meets the same verification.
    pub session: Option<SessionHash>,
    /// The shop's reference for its customer.
    pub customer: Option<String>,
    /// The verification whose proof lets this phone take the place of the customer's earlier one. Whoever
    /// gives it has redeemed that proof as a [`super::Replacement`] by this very start.
    pub replaces: Option<VerificationId>,
    /// The customer's e-mail address, where the code may go there.
    pub email: Option<EmailAddress>,
    /// How the code travels, without a workflow.
    pub channel: Channel,
    /// The channels that are tried one after another; none: `channel` alone.
    pub workflow: Vec<WorkflowStep>,
    /// The language of the message.
    pub locale: Locale,
    /// Where the code is typed.
    pub presentation: Presentation,
    /// What reads the message's last line.
    pub reader: Reader,
    /// The form of the code, allowed by the policy.
    pub format: CodeFormat,
    /// The life of the code, within [`crate::policy::MIN_LIFETIME`] and [`crate::policy::MAX_LIFETIME`].
    pub lifetime: Duration,
    /// Whether the shop said where its customer is.
    pub client_address: ClientAddress,
    /// The shop's own words.
    pub metadata: BTreeMap<String, String>,
    /// Names the request, where it may be retried.
    pub command: Option<CommandId>,
}

/// What a start came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// There is a new verification, and a message is due.
    Created(VerificationId),
    /// The same phone, purpose, session and transaction has one already. It was sent again if the
    /// resend ladder allows, else nothing was.
    Found(VerificationId),
}

impl Started {
    /// The verification.
    pub const fn id(self) -> VerificationId {
        match self {
            Started::Created(id) | Started::Found(id) => id,
        }
    }
}

pub(super) fn start(draft: &mut Draft<'_>, start: &Start) -> Outcome {
    if let Some(answer) = recall(draft, start) {
        return Outcome::Started(answer);
    }
    try_start(draft, start).map_or_else(Outcome::Refused, Outcome::Started)
}

impl Start {
    /// The channels of its messages, the first one first.
    fn channels(&self) -> impl Iterator<Item = Channel> {
        let alone = self.workflow.is_empty().then_some(self.channel);
        self.workflow.iter().map(|step| step.channel).chain(alone)
    }
}

/// What the same request came to before.
fn recall(draft: &Draft<'_>, start: &Start) -> Option<Started> {
    if draft.subject.verification(start.verification).is_some() {
        return Some(Started::Created(start.verification));
    }
    let found = draft.subject.record.found.iter().find(|found| Some(found.command) == start.command)?;
    Some(Started::Found(found.verification))
}

fn try_start(draft: &mut Draft<'_>, start: &Start) -> Result<Started, Refusal> {
    check_destination(draft, start.mode, &start.phone)?;
    check_channels(draft, start)?;
    let customer = start.customer.as_ref().map(|customer| customer_tag(draft, customer));
    let standing = match customer {
        Some(tag) if draft.subject.record.known_customers.contains(&tag) => Standing::KnownCustomer,
        _ => Standing::Stranger,
    };
    draft.check_lock(standing)?;

    let digest = start.transaction.clone().unwrap_or_default().digest(draft.subject.app, &start.purpose);
    let in_slot = draft
        .subject
        .verifications
        .iter()
        .find(|v| v.is_pending() && v.purpose == start.purpose && v.session == start.session)
        .map(|v| {
            // One that replaces nothing must not become one that does, nor the other way round (N7).
            let same = v.digest == digest
                && v.customer == start.customer
                && v.replaces == start.replaces
                && keeps_address(draft, v, start);
            (v.id, same, v.attempts_used)
        });
    // Inside one verification the resend ladder stands in for the short windows; a new one meets all.
    let room = draft.check_phone_windows(
        standing,
        &[PhoneWindow::Spacing, PhoneWindow::TenMinutes, PhoneWindow::Hour, PhoneWindow::Day],
    );
    if let Some((id, is_the_same, _)) = in_slot
        && is_the_same
        && (room.is_err() || !super::resend::must_start_anew(draft, id))
    {
        return Ok(found(draft, id, start));
    }
    room?;
    let places = if standing == Standing::KnownCustomer { MAX_LIVE } else { MAX_LIVE - 1 };
    // One that takes the place of another needs no place of its own. Judged before anything is
    // superseded: a refused start must leave the earlier verification alone.
    let pending = draft.subject.verifications.iter().filter(|v| v.is_pending()).count();
    if in_slot.is_none() && pending >= places {
        return Err(Refusal::TooManyLive);
    }
    let max_attempts = draft.policy.attempts(&start.purpose);
    let carried = match in_slot {
        Some((id, _, used)) => {
            supersede(draft, id);
            used.min(max_attempts.saturating_sub(1))
        }
        None => 0,
    };
    create(draft, start, &Binding { digest, standing, carried, max_attempts });
    Ok(Started::Created(start.verification))
}

/// Numbers that are never sent to; test messages cost nothing and go to no carrier.
pub(super) fn check_destination(draft: &Draft<'_>, mode: Mode, phone: &E164) -> Result<(), Refusal> {
    if mode == Mode::Test {
        return Ok(());
    }
    let number_type = phone.number_type();
    // A number of no type is one that no plan assigns: only test keys may use it (fiction ranges).
    if number_type == NumberType::Unknown || draft.policy.refused_number_types.contains(&number_type) {
        return Err(Refusal::NumberTypeRefused(number_type));
    }
    match phone.country() {
        Some(country) if draft.policy.countries.contains(&country) => Ok(()),
        country => Err(Refusal::CountryNotAllowed(country)),
    }
}

/// Whether every channel may carry this code.
fn check_channels(draft: &Draft<'_>, start: &Start) -> Result<(), Refusal> {
    let address = start.email.as_ref().map_or(Address::Missing, |_| Address::Known);
    let carried = Carried { purpose: &start.purpose, format: start.format, address };
    start.channels().try_for_each(|channel| draft.policy.check_channel(channel, &carried))
}

/// Whether a start names no other e-mail address than the verification that it would find. The code of one
/// that is on its way never goes to an address that was not there at its start: whoever meets it in a shared
/// slot could add her own.
fn keeps_address(draft: &Draft<'_>, verification: &Verification, start: &Start) -> bool {
    let Some(asked) = &start.email else { return true };
    let place = Place { app: draft.subject.app, verification: verification.id };
    let known = verification.email.as_ref().and_then(|sealed| draft.keyring.open_email(place, sealed).ok());
    known.is_some_and(|known| known == *asked)
}

/// "Same phone, purpose, session and transaction: it is a resend, same id" (design 6). A start that asks for
/// another channel changes to it.
fn found(draft: &mut Draft<'_>, id: VerificationId, start: &Start) -> Started {
    let command = start.command;
    let before = draft.subject.verification(id).map(|verification| verification.channel);
    let another = Some(start.channel).filter(|asked| start.workflow.is_empty() && before != Some(*asked));
    let sent = super::resend::send_again(draft, id, another);
    if let Some(verification) = draft.subject.verification_mut(id) {
        let answer = verification.pending_answer(draft.policy);
        let outcome = match sent {
            Ok(_) => RememberedOutcome::Sent(answer),
            Err(_) => RememberedOutcome::Found(answer),
        };
        verification.remember(command, outcome);
    }
    if let Some(command) = command {
        let found = &mut draft.subject.record.found;
        if found.len() >= MAX_FOUND {
            found.remove(0);
        }
        found.push(FoundStart { command, verification: id });
    }
    Started::Found(id)
}

pub(super) fn supersede(draft: &mut Draft<'_>, id: VerificationId) {
    let reason = CancelReason::Superseded;
    draft.end(id, State::Canceled { at: draft.now, reason });
    draft.event(id, EventKind::Canceled { reason });
}

struct Binding {
    digest: crate::transaction::TransactionDigest,
    standing: Standing,
    carried: u8,
    max_attempts: u8,
}

fn create(draft: &mut Draft<'_>, start: &Start, binding: &Binding) {
    let place = Place { app: draft.subject.app, verification: start.verification };
    let nonce = draft.entropy.bytes();
    let sealed = draft.keyring.seal_phone(place, &start.phone, draft.entropy.bytes());
    let email =
        start.email.as_ref().map(|email| draft.keyring.seal_email(place, email, draft.entropy.bytes()));
    let test_number = start.mode == Mode::Test && draft.policy.test_code(&start.phone).is_some();
    let code = if test_number {
        CodeMaterial::TestNumber
    } else {
        CodeMaterial::Derived { key: draft.keyring.code.active().name.clone(), nonce, generation: 0 }
    };
    let verification = Verification {
        id: start.verification,
        mode: start.mode,
        purpose: start.purpose.clone(),
        transaction: start.transaction.clone(),
        digest: binding.digest,
        session: start.session,
        customer: start.customer.clone(),
        replaces: start.replaces,
        standing: binding.standing,
        phone: sealed,
        country: start.phone.country(),
        email,
        channel: start.channels().next().unwrap_or_default(),
        workflow: (start.workflow.len() > 1).then(|| Workflow::new(start.workflow.clone())),
        locale: start.locale.clone(),
        presentation: start.presentation.clone(),
        reader: start.reader,
        format: start.format,
        epoch: draft.keyring.epoch,
        created_at: draft.now,
        // Whatever the caller asks for, no code lives longer (NIST SP 800-63B-4 §3.1.3.2, N1).
        expires_at: draft.now.plus(start.lifetime.min(MAX_LIFETIME)),
        attempts_used: binding.carried,
        max_attempts: binding.max_attempts,
        sends: 0,
        last_sent_at: Timestamp::EPOCH,
        deliveries: Vec::new(),
        state: State::Pending { code },
        phone_change: None,
        reported_at: None,
        remembered: Vec::new(),
        metadata: start.metadata.clone(),
    };
    let channel = verification.channel;
    draft.subject.record.live.push(verification.id);
    draft.subject.verifications.push(Arc::new(verification));
    if let Some(delivery) = draft.send(start.verification, channel) {
        draft.event(
            start.verification,
            EventKind::Started {
                purpose: start.purpose.clone(),
                channel,
                country: start.phone.country(),
                client_address: start.client_address,
                delivery,
            },
        );
    }
    debug_assert!(draft.effects.iter().any(|effect| matches!(effect, Effect::Send(_))));
    if let Some(verification) = draft.subject.verification_mut(start.verification) {
        let answer = verification.pending_answer(draft.policy);
        verification.remember(start.command, RememberedOutcome::Sent(answer));
    }
}

/// The tag under which a customer who proved the phone is remembered.
pub(super) fn customer_tag(draft: &Draft<'_>, customer: &str) -> Tag {
    draft.keyring.tag("customer", draft.subject.app, customer.as_bytes())
}
