//! Where a message goes, as coarse as routes and cells see it.

use std::fmt;
use std::str::FromStr;

use countersign_core::phone::{Country, E164};
use serde::{Deserialize, Serialize};

use crate::provider::ProviderName;

/// The beginning of international numbers, the country code first: 1 to 15 digits, a `+` before them
/// is understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

/// A prefix that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is 1 to 15 digits of an international number, the country code first, such as 4917")]
pub struct InvalidPrefix;

impl Prefix {
    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether the number begins so.
    pub fn covers(&self, to: &E164) -> bool {
        digits(to).starts_with(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let allowed = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if allowed && !digits.starts_with('0') { Ok(Prefix(digits.to_owned())) } else { Err(InvalidPrefix) }
    }
}

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;

    fn try_from(text: String) -> Result<Self, InvalidPrefix> {
        text.parse()
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> String {
        prefix.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number's digits without the plus.
pub(super) fn digits(to: &E164) -> &str {
    let number = to.expose();
    number.strip_prefix('+').unwrap_or(number)
}

/// The numbers that differ in their last seven digits only: about what a carrier is assigned at once,
/// and far too many to point at anybody. A number of fewer digits is grouped by its first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrefixGroup(u64);

impl PrefixGroup {
    const HIDDEN_DIGITS: usize = 7;

    /// The group of a number.
    pub fn of(to: &E164) -> Self {
        let digits = digits(to);
        let shown = digits.len().saturating_sub(Self::HIDDEN_DIGITS).max(1).min(digits.len());
        PrefixGroup(digits[..shown].parse().unwrap_or(0))
    }
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The country; none for international networks.
    pub country: Option<Country>,
    /// The group of numbers.
    pub group: PrefixGroup,
}

impl Place {
    /// Where this number is.
    pub fn of(to: &E164) -> Self {
        Place { country: to.country(), group: PrefixGroup::of(to) }
    }
}

/// How wide a cell looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All that the provider carries.
    Provider,
    /// One country.
    Country(Option<Country>),
    /// One group of numbers.
    Group(PrefixGroup),
}

/// What statistics and breakers are kept for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellKey {
    /// The provider.
    pub provider: ProviderName,
    /// What of it.
    pub scope: Scope,
}

impl CellKey {
    /// The three cells that a message counts in, the widest first.
    pub fn ladder(provider: &ProviderName, place: Place) -> [CellKey; 3] {
        [Scope::Provider, Scope::Country(place.country), Scope::Group(place.group)]
            .map(|scope| CellKey { provider: provider.clone(), scope })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_hides_the_last_seven_digits() {
        let group = |number: &str| PrefixGroup::of(&E164::parse_fictional(number, None).unwrap());
        assert_eq!(group("+447700900123"), PrefixGroup(44770));
        assert_eq!(group("+447700900999"), PrefixGroup(44770));
        assert_eq!(group("+4915112345678"), PrefixGroup(491_511));
        assert_ne!(group("+447700900123"), group("+447911123456"));
    }

    #[test]
    fn prefixes_are_digits() {
        assert_eq!("+49".parse::<Prefix>().unwrap().digits(), "49");
        for wrong in ["", "+", "049", "4 9", "1234567890123456", "DE", "*"] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong}");
        }
    }
}
