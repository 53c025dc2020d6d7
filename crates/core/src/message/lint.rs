//! What an app's own text must and must not have.

use super::encoding::{Encoding, Measure};
use super::link::{self, Certainty};
use super::pan;
use super::template::{self, BadBraces, Piece, Variable};
use super::value;
use crate::code::CodeFormat;
use crate::purpose::Purpose;

/// The longest text, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 800;
/// Segments that a text may take with values of ordinary length and a last line. Each is charged.
pub const MAX_TEMPLATE_SEGMENTS: usize = 2;

/// Values of ordinary length, on the long side: what the number of segments is reckoned with.
const ORDINARY_NAME: &str = "xxxxxxxxxxxxxxxxxxxxxxxx";
const ORDINARY_AMOUNT: &str = "EUR 12345.67";
const ORDINARY_MINUTES: &str = "10";
const ORDINARY_CODE: &str = "0000000000";
const ORDINARY_HOST: &str = "\n\n@verify.shop.example #";

/// Why a text is refused, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// Nothing in it.
    #[error("is empty: remove it to use the built-in text")]
    Empty,
    /// More than [`MAX_TEMPLATE_BYTES`].
    #[error("has {bytes} bytes, the most is {MAX_TEMPLATE_BYTES}: shorten it")]
    TooLong {
        /// What it has.
        bytes: usize,
    },
    /// A line break, a tab or the like.
    #[error(
        "has a line break or another control character: write it on one line; Countersign adds the last line that browsers read"
    )]
    Control,
    /// A character that changes the direction of text or cannot be seen.
    #[error(
        "has the invisible character U+{code_point:04X}: remove it; Countersign's order of words needs no direction marks"
    )]
    Invisible {
        /// Which.
        code_point: u32,
    },
    /// Space before or after the text.
    #[error("begins or ends with a space: remove it")]
    OuterSpace,
    /// A brace without its partner.
    #[error(
        "has a brace without its partner: a variable is written like {{code}}, and there are no other braces"
    )]
    Braces,
    /// A variable that does not exist.
    #[error("has the unknown variable {{{name}}}: there are {known}", known = known_variables())]
    UnknownVariable {
        /// What stands between its braces, cut at 32 characters.
        name: String,
    },
    /// A variable that this purpose cannot do without.
    #[error("has no {{{}}}: {}", variable.name(), why_needed(*variable))]
    Missing {
        /// Which.
        variable: Variable,
    },
    /// A variable that stands twice.
    #[error("has {{{}}} more than once: keep one", variable.name())]
    Repeated {
        /// Which.
        variable: Variable,
    },
    /// The code stuck to something that would be read as a part of it.
    #[error(
        "has {{code}} right beside a letter, digit, dash, # or variable: put a space between, or phones and people take it for a part of the code"
    )]
    CodeTouches,
    /// An `@`.
    #[error(
        "has an @, which in a message marks the site a code is for: remove it; Countersign adds that line itself"
    )]
    At,
    /// Something that phones make a link of.
    #[error(
        "has \"{found}\", which phones turn into a link: a message with a code carries none, so that customers learn to trust none; if it is no link, put a space after the full stop"
    )]
    Link {
        /// The word, variables shown as `x`.
        found: String,
    },
    /// Digits that pass for a card number.
    #[error("has a number that could be a card number: remove it (PCI DSS)")]
    CardNumber,
    /// More than [`MAX_TEMPLATE_SEGMENTS`].
    #[error("takes {segments} SMS with ordinary names and a last line, the most is {MAX_TEMPLATE_SEGMENTS}: shorten it{}", costly_hint(*costly))]
    TooManySegments {
        /// How many.
        segments: usize,
        /// The first character that keeps the text out of GSM-7, if one does.
        costly: Option<char>,
    },
}

fn known_variables() -> String {
    let names: Vec<String> =
        Variable::ALL.iter().map(|variable| format!("{{{}}}", variable.name())).collect();
    names.join(", ")
}

const fn why_needed(variable: Variable) -> &'static str {
    match variable {
        Variable::Code => "without it the message is of no use",
        Variable::Amount | Variable::Payee => {
            "who approves a payment sees amount and payee (PSD2 RTS Art 5(1)(a)); the built-in text is used when a transaction lacks one"
        }
        Variable::Brand | Variable::Minutes | Variable::Transaction => "it is needed here",
    }
}

fn costly_hint(costly: Option<char>) -> String {
    match costly {
        Some(character) => format!(
            ", or write it without '{character}', which is not in the GSM alphabet and halves what fits"
        ),
        None => String::new(),
    }
}

/// Checks one text. Gives what it costs with values of ordinary length and a last line.
pub fn lint(purpose: &Purpose, text: &str, code: CodeFormat) -> Result<Measure, TemplateProblem> {
    characters(text)?;
    let pieces = read(text)?;
    variables(purpose, &pieces)?;
    code_stands_alone(&pieces)?;
    content(text)?;
    cost(text, code)
}

fn characters(text: &str) -> Result<(), TemplateProblem> {
    if text.trim().is_empty() {
        return Err(TemplateProblem::Empty);
    }
    if text.len() > MAX_TEMPLATE_BYTES {
        return Err(TemplateProblem::TooLong { bytes: text.len() });
    }
    if text.chars().any(value::is_line_break_or_control) {
        return Err(TemplateProblem::Control);
    }
    if let Some(character) = text.chars().find(|c| value::is_invisible(*c)) {
        return Err(TemplateProblem::Invisible { code_point: u32::from(character) });
    }
    if text.trim() != text {
        return Err(TemplateProblem::OuterSpace);
    }
    Ok(())
}

fn read(text: &str) -> Result<Vec<Piece<'_>>, TemplateProblem> {
    template::pieces(text).collect::<Result<_, _>>().map_err(|bad| match bad {
        BadBraces::Unbalanced => TemplateProblem::Braces,
        BadBraces::Unknown(name) => TemplateProblem::UnknownVariable { name },
    })
}

fn variables(purpose: &Purpose, pieces: &[Piece<'_>]) -> Result<(), TemplateProblem> {
    let times = |variable| pieces.iter().filter(|piece| **piece == Piece::Variable(variable)).count();
    let needed: &[Variable] = match purpose {
        Purpose::Payment => &[Variable::Code, Variable::Amount, Variable::Payee],
        _ => &[Variable::Code],
    };
    if let Some(&variable) = needed.iter().find(|variable| times(**variable) == 0) {
        return Err(TemplateProblem::Missing { variable });
    }
    match Variable::ALL.into_iter().find(|variable| times(*variable) > 1) {
        Some(variable) => Err(TemplateProblem::Repeated { variable }),
        None => Ok(()),
    }
}

fn code_stands_alone(pieces: &[Piece<'_>]) -> Result<(), TemplateProblem> {
    let sticks =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '#' | '\u{200c}' | '\u{200d}');
    let code = Piece::Variable(Variable::Code);
    let touches = pieces.windows(2).any(|pair| match pair {
        [Piece::Variable(_), Piece::Variable(_)] => pair.contains(&code),
        [Piece::Literal(before), after] if *after == code => before.ends_with(sticks),
        [before, Piece::Literal(after)] if *before == code => after.starts_with(sticks),
        _ => false,
    });
    if touches { Err(TemplateProblem::CodeTouches) } else { Ok(()) }
}

fn content(text: &str) -> Result<(), TemplateProblem> {
    // A variable stands for a word, so that `{brand}.com` is found too.
    let filled = template::fill(text, &[], |_| "x").ok_or(TemplateProblem::Braces)?;
    if filled.contains(value::is_at) {
        return Err(TemplateProblem::At);
    }
    if let Some(found) = link::find(&filled, Certainty::Suspected) {
        return Err(TemplateProblem::Link { found: found.chars().take(64).collect() });
    }
    if pan::find_luhn_valid(&filled).is_some() {
        return Err(TemplateProblem::CardNumber);
    }
    Ok(())
}

fn cost(text: &str, code: CodeFormat) -> Result<Measure, TemplateProblem> {
    let code = ORDINARY_CODE.get(..usize::from(code.length())).unwrap_or(ORDINARY_CODE);
    let value = |variable| match variable {
        Variable::Code => code,
        Variable::Brand | Variable::Payee | Variable::Transaction => ORDINARY_NAME,
        Variable::Amount => ORDINARY_AMOUNT,
        Variable::Minutes => ORDINARY_MINUTES,
    };
    let filled = template::fill(text, &[ORDINARY_HOST, code], value).ok_or(TemplateProblem::Braces)?;
    let measure = Measure::of(&filled);
    if measure.segments <= MAX_TEMPLATE_SEGMENTS {
        return Ok(measure);
    }
    let is_costly = |c: &char| Measure::of(c.encode_utf8(&mut [0; 4])).encoding == Encoding::Ucs2;
    Err(TemplateProblem::TooManySegments { segments: measure.segments, costly: text.chars().find(is_costly) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn checked(purpose: &str, text: &str) -> Result<Measure, TemplateProblem> {
        lint(&purpose.parse().unwrap(), text, CodeFormat::DEFAULT)
    }

    fn refused(text: &str) -> TemplateProblem {
        checked("login", text).unwrap_err()
    }

    #[test]
    fn good_texts_pass_with_their_cost() {
        let measure =
            checked("login", "{code} is your code for {brand}. It lasts {minutes} minutes.").unwrap();
        assert_eq!((measure.encoding, measure.segments), (Encoding::Gsm7, 1));
        for text in [
            "{code}",
            "コードは{code}です。教えないで。",
            "Code: {code}.",
            "({code})",
            "रमेश क्\u{200d}ष {code}",
        ] {
            assert!(checked("login", text).is_ok(), "{text}");
        }
        assert!(checked("payment", "{amount} to {payee}: {code}").is_ok());
    }

    #[test]
    fn each_fault_has_its_own_message() {
        assert_eq!(refused(" "), TemplateProblem::Empty);
        assert_eq!(
            refused(&format!("{{code}} {}", "a".repeat(800))),
            TemplateProblem::TooLong { bytes: 807 }
        );
        assert_eq!(refused("{code}\n@evil"), TemplateProblem::Control);
        assert_eq!(refused("{code}\tx"), TemplateProblem::Control);
        assert_eq!(refused("\u{2067}{code}\u{2069}"), TemplateProblem::Invisible { code_point: 0x2067 });
        assert_eq!(refused("{code} "), TemplateProblem::OuterSpace);
        assert_eq!(refused("{code} {brand"), TemplateProblem::Braces);
        assert_eq!(refused("{{code}}"), TemplateProblem::Braces);
        assert_eq!(refused("{kode}"), TemplateProblem::UnknownVariable { name: "kode".to_owned() });
        assert_eq!(refused("Your code"), TemplateProblem::Missing { variable: Variable::Code });
        assert_eq!(refused("{code} {brand} {code}"), TemplateProblem::Repeated { variable: Variable::Code });
        assert_eq!(refused("{code} - me@home"), TemplateProblem::At);
        for text in ["G-{code}", "{code}{brand}", "{brand}{code}", "#{code}", "{code}s", "7{code}"] {
            assert_eq!(refused(text), TemplateProblem::CodeTouches, "{text}");
        }
        for text in [
            "{code} http://a",
            "{code} https://{brand}",
            "{code} www.shop",
            "{code} shop.example/x",
            "{code} bit.ly/x",
            "{code} {brand}.com",
            "{code} {transaction}/shop.de",
        ] {
            assert!(matches!(refused(text), TemplateProblem::Link { .. }), "{text}");
        }
        assert_eq!(refused("Card 4111 1111-1111 1111, code {code}"), TemplateProblem::CardNumber);
        assert_eq!(
            refused(&format!("{{code}} {}", "a".repeat(300))),
            TemplateProblem::TooManySegments { segments: 3, costly: None }
        );
        assert_eq!(
            refused(&format!("{{code}} {} ę", "a".repeat(120))),
            TemplateProblem::TooManySegments { segments: 3, costly: Some('ę') }
        );
    }

    #[test]
    fn p7_a_payment_text_shows_amount_and_payee() {
        assert_eq!(
            checked("payment", "{code} pays {payee}"),
            Err(TemplateProblem::Missing { variable: Variable::Amount })
        );
        assert_eq!(
            checked("payment", "{code} pays {amount}"),
            Err(TemplateProblem::Missing { variable: Variable::Payee })
        );
    }

    #[test]
    fn messages_say_how_to_mend() {
        assert_eq!(
            refused("{kode}").to_string(),
            "has the unknown variable {kode}: there are {code}, {brand}, {amount}, {payee}, {minutes}, {transaction}"
        );
        assert_eq!(refused("Hi").to_string(), "has no {code}: without it the message is of no use");
        assert!(refused("{code}.Niemandem").to_string().contains("put a space after the full stop"));
    }

    proptest! {
        #[test]
        fn what_passes_can_be_sent(text in "(\\{code\\}|\\{brand\\}|[a-zé@#. /:-]|\\PC){1,40}") {
            if let Ok(measure) = checked("login", &text) {
                prop_assert!(measure.segments <= MAX_TEMPLATE_SEGMENTS);
                prop_assert_eq!(text.matches("{code}").count(), 1);
                prop_assert!(template::fill(&text, &[], |_| "x").is_some());
            }
        }
    }
}
