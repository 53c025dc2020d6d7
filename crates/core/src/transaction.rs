//! What a customer approves, and the digest that binds a code to it.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::id::AppId;
use crate::money::Money;
use crate::purpose::Purpose;

/// The longest id, payee or free value, in bytes.
pub const MAX_TEXT_BYTES: usize = 256;
/// The most free fields.
pub const MAX_FIELDS: usize = 16;

/// What is being approved. For a payment the customer sees amount and payee (PSD2 RTS Art 5(1)(a)),
/// and the code is specific to all of it (Art 5(1)(b)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// The shop's own reference, such as an order number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
    /// Who receives it, as the customer knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    /// Whatever else must not change: names and values of the shop's choosing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl Transaction {
    /// The digest over everything that the code is bound to besides the phone: app, purpose and the
    /// whole transaction (PSD2 RTS Art 5(1)(b)–(d)).
    ///
    /// SHA-256 over `countersign/txn/v1` followed by length-prefixed parts in a fixed order: each
    /// part is its byte length as a 32-bit big-endian number and its bytes; an absent part is a
    /// single `0xFFFFFFFF`. Order: app id, purpose, transaction id, minor units (decimal), currency,
    /// payee, number of free fields (decimal), then name and value of each in byte order of names.
    pub fn digest(&self, app: AppId, purpose: &Purpose) -> TransactionDigest {
        let mut canonical = Canonical(Sha256::new_with_prefix(b"countersign/txn/v1"));
        canonical.part(app.to_string().as_bytes());
        canonical.part(purpose.as_str().as_bytes());
        canonical.optional(self.id.as_deref());
        canonical.optional(self.money.map(|m| m.minor_units().to_string()).as_deref());
        canonical.optional(self.money.map(|m| m.currency().code()));
        canonical.optional(self.payee.as_deref());
        canonical.part(self.fields.len().to_string().as_bytes());
        for (name, value) in &self.fields {
            canonical.part(name.as_bytes());
            canonical.part(value.as_bytes());
        }
        TransactionDigest(canonical.0.finalize().into())
    }
}

struct Canonical(Sha256);

impl Canonical {
    fn part(&mut self, bytes: &[u8]) {
        self.0.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX - 1).to_be_bytes());
        self.0.update(bytes);
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.part(text.as_bytes()),
            None => self.0.update(u32::MAX.to_be_bytes()),
        }
    }
}

/// The SHA-256 that stands for a transaction; see [`Transaction::digest`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransactionDigest([u8; 32]);

impl TransactionDigest {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TransactionDigest {
    /// Base64url without padding, as in the proof's `txn` claim.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for TransactionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TransactionDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TransactionDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        bytes.try_into().map(TransactionDigest).map_err(|_| serde::de::Error::custom("a digest has 32 bytes"))
    }
}
