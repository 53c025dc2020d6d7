//! The built-in texts: one file per language, all of the same shape, so that a missing text does not
//! compile.
//!
//! What a translator needs to know:
//! - Variables in braces are filled in later and keep their names: see [`Texts`] for which stand where.
//! - The code comes first, so that the preview of a notification shows it. Only a payment begins with
//!   amount and payee: customers must see what they approve before they see the code (PSD2 RTS
//!   Art 5(1)(a), P7).
//! - Each purpose has a word of its own, so that a customer who expects a sign-in notices a payment
//!   (OWASP Transaction Authorization 1.4). The tests list these words for each language.
//! - Each text has the language's word for "code" near the code (phones look for it), says that it is
//!   not to be told to anyone, and holds no link.
//! - Short: 160 characters in GSM-7, 70 otherwise, names included; a last line of some 27 characters
//!   is added for web pages. Characters outside GSM-7 are avoided where the language allows.
//! - `texts/short.rs` has each text once more in as few words as it can have.
//! - The notice of a changed number has no code, says what happens, and whom to tell. One segment in GSM-7,
//!   two at most otherwise. See `texts/phone_change.rs`.
//! - `texts/rendered.md` shows every text filled in, with its cost. A test compares it.

mod ar;
mod channels;
mod de;
mod en;
mod es;
mod fr;
mod hi;
mod id;
mod it;
mod ja;
mod nl;
mod phone_change;
mod pl;
mod pt;
mod short;
mod tr;
mod zh;

pub(super) use channels::{CHANNEL_WORDS, ChannelWords};

use crate::locale::Locale;
use crate::purpose::Purpose;

/// The texts of one language.
pub(super) struct Texts {
    /// The language subtag.
    pub(super) language: &'static str,
    /// `{code}`, `{brand}`.
    login: &'static str,
    /// `{code}`, `{brand}`.
    signup: &'static str,
    /// `{amount}` and `{payee}`, then `{code}`; `{brand}` where there is room.
    payment: &'static str,
    /// When the transaction names no payee: `{amount}`, `{brand}`, `{code}`. The brand stands for the
    /// place, never for the payee.
    payment_amount: &'static str,
    /// When the transaction has no amount: `{payee}`, `{code}`, perhaps `{brand}`.
    payment_payee: &'static str,
    /// When it has neither: `{brand}`, `{code}`.
    payment_bare: &'static str,
    /// `{code}`, `{brand}`.
    account_change: &'static str,
    /// `{code}`, `{brand}`.
    order: &'static str,
    /// For purposes in a shop's own word: `{code}`, `{brand}`.
    other: &'static str,
}

/// What a transaction lets a payment text say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    AmountAndPayee,
    Amount,
    Payee,
    Nothing,
}

/// Every language there is a text in.
pub(super) const LANGUAGES: [&Texts; 14] = [
    &en::TEXTS,
    &de::TEXTS,
    &fr::TEXTS,
    &es::TEXTS,
    &it::TEXTS,
    &pt::TEXTS,
    &nl::TEXTS,
    &pl::TEXTS,
    &tr::TEXTS,
    &ar::TEXTS,
    &hi::TEXTS,
    &id::TEXTS,
    &ja::TEXTS,
    &zh::TEXTS,
];

impl Texts {
    /// The language's text for a purpose.
    pub(super) fn text(&self, purpose: &Purpose, known: Known) -> &'static str {
        match (purpose, known) {
            (Purpose::Login, _) => self.login,
            (Purpose::Signup, _) => self.signup,
            (Purpose::Payment, Known::AmountAndPayee) => self.payment,
            (Purpose::Payment, Known::Amount) => self.payment_amount,
            (Purpose::Payment, Known::Payee) => self.payment_payee,
            (Purpose::Payment, Known::Nothing) => self.payment_bare,
            (Purpose::AccountChange, _) => self.account_change,
            (Purpose::Order, _) => self.order,
            (Purpose::Custom(_), _) => self.other,
        }
    }
}

/// What is left when no language fits.
pub(super) const fn english() -> &'static Texts {
    &en::TEXTS
}

/// The languages that there are texts in.
pub(super) fn languages() -> impl Iterator<Item = &'static str> {
    LANGUAGES.into_iter().map(|texts| texts.language)
}

/// The texts for exactly this tag: built-in texts know languages, not regions.
pub(super) fn for_tag(locale: &Locale) -> Option<&'static Texts> {
    LANGUAGES.into_iter().find(|texts| texts.language == locale.as_str())
}

/// The short texts for exactly this tag.
pub(super) fn short_for_tag(locale: &Locale) -> Option<&'static Texts> {
    short::SHORT.into_iter().find(|texts| texts.language == locale.as_str())
}

/// The notice that a number is being changed, in these texts' language.
pub(super) fn phone_change(texts: &Texts) -> &'static str {
    let own = phone_change::PHONE_CHANGE.into_iter().find(|(language, _)| *language == texts.language);
    own.map_or(phone_change::PHONE_CHANGE[0].1, |(_, text)| text)
}

/// What other channels say besides, in a language that has texts; English in any other.
pub(super) fn channel_words(language: &str) -> &'static ChannelWords {
    let own = CHANNEL_WORDS.iter().find(|words| words.language == language);
    own.unwrap_or(&CHANNEL_WORDS[0])
}

#[cfg(test)]
mod tests;
