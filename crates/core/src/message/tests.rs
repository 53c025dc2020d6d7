use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::money::Money;
use crate::presentation::AppHash;

/// What a test varies; the rest is ordinary.
#[derive(Clone)]
struct Case {
    brand: &'static str,
    purpose: Purpose,
    transaction: Option<Transaction>,
    locale: &'static str,
    default_locale: &'static str,
    templates: Templates,
    presentation: Presentation,
    code: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Case {
            brand: "Example Shop",
            purpose: Purpose::Login,
            transaction: None,
            locale: "en",
            default_locale: "en",
            templates: Templates::default(),
            presentation: Presentation::Unbound,
            code: "123456",
        }
    }
}

impl Case {
    fn render(&self) -> Message {
        render(&MessageInput {
            brand: self.brand,
            purpose: &self.purpose,
            transaction: self.transaction.as_ref(),
            locale: &self.locale.parse().unwrap(),
            default_locale: &self.default_locale.parse().unwrap(),
            templates: &self.templates,
            presentation: &self.presentation,
            code: &Code::fixed(self.code),
            minutes: 10,
        })
    }

    fn text(&self) -> String {
        self.render().expose().to_owned()
    }
}

fn custom(texts: &[(&str, &str, &str)]) -> Templates {
    let mut templates = Templates::default();
    for (purpose, locale, text) in texts {
        templates.set(purpose.parse().unwrap(), locale.parse().unwrap(), (*text).to_owned());
    }
    templates
}

fn transaction(money: Option<(&str, &str)>, payee: Option<&str>) -> Transaction {
    Transaction {
        id: Some("order_1042".to_owned()),
        money: money.map(|(amount, currency)| Money::parse(amount, currency.parse().unwrap()).unwrap()),
        payee: payee.map(str::to_owned),
        fields: BTreeMap::new(),
    }
}

fn payment(money: Option<(&str, &str)>, payee: Option<&str>) -> Case {
    Case { purpose: Purpose::Payment, transaction: Some(transaction(money, payee)), ..Case::default() }
}

#[test]
fn p7_a_payment_shows_amount_and_payee_before_the_code() {
    assert_eq!(
        payment(Some(("49.90", "EUR")), Some("Shop GmbH")).text(),
        "EUR 49.90 to Shop GmbH: 123456 is your Example Shop payment code. Never share it with anyone."
    );
    assert_eq!(
        Case { locale: "de-AT", ..payment(Some(("1500", "JPY")), Some("Müller & Söhne")) }.text(),
        "JPY 1500 an Müller & Söhne: 123456 ist Ihr Code für diese Zahlung bei Example Shop. Geben Sie ihn an niemanden weiter."
    );
}

#[test]
fn a_payment_without_amount_or_payee_has_no_hole() {
    let amount = Some(("49.90", "EUR"));
    for (case, expected) in [
        (
            payment(amount, None),
            "EUR 49.90 at Example Shop: 123456 is your payment code. Never share it with anyone.",
        ),
        (
            payment(None, Some("Shop GmbH")),
            "Payment to Shop GmbH: 123456 is your Example Shop payment code. Never share it with anyone.",
        ),
        (
            payment(None, None),
            "Payment at Example Shop: 123456 is your payment code. Never share it with anyone.",
        ),
        (
            Case { purpose: Purpose::Payment, ..Case::default() },
            "Payment at Example Shop: 123456 is your payment code. Never share it with anyone.",
        ),
        // A payee of nothing but invisible characters is none.
        (
            payment(amount, Some("\u{202e}\n ")),
            "EUR 49.90 at Example Shop: 123456 is your payment code. Never share it with anyone.",
        ),
    ] {
        assert_eq!(case.text(), expected);
    }
}

#[test]
fn locales_fall_back_from_the_customers_to_the_apps_to_english() {
    let templates = custom(&[
        ("login", "en", "EN {code}"),
        ("login", "fr", "FR {code}"),
        ("login", "de-AT", "AT {code}"),
        ("login", "sv", "SV {code}"),
    ]);
    for (locale, default_locale, expected, used, source) in [
        ("de-AT", "en", "AT", "de-AT", TextSource::Custom),
        // The customer's language before the app's own words in another.
        ("de-CH", "fr", "123456 ist Ihr Code", "de", TextSource::BuiltIn),
        ("fr-CA", "en", "FR", "fr", TextSource::Custom),
        ("sv-SE", "en", "SV", "sv", TextSource::Custom),
        // Nothing in Finnish: the app's default, in its own steps.
        ("fi", "de-AT", "AT", "de-AT", TextSource::Custom),
        ("fi", "de-CH", "123456 ist Ihr Code", "de", TextSource::BuiltIn),
        ("fi", "da", "EN", "en", TextSource::Custom),
        ("zh-Hant-TW", "en", "123456 是您登录", "zh", TextSource::BuiltIn),
    ] {
        let message =
            Case { locale, default_locale, templates: templates.clone(), ..Case::default() }.render();
        assert!(message.expose().starts_with(expected), "{locale} {default_locale}: {}", message.expose());
        assert_eq!(
            (message.locale().as_str(), message.source()),
            (used, source),
            "{locale} {default_locale}"
        );
    }
    assert!(
        Case { locale: "fi", default_locale: "da", ..Case::default() }
            .text()
            .starts_with("123456 is your code")
    );
}

#[test]
fn the_apps_own_text_is_filled_in() {
    let templates = custom(&[(
        "payment",
        "en",
        "Pay {amount} to {payee} ({transaction}) at {brand} with {code}, good for {minutes} min.",
    )]);
    let case = Case { templates, ..payment(Some(("49.90", "EUR")), Some("Shop GmbH")) };
    assert_eq!(
        case.text(),
        "Pay EUR 49.90 to Shop GmbH (order_1042) at Example Shop with 123456, good for 10 min."
    );
    // It cannot say what it was not told: the built-in one can do without.
    let partial = Case { transaction: Some(transaction(None, Some("Shop GmbH"))), ..case };
    assert!(partial.text().starts_with("Payment to Shop GmbH: 123456"), "{}", partial.text());
    assert_eq!(partial.render().source(), TextSource::BuiltIn);
}

#[test]
fn a_text_that_was_never_checked_does_no_harm() {
    for wrong in ["{code} {", "{code} {link}", "no code at all", ""] {
        let message = Case { templates: custom(&[("login", "en", wrong)]), ..Case::default() }.render();
        assert_eq!(message.source(), TextSource::BuiltIn, "{wrong}");
        assert!(message.expose().starts_with("123456 is your code"), "{wrong}");
    }
    assert_eq!(Case { brand: "\u{200b}", ..Case::default() }.text(), "123456");
}

#[test]
fn the_last_line_is_what_the_presentation_needs() {
    let host = |name: &str| name.parse().unwrap();
    let hash = AppHash::try_from("FA+9qCX9VSu".to_owned()).unwrap();
    for (presentation, code, ending) in [
        (Presentation::Unbound, "123456", ""),
        (
            Presentation::Page { host: host("verify.shop.example") },
            "123456",
            "\n\n@verify.shop.example #123456",
        ),
        (Presentation::Element { host: host("shop.example") }, "3A4C6D", "\n\n@shop.example #3A4C6D"),
        (
            Presentation::Iframe { top: host("shop.example"), embedded: host("verify.example") },
            "123456",
            "\n\n@shop.example #123456 @verify.example",
        ),
        (Presentation::App { hash }, "123456", "\n\nFA+9qCX9VSu"),
    ] {
        for locale in ["en", "ar", "hi", "zh"] {
            let case = Case { presentation: presentation.clone(), locale, code, ..Case::default() };
            let plain = Case { presentation: Presentation::Unbound, ..case.clone() }.text();
            assert_eq!(case.text(), format!("{plain}{ending}"));
            assert!(!plain.contains('\n'));
            assert!(plain.contains(code));
        }
    }
}

/// The parser of the specification: the last line begins with `@host`, one space, `#code`, and perhaps
/// one space and `@host`.
fn read_last_line(text: &str) -> Option<(&str, &str, Option<&str>)> {
    let line = text.rsplit('\n').next()?;
    let mut fields = line.split(' ');
    let host = fields.next()?.strip_prefix('@')?;
    let code = fields.next()?.strip_prefix('#')?;
    Some((host, code, fields.next().and_then(|field| field.strip_prefix('@'))))
}

fn smuggler() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Shop\n\n@evil.example #999999".to_owned()),
        Just("@evil.example #999999".to_owned()),
        Just("Shop\u{2028}@evil.example #999999 @evil.example".to_owned()),
        Just("\u{202e}evil.com/".to_owned()),
        Just("{code} {payee}".to_owned()),
        "\\PC{0,300}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_value_can_forge_a_last_line_or_a_link(
        payee in smuggler(),
        id in smuggler(),
        locale in prop::sample::select(vec!["en", "de", "ar", "hi", "ja", "zh", "tr"]),
        bound: bool,
        own: bool,
    ) {
        let own_text = custom(&[("payment", locale, "{payee} {transaction} {amount} {brand} {code}")]);
        let presentation = if bound { Presentation::Page { host: "shop.example".parse().unwrap() } } else { Presentation::Unbound };
        let mut transaction = transaction(Some(("49.90", "EUR")), Some(&payee));
        transaction.id = Some(id);
        let case = Case {
            purpose: Purpose::Payment,
            transaction: Some(transaction),
            locale,
            templates: if own { own_text } else { Templates::default() },
            presentation,
            ..Case::default()
        };
        let text = case.text();
        let human = text.split("\n\n").next().unwrap();
        prop_assert!(!human.contains(['@', '\n', '\r', '\u{2028}', '\u{202e}']), "{human:?}");
        prop_assert!(human.contains("EUR 49.90") && human.contains("123456"));
        prop_assert_eq!(link::find(human, link::Certainty::Certain), None);
        prop_assert_eq!(text.matches("123456").count(), if bound { 2 } else { 1 }, "{}", text);
        prop_assert_eq!(read_last_line(&text), bound.then_some(("shop.example", "123456", None)));
    }

    #[test]
    fn built_in_messages_have_a_known_length(
        payee in "\\PC{1,300}",
        brand in prop::sample::select(vec!["Shop", "Überlanger Name eines Ladens, der nicht aufhört", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"]),
        minor_units: u64,
        language in prop::sample::select(texts::LANGUAGES.map(|texts| texts.language).to_vec()),
        known in 0..4_u8,
    ) {
        let currency = "EUR".parse().unwrap();
        let amount = format!("{}.{:02}", minor_units / 100, minor_units % 100);
        let money = (known & 1 == 0).then(|| Money::parse(&amount, currency).unwrap());
        let payee = (known & 2 == 0).then_some(payee);
        let message = Case {
            brand,
            purpose: Purpose::Payment,
            transaction: Some(Transaction { money, payee, ..Transaction::default() }),
            locale: language,
            presentation: Presentation::Page { host: "verification.a-rather-long-shop-name.example".parse().unwrap() },
            code: "34679ACDEF",
            ..Case::default()
        }
        .render();
        prop_assert!(message.measure().segments <= 5, "{:?}", message.measure());
        prop_assert_eq!(message.measure(), Measure::of(message.expose()));
    }

    #[test]
    fn the_list_of_purposes_never_gives_an_empty_or_codeless_message(
        word in "(login|signup|payment|account_change|order|[a-z][a-z0-9_]{0,31})",
        locale in "[a-z]{2,3}(-[A-Z]{2})?",
    ) {
        let message = render(&MessageInput {
            brand: "Example Shop",
            purpose: &word.parse().unwrap(),
            transaction: None,
            locale: &locale.parse().unwrap(),
            default_locale: &Locale::english(),
            templates: &Templates::default(),
            presentation: &Presentation::Unbound,
            code: &Code::fixed("123456"),
            minutes: 10,
        });
        prop_assert!(message.expose().contains("123456"));
        prop_assert!(message.expose().contains("Example Shop"));
    }
}
