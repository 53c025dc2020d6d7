//! Notices: messages without a code, which want nothing typed.

use zeroize::Zeroizing;

use super::value::{self, HostNames};
use super::{MAX_BRAND_UNITS, Message, TextSource, texts};
use crate::locale::Locale;
use crate::phone::PhoneEnding;

/// What the notice of a changed number is made of.
#[derive(Clone, Copy)]
pub struct PhoneChangeInput<'a> {
    /// The app's name, as its customers know it; see [`super::check_brand`].
    pub brand: &'a str,
    /// The language of the customer's last message.
    pub locale: &'a Locale,
    /// The app's language, for customers whose own has no text.
    pub default_locale: &'a Locale,
    /// The last digits of the other number.
    pub ending: &'a PhoneEnding,
}

/// Renders the notice to a phone that gives way to another (NIST SP 800-63B-4 §4.1.2, N7). Always a
/// built-in text: an app cannot word away the warning. It has no last line, for there is no code that a
/// browser could take.
pub fn render_phone_change(input: &PhoneChangeInput<'_>) -> Message {
    let brand = value::clean(input.brand, HostNames::Allowed, MAX_BRAND_UNITS);
    let mut ladder = input.locale.ladder().chain(input.default_locale.ladder());
    let (locale, texts) = ladder
        .find_map(|locale| texts::for_tag(&locale).map(|texts| (locale, texts)))
        .unwrap_or_else(|| (Locale::english(), texts::english()));
    let text = fill(texts::phone_change(texts), &brand, input.ending.expose());
    Message::new(Zeroizing::new(text), locale, TextSource::BuiltIn)
}

/// Fills in both values, reading neither for braces.
fn fill(text: &str, brand: &str, ending: &str) -> String {
    let parts: Vec<String> =
        text.split("{ending}").map(|part| part.split("{brand}").collect::<Vec<_>>().join(brand)).collect();
    parts.join(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_never_read_as_variables() {
        assert_eq!(fill("{brand}: {ending}.", "{ending}", "{brand}"), "{ending}: {brand}.");
    }
}
