//! Immutable facts: timeline, webhooks, statistics and audit log are made of them.

use serde::{Deserialize, Serialize};

use crate::challenge::ChallengeKind;
use crate::device::PurposeClass;
use crate::gate::GateRule;
use crate::guard::decision::Decision;
use crate::id::{AppId, DeliveryId, EventId, VerificationId};
use crate::message::{Encoding, Form};
use crate::phone::Country;
use crate::price::Price;
use crate::purpose::Purpose;
use crate::step::{StepCause, StopReason};
use crate::time::Timestamp;
use crate::verification::{CancelReason, Channel, DenyReason, ReceiptStatus};

/// One immutable fact about one verification. Carries no code and no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// The app.
    pub app: AppId,
    /// The verification.
    pub verification: VerificationId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum EventKind {
    /// A verification was started, and a first message is due.
    #[serde(rename = "verification.started")]
    Started {
        /// Why.
        purpose: Purpose,
        /// How the code travels.
        channel: Channel,
        /// The phone's country.
        country: Option<Country>,
        /// Whether the shop said where its customer is; limits by address need it.
        client_address: ClientAddress,
        /// The first delivery.
        delivery: DeliveryId,
        /// Why it does not leave, where it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withheld: Option<GateRule>,
    },
    /// A verification was started; nothing is sent before its challenge is solved.
    #[serde(rename = "verification.challenge_required")]
    ChallengeRequired {
        /// Why it was started.
        purpose: Purpose,
        /// The phone's country.
        country: Option<Country>,
        /// Whether the shop said where its customer is.
        client_address: ClientAddress,
        /// What is to be solved.
        challenge: ChallengeKind,
        /// Which rule asks for it, or withholds the message once it is solved.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<GateRule>,
    },
    /// The challenge was solved, and the first message is due.
    #[serde(rename = "verification.challenge_solved")]
    ChallengeSolved {
        /// The first delivery.
        delivery: DeliveryId,
        /// By which channel.
        channel: Channel,
        /// Why it does not leave, where it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withheld: Option<GateRule>,
    },
    /// A solution of the challenge was wrong.
    #[serde(rename = "verification.challenge_failed")]
    ChallengeFailed {
        /// Solutions that may still be given.
        attempts_remaining: u8,
    },
    /// The customer asked for the message again.
    #[serde(rename = "verification.resent")]
    Resent {
        /// The delivery.
        delivery: DeliveryId,
        /// The code's generation in it.
        generation: u8,
        /// By which channel.
        #[serde(default)]
        channel: Channel,
        /// Which step of the workflow was taken early by it, if one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<u8>,
        /// Why it does not leave, where it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withheld: Option<GateRule>,
    },
    /// The next step of the workflow was taken without anybody asking: the same code by its channel.
    #[serde(rename = "verification.next_step")]
    NextStep {
        /// The delivery.
        delivery: DeliveryId,
        /// By which channel.
        channel: Channel,
        /// Which step it is; the first is 1.
        step: u8,
        /// Why now.
        because: StepCause,
        /// Why it does not leave, where it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withheld: Option<GateRule>,
    },
    /// The workflow takes no further step by itself.
    #[serde(rename = "verification.workflow_stopped")]
    WorkflowStopped {
        /// Why.
        reason: StopReason,
    },
    /// A carrier gave the message up, or its receipt is overdue and the app wants no waiting: the same code is
    /// sent again; nobody asked for it.
    #[serde(rename = "delivery.failed_over")]
    FailedOver {
        /// The new delivery.
        delivery: DeliveryId,
        /// The one that failed or is overdue.
        after: DeliveryId,
    },
    /// A wrong guess was evaluated.
    #[serde(rename = "check.incorrect")]
    CheckIncorrect {
        /// Guesses left.
        attempts_remaining: u8,
    },
    /// A code from before a rotation was given; counts as a guess.
    #[serde(rename = "check.superseded")]
    CheckSuperseded {
        /// Guesses left.
        attempts_remaining: u8,
    },
    /// The right code was given.
    #[serde(rename = "verification.approved")]
    Approved,
    /// Time ran out.
    #[serde(rename = "verification.expired")]
    Expired,
    /// The guesses ran out.
    #[serde(rename = "verification.exhausted")]
    Exhausted,
    /// The shop gave it up, or another transaction took its place.
    #[serde(rename = "verification.canceled")]
    Canceled {
        /// How.
        reason: CancelReason,
    },
    /// It must not be believed.
    #[serde(rename = "verification.denied")]
    Denied {
        /// Why.
        reason: DenyReason,
    },
    /// The customer said "this was not me".
    #[serde(rename = "verification.reported")]
    Reported,
    /// The proof was redeemed.
    #[serde(rename = "proof.redeemed")]
    Redeemed,
    /// The phone was said to be lost: another one may take its place after a delay. The notice to this one
    /// is due.
    #[serde(rename = "phone.recovery_requested")]
    RecoveryRequested {
        /// When it may.
        ready_at: Timestamp,
        /// The notice.
        delivery: DeliveryId,
    },
    /// The redeemed proof, or a recovery whose time has come, allows the customer's number to be changed to another phone. The notice to this
    /// one is due.
    #[serde(rename = "phone.change_authorized")]
    PhoneChangeAuthorized {
        /// The verification of the other phone. It is not there if its start was refused after this.
        replaced_by: VerificationId,
        /// The notice.
        delivery: DeliveryId,
    },
    /// Guesses on the phone are not evaluated before this time.
    #[serde(rename = "phone.locked")]
    PhoneLocked {
        /// When they are again.
        until: Timestamp,
    },
    /// The phone must be bound anew.
    #[serde(rename = "phone.disabled")]
    PhoneDisabled,
    /// The device on which the code was typed is trusted from now on.
    #[serde(rename = "device.trusted")]
    DeviceTrusted {
        /// What for.
        purposes: PurposeClass,
    },
    /// The shop asked what it should ask of a customer. The id of the verification is the decision's own: it is of no
    /// verification.
    #[serde(rename = "decision.made")]
    Decided(Box<Decision>),
    /// It was started with an old value of a device: somebody has a copy, and it goes on as anybody's.
    #[serde(rename = "device.theft")]
    DeviceTheft {
        /// The verification that had granted the device.
        granted_by: VerificationId,
    },
    /// Devices are trusted no more.
    #[serde(rename = "device.revoked")]
    DeviceRevoked {
        /// Why.
        reason: RevokeReason,
        /// How many.
        devices: u8,
    },
    /// A provider took the message.
    #[serde(rename = "delivery.accepted")]
    DeliveryAccepted {
        /// The delivery.
        delivery: DeliveryId,
        /// The provider.
        provider: String,
        /// Submissions begun for this delivery, this one included.
        submissions: u32,
        /// What the provider may charge for it: the listed price times segments. Nothing while no price is
        /// listed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost: Option<Price>,
        /// Why this provider, the decisive reason first; nothing where it was simply the first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        route: Vec<String>,
        /// What was handed over. Events of before this was told have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<SentMessage>,
    },
    /// A submission failed and will be repeated.
    #[serde(rename = "delivery.retrying")]
    DeliveryRetrying {
        /// The delivery.
        delivery: DeliveryId,
        /// The provider.
        provider: String,
        /// What went wrong.
        reason: String,
        /// Whether this provider may take it later.
        #[serde(default)]
        turned: Turned,
        /// When it is repeated, here or by another provider.
        retry_at: Timestamp,
        /// Why this provider, the decisive reason first; nothing where it was simply the first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        route: Vec<String>,
        /// What was handed over. Events of before this was told have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<SentMessage>,
    },
    /// A submission was written and never answered: the phone may have it.
    #[serde(rename = "delivery.unknown")]
    DeliveryUnknown {
        /// The delivery.
        delivery: DeliveryId,
        /// The provider, where it is known.
        provider: Option<String>,
        /// What the provider may charge for it, as of one that was accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost: Option<Price>,
        /// Why this provider, the decisive reason first; nothing where it was simply the first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        route: Vec<String>,
        /// What was handed over. Events of before this was told have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<SentMessage>,
    },
    /// No provider took the message, and none will be tried again.
    #[serde(rename = "delivery.failed")]
    DeliveryFailed {
        /// The delivery.
        delivery: DeliveryId,
        /// The last provider tried.
        provider: Option<String>,
        /// What went wrong.
        reason: String,
        /// Why this provider, or why none, the decisive reason first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        route: Vec<String>,
        /// What was handed over. Events of before this was told have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<SentMessage>,
    },
    /// A carrier was asked not to deliver the message any more: its verification had ended, or its code was
    /// replaced.
    #[serde(rename = "delivery.recalled")]
    DeliveryRecalled {
        /// The delivery.
        delivery: DeliveryId,
        /// The carrier.
        provider: String,
        /// What it answered.
        result: Recalled,
    },
    /// A carrier said what became of the message.
    #[serde(rename = "delivery.receipt")]
    Receipt {
        /// The delivery.
        delivery: DeliveryId,
        /// Whose word it is. It may be the first to tell who carried the message; older events do not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
        /// The carrier's word.
        status: ReceiptStatus,
    },
}

/// Why devices are trusted no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// An old value of the device was shown: somebody has a copy.
    Theft,
    /// The customer said "this was not me".
    Reported,
    /// The verification that granted it was voided: its proof was shown for something else.
    Voided,
    /// The customer's number changes.
    PhoneChanged,
    /// A hundred wrong guesses in a row on trusted devices.
    Disabled,
}

impl RevokeReason {
    /// Its word in metrics and the timeline.
    pub const fn as_str(self) -> &'static str {
        match self {
            RevokeReason::Theft => "theft",
            RevokeReason::Reported => "reported",
            RevokeReason::Voided => "voided",
            RevokeReason::PhoneChanged => "phone_changed",
            RevokeReason::Disabled => "disabled",
        }
    }
}

/// What was handed to a provider, without a word of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMessage {
    /// How full it is.
    pub form: Form,
    /// How it is encoded on the air.
    pub encoding: Encoding,
    /// The segments that the provider was told to expect.
    pub segments: usize,
    /// Whom the phone shows as its sender; none: the provider's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Why it is not fuller and why another sender was not used; nothing where neither was in question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
}

/// Whether a provider that did not take a message may take it later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turned {
    /// It may.
    #[default]
    Away,
    /// It will refuse it again.
    Down,
}

/// What came of asking a carrier not to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recalled {
    /// It will not deliver it.
    TakenBack,
    /// It delivered it already, or does not take messages back.
    Refused,
    /// It did not answer.
    Unanswered,
    /// It could not be asked: it was not there, or had too much to do.
    NotAsked,
}

impl Recalled {
    /// Its word in metrics and the timeline.
    pub const fn as_str(self) -> &'static str {
        match self {
            Recalled::TakenBack => "taken_back",
            Recalled::Refused => "refused",
            Recalled::Unanswered => "unanswered",
            Recalled::NotAsked => "not_asked",
        }
    }
}

/// Whether the shop said from where its customer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAddress {
    /// It did; the address itself is not kept.
    Given,
    /// It did not: limits by address are off for this verification.
    Absent,
}
