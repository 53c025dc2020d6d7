//! One step-up decision, as it is answered and recorded (fraud.md C.1, C.2): [`step_up::decide`] over what the shop
//! says and what its phone's record knows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::sca::{self, OwnRisk, Payment, ScaHint};
use super::score::{Facts, Observed, Points, Reason, Signal, Weights};
use super::step_up::{self, Action, Advice, Asked, HardRule, Listed, PasskeyUse, VoiceUse};
use crate::device::DeviceUse;
use crate::money::Money;
use crate::phone::NumberType;
use crate::policy::Policy;
use crate::purpose::Purpose;
use crate::subject::{Lock, Mode, Subject};
use crate::time::Timestamp;
use crate::verification::Standing;

/// A number counts as verified lately for so long (C.1).
const VERIFIED_LATELY: Duration = Duration::from_secs(30 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the shop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionAction {
    /// Lets it pass.
    Allow,
    /// Asks for a proof first.
    Verify,
    /// Waits for a person.
    Hold,
}

impl DecisionAction {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            DecisionAction::Allow => "allow",
            DecisionAction::Verify => "verify",
            DecisionAction::Hold => "hold",
        }
    }
}

/// How it does that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionAdvice {
    /// Nothing is asked.
    Nothing,
    /// A passkey, or a confirmation on a known device.
    Confirmation,
    /// A one-time code.
    Code,
    /// A one-time code and a passkey.
    CodeAndPasskey,
    /// A person looks at it.
    Review,
}

impl DecisionAdvice {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            DecisionAdvice::Nothing => "nothing",
            DecisionAdvice::Confirmation => "confirmation",
            DecisionAdvice::Code => "code",
            DecisionAdvice::CodeAndPasskey => "code_and_passkey",
            DecisionAdvice::Review => "review",
        }
    }
}

/// A rule that decided alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionRule {
    /// The shop denies the customer, number or device.
    Denied,
    /// The number has another holder now.
    Recycled,
    /// The SIM was changed in the last 72 hours, and the phone or money is to move.
    FreshSim,
    /// A code is needed, and none is looked at: 100 wrong ones in a row.
    PhoneDisabled,
}

impl DecisionRule {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            DecisionRule::Denied => "denied",
            DecisionRule::Recycled => "recycled",
            DecisionRule::FreshSim => "fresh_sim",
            DecisionRule::PhoneDisabled => "phone_disabled",
        }
    }
}

impl From<HardRule> for DecisionRule {
    fn from(rule: HardRule) -> Self {
        match rule {
            HardRule::Denied => DecisionRule::Denied,
            HardRule::Recycled => DecisionRule::Recycled,
            HardRule::FreshSim => DecisionRule::FreshSim,
        }
    }
}

/// Whether a code to the phone would be looked at, for whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneLock {
    /// It would.
    Open,
    /// Not before this time.
    LockedUntil(Timestamp),
    /// Not before the phone is bound anew.
    Disabled,
}

/// What is known of the phone in this app. Counters and dates, no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneFacts {
    /// When a code to it was right last.
    pub last_verified_at: Option<Timestamp>,
    /// Wrong codes of the last 24 hours, whosever.
    pub failures_in_a_day: u32,
    /// Whether a code would be looked at.
    pub lock: PhoneLock,
}

impl PhoneFacts {
    /// Of a phone that was never seen.
    pub const UNSEEN: PhoneFacts =
        PhoneFacts { last_verified_at: None, failures_in_a_day: 0, lock: PhoneLock::Open };

    /// Of a phone's record, for somebody of this standing.
    pub fn of(subject: &Subject, standing: Standing, policy: &Policy, now: Timestamp) -> Self {
        let all = [Standing::Stranger, Standing::KnownCustomer, Standing::TrustedDevice];
        let recent = all.iter().flat_map(|standing| &subject.failures(*standing).recent);
        let failures = recent.filter(|&&at| at > now.minus(DAY)).count();
        PhoneFacts {
            last_verified_at: subject.record.last_approved_at,
            failures_in_a_day: u32::try_from(failures).unwrap_or(u32::MAX),
            lock: match subject.failures(standing).lock(policy.failure_limits, now) {
                Lock::Open => PhoneLock::Open,
                Lock::Until(until) => PhoneLock::LockedUntil(until),
                Lock::Disabled => PhoneLock::Disabled,
            },
        }
    }
}

/// Everything that a decision is made of.
pub struct Question<'a> {
    /// Live or test.
    pub mode: Mode,
    /// Why the shop asks.
    pub purpose: Purpose,
    /// What the shop says.
    pub said: Facts,
    /// What is at stake.
    pub at_stake: Action,
    /// Whether the shop denies anybody concerned.
    pub listed: Listed,
    /// Whether the customer can use a passkey.
    pub passkey: PasskeyUse,
    /// The payment, where it is one.
    pub payment: Payment,
    /// What came of the token that her browser showed, if it showed one.
    pub device: Option<DeviceUse>,
    /// The kind of her number, if the shop names it.
    pub number_type: Option<NumberType>,
    /// What is known of her phone, if the shop or her device names it.
    pub phone: Option<PhoneFacts>,
    /// What each signal weighs.
    pub weights: &'a Weights,
    /// When.
    pub now: Timestamp,
}

/// A decision with everything that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Live or test.
    pub mode: Mode,
    /// Why the shop asked.
    pub purpose: Purpose,
    /// What it does.
    pub action: DecisionAction,
    /// How.
    pub advice: DecisionAdvice,
    /// The rule that decided alone, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<DecisionRule>,
    /// Whether a code may go by voice.
    pub voice: VoiceUse,
    /// The sum, the bias included.
    pub score: Points,
    /// The signals that counted, the heaviest first.
    pub reasons: Vec<Reason>,
    /// The signals that nobody could tell. All others were absent.
    pub missing: Vec<Signal>,
    /// The version of the weights.
    pub weights_version: String,
    /// What the payment provider may be told.
    pub sca_hint: ScaHint,
    /// How much, in the currency's minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<Amount>,
    /// What was known of the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneFacts>,
    /// What came of the device's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceUse>,
}

/// A sum of money, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// With the currency's decimals.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Amount { amount: money.amount(), currency: money.currency().code().to_owned() }
    }
}

/// Decides. A trusted device and a number verified lately are known here, and nothing that the shop says about them
/// counts.
pub fn make(question: &Question<'_>) -> Decision {
    let facts = question
        .said
        .maybe(Signal::TrustedDevice, device(question))
        .maybe(Signal::VerifiedHere, verified_here(question))
        .maybe(Signal::Voip, voip(question));
    let decided =
        step_up::decide(question.weights, facts, question.at_stake, question.listed, question.passkey);
    let is_disabled = question.phone.is_some_and(|phone| phone.lock == PhoneLock::Disabled);
    let (action, advice, rule) = match (decided.advice, decided.rule) {
        (_, Some(rule)) => (DecisionAction::Hold, DecisionAdvice::Review, Some(rule.into())),
        (Advice::Verify(Asked::Code | Asked::CodeAndPasskey), None) if is_disabled => {
            (DecisionAction::Hold, DecisionAdvice::Review, Some(DecisionRule::PhoneDisabled))
        }
        (Advice::Allow, None) => (DecisionAction::Allow, DecisionAdvice::Nothing, None),
        (Advice::Hold, None) => (DecisionAction::Hold, DecisionAdvice::Review, None),
        (Advice::Verify(asked), None) => (DecisionAction::Verify, asked.into(), None),
    };
    let risk = if action == DecisionAction::Allow { OwnRisk::Low } else { OwnRisk::Other };
    Decision {
        mode: question.mode,
        purpose: question.purpose.clone(),
        action,
        advice,
        rule,
        voice: decided.voice,
        score: decided.score.points,
        reasons: decided.score.reasons,
        missing: decided.score.missing,
        weights_version: decided.score.weights,
        sca_hint: sca::hint(&question.purpose, &question.payment, risk),
        money: question.payment.money.map(Amount::from),
        phone: question.phone,
        device: question.device,
    }
}

impl From<Asked> for DecisionAdvice {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Confirmation => DecisionAdvice::Confirmation,
            Asked::Code => DecisionAdvice::Code,
            Asked::CodeAndPasskey => DecisionAdvice::CodeAndPasskey,
        }
    }
}

fn device(question: &Question<'_>) -> Option<Observed> {
    question.device.map(|used| matches!(used, DeviceUse::Trusted(_)).into())
}

/// "This number verified in the last 30 days, on the same device": of a device that is not trusted nobody can tell.
fn verified_here(question: &Question<'_>) -> Option<Observed> {
    let phone = question.phone?;
    let lately = phone.last_verified_at.is_some_and(|at| question.now < at.plus(VERIFIED_LATELY));
    if lately { device(question) } else { Some(Observed::Absent) }
}

/// What the shop says of the number goes before what the numbering plan tells.
fn voip(question: &Question<'_>) -> Option<Observed> {
    if question.said.knows(Signal::Voip) {
        return None;
    }
    match question.number_type? {
        NumberType::Unknown => None,
        number_type => Some((number_type == NumberType::Voip).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{DeviceFamily, DeviceMark};

    const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_000);
    const TRUSTED: DeviceUse =
        DeviceUse::Trusted(DeviceMark { family: DeviceFamily([1; 16]), generation: 3 });

    fn question(weights: &Weights, said: Facts) -> Question<'_> {
        Question {
            mode: Mode::Live,
            purpose: Purpose::Login,
            said,
            at_stake: Action::Other,
            listed: Listed::No,
            passkey: PasskeyUse::Impossible,
            payment: Payment::default(),
            device: None,
            number_type: None,
            phone: None,
            weights,
            now: NOW,
        }
    }

    fn risky() -> Facts {
        Facts::UNKNOWN
            .with(Signal::NewDevice, Observed::Present)
            .with(Signal::RecentChange, Observed::Present)
    }

    #[test]
    fn what_the_record_knows_counts_whatever_the_shop_says() {
        let weights = Weights::default();
        let claims = risky().with(Signal::TrustedDevice, Observed::Present);
        let thief = Question { device: Some(DeviceUse::Theft), ..question(&weights, claims) };
        assert_eq!(make(&thief).advice, DecisionAdvice::Code);
        let hers = Question { device: Some(TRUSTED), ..question(&weights, risky()) };
        assert_eq!(make(&hers).action, DecisionAction::Allow);
        let silent = make(&question(&weights, risky()));
        assert!(silent.missing.contains(&Signal::TrustedDevice), "nobody could tell");
        assert!(silent.missing.contains(&Signal::VerifiedHere));
    }

    #[test]
    fn a_number_counts_as_verified_here_for_30_days_on_its_device_only() {
        let weights = Weights::default();
        let verified = |days: u64, device| {
            let at = NOW.minus(Duration::from_secs(days * 86_400));
            let phone = Some(PhoneFacts { last_verified_at: Some(at), ..PhoneFacts::UNSEEN });
            let made = make(&Question { device, phone, ..question(&weights, risky()) });
            let counted = made.reasons.iter().any(|reason| reason.signal == Signal::VerifiedHere);
            (counted, made.missing.contains(&Signal::VerifiedHere))
        };
        assert_eq!(verified(29, Some(TRUSTED)), (true, false));
        assert_eq!(verified(30, Some(TRUSTED)), (false, false));
        assert_eq!(verified(29, Some(DeviceUse::Unknown)), (false, false));
        assert_eq!(verified(29, None), (false, true));
    }

    #[test]
    fn n5_where_no_code_is_looked_at_a_person_must() {
        let weights = Weights::default();
        let disabled = Some(PhoneFacts { lock: PhoneLock::Disabled, ..PhoneFacts::UNSEEN });
        let made = make(&Question { phone: disabled, ..question(&weights, risky()) });
        assert_eq!((made.action, made.rule), (DecisionAction::Hold, Some(DecisionRule::PhoneDisabled)));
        let calm = make(&Question { phone: disabled, ..question(&weights, Facts::UNKNOWN) });
        assert_eq!(calm.action, DecisionAction::Allow);
    }

    #[test]
    fn a_decision_is_read_back_as_it_was_recorded() {
        let weights = Weights::default();
        let phone = Some(PhoneFacts { lock: PhoneLock::LockedUntil(NOW), ..PhoneFacts::UNSEEN });
        let made = make(&Question { phone, device: Some(TRUSTED), ..question(&weights, risky()) });
        let kind = crate::event::EventKind::Decided(Box::new(made));
        let text = serde_json::to_string(&kind).unwrap();
        assert_eq!(serde_json::from_str::<crate::event::EventKind>(&text).unwrap(), kind);
    }
}
