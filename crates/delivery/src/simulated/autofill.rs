//! What a phone would read out of a message by itself.

use std::fmt;

/// A line that is written for machines.
#[derive(Clone, PartialEq, Eq)]
pub enum Autofill {
    /// The last line binds the code to a web page (origin-bound one-time codes,
    /// <https://wicg.github.io/sms-one-time-codes/>).
    Origin {
        /// The host of the page.
        host: String,
        /// The code.
        code: String,
        /// The host of the frame in the page that asks for it.
        embedded: Option<String>,
    },
    /// A line of its own names an Android app (SMS Retriever API).
    App {
        /// The 11 characters.
        hash: String,
    },
}

impl Autofill {
    /// What a text says; the last line goes before an app's hash.
    pub(super) fn of(text: &str) -> Option<Self> {
        let last = text.rsplit('\n').next()?;
        Self::origin(last).or_else(|| Self::app(text))
    }

    fn origin(line: &str) -> Option<Self> {
        let (host, rest) = word_after(line, "@")?;
        let (code, rest) = word_after(rest, " #")?;
        let embedded = word_after(rest, " @").map(|(host, _)| host.to_owned());
        Some(Autofill::Origin { host: host.to_owned(), code: code.to_owned(), embedded })
    }

    fn app(text: &str) -> Option<Self> {
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        let is_hash = |line: &&str| line.len() == 11 && line.bytes().all(base64);
        text.lines().rfind(is_hash).map(|hash| Autofill::App { hash: hash.to_owned() })
    }
}

impl fmt::Debug for Autofill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Autofill::Origin { .. } => "Origin",
            Autofill::App { .. } => "App",
        })
    }
}

/// The non-empty run without white space that follows `mark`, and what follows it.
fn word_after<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(mark)?;
    let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
    (end > 0).then(|| rest.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(host: &str, code: &str, embedded: Option<&str>) -> Autofill {
        let embedded = embedded.map(str::to_owned);
        Autofill::Origin { host: host.to_owned(), code: code.to_owned(), embedded }
    }

    #[test]
    fn the_last_line_is_read_as_browsers_read_it() {
        let said = |line: &str| Autofill::of(&format!("747723 is your code.\n\n{line}"));
        assert_eq!(said("@shop.example #747723"), Some(origin("shop.example", "747723", None)));
        assert_eq!(said("@shop.example #747723 and more"), Some(origin("shop.example", "747723", None)));
        assert_eq!(
            said("@shop.example #7477 @pay.example"),
            Some(origin("shop.example", "7477", Some("pay.example")))
        );
        for wrong in [
            "@shop.example  #747723",
            " @shop.example #747723",
            "code @shop.example #747723",
            "@ #747723",
            "@shop.example #",
            "@shop.example 747723",
            "@shop.example #747723\n",
        ] {
            assert_eq!(said(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_app_hash_stands_on_its_own_line() {
        let hash = Some(Autofill::App { hash: "FA+9qCX9VSu".to_owned() });
        assert_eq!(Autofill::of("747723 is your code.\nFA+9qCX9VSu"), hash);
        assert_eq!(Autofill::of("747723 is your code: FA+9qCX9VSu"), None);
        let both = "747723 is your code.\nFA+9qCX9VSu\n@shop.example #747723";
        assert_eq!(Autofill::of(both), Some(origin("shop.example", "747723", None)));
    }
}
