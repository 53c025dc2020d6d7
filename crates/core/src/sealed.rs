//! Encrypted values at rest, and how bytes are written in records.

use serde::{Deserialize, Serialize};

use crate::keyring::KeyName;

/// A phone number under XChaCha20-Poly1305; see [`crate::keyring::Keyring::seal_phone`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPhone {
    /// The ring key whose per-app child sealed it.
    pub key: KeyName,
    /// 192 random bits.
    #[serde(with = "base64_array")]
    pub nonce: [u8; 24],
    /// The encrypted digits and their authenticator.
    #[serde(with = "base64_vec")]
    pub ciphertext: Vec<u8>,
}

/// The last digits of a phone number, sealed like the whole of one; see
/// [`crate::keyring::Keyring::seal_ending`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedEnding(pub SealedPhone);

/// An e-mail address, sealed like a phone; see [`crate::keyring::Keyring::seal_email`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedEmail(pub SealedPhone);

/// An entry of the guard's journal, sealed like a phone: it tells much of the number that was sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedJournal(pub SealedPhone);

/// Fixed-length bytes as base64url text.
pub mod base64_array {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the bytes.
    pub fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the bytes.
    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        bytes.try_into().map_err(|_| serde::de::Error::custom(format!("expected {N} bytes")))
    }
}

/// Bytes as base64url text.
pub mod base64_vec {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the bytes.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads the bytes.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}
