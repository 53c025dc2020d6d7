//! The state machine over one subject: every command, and nothing but commands, changes it.
//!
//! [`step`] takes the subject as it was loaded and gives the subject as it should become, what to
//! tell the caller, and what must happen besides. The caller commits all of it at once or nothing
//! (design 2), and tells nobody before.

mod advance;
mod cancel;
mod check;
mod device;
mod expire;
mod number;
mod overdue;
mod rebind;
mod receipt;
mod recover;
mod redeem;
mod report;
mod resend;
mod solve;
mod start;

use std::time::Duration;

use crate::delivery::{Delivery, DeliveryKind, DeliveryState};
use crate::device::DeviceUse;
use crate::entropy::Entropy;
use crate::event::{Event, EventKind};
use crate::gate::{Gate, GateRule, Passage};
use crate::guard::budget::{GuessTerms, OverBudget};
use crate::guard::known::InvalidImport;
use crate::id::{DeliveryId, EventId, VerificationId};
use crate::keyring::{KeyError, Keyring, Place};
use crate::limit::LimitRule;
use crate::phone::{Country, E164, NumberType};
use crate::policy::{ChannelProblem, Policy};
use crate::quota::Quota;
use crate::subject::{Lock, Mode, Subject};
use crate::time::Timestamp;
use crate::verification::{Channel, DeliveryTrace, Standing, State, Status, Verification};

pub use advance::{Advance, AdvanceCause, Room, StepCause, StopReason};
pub use check::{Check, CheckResult, Checked, Trust, derive_code};
pub use device::Recognize;
pub use number::{NumberChange, SetNumber};
pub use overdue::Overdue;
pub use receipt::{OnFailure, Receipt};
pub use recover::Recover;
pub use redeem::{BindingField, GivesWayTo, Redeem, RedeemOutcome, Replacement};
pub use resend::Resend;
pub use solve::{Solution, Solve, Solved};
pub use start::{Start, Started};

/// Something that somebody wants of a subject.
#[derive(Clone)]
pub enum Command {
    /// Prove this phone.
    Start(Box<Start>),
    /// Send the message again.
    Resend(Resend),
    /// This solves its challenge, or does not.
    Solve(Solve),
    /// Is this the code?
    Check(Check),
    /// Give it up.
    Cancel(VerificationId),
    /// Settle what time has ended.
    Expire,
    /// Take the next step of a workflow, if it is due.
    Advance(Advance),
    /// A carrier's word about a message.
    Receipt(Receipt),
    /// Let another phone take the place of a lost one.
    Recover(Box<Recover>),
    /// A carrier's silence about a message.
    Overdue(Overdue),
    /// Is this the customer's trusted device?
    Recognize(Box<Recognize>),
    /// Use the proof, once.
    Redeem(Box<Redeem>),
    /// "This was not me."
    Report(VerificationId),
    /// An operator binds the phone anew: failures are forgotten (NIST SP 800-63B-4 §3.2.2, N5).
    Rebind,
    /// What the shop says about the number itself.
    SetNumber(SetNumber),
}

impl Command {
    /// Lets the message that it asks for stay here while all else goes on as if it had left: what becomes of a start,
    /// resend or solution for a phone that has had its fill over all apps (fraud.md B.2, row 2). Says whether it could be
    /// done: not for what nobody is meant to be deceived about, and not twice.
    pub fn withhold(&mut self, rule: LimitRule) -> bool {
        let rule = GateRule::Limit(rule);
        match self {
            Command::Start(start) => match start.gate {
                Gate::Ghost { .. } => false,
                Gate::Open | Gate::Challenge { .. } => {
                    start.gate = Gate::Ghost { rule, challenge: start.gate.challenge() };
                    true
                }
            },
            Command::Resend(Resend { passage, .. }) | Command::Solve(Solve { passage, .. }) => {
                let is_sent = *passage == Passage::Sent;
                *passage = Passage::Withheld(rule);
                is_sent
            }
            _ => false,
        }
    }
}

/// What a command came to. Says nothing until it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of a start or recover.
    Started(Started),
    /// Of a resend that sent.
    Resent {
        /// When another send is possible; nothing if none is.
        resend_at: Option<Timestamp>,
    },
    /// Of a solution.
    Solved(Solved),
    /// Of a check.
    Checked(Checked),
    /// Of a cancel, report, receipt, silence, expire or advance: done, or there was nothing to do.
    Settled,
    /// Of a recognize.
    Recognized(DeviceUse),
    /// Of a redeem.
    Redeemed(RedeemOutcome),
    /// The rules do not allow it now; nothing changed.
    Refused(Refusal),
    /// The verification it names is not one of this subject.
    NotFound,
}

/// Why the rules do not allow a command now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The app does not send to this country.
    CountryNotAllowed(Option<Country>),
    /// The app does not send to this kind of number.
    NumberTypeRefused(NumberType),
    /// The app does not send to the phone that is to take this one's place.
    ReplacementRefused(NotSentTo),
    /// The code may not go out by this channel.
    ChannelRefused(Channel, ChannelProblem),
    /// The phone was sent to too often.
    PhoneLimit {
        /// Which window is full.
        window: PhoneWindow,
        /// When it has room.
        retry_at: Timestamp,
    },
    /// Too many wrong guesses: none is evaluated and nothing is sent before this time.
    PhoneLocked {
        /// When it is again.
        until: Timestamp,
    },
    /// The app's budget for wrong guesses is used up: none of an unknown device is evaluated, and none may start
    /// (fraud.md B.5).
    GuessBudget(OverBudget),
    /// A hundred wrong guesses in a row: an operator must bind the phone anew.
    PhoneDisabled,
    /// The phone has as many live verifications as are kept.
    TooManyLive,
    /// The wait since the last send is not over.
    ResendTooSoon {
        /// When it is.
        retry_at: Timestamp,
    },
    /// The verification has no sends left.
    NoSendsLeft,
    /// So little of the code's life is left that a message may come too late: start anew.
    TooLateToResend,
    /// Its challenge was not solved.
    ChallengeOpen,
    /// It has ended.
    NotPending(Status),
    /// The dates of a number that was verified elsewhere cannot be.
    ImportRefused(InvalidImport),
    /// A device can be trusted for a customer only, and the verification names none.
    NobodyToTrust,
}

/// Why an app does not send to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSentTo {
    /// For its country.
    Country(Option<Country>),
    /// For its kind.
    NumberType(NumberType),
}

impl From<NotSentTo> for Refusal {
    fn from(why: NotSentTo) -> Self {
        match why {
            NotSentTo::Country(country) => Refusal::CountryNotAllowed(country),
            NotSentTo::NumberType(number_type) => Refusal::NumberTypeRefused(number_type),
        }
    }
}

/// A sliding window over the sends to one phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneWindow {
    /// Between two starts.
    Spacing,
    /// Ten minutes.
    TenMinutes,
    /// One hour.
    Hour,
    /// 24 hours.
    Day,
}

impl PhoneWindow {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            PhoneWindow::Spacing => "phone_spacing",
            PhoneWindow::TenMinutes => "phone_per_ten_minutes",
            PhoneWindow::Hour => "phone_per_hour",
            PhoneWindow::Day => "phone_per_day",
        }
    }
}

/// What must happen besides the subject's change, in the same commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A message must be sent.
    Send(Delivery),
    /// These messages must not be sent any more, where that has not happened yet.
    CancelDeliveries(Vec<DeliveryId>),
    /// A fact must be recorded.
    Event(Event),
}

/// What [`step`] came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The subject as it becomes.
    pub subject: Subject,
    /// What to tell the caller, after the commit.
    pub outcome: Outcome,
    /// What must happen besides.
    pub effects: Vec<Effect>,
}

/// What a step may know besides the subject and the command.
pub struct Context<'a> {
    /// The node's clock.
    pub now: Timestamp,
    /// The app's policy.
    pub policy: &'a Policy,
    /// The instance's keys.
    pub keyring: &'a Keyring,
    /// Fresh randomness for this step alone.
    pub entropy: Entropy,
    /// What wrong guesses in the whole app mean for unknown devices.
    pub guesses: GuessTerms,
}

/// One step. What time has ended is settled first, whatever the command. Time never runs backwards
/// for a subject: now is the later of the clock and the subject's last step (design 6; I13).
pub fn step(subject: &Subject, command: &Command, context: Context<'_>) -> Result<Step, KeyError> {
    let mut draft = Draft {
        now: context.now.max(subject.record.last_step_at),
        subject: subject.clone(),
        effects: Vec::new(),
        passage: Passage::Sent,
        policy: context.policy,
        keyring: context.keyring,
        entropy: context.entropy,
        guesses: context.guesses,
    };
    expire::expire_overdue(&mut draft);
    let outcome = match command {
        Command::Start(start) => start::start(&mut draft, start),
        Command::Resend(resend) => resend::resend(&mut draft, resend),
        Command::Solve(solve) => solve::solve(&mut draft, solve)?,
        Command::Check(check) => check::check(&mut draft, check)?,
        Command::Cancel(id) => cancel::cancel(&mut draft, *id),
        Command::Expire => Outcome::Settled,
        Command::Advance(advance) => advance::advance(&mut draft, advance),
        Command::Receipt(receipt) => receipt::receipt(&mut draft, receipt),
        Command::Recover(recover) => recover::recover(&mut draft, recover),
        Command::Overdue(overdue) => overdue::overdue(&mut draft, *overdue),
        Command::Recognize(recognize) => device::recognize(&mut draft, recognize),
        Command::Redeem(redeem) => redeem::redeem(&mut draft, redeem),
        Command::Report(id) => report::report(&mut draft, *id),
        Command::Rebind => rebind::rebind(&mut draft),
        Command::SetNumber(set) => number::set_number(&mut draft, *set),
    };
    if draft.subject != *subject {
        draft.subject.record.last_step_at = draft.now;
    }
    Ok(Step { subject: draft.subject, outcome, effects: draft.effects })
}

/// A subject while a command works on it.
struct Draft<'a> {
    now: Timestamp,
    subject: Subject,
    effects: Vec<Effect>,
    /// Whether messages that the command asks for leave.
    passage: Passage,
    policy: &'a Policy,
    keyring: &'a Keyring,
    entropy: Entropy,
    guesses: GuessTerms,
}

impl Draft<'_> {
    /// What wrong guesses in the whole app mean for somebody of this standing: nothing for a trusted device, and
    /// nothing for a message of a test.
    fn guess_terms(&self, mode: Mode, standing: Standing) -> GuessTerms {
        let is_judged = mode == Mode::Live && standing < Standing::TrustedDevice;
        if is_judged { self.guesses } else { GuessTerms::CALM }
    }

    fn event(&mut self, verification: VerificationId, kind: EventKind) {
        let id = EventId::new(self.now, verification.partition(), &mut self.entropy);
        // Events of one step must keep their order although ids within a millisecond are random.
        let order = u16::try_from(self.effects.len()).unwrap_or(u16::MAX);
        let id = id.ordered(order);
        self.effects.push(Effect::Event(Event {
            id,
            app: self.subject.app,
            verification,
            at: self.now,
            kind,
        }));
    }

    /// Ends a pending or approved verification: its code material and the e-mail address go, its messages
    /// stay unsent.
    fn end(&mut self, id: VerificationId, state: State) {
        if let Some(verification) = self.subject.verification_mut(id) {
            verification.state = state;
            verification.email = None;
        }
        self.subject.record.live.retain(|&live| live != id);
        self.cancel_deliveries(id);
    }

    /// Messages of a verification that were not sent yet stay unsent.
    fn cancel_deliveries(&mut self, id: VerificationId) {
        if let Some(verification) = self.subject.verification(id) {
            let deliveries = verification.deliveries.iter().map(|trace| trace.id).collect();
            self.effects.push(Effect::CancelDeliveries(deliveries));
        }
    }

    /// Records one more send of a pending verification and asks for its delivery.
    fn send(&mut self, id: VerificationId, channel: Channel) -> Option<DeliveryId> {
        let now = self.now;
        let verification = self.subject.verification_mut(id)?;
        verification.sends += 1;
        verification.last_sent_at = now;
        verification.channel = channel;
        if let Some(workflow) = &mut verification.workflow {
            workflow.sent(channel, now);
        }
        let delivery_id = self.deliver_code(id)?;
        self.count_send();
        Some(delivery_id)
    }

    /// Counts a message to this phone that somebody asked for.
    fn count_send(&mut self) {
        let now = self.now;
        let sends = &mut self.subject.record.sends;
        sends.retain(|&at| at > now.minus(DAY));
        sends.push(now);
    }

    /// Asks for one more delivery of a verification's code, by the channel of its last message.
    fn deliver_code(&mut self, id: VerificationId) -> Option<DeliveryId> {
        let delivery_id = DeliveryId::new(self.now, id.partition(), &mut self.entropy);
        let verification = self.subject.verification_mut(id)?;
        let channel = verification.channel;
        verification.deliveries.push(DeliveryTrace { id: delivery_id, channel, receipt: None });
        let kind = DeliveryKind::Code { generation: verification.generation() };
        let expires_at = verification.expires_at;
        self.deliver(id, delivery_id, kind, channel, expires_at)?;
        Some(delivery_id)
    }

    /// Asks for the delivery of one message about a verification.
    fn deliver(
        &mut self,
        id: VerificationId,
        delivery: DeliveryId,
        kind: DeliveryKind,
        channel: Channel,
        expires_at: Timestamp,
    ) -> Option<()> {
        let verification = self.subject.verification(id)?;
        // A message that is withheld is written like any other, so that the commit takes as long.
        let state = match self.withheld(id) {
            Some(_) if matches!(kind, DeliveryKind::Code { .. }) => DeliveryState::Canceled,
            _ => DeliveryState::Due { at: self.now },
        };
        let delivery = Delivery {
            id: delivery,
            app: self.subject.app,
            verification: id,
            mode: verification.mode,
            channel,
            kind,
            created_at: self.now,
            expires_at,
            submissions: 0,
            unknowns: 0,
            provider: None,
            reference: None,
            state,
        };
        self.effects.push(Effect::Send(delivery));
        Some(())
    }

    /// Why messages with this verification's code do not leave now, where they do not.
    fn withheld(&self, id: VerificationId) -> Option<GateRule> {
        let trace = self.subject.verification(id).and_then(|verification| verification.guard);
        match (trace.filter(|trace| trace.is_ghost()), self.passage) {
            (Some(trace), _) => Some(trace.rule),
            (None, Passage::Withheld(rule)) => Some(rule),
            (None, Passage::Sent) => None,
        }
    }

    /// The windows over customers' requests for messages to this phone (fraud.md B.2, row 1).
    fn check_phone_windows(&self, standing: Standing, windows: &[PhoneWindow]) -> Result<(), Refusal> {
        let record = &self.subject.record;
        for &window in windows {
            if window == PhoneWindow::Spacing && standing >= Standing::KnownCustomer {
                continue;
            }
            let quota = Quota::of(record, self.policy, standing, window, self.now);
            if let (0, Some(retry_at)) = (quota.remaining, quota.more_at) {
                return Err(Refusal::PhoneLimit { window, retry_at });
            }
        }
        Ok(())
    }

    /// Whether the phone takes guesses and messages (N5; fraud.md B.2).
    fn check_lock(&self, standing: Standing) -> Result<(), Refusal> {
        match self.subject.failures(standing).lock(self.policy.failure_limits, self.now) {
            Lock::Open => Ok(()),
            Lock::Until(until) => Err(Refusal::PhoneLocked { until }),
            Lock::Disabled => Err(Refusal::PhoneDisabled),
        }
    }

    fn open_phone(&self, verification: &Verification) -> Result<E164, KeyError> {
        let place = Place { app: self.subject.app, verification: verification.id };
        self.keyring.open_phone(place, &verification.phone)
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
