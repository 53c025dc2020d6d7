//! One attempt to prove one phone for one purpose.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::challenge::{ChallengedAnswer, OpenChallenge};
use crate::channel::Assurance;
pub use crate::channel::Channel;
use crate::code::CodeFormat;
use crate::delivery::{Delivery, DeliveryKind, DeliveryState};
use crate::device::{DeviceMark, DeviceUse};
use crate::gate::GuardTrace;
use crate::guard::known::Asker;
use crate::id::{DeliveryId, VerificationId};
use crate::keyring::{Epoch, KeyName};
use crate::locale::Locale;
use crate::message::Reader;
use crate::origin::ReturnTo;
use crate::phone::Country;
use crate::policy::{MIN_LIFE_FOR_RESEND, Policy};
use crate::presentation::Presentation;
use crate::proof::SessionHash;
use crate::purpose::Purpose;
use crate::sealed::{SealedEmail, SealedEnding, SealedPhone};
use crate::step::{CheckResult, RedeemOutcome};
use crate::subject::{Mode, SubjectKey};
use crate::time::Timestamp;
use crate::transaction::{Transaction, TransactionDigest};
use crate::workflow::Workflow;

/// How many command outcomes a verification remembers for retries.
pub const MAX_REMEMBERED: usize = 16;

/// One attempt to prove one phone for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Its id; carries the partition of its subject and the time it was started.
    pub id: VerificationId,
    /// Live or test.
    pub mode: Mode,
    /// Why.
    pub purpose: Purpose,
    /// What is approved, as the shop sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Transaction>,
    /// What the code is bound to.
    pub digest: TransactionDigest,
    /// The browser session it was started for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionHash>,
    /// The shop's own reference for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Who asked, as the guard names devices and customers.
    #[serde(default, skip_serializing_if = "Asker::is_nobody")]
    pub asker: Asker,
    /// The verification of the customer's earlier phone whose proof allows this one to take its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VerificationId>,
    /// Whether that customer had proved this phone before: then strangers' limits do not bind.
    pub standing: Standing,
    /// What came of the device token that its start was given, if it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceUse>,
    /// The device that is trusted since its code was right there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<DeviceMark>,
    /// The phone, sealed for this verification.
    pub phone: SealedPhone,
    /// The phone's country.
    pub country: Option<Country>,
    /// The customer's e-mail address, if the code may go there. Erased when the verification ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<SealedEmail>,
    /// By which channel the last message was sent.
    pub channel: Channel,
    /// The channels that it tries one after another, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Workflow>,
    /// The language asked for.
    pub locale: Locale,
    /// Where the code is typed.
    pub presentation: Presentation,
    /// What reads the message's last line.
    #[serde(default, skip_serializing_if = "Reader::is_browser")]
    pub reader: Reader,
    /// Where the customer goes from the hosted page, as the last start of its session said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<ReturnTo>,
    /// The form of the code.
    pub format: CodeFormat,
    /// The epoch it was started in.
    pub epoch: Epoch,
    /// When the first message was due, or the challenge before it was made; the life of the code runs from here.
    pub created_at: Timestamp,
    /// When the code stops being accepted.
    pub expires_at: Timestamp,
    /// Guesses evaluated so far; carried over when a slot's transaction changes.
    pub attempts_used: u8,
    /// Guesses that are evaluated at most.
    pub max_attempts: u8,
    /// Sends that the customer asked for, the first included.
    pub sends: u8,
    /// The last of them.
    pub last_sent_at: Timestamp,
    /// Each send, with what became of it.
    pub deliveries: Vec<DeliveryTrace>,
    /// Where it stands.
    pub state: State,
    /// What the guard did about it, where it did anything. Never shown to a browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardTrace>,
    /// What its proof was used to change, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_change: Option<PhoneChange>,
    /// When the customer first said "this was not me", where she did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// Outcomes of the last commands that carried an idempotency key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<Remembered>,
    /// The shop's own words about it; never interpreted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// Where a verification stands. What a code is made of exists only while it is pending: at the end
/// it is gone (design 5, retention).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// Nothing is sent before this is solved. There is no code yet, so that no guess can be right.
    ChallengeRequired {
        /// What is to be solved.
        challenge: OpenChallenge,
    },
    /// Waiting for the right code.
    Pending {
        /// What the code is derived from.
        code: CodeMaterial,
    },
    /// The phone is lost: another one may take its place once its holder had time to object
    /// (NIST SP 800-63B-4 §4.2, N7). There is no code.
    Recovering {
        /// When it may.
        ready_at: Timestamp,
        /// The blind index of the other phone.
        replacement: SubjectKey,
        /// The other phone's last digits, for the notice.
        ending: SealedEnding,
    },
    /// Another phone took the place of the lost one.
    Recovered {
        /// When.
        at: Timestamp,
    },
    /// The right code was given.
    Approved {
        /// When.
        at: Timestamp,
        /// The key that signs its proof.
        proof_key: KeyName,
        /// When the proof was redeemed.
        redeemed_at: Option<Timestamp>,
    },
    /// Time ran out.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// The guesses ran out.
    Exhausted {
        /// When.
        at: Timestamp,
    },
    /// The shop gave it up.
    Canceled {
        /// When.
        at: Timestamp,
        /// How.
        reason: CancelReason,
    },
    /// It must not be believed.
    Denied {
        /// When.
        at: Timestamp,
        /// Why.
        reason: DenyReason,
    },
}

/// How a verification came to be canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The shop asked.
    Requested,
    /// The same session started one for another transaction; of a recovery, the customer asked for another
    /// phone.
    Superseded,
    /// The phone that was said to be lost proved itself.
    PhoneProved,
}

/// Why a verification must not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyReason {
    /// The customer said "this was not me".
    Reported,
    /// The transaction at check or redeem was another one (PSD2 RTS Art 5(1)(d)).
    TransactionMismatch,
    /// Phone, purpose or session at redeem were others.
    BindingMismatch,
    /// Its challenge was answered wrongly too often.
    ChallengeFailed,
}

/// What the code of a pending verification is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum CodeMaterial {
    /// Derived; see [`crate::keyring::Keyring::code`].
    Derived {
        /// The key.
        key: KeyName,
        /// 128 random bits.
        #[serde(with = "crate::sealed::base64_array")]
        nonce: [u8; 16],
        /// Counts rotations.
        generation: u8,
    },
    /// A test number's fixed code, read from the app's policy.
    TestNumber,
    /// Nobody's: no guess is right, and no message shows it. Has what a derived one has, so that looking at a guess
    /// takes the same time.
    Ghost {
        /// The key.
        key: KeyName,
        /// 128 random bits.
        #[serde(with = "crate::sealed::base64_array")]
        nonce: [u8; 16],
        /// Counts rotations.
        generation: u8,
    },
}

/// Whether a verification was started for a customer who had proved this phone before. The later, the more is kept for
/// her: a customer reference is only what somebody said who he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Anybody.
    Stranger,
    /// The customer reference was approved on this phone before.
    KnownCustomer,
    /// That, and the start came with the token of her trusted device.
    TrustedDevice,
}

/// What became of one send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryTrace {
    /// The delivery.
    pub id: DeliveryId,
    /// By which channel.
    #[serde(default)]
    pub channel: Channel,
    /// The carrier's last word, if any; it only moves forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptStatus>,
}

/// The proof of this phone was used to put another one in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneChange {
    /// The verification of the other phone.
    pub replaced_by: VerificationId,
    /// The other phone's last digits, for the notice.
    pub ending: SealedEnding,
    /// The notice to this phone. Not among [`Verification::deliveries`]: nobody asked for it, and what ends
    /// the verification does not stop it.
    pub notice: DeliveryTrace,
}

/// A carrier's word about a message. Ordered: a later word never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// On its way; not final.
    Buffered,
    /// The carrier gave up.
    Failed,
    /// It reached the phone. The best word a carrier can give, so it beats an earlier failure.
    Delivered,
}

/// Names a command that may be retried: derived from its `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(#[serde(with = "crate::sealed::base64_array")] pub [u8; 16]);

/// The outcome of a command, kept so that its retry gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The command.
    pub command: CommandId,
    /// Its outcome.
    pub outcome: RememberedOutcome,
}

/// What is remembered of an outcome. Never a code, a number or a proof: those are rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RememberedOutcome {
    /// A start or resend that sent.
    Sent(PendingAnswer),
    /// A start that found its verification and sent nothing.
    Found(PendingAnswer),
    /// A start that made or found a verification whose challenge was not solved.
    Challenged(ChallengedAnswer),
    /// A check.
    Checked {
        /// Its result.
        result: CheckResult,
        /// What was left after it.
        attempts_remaining: u8,
    },
    /// A redeem.
    Redeemed(RedeemOutcome),
}

/// What is answered about a pending verification besides what never changes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAnswer {
    /// When another send is possible; nothing if none is.
    pub resend_at: Option<Timestamp>,
    /// Guesses left.
    pub attempts_remaining: u8,
}

impl RememberedOutcome {
    /// What a start or resend answered.
    pub const fn pending(&self) -> Option<PendingAnswer> {
        match self {
            RememberedOutcome::Sent(answer) | RememberedOutcome::Found(answer) => Some(*answer),
            RememberedOutcome::Challenged(_)
            | RememberedOutcome::Checked { .. }
            | RememberedOutcome::Redeemed(_) => None,
        }
    }

    /// What a start answered that had to be solved first.
    pub const fn challenged(&self) -> Option<ChallengedAnswer> {
        match self {
            RememberedOutcome::Challenged(answer) => Some(*answer),
            _ => None,
        }
    }
}

impl Verification {
    /// What is answered about it now, if it is pending.
    pub fn pending_answer(&self, policy: &Policy) -> PendingAnswer {
        PendingAnswer { resend_at: self.resend_at(policy), attempts_remaining: self.attempts_remaining() }
    }

    /// When another send is possible, if the resend ladder and the code's life allow one.
    pub fn resend_at(&self, policy: &Policy) -> Option<Timestamp> {
        self.next_send_at(policy).filter(|_| self.is_pending())
    }

    /// When another send would be possible if it still waited for a code.
    pub fn next_send_at(&self, policy: &Policy) -> Option<Timestamp> {
        let at = self.last_sent_at.plus(policy.resend_wait(self.sends));
        let allowed = self.sends < policy.max_sends && self.expires_at.since(at) >= MIN_LIFE_FOR_RESEND;
        allowed.then_some(at)
    }

    /// Whether it waits, for a challenge to be solved, a code, or a recovery's time. Says nothing about time itself: see
    /// [`Verification::expires_at`].
    pub const fn is_live(&self) -> bool {
        matches!(
            self.state,
            State::ChallengeRequired { .. } | State::Pending { .. } | State::Recovering { .. }
        )
    }

    /// Whether it waits for a code. Says nothing about time: see [`Verification::expires_at`].
    pub const fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    /// The challenge that nobody has solved yet.
    pub const fn challenge(&self) -> Option<OpenChallenge> {
        match &self.state {
            State::ChallengeRequired { challenge } => Some(*challenge),
            _ => None,
        }
    }

    /// Whether it is its slot's: it waits for something that its customer does.
    pub const fn holds_slot(&self) -> bool {
        matches!(self.state, State::ChallengeRequired { .. } | State::Pending { .. })
    }

    /// Whether none of its messages leaves, whatever it looks like.
    pub fn is_ghost(&self) -> bool {
        self.guard.is_some_and(GuardTrace::is_ghost)
    }

    /// What typing its code shows: the weakest of all channels that a message was asked for by, whatever
    /// became of it (N10).
    pub fn assurance(&self) -> Assurance {
        Assurance::of(self.channels())
    }

    /// The channels of its messages, in order, once for each message.
    pub fn channels(&self) -> impl Iterator<Item = Channel> {
        self.deliveries.iter().map(|trace| trace.channel)
    }

    /// When time does something to it, while it is pending: its next step is due, or its life is over.
    pub fn wakes_at(&self) -> Timestamp {
        let next_at = self.workflow.as_ref().and_then(|workflow| workflow.next_at);
        next_at.map_or(self.expires_at, |next_at| next_at.min(self.expires_at))
    }

    /// Guesses that are left.
    pub const fn attempts_remaining(&self) -> u8 {
        self.max_attempts.saturating_sub(self.attempts_used)
    }

    /// The generation that messages carry now; zero when the code never changes.
    pub const fn generation(&self) -> u8 {
        match &self.state {
            State::Pending {
                code: CodeMaterial::Derived { generation, .. } | CodeMaterial::Ghost { generation, .. },
            } => *generation,
            _ => 0,
        }
    }

    /// Whether a message of this kind is still to be sent. Says nothing about time.
    pub const fn wants(&self, kind: DeliveryKind) -> bool {
        match kind {
            DeliveryKind::Code { generation } => self.is_pending() && self.generation() == generation,
            DeliveryKind::PhoneChangeNotice => {
                self.phone_change.is_some() || matches!(self.state, State::Recovering { .. })
            }
            DeliveryKind::ConversionFeedback => !self.is_live(),
        }
    }

    /// What a receipt has decided about a message that is due again: one that was faster than the answer to its
    /// submission, or came instead of it. Nothing where it is still to be sent.
    ///
    /// A carrier that says "delivered" has it, whatever it answers; one that says "on its way" has it where it
    /// does not answer. What it says has failed is left alone once a later message has taken its place: another
    /// copy would be one too many (design 6, Sending).
    pub fn decided_by_receipt(&self, delivery: &Delivery) -> Option<DeliveryState> {
        let notice = self.phone_change.as_ref().map(|change| &change.notice);
        let trace = self.deliveries.iter().chain(notice).find(|trace| trace.id == delivery.id)?;
        match trace.receipt? {
            ReceiptStatus::Delivered => Some(DeliveryState::Accepted),
            ReceiptStatus::Buffered => (delivery.unknowns > 0).then_some(DeliveryState::Accepted),
            ReceiptStatus::Failed => {
                let is_replaced = self.deliveries.last().is_some_and(|last| last.id != delivery.id);
                let is_code = matches!(delivery.kind, DeliveryKind::Code { .. });
                (is_code && is_replaced).then_some(DeliveryState::Canceled)
            }
        }
    }

    /// The trace of one of its messages.
    pub(crate) fn trace_mut(&mut self, id: DeliveryId) -> Option<&mut DeliveryTrace> {
        let notice = self.phone_change.as_mut().map(|change| &mut change.notice);
        self.deliveries.iter_mut().chain(notice).find(|trace| trace.id == id)
    }

    /// The outcome that a retried command had the first time.
    pub fn recall(&self, command: Option<CommandId>) -> Option<&RememberedOutcome> {
        let command = command?;
        self.remembered.iter().find(|known| known.command == command).map(|known| &known.outcome)
    }

    /// Keeps an outcome for retries; the oldest makes room.
    pub fn remember(&mut self, command: Option<CommandId>, outcome: RememberedOutcome) {
        let Some(command) = command else { return };
        if self.remembered.len() >= MAX_REMEMBERED {
            self.remembered.remove(0);
        }
        self.remembered.push(Remembered { command, outcome });
    }

    /// The word for [`Verification::state`] in the API.
    pub const fn status(&self) -> Status {
        match self.state {
            State::ChallengeRequired { .. } => Status::ChallengeRequired,
            State::Pending { .. } | State::Recovering { .. } => Status::Pending,
            State::Recovered { .. } => Status::Recovered,
            State::Approved { .. } => Status::Approved,
            State::Expired { .. } => Status::Expired,
            State::Exhausted { .. } => Status::Exhausted,
            State::Canceled { .. } => Status::Canceled,
            State::Denied { .. } => Status::Denied,
        }
    }
}

/// The word for a [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting for a challenge to be solved; nothing was sent.
    ChallengeRequired,
    /// Waiting for the right code, or for a recovery's time.
    Pending,
    /// The right code was given.
    Approved,
    /// Another phone took the place of a lost one.
    Recovered,
    /// Time ran out.
    Expired,
    /// The guesses ran out.
    Exhausted,
    /// Given up by the shop, or superseded.
    Canceled,
    /// It must not be believed.
    Denied,
}

impl Status {
    /// Its word in the API and in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::ChallengeRequired => "challenge_required",
            Status::Pending => "pending",
            Status::Approved => "approved",
            Status::Recovered => "recovered",
            Status::Expired => "expired",
            Status::Exhausted => "exhausted",
            Status::Canceled => "canceled",
            Status::Denied => "denied",
        }
    }
}
