//! A carrier's word about one message, typed.

use countersign_core::id::DeliveryId;
use countersign_core::time::Timestamp;
use countersign_core::verification::ReceiptStatus;

use crate::declared::answer::Price;
use crate::provider::Reference;
use crate::receipt::{Receipt, ReceiptReason};

/// What a callback said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// Words about messages, in their order.
    pub reports: Vec<Report>,
    /// Words that the definition has no use for.
    pub ignored: usize,
    /// Words that the definition does not know: the vendor has changed something.
    pub unknown: usize,
    /// Words that named no message.
    pub nameless: usize,
}

/// A carrier's word about one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The provider's id of the message.
    pub id: Option<Reference>,
    /// Our own, where the provider hands it back.
    pub delivery: Option<DeliveryId>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in the carrier's word.
    pub code: Option<ReceiptReason>,
    /// Whether the number itself is at fault: no try by any route will arrive.
    pub permanent: Option<bool>,
    /// When it happened, by the carrier's clock.
    pub at: Option<Timestamp>,
    /// The network that the phone is in.
    pub mccmnc: Option<MccMnc>,
    /// How many segments were counted.
    pub segments: Option<u32>,
    /// What is asked for it.
    pub price: Option<Price>,
}

impl Report {
    /// As the core takes it, for a report that is known to be about this delivery.
    pub fn receipt(&self, delivery: DeliveryId) -> Receipt {
        Receipt { delivery, status: self.verdict.status(), reason: self.code.clone() }
    }
}

/// What a carrier says became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// On its way, or a success that is not final, such as "delivered to the operator".
    Buffered,
    /// It reached the phone, by the carrier's word.
    Delivered,
    /// The customer has seen it.
    Read,
    /// It did not arrive.
    Failed,
    /// It did not arrive in its time.
    Expired,
    /// It was refused on its way: number, sender or content.
    Rejected,
}

impl Verdict {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Buffered => "buffered",
            Verdict::Delivered => "delivered",
            Verdict::Read => "read",
            Verdict::Failed => "failed",
            Verdict::Expired => "expired",
            Verdict::Rejected => "rejected",
        }
    }

    /// What the core makes of it.
    pub const fn status(self) -> ReceiptStatus {
        match self {
            Verdict::Buffered => ReceiptStatus::Buffered,
            Verdict::Delivered | Verdict::Read => ReceiptStatus::Delivered,
            Verdict::Failed | Verdict::Expired | Verdict::Rejected => ReceiptStatus::Failed,
        }
    }
}

/// A mobile network: country code and network code, 5 or 6 digits (ITU-T E.212).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MccMnc(String);

impl MccMnc {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_one = matches!(text.len(), 5 | 6) && text.bytes().all(|b| b.is_ascii_digit());
        is_one.then(|| MccMnc(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
