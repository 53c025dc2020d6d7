//! Telephone numbers, as people write them.

use std::collections::BTreeSet;

use countersign_core::phone::{Country, E164, InvalidPhone, NumberType};
use countersign_core::policy::Policy;
use proptest::prelude::*;

const GOLDEN: &str = include_str!("../phones.tsv");

/// A line of the golden file.
struct Line<'a> {
    input: String,
    region: Option<Country>,
    expected: &'a str,
    country: &'a str,
    number_type: &'a str,
}

fn lines() -> impl Iterator<Item = Line<'static>> {
    GOLDEN.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [input, region, expected, country, number_type] = fields[..] else {
            panic!("five fields: {line}")
        };
        Line {
            input: unescape(input),
            region: (region != "-").then(|| region.parse().unwrap()),
            expected,
            country,
            number_type,
        }
    })
}

/// `\u{200b}` in the file is the character itself.
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}

fn word<T: serde::Serialize>(value: T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

const fn reason(error: InvalidPhone) -> &'static str {
    match error {
        InvalidPhone::NotANumber => "not_a_number",
        InvalidPhone::NoCountry => "no_country",
        InvalidPhone::Impossible => "impossible",
    }
}

#[test]
fn every_number_of_the_golden_file_is_read_as_written_there() {
    let mut wrong = Vec::new();
    for line in lines() {
        let found = match E164::parse(&line.input, line.region) {
            Ok(phone) => [
                phone.expose().to_owned(),
                phone.country().map_or("-".to_owned(), |country| country.to_string()),
                word(phone.number_type()),
            ],
            Err(error) => [reason(error), "-", "-"].map(str::to_owned),
        };
        let expected = [line.expected, line.country, line.number_type].map(str::to_owned);
        if found != expected {
            wrong.push(format!("{:?} {:?}: {found:?}, expected {expected:?}", line.input, line.region));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines().count() >= 200);
}

#[test]
fn the_golden_file_has_every_type_that_a_policy_can_refuse_and_every_reason() {
    let types: BTreeSet<&str> = lines().map(|line| line.number_type).collect();
    for number_type in Policy::default().refused_number_types {
        assert!(types.contains(word(number_type).as_str()), "{number_type:?}");
    }
    let refused: BTreeSet<&str> = lines().map(|line| line.expected).filter(|e| !e.starts_with('+')).collect();
    assert_eq!(refused, BTreeSet::from(["impossible", "no_country", "not_a_number"]));
}

#[test]
fn a_number_read_is_read_again_from_its_own_digits_as_the_same() {
    for phone in lines().filter_map(|line| E164::parse(&line.input, line.region).ok()) {
        let again = E164::parse(phone.expose(), None).unwrap();
        assert!(again == phone, "{phone:?}");
        assert!(E164::parse_fictional(phone.expose(), None).unwrap() == phone, "{phone:?}");
    }
}

#[test]
fn a_number_that_exists_has_a_type_and_a_country_or_is_international() {
    for phone in lines().filter_map(|line| E164::parse(&line.input, line.region).ok()) {
        assert_ne!(phone.number_type(), NumberType::Unknown, "{phone:?}");
        let international = ["+8", "+979"].iter().any(|code| phone.expose().starts_with(code));
        assert!(phone.country().is_some() || international, "{phone:?}");
    }
}

#[test]
fn i12_printing_a_number_hides_all_but_its_code_and_three_digits() {
    for (number, masked) in [
        ("+447700900123", "+44•••••••123"),
        ("+4915112345678", "+49••••••••678"),
        ("+12015550123", "+1•••••••123"),
        ("+35841234567", "+358•••••567"),
    ] {
        let phone = E164::parse_fictional(number, None).unwrap();
        assert_eq!(phone.masked(), masked);
        assert_eq!(format!("{phone:?}"), masked);
    }
    for phone in lines().filter_map(|line| E164::parse(&line.input, line.region).ok()) {
        let hidden = phone.masked().chars().filter(|&c| c == '•').count();
        assert!(hidden >= 3, "{phone:?}");
    }
}

#[test]
fn numbers_reserved_for_fiction_are_read_only_where_they_may_be() {
    for number in ["+447700900000", "+447700900123", "+447700900999"] {
        assert_eq!(E164::parse(number, None).unwrap_err(), InvalidPhone::Impossible);
        let phone = E164::parse_fictional(number, None).unwrap();
        assert_eq!(
            (phone.country(), phone.number_type()),
            (Some("GB".parse().unwrap()), NumberType::Unknown)
        );
    }
    assert_eq!(E164::parse_fictional("+44770090", None).unwrap_err(), InvalidPhone::Impossible);
}

#[test]
fn i12_no_error_repeats_the_number() {
    for line in lines().filter(|line| line.input.len() > 5) {
        if let Err(error) = E164::parse(&line.input, line.region) {
            assert!(!format!("{error} {error:?}").contains(&line.input));
        }
    }
}

#[test]
fn countries_are_two_capital_letters_with_a_plan() {
    for wrong in ["", "D", "de", "De", "DEU", "ZZ", "001", "XX", "Ä", "D1", "E\u{301}"] {
        assert!(wrong.parse::<Country>().is_err(), "{wrong}");
    }
    for country in ["DE", "US", "GG", "AX", "SJ", "VA", "XK"] {
        assert_eq!(country.parse::<Country>().map(|c| c.to_string()).as_deref(), Ok(country));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_that_is_typed_makes_reading_panic(
        text in prop_oneof![
            "\\PC{0,40}",
            "[+0-9 ()./;x#,*-]{0,64}",
            "\\+[0-9]{1,18}",
            "(tel:)?\\+?[0-9-]{0,12}(;ext=|;phone-context=|;isub=)[+0-9a-z.]{0,12}",
            any::<String>(),
        ],
        region in proptest::option::of(proptest::sample::select(vec!["DE", "US", "IT", "AR", "MX", "BR", "GB", "RU"])),
    ) {
        let region = region.map(|region| region.parse().unwrap());
        for read in [E164::parse(&text, region), E164::parse_fictional(&text, region)] {
            let Ok(phone) = read else { continue };
            prop_assert!(phone.expose().starts_with('+'));
            prop_assert!((4..=16).contains(&phone.expose().len()), "{}", phone.expose().len());
            prop_assert!(phone.expose()[1..].bytes().all(|b| b.is_ascii_digit()));
            prop_assert!(phone.masked().contains('•'));
        }
    }

    #[test]
    fn what_exists_is_read_again_as_itself(line in 0_usize..10_000, from in 3_usize..12, digits in "[0-9]{6}") {
        let valid: Vec<&str> = GOLDEN.lines().filter_map(|line| line.split('\t').nth(2)).filter(|e| e.starts_with('+')).collect();
        let number = valid[line % valid.len()];
        let from = from.min(number.len());
        let to = (from + digits.len()).min(number.len());
        let changed = format!("{}{}{}", &number[..from], &digits[..to - from], &number[to..]);
        if let Ok(phone) = E164::parse(&changed, None) {
            prop_assert!(E164::parse_fictional(phone.expose(), None) == Ok(phone));
        }
    }

    /// What is sealed must open again: a number that is accepted is read back from its own digits.
    #[test]
    fn what_is_accepted_is_accepted_again(text in "\\+[0-9]{4,17}") {
        if let Ok(phone) = E164::parse_fictional(&text, None) {
            let again = E164::parse_fictional(phone.expose(), None);
            prop_assert!(again == Ok(phone));
        }
    }
}

#[test]
fn a_country_knows_what_is_dialled_before_its_numbers() {
    let code = |country: &str| country.parse::<countersign_core::phone::Country>().unwrap().calling_code();
    assert_eq!((code("DE"), code("GB"), code("US"), code("CA")), (Some(49), Some(44), Some(1), Some(1)));
}
