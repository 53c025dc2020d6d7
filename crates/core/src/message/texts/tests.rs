use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;
use crate::code::{Code, CodeFormat};
use crate::message::{
    Encoding, Measure, Message, MessageInput, PhoneChangeInput, Templates, Variable, lint, render,
    render_phone_change, template,
};
use crate::money::Money;
use crate::presentation::{AppHash, Presentation};
use crate::transaction::Transaction;

/// The word for "code", and those that stand for sign-in, sign-up, payment, change, order. Lower case.
const WORDS: [(&str, &str, [&str; 5]); 14] = [
    ("en", "code", ["sign in", "create your", "payment", "change", "order"]),
    ("de", "code", ["anmeldung", "registrierung", "zahlung", "änderung", "bestellung"]),
    ("fr", "code", ["connexion", "inscription", "paiement", "modifier", "commande"]),
    ("es", "clave", ["acceder", "crear", "pago", "cambiar", "pedido"]),
    ("it", "codice", ["accedere", "registrarsi", "pagamento", "modificare", "ordine"]),
    ("pt", "código", ["entrar", "criar", "pagar", "alterar", "pedido"]),
    ("nl", "code", ["in te loggen", "registreren", "betaal", "wijzigen", "bestelling"]),
    ("pl", "kod", ["logowania", "rejestracji", "transakcji", "zmiany", "zakupu"]),
    ("tr", "kod", ["oturum", "üyelik", "ödeme", "güncelleme", "sipariş"]),
    ("ar", "رمز", ["الدخول", "التسجيل", "دفع", "تعديل", "الطلب"]),
    ("hi", "कोड", ["लॉगिन", "नए", "भुगतान", "बदलाव", "ऑर्डर"]),
    ("id", "kode", ["masuk", "pendaftaran", "pembayaran", "perubahan", "pesanan"]),
    ("ja", "コード", ["ログイン", "会員登録", "支払い", "変更", "注文"]),
    ("zh", "验证码", ["登录", "注册", "支付", "更改", "订单"]),
];
const KNOWN: [Known; 4] = [Known::AmountAndPayee, Known::Amount, Known::Payee, Known::Nothing];

fn purposes() -> [Purpose; 6] {
    ["login", "signup", "payment", "account_change", "order", "pickup"].map(|word| word.parse().unwrap())
}

/// The full texts and the short ones.
fn all() -> impl Iterator<Item = (&'static Texts, Purpose, Known, &'static str)> {
    LANGUAGES.into_iter().chain(short::SHORT).flat_map(|texts| {
        purposes().into_iter().flat_map(move |purpose| {
            KNOWN.into_iter().map(move |known| (texts, purpose.clone(), known, texts.text(&purpose, known)))
        })
    })
}

fn rendered(language: &str, purpose: &Purpose, known: Known, presentation: &Presentation) -> Message {
    let money = matches!(known, Known::AmountAndPayee | Known::Amount)
        .then(|| Money::parse("49.90", "EUR".parse().unwrap()).unwrap());
    let payee = matches!(known, Known::AmountAndPayee | Known::Payee).then(|| "Example GmbH".to_owned());
    let transaction = Transaction { money, payee, ..Transaction::default() };
    render(&MessageInput {
        brand: "Example Shop",
        purpose,
        transaction: Some(&transaction),
        locale: &language.parse().unwrap(),
        default_locale: &Locale::english(),
        templates: &Templates::default(),
        presentation,
        code: &Code::fixed("123456"),
        minutes: 10,
    })
}

fn notice(language: &str) -> Message {
    render_phone_change(&PhoneChangeInput {
        brand: "Example Shop",
        locale: &language.parse().unwrap(),
        default_locale: &Locale::english(),
        ending: &crate::phone::E164::parse("+491701234567", None).unwrap().ending(),
    })
}

fn page() -> Presentation {
    Presentation::Page { host: "shop.example.com".parse().unwrap() }
}

#[test]
fn every_language_is_there_once_and_has_its_words() {
    let languages: BTreeSet<_> = LANGUAGES.iter().map(|texts| texts.language).collect();
    let expected: BTreeSet<_> = WORDS.iter().map(|(language, ..)| *language).collect();
    assert_eq!(languages, expected);
    assert_eq!(languages.len(), LANGUAGES.len());
    let order = |texts: [&Texts; 14]| texts.map(|texts| texts.language);
    assert_eq!(order(LANGUAGES), order(short::SHORT));
}

#[test]
fn every_text_has_its_variables_and_no_others() {
    for (texts, purpose, known, text) in all() {
        let place = format!("{} {purpose} {known:?}", texts.language);
        let position = |variable: Variable| text.find(&format!("{{{}}}", variable.name()));
        let code = position(Variable::Code).unwrap_or_else(|| panic!("{place}: no code"));
        let payment = purpose == Purpose::Payment;
        let amount = payment && matches!(known, Known::AmountAndPayee | Known::Amount);
        let payee = payment && matches!(known, Known::AmountAndPayee | Known::Payee);
        // Amount and payee stand before the code: seen before it is used (P7).
        assert_eq!(position(Variable::Amount).map(|at| at < code), amount.then_some(true), "{place}");
        assert_eq!(position(Variable::Payee).map(|at| at < code), payee.then_some(true), "{place}");
        assert!(position(Variable::Brand).is_some() || payee, "{place}: says not who sends it");
        assert_eq!(position(Variable::Minutes), None, "{place}: needs a plural");
        assert_eq!(position(Variable::Transaction), None, "{place}: may be missing");
    }
}

#[test]
fn every_text_passes_the_linter() {
    for (texts, purpose, known, text) in all() {
        // The linter asks each payment text for amount and payee; the fallbacks are the exception.
        let purpose = if known == Known::AmountAndPayee { purpose } else { Purpose::Login };
        let checked = lint(&purpose, text, CodeFormat::DEFAULT);
        assert!(checked.is_ok(), "{} {purpose} {known:?}: {checked:?}", texts.language);
    }
}

#[test]
fn owasp_1_4_each_purpose_is_told_apart_by_its_own_word() {
    let named = &purposes()[..5];
    for (language, code_word, words) in WORDS {
        let locale = language.parse().unwrap();
        let both = [for_tag(&locale).unwrap(), short_for_tag(&locale).unwrap()];
        for (texts, known) in both.into_iter().flat_map(|texts| KNOWN.map(|known| (texts, known))) {
            for (place, purpose) in purposes().iter().enumerate() {
                let text = texts.text(purpose, known).to_lowercase();
                assert!(text.contains(code_word), "{language} {purpose} {known:?}: no \"{code_word}\"");
                for (other, word) in words.iter().enumerate() {
                    let own = other == place;
                    assert_eq!(
                        text.contains(word),
                        own,
                        "{language} {purpose} {known:?}: \"{word}\" in \"{text}\""
                    );
                }
            }
        }
        for texts in both {
            let openings: BTreeSet<_> =
                named.iter().map(|purpose| texts.text(purpose, Known::AmountAndPayee)).collect();
            assert_eq!(openings.len(), named.len(), "{language}");
        }
    }
}

#[test]
fn the_code_comes_first_but_in_payments() {
    for (texts, purpose, known, text) in all() {
        if purpose == Purpose::Payment {
            assert!(!text.starts_with("{code}"), "{} {known:?}", texts.language);
        } else {
            let before: String = text.chars().take_while(|c| *c != '{').collect();
            // Arabic needs an Arabic word first.
            let most = if texts.language == "ar" { 20 } else { 0 };
            assert!(before.chars().count() <= most, "{} {purpose}", texts.language);
            assert_eq!(
                template::pieces(text).flatten().find(|p| matches!(p, template::Piece::Variable(_))),
                Some(template::Piece::Variable(Variable::Code)),
                "{} {purpose}",
                texts.language
            );
        }
    }
}

/// Strong direction of a character, as far as these texts need it: letters of the Arabic block are
/// right-to-left, all other letters left-to-right, the rest neutral or weak (UAX #9).
fn is_arabic(c: char) -> bool {
    c.is_alphabetic() && ('\u{600}'..'\u{700}').contains(&c)
}

#[test]
fn arabic_needs_no_direction_marks() {
    for (texts, purpose, known, text) in all().filter(|(texts, ..)| texts.language == "ar") {
        let place = format!("{} {purpose} {known:?}", texts.language);
        let pieces: Vec<_> = template::pieces(text).flatten().collect();
        // The first letter makes the paragraph right-to-left, whatever the code and the names are.
        assert!(
            matches!(pieces[0], template::Piece::Literal(literal) if literal.starts_with(is_arabic)),
            "{place}"
        );
        // Digits after Latin letters join them (W7), unless an Arabic letter stands between.
        let literals = pieces[1..].iter().filter_map(|piece| match piece {
            template::Piece::Literal(literal) => Some(literal),
            template::Piece::Variable(_) => None,
        });
        let variables = pieces.iter().filter(|piece| matches!(piece, template::Piece::Variable(_))).count();
        let separators: Vec<_> = literals.collect();
        let at_the_end = matches!(pieces.last(), Some(template::Piece::Variable(_)));
        assert_eq!(
            separators.len() + usize::from(at_the_end),
            variables,
            "{place}: a variable touches another"
        );
        assert!(separators.iter().all(|literal| literal.contains(is_arabic)), "{place}");
    }
    let message = rendered("ar", &Purpose::Payment, Known::AmountAndPayee, &page());
    assert!(message.expose().ends_with("\n\n@shop.example.com #123456"));
    assert!(!message.expose().chars().any(crate::message::value::is_invisible));
}

#[test]
fn short_languages_take_one_segment_with_the_last_line() {
    let outside = |language: &str, purpose: &Purpose, known: Known| match (language, purpose) {
        ("pt" | "ar" | "hi" | "ja" | "zh", _) | ("tr", Purpose::Order) => true,
        ("tr", Purpose::Payment) => matches!(known, Known::AmountAndPayee | Known::Payee),
        _ => false,
    };
    for (texts, purpose, known, _) in all() {
        let place = format!("{} {purpose} {known:?}", texts.language);
        let unbound = rendered(texts.language, &purpose, known, &Presentation::Unbound);
        assert_eq!(unbound.measure().segments, 1, "{place}: {:?}", unbound.measure());
        let bound = rendered(texts.language, &purpose, known, &page());
        if outside(texts.language, &purpose, known) {
            assert_eq!(bound.measure().encoding, Encoding::Ucs2, "{place}");
            assert!(bound.measure().segments <= 2, "{place}: {:?}", bound.measure());
            continue;
        }
        assert_eq!(bound.measure().encoding, Encoding::Gsm7, "{place}");
        assert_eq!(bound.measure().segments, 1, "{place}: {:?}", bound.measure());
        // The SMS Retriever API reads no more than 140 bytes.
        let hash = AppHash::try_from("FA+9qCX9VSu".to_owned()).unwrap();
        let app = rendered(texts.language, &purpose, known, &Presentation::App { hash });
        assert!(app.expose().len() <= 140, "{place}: {} bytes", app.expose().len());
    }
}

#[test]
fn n7_the_notice_names_shop_and_ending_and_no_code_and_is_short() {
    for (language, code_word, _) in WORDS {
        let text = phone_change(for_tag(&language.parse().unwrap()).unwrap());
        for variable in ["{brand}", "{ending}"] {
            assert_eq!(text.matches(variable).count(), 1, "{language}: {variable}");
        }
        assert_eq!(text.matches(['{', '}']).count(), 4, "{language}: another variable");
        // "kod" is a part of the Indonesian "kode" and of many a word, so whole words are compared.
        let words = text.to_lowercase();
        let mut words = words.split(|c: char| !c.is_alphanumeric());
        assert!(!words.any(|word| word == code_word), "{language}: a word for the code");
        let message = notice(language);
        assert!(message.expose().contains("Example Shop") && message.expose().contains("567"), "{language}");
        assert!(!message.expose().contains("4567"), "{language}: more digits than the ending");
        assert_eq!(message.locale().as_str(), language);
        let Measure { encoding, segments, .. } = message.measure();
        if matches!(language, "ar" | "hi" | "ja" | "zh") {
            assert!(segments <= 2, "{language}: {segments}");
        } else {
            assert_eq!((encoding, segments), (Encoding::Gsm7, 1), "{language}");
        }
    }
    assert!(notice("ar").expose().starts_with(is_arabic), "its first letter decides the direction");
    assert!(notice("xx-YY").expose().contains("your phone number"), "English where there is no text");
    assert!(notice("de-AT").expose().contains("Telefonnummer"));
}

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/message/texts/rendered.md");

/// Every text filled in, for people to read.
fn list() -> String {
    let mut list = String::from(
        "# Built-in texts, filled in\n\n\
         Written by the test `write_the_list`, compared by `the_list_is_current`. SMS: number without and with the last line\n\
         `@shop.example.com #123456`. Units: septets (GSM-7) or UTF-16 code units (UCS-2), without the last line.\n",
    );
    for texts in LANGUAGES {
        let _ = write!(
            list,
            "\n## {}\n\n| purpose | text | alphabet | units | SMS | short text |\n|---|---|---|---|---|---|\n",
            texts.language
        );
        for purpose in purposes() {
            let variants = if purpose == Purpose::Payment { &KNOWN[..] } else { &KNOWN[..1] };
            for &known in variants {
                let name = match (&purpose, known) {
                    (Purpose::Custom(_), _) => "other".to_owned(),
                    (_, Known::AmountAndPayee) => purpose.to_string(),
                    (_, Known::Amount) => "payment, no payee".to_owned(),
                    (_, Known::Payee) => "payment, no amount".to_owned(),
                    (_, Known::Nothing) => "payment, neither".to_owned(),
                };
                let message = rendered(texts.language, &purpose, known, &Presentation::Unbound);
                let bound = rendered(texts.language, &purpose, known, &page());
                let Measure { encoding, units, segments } = message.measure();
                let alphabet = if encoding == Encoding::Gsm7 { "GSM-7" } else { "UCS-2" };
                let _ = writeln!(
                    list,
                    "| {name} | {} | {alphabet} | {units} | {segments} / {} | {} |",
                    message.expose(),
                    bound.measure().segments,
                    short_for_tag(message.locale()).unwrap().text(&purpose, known)
                );
            }
        }
        let message = notice(texts.language);
        let Measure { encoding, units, segments } = message.measure();
        let alphabet = if encoding == Encoding::Gsm7 { "GSM-7" } else { "UCS-2" };
        let text = message.expose();
        let _ = writeln!(list, "| notice of another number | {text} | {alphabet} | {units} | {segments} |");
    }
    list
}

#[test]
fn the_list_is_current() {
    let written = std::fs::read_to_string(LIST).unwrap();
    assert!(written == list(), "run: cargo test -p countersign-core --lib write_the_list -- --ignored");
}

#[test]
#[ignore = "writes texts/rendered.md; run it after changing a text"]
fn write_the_list() {
    std::fs::write(LIST, list()).unwrap();
}
