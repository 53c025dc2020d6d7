//! Why a phone is verified.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a phone is verified. Message text, lifetime and attempt limits depend on it, and a proof for
/// one purpose is worth nothing for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signing in to an account.
    Login,
    /// Opening an account.
    Signup,
    /// Approving a payment: amount and payee are shown (PSD2 RTS Art 5).
    Payment,
    /// Changing something sensitive in an account.
    AccountChange,
    /// Confirming an order that is paid on delivery.
    Order,
    /// The shop's own word: a lower-case letter, then up to 31 of `a-z`, `0-9`, `_`.
    Custom(CustomPurpose),
}

/// A purpose in the shop's own word; see [`Purpose::Custom`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomPurpose(String);

/// A purpose that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a purpose is login, signup, payment, account_change, order, or your own word: a lower-case letter, then up to 31 of a-z, 0-9 and _"
)]
pub struct InvalidPurpose;

impl Purpose {
    /// Its word in the API.
    pub fn as_str(&self) -> &str {
        match self {
            Purpose::Login => "login",
            Purpose::Signup => "signup",
            Purpose::Payment => "payment",
            Purpose::AccountChange => "account_change",
            Purpose::Order => "order",
            Purpose::Custom(CustomPurpose(word)) => word,
        }
    }
}

impl FromStr for Purpose {
    type Err = InvalidPurpose;

    fn from_str(text: &str) -> Result<Self, InvalidPurpose> {
        Ok(match text {
            "login" => Purpose::Login,
            "signup" => Purpose::Signup,
            "payment" => Purpose::Payment,
            "account_change" => Purpose::AccountChange,
            "order" => Purpose::Order,
            word => {
                let well_formed = word.len() <= 32
                    && word.starts_with(|first: char| first.is_ascii_lowercase())
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                if !well_formed {
                    return Err(InvalidPurpose);
                }
                Purpose::Custom(CustomPurpose(word.to_owned()))
            }
        })
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Purpose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Purpose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_printed() {
        for word in ["login", "signup", "payment", "account_change", "order", "pickup_2"] {
            assert_eq!(word.parse::<Purpose>().map(|p| p.to_string()).as_deref(), Ok(word));
        }
        for wrong in ["", "Login", "_x", "9lives", "with space", "ü", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(wrong.parse::<Purpose>(), Err(InvalidPurpose), "{wrong}");
        }
    }
}
