//! The ids of service centres, which write the same one in several ways.
//!
//! A response may say `1A2B` and the receipt `0000006699`: hexadecimal here, decimal there, with zeros
//! in front or in the other case.

use serde::Deserialize;

use crate::provider::Reference;

/// How a receipt writes an id, beside the response to the submission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdForm {
    /// Not known: every way is tried, the plain one first.
    #[default]
    Auto,
    /// As the response.
    Same,
    /// In hexadecimal, where the response is decimal.
    ReceiptHex,
    /// In decimal, where the response is hexadecimal.
    ReceiptDecimal,
}

/// An id in one form: trimmed, in lower case, without zeros in front.
pub fn canonical(id: &str) -> String {
    let is_blank = |c: char| c == '\0' || c.is_whitespace();
    let trimmed = id.trim_matches(is_blank);
    // Blanks may stand behind those zeros: what is canonical stays as it is.
    let bare = trimmed.trim_start_matches(|c| c == '0' || is_blank(c));
    // An id of zeros is an id.
    if bare.is_empty() && !trimmed.is_empty() { "0".to_owned() } else { bare.to_ascii_lowercase() }
}

/// Under which canonical ids a receipt's submission may be known: likeliest first, no two alike; none
/// for an empty id.
pub fn candidates(id: &str, form: IdForm) -> Vec<String> {
    let plain = canonical(id);
    if plain.is_empty() {
        return Vec::new();
    }
    let to_decimal = || u128::from_str_radix(&plain, 16).ok().map(|value| value.to_string());
    let to_hex = || plain.parse::<u128>().ok().map(|value| format!("{value:x}"));
    let mut all = match form {
        IdForm::Same => vec![],
        IdForm::ReceiptHex => to_decimal().into_iter().collect(),
        IdForm::ReceiptDecimal => to_hex().into_iter().collect(),
        // Read as decimal first: hexadecimal ids of receipts mostly have a letter in them.
        IdForm::Auto => [to_hex(), to_decimal()].into_iter().flatten().collect::<Vec<_>>(),
    };
    match form {
        IdForm::Auto | IdForm::Same => all.insert(0, plain),
        IdForm::ReceiptHex | IdForm::ReceiptDecimal => all.push(plain),
    }
    let mut seen = Vec::with_capacity(all.len());
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

/// How an id may stand among references that were kept as responses wrote them: as it is, and in its canonical
/// forms in either case. Likeliest first, no two alike.
pub(super) fn as_kept(id: &str, form: IdForm) -> Vec<String> {
    let written = reference(id.as_bytes()).map(String::from);
    let canonical = candidates(id, form).into_iter().flat_map(|one| [one.to_ascii_uppercase(), one]);
    let mut seen = Vec::new();
    for one in written.into_iter().chain(canonical) {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

/// An id as a [`Reference`]: what is neither visible nor ASCII becomes `?`, and what is too long is cut.
/// Nothing for an empty id.
pub(super) fn reference(id: &[u8]) -> Option<Reference> {
    let id = id.trim_ascii();
    let shown = id.iter().take(Reference::MAX_BYTES);
    let text: String =
        shown.map(|octet| if octet.is_ascii_graphic() { char::from(*octet) } else { '?' }).collect();
    Reference::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_id_has_one_canonical_form() {
        for id in ["1a2b", "1A2B", "00001A2b", " 1a2b ", "1a2b\0"] {
            assert_eq!(canonical(id), "1a2b", "{id:?}");
        }
        assert_eq!(canonical("000"), "0");
        // As a text in UCS-2 that was not taken for one.
        assert_eq!(canonical("0\u{0}0\u{0}7"), "7");
        assert_eq!(canonical(""), "");
    }

    #[test]
    fn hexadecimal_and_decimal_meet_both_ways() {
        assert_eq!(candidates("0000006699", IdForm::Auto), ["6699", "1a2b", "26265"]);
        assert_eq!(candidates("1A2B", IdForm::Auto), ["1a2b", "6699"]);
        assert_eq!(candidates("10", IdForm::ReceiptHex), ["16", "10"]);
        assert_eq!(candidates("16", IdForm::ReceiptDecimal), ["10", "16"]);
        assert_eq!(candidates("10", IdForm::Same), ["10"]);
        assert_eq!(candidates("5", IdForm::Auto), ["5"]);
        assert_eq!(candidates("msg_id_not_implemented", IdForm::Auto), ["msg_id_not_implemented"]);
        assert_eq!(candidates(" ", IdForm::Auto), Vec::<String>::new());
    }

    #[test]
    fn what_was_kept_is_found_as_it_was_written() {
        let kept = |id| as_kept(id, IdForm::Auto);
        assert!(kept("0000006699").contains(&"0000006699".to_owned()));
        assert!(kept("6699").contains(&"1A2B".to_owned()) && kept("1a2b").contains(&"1A2B".to_owned()));
        assert_eq!(kept("7"), ["7"]);
        assert_eq!(kept(""), Vec::<String>::new());
    }

    #[test]
    fn any_id_makes_a_reference_that_can_be_kept() {
        assert_eq!(reference(b"17a").unwrap().as_str(), "17a");
        assert_eq!(reference(b"\xe917").unwrap().as_str(), "?17");
        assert_eq!(reference(&[b'7'; 200]).unwrap().as_str().len(), 128);
        assert_eq!(reference(b""), None);
    }

    proptest! {
        #[test]
        fn a_receipt_meets_its_response(value: u128, zeros in 0_usize..8, upper: bool, both in 0_u8..4) {
            let (decimal, hex) = (value.to_string(), format!("{value:x}"));
            let response = if both & 1 == 0 { &decimal } else { &hex };
            let receipt = if both & 2 == 0 { decimal.clone() } else { hex.clone() };
            let receipt = if upper { receipt.to_uppercase() } else { receipt };
            let receipt = format!("{}{receipt}", "0".repeat(zeros));
            prop_assert!(candidates(&receipt, IdForm::Auto).contains(&canonical(response)));
        }

        #[test]
        fn any_id_is_taken_without_panic(id: String) {
            prop_assert!(candidates(&id, IdForm::Auto).len() <= 3);
        }
    }
}
