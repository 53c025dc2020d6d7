//! One value held against one key of the schema.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeValue};

use super::form::Form;
use super::problem::Mistake;
use super::schema::{Key, Kind};
use super::secret::check_secret;
use countersign_delivery::closest::closest;

/// A mistake and its bytes in the file.
pub(super) struct Misplaced {
    pub(super) span: Range<usize>,
    pub(super) mistake: Mistake,
}

/// Whether the value is of the key's type and within its bounds.
pub(super) fn check(key: &Key, value: &Spanned<DeValue<'_>>) -> Result<(), Misplaced> {
    let here = |mistake| Misplaced { span: value.span(), mistake };
    match (&key.kind, value.get_ref()) {
        (Kind::Switch, DeValue::Boolean(_)) => Ok(()),
        (Kind::Count { min, max, .. }, DeValue::Integer(number)) => {
            check_count(key, number, *min..=*max).map_err(here)
        }
        (Kind::Choice(words), DeValue::String(word)) => check_choice(key, words, word).map_err(here),
        (Kind::Text(form), DeValue::String(text)) => (form.check)(text).map_err(here),
        (Kind::Secret, DeValue::String(text)) => check_secret(text).map_err(here),
        (Kind::Texts { form, at_most }, DeValue::Array(elements)) => {
            if elements.len() > *at_most {
                let wrong = format!("the list has {} elements", elements.len());
                return Err(here(Mistake::new(wrong, format!("give at most {at_most}"))));
            }
            elements.iter().try_for_each(|element| check_element(key, form, element))
        }
        (_, other) => Err(here(wrong_type(key, other))),
    }
}

fn check_element(key: &Key, form: &Form, element: &Spanned<DeValue<'_>>) -> Result<(), Misplaced> {
    let checked = match element.get_ref() {
        DeValue::String(text) => (form.check)(text),
        other => Err(wrong_type(key, other)),
    };
    checked.map_err(|mistake| Misplaced { span: element.span(), mistake })
}

fn check_count(
    key: &Key,
    number: &DeInteger<'_>,
    bounds: std::ops::RangeInclusive<i64>,
) -> Result<(), Mistake> {
    match i64::from_str_radix(number.as_str(), number.radix()) {
        Ok(count) if bounds.contains(&count) => Ok(()),
        _ => {
            Err(Mistake::new(format!("{number} is out of range"), format!("write a {}", key.kind.describe())))
        }
    }
}

fn check_choice(key: &Key, words: &[&str], word: &str) -> Result<(), Mistake> {
    if words.contains(&word) {
        return Ok(());
    }
    let right = match closest(word, words.iter().copied()) {
        Some(nearest) => format!("did you mean \"{nearest}\"?"),
        None => format!("write {}", key.kind.describe()),
    };
    Err(Mistake::new(format!("{word:?} is none of the choices"), right))
}

fn wrong_type(key: &Key, found: &DeValue<'_>) -> Mistake {
    let found_name = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let wrong = format!("expected {}, found {found_name}", key.kind.describe());
    let right = match (&key.kind, found) {
        (Kind::Count { .. } | Kind::Switch, DeValue::String(_)) => {
            format!("write it without quotes and unit, such as {} = {}", key.name, key.example())
        }
        (Kind::Texts { .. }, DeValue::String(_)) => {
            format!("write it in brackets, such as {} = [\"…\", \"…\"]", key.name)
        }
        (Kind::Texts { .. }, _) => format!("write texts in quotes, such as {} = [\"…\", \"…\"]", key.name),
        _ => format!("write such as {} = {}", key.name, key.example()),
    };
    Mistake::new(wrong, right)
}

/// The value that an environment variable gives a key. Lists are separated by commas.
pub(super) fn from_variable<'a>(key: &Key, text: &'a str) -> Result<Spanned<DeValue<'a>>, Mistake> {
    let string = |text: &'a str| Spanned::new(0..0, DeValue::String(Cow::Borrowed(text)));
    match &key.kind {
        Kind::Switch | Kind::Count { .. } => DeValue::parse(text.trim())
            .ok()
            .filter(|value| matches!(value.get_ref(), DeValue::Boolean(_) | DeValue::Integer(_)))
            .ok_or_else(|| {
                Mistake::new(
                    format!("{text:?} is not {}", key.kind.describe()),
                    format!("set it to such as {}", key.example()),
                )
            }),
        Kind::Texts { .. } => {
            let elements: DeArray<'a> =
                text.split(',').map(str::trim).filter(|element| !element.is_empty()).map(string).collect();
            Ok(Spanned::new(0..0, DeValue::Array(elements)))
        }
        Kind::Choice(_) | Kind::Text(_) | Kind::Secret => Ok(string(text)),
    }
}
