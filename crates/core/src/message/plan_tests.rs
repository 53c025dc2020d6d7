use proptest::prelude::*;

use super::*;
use crate::code::Code;
use crate::locale::Locale;
use crate::message::{Encoding, Templates};
use crate::money::Money;
use crate::presentation::AppHash;
use crate::purpose::Purpose;
use crate::transaction::Transaction;

const LINE: &str = "\n\n@shop.example.com #123456";
const LANGUAGES: [&str; 14] =
    ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ar", "hi", "id", "ja", "zh"];

struct Case {
    brand: String,
    purpose: Purpose,
    transaction: Transaction,
    locale: &'static str,
    templates: Templates,
    presentation: Presentation,
}

impl Case {
    fn login(locale: &'static str) -> Self {
        Case {
            brand: "Example Shop".to_owned(),
            purpose: Purpose::Login,
            transaction: Transaction::default(),
            locale,
            templates: Templates::default(),
            presentation: Presentation::Page { host: "shop.example.com".parse().unwrap() },
        }
    }

    fn plan(&self, budget: &Budget) -> Plan {
        self.with_input(|input| plan(input, budget))
    }

    fn with_input<T>(&self, use_it: impl FnOnce(&MessageInput<'_>) -> T) -> T {
        use_it(&MessageInput {
            brand: &self.brand,
            purpose: &self.purpose,
            transaction: Some(&self.transaction),
            locale: &self.locale.parse().unwrap(),
            default_locale: &Locale::english(),
            templates: &self.templates,
            presentation: &self.presentation,
            code: &Code::fixed("123456"),
            minutes: 10,
        })
    }
}

fn euros(micros: u64) -> Price {
    Price::from_micros(micros, "EUR".parse().unwrap())
}

/// The measurements of delivery.md D: sentences of about seven words with the shop's name, and
/// what the origin line makes of them. Greek capitals that look like Latin ones are those: GSM-7 has no
/// others.
#[test]
fn the_segment_table_of_delivery_d() {
    let one = [
        "123456 is your Example Shop code. Never share it.",
        "123456 est votre code Example Shop. Ne le partagez pas.",
        "123456 ist Ihr Code bei Example Shop. Nicht weitergeben.",
        "123456 è il tuo codice Example Shop. Non condividerlo.",
        "123456 adalah kode Example Shop Anda. Jangan dibagikan.",
        "123456 es su codigo de Example Shop. No lo comparta.",
        "123456 O KΩΔIKOΣ ΣAΣ ΓIA TO Example Shop. MHN TON ΔΩΣETE",
        "123456 是您的Example Shop验证码，请勿告知他人。",
        "123456 はExample Shopの認証コードです。教えないで。",
        "123456 Example Shop 인증번호입니다. 공유하지 마세요.",
    ];
    let two = [
        "123456 es su código de Example Shop. No lo comparta.",
        "123456 é o seu código Example Shop. Não o partilhe.",
        "123456 to Twój kod Example Shop. Nie udostępniaj go.",
        "123456 Example Shop doğrulama kodunuz. Paylaşmayın.",
        "123456 je váš kód pro Example Shop. Nesdílejte jej.",
        "123456 είναι ο κωδικός σας για το Example Shop.",
        "123456 ваш код для Example Shop. Никому не говорите.",
        "رمز التحقق 123456 من Example Shop. لا تشاركه مع أحد",
        "123456 הוא הקוד שלך עבור Example Shop. אל תשתפו.",
        "123456 आपका Example Shop कोड है। किसी को न बताएँ।",
        "123456 คือรหัส Example Shop ของคุณ อย่าบอกใครเด็ดขาด",
        "123456 là mã Example Shop của bạn. Không chia sẻ.",
    ];
    let segments = |text: &str, ending: &str| Measure::of(&format!("{text}{ending}")).segments;
    for text in one {
        assert_eq!((segments(text, ""), segments(text, LINE)), (1, 1), "{text}");
    }
    for text in two {
        assert_eq!(Measure::of(text).encoding, Encoding::Ucs2, "{text}");
        assert_eq!((segments(text, ""), segments(text, LINE)), (1, 2), "{text}");
    }
    for text in &one[7..] {
        assert_eq!(segments(text, &format!("\n\nFA+9qCX9VSu{LINE}")), 2, "{text}");
    }
}

#[test]
fn every_language_fits_one_segment_with_the_last_line() {
    for locale in LANGUAGES {
        for word in ["login", "signup", "account_change", "order", "pickup"] {
            let case = Case { purpose: word.parse().unwrap(), ..Case::login(locale) };
            let plan = case.plan(&Budget::default());
            assert!(plan.fits(), "{locale} {word}: {:?}", plan.message.measure());
            assert!(plan.message.expose().ends_with(LINE), "{locale} {word}");
            let expected = if matches!(locale, "pt" | "ar" | "hi") { Form::Short } else { plan.form };
            assert_eq!(plan.form, expected, "{locale} {word}");
        }
    }
}

#[test]
fn the_full_text_stays_when_it_fits_and_the_choice_says_why_it_does_not() {
    assert_eq!(Case::login("en").plan(&Budget::default()).form, Form::Full);
    let plan = Case::login("ar").plan(&Budget::default());
    let seen: Vec<_> = plan.considered.iter().map(|c| (c.form, c.segments, c.verdict)).collect();
    assert_eq!(
        seen,
        [(Form::Full, Some(2), Verdict::TooManySegments), (Form::Short, Some(1), Verdict::Fits)]
    );
    let generous = Budget { max_segments: 2, ..Budget::default() };
    assert_eq!(Case::login("ar").plan(&generous).form, Form::Full);
}

#[test]
fn money_bounds_as_segments_do() {
    let budget = Budget {
        max_segments: 3,
        segment_price: Some(euros(7500)),
        max_cost: Some(euros(14_999)),
        ..Budget::default()
    };
    let plan = Case::login("hi").plan(&budget);
    assert_eq!((plan.form, plan.cost), (Form::Short, Some(euros(7500))));
    assert_eq!(plan.considered[0].verdict, Verdict::TooDear);
}

#[test]
fn accents_go_only_where_the_merchant_allows_it() {
    let refused = Budget { short: Permission::Refused, ..Budget::default() };
    let plan = Case::login("pt").plan(&refused);
    assert_eq!((plan.form, plan.fits()), (Form::Full, false));
    let allowed = Budget { accent_free: Permission::Allowed, ..refused };
    let plan = Case::login("pt").plan(&allowed);
    assert_eq!((plan.form, plan.fits()), (Form::FullPlain, true));
    assert!(plan.message.expose().starts_with("123456: codigo para entrar em Example Shop."));
}

#[test]
fn the_last_line_goes_only_for_who_is_no_browser() {
    let budget = Budget { short: Permission::Refused, ..Budget::default() };
    assert_eq!(Case::login("zh").plan(&budget).form, Form::Full);
    let long = Case { brand: "Ein sehr langer Name einer Firma".to_owned(), ..Case::login("ar") };
    let other = Budget { reader: Reader::Other, ..budget };
    let plan = Case::login("ar").plan(&other);
    assert_eq!((plan.form, plan.fits()), (Form::FullUnbound, true));
    assert!(!plan.message.expose().contains('@'));
    assert!(!long.plan(&budget).fits() && long.plan(&budget).message.expose().contains('@'));
    // An app that listens for its hash is no browser either, and needs its line.
    let hash = AppHash::try_from("FA+9qCX9VSu".to_owned()).unwrap();
    let app = Case { presentation: Presentation::App { hash }, brand: long.brand, ..Case::login("ar") };
    assert!(app.plan(&other).message.expose().contains("FA+9qCX9VSu"));
}

#[test]
fn an_apps_own_text_is_never_replaced() {
    let mut case = Case::login("pt");
    let own = "{code}: o código para entrar na sua loja {brand}, boas compras!";
    case.templates.set(Purpose::Login, "pt".parse().unwrap(), own.to_owned());
    let plan = case.plan(&Budget::default());
    assert_eq!((plan.form, plan.fits()), (Form::Full, false));
    assert!(plan.message.expose().contains("boas compras"));
}

#[test]
fn p7_a_short_payment_text_still_says_amount_and_payee_before_the_code() {
    for locale in LANGUAGES {
        let money = Some(Money::parse("49.90", "EUR".parse().unwrap()).unwrap());
        let payee = Some("Example GmbH".to_owned());
        let transaction = Transaction { money, payee, ..Transaction::default() };
        let case = Case { purpose: Purpose::Payment, transaction, ..Case::login(locale) };
        let plan = case.plan(&Budget { max_segments: 0, ..Budget::default() });
        assert!(!plan.fits());
        let text = plan.message.expose();
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{locale}: no {part} in {text}"));
        assert!(at("EUR 49.90") < at("123456") && at("Example GmbH") < at("123456"), "{locale}");
    }
}

#[test]
fn an_ascii_carrier_needs_letters_that_ascii_has() {
    let budget = Budget {
        alphabet: CarrierAlphabet::Ascii,
        short: Permission::Refused,
        accent_free: Permission::Allowed,
        ..Budget::default()
    };
    let case = Case { purpose: Purpose::AccountChange, ..Case::login("de") };
    let plan = case.plan(&budget);
    assert_eq!((plan.form, plan.fits()), (Form::FullPlain, true));
    assert!(plan.message.expose().is_ascii() && plan.message.expose().contains("zur Anderung"));
    let gsm = Budget { alphabet: CarrierAlphabet::Gsm, ..budget };
    assert_eq!(case.plan(&gsm).form, Form::Full, "GSM-7 has the umlaut");
}

#[test]
fn only_what_is_registered_is_sent() {
    let case = Case::login("en");
    let only = |words: &'static str| {
        move |message: &Message| {
            if message.expose().contains(words) { Ok(()) } else { Err(Verdict::NotRegistered) }
        }
    };
    let budget = Budget { max_segments: 3, ..Budget::default() };
    let short = case.with_input(|input| plan_admitted(input, &budget, &only("sign in code")));
    let short = short.unwrap_or_else(|_| panic!("the short text is registered"));
    assert_eq!((short.form, short.considered[0].verdict), (Form::Short, Verdict::NotRegistered));
    let none = case.with_input(|input| plan_admitted(input, &budget, &only("another text")));
    let Err(considered) = none else { panic!("nothing is registered") };
    assert!(considered.iter().all(|seen| seen.verdict != Verdict::Fits), "{considered:?}");
}

#[test]
fn words_of_the_timeline_are_those_of_the_record() {
    for form in Form::ALL {
        assert_eq!(serde_json::to_value(form).unwrap(), form.as_str());
    }
    for verdict in [Verdict::Fits, Verdict::TooManySegments, Verdict::NotRegistered, Verdict::NotCarried] {
        assert_eq!(serde_json::to_value(verdict).unwrap()["verdict"], verdict.as_str());
    }
}

fn alphabet() -> impl Strategy<Value = CarrierAlphabet> {
    prop_oneof![Just(CarrierAlphabet::Gsm), Just(CarrierAlphabet::Ascii), Just(CarrierAlphabet::Latin1)]
}

fn permission() -> impl Strategy<Value = Permission> {
    prop_oneof![Just(Permission::Allowed), Just(Permission::Refused)]
}

proptest! {
    #[test]
    fn p7_whatever_the_budget_a_payment_says_amount_and_payee_before_its_one_code(
        locale in proptest::sample::select(&LANGUAGES[..]),
        payee in "[A-Za-z]{3,20}", cents in 100_u64..10_000_000,
        max_segments in 0_usize..4, max_cost in 1_u64..40_000,
        short in permission(), accent_free in permission(), alphabet in alphabet(),
        reader in prop_oneof![Just(Reader::Browser), Just(Reader::Other)],
    ) {
        let money = Money::from_minor_units(cents, "EUR".parse().unwrap());
        let transaction =
            Transaction { money: Some(money), payee: Some(payee.clone()), ..Transaction::default() };
        let case = Case { purpose: Purpose::Payment, transaction, ..Case::login(locale) };
        let plan = case.plan(&Budget {
            max_segments, segment_price: Some(euros(7500)), max_cost: Some(euros(max_cost)),
            short, accent_free, alphabet, reader,
        });
        let text = plan.message.expose();
        let body = text.split("\n\n").next().unwrap();
        let at = |part: &str| body.find(part);
        let code = at("123456");
        prop_assert!(at(&money.to_string()).is_some_and(|at| Some(at) < code), "{}", text);
        prop_assert!(at(&payee).is_some_and(|at| Some(at) < code), "{}", text);
    }

    #[test]
    fn what_fits_never_exceeds_its_promise(
        brand in "[A-Za-zÀ-žА-я \u{4e00}-\u{4e20}😀]{1,30}",
        locale in proptest::sample::select(&LANGUAGES[..]),
        word in "(login|signup|payment|order|pickup)",
        max_segments in 1_usize..4, max_cost in 1_u64..40_000,
        short in permission(), accent_free in permission(),
        reader in prop_oneof![Just(Reader::Browser), Just(Reader::Other)],
        alphabet in alphabet(),
    ) {
        let case = Case { brand, purpose: word.parse().unwrap(), ..Case::login(locale) };
        let budget = Budget {
            max_segments,
            segment_price: Some(euros(7500)),
            max_cost: Some(euros(max_cost)),
            short,
            accent_free,
            alphabet,
            reader,
        };
        let plan = case.plan(&budget);
        let measure = Measure::on(plan.message.expose(), alphabet);
        prop_assert_eq!(measure, plan.message.measure(), "the promise is the measure of what is sent");
        prop_assert_eq!(plan.cost, Some(euros(7500).times(measure.segments)));
        if plan.fits() {
            prop_assert!(measure.segments <= max_segments);
            prop_assert!(plan.cost.unwrap() <= euros(max_cost));
        } else {
            let rendered = plan.considered.iter().filter_map(|considered| considered.segments).min();
            prop_assert_eq!(Some(measure.segments), rendered);
        }
        prop_assert!(plan.message.expose().contains("123456"));
        if reader == Reader::Browser {
            prop_assert!(plan.message.expose().ends_with(LINE));
        }
        if short == Permission::Refused {
            prop_assert!(!plan.form.is_short());
        }
    }
}
