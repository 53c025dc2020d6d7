//! Messages: what the customer reads.
//!
//! [`render`] chooses a text by purpose and locale, fills it in from the same [`Transaction`] that the
//! code is bound to, and adds the last line that lets browsers and apps take the code only where it
//! belongs. [`plan()`] does so within a budget. Built-in texts live in `texts/`, one file per language; an app's own are [`Templates`].

mod alphabet;
mod channel;
mod custom;
mod encoding;
mod gsm7;
mod limits;
mod link;
mod lint;
mod notice;
mod pan;
mod plain;
mod plan;
mod template;
mod texts;
mod value;

use std::borrow::Cow;

use zeroize::Zeroizing;

pub use alphabet::CarrierAlphabet;
pub use channel::{EmailParts, email_parts, render_for};
pub use custom::{InvalidTemplates, MAX_TEMPLATES, Templates};
pub use encoding::{CONCATENATION_HEADER_OCTETS, Encoding, Measure, parts};
pub use gsm7::gsm7_octets;
pub use limits::{MOST_SEGMENTS, MessageLimits};
pub use lint::{MAX_TEMPLATE_BYTES, MAX_TEMPLATE_SEGMENTS, TemplateProblem, lint};
pub use notice::{PhoneChangeInput, render_phone_change};
pub use plan::{
    Budget, Considered, Form, Permission, Plan, Reader, Verdict, plan, plan_admitted, plan_as_it_is,
};
pub use template::Variable;
pub use value::{MAX_BRAND_UNITS, MAX_VALUE_UNITS, ValueProblem, check_brand, check_value};

use crate::code::Code;
use crate::locale::Locale;
use crate::presentation::Presentation;
use crate::purpose::Purpose;
use crate::transaction::Transaction;
use texts::Known;
use value::HostNames;

/// The languages that there are built-in texts in, by their tags.
pub fn languages() -> impl Iterator<Item = &'static str> {
    texts::languages()
}

/// What a message is made of.
#[derive(Clone, Copy)]
pub struct MessageInput<'a> {
    /// The app's name, as its customers know it; see [`check_brand`].
    pub brand: &'a str,
    /// Why the customer gets a code.
    pub purpose: &'a Purpose,
    /// What the code is bound to. Payment texts show its amount and payee.
    pub transaction: Option<&'a Transaction>,
    /// The language that the start asked for.
    pub locale: &'a Locale,
    /// The app's language, for customers whose own has no text.
    pub default_locale: &'a Locale,
    /// The app's own texts.
    pub templates: &'a Templates,
    /// Where the code is typed; decides the last line.
    pub presentation: &'a Presentation,
    /// The code.
    pub code: &'a Code,
    /// The life of the code in minutes, as the app's texts may say it.
    pub minutes: u16,
}

/// A rendered message. It holds the code: it has no Debug and is wiped on drop.
///
/// ```compile_fail
/// fn printed<T: std::fmt::Debug>(_: T) {}
/// fn a_message_cannot_be_printed(message: countersign_core::message::Message) { printed(message) }
/// ```
pub struct Message {
    text: Zeroizing<String>,
    measure: Measure,
    locale: Locale,
    source: TextSource,
}

/// Where a message's text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextSource {
    /// The app's [`Templates`].
    Custom,
    /// Countersign's own texts.
    BuiltIn,
}

impl Message {
    /// The whole text with its last line, for the provider. Never for a log.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What it costs as SMS.
    pub const fn measure(&self) -> Measure {
        self.measure
    }

    /// The locale whose text was used, which may be wider than the one asked for.
    pub const fn locale(&self) -> &Locale {
        &self.locale
    }

    /// The same message, measured on a carrier.
    #[must_use]
    pub fn on(mut self, alphabet: CarrierAlphabet) -> Self {
        self.measure = Measure::on(&self.text, alphabet);
        self
    }

    /// Whose text was used.
    pub const fn source(&self) -> TextSource {
        self.source
    }
}

/// Renders the message. It cannot fail: when the app's own text needs a value that is missing, the
/// built-in one is used, which does without.
///
/// Locales are tried from the one asked for to ever wider ones (`de-AT`, `de`), then the app's default
/// in the same way, then English. At each step the app's own text comes before the built-in one: a
/// built-in text that the customer can read is better than the app's own in another language.
///
/// Values from outside are made harmless, whether or not [`check_value`] saw them before.
pub fn render(input: &MessageInput<'_>) -> Message {
    render_with(input, input.code.expose())
}

/// The same, with the code written otherwise in the text.
fn render_with(input: &MessageInput<'_>, code: &str) -> Message {
    let values = Values { code, ..Values::of(input) };
    let ending = last_line(input.presentation, input.code.expose());
    let ladder = input.locale.ladder().chain(input.default_locale.ladder()).chain([Locale::english()]);
    for locale in ladder {
        let custom = input.templates.get(input.purpose, &locale).filter(|text| text.contains("{code}"));
        if let Some(text) =
            custom.and_then(|text| template::fill(text, &ending, |variable| values.get(variable)))
        {
            return Message::new(text, locale, TextSource::Custom);
        }
        let built_in = texts::for_tag(&locale).map(|texts| texts.text(input.purpose, values.known()));
        if let Some(text) =
            built_in.and_then(|text| template::fill(text, &ending, |variable| values.get(variable)))
        {
            return Message::new(text, locale, TextSource::BuiltIn);
        }
    }
    bare_code(code, &ending)
}

/// What is left to say when the brand is empty, which [`check_brand`] refuses: the code alone.
fn bare_code(code: &str, ending: &[&str]) -> Message {
    let text = template::fill("{code}", ending, |_| code).unwrap_or_default();
    Message::new(text, Locale::english(), TextSource::BuiltIn)
}

impl Message {
    fn new(text: Zeroizing<String>, locale: Locale, source: TextSource) -> Self {
        let measure = Measure::of(&text);
        Message { text, measure, locale, source }
    }
}

/// What the variables stand for. Empty: there is no such value.
struct Values<'a> {
    code: &'a str,
    brand: Cow<'a, str>,
    amount: String,
    payee: Cow<'a, str>,
    minutes: String,
    transaction: Cow<'a, str>,
}

impl<'a> Values<'a> {
    fn of(input: &MessageInput<'a>) -> Self {
        let transaction = input.transaction;
        let payee = transaction.and_then(|t| t.payee.as_deref()).unwrap_or_default();
        // The operator wrote the brand; a payee is as trustworthy only when it is the same.
        let hosts_in_payee = if payee == input.brand { HostNames::Allowed } else { HostNames::Refused };
        let id = transaction.and_then(|t| t.id.as_deref()).unwrap_or_default();
        Values {
            code: input.code.expose(),
            brand: value::clean(input.brand, HostNames::Allowed, MAX_BRAND_UNITS),
            amount: transaction.and_then(|t| t.money).map(|money| money.to_string()).unwrap_or_default(),
            payee: value::clean(payee, hosts_in_payee, MAX_VALUE_UNITS),
            minutes: input.minutes.to_string(),
            transaction: value::clean(id, HostNames::Refused, MAX_VALUE_UNITS),
        }
    }

    /// The value, or nothing: [`template::fill`] takes that for a missing one.
    fn get(&self, variable: Variable) -> &str {
        match variable {
            Variable::Code => self.code,
            Variable::Brand => &self.brand,
            Variable::Amount => &self.amount,
            Variable::Payee => &self.payee,
            Variable::Minutes => &self.minutes,
            Variable::Transaction => &self.transaction,
        }
    }

    fn known(&self) -> Known {
        match (self.amount.is_empty(), self.payee.is_empty()) {
            (false, false) => Known::AmountAndPayee,
            (false, true) => Known::Amount,
            (true, false) => Known::Payee,
            (true, true) => Known::Nothing,
        }
    }
}

/// The line that a browser or an app reads, in parts: the host that the code is for (origin-bound
/// one-time codes, web.md D.1), or the hash of the app that listens for it (SMS Retriever API). Nothing
/// may stand before the `@`, and exactly one space between the fields.
fn last_line<'a>(presentation: &'a Presentation, code: &'a str) -> [&'a str; 6] {
    match presentation {
        Presentation::Unbound => [""; 6],
        Presentation::Page { host } | Presentation::Element { host } => {
            ["\n\n@", host.as_str(), " #", code, "", ""]
        }
        Presentation::Iframe { top, embedded } => {
            ["\n\n@", top.as_str(), " #", code, " @", embedded.as_str()]
        }
        Presentation::App { hash } => ["\n\n", hash.as_str(), "", "", "", ""],
    }
}

#[cfg(test)]
mod tests;
