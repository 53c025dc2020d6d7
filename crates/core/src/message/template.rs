//! Texts with variables in braces.

use zeroize::Zeroizing;

/// What a text may leave to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// The code. Every text has it.
    Code,
    /// The app's name, as its customers know it.
    Brand,
    /// Amount and currency of the transaction, such as `EUR 49.90`.
    Amount,
    /// Who is paid.
    Payee,
    /// The life of the code in minutes, a bare number.
    Minutes,
    /// The transaction's id.
    Transaction,
}

impl Variable {
    /// All of them.
    pub const ALL: [Variable; 6] = [
        Variable::Code,
        Variable::Brand,
        Variable::Amount,
        Variable::Payee,
        Variable::Minutes,
        Variable::Transaction,
    ];

    /// Its name between the braces.
    pub const fn name(self) -> &'static str {
        match self {
            Variable::Code => "code",
            Variable::Brand => "brand",
            Variable::Amount => "amount",
            Variable::Payee => "payee",
            Variable::Minutes => "minutes",
            Variable::Transaction => "transaction",
        }
    }
}

/// A stretch of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Literal(&'t str),
    Variable(Variable),
}

/// Braces that do not make a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BadBraces {
    Unbalanced,
    Unknown(String),
}

/// Reads a template from left to right. There is no escape: a text has no use for literal braces.
pub(super) fn pieces(template: &str) -> impl Iterator<Item = Result<Piece<'_>, BadBraces>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        Some(next_piece(&mut rest))
    })
}

fn next_piece<'t>(rest: &mut &'t str) -> Result<Piece<'t>, BadBraces> {
    let text = std::mem::take(rest);
    match text.find(['{', '}']) {
        None => Ok(Piece::Literal(text)),
        Some(0) => {
            let inside = text.strip_prefix('{').ok_or(BadBraces::Unbalanced)?;
            let (name, after) = inside.split_once('}').ok_or(BadBraces::Unbalanced)?;
            if name.contains('{') {
                return Err(BadBraces::Unbalanced);
            }
            let known = Variable::ALL.into_iter().find(|variable| variable.name() == name);
            *rest = after;
            known.map(Piece::Variable).ok_or_else(|| BadBraces::Unknown(name.chars().take(32).collect()))
        }
        Some(end) => {
            let (literal, after) = text.split_at(end);
            *rest = after;
            Ok(Piece::Literal(literal))
        }
    }
}

/// Fills a template in and appends `ending`. None when its braces are wrong or a value is empty, that
/// is missing: a message never has a hole.
///
/// The text is allocated once in its full length, so that growing leaves no copy of the code behind.
pub(super) fn fill<'v>(
    template: &str,
    ending: &[&str],
    value: impl Fn(Variable) -> &'v str,
) -> Option<Zeroizing<String>> {
    let resolve = |piece| match piece {
        Ok(Piece::Literal(literal)) => Some(literal.len()),
        Ok(Piece::Variable(variable)) => Some(value(variable).len()).filter(|length| *length > 0),
        Err(_) => None,
    };
    let length = pieces(template).map(resolve).sum::<Option<usize>>()?;
    let ending_length: usize = ending.iter().map(|part| part.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(length + ending_length));
    for piece in pieces(template).flatten() {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Variable(variable) => text.push_str(value(variable)),
        }
    }
    for part in ending {
        text.push_str(part);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(template: &str) -> Result<Vec<Piece<'_>>, BadBraces> {
        pieces(template).collect()
    }

    #[test]
    fn templates_are_read_into_pieces() {
        assert_eq!(
            read("{code} is for {brand}."),
            Ok(vec![
                Piece::Variable(Variable::Code),
                Piece::Literal(" is for "),
                Piece::Variable(Variable::Brand),
                Piece::Literal("."),
            ])
        );
        assert_eq!(read(""), Ok(vec![]));
        for wrong in ["{", "}", "a { b", "a } b", "{code", "code}", "{{code}}", "{co{de}", "{code}}"] {
            assert_eq!(read(wrong), Err(BadBraces::Unbalanced), "{wrong}");
        }
        for wrong in ["{}", "{Code}", "{ code }", "{link}"] {
            assert!(matches!(read(wrong), Err(BadBraces::Unknown(_))), "{wrong}");
        }
    }

    #[test]
    fn a_missing_or_empty_value_gives_no_text() {
        let code_only = |variable| if variable == Variable::Code { "123456" } else { "" };
        assert_eq!(
            fill("Code {code}.", &["\n", "x"], code_only).map(|t| t.to_string()).as_deref(),
            Some("Code 123456.\nx")
        );
        assert!(fill("{code} {brand}", &[], code_only).is_none());
        assert!(fill("{code} {", &[], code_only).is_none());
    }

    proptest! {
        #[test]
        fn values_are_never_read_as_templates(value in "[{}a-z]{1,20}") {
            let text = fill("{code}", &[], |_| &value).unwrap();
            prop_assert_eq!(text.as_str(), value.as_str());
        }

        #[test]
        fn filling_never_grows_its_allocation(payee in "\\PC{1,40}", code in "[0-9]{6}") {
            let value = |variable| if variable == Variable::Code { code.as_str() } else { payee.as_str() };
            let text = fill("{payee}: {code}", &["\n\n@", "shop.example"], value).unwrap();
            prop_assert_eq!(text.capacity(), text.len());
        }
    }
}
