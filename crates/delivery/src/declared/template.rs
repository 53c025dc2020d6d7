//! Templates: the leaves of a definition, with holes that only known variables fill.
//!
//! A hole is `{{variable}}`, `{{variable?}}` (the whole leaf is left out when there is no value) or
//! `{{variable|filter|filter:argument}}`. A value never becomes structure: whoever renders a leaf
//! encodes it for the place where it stands (JSON, form, query, path, XML).

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::closest;

/// What a hole may name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Variable {
    /// One of [`KNOWN`].
    Known(&'static str),
    /// A secret of the definition.
    Secret(String),
    /// A setting of the definition.
    Setting(String),
    /// Words by language.
    Words(String),
}

/// The variables that a message brings; see `docs/providers.md` for their units.
pub(crate) const MESSAGE_VARIABLES: &[&str] = &[
    "to",
    "text",
    "text_gsm7",
    "text_ucs2",
    "code",
    "sender",
    "ref",
    "app",
    "channel",
    "locale",
    "language",
    "encoding",
    "segments",
    "ttl_s",
    "expires_at",
    "dlt_entity",
    "dlt_template",
    "callback",
    "now",
    "now_s",
];

/// The variables that conversion feedback brings.
pub(crate) const FEEDBACK_VARIABLES: &[&str] =
    &["id", "ref", "to", "code", "outcome", "now", "now_s", "now_plain"];

/// What a value passes through before it is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Keeps the digits: `+44…` becomes `44…`.
    Digits,
    /// A JSON number, where the leaf is in JSON.
    Int,
    /// Escapes `& < > " '`.
    Xml,
    /// Characters apart, for a voice: `1, 2, 3`.
    Spell,
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
    /// Not above this number.
    AtMost(u64),
    /// Not below this number.
    AtLeast(u64),
    /// Multiplied.
    Times(u64),
    /// Divided, rounded up.
    Divide(u64),
    /// Another word for each word; no other word may come.
    Pick(Vec<(String, String)>),
    /// Base64 with padding.
    Base64,
    /// UTF-16 in hexadecimal, big end first.
    Ucs2Hex,
}

const FILTERS: &[&str] = &[
    "digits", "int", "xml", "spell", "upper", "lower", "at_most", "at_least", "times", "divide", "pick",
    "base64", "ucs2hex",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) variable: Variable,
    pub(crate) optional: bool,
    filters: Vec<Filter>,
}

impl Hole {
    pub(crate) fn is_escaped_for_xml(&self) -> bool {
        // Digits and numbers hold nothing to escape.
        self.filters
            .iter()
            .any(|filter| matches!(filter, Filter::Xml | Filter::Digits | Filter::Int | Filter::Base64))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(String),
    Hole(Hole),
}

/// A parsed leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

/// What is wrong with a template, and what would be right.
pub(crate) type Wrong = (String, String);

/// Why a template gives no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unrendered {
    /// An optional hole is empty: the leaf is to be left out.
    LeftOut,
    /// A value that must be there is not.
    Missing(String),
    /// A value that a filter cannot take.
    Unfit(String),
}

/// Where values come from.
pub(crate) trait Values {
    /// The value; nothing if there is none or it is empty.
    fn value(&self, variable: &Variable) -> Option<Cow<'_, str>>;
}

impl Template {
    /// Parses a leaf; `known` are the variables that may stand in it besides secrets, settings and words.
    pub(crate) fn parse(text: &str, known: &[&'static str]) -> Result<Self, Wrong> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            let (inside, after) = after
                .split_once("}}")
                .ok_or_else(|| ("a {{ is not closed".to_owned(), "close the variable with }}".to_owned()))?;
            parts.push(Part::Hole(hole(inside.trim(), known)?));
            rest = after;
        }
        if rest.contains("}}") {
            return Err(("a }} closes nothing".to_owned(), "open the variable with {{".to_owned()));
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Template { parts })
    }

    pub(crate) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            Part::Literal(_) => None,
        })
    }

    /// The text, with each value put through `encode`.
    pub(crate) fn render_with(
        &self,
        values: &dyn Values,
        mut encode: impl FnMut(&mut String, &str),
    ) -> Result<String, Unrendered> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Hole(hole) => encode(&mut text, &hole.fill(values)?),
            }
        }
        Ok(text)
    }

    /// The text as it is.
    pub(crate) fn render(&self, values: &dyn Values) -> Result<String, Unrendered> {
        self.render_with(values, String::push_str)
    }

    /// Whether the leaf is a JSON number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.parts.as_slice(), [Part::Hole(hole)] if hole.filters.last() == Some(&Filter::Int))
    }

    /// Whether `int` stands where it can mean nothing: beside other text.
    pub(crate) fn has_lost_number(&self) -> bool {
        !self.is_number() && self.holes().any(|hole| hole.filters.contains(&Filter::Int))
    }
}

impl Hole {
    fn fill(&self, values: &dyn Values) -> Result<String, Unrendered> {
        let Some(value) = values.value(&self.variable) else {
            return Err(if self.optional {
                Unrendered::LeftOut
            } else {
                Unrendered::Missing(self.variable.to_string())
            });
        };
        let mut value = value.into_owned();
        for filter in &self.filters {
            value = filter.apply(value).ok_or_else(|| Unrendered::Unfit(self.variable.to_string()))?;
        }
        Ok(value)
    }
}

impl std::fmt::Display for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Variable::Known(name) => f.write_str(name),
            Variable::Secret(name) => write!(f, "secret.{name}"),
            Variable::Setting(name) => write!(f, "setting.{name}"),
            Variable::Words(name) => write!(f, "words.{name}"),
        }
    }
}

fn hole(text: &str, known: &[&'static str]) -> Result<Hole, Wrong> {
    let mut pieces = text.split('|').map(str::trim);
    let name = pieces.next().unwrap_or_default();
    let (name, optional) = match name.strip_suffix('?') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let filters = pieces.map(filter).collect::<Result<_, _>>()?;
    Ok(Hole { variable: variable(name, known)?, optional, filters })
}

fn variable(name: &str, known: &[&'static str]) -> Result<Variable, Wrong> {
    if let Some((family, member)) = name.split_once('.') {
        let member = member.to_owned();
        match family {
            "secret" => return Ok(Variable::Secret(member)),
            "setting" => return Ok(Variable::Setting(member)),
            "words" => return Ok(Variable::Words(member)),
            _ => {}
        }
    }
    if let Some(known) = known.iter().find(|known| **known == name) {
        return Ok(Variable::Known(known));
    }
    let right = match closest::closest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {{{{{near}}}}}?"),
        None if known.is_empty() => "only secret.… and setting.… may stand here".to_owned(),
        None => format!("there are {}, secret.…, setting.… and words.…", known.join(", ")),
    };
    Err((format!("there is no variable {name:?} here"), right))
}

fn filter(text: &str) -> Result<Filter, Wrong> {
    let (name, argument) = match text.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (text, None),
    };
    let number = || {
        argument
            .and_then(|digits| digits.parse().ok())
            .filter(|number| *number > 0)
            .ok_or_else(|| (format!("the filter {name} needs a number"), format!("write {name}:60")))
    };
    let filter = match name {
        "at_most" => Filter::AtMost(number()?),
        "at_least" => Filter::AtLeast(number()?),
        "times" => Filter::Times(number()?),
        "divide" => Filter::Divide(number()?),
        "pick" => Filter::Pick(pairs(argument)?),
        _ if argument.is_some() && FILTERS.contains(&name) => {
            return Err((format!("the filter {name} takes no argument"), format!("write {name}")));
        }
        "digits" => Filter::Digits,
        "int" => Filter::Int,
        "xml" => Filter::Xml,
        "spell" => Filter::Spell,
        "upper" => Filter::Upper,
        "lower" => Filter::Lower,
        "base64" => Filter::Base64,
        "ucs2hex" => Filter::Ucs2Hex,
        _ => {
            let right = match closest::closest(name, FILTERS.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there are {}", FILTERS.join(", ")),
            };
            return Err((format!("there is no filter {name:?}"), right));
        }
    };
    Ok(filter)
}

fn pairs(argument: Option<&str>) -> Result<Vec<(String, String)>, Wrong> {
    let wrong = || {
        (
            "the filter pick needs pairs".to_owned(),
            "write pick:gsm7=0,ucs2=2, one pair for each word that can come".to_owned(),
        )
    };
    argument
        .ok_or_else(wrong)?
        .split(',')
        .map(|pair| {
            let (from, to) = pair.split_once('=').ok_or_else(wrong)?;
            Ok((from.trim().to_owned(), to.trim().to_owned()))
        })
        .collect()
}

impl Filter {
    fn apply(&self, value: String) -> Option<String> {
        let number =
            |of: fn(u64, u64) -> u64, with: u64| value.parse().ok().map(|value| of(value, with).to_string());
        Some(match self {
            Filter::Digits => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                return (!digits.is_empty()).then_some(digits);
            }
            Filter::Int => return value.parse::<i64>().ok().map(|number| number.to_string()),
            Filter::Xml => {
                let mut escaped = String::with_capacity(value.len());
                push_xml(&mut escaped, &value);
                escaped
            }
            Filter::Spell => {
                let characters: Vec<String> = value.chars().map(String::from).collect();
                characters.join(", ")
            }
            Filter::Upper => value.to_uppercase(),
            Filter::Lower => value.to_lowercase(),
            Filter::AtMost(most) => return number(u64::min, *most),
            Filter::AtLeast(least) => return number(u64::max, *least),
            Filter::Times(factor) => return number(u64::saturating_mul, *factor),
            Filter::Divide(by) => return number(u64::div_ceil, *by),
            Filter::Pick(pairs) => {
                return pairs.iter().find(|(from, _)| *from == value).map(|(_, to)| to.clone());
            }
            Filter::Base64 => STANDARD.encode(value),
            Filter::Ucs2Hex => value.encode_utf16().fold(String::new(), |mut hex, unit| {
                let _ = write!(hex, "{unit:04X}");
                hex
            }),
        })
    }
}

/// Appends a text with what XML reserves escaped; characters that XML 1.0 §2.2 has no place for are
/// dropped.
pub(crate) fn push_xml(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(c),
            _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            _ => out.push(c),
        }
    }
}

/// Appends a text with all but the unreserved characters of RFC 3986 §2.3 percent-encoded.
pub(crate) fn push_percent(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct One(&'static str, Option<&'static str>);

    impl Values for One {
        fn value(&self, variable: &Variable) -> Option<Cow<'_, str>> {
            (variable.to_string() == self.0).then_some(self.1).flatten().map(Cow::Borrowed)
        }
    }

    fn rendered(
        template: &str,
        name: &'static str,
        value: Option<&'static str>,
    ) -> Result<String, Unrendered> {
        Template::parse(template, MESSAGE_VARIABLES).unwrap().render(&One(name, value))
    }

    #[test]
    fn values_pass_through_their_filters() {
        for (template, name, value, text) in [
            ("tel:{{to|digits}}!", "to", "+44 7700", "tel:447700!"),
            ("{{ttl_s|at_most:60|at_least:30|int}}", "ttl_s", "600", "60"),
            ("{{ttl_s|at_least:30}}", "ttl_s", "5", "30"),
            ("{{ttl_s|times:1000}}", "ttl_s", "5", "5000"),
            ("{{ttl_s|divide:60}}", "ttl_s", "61", "2"),
            ("{{encoding|pick:gsm7=0,ucs2=2}}", "encoding", "ucs2", "2"),
            ("{{code|spell}}", "code", "123", "1, 2, 3"),
            ("<Say>{{text|xml}}</Say>", "text", "<a>&'\"\u{1}", "<Say>&lt;a&gt;&amp;&apos;&quot;</Say>"),
            ("{{text|ucs2hex}}", "text", "aé😀", "006100E9D83DDE00"),
            ("{{ secret.key | base64 }}", "secret.key", "a:b", "YTpi"),
            ("{{text|upper}}{{text|lower}}", "text", "aB", "ABab"),
        ] {
            assert_eq!(rendered(template, name, Some(value)), Ok(text.to_owned()), "{template}");
        }
    }

    #[test]
    fn a_missing_value_leaves_out_or_stops() {
        assert_eq!(rendered("{{sender?}}", "sender", None), Err(Unrendered::LeftOut));
        assert_eq!(rendered("{{sender}}", "sender", None), Err(Unrendered::Missing("sender".to_owned())));
        let unfit = Err(Unrendered::Unfit("ttl_s".to_owned()));
        assert_eq!(rendered("{{ttl_s|int}}", "ttl_s", Some("soon")), unfit);
        assert_eq!(rendered("{{ttl_s|pick:a=b}}", "ttl_s", Some("soon")), unfit);
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest() {
        let wrong = |text| Template::parse(text, MESSAGE_VARIABLES).unwrap_err();
        assert_eq!(wrong("{{txt}}").1, "did you mean {{text}}?");
        assert_eq!(wrong("{{to|digit}}").1, "did you mean digits?");
        for text in [
            "{{to",
            "to}}",
            "{{}}",
            "{{env.HOME}}",
            "{{to|at_most}}",
            "{{to|at_most:0}}",
            "{{to|xml:1}}",
            "{{to|pick:a}}",
        ] {
            assert!(Template::parse(text, MESSAGE_VARIABLES).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_stand_alone() {
        let parse = |text| Template::parse(text, MESSAGE_VARIABLES).unwrap();
        assert!(parse("{{ttl_s|int}}").is_number() && !parse("{{ttl_s|int}}").has_lost_number());
        assert!(parse("{{ttl_s|int}} s").has_lost_number());
    }

    proptest! {
        #[test]
        fn any_template_parses_or_is_refused_without_panic(text in "\\PC{0,60}") {
            let _ = Template::parse(&text, MESSAGE_VARIABLES);
        }

        #[test]
        fn xml_text_has_no_markup(text: String) {
            let mut out = String::new();
            push_xml(&mut out, &text);
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
            prop_assert_eq!(out.matches('&').count(), out.matches(';').count() - text.matches(';').count());
        }

        #[test]
        fn percent_encoding_is_undone_by_the_standard(text: String) {
            let mut out = String::new();
            push_percent(&mut out, &text);
            let pair = form_urlencoded::parse(format!("k={out}").as_bytes()).next().unwrap().1.into_owned();
            prop_assert_eq!(pair, text);
        }
    }
}
