//! India: a text has to be that of its registered template.
//!
//! Operators compare each message with the template that the shop registered (TRAI's distributed ledger,
//! DLT) and drop what differs; the last line for browsers counts, so it must be in the template. Some say
//! that spaces and punctuation are forgiven, others that a single character is not: here nothing is.

use std::collections::BTreeSet;

/// The most characters that may stand in for one `{#var#}`: what MSG91 documents for the DLT platform
/// (msg91.com/help, "SMS not matched with DLT template"; read 2026-11-23).
pub const MAX_VARIABLE_CHARS: usize = 40;

const VARIABLE: &str = "{#var#}";
/// More than a registered text of any operator has.
const MAX_TEMPLATE_CHARS: usize = 2000;

/// A registered template, with `{#var#}` where values go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DltTemplate {
    /// Text between variables: one more than there are variables.
    literals: Vec<String>,
}

/// A template that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDltTemplate {
    /// No place for the code.
    #[error("the template has no {{#var#}}: the code needs one")]
    NoVariable,
    /// Empty or too long.
    #[error("a template has 1 to {MAX_TEMPLATE_CHARS} characters")]
    Length,
    /// A variable in another notation.
    #[error("the template has a variable in another notation: DLT's is {{#var#}}")]
    Notation,
}

/// A text that is not that of its template. Says where, and nothing of the text: it holds a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text differs from its registered template from character {at} on; operators drop it")]
pub struct Mismatch {
    /// The character, counted from 0, up to which some part of the template fits.
    pub at: usize,
}

impl DltTemplate {
    /// Reads a template as it was registered.
    pub fn parse(template: &str) -> Result<Self, InvalidDltTemplate> {
        if !(1..=MAX_TEMPLATE_CHARS).contains(&template.chars().count()) {
            return Err(InvalidDltTemplate::Length);
        }
        let literals: Vec<String> = template.split(VARIABLE).map(str::to_owned).collect();
        if literals.iter().any(|text| text.contains("{#") || text.contains("#}") || text.contains("##")) {
            return Err(InvalidDltTemplate::Notation);
        }
        if literals.len() == 1 { Err(InvalidDltTemplate::NoVariable) } else { Ok(DltTemplate { literals }) }
    }

    /// Whether a text is the template with each variable filled by 1 to [`MAX_VARIABLE_CHARS`]
    /// characters.
    pub fn check(&self, text: &str) -> Result<(), Mismatch> {
        let text: Vec<char> = text.chars().collect();
        let mut furthest = 0;
        // Every place up to which some filling of the template fits. At most as many as characters.
        let mut places = BTreeSet::from([0]);
        for (position, literal) in self.literals.iter().enumerate() {
            let literal: Vec<char> = literal.chars().collect();
            if position > 0 {
                places = places
                    .iter()
                    .flat_map(|&place| place + 1..=(place + MAX_VARIABLE_CHARS).min(text.len()))
                    .collect();
            }
            let mut after = BTreeSet::new();
            for place in places {
                let same = literal.iter().zip(&text[place..]).take_while(|(a, b)| a == b).count();
                furthest = furthest.max(place + same);
                if same == literal.len() {
                    after.insert(place + same);
                }
            }
            places = after;
        }
        if places.contains(&text.len()) { Ok(()) } else { Err(Mismatch { at: furthest.min(text.len()) }) }
    }
}

impl std::str::FromStr for DltTemplate {
    type Err = InvalidDltTemplate;

    fn from_str(template: &str) -> Result<Self, InvalidDltTemplate> {
        DltTemplate::parse(template)
    }
}

impl<'de> serde::Deserialize<'de> for DltTemplate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(template: &str, text: &str) -> Result<(), Mismatch> {
        DltTemplate::parse(template).unwrap().check(text)
    }

    #[test]
    fn the_text_is_the_template_filled_in_and_nothing_else() {
        let template = "{#var#} is your MyShop code. Do not share it.";
        assert_eq!(check(template, "123456 is your MyShop code. Do not share it."), Ok(()));
        for wrong in [
            "123456 is your MyShop code. Do not share it",
            "123456 is your MyShop code.  Do not share it.",
            " is your MyShop code. Do not share it.",
            "123456 is your Myshop code. Do not share it.",
            "123456 is your MyShop code. Do not share it.\n\n@shop.example #123456",
        ] {
            assert!(check(template, wrong).is_err(), "{wrong}");
        }
        let with_line = "{#var#} is your MyShop code.\n\n@shop.example #{#var#}";
        assert_eq!(check(with_line, "123456 is your MyShop code.\n\n@shop.example #123456"), Ok(()));
    }

    #[test]
    fn a_value_has_a_longest_length_and_variables_may_adjoin() {
        assert_eq!(check("Code {#var#}.", &format!("Code {}.", "1".repeat(40))), Ok(()));
        assert!(check("Code {#var#}.", &format!("Code {}.", "1".repeat(41))).is_err());
        assert_eq!(check("Code {#var#}{#var#}.", &format!("Code {}.", "1".repeat(80))), Ok(()));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert_eq!(DltTemplate::parse("Hello"), Err(InvalidDltTemplate::NoVariable));
        assert_eq!(DltTemplate::parse(""), Err(InvalidDltTemplate::Length));
        for wrong in ["##OTP## is it", "{#VAR#} is it", "{#var#} and {#num#}"] {
            assert_eq!(DltTemplate::parse(wrong), Err(InvalidDltTemplate::Notation), "{wrong}");
        }
    }

    #[test]
    fn the_error_says_where_and_not_what() {
        let error = check("{#var#} is your code", "123456 was your code").unwrap_err();
        assert!(!error.to_string().contains("123456"), "{error}");
    }

    proptest! {
        #[test]
        fn every_filling_matches(
            literals in proptest::collection::vec("[a-c ]{0,6}", 2..5),
            values in proptest::collection::vec("[a-c0-9 ]{1,40}", 5),
        ) {
            let template = literals.join(VARIABLE);
            let mut text = literals[0].clone();
            for (literal, value) in literals[1..].iter().zip(&values) {
                text.push_str(value);
                text.push_str(literal);
            }
            prop_assert_eq!(check(&template, &text), Ok(()));
        }

        #[test]
        fn nothing_panics(template in "\\PC{0,40}", text in "\\PC{0,60}") {
            if let Ok(template) = DltTemplate::parse(&template) {
                let _ = template.check(&text);
            }
        }
    }
}
