//! Names that come from outside: the brand, a payee, a transaction's id.
//!
//! A payee may be a customer's own choice (a seller on a marketplace, a recipient). Unchecked, it could
//! carry a link, a second last line such as `@evil.example #123456`, or marks that turn the text around,
//! into a message that customers trust. [`check_value`] refuses such a value where it comes in;
//! rendering makes harmless whatever got past it.

use std::borrow::Cow;

use super::link::{self, Certainty};
use super::pan;

/// The longest brand in a message, in UTF-16 code units; the rest is cut off.
pub const MAX_BRAND_UNITS: usize = 32;
/// The longest payee or transaction id in a message, in UTF-16 code units; the rest is cut off.
pub const MAX_VALUE_UNITS: usize = 40;

/// Why a value must not stand in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueProblem {
    /// Nothing that can be seen.
    #[error("it is empty: leave it out, or give at least one visible character")]
    Empty,
    /// A line break or another control character.
    #[error("it has a line break or a control character: write it on one line")]
    Control,
    /// A character that changes the direction of text or cannot be seen.
    #[error("it has an invisible character (a direction mark, a zero-width space or the like): remove it")]
    Invisible,
    /// `@` begins the machine-read last line.
    #[error("it has an @, which in a message marks the site a code is for: write it without")]
    At,
    /// Something that phones make a link of.
    #[error("it has a web address, which phones turn into a link: write the name without it")]
    Link,
    /// A card number must appear in no message and no transaction digest.
    #[error("it has what looks like a card number: never put one here; its last four digits alone are fine")]
    CardNumber,
}

/// Checks a payee or a transaction id before a verification binds it.
///
/// Length is no problem here: a message shows at most [`MAX_VALUE_UNITS`], the code is bound to all.
pub fn check_value(value: &str) -> Result<(), ValueProblem> {
    check(value, HostNames::Refused)
}

/// Checks an app's brand. Unlike [`check_value`] it allows a bare host name (`Shop.example`): many
/// shops are called like their site, and it is the operator who writes it.
pub fn check_brand(brand: &str) -> Result<(), ValueProblem> {
    check(brand, HostNames::Allowed)
}

/// What a bare host name in a value is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostNames {
    /// A name that its owner wrote so.
    Allowed,
    /// Somebody's link.
    Refused,
}

fn check(value: &str, hosts: HostNames) -> Result<(), ValueProblem> {
    if value.chars().any(is_line_break_or_control) {
        return Err(ValueProblem::Control);
    }
    if value.chars().any(is_invisible) {
        return Err(ValueProblem::Invisible);
    }
    if !value.chars().any(is_visible) {
        return Err(ValueProblem::Empty);
    }
    if value.contains(is_at) {
        return Err(ValueProblem::At);
    }
    if has_link(value, hosts, Certainty::Certain) {
        return Err(ValueProblem::Link);
    }
    if pan::find_card_number(value).is_some() {
        return Err(ValueProblem::CardNumber);
    }
    Ok(())
}

fn has_link(text: &str, hosts: HostNames, certainty: Certainty) -> bool {
    text.split(char::is_whitespace).any(|word| is_refused_link(word, hosts, certainty))
}

fn is_refused_link(word: &str, hosts: HostNames, certainty: Certainty) -> bool {
    let allowed = hosts == HostNames::Allowed && link::is_bare_host(word);
    !allowed && link::find(word, certainty).is_some()
}

/// The value as it may stand in a message: one line, nothing invisible, no link, no `@`, no card
/// number, at most `max_units` UTF-16 code units. Typographic quotes, dashes and spaces become the plain
/// ones, because a single one of them would move the whole message to UCS-2.
pub(super) fn clean(value: &str, hosts: HostNames, max_units: usize) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_' | b'&' | b'\'');
    let few_digits = value.bytes().filter(u8::is_ascii_digit).count() < pan::MIN_DIGITS;
    if value.len() <= max_units && few_digits && value.bytes().all(plain) && !has_spare_space(value) {
        return Cow::Borrowed(value);
    }
    let mut text = shorten(squeeze(value.chars()), max_units);
    // Masking digits may lay a link bare and breaking a link a number. Each turn takes away digits or
    // joints, so the turns end.
    loop {
        if let Some(range) = pan::find_card_number(&text) {
            text = mask_digits(&text, range);
        } else if has_link(&text, hosts, Certainty::Suspected) {
            text = break_links(&text, hosts);
        } else if text.chars().any(is_visible) {
            return Cow::Owned(text);
        } else {
            return Cow::Borrowed("");
        }
    }
}

fn has_spare_space(value: &str) -> bool {
    value.starts_with(' ') || value.ends_with(' ') || value.contains("  ")
}

/// Visible characters with single spaces between words. A dot or slash at the beginning goes: it would
/// join a word of the text before it to a host name.
fn squeeze(characters: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    let mut gap = false;
    let leads = |c: &char| link::is_joint(*c) || is_at(*c) || is_invisible(*c) || !is_visible(*c);
    for character in characters.skip_while(leads) {
        if character.is_whitespace() || is_line_break_or_control(character) || is_at(character) {
            gap = true;
        } else if !is_invisible(character) {
            if gap && !text.is_empty() {
                text.push(' ');
            }
            gap = false;
            text.push(plain_punctuation(character));
        }
    }
    text
}

fn break_links(text: &str, hosts: HostNames) -> String {
    let word = |word: &str| {
        let refused = is_refused_link(word, hosts, Certainty::Suspected);
        if refused { word.replace(link::is_joint, " ") } else { word.to_owned() }
    };
    let words: Vec<String> = text.split(' ').map(word).collect();
    squeeze(words.join(" ").chars())
}

fn mask_digits(text: &str, range: std::ops::Range<usize>) -> String {
    let mask = |(position, character): (usize, char)| {
        if range.contains(&position) && character.is_ascii_digit() { '*' } else { character }
    };
    text.char_indices().map(mask).collect()
}

fn shorten(text: String, max_units: usize) -> String {
    const ELLIPSIS: &str = "...";
    if text.encode_utf16().count() <= max_units {
        return text;
    }
    let mut units = 0;
    let fits = |character: &char| {
        units += character.len_utf16();
        units + ELLIPSIS.len() <= max_units
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}{ELLIPSIS}", kept.trim_end_matches(|c: char| c.is_whitespace() || is_joiner(c)))
}

/// The plain form of punctuation that GSM-7 lacks.
const fn plain_punctuation(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' | '`' | '\u{b4}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

pub(super) const fn is_at(character: char) -> bool {
    matches!(character, '@' | '\u{ff20}' | '\u{fe6b}')
}

pub(super) fn is_line_break_or_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Whether a character alone shows something.
fn is_visible(character: char) -> bool {
    let selector = matches!(character, '\u{fe00}'..='\u{fe0f}');
    !(character.is_whitespace() || character.is_control() || is_joiner(character) || selector)
}

/// Letters of Hindi, Persian and others need these two to be written correctly.
const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Characters that change direction or show nothing (Unicode UAX #9 §2; default ignorables of UAX #44),
/// but for the joiners and the emoji variation selectors.
pub(super) const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
