use proptest::prelude::*;

use super::*;

fn cleaned(value: &str) -> String {
    clean(value, HostNames::Refused, MAX_VALUE_UNITS).into_owned()
}

#[test]
fn ordinary_names_pass_unchanged() {
    for name in [
        "Shop GmbH",
        "Müller GmbH & Co.KG",
        "Café Ünal",
        "株式会社ショップ",
        "متجر الأمل",
        "दुकान",
        "दिल्ली क्\u{200d}ष",
        "order_1042",
        "#1042",
        "2024-0000-0042",
        "AT&T",
        "A/S Bryggeri",
        "Plus+",
    ] {
        assert_eq!(check_value(name), Ok(()), "{name}");
        assert_eq!(cleaned(name), name);
    }
}

#[test]
fn smuggled_values_are_refused_and_made_harmless() {
    for (value, problem, harmless) in [
        ("", ValueProblem::Empty, ""),
        ("  \u{200d}\u{fe0f} ", ValueProblem::Empty, ""),
        ("Shop\n\n@evil.example #123456", ValueProblem::Control, "Shop evil example #123456"),
        ("Shop\u{2028}x", ValueProblem::Control, "Shop x"),
        ("Shop\0x", ValueProblem::Control, "Shop x"),
        ("Shop\u{202e}xyz", ValueProblem::Invisible, "Shopxyz"),
        ("Sh\u{200b}op", ValueProblem::Invisible, "Shop"),
        ("\u{2067}Shop\u{2069}", ValueProblem::Invisible, "Shop"),
        ("Shop @evil.example #123456", ValueProblem::At, "Shop evil example #123456"),
        ("me\u{ff20}home", ValueProblem::At, "me home"),
        ("evil.com", ValueProblem::Link, "evil com"),
        ("go https://evil.com/a.b?c", ValueProblem::Link, "go https evil com a b?c"),
        ("Shop bit.ly/abc", ValueProblem::Link, "Shop bit ly abc"),
        ("4111 1111 1111 1111", ValueProblem::CardNumber, "**** **** **** ****"),
        ("evil.com4111 1111 1111 1111", ValueProblem::CardNumber, "evil com**** **** **** ****"),
        ("://\u{200d}", ValueProblem::Link, ""),
        ("tx-4111111111111111", ValueProblem::CardNumber, "tx-****************"),
    ] {
        assert_eq!(check_value(value), Err(problem), "{value:?}");
        assert_eq!(cleaned(value), harmless, "{value:?}");
    }
}

#[test]
fn a_value_joins_no_word_before_it() {
    for (value, harmless) in
        [(".com/win", "com/win"), ("@.com", "com"), ("\u{200d}\u{202e} .com", "com"), ("://x .com", "x .com")]
    {
        assert_eq!(cleaned(value), harmless, "{value:?}");
    }
}

#[test]
fn c4_no_card_number_is_bound_or_sent() {
    assert_eq!(check_value("5555-5555-5555-4444"), Err(ValueProblem::CardNumber));
    assert_eq!(check_brand("5555-5555-5555-4444"), Err(ValueProblem::CardNumber));
    assert!(!cleaned("5555-5555-5555-4444").contains('5'));
}

#[test]
fn a_brand_may_be_a_host_name_and_nothing_more() {
    assert_eq!(check_brand("Shop.example"), Ok(()));
    assert_eq!(clean("Shop.example", HostNames::Allowed, MAX_BRAND_UNITS), "Shop.example");
    assert_eq!(check_value("Shop.example"), Err(ValueProblem::Link));
    for wrong in ["https://shop.example", "shop.example/x", "www.shop.example"] {
        assert_eq!(check_brand(wrong), Err(ValueProblem::Link), "{wrong}");
    }
    assert_eq!(clean("shop.example/x", HostNames::Allowed, MAX_BRAND_UNITS), "shop example x");
}

#[test]
fn typographic_punctuation_does_not_cost_a_segment() {
    assert_eq!(cleaned("Joe\u{2019}s \u{201c}Diner\u{201d}\u{a0}\u{2013} Bar"), "Joe's \"Diner\" - Bar");
}

#[test]
fn long_values_are_cut_between_characters() {
    assert_eq!(cleaned(&"a".repeat(41)), format!("{}...", "a".repeat(37)));
    assert_eq!(cleaned(&"😀".repeat(21)), format!("{}...", "😀".repeat(18)));
    assert_eq!(cleaned(&"a".repeat(40)), "a".repeat(40));
}

fn hostile() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        Just("@".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("evil.com".to_owned()),
        Just("://".to_owned()),
        Just("www.".to_owned()),
        Just("#123456".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{200d}".to_owned()),
        Just("4111 1111 1111 1111".to_owned()),
        Just("...".to_owned()),
        "[.:/a-z]{1,6}",
        "\\PC{0,6}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(bits, 0..12).prop_map(|bits| bits.concat())
}

proptest! {
    #[test]
    fn whatever_comes_in_what_goes_out_is_harmless(value in hostile()) {
        let text = cleaned(&value);
        prop_assert!(text.encode_utf16().count() <= MAX_VALUE_UNITS);
        prop_assert!(!text.chars().any(|c| is_line_break_or_control(c) || is_invisible(c) || is_at(c)), "{text:?}");
        prop_assert_eq!(link::find(&text, Certainty::Suspected), None);
        prop_assert_eq!(pan::find_card_number(&text), None);
        prop_assert!(!text.contains("  ") && text.trim() == text, "{text:?}");
        prop_assert!(text.is_empty() || check_value(&text).is_ok(), "{text:?}");
        prop_assert_eq!(cleaned(&text), text);
    }

    #[test]
    fn the_fast_path_changes_nothing(value in "[A-Za-z0-9 &'_-]{1,48}") {
        let slow = cleaned(&format!("{value}\u{200b}"));
        prop_assert_eq!(cleaned(&value), slow);
    }
}
