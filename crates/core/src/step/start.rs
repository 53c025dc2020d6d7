//! Start: prove this phone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Draft, Effect, NotSentTo, Outcome, PhoneWindow, Refusal};
use crate::challenge::{ChallengeKind, ChallengedAnswer, OpenChallenge};
use crate::code::CodeFormat;
use crate::device::{DeviceUse, PresentedDevice, Sight};
use crate::email::EmailAddress;
use crate::event::{ClientAddress, EventKind};
use crate::gate::{Gate, GateRule};
use crate::guard::KeyId;
use crate::guard::budget::{CheckTerms, Stage};
use crate::guard::known::Asker;
use crate::id::VerificationId;
use crate::keyring::{Place, Tag};
use crate::locale::Locale;
use crate::message::Reader;
use crate::origin::ReturnTo;
use crate::phone::{E164, NumberType};
use crate::policy::{Address, Carried, MAX_CHALLENGED, MAX_LIFETIME, MAX_LIVE};
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
    /// Where the customer goes from the hosted page.
    pub return_to: Option<ReturnTo>,
    /// The form of the code, allowed by the policy.
    pub format: CodeFormat,
    /// The life of the code, within [`crate::policy::MIN_LIFETIME`] and [`crate::policy::MAX_LIFETIME`].
    pub lifetime: Duration,
    /// Whether the shop said where its customer is.
    pub client_address: ClientAddress,
    /// Who asks, as far as the shop said it: remembered with a success, so that a known number is known together with
    /// its device or customer.
    pub asker: Asker,
    /// Where the customer is, as the guard names addresses and their networks.
    pub net: Option<(KeyId, KeyId)>,
    /// What the customer's browser showed as its trusted device.
    pub device: Option<PresentedDevice>,
    /// The shop's own words.
    pub metadata: BTreeMap<String, String>,
    /// What the guard says about it.
    pub gate: Gate,
    /// Names the request, where it may be retried.
    pub command: Option<CommandId>,
}

/// What a start came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// There is a new verification, and a message is due or a challenge is to be solved.
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
    draft.subject.record.found_by(start.command).map(Started::Found)
}

fn try_start(draft: &mut Draft<'_>, start: &Start) -> Result<Started, Refusal> {
    check_destination(draft, start.mode, &start.phone)?;
    check_channels(draft, start)?;
    let customer = start.customer.as_ref().map(|customer| customer_tag(draft, customer));
    let sight = draft.look(start.device.as_ref(), customer, &start.purpose, start.command);
    let standing = match customer {
        Some(_) if sight.is_trusted() => Standing::TrustedDevice,
        Some(tag) if draft.subject.record.known_customers.contains(&tag) => Standing::KnownCustomer,
        _ => Standing::Stranger,
    };
    draft.check_lock(standing)?;

    let digest = start.transaction.clone().unwrap_or_default().digest(draft.subject.app, &start.purpose);
    let in_slot = draft
        .subject
        .verifications
        .iter()
        .find(|v| v.holds_slot() && v.purpose == start.purpose && in_one_slot(v, start, standing))
        .map(|v| {
            // One that replaces nothing must not become one that does, nor the other way round (N7).
            let same = v.digest == digest
                && v.customer == start.customer
                && v.replaces == start.replaces
                && keeps_address(draft, v, start);
            InSlot { id: v.id, same, used: v.attempts_used, is_challenged: v.challenge().is_some() }
        });
    // Inside one verification the resend ladder stands in for the short windows; a new one meets all.
    let room = draft.check_phone_windows(
        standing,
        &[PhoneWindow::Spacing, PhoneWindow::TenMinutes, PhoneWindow::Hour, PhoneWindow::Day],
    );
    if let Some(InSlot { id, same: true, is_challenged, .. }) = in_slot {
        if is_challenged {
            let started = found_challenged(draft, id, start.command);
            note_device(draft, id, start, sight);
            return Ok(started);
        }
        if room.is_err() || !super::resend::must_start_anew(draft, id) {
            raise_standing(draft, id, start, standing);
            let started = found(draft, id, start);
            note_device(draft, id, start, sight);
            return Ok(started);
        }
    }
    room?;
    let terms = draft.guess_terms(start.mode, standing);
    terms.room.map_err(Refusal::GuessBudget)?;
    let start = &under(draft, start, terms.stage);
    // One that takes the place of another needs no place of its own. Judged before anything is
    // superseded: a refused start must leave the earlier verification alone.
    if in_slot.is_none_or(|slot| slot.is_challenged) {
        check_places(draft, standing)?;
    }
    let max_attempts = draft.policy.attempts(&start.purpose).min(terms.stage.terms().most_tries);
    let carried = match in_slot {
        Some(InSlot { id, used, .. }) => {
            supersede(draft, id);
            used.min(max_attempts.saturating_sub(1))
        }
        None => 0,
    };
    create(draft, start, &Binding { digest, standing, carried, max_attempts });
    note_device(draft, start.verification, start, sight);
    Ok(Started::Created(start.verification))
}

/// A start as the stage of the app's guess budget lets it be: with a longer code, or a proof of work before its message
/// (fraud.md B.5).
fn under<'a>(draft: &Draft<'_>, start: &'a Start, stage: Stage) -> Cow<'a, Start> {
    if stage == Stage::Calm {
        return Cow::Borrowed(start);
    }
    let terms = stage.terms();
    let mut start = start.clone();
    start.format = start.format.with_digits(terms.least_digits);
    if terms.check == CheckTerms::ProofOfWork {
        let work = draft.policy.challenge.proof_of_work();
        start.gate = start.gate.challenged_by(GateRule::GuessBudget, work);
    }
    Cow::Owned(start)
}

/// Whether a start meets this verification. Without a session all who start for one purpose meet, but whoever comes on
/// the customer's trusted device does not meet strangers.
fn in_one_slot(verification: &Verification, start: &Start, standing: Standing) -> bool {
    let on_device = |standing| standing == Standing::TrustedDevice;
    verification.session == start.session
        && (start.session.is_some() || on_device(verification.standing) == on_device(standing))
}

/// Places for live verifications that somebody of this standing leaves to others: one to a customer who proved the
/// phone, one more to her trusted device where there is one (design 6, Contention).
fn kept_places(draft: &Draft<'_>, standing: Standing) -> usize {
    let of_device = standing < Standing::TrustedDevice && draft.subject.record.devices.any(draft.now);
    usize::from(standing < Standing::KnownCustomer) + usize::from(of_device)
}

/// The same session, now known better: its verification counts as what it is found to be. Not in a shared slot, where
/// a stranger's guesses would count as hers.
fn raise_standing(draft: &mut Draft<'_>, id: VerificationId, start: &Start, standing: Standing) {
    if let Some(verification) = draft.subject.verification_mut(id)
        && start.session.is_some()
        && standing > verification.standing
    {
        verification.standing = standing;
    }
}

/// Uses the token that a start came with: not before it is allowed, so that a refused start changes nothing.
fn note_device(draft: &mut Draft<'_>, id: VerificationId, start: &Start, sight: Sight) {
    if start.device.is_none() {
        return;
    }
    let granted_by = draft.granted_by(sight);
    let used = draft.take_device(sight, start.command);
    if let (DeviceUse::Theft, Some(granted_by)) = (used, granted_by) {
        draft.event(id, EventKind::DeviceTheft { granted_by });
    }
    if let Some(verification) = draft.subject.verification_mut(id) {
        verification.device = Some(used);
    }
}

/// Numbers that are never sent to; test messages cost nothing and go to no carrier.
pub(super) fn check_destination(draft: &Draft<'_>, mode: Mode, phone: &E164) -> Result<(), NotSentTo> {
    if mode == Mode::Test {
        return Ok(());
    }
    let number_type = phone.number_type();
    // A number of no type is one that no plan assigns: only test keys may use it (fiction ranges).
    if number_type == NumberType::Unknown || draft.policy.refused_number_types.contains(&number_type) {
        return Err(NotSentTo::NumberType(number_type));
    }
    match phone.country() {
        Some(country) if draft.policy.countries.contains(&country) => Ok(()),
        country => Err(NotSentTo::Country(country)),
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
    draft.passage = start.gate.passage();
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
        // The same session, later: its last word says where it goes. Of a shared slot nobody turns another's way.
        if start.session.is_some() && start.return_to.is_some() {
            verification.return_to.clone_from(&start.return_to);
        }
    }
    note_found(draft, id, command);
    Started::Found(id)
}

/// The same verification and the same challenge, whatever the guard says by now.
fn found_challenged(draft: &mut Draft<'_>, id: VerificationId, command: Option<CommandId>) -> Started {
    remember_challenged(draft, id, command);
    note_found(draft, id, command);
    Started::Found(id)
}

fn remember_challenged(draft: &mut Draft<'_>, id: VerificationId, command: Option<CommandId>) {
    let Some(verification) = draft.subject.verification_mut(id) else { return };
    let Some(challenge) = verification.challenge() else { return };
    let answer = ChallengedAnswer {
        kind: challenge.kind,
        created_at: verification.created_at,
        expires_at: verification.expires_at,
        attempts_remaining: verification.attempts_remaining(),
    };
    verification.remember(command, RememberedOutcome::Challenged(answer));
}

fn note_found(draft: &mut Draft<'_>, id: VerificationId, command: Option<CommandId>) {
    let Some(command) = command else { return };
    let found = &mut draft.subject.record.found;
    if found.len() >= MAX_FOUND {
        found.remove(0);
    }
    found.push(FoundStart { command, verification: id });
}

/// Whether one more verification may wait for a code.
pub(super) fn check_places(draft: &Draft<'_>, standing: Standing) -> Result<(), Refusal> {
    let places = MAX_LIVE - kept_places(draft, standing);
    let pending = draft.subject.verifications.iter().filter(|v| v.is_pending()).count();
    if pending >= places { Err(Refusal::TooManyLive) } else { Ok(()) }
}

/// The oldest challenge that nobody has solved gives way to a new one.
fn make_room_for_a_challenge(draft: &mut Draft<'_>) {
    let open = || draft.subject.verifications.iter().filter(|v| v.challenge().is_some());
    if open().count() >= MAX_CHALLENGED
        && let Some(oldest) = open().min_by_key(|v| (v.created_at, v.id)).map(|v| v.id)
    {
        supersede(draft, oldest);
    }
}

/// What the slot of a start holds.
#[derive(Clone, Copy)]
struct InSlot {
    id: VerificationId,
    /// Whether it is for the same thing.
    same: bool,
    used: u8,
    is_challenged: bool,
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

/// What the code of a verification is made of that is sent, or looks as if.
pub(super) fn code_material(
    draft: &mut Draft<'_>,
    verification: &Verification,
    phone: &E164,
) -> CodeMaterial {
    let nonce = draft.entropy.bytes();
    let key = draft.keyring.code.active().name.clone();
    if verification.is_ghost() {
        CodeMaterial::Ghost { key, nonce, generation: 0 }
    } else if verification.mode == Mode::Test && draft.policy.test_code(phone).is_some() {
        CodeMaterial::TestNumber
    } else {
        CodeMaterial::Derived { key, nonce, generation: 0 }
    }
}

fn create(draft: &mut Draft<'_>, start: &Start, binding: &Binding) {
    if start.gate.challenge().is_some() {
        make_room_for_a_challenge(draft);
    }
    let mut verification = new_verification(draft, start, binding);
    let id = verification.id;
    verification.state = match start.gate.challenge() {
        Some(kind) => {
            State::ChallengeRequired { challenge: OpenChallenge { kind, wrong: 0, net: start.net } }
        }
        None => State::Pending { code: code_material(draft, &verification, &start.phone) },
    };
    let channel = verification.channel;
    draft.subject.record.live.push(id);
    draft.subject.verifications.push(Arc::new(verification));
    match start.gate.challenge() {
        Some(kind) => challenge_first(draft, start, kind),
        None => send_first(draft, start, channel),
    }
}

/// Nothing is sent yet.
fn challenge_first(draft: &mut Draft<'_>, start: &Start, challenge: ChallengeKind) {
    draft.event(
        start.verification,
        EventKind::ChallengeRequired {
            purpose: start.purpose.clone(),
            country: start.phone.country(),
            client_address: start.client_address,
            challenge,
            rule: start.gate.trace().map(|trace| trace.rule),
        },
    );
    remember_challenged(draft, start.verification, start.command);
}

fn send_first(draft: &mut Draft<'_>, start: &Start, channel: Channel) {
    if let Some(delivery) = draft.send(start.verification, channel) {
        draft.event(
            start.verification,
            EventKind::Started {
                purpose: start.purpose.clone(),
                channel,
                country: start.phone.country(),
                client_address: start.client_address,
                delivery,
                withheld: draft.withheld(start.verification),
            },
        );
    }
    debug_assert!(draft.effects.iter().any(|effect| matches!(effect, Effect::Send(_))));
    if let Some(verification) = draft.subject.verification_mut(start.verification) {
        let answer = verification.pending_answer(draft.policy);
        verification.remember(start.command, RememberedOutcome::Sent(answer));
    }
}

/// With everything but its state.
fn new_verification(draft: &mut Draft<'_>, start: &Start, binding: &Binding) -> Verification {
    let place = Place { app: draft.subject.app, verification: start.verification };
    let sealed = draft.keyring.seal_phone(place, &start.phone, draft.entropy.bytes());
    let email =
        start.email.as_ref().map(|email| draft.keyring.seal_email(place, email, draft.entropy.bytes()));
    Verification {
        id: start.verification,
        mode: start.mode,
        purpose: start.purpose.clone(),
        transaction: start.transaction.clone(),
        digest: binding.digest,
        session: start.session,
        customer: start.customer.clone(),
        asker: start.asker,
        replaces: start.replaces,
        standing: binding.standing,
        device: None,
        granted: None,
        phone: sealed,
        country: start.phone.country(),
        email,
        channel: start.channels().next().unwrap_or_default(),
        workflow: (start.workflow.len() > 1).then(|| Workflow::new(start.workflow.clone())),
        locale: start.locale.clone(),
        presentation: start.presentation.clone(),
        reader: start.reader,
        return_to: start.return_to.clone(),
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
        // Given its own before anybody sees it.
        state: State::Expired { at: draft.now },
        guard: start.gate.trace(),
        phone_change: None,
        reported_at: None,
        remembered: Vec::new(),
        metadata: start.metadata.clone(),
    }
}

/// The tag under which a customer who proved the phone is remembered.
pub(super) fn customer_tag(draft: &Draft<'_>, customer: &str) -> Tag {
    draft.keyring.customer_tag(draft.subject.app, customer)
}
