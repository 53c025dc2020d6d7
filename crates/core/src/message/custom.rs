//! An app's own texts.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lint::{TemplateProblem, lint};
use crate::code::CodeFormat;
use crate::locale::Locale;
use crate::purpose::Purpose;
use crate::unique;

/// The most texts of one app, over all purposes and locales.
pub const MAX_TEMPLATES: usize = 200;

/// An app's own texts, by purpose and locale, for example
/// `{"login": {"de": "{code} ist Ihr Code für {brand}."}}`. Where it has none, the built-in text is
/// used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Templates(#[serde(deserialize_with = "unique::map")] BTreeMap<Word, Texts>);

/// One purpose's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Texts(#[serde(deserialize_with = "unique::map")] BTreeMap<Locale, String>);

/// A purpose in the order of its word.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word(Purpose);

impl Ord for Word {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.as_str().cmp(other.0.as_str())
    }
}

impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Purpose::deserialize(deserializer).map(Word)
    }
}

/// A text that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplates {
    /// More than [`MAX_TEMPLATES`].
    #[error("{count} texts, the most is {MAX_TEMPLATES}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One text is wrong.
    #[error("the text for {purpose} in {locale} {problem}")]
    Text {
        /// Its purpose.
        purpose: String,
        /// Its locale.
        locale: Locale,
        /// What is wrong with it.
        problem: TemplateProblem,
    },
}

impl Templates {
    /// The app's text for exactly this purpose and locale.
    pub fn get(&self, purpose: &Purpose, locale: &Locale) -> Option<&str> {
        let (_, texts) = self.0.iter().find(|(word, _)| word.0 == *purpose)?;
        texts.0.get(locale).map(String::as_str)
    }

    /// Sets a text, and gives the one it replaces. [`Templates::check`] comes after.
    pub fn set(&mut self, purpose: Purpose, locale: Locale, text: String) -> Option<String> {
        self.0.entry(Word(purpose)).or_default().0.insert(locale, text)
    }

    /// All texts, by purpose, then locale.
    pub fn iter(&self) -> impl Iterator<Item = (&Purpose, &Locale, &str)> {
        self.0.iter().flat_map(|(word, texts)| {
            texts.0.iter().map(move |(locale, text)| (&word.0, locale, text.as_str()))
        })
    }

    /// Checks every text with [`lint`]; the first one that is wrong is the error. `code` is the app's
    /// format, because a longer code makes a longer message.
    pub fn check(&self, code: CodeFormat) -> Result<(), InvalidTemplates> {
        let count = self.iter().count();
        if count > MAX_TEMPLATES {
            return Err(InvalidTemplates::TooMany { count });
        }
        for (purpose, locale, text) in self.iter() {
            lint(purpose, text, code).map_err(|problem| InvalidTemplates::Text {
                purpose: purpose.to_string(),
                locale: locale.clone(),
                problem,
            })?;
        }
        Ok(())
    }

    /// [`Templates::check`] with the error in words.
    pub fn validate(&self, code: CodeFormat) -> Result<(), String> {
        self.check(code).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(json: &str) -> Templates {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_text_that_is_given_twice_is_refused_and_neither_is_lost() {
        let twice = [
            r#"{"login": {"de": "{code} a"}, "login": {"en": "{code} b"}}"#,
            r#"{"login": {"de": "{code} a", "de": "{code} b"}}"#,
            r#"{"login": {"de-AT": "{code} a", "de-at": "{code} b"}}"#,
        ];
        for json in twice {
            let error = serde_json::from_str::<Templates>(json).unwrap_err();
            assert!(error.to_string().contains("duplicate name"), "{json}: {error}");
        }
    }

    #[test]
    fn they_are_read_and_written_by_purpose_and_locale() {
        let json =
            r#"{"login":{"de":"{code} für {brand}","en_gb":"{code} for {brand}"},"pickup":{"en":"{code}"}}"#;
        let templates = templates(json);
        let british = "en-GB".parse().unwrap();
        assert_eq!(templates.get(&Purpose::Login, &british), Some("{code} for {brand}"));
        assert_eq!(templates.get(&Purpose::Signup, &british), None);
        assert_eq!(templates.get(&"pickup".parse().unwrap(), &Locale::english()), Some("{code}"));
        let written = serde_json::to_string(&templates).unwrap();
        assert_eq!(written, json.replace("en_gb", "en-GB"));
        assert_eq!(templates.validate(CodeFormat::DEFAULT), Ok(()));
    }

    #[test]
    fn unknown_shapes_are_refused() {
        for json in [
            r#"{"Log in":{"de":"{code}"}}"#,
            r#"{"login":{"german":"{code}"}}"#,
            r#"{"login":"{code}"}"#,
            r#"{"login":{"de":{"text":"{code}"}}}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<Templates>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_error_names_purpose_and_locale() {
        let templates = templates(r#"{"login":{"de":"{code}"},"payment":{"de-AT":"{code} an {payee}"}}"#);
        let error = templates.validate(CodeFormat::DEFAULT).unwrap_err();
        assert!(error.starts_with("the text for payment in de-AT has no {amount}: "), "{error}");
    }

    #[test]
    fn their_number_has_a_bound() {
        let mut templates = Templates::default();
        for number in 0..=MAX_TEMPLATES {
            templates.set(format!("p{number}").parse().unwrap(), Locale::english(), "{code}".to_owned());
        }
        assert_eq!(templates.check(CodeFormat::DEFAULT), Err(InvalidTemplates::TooMany { count: 201 }));
    }
}
