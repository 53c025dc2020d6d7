//! What a shop says on the hosted page in its own words.

use std::collections::BTreeMap;

use countersign_core::locale::Locale;
use countersign_core::message;
use countersign_core::purpose::Purpose;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most languages an app has texts in.
const MAX_LOCALES: usize = 40;
/// The most headings of one language: the five purposes, and those of the shop's own.
const MAX_HEADINGS: usize = 24;
/// The longest heading or label, in characters: it fits a phone of 320 px in four lines.
const MAX_LINE_CHARS: usize = 80;
/// The longest paragraph, in characters.
const MAX_PARAGRAPH_CHARS: usize = 300;

/// The shop's own words by language tag. What is missing is said in ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageTexts(
    #[serde(deserialize_with = "bounded::<_, _, _, MAX_LOCALES>")] BTreeMap<PageLocale, PageWords>,
);

/// The shop's words on the hosted page, in one language. Plain text: no markup, no variables, no line breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageWords {
    /// What the customer is asked to do, by purpose, also your own: at most 24 of at most 80 characters.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "bounded::<_, _, _, MAX_HEADINGS>"
    )]
    #[schema(value_type = BTreeMap<String, String>, example = json!({"gift_card": "Redeem your gift card"}))]
    pub heading: BTreeMap<PurposeWord, Line>,
    /// What happens next, on the page that says that the code was right: at most 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 300, example = "Your order is on its way.")]
    pub approved: Option<Paragraph>,
    /// Where the link back to the shop leads: at most 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 80, example = "Back to your basket")]
    pub back: Option<Line>,
    /// How the customer gets help from people: at most 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 300, example = "Questions? Call 0800 555 0100.")]
    pub support: Option<Paragraph>,
}

impl PageTexts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The word for a locale that `said` finds, in the nearest wider language that has it (RFC 4647 §3.4).
    pub fn find<'a, W: ?Sized>(
        &'a self,
        locale: &Locale,
        said: impl Fn(&'a PageWords) -> Option<&'a W>,
    ) -> Option<&'a W> {
        locale.ladder().find_map(|locale| self.0.get(&PageLocale(locale)).and_then(&said))
    }
}

impl PageWords {
    /// What the customer is asked to do.
    pub fn heading(&self, purpose: &Purpose) -> Option<&str> {
        self.heading.get(purpose.as_str()).map(Line::as_str)
    }
}

/// A map of at most `MOST` entries.
fn bounded<'de, D, K, V, const MOST: usize>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: serde::Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    let map = BTreeMap::deserialize(deserializer)?;
    if map.len() > MOST {
        return Err(serde::de::Error::custom(format_args!("expected at most {MOST} entries")));
    }
    Ok(map)
}

/// A language that the hosted page has, or a regional form of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PageLocale(Locale);

/// A tag of no language that the page has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a language of the page, or a regional form of one such as \"de-AT\": {}", message::languages().collect::<Vec<_>>().join(", "))]
pub(super) struct NoPageLocale;

impl std::str::FromStr for PageLocale {
    type Err = NoPageLocale;

    fn from_str(text: &str) -> Result<Self, NoPageLocale> {
        let locale: Locale = text.parse().map_err(|_| NoPageLocale)?;
        // A page in one language with a heading in another would be read out wrongly (WCAG 2.2, 3.1.2).
        let has_page = message::languages().any(|language| language == locale.language());
        if has_page { Ok(PageLocale(locale)) } else { Err(NoPageLocale) }
    }
}

impl std::fmt::Display for PageLocale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A purpose by its word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PurposeWord(String);

impl std::borrow::Borrow<str> for PurposeWord {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PurposeWord {
    type Err = countersign_core::purpose::InvalidPurpose;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Purpose>().map(|purpose| PurposeWord(purpose.as_str().to_owned()))
    }
}

impl std::fmt::Display for PurposeWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not shown as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected words of 1 to {0} characters, plain text: no line breaks, no marks that turn text around")]
pub struct NoPlainText(usize);

fn plain(text: &str, most: usize) -> Result<String, NoPlainText> {
    let text = text.trim();
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    // A link or a heading of marks that nobody sees or hears has no name (WCAG 2.2, 2.4.4, 2.4.6).
    let is_plain = text.chars().any(char::is_alphanumeric)
        && text.chars().count() <= most
        && !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || turns(c));
    if is_plain { Ok(text.to_owned()) } else { Err(NoPlainText(most)) }
}

macro_rules! plain_text {
    ($($(#[$doc:meta])* $name:ident = $most:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NoPlainText;

            fn from_str(text: &str) -> Result<Self, NoPlainText> {
                plain(text, $most).map($name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

plain_text! {
    /// A heading or a label.
    Line = MAX_LINE_CHARS;
    /// A sentence or two.
    Paragraph = MAX_PARAGRAPH_CHARS;
}

as_text! { PageLocale PurposeWord Line Paragraph }

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Result<PageTexts, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn heading<'a>(texts: &'a PageTexts, locale: &str, purpose: &str) -> Option<&'a str> {
        let purpose = purpose.parse().unwrap();
        texts.find(&locale.parse().unwrap(), |words| words.heading(&purpose))
    }

    #[test]
    fn the_nearest_language_that_says_it_is_taken() {
        let texts = read(json!({
            "de": { "heading": { "login": "Anmelden", "gift_card": "Gutschein einlösen" } },
            "de-AT": { "heading": { "login": "Servus" } },
        }))
        .unwrap();
        assert_eq!(heading(&texts, "de-AT", "login"), Some("Servus"));
        assert_eq!(heading(&texts, "de-AT", "gift_card"), Some("Gutschein einlösen"));
        assert_eq!(heading(&texts, "de-CH", "login"), Some("Anmelden"));
        assert_eq!(heading(&texts, "fr", "login"), None);
        assert_eq!(heading(&texts, "de", "payment"), None);
    }

    #[test]
    fn what_is_given_is_given_back() {
        let given =
            json!({ "pt": { "approved": "Obrigado.", "back": "Voltar", "support": "Ligue {0} <b>" } });
        assert_eq!(serde_json::to_value(read(given.clone()).unwrap()).unwrap(), given);
    }

    #[test]
    fn what_would_not_be_shown_as_it_stands_is_refused() {
        for (wrong, why) in [
            (json!({ "sv": {} }), "expected a language of the page"),
            (json!({ "de": { "title": "x" } }), "unknown field"),
            (json!({ "de": { "heading": { "Login": "x" } } }), "a purpose is"),
            (json!({ "de": { "back": "" } }), "of 1 to 80 characters"),
            (json!({ "de": { "back": "\u{200b}" } }), "of 1 to 80 characters"),
            (
                json!({ "de": { "heading": { "signup": "\u{2060}\u{ad}\u{200e}\u{61c}" } } }),
                "of 1 to 80 characters",
            ),
            (json!({ "de": { "back": "x".repeat(81) } }), "of 1 to 80 characters"),
            (json!({ "de": { "support": "one\ntwo" } }), "of 1 to 300 characters"),
            (json!({ "de": { "support": "\u{202e}5550 0080" } }), "of 1 to 300 characters"),
        ] {
            let said = read(wrong.clone()).unwrap_err();
            assert!(said.contains(why), "{wrong}: {said}");
        }
        let many = |count: usize| -> Value {
            let headings: serde_json::Map<_, _> =
                (0..count).map(|n| (format!("own_{n}"), json!("x"))).collect();
            json!({ "de": { "heading": headings } })
        };
        assert!(read(many(MAX_HEADINGS)).is_ok());
        assert!(read(many(MAX_HEADINGS + 1)).unwrap_err().contains("at most 24"));
    }
}
