//! Receipts: a carrier's later word about a message.

use std::borrow::Cow;
use std::fmt;

use countersign_core::id::DeliveryId;
use countersign_core::time::Timestamp;
use countersign_core::verification::ReceiptStatus;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::provider::ProviderName;
use crate::signature::{SignatureError, SigningKeys};

/// Longest callback body that is read, in bytes.
pub const MAX_RECEIPT_BYTES: usize = 4096;

/// A carrier's word about one delivery. Words may be repeated and may come in any order, even before
/// the submission was answered; the core orders them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The delivery.
    pub delivery: DeliveryId,
    /// What became of it.
    pub status: ReceiptStatus,
    /// Why, in the carrier's word.
    pub reason: Option<ReceiptReason>,
}

/// A receipt as a bind brings it: about an id of the carrier's, which has to be found among the
/// submissions. Holds a number: its Debug does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct CarrierReceipt {
    /// Who brought it.
    pub provider: ProviderName,
    /// The delivery, where the provider itself remembers the submission: those of the last hour, made
    /// by this process. Nothing: look for `ids` among the stored references of this provider. A receipt that overtook the answer to its submission
    /// comes twice: without its delivery at once, with it when the answer is there.
    pub delivery: Option<DeliveryId>,
    /// Under which ids the submission may be known, likeliest first: in canonical form with a `delivery`, else as
    /// the answer to it may have written them. Empty when the receipt has no id.
    pub ids: Vec<String>,
    /// The phone, as the carrier writes it: for carriers whose ids are constant or missing.
    pub destination: Option<Zeroizing<String>>,
    /// What became of it. Of a message in parts, [`ReceiptStatus::Delivered`] says that all of them are,
    /// where `delivery` is known; else it is one part's.
    pub status: ReceiptStatus,
    /// Why, in the carrier's words.
    pub reason: Option<ReceiptReason>,
    /// When, by the carrier's clock, read as UTC. Carriers write local times without their zone: it
    /// orders receipts of one carrier and says no more.
    pub reported_at: Option<Timestamp>,
}

impl CarrierReceipt {
    /// A receipt of a provider that knows the delivery by its own id.
    pub fn of(provider: ProviderName, receipt: Receipt) -> Self {
        let Receipt { delivery, status, reason } = receipt;
        CarrierReceipt {
            provider,
            delivery: Some(delivery),
            ids: Vec::new(),
            destination: None,
            status,
            reason,
            reported_at: None,
        }
    }

    /// The receipt about a delivery that the provider remembers.
    pub fn known(&self) -> Option<Receipt> {
        let delivery = self.delivery?;
        Some(Receipt { delivery, status: self.status, reason: self.reason.clone() })
    }
}

impl fmt::Debug for CarrierReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarrierReceipt")
            .field("provider", &self.provider)
            .field("delivery", &self.delivery)
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// A carrier's short word for why: 1 to 64 of `A-Z a-z 0-9 _ - . :`, and no six digits in a row,
/// so that neither a phone number nor a code of the usual length gets into logs and timelines by way
/// of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceiptReason(Cow<'static, str>);

impl ReceiptReason {
    /// Longest word, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// A code has six digits or more (design 5); carriers' error numbers have five or fewer.
    const TOO_MANY_DIGITS: usize = 6;

    pub(crate) const fn from_static(word: &'static str) -> Self {
        ReceiptReason(Cow::Borrowed(word))
    }

    pub(crate) fn parse(word: Cow<'_, str>) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.:".contains(&b);
        let longest_run = word.as_bytes().split(|b| !b.is_ascii_digit()).map(<[u8]>::len).max();
        let fits = (1..=Self::MAX_BYTES).contains(&word.len())
            && word.bytes().all(allowed)
            && longest_run.is_some_and(|run| run < Self::TOO_MANY_DIGITS);
        fits.then(|| ReceiptReason(Cow::Owned(word.into_owned())))
    }

    /// A carrier's word made to fit: blanks become `_`. Nothing for one that could hold a number or prose.
    pub fn from_carrier(word: &str) -> Option<Self> {
        Self::parse(Cow::Owned(word.trim().replace(' ', "_")))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReceiptReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a callback was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The body is longer than any receipt.
    #[error("a receipt has at most {MAX_RECEIPT_BYTES} bytes")]
    TooLong,
    /// The signature was not believed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The body is not of the documented shape.
    #[error(
        "a receipt is a JSON object with \"reference\", \"status\" (delivered, failed or buffered) and perhaps \"reason\", and nothing else"
    )]
    Shape,
    /// The reference is none of ours.
    #[error("the \"reference\" is not the one that came with the message (dlv_…)")]
    Reference,
    /// The reason is no short word.
    #[error(
        "the \"reason\" is 1 to {} letters, digits and _ - . : without six digits in a row",
        ReceiptReason::MAX_BYTES
    )]
    Reason,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Callback<'a> {
    #[serde(borrow)]
    reference: Cow<'a, str>,
    status: ReceiptStatus,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
}

impl Receipt {
    /// Reads a callback: `signature` is the value of the `Countersign-Signature` header and `body`
    /// the bytes exactly as they arrived. Nothing of the body is looked at before its signature is
    /// believed. Whether the delivery went to the provider whose keys these are, the caller checks.
    pub fn from_callback(
        keys: &SigningKeys,
        signature: &[u8],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Self, ReceiptError> {
        if body.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::TooLong);
        }
        keys.verify(signature, body, now)?;
        Self::parse(body)
    }

    fn parse(body: &[u8]) -> Result<Self, ReceiptError> {
        let callback: Callback<'_> = serde_json::from_slice(body).map_err(|_| ReceiptError::Shape)?;
        let delivery = callback.reference.parse().map_err(|_| ReceiptError::Reference)?;
        let reason = match callback.reason {
            Some(word) => Some(ReceiptReason::parse(word).ok_or(ReceiptError::Reason)?),
            None => None,
        };
        Ok(Receipt { delivery, status: callback.status, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REFERENCE: &str = "dlv_01knvc3k00000000000000000a";

    fn keys() -> SigningKeys {
        SigningKeys::new(b"whsec_0123456789abcdef", None).unwrap()
    }

    fn read(body: &str) -> Result<Receipt, ReceiptError> {
        let now = Timestamp::from_millis(1_795_428_000_000);
        Receipt::from_callback(&keys(), keys().sign(body.as_bytes(), now).as_bytes(), body.as_bytes(), now)
    }

    #[test]
    fn each_status_is_read() {
        for (word, status) in [
            ("delivered", ReceiptStatus::Delivered),
            ("failed", ReceiptStatus::Failed),
            ("buffered", ReceiptStatus::Buffered),
        ] {
            let receipt = read(&format!(r#"{{"reference":"{REFERENCE}","status":"{word}"}}"#)).unwrap();
            assert_eq!(receipt, Receipt { delivery: REFERENCE.parse().unwrap(), status, reason: None });
        }
        let body =
            format!(r#"{{"reason":"absent_subscriber:27","status":"failed","reference":"{REFERENCE}"}}"#);
        assert_eq!(read(&body).unwrap().reason.unwrap().as_str(), "absent_subscriber:27");
    }

    #[test]
    fn other_shapes_are_refused() {
        for (body, error) in [
            (String::new(), ReceiptError::Shape),
            ("[]".to_owned(), ReceiptError::Shape),
            (format!(r#"{{"reference":"{REFERENCE}"}}"#), ReceiptError::Shape),
            (format!(r#"{{"reference":"{REFERENCE}","status":"read"}}"#), ReceiptError::Shape),
            (format!(r#"{{"reference":"{REFERENCE}","status":"failed","to":"+44"}}"#), ReceiptError::Shape),
            (format!(r#"{{"reference":"{REFERENCE}","status":"failed"}} {{}}"#), ReceiptError::Shape),
            (
                r#"{"reference":"ver_01knvc3k00000000000000000a","status":"failed"}"#.to_owned(),
                ReceiptError::Reference,
            ),
            (r#"{"reference":"","status":"failed"}"#.to_owned(), ReceiptError::Reference),
        ] {
            assert_eq!(read(&body), Err(error), "{body}");
        }
        let long =
            format!(r#"{{"reference":"{REFERENCE}","status":"failed"{}}}"#, " ".repeat(MAX_RECEIPT_BYTES));
        assert_eq!(read(&long), Err(ReceiptError::TooLong));
    }

    #[test]
    fn i12_a_reason_carries_no_number_and_no_prose() {
        for reason in [
            "",
            "gone to +447700900123",
            "447700900123",
            "code:918273",
            "a\\nb",
            "x".repeat(65).as_str(),
            "\\u00fc",
        ] {
            let body = format!(r#"{{"reference":"{REFERENCE}","status":"failed","reason":"{reason}"}}"#);
            assert_eq!(read(&body), Err(ReceiptError::Reason), "{reason}");
        }
    }

    #[test]
    fn a_forged_or_old_callback_is_refused_before_it_is_read() {
        let now = Timestamp::from_millis(1_795_428_000_000);
        let body = format!(r#"{{"reference":"{REFERENCE}","status":"delivered"}}"#);
        let others = SigningKeys::new(b"another_0123456789abcdef", None).unwrap();
        let forged = others.sign(body.as_bytes(), now);
        let genuine = keys().sign(body.as_bytes(), now);
        let read = |header: &str, body: &str, now| {
            Receipt::from_callback(&keys(), header.as_bytes(), body.as_bytes(), now)
        };
        assert_eq!(read(&forged, &body, now), Err(SignatureError::Forged.into()));
        assert_eq!(read(&forged, "not even JSON", now), Err(SignatureError::Forged.into()));
        let changed = body.replace("delivered", "failed");
        assert_eq!(read(&genuine, &changed, now), Err(SignatureError::Forged.into()));
        let later = now.plus(std::time::Duration::from_secs(301));
        assert_eq!(read(&genuine, &body, later), Err(SignatureError::OutsideWindow.into()));
        assert_eq!(read("", &body, now), Err(SignatureError::Malformed.into()));
        assert!(read(&genuine, &body, now).is_ok());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(body: Vec<u8>) {
            prop_assert!(Receipt::parse(&body).is_err());
        }

        #[test]
        fn almost_receipts_never_panic(reference in "\\PC*", status in "\\PC*", reason in "\\PC*") {
            let body = serde_json::json!({ "reference": reference, "status": status, "reason": reason });
            prop_assert!(Receipt::parse(&serde_json::to_vec(&body).unwrap()).is_err());
        }

        #[test]
        fn reasons_are_bounded(reason in "\\PC{0,80}") {
            let body = serde_json::json!({ "reference": REFERENCE, "status": "failed", "reason": reason });
            if let Ok(receipt) = Receipt::parse(&serde_json::to_vec(&body).unwrap()) {
                prop_assert!(receipt.reason.unwrap().as_str().len() <= ReceiptReason::MAX_BYTES);
            }
        }
    }
}
