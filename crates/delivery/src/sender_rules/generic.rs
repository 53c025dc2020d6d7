//! Names that say nothing about who sends.

use serde::{Deserialize, Serialize};

/// How a country's carriers find generic names out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenericMatch {
    /// The whole name is one of the words.
    Exact,
    /// The name contains one: the United Kingdom since September 2023.
    Contains,
}

/// Words that no shop can call its own, in lower case. From what carriers of the United Kingdom (BT and
/// EE's list, as resellers publish it) and Singapore's registry name, as far as shops might use them.
pub const GENERIC_WORDS: [&str; 40] = [
    "verification",
    "onetimepin",
    "passcode",
    "password",
    "security",
    "delivery",
    "validate",
    "reminder",
    "confirm",
    "account",
    "payment",
    "support",
    "service",
    "warning",
    "message",
    "approve",
    "pincode",
    "verify",
    "update",
    "notify",
    "secure",
    "signin",
    "noreply",
    "notice",
    "order",
    "alert",
    "login",
    "logon",
    "admin",
    "check",
    "help",
    "info",
    "auth",
    "code",
    "text",
    "2fa",
    "otp",
    "sms",
    "msg",
    "pin",
];

/// Words shorter than this are looked for as the whole name only: `pin` is in `Pinguin`.
const SHORTEST_PART: usize = 4;

/// The generic word that a name is, or has in it. Case, separators and digits that stand for letters
/// (`V3RIFY`, `_in.fo-`) hide nothing.
pub fn generic_word(name: &str, how: GenericMatch) -> Option<&'static str> {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = letters.to_ascii_lowercase();
    let unmasked: String = plain.chars().map(unmask).collect();
    GENERIC_WORDS.into_iter().find(|word| {
        let whole = plain == *word || unmasked == *word;
        let inside = how == GenericMatch::Contains
            && word.len() >= SHORTEST_PART
            && (plain.contains(word) || unmasked.contains(word));
        whole || inside
    })
}

const fn unmask(character: char) -> char {
    match character {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_hide_nothing() {
        for name in ["OTP", "0TP", "V3RIFY", "_verify_", "V E R I F Y", "VER1FY", "v.e.r.i.f.y", "2FA"] {
            assert!(generic_word(name, GenericMatch::Exact).is_some(), "{name}");
        }
    }

    #[test]
    fn a_brand_is_not_taken_for_a_word_that_it_happens_to_hold() {
        for name in ["Pinguin", "Spinnaker", "MyShop", "Msgr"] {
            assert_eq!(generic_word(name, GenericMatch::Contains), None, "{name}");
        }
        assert_eq!(generic_word("ShopAlerts", GenericMatch::Contains), Some("alert"));
        assert_eq!(generic_word("ShopAlerts", GenericMatch::Exact), None);
    }
}
