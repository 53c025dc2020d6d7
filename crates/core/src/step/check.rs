//! Check: is this the code?

use serde::{Deserialize, Serialize};

use super::{Draft, Outcome, Refusal};
use crate::channel::Assurance;
use crate::code::{Code, Guess};
use crate::event::{EventKind, RevokeReason};
use crate::guard::known::Order;
use crate::id::{AppId, VerificationId};
use crate::keyring::{CodeInput, KeyError, Keyring};
use crate::phone::E164;
use crate::subject::{Lock, MAX_KNOWN_CUSTOMERS};
use crate::transaction::Transaction;
use crate::verification::{
    CancelReason, CodeMaterial, CommandId, DenyReason, RememberedOutcome, Standing, State, Status,
    Verification,
};

/// One guess at a code. Costs one attempt if it is evaluated.
#[derive(Clone)]
pub struct Check {
    /// The verification.
    pub verification: VerificationId,
    /// What the customer typed.
    pub guess: Guess,
    /// The transaction, where the shop repeats it: another one voids the verification.
    pub transaction: Option<Transaction>,
    /// Whether the device on which the code was typed is to be trusted.
    pub trust: Trust,
    /// Names the request, where it may be retried.
    pub command: Option<CommandId>,
}

/// Whether a device is to be trusted once the code is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The shop's server asked for it.
    Asked,
    /// Nobody did.
    #[default]
    NotAsked,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// It is the code: this check, and no other, approved the verification.
    Approved,
    /// It is not.
    Incorrect,
    /// The verification's time is over.
    Expired,
    /// Its guesses are used up.
    Exhausted,
    /// It was approved before.
    AlreadyUsed,
    /// A later code or a later verification took its place.
    Superseded,
    /// It was given up.
    Canceled,
    /// Its customer said "this was not me", or it was voided before.
    Denied,
    /// The transaction is another one; the verification is void now (PSD2 RTS Art 5(1)(d), P7).
    TransactionMismatch,
}

impl CheckResult {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            CheckResult::Approved => "approved",
            CheckResult::Incorrect => "incorrect",
            CheckResult::Expired => "expired",
            CheckResult::Exhausted => "exhausted",
            CheckResult::AlreadyUsed => "already_used",
            CheckResult::Superseded => "superseded",
            CheckResult::Canceled => "canceled",
            CheckResult::Denied => "denied",
            CheckResult::TransactionMismatch => "transaction_mismatch",
        }
    }
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The result.
    pub result: CheckResult,
    /// Guesses left after it.
    pub attempts_remaining: u8,
}

impl Checked {
    /// The verification's status right after this check; `now` is its status by now. A retried check
    /// answers with the first.
    pub const fn status(self, now: Status) -> Status {
        match self.result {
            CheckResult::Approved | CheckResult::AlreadyUsed => Status::Approved,
            CheckResult::Incorrect if self.attempts_remaining == 0 => Status::Exhausted,
            CheckResult::Incorrect => Status::Pending,
            CheckResult::Expired => Status::Expired,
            CheckResult::Exhausted => Status::Exhausted,
            CheckResult::Canceled => Status::Canceled,
            CheckResult::Denied | CheckResult::TransactionMismatch => Status::Denied,
            CheckResult::Superseded => now,
        }
    }
}

pub(super) fn check(draft: &mut Draft<'_>, check: &Check) -> Result<Outcome, KeyError> {
    let Some(verification) = draft.subject.verification(check.verification) else {
        return Ok(Outcome::NotFound);
    };
    // A recovery has no code to be guessed.
    if matches!(verification.state, State::Recovering { .. } | State::Recovered { .. }) {
        return Ok(Outcome::NotFound);
    }
    if let Some(RememberedOutcome::Checked { result, attempts_remaining }) =
        verification.recall(check.command)
    {
        return Ok(Outcome::Checked(Checked { result: *result, attempts_remaining: *attempts_remaining }));
    }
    // There is no code that a guess could be compared with, so none is counted.
    if verification.challenge().is_some() {
        return Ok(Outcome::Refused(Refusal::ChallengeOpen));
    }
    if !verification.is_pending() {
        let result = result_of_ended(&verification.state);
        return Ok(Outcome::Checked(Checked {
            result,
            attempts_remaining: verification.attempts_remaining(),
        }));
    }
    // Said before the guess is looked at: a mistake of the shop's costs its customer no attempt.
    if check.trust == Trust::Asked && verification.customer.is_none() {
        return Ok(Outcome::Refused(Refusal::NobodyToTrust));
    }
    if let Err(refusal) = draft.check_lock(verification.standing) {
        return Ok(Outcome::Refused(refusal));
    }
    // Refused before anybody looks whether it is right, so that the refusal says nothing about that.
    if let Err(over) = draft.guess_terms(verification.mode, verification.standing).room {
        return Ok(Outcome::Refused(Refusal::GuessBudget(over)));
    }
    let result = if bound_to_another(draft, verification, check.transaction.as_ref()) {
        void(draft, check.verification);
        CheckResult::TransactionMismatch
    } else {
        evaluate(draft, check)?
    };
    Ok(Outcome::Checked(conclude(draft, check, result)))
}

const fn result_of_ended(state: &State) -> CheckResult {
    match state {
        State::ChallengeRequired { .. } | State::Pending { .. } | State::Recovering { .. } => {
            CheckResult::Incorrect
        }
        State::Approved { .. } | State::Recovered { .. } => CheckResult::AlreadyUsed,
        State::Expired { .. } => CheckResult::Expired,
        State::Exhausted { .. } => CheckResult::Exhausted,
        State::Canceled { reason: CancelReason::Superseded, .. } => CheckResult::Superseded,
        State::Canceled { reason: CancelReason::Requested | CancelReason::PhoneProved, .. } => {
            CheckResult::Canceled
        }
        State::Denied { .. } => CheckResult::Denied,
    }
}

fn bound_to_another(
    draft: &Draft<'_>,
    verification: &Verification,
    transaction: Option<&Transaction>,
) -> bool {
    transaction
        .is_some_and(|given| given.digest(draft.subject.app, &verification.purpose) != verification.digest)
}

fn void(draft: &mut Draft<'_>, id: VerificationId) {
    let reason = DenyReason::TransactionMismatch;
    draft.end(id, State::Denied { at: draft.now, reason });
    draft.event(id, EventKind::Denied { reason });
}

/// Which of a verification's codes a guess is.
enum Verdict {
    Right,
    OfAnOlderGeneration,
    Wrong,
}

/// Counts the attempt and judges the guess; both are committed together, before anybody learns the
/// result, so that no parallel guess is free (fraud.md B.6, OWASP ASVS 2.3.4).
fn evaluate(draft: &mut Draft<'_>, check: &Check) -> Result<CheckResult, KeyError> {
    let id = check.verification;
    let verdict = judge(draft, check)?;
    let attempts_remaining = match draft.subject.verification_mut(id) {
        Some(verification) => {
            verification.attempts_used += 1;
            verification.attempts_remaining()
        }
        None => 0,
    };
    match verdict {
        Verdict::Right => {
            approve(draft, id, check.trust);
            Ok(CheckResult::Approved)
        }
        Verdict::Wrong => {
            draft.event(id, EventKind::CheckIncorrect { attempts_remaining });
            fail(draft, id, attempts_remaining);
            Ok(CheckResult::Incorrect)
        }
        Verdict::OfAnOlderGeneration => {
            draft.event(id, EventKind::CheckSuperseded { attempts_remaining });
            fail(draft, id, attempts_remaining);
            Ok(CheckResult::Superseded)
        }
    }
}

fn judge(draft: &Draft<'_>, check: &Check) -> Result<Verdict, KeyError> {
    let Some(verification) = draft.subject.verification(check.verification) else {
        return Ok(Verdict::Wrong);
    };
    let State::Pending { code } = &verification.state else { return Ok(Verdict::Wrong) };
    let phone = draft.open_phone(verification)?;
    let newest = match code {
        CodeMaterial::TestNumber => {
            let right =
                draft.policy.test_code(&phone).is_some_and(|code| Code::fixed(code).matches(&check.guess));
            return Ok(if right { Verdict::Right } else { Verdict::Wrong });
        }
        CodeMaterial::Derived { generation, .. } | CodeMaterial::Ghost { generation, .. } => *generation,
    };
    let is_ghost = matches!(code, CodeMaterial::Ghost { .. });
    // Every generation is compared, whichever matches: the time taken tells nothing.
    let mut verdict = Verdict::Wrong;
    for generation in 0..=newest {
        let code = derive(draft.keyring, draft.subject.app, verification, &phone, generation)?;
        if code.is_some_and(|code| code.matches(&check.guess)) {
            verdict = if generation == newest { Verdict::Right } else { Verdict::OfAnOlderGeneration };
        }
    }
    // A ghost's code is derived and compared like any other, and is nobody's.
    Ok(if is_ghost { Verdict::Wrong } else { verdict })
}

/// The code that messages of a pending verification carry now; nothing for one that ended, for a ghost, and for a
/// test number, whose code is in the app's policy.
pub fn derive_code(
    keyring: &Keyring,
    app: AppId,
    verification: &Verification,
    phone: &E164,
) -> Result<Option<Code>, KeyError> {
    match &verification.state {
        State::Pending { code: CodeMaterial::Ghost { .. } } => Ok(None),
        _ => derive(keyring, app, verification, phone, verification.generation()),
    }
}

fn derive(
    keyring: &Keyring,
    app: AppId,
    verification: &Verification,
    phone: &E164,
    generation: u8,
) -> Result<Option<Code>, KeyError> {
    let State::Pending {
        code: CodeMaterial::Derived { key, nonce, .. } | CodeMaterial::Ghost { key, nonce, .. },
    } = &verification.state
    else {
        return Ok(None);
    };
    let input = CodeInput {
        app,
        verification: verification.id,
        nonce,
        phone,
        purpose: &verification.purpose,
        transaction: verification.digest,
        epoch: verification.epoch,
        generation,
    };
    keyring.code(key, &input, verification.format).map(Some)
}

fn approve(draft: &mut Draft<'_>, id: VerificationId, trust: Trust) {
    let proof_key = draft.keyring.proof.current.active().name.clone();
    draft.end(id, State::Approved { at: draft.now, proof_key, redeemed_at: None });
    draft.event(id, EventKind::Approved);
    let Some(verification) = draft.subject.verification(id) else { return };
    let standing = verification.standing;
    // A code that went by e-mail shows nothing about the phone: it neither makes its customer known there
    // nor takes failures away (N10).
    if verification.assurance() < Assurance::Possession {
        return;
    }
    let customer = verification.customer.clone();
    if let Some(customer) = &customer {
        super::recover::holder_is_here(draft, customer);
    }
    let customer = customer.map(|customer| super::start::customer_tag(draft, &customer));
    // Only a success clears the count (NIST SP 800-63B-4 §3.2.2, N6).
    draft.subject.failures_mut(standing).clear();
    let now = draft.now;
    let asker = draft.subject.verification(id).map(|verification| verification.asker).unwrap_or_default();
    let record = &mut draft.subject.record;
    record.successes = record.successes.with(asker, Order::None, now);
    record.first_approved_at.get_or_insert(now);
    record.last_approved_at = Some(now);
    if let Some(tag) = customer {
        record.known_customers.retain(|&known| known != tag);
        if record.known_customers.len() >= MAX_KNOWN_CUSTOMERS {
            record.known_customers.remove(0);
        }
        record.known_customers.push(tag);
        if trust == Trust::Asked {
            draft.trust_device(id, tag);
        }
    }
}

/// A wrong guess: counts on the phone whatever verification it was for (N4), and may end this one.
fn fail(draft: &mut Draft<'_>, id: VerificationId, attempts_remaining: u8) {
    let Some(standing) = draft.subject.verification(id).map(|v| v.standing) else { return };
    let now = draft.now;
    let limits = draft.policy.failure_limits;
    draft.subject.failures_mut(standing).add(now);
    if attempts_remaining == 0 {
        draft.end(id, State::Exhausted { at: now });
        draft.event(id, EventKind::Exhausted);
    }
    match draft.subject.failures(standing).lock(limits, now) {
        Lock::Open => {}
        Lock::Until(until) => draft.event(id, EventKind::PhoneLocked { until }),
        Lock::Disabled => {
            draft.event(id, EventKind::PhoneDisabled);
            // Only guesses on trusted devices end the trust: else a stranger's hundred would take hers away (O8).
            if standing == Standing::TrustedDevice {
                let dropped = draft.subject.record.devices.clear();
                draft.devices_dropped(id, RevokeReason::Disabled, dropped);
            }
        }
    }
}

fn conclude(draft: &mut Draft<'_>, check: &Check, result: CheckResult) -> Checked {
    let Some(verification) = draft.subject.verification_mut(check.verification) else {
        return Checked { result, attempts_remaining: 0 };
    };
    let attempts_remaining = verification.attempts_remaining();
    verification.remember(check.command, RememberedOutcome::Checked { result, attempts_remaining });
    Checked { result, attempts_remaining }
}
