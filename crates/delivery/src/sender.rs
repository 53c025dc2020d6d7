//! Whom a message says that it comes from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A sender as phones show it: a number or short code of 3 to 15 digits, or a name of at most 11
/// characters with at least one letter (3GPP TS 23.040 §9.1.2.5). What a country allows is decided
/// elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SenderId(String);

/// A sender that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sender is a number of 3 to 15 digits, or a name of at most 11 letters, digits, spaces and . - & with a letter in it"
)]
pub struct InvalidSender;

impl SenderId {
    /// Longest name, in characters.
    pub const MAX_NAME_CHARS: usize = 11;

    /// The sender as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a name and not a number.
    pub fn is_name(&self) -> bool {
        self.0.bytes().any(|b| b.is_ascii_alphabetic())
    }
}

impl TryFrom<String> for SenderId {
    type Error = InvalidSender;

    fn try_from(text: String) -> Result<Self, InvalidSender> {
        let digits = text.strip_prefix('+').unwrap_or(&text);
        let is_number = (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        // Characters that GSM 03.38 and ASCII code alike: a relay that mixes the two up does no harm.
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b" .-&".contains(&b);
        let is_name = text.len() <= Self::MAX_NAME_CHARS
            && text.bytes().all(allowed)
            && text.bytes().any(|b| b.is_ascii_alphabetic())
            && text.trim().len() == text.len();
        if is_number || is_name { Ok(SenderId(text)) } else { Err(InvalidSender) }
    }
}

impl FromStr for SenderId {
    type Err = InvalidSender;

    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        text.to_owned().try_into()
    }
}

impl From<SenderId> for String {
    fn from(sender: SenderId) -> String {
        sender.0
    }
}

impl fmt::Display for SenderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_short_names_are_senders() {
        for right in ["Example", "Shop & Co.", "+4915112345678", "72404", "A"] {
            assert!(right.parse::<SenderId>().is_ok(), "{right}");
        }
        for wrong in
            ["", "12", "TwelveLetter", "Shöp", "a_b", "a\nb", " Shop", "+", "1234567890123456", "12 34"]
        {
            assert!(wrong.parse::<SenderId>().is_err(), "{wrong}");
        }
    }
}
