//! Messages of channels other than SMS.

use zeroize::Zeroizing;

use super::value::{self, HostNames};
use super::{MAX_BRAND_UNITS, Message, MessageInput, texts};
use crate::channel::Channel;
use crate::presentation::Presentation;

/// Renders the message as a channel carries it. WhatsApp and Telegram show a text of their own with the code
/// filled in; this one is for gateways that carry free text.
///
/// Only an SMS has the last line for browsers and apps: they read no other messages. A call reads the same
/// text, the code's characters apart, and the code a second time.
pub fn render_for(channel: Channel, input: &MessageInput<'_>) -> Message {
    match channel {
        Channel::Sms => super::render(input),
        Channel::Voice => spoken(input),
        Channel::WhatsApp | Channel::Telegram | Channel::Email => {
            super::render(&MessageInput { presentation: &Presentation::Unbound, ..*input })
        }
    }
}

fn spoken(input: &MessageInput<'_>) -> Message {
    let code = apart(input.code.expose());
    let once = super::render_with(&MessageInput { presentation: &Presentation::Unbound, ..*input }, &code);
    let again = texts::channel_words(once.locale().language()).again;
    let parts = [once.expose(), " ", again, " ", &code, "."];
    // Allocated once in its full length, so that growing leaves no copy of the code behind.
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        text.push_str(part);
    }
    Message::new(text, once.locale().clone(), once.source())
}

/// `1, 2, 3`: a voice reads each by itself, with a short rest.
fn apart(code: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(3 * code.len()));
    for (position, character) in code.chars().enumerate() {
        if position > 0 {
            text.push_str(", ");
        }
        text.push(character);
    }
    text
}

/// What an e-mail has besides its text. Holds the code; no Debug.
pub struct EmailParts {
    subject: String,
    html: Zeroizing<String>,
}

impl EmailParts {
    /// The subject: one line, without the code.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The same text as HTML, for readers of mail that show nothing else. No image, no link, no style that
    /// anything depends on; with its language and direction, so that screen readers read it right (WCAG
    /// 3.1.1).
    pub fn html(&self) -> &str {
        &self.html
    }
}

/// The parts of an e-mail that are made of its text.
pub fn email_parts(message: &Message, brand: &str) -> EmailParts {
    let locale = message.locale();
    let brand = value::clean(brand, HostNames::Allowed, MAX_BRAND_UNITS);
    let subject = format!("{brand}{}", texts::channel_words(locale.language()).subject);
    let direction = if locale.language() == "ar" { "rtl" } else { "ltr" };
    let title = escaped(&subject);
    let text = escaped(message.expose());
    let parts = [
        "<!doctype html>\n<html lang=\"",
        locale.as_str(),
        "\" dir=\"",
        direction,
        "\">\n<head><meta charset=\"utf-8\"><title>",
        &title,
        "</title></head>\n<body><p>",
        &text,
        "</p></body>\n</html>\n",
    ];
    let mut html = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        html.push_str(part);
    }
    EmailParts { subject, html }
}

fn escaped(text: &str) -> Zeroizing<String> {
    // Six bytes for the longest of them: no growing here either.
    let mut safe = Zeroizing::new(String::with_capacity(text.len() * 6));
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push_str("<br>"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::code::Code;
    use crate::locale::Locale;
    use crate::message::Templates;
    use crate::message::texts::{CHANNEL_WORDS, LANGUAGES};
    use crate::purpose::Purpose;
    use crate::transaction::Transaction;

    fn message(channel: Channel, locale: &str, purpose: &Purpose, brand: &str) -> Message {
        let money = crate::money::Money::parse("49.90", "EUR".parse().unwrap()).unwrap();
        let payee = Some("Example GmbH".to_owned());
        render_for(
            channel,
            &MessageInput {
                brand,
                purpose,
                transaction: Some(&Transaction { money: Some(money), payee, ..Transaction::default() }),
                locale: &locale.parse().unwrap(),
                default_locale: &Locale::english(),
                templates: &Templates::default(),
                presentation: &Presentation::Page { host: "shop.example".parse().unwrap() },
                code: &Code::fixed("918273"),
                minutes: 10,
            },
        )
    }

    #[test]
    fn only_an_sms_has_the_line_for_browsers() {
        for channel in Channel::ALL {
            let text = message(channel, "en", &Purpose::Login, "Shop");
            assert_eq!(
                text.expose().contains("\n\n@shop.example #918273"),
                channel == Channel::Sms,
                "{channel}"
            );
        }
    }

    #[test]
    fn a_call_reads_the_digits_apart_and_twice() {
        assert_eq!(
            message(Channel::Voice, "en", &Purpose::Login, "Shop").expose(),
            "9, 1, 8, 2, 7, 3 is your code to sign in to Shop. Never share it with anyone, not even our staff. \
             Once more: 9, 1, 8, 2, 7, 3."
        );
        for texts in LANGUAGES {
            let call = message(Channel::Voice, texts.language, &Purpose::Payment, "Shop");
            assert_eq!(call.expose().matches("9, 1, 8, 2, 7, 3").count(), 2, "{}", texts.language);
            assert!(!call.expose().contains("918273"));
            let amount = call.expose().find("49.90").unwrap();
            assert!(amount < call.expose().find("9, 1, 8").unwrap(), "P7: the amount comes first");
        }
    }

    #[test]
    fn every_language_has_its_words_and_others_are_read_in_english() {
        let languages: Vec<_> = CHANNEL_WORDS.iter().map(|words| words.language).collect();
        assert_eq!(languages, LANGUAGES.map(|texts| texts.language));
        let finnish = message(Channel::Voice, "fi", &Purpose::Login, "Shop");
        assert!(finnish.expose().contains("Once more:") && finnish.locale().as_str() == "en");
        assert!(message(Channel::Voice, "de-AT", &Purpose::Login, "Shop").expose().contains("Noch einmal:"));
    }

    #[test]
    fn the_subject_names_the_shop_and_has_no_code() {
        for texts in LANGUAGES {
            let text = message(Channel::Email, texts.language, &Purpose::Login, "Shop");
            let parts = email_parts(&text, "Shop");
            assert!(parts.subject().starts_with("Shop") && parts.subject().len() > 8, "{}", texts.language);
            assert!(!parts.subject().contains("918273"));
            assert!(parts.html().contains(&format!("<html lang=\"{}\"", texts.language)));
            assert!(parts.html().contains("918273"));
        }
        let arabic = message(Channel::Email, "ar", &Purpose::Login, "Shop");
        assert!(email_parts(&arabic, "Shop").html().contains("dir=\"rtl\""));
    }

    proptest! {
        #[test]
        fn nothing_in_a_text_is_markup_and_nothing_in_a_brand_ends_the_subject(brand in "\\PC{0,8}[\r\n<>&\"'a]{1,12}\\PC{0,8}") {
            let text = message(Channel::Email, "en", &Purpose::Login, &brand);
            let parts = email_parts(&text, &brand);
            prop_assert!(!parts.subject().chars().any(char::is_control));
            let tags = parts.html().matches('<').count();
            prop_assert_eq!(tags, 12 + text.expose().matches('\n').count());
        }
    }
}
