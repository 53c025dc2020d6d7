//! What one app allows: its countries, limits, lifetimes and the form of its codes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::challenge::{ChallengeKind, DEFAULT_ZERO_BITS, MAX_ZERO_BITS};
use crate::channel::Channel;
use crate::code::{CodeFormat, InvalidCodeFormat, ShortCodes};
use crate::guard::GuardPolicy;
use crate::locale::Locale;
use crate::message::{MessageLimits, Templates};
use crate::phone::{Country, E164, NumberType};
use crate::purpose::Purpose;
use crate::step::Refusal;
use crate::subject::Mode;
use crate::unique;
use crate::workflow::{self, WorkflowStep};

/// No code lives longer (NIST SP 800-63B-4 §3.1.3.2, N1; OWASP ASVS 6.5.5, O4).
pub const MAX_LIFETIME: Duration = Duration::from_secs(600);
/// The shortest life that leaves a message time to arrive.
pub const MIN_LIFETIME: Duration = Duration::from_secs(60);
/// With less left than this a resend says to start anew (design 6, Codes).
pub const MIN_LIFE_FOR_RESEND: Duration = Duration::from_secs(60);
/// Consecutive failures after which a phone must be bound anew (NIST SP 800-63B-4 §3.2.2, N5).
pub const MAX_CONSECUTIVE_FAILURES: u32 = 100;
/// Messages that a verification sends unasked, after failed receipts (design 6, Sending).
pub const MAX_FAILOVERS: usize = 4;
/// Most pending verifications of one phone; the last place is kept for a known customer (design 6).
pub const MAX_LIVE: usize = 8;
/// Most verifications of one phone whose challenge nobody has solved; the oldest gives way. They cost nobody anything, so
/// they must not take the places of those that were sent.
pub const MAX_CHALLENGED: usize = 8;
/// Most recoveries of one phone at once. Apart from the others: they last for days, and must not close the
/// phone for codes. The last place is kept for a customer who proved the phone before.
pub const MAX_RECOVERIES: usize = 2;
/// How long a proof can be redeemed and verified (RFC 8725 §3; R7).
pub const PROOF_LIFETIME: Duration = Duration::from_secs(300);
/// How long a notice of a changed number is worth sending. Longer than a code lives: it must reach a phone
/// whose carrier is down for an evening. No longer than a day: then the customer has met the change
/// elsewhere, and a finished delivery must fit into what stores keep.
pub const NOTICE_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// How long a recovery can be used once its time has come.
pub const RECOVERY_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// What an app allows. [`Policy::default`] is safe for a shop that configures nothing but its
/// countries (design 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Countries to send to. A live app must name at least one.
    pub countries: BTreeSet<Country>,
    /// The country of numbers that are written nationally.
    pub default_region: Option<Country>,
    /// Kinds of numbers that never get a message.
    pub refused_number_types: BTreeSet<NumberType>,
    /// How codes may travel. Calls cost the most and are what toll fraud wants (fraud.md, A), so nothing but
    /// SMS goes out unless it stands here.
    pub channels: BTreeSet<Channel>,
    /// The channels that a verification tries one after another unless its start names its own; empty: SMS,
    /// or the one channel there is.
    pub workflow: Vec<WorkflowStep>,
    /// The form of codes, unless a start asks for another.
    pub code: CodeFormat,
    /// Whether codes below NIST's six digits may be asked for.
    pub short_codes: ShortCodes,
    /// Life of a code in seconds, from the first send: 60–600.
    pub lifetime_s: u16,
    /// The same for `payment`.
    pub payment_lifetime_s: u16,
    /// Guesses a verification evaluates, counted across resends: 1–10.
    pub max_attempts: u8,
    /// The same for `payment`: 1–5 (PSD2 RTS Art 4(3)(b), P4).
    pub payment_max_attempts: u8,
    /// Waits between the sends of one verification, in seconds; the last one repeats.
    pub resend_ladder_s: Vec<u16>,
    /// Sends of one verification, the first included: 1–10.
    pub max_sends: u8,
    /// What a resend sends.
    pub resend: ResendCode,
    /// What is done about a message whose receipt is overdue.
    pub on_overdue_receipt: OnOverdueReceipt,
    /// How often one phone of this app may be sent to, by customers' requests (fraud.md B.2, row 1).
    pub phone_limits: PhoneLimits,
    /// Wrong guesses on one phone before it is locked for a while (fraud.md B.2).
    pub failure_limits: FailureLimits,
    /// Hours in which the holder of a phone that is said to be lost can object before another one may take
    /// its place: 24–720.
    pub recovery_delay_h: u16,
    /// Messages of this app in one day (UTC), failovers included.
    pub daily_messages: u32,
    /// Whether a message may be sent, judged by who asks for it and by what became of others.
    #[serde(default = "GuardPolicy::of_new_app")]
    pub guard: GuardPolicy,
    /// What customers solve before a message is sent, and who.
    pub challenge: ChallengePolicy,
    /// How large a message may get, and what may be done to keep it so.
    pub message: MessageLimits,
    /// The language of messages when the start names none or one that has no text.
    pub default_locale: Locale,
    /// The app's own texts.
    pub templates: Templates,
    /// Numbers with a fixed code; they work with test keys only.
    #[serde(deserialize_with = "unique::map")]
    pub test_numbers: BTreeMap<String, String>,
}

/// What customers solve before a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChallengePolicy {
    /// Who has to.
    pub when: ChallengeWhen,
    /// What it is.
    pub by: ChallengeMethod,
    /// Zero bits of the proof of work: 1–12. Each one more doubles its time; 7 take a phone some two seconds.
    pub zero_bits: u8,
}

/// Who solves something before a message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeWhen {
    /// Who is suspected by the guard.
    #[default]
    WhenSuspected,
    /// Everybody: for the hours of an attack.
    Always,
}

/// What is solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeMethod {
    /// A proof of work: no puzzle, no third party.
    #[default]
    ProofOfWork,
    /// That of the vendor whom the operator has set up, on pages and in apps of the shop's own. The hosted page and the
    /// element solve the proof of work, and so does everybody where there is no vendor.
    Vendor,
}

impl Default for ChallengePolicy {
    fn default() -> Self {
        let (when, by) = (ChallengeWhen::default(), ChallengeMethod::default());
        ChallengePolicy { when, by, zero_bits: DEFAULT_ZERO_BITS }
    }
}

impl ChallengePolicy {
    /// The proof of work.
    pub const fn proof_of_work(self) -> ChallengeKind {
        ChallengeKind::ProofOfWork { zero_bits: self.zero_bits }
    }
}

/// What a resend sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResendCode {
    /// The same code: SMS arrive late and out of order, and the customer cannot tell which one
    /// counts (web.md D.4).
    #[default]
    Same,
    /// A new code, as OWASP's MFA cheat sheet advises. Attempts are kept (N4).
    Rotate,
}

/// What a channel is to carry.
#[derive(Clone, Copy)]
pub struct Carried<'a> {
    /// What the code is for.
    pub purpose: &'a Purpose,
    /// The form of the code.
    pub format: CodeFormat,
    /// Whether there is an e-mail address.
    pub address: Address,
}

/// Whether an e-mail address is known for a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// One is.
    Known,
    /// None is.
    Missing,
}

/// Why a code does not go out by a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelProblem {
    /// The app's policy does not name it.
    NotInPolicy,
    /// The purpose asks for the possession of the phone, which it does not show (N10).
    NotForPurpose,
    /// It cannot carry codes of this form.
    NotForCode,
    /// The start gave no e-mail address.
    NoAddress,
}

/// What is done about a message whose receipt has not come in the time within which 95 of 100 receipts come
/// by its route to its destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOverdueReceipt {
    /// Nothing: the customer asks for another one, or waits.
    #[default]
    Wait,
    /// The same code is sent at once by another route, where there is one. Costs a second message for up to
    /// one in twenty of those that would have arrived.
    SendAgain,
}

/// Sends to one phone that customers asked for, in sliding windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhoneLimits {
    /// Seconds between two starts.
    pub spacing_s: u16,
    /// In ten minutes.
    pub per_ten_minutes: u8,
    /// In one hour.
    pub per_hour: u8,
    /// In 24 hours.
    pub per_day: u8,
}

/// Wrong guesses on one phone, in sliding windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureLimits {
    /// In one hour.
    pub per_hour: u8,
    /// In 24 hours.
    pub per_day: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            countries: BTreeSet::new(),
            default_region: None,
            refused_number_types: BTreeSet::from([
                NumberType::PremiumRate,
                NumberType::SharedCost,
                NumberType::TollFree,
                NumberType::Satellite,
                NumberType::Pager,
                NumberType::Voicemail,
                NumberType::UniversalAccess,
            ]),
            channels: BTreeSet::from([Channel::Sms]),
            workflow: Vec::new(),
            code: CodeFormat::DEFAULT,
            short_codes: ShortCodes::Refuse,
            lifetime_s: 600,
            payment_lifetime_s: 300,
            max_attempts: 5,
            payment_max_attempts: 3,
            resend_ladder_s: vec![30, 45, 60, 120],
            max_sends: 5,
            resend: ResendCode::Same,
            on_overdue_receipt: OnOverdueReceipt::Wait,
            phone_limits: PhoneLimits { spacing_s: 30, per_ten_minutes: 3, per_hour: 5, per_day: 8 },
            failure_limits: FailureLimits { per_hour: 10, per_day: 25 },
            recovery_delay_h: 72,
            daily_messages: 1000,
            guard: GuardPolicy::of_new_app(),
            challenge: ChallengePolicy::default(),
            message: MessageLimits::default(),
            default_locale: Locale::english(),
            templates: Templates::default(),
            test_numbers: BTreeMap::new(),
        }
    }
}

/// A policy that is not allowed, with the field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidPolicy {
    /// The field, as it is written in the policy.
    pub field: &'static str,
    /// Why it is refused, and what would be right.
    pub reason: String,
}

impl Policy {
    /// Checks every bound. Whoever accepts a policy from outside calls this.
    pub fn validate(&self, mode: Mode) -> Result<(), InvalidPolicy> {
        let wrong = |field, reason: &str| Err(InvalidPolicy { field, reason: reason.to_owned() });
        if mode == Mode::Live && self.countries.is_empty() {
            return wrong(
                "countries",
                "a live app names the countries it sells to, such as [\"DE\", \"AT\"]; messages go nowhere else",
            );
        }
        if let Err(error) = CodeFormat::new(self.code.length(), self.code.alphabet(), self.short_codes) {
            return wrong("code", &error.to_string());
        }
        for (field, seconds) in
            [("lifetime_s", self.lifetime_s), ("payment_lifetime_s", self.payment_lifetime_s)]
        {
            if !(60..=600).contains(&seconds) {
                return wrong(field, "a code lives 60 to 600 seconds (NIST SP 800-63B-4 §3.1.3.2)");
            }
        }
        if !(1..=10).contains(&self.max_attempts) {
            return wrong("max_attempts", "1 to 10");
        }
        if !(1..=5).contains(&self.payment_max_attempts) {
            return wrong("payment_max_attempts", "1 to 5 (PSD2 RTS Art 4(3)(b))");
        }
        if !(1..=10).contains(&self.max_sends) {
            return wrong("max_sends", "1 to 10");
        }
        if self.resend_ladder_s.is_empty()
            || self.resend_ladder_s.len() > 10
            || self.resend_ladder_s.iter().any(|&s| s < 15)
        {
            return wrong("resend_ladder_s", "1 to 10 waits of at least 15 seconds");
        }
        let limits = self.phone_limits;
        if limits.per_ten_minutes < 1
            || limits.per_hour < limits.per_ten_minutes
            || limits.per_day < limits.per_hour
            || limits.per_day > 50
        {
            return wrong(
                "phone_limits",
                "each window allows at least as many sends as the shorter one, from 1 up to 50 a day",
            );
        }
        if limits.spacing_s > 600 {
            return wrong("phone_limits", "spacing_s is at most 600");
        }
        let failures = self.failure_limits;
        if failures.per_hour < 1 || failures.per_day < failures.per_hour || failures.per_day > 100 {
            return wrong("failure_limits", "1 or more in an hour, at least as many in a day, at most 100");
        }
        if !(24..=720).contains(&self.recovery_delay_h) {
            return wrong("recovery_delay_h", "24 to 720 hours: the holder of a phone needs time to object");
        }
        if self.daily_messages < 1 {
            return wrong("daily_messages", "at least 1");
        }
        if !(1..=MAX_ZERO_BITS).contains(&self.challenge.zero_bits) {
            return wrong(
                "challenge",
                "zero_bits is 1 to 12; each one more doubles the time that customers wait",
            );
        }
        self.validate_channels()?;
        self.guard
            .validate_for_app()
            .map_err(|invalid| InvalidPolicy { field: "guard", reason: invalid.to_string() })?;
        self.message.check().map_err(|reason| InvalidPolicy { field: "message", reason })?;
        self.validate_test_numbers()?;
        self.templates.validate(self.code).map_err(|reason| InvalidPolicy { field: "templates", reason })
    }

    fn validate_channels(&self) -> Result<(), InvalidPolicy> {
        let wrong = |field, reason: String| Err(InvalidPolicy { field, reason });
        if self.channels.is_empty() {
            return wrong("channels", "name at least one, such as [\"sms\"]".to_owned());
        }
        if let Err(error) = workflow::check(&self.workflow) {
            return wrong("workflow", error.to_string());
        }
        match self.workflow.iter().find(|step| !self.channels.contains(&step.channel)) {
            Some(step) => wrong("workflow", format!("{} is not among the channels", step.channel)),
            None => Ok(()),
        }
    }

    /// Whether a code may go out by a channel.
    pub fn check_channel(&self, channel: Channel, carried: &Carried<'_>) -> Result<(), Refusal> {
        let Carried { purpose, format, address } = *carried;
        let problem = if !self.channels.contains(&channel) {
            ChannelProblem::NotInPolicy
        } else if !channel.may_carry(purpose) {
            ChannelProblem::NotForPurpose
        } else if !channel.may_show(format) {
            ChannelProblem::NotForCode
        } else if channel == Channel::Email && address == Address::Missing {
            ChannelProblem::NoAddress
        } else {
            return Ok(());
        };
        Err(Refusal::ChannelRefused(channel, problem))
    }

    /// The channels of a verification whose start names none: those of the app's workflow that may carry its
    /// code; without any the app's one channel, SMS if there are several.
    pub fn default_workflow(&self, carried: &Carried<'_>) -> Vec<WorkflowStep> {
        let may_carry = |step: &&WorkflowStep| self.check_channel(step.channel, carried).is_ok();
        let steps: Vec<WorkflowStep> = self.workflow.iter().filter(may_carry).copied().collect();
        if steps.is_empty() { vec![self.default_channel().into()] } else { steps }
    }

    fn default_channel(&self) -> Channel {
        // The set is in the order of the channels, SMS first.
        self.channels.first().copied().unwrap_or_default()
    }

    fn validate_test_numbers(&self) -> Result<(), InvalidPolicy> {
        for (number, code) in &self.test_numbers {
            let canonical = E164::parse_fictional(number, None).is_ok_and(|phone| phone.expose() == number);
            let well_formed = (4..=10).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
            if !canonical || !well_formed {
                return Err(InvalidPolicy {
                    field: "test_numbers",
                    reason: format!(
                        "\"{number}\": write the number as +447700900123 and its code as 4 to 10 digits or capitals"
                    ),
                });
            }
        }
        if self.test_numbers.len() > 100 {
            return Err(InvalidPolicy { field: "test_numbers", reason: "at most 100".to_owned() });
        }
        Ok(())
    }

    /// The life of a code for a purpose, unless the start asks for another.
    pub fn lifetime(&self, purpose: &Purpose) -> Duration {
        Duration::from_secs(u64::from(match purpose {
            Purpose::Payment => self.payment_lifetime_s,
            _ => self.lifetime_s,
        }))
    }

    /// How long the holder of a phone that is said to be lost can object.
    pub const fn recovery_delay(&self) -> Duration {
        Duration::from_secs(self.recovery_delay_h as u64 * 3600)
    }

    /// How many guesses a verification for a purpose evaluates.
    pub fn attempts(&self, purpose: &Purpose) -> u8 {
        match purpose {
            Purpose::Payment => self.payment_max_attempts,
            _ => self.max_attempts,
        }
    }

    /// The wait after the `sends`-th send of a verification (the first is 1).
    pub fn resend_wait(&self, sends: u8) -> Duration {
        let step = usize::from(sends.saturating_sub(1)).min(self.resend_ladder_s.len().saturating_sub(1));
        Duration::from_secs(u64::from(self.resend_ladder_s.get(step).copied().unwrap_or(120)))
    }

    /// The format for a start that asks for `length` and `alphabet`, where it does.
    pub fn code_format(
        &self,
        length: Option<u8>,
        alphabet: Option<crate::code::Alphabet>,
    ) -> Result<CodeFormat, InvalidCodeFormat> {
        CodeFormat::new(
            length.unwrap_or(self.code.length()),
            alphabet.unwrap_or(self.code.alphabet()),
            self.short_codes,
        )
    }

    /// The fixed code of a test number; only for starts made with a test key.
    pub fn test_code(&self, phone: &E164) -> Option<&str> {
        self.test_numbers.get(phone.expose()).map(String::as_str)
    }
}
