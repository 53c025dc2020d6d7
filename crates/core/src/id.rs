//! Typed identifiers: 128 bits, printed as a prefix and 26 characters that sort by creation time.
//!
//! Layout, most significant first: 48 bits of milliseconds since the Unix epoch, 16 bits of
//! partition (zero where nothing is partitioned), 64 random bits. The text is Crockford's base 32
//! in lower case (<https://www.crockford.com/base32.html>), so that text order is byte order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::entropy::Entropy;
use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LEN: usize = 26;

/// The share of the key space that a subject lives in. All state of one phone is in one partition,
/// so that a cluster can keep it in one hash slot (design 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Partition(pub u16);

/// An identifier that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected \"{prefix}_\" and 26 characters of 0-9 a-z without i, l, o, u")]
pub struct InvalidId {
    prefix: &'static str,
}

fn encode(prefix: &str, bytes: [u8; 16]) -> String {
    let value = u128::from_be_bytes(bytes);
    let mut text = String::with_capacity(prefix.len() + 1 + TEXT_LEN);
    text.push_str(prefix);
    text.push('_');
    for position in (0..TEXT_LEN).rev() {
        let digit = (value >> (position * 5)) & 31;
        text.push(char::from(ALPHABET[usize::try_from(digit).unwrap_or(0)]));
    }
    text
}

fn decode(prefix: &'static str, text: &str) -> Result<[u8; 16], InvalidId> {
    let invalid = InvalidId { prefix };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(invalid.clone())?;
    // The first character holds only three bits: a larger one would not fit into 128.
    if digits.len() != TEXT_LEN || digits.as_bytes()[0] > b'7' {
        return Err(invalid);
    }
    let mut value: u128 = 0;
    for byte in digits.bytes() {
        let digit = ALPHABET.iter().position(|&known| known == byte).ok_or(invalid.clone())?;
        value = (value << 5) | digit as u128;
    }
    Ok(value.to_be_bytes())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The text before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, created at `now` in `partition`.
            pub fn new(now: Timestamp, partition: Partition, entropy: &mut Entropy) -> Self {
                let mut bytes = [0; 16];
                bytes[..6].copy_from_slice(&now.as_millis().to_be_bytes()[2..]);
                bytes[6..8].copy_from_slice(&partition.0.to_be_bytes());
                bytes[8..].copy_from_slice(&entropy.bytes::<8>());
                $name(bytes)
            }

            /// From its 16 bytes, as stores keep it.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                $name(bytes)
            }

            /// Its 16 bytes; their order is the order of creation.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// When it was created.
            pub fn created_at(&self) -> Timestamp {
                let mut millis = [0; 8];
                millis[2..].copy_from_slice(&self.0[..6]);
                Timestamp::from_millis(i64::from_be_bytes(millis))
            }

            /// The same id with its random part led by `order`: ids made in one step keep that order.
            #[must_use]
            pub fn ordered(mut self, order: u16) -> Self {
                self.0[8..10].copy_from_slice(&order.to_be_bytes());
                self
            }

            /// The partition that it belongs to.
            pub const fn partition(&self) -> Partition {
                Partition(u16::from_be_bytes([self.0[6], self.0[7]]))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode($prefix, self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                decode($prefix, text).map($name)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant: one shop, or one environment of it.
    AppId = "app";
    /// An API key (its public half; the secret is never part of an id).
    KeyId = "key";
    /// One attempt to prove one phone for one purpose.
    VerificationId = "ver";
    /// A page on which a customer gives her number: there is no verification before she does.
    PageId = "pag";
    /// One answer to what a shop should ask of a customer.
    DecisionId = "dec";
    /// One submission of a message to a provider, with its retries.
    DeliveryId = "dlv";
    /// One immutable fact.
    EventId = "evt";
    /// One HTTP request, for logs and support.
    RequestId = "req";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_bytes_are_the_same_id(bytes: [u8; 16]) {
            let id = VerificationId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<VerificationId>(), Ok(id));
        }

        #[test]
        fn text_sorts_as_bytes_do(a: [u8; 16], b: [u8; 16]) {
            let (a, b) = (AppId::from_bytes(a), AppId::from_bytes(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn nothing_else_parses_and_nothing_panics(text in "\\PC*") {
            prop_assert!(text.parse::<KeyId>().is_err());
        }
    }

    #[test]
    fn an_id_carries_its_time_and_partition() {
        let now = Timestamp::from_millis(1_795_428_000_123);
        let id = VerificationId::new(now, Partition(0xBEEF), &mut Entropy::from_seed([7; 32]));
        assert_eq!(id.created_at(), now);
        assert_eq!(id.partition(), Partition(0xBEEF));
        let later = VerificationId::new(
            Timestamp::from_millis(now.as_millis() + 1),
            Partition(0),
            &mut Entropy::from_seed([0; 32]),
        );
        assert!(later > id);
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = VerificationId::from_bytes([1; 16]);
        assert!(id.to_string().parse::<AppId>().is_err());
        assert!("ver_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<VerificationId>().is_err());
    }
}
