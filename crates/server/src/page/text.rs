//! The words of the page, in the languages of the messages: one Fluent file for each, all with the same messages.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use countersign_core::locale::Locale;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

const SOURCES: &[(&str, &str)] = &[
    ("ar", include_str!("texts/ar.ftl")),
    ("de", include_str!("texts/de.ftl")),
    ("en", include_str!("texts/en.ftl")),
    ("es", include_str!("texts/es.ftl")),
    ("fr", include_str!("texts/fr.ftl")),
    ("hi", include_str!("texts/hi.ftl")),
    ("id", include_str!("texts/id.ftl")),
    ("it", include_str!("texts/it.ftl")),
    ("ja", include_str!("texts/ja.ftl")),
    ("nl", include_str!("texts/nl.ftl")),
    ("pl", include_str!("texts/pl.ftl")),
    ("pt", include_str!("texts/pt.ftl")),
    ("tr", include_str!("texts/tr.ftl")),
    ("zh", include_str!("texts/zh.ftl")),
];
const RIGHT_TO_LEFT: &[&str] = &["ar"];

static LANGUAGES: LazyLock<BTreeMap<&'static str, Language>> = LazyLock::new(|| {
    let read = |&(tag, source)| Some((tag, Language::read(tag, source)?));
    SOURCES.iter().filter_map(read).collect()
});

/// The words of one language.
pub(super) struct Language {
    tag: &'static str,
    bundle: FluentBundle<FluentResource>,
}

impl Language {
    /// That of a locale; of the nearest wider one that there is; English.
    pub(super) fn of(locale: &Locale) -> Option<&'static Language> {
        let known = locale.ladder().find_map(|tag| LANGUAGES.get(tag.as_str()));
        known.or_else(|| LANGUAGES.get("en"))
    }

    /// Nothing, if the file cannot be read; a test sees to it that all can.
    fn read(tag: &'static str, source: &str) -> Option<Self> {
        let resource = FluentResource::try_new(source.to_owned()).ok()?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag.parse().ok()?]);
        // Marks around numbers would only be in the way of whoever looks for "6-digit code".
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).ok()?;
        Some(Language { tag, bundle })
    }

    /// Its tag, for `lang`.
    pub(super) const fn tag(&self) -> &'static str {
        self.tag
    }

    /// Which way it is written, for `dir`.
    pub(super) fn direction(&self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.tag) { "rtl" } else { "ltr" }
    }

    /// A word that may be written the other way is kept from turning its sentence around (Unicode UAX #9, FSI, PDI).
    fn isolated<'a>(&self, value: Value<'a>) -> FluentValue<'a> {
        match value {
            Value::Text(text) if self.direction() == "rtl" || text.chars().any(is_right_to_left) => {
                FluentValue::from(format!("\u{2068}{text}\u{2069}"))
            }
            Value::Text(text) => FluentValue::from(text),
            Value::Count(count) => FluentValue::from(count),
        }
    }

    /// A message without variables.
    pub(super) fn say(&self, message: &str) -> String {
        self.fill(message, [])
    }

    /// A message with its variables.
    pub(super) fn fill<const N: usize>(&self, message: &str, values: [(&str, Value<'_>); N]) -> String {
        let mut arguments = FluentArgs::with_capacity(N);
        for (name, value) in values {
            arguments.set(name.to_owned(), self.isolated(value));
        }
        let pattern = self.bundle.get_message(message).and_then(|message| message.value());
        let mut problems = Vec::new();
        let text = pattern
            .map(|pattern| self.bundle.format_pattern(pattern, Some(&arguments), &mut problems).into_owned());
        debug_assert!(text.is_some() && problems.is_empty(), "{}: {message}: {problems:?}", self.tag);
        text.unwrap_or_default()
    }
}

/// What stands for a variable.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    /// A word that is not translated.
    Text(&'a str),
    /// A number, by which plural forms go.
    Count(u64),
}

/// Hebrew, Arabic and their neighbours.
const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every message of a file with its variables, by what stands in the file.
    fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '}'])) {
                current = name.to_owned();
            }
            let variables = line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
            });
            if !current.is_empty() {
                messages.entry(current.clone()).or_default().extend(variables);
            }
        }
        messages
    }

    #[test]
    fn every_language_has_every_message_with_its_variables() {
        let english = messages(include_str!("texts/en.ftl"));
        assert!(english.len() > 50, "{}", english.len());
        for (tag, source) in SOURCES {
            assert_eq!(messages(source), english, "{tag}");
        }
    }

    #[test]
    fn every_message_of_every_language_becomes_text_for_every_number() {
        let variables = messages(include_str!("texts/en.ftl"));
        for (tag, _) in SOURCES {
            let language = &LANGUAGES[tag];
            for (message, variables) in &variables {
                for count in [0, 1, 2, 3, 5, 11, 21, 100, 101] {
                    let mut arguments = FluentArgs::new();
                    for variable in variables {
                        let is_number = ["length", "seconds", "minutes", "left"].contains(&variable.as_str());
                        let value = if is_number { Value::Count(count) } else { Value::Text("X") };
                        arguments.set(variable.clone(), language.isolated(value));
                    }
                    let mut problems = Vec::new();
                    let pattern = language.bundle.get_message(message).and_then(|message| message.value());
                    let text = language.bundle.format_pattern(
                        pattern.unwrap_or_else(|| panic!("{tag} has no {message}")),
                        Some(&arguments),
                        &mut problems,
                    );
                    assert!(problems.is_empty() && !text.trim().is_empty(), "{tag} {message}: {problems:?}");
                    assert!(!text.contains('{'), "{tag} {message}: {text}");
                }
            }
        }
    }

    #[test]
    fn messages_and_pages_are_in_the_same_languages() {
        let of_messages: BTreeSet<&str> = countersign_core::message::languages().collect();
        assert_eq!(LANGUAGES.keys().copied().collect::<BTreeSet<_>>(), of_messages);
    }

    #[test]
    fn words_of_the_other_direction_are_set_apart() {
        let english = &LANGUAGES["en"];
        let back = |shop| english.fill("back", [("shop", Value::Text(shop))]);
        assert_eq!(back("Shop"), "Back to Shop");
        assert_eq!(back("متجر"), "Back to \u{2068}متجر\u{2069}");
        let arabic = LANGUAGES["ar"].fill("back", [("shop", Value::Text("Shop"))]);
        assert!(arabic.contains("\u{2068}Shop\u{2069}"), "{arabic}");
    }

    #[test]
    fn a_locale_without_a_file_takes_the_nearest_one() {
        let tag = |locale: &str| Language::of(&locale.parse().unwrap()).unwrap().tag();
        assert_eq!((tag("en-GB"), tag("de-AT"), tag("zh-Hant-TW"), tag("xx")), ("en", "de", "zh", "en"));
    }
}
