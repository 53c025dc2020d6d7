//! Numbers that look like a payment card's (PCI DSS; requirements C4).

use std::ops::Range;

/// The shortest primary account number (ISO/IEC 7812-1: up to 19 digits; 12 are in use).
pub(super) const MIN_DIGITS: usize = 12;
const MAX_DIGITS: usize = 19;

/// The bytes of the first number of 12–19 digits that passes the Luhn check, written together or in
/// groups with single spaces, dashes or points between them. For texts that an author can mend: one in ten of all numbers passes.
pub(super) fn find_luhn_valid(text: &str) -> Option<Range<usize>> {
    find(text, is_luhn_valid)
}

/// As [`find_luhn_valid`], but only what a card scheme issues, so that the order numbers and
/// timestamps of a shop are not refused one time in ten.
pub(super) fn find_card_number(text: &str) -> Option<Range<usize>> {
    find(text, |digits| is_issued(digits) && is_luhn_valid(digits))
}

fn find(text: &str, matches: impl Fn(&[u8]) -> bool) -> Option<Range<usize>> {
    let groups = digit_groups(text);
    for (first, start) in groups.iter().enumerate() {
        let mut digits = Vec::with_capacity(MAX_DIGITS);
        let mut previous_end = start.start;
        for group in &groups[first..] {
            if group.start > previous_end && !is_separator(&text[previous_end..group.start]) {
                break;
            }
            digits.extend(
                text[group.clone()]
                    .chars()
                    .filter_map(|c| c.to_digit(10))
                    .filter_map(|d| u8::try_from(d).ok()),
            );
            previous_end = group.end;
            if digits.len() > MAX_DIGITS {
                break;
            }
            if digits.len() >= MIN_DIGITS && matches(&digits) {
                return Some(start.start..group.end);
            }
        }
    }
    None
}

/// Maximal runs of ASCII digits.
fn digit_groups(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (position, _) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match groups.last_mut() {
            Some(group) if group.end == position => group.end += 1,
            _ => groups.push(position..position + 1),
        }
    }
    groups
}

fn is_separator(between: &str) -> bool {
    let mut characters = between.chars();
    let Some(first) = characters.next() else { return false };
    let separates = first.is_whitespace() || matches!(first, '-' | '.' | '/' | '_' | '\u{2010}'..='\u{2015}');
    separates && characters.next().is_none()
}

fn is_luhn_valid(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) if digit < 5 => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|&digit| digit != 0)
}

/// Whether a card scheme issues numbers with this beginning and length. From memory of the schemes'
/// public ranges: American Express, Diners Club, Discover, JCB, Maestro, Mastercard, Mir, RuPay,
/// Troy, UnionPay and Visa.
fn is_issued(digits: &[u8]) -> bool {
    let prefix = digits.iter().take(4).fold(0_u32, |number, &digit| number * 10 + u32::from(digit));
    let lengths = match prefix {
        3400..=3499 | 3700..=3799 => 15..=15,
        5100..=5599 | 2221..=2720 => 16..=16,
        4000..=4999 => 13..=19,
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => 14..=19,
        2200..=2205 | 3528..=3589 | 8100..=8199 | 9792 => 16..=19,
        5000..=5099 | 5600..=5899 | 6000..=6999 => 12..=19,
        _ => return false,
    };
    lengths.contains(&digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn c4_card_numbers_are_found_however_they_are_written() {
        for text in [
            "4111111111111111",
            "card 4111 1111 1111 1111 please",
            "5555-5555-5555-4444",
            "3782 822463 10005",
            "ref 7 4111 1111 1111 1111",
            "6011\u{a0}1111.1111/1117",
            "x4111111111111111x",
            "501800000009",
        ] {
            assert!(find_card_number(text).is_some(), "{text}");
            assert!(find_luhn_valid(text).is_some(), "{text}");
        }
        assert_eq!(find_card_number("a 4111 1111 1111 1111 b"), Some(2..21));
    }

    #[test]
    fn other_numbers_pass() {
        for text in [
            "",
            "4111111111111112",
            "12345678901",
            "41111111111111111111111",
            "0000000000000000",
            "order 1042",
            "4111  1111, 1111 1111",
        ] {
            assert_eq!(find_card_number(text), None, "{text}");
            assert_eq!(find_luhn_valid(text), None, "{text}");
        }
        // One of ten timestamps is Luhn-valid by chance, but no scheme issues it.
        let timestamps = (0..10).map(|digit| format!("2024013112345{digit}"));
        assert_eq!(timestamps.clone().filter(|number| find_luhn_valid(number).is_some()).count(), 1);
        assert_eq!(timestamps.filter(|number| find_card_number(number).is_some()).count(), 0);
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_is_valid(body in "[1-9][0-9]{10,17}") {
            let valid = (0..10).filter(|digit| find_luhn_valid(&format!("{body}{digit}")).is_some()).count();
            prop_assert_eq!(valid, 1);
        }

        #[test]
        fn finding_never_fails_on_any_text(text in "[\\PC0-9 -]{0,80}") {
            if let Some(range) = find_luhn_valid(&text) {
                prop_assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
                prop_assert!(text[range].bytes().filter(u8::is_ascii_digit).count() >= MIN_DIGITS);
            }
        }
    }
}
