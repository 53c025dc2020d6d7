//! Messages on their way: what the outbox holds.

use serde::{Deserialize, Serialize};

use crate::id::{AppId, DeliveryId, VerificationId};
use crate::subject::Mode;
use crate::time::Timestamp;
use crate::verification::Channel;

/// One message, until a provider has taken it. Written by the commit that decides to send; carries no
/// code and no number: whoever sends derives them from the verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, which is also the reference that providers get.
    pub id: DeliveryId,
    /// The app.
    pub app: AppId,
    /// The verification.
    pub verification: VerificationId,
    /// Test messages never reach a carrier.
    pub mode: Mode,
    /// How it travels.
    pub channel: Channel,
    /// What it says.
    pub kind: DeliveryKind,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Nothing is sent from here on: the code has expired, or the notice is of no use any more.
    pub expires_at: Timestamp,
    /// Submissions begun.
    pub submissions: u32,
    /// Submissions that may have reached the phone without an answer: taken over from a dead node,
    /// or written and unanswered.
    pub unknowns: u32,
    /// The provider of the last submission.
    pub provider: Option<String>,
    /// The provider's own id for it, under which its receipts may come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Where it stands.
    pub state: DeliveryState,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeliveryKind {
    /// A code. Wanted while its verification is pending and has not rotated to another one.
    Code {
        /// The code's generation in it.
        generation: u8,
    },
    /// That the customer's number is being changed to another one. Has no code; wanted until it expires,
    /// whatever becomes of its verification (NIST SP 800-63B-4 §4.1.2, N7).
    PhoneChangeNotice,
    /// What became of a code, told to the provider that carried it. Goes to no phone; wanted once its
    /// verification has ended.
    ConversionFeedback,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent at or after this time, by whoever holds the lease.
    Due {
        /// Not before.
        at: Timestamp,
    },
    /// A provider has it.
    Accepted,
    /// No provider took it, and none will be tried again.
    Failed,
    /// Written and unanswered: another route, a receipt or the customer's resend decides (design 6).
    Unknown,
    /// Its verification ended, or its code was replaced, before it was sent.
    Canceled,
}
