//! Languages of messages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A language tag: a language and optional further subtags, such as `de`, `de-AT`, `zh-Hant-TW`
/// (BCP 47, RFC 5646; extensions and private use are not needed here and refused).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Locale(String);

/// A language tag that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a language tag such as \"de\", \"de-AT\" or \"zh-Hant\"")]
pub struct InvalidLocale;

impl Locale {
    /// English, the language that every built-in text exists in.
    pub fn english() -> Self {
        Locale("en".to_owned())
    }

    /// The tag in its customary case: `de-AT`, `zh-Hant-TW`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language alone: `de` of `de-AT`.
    pub fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// This locale and ever wider ones: `zh-Hant-TW`, `zh-Hant`, `zh` (RFC 4647 §3.4, lookup).
    pub fn ladder(&self) -> impl Iterator<Item = Locale> + '_ {
        std::iter::successors(Some(self.0.as_str()), |tag| tag.rfind('-').map(|end| &tag[..end]))
            .map(|tag| Locale(tag.to_owned()))
    }
}

impl FromStr for Locale {
    type Err = InvalidLocale;

    fn from_str(text: &str) -> Result<Self, InvalidLocale> {
        let mut tag = String::with_capacity(text.len());
        for (position, part) in text.split(['-', '_']).enumerate() {
            let alphabetic = part.bytes().all(|b| b.is_ascii_alphabetic());
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            if position == 0 {
                if !((2..=3).contains(&part.len()) && alphabetic) {
                    return Err(InvalidLocale);
                }
                tag.push_str(&part.to_ascii_lowercase());
                continue;
            }
            tag.push('-');
            match part.len() {
                4 if alphabetic => {
                    tag.push_str(&part[..1].to_ascii_uppercase());
                    tag.push_str(&part[1..].to_ascii_lowercase());
                }
                2 if alphabetic => tag.push_str(&part.to_ascii_uppercase()),
                3 if digits => tag.push_str(part),
                _ => return Err(InvalidLocale),
            }
            if position > 2 {
                return Err(InvalidLocale);
            }
        }
        Ok(Locale(tag))
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Locale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_brought_to_their_customary_case() {
        for (given, tag) in
            [("DE", "de"), ("de_at", "de-AT"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")]
        {
            assert_eq!(given.parse::<Locale>().map(|l| l.to_string()).as_deref(), Ok(tag));
        }
        for wrong in ["", "d", "german", "de-", "de-AUT", "de-x-private", "*", "de-AT-1234-x"] {
            assert!(wrong.parse::<Locale>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_ladder_widens() {
        let locale: Locale = "zh-Hant-TW".parse().unwrap();
        let steps: Vec<String> = locale.ladder().map(|l| l.to_string()).collect();
        assert_eq!(steps, ["zh-Hant-TW", "zh-Hant", "zh"]);
        assert_eq!(locale.language(), "zh");
    }
}
