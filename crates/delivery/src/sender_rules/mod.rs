//! Who a message may say it comes from, country by country, decided before anybody is paid.
//!
//! Carriers replace, label or drop senders that their country does not allow. The rules are data
//! (`rules.csv`): each row says when it was looked up, where, and whether the source was read or the row
//! rests on memory. They change every month; an operator's own file comes before them.

mod dlt;
mod generic;

use countersign_core::phone::Country;
use serde::{Deserialize, Serialize};

pub use dlt::{DltTemplate, InvalidDltTemplate, MAX_VARIABLE_CHARS, Mismatch};
pub use generic::{GENERIC_WORDS, GenericMatch, generic_word};

use crate::sender::SenderId;

const BUILT_IN: &str = include_str!("rules.csv");
const HEADER: [&str; 8] = ["country", "names", "numbers", "generic", "as_of", "state", "source", "note"];
/// The most rows of a file: there are some 250 countries.
pub const MAX_ROWS: usize = 1000;

/// What a country does with senders of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// Any.
    Any,
    /// Those that were registered there.
    Registered,
    /// Only the country's own numbers.
    Local,
    /// None.
    Refused,
}

/// Whether the source of a row was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// It was.
    Read,
    /// It rests on memory: a hint, not a fact.
    Unverified,
}

/// What one country allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountryRule {
    /// The country.
    pub country: Country,
    /// Names.
    pub names: Admission,
    /// Numbers and short codes.
    pub numbers: Admission,
    /// How generic names are found out.
    pub generic: GenericMatch,
    /// The day on which it was looked up, as `2026-01-31`.
    pub as_of: String,
    /// Whether the source was read.
    pub state: RowState,
    /// Where it was looked up; empty when it was not.
    pub source: String,
    /// What else there is to know.
    pub note: String,
}

/// The rules of all countries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SenderRules {
    rows: Vec<CountryRule>,
}

/// A file of rules that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRules {
    /// The header.
    #[error("line 1: the header is country,names,numbers,generic,as_of,state,source,note")]
    Header,
    /// A row.
    #[error("line {line}: {problem}")]
    Row {
        /// Its line, the header being 1.
        line: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// More than [`MAX_ROWS`].
    #[error("more than {MAX_ROWS} rows")]
    TooMany,
}

/// A sender that the shop has, and where it is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnSender {
    /// The sender.
    pub id: SenderId,
    /// The countries in which it is registered, as the shop says.
    #[serde(default)]
    pub registered_in: Vec<Country>,
    /// The country whose number it is, for numbers and short codes.
    #[serde(default)]
    pub number_of: Option<Country>,
}

/// Why a sender is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum SenderProblem {
    /// A word that any shop could use, such as OTP or Verify.
    Generic {
        /// The word.
        word: &'static str,
    },
    /// The country refuses names.
    NamesRefused,
    /// The country refuses numbers.
    NumbersRefused,
    /// It has to be registered there and is not.
    NotRegistered,
    /// A number of another country.
    ForeignNumber,
    /// Shorter than the country's register takes: three characters in Singapore.
    TooShort,
}

/// The sender to use, and those that were passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderChoice<'a> {
    /// The first one that the country allows; none: the message would be dropped or relabelled, so it is
    /// refused before it costs anything, or left to the provider's own sender.
    pub sender: Option<&'a OwnSender>,
    /// Those before it, with what is wrong with them.
    pub passed_over: Vec<(&'a OwnSender, SenderProblem)>,
    /// The row that decided; none when the country has none: then only generic names are refused.
    pub rule: Option<&'a CountryRule>,
}

impl SenderRules {
    /// The rules that come with Countersign.
    pub fn built_in() -> Self {
        // The file is part of the program, and a test reads it.
        SenderRules::parse(BUILT_IN).unwrap_or_default()
    }

    /// Reads a file of rules. The first row of a country counts.
    pub fn parse(text: &str) -> Result<Self, InvalidRules> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|_| InvalidRules::Header)?;
        if !header.iter().eq(HEADER) {
            return Err(InvalidRules::Header);
        }
        let mut rows: Vec<CountryRule> = Vec::new();
        for record in reader.records() {
            let Ok(record) = record else {
                return Err(InvalidRules::Row { line: 0, problem: "it is not UTF-8" });
            };
            let line = record.position().map_or(0, csv::Position::line);
            let row = row(&record).map_err(|problem| InvalidRules::Row { line, problem })?;
            if rows.len() == MAX_ROWS {
                return Err(InvalidRules::TooMany);
            }
            rows.push(row);
        }
        Ok(SenderRules { rows })
    }

    /// These rules, and the others where these say nothing.
    #[must_use]
    pub fn before(mut self, others: SenderRules) -> Self {
        self.rows.extend(others.rows);
        self
    }

    /// A country's rule.
    pub fn of(&self, country: Country) -> Option<&CountryRule> {
        self.rows.iter().find(|row| row.country == country)
    }

    /// What is wrong with a sender in a country, if anything.
    pub fn problem(&self, sender: &OwnSender, country: Country) -> Option<SenderProblem> {
        let rule = self.of(country);
        let registered = sender.registered_in.contains(&country);
        if !sender.id.is_name() {
            let local = sender.number_of == Some(country);
            return match rule.map_or(Admission::Any, |rule| rule.numbers) {
                Admission::Any => None,
                Admission::Registered => (!registered).then_some(SenderProblem::NotRegistered),
                Admission::Local => (!local).then_some(SenderProblem::ForeignNumber),
                Admission::Refused => Some(SenderProblem::NumbersRefused),
            };
        }
        let how = rule.map_or(GenericMatch::Exact, |rule| rule.generic);
        if let Some(word) = generic_word(sender.id.as_str(), how) {
            return Some(SenderProblem::Generic { word });
        }
        match rule.map_or(Admission::Any, |rule| rule.names) {
            Admission::Any => None,
            Admission::Refused | Admission::Local => Some(SenderProblem::NamesRefused),
            Admission::Registered if !registered => Some(SenderProblem::NotRegistered),
            Admission::Registered => {
                let short = country.as_str() == "SG" && sender.id.as_str().chars().count() < 3;
                short.then_some(SenderProblem::TooShort)
            }
        }
    }

    /// The first of the shop's senders that the country allows.
    pub fn choose<'a>(&'a self, senders: &'a [OwnSender], country: Country) -> SenderChoice<'a> {
        let mut passed_over = Vec::new();
        let chosen = senders.iter().find(|sender| {
            let problem = self.problem(sender, country);
            passed_over.extend(problem.map(|problem| (*sender, problem)));
            problem.is_none()
        });
        SenderChoice { sender: chosen, passed_over, rule: self.of(country) }
    }
}

fn row(record: &csv::StringRecord) -> Result<CountryRule, &'static str> {
    let fields: Vec<&str> = record.iter().collect();
    let [country, names, numbers, generic, as_of, state, source, note] = fields[..] else {
        return Err("a row has eight fields");
    };
    let country = country.parse().map_err(|_| "the country is two letters of ISO 3166-1")?;
    let names = match names {
        "free" => Admission::Any,
        "registered" => Admission::Registered,
        "refused" => Admission::Refused,
        _ => return Err("names are free, registered or refused"),
    };
    let numbers = match numbers {
        "any" => Admission::Any,
        "registered" => Admission::Registered,
        "local" => Admission::Local,
        "refused" => Admission::Refused,
        _ => return Err("numbers are any, registered, local or refused"),
    };
    let generic = match generic {
        "exact" => GenericMatch::Exact,
        "contains" => GenericMatch::Contains,
        _ => return Err("generic is exact or contains"),
    };
    let date = countersign_core::time::Timestamp::parse_rfc3339(&format!("{as_of}T00:00:00Z"));
    if date.is_none() {
        return Err("as_of is a date such as 2026-01-31");
    }
    let state = match state {
        "read" if source.starts_with("https://") => RowState::Read,
        "read" => return Err("a row that was read names its source, an https address"),
        "unverified" => RowState::Unverified,
        _ => return Err("state is read or unverified"),
    };
    let (as_of, source, note) = (as_of.to_owned(), source.to_owned(), note.to_owned());
    Ok(CountryRule { country, names, numbers, generic, as_of, state, source, note })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().unwrap()
    }

    fn sender(id: &str, registered_in: &[&str], number_of: Option<&str>) -> OwnSender {
        OwnSender {
            id: id.parse().unwrap(),
            registered_in: registered_in.iter().map(|code| country(code)).collect(),
            number_of: number_of.map(country),
        }
    }

    fn problem(sender: &OwnSender, code: &str) -> Option<SenderProblem> {
        SenderRules::built_in().problem(sender, country(code))
    }

    #[test]
    fn the_built_in_file_is_sound() {
        let rules = SenderRules::parse(BUILT_IN).unwrap();
        assert!(rules.rows.len() > 40);
        for row in &rules.rows {
            let same = rules.rows.iter().filter(|other| other.country == row.country).count();
            assert_eq!(same, 1, "{} twice", row.country);
            assert!(row.state == RowState::Read || row.note.contains("memory") || !row.source.is_empty());
        }
        assert_eq!(rules.of(country("IN")).unwrap().names, Admission::Registered);
    }

    #[test]
    fn names_go_where_they_are_free_or_registered() {
        let shop = sender("MyShop", &["SG", "IN"], None);
        for free in ["DE", "GB", "BG"] {
            assert_eq!(problem(&shop, free), None, "{free}");
        }
        for registered in ["SG", "IN"] {
            assert_eq!(problem(&shop, registered), None, "{registered}");
        }
        assert_eq!(problem(&shop, "IE"), Some(SenderProblem::NotRegistered));
        for refused in ["US", "CA", "CN"] {
            assert_eq!(problem(&shop, refused), Some(SenderProblem::NamesRefused), "{refused}");
        }
        assert_eq!(problem(&sender("AB", &["SG"], None), "SG"), Some(SenderProblem::TooShort));
    }

    #[test]
    fn generic_names_are_refused_everywhere_and_as_a_part_in_britain() {
        for generic in ["OTP", "Verify", "INFO", "alert", "V3RIFY", "SMS"] {
            let refused = problem(&sender(generic, &["SG"], None), "SG");
            assert!(matches!(refused, Some(SenderProblem::Generic { .. })), "{generic}: {refused:?}");
            assert!(problem(&sender(generic, &[], None), "BG").is_some(), "{generic}");
        }
        let part = sender("ShopVerify", &[], None);
        assert_eq!(problem(&part, "GB"), Some(SenderProblem::Generic { word: "verify" }));
        assert_eq!(problem(&part, "DE"), None);
    }

    #[test]
    fn a_sender_that_fits_is_put_in_place_of_one_that_does_not() {
        let rules = SenderRules::built_in();
        let own = [
            sender("MyShop", &[], None),
            sender("+12025550123", &["US"], Some("US")),
            sender("+447700900123", &[], Some("GB")),
        ];
        let choice = rules.choose(&own, country("US"));
        assert_eq!(choice.sender, Some(&own[1]));
        assert_eq!(choice.passed_over, [(&own[0], SenderProblem::NamesRefused)]);
        assert_eq!(rules.choose(&own[1..], country("GB")).sender, Some(&own[2]));
        let none = rules.choose(&own[..1], country("CN"));
        assert_eq!((none.sender, none.passed_over.len()), (None, 1));
        assert!(none.rule.is_some());
    }

    #[test]
    fn an_operators_file_comes_first_and_its_mistakes_have_a_line() {
        let head = HEADER.join(",");
        let own = format!("{head}\nUS,free,any,exact,2026-12-01,unverified,,our carrier says so\n");
        let rules = SenderRules::parse(&own).unwrap().before(SenderRules::built_in());
        assert_eq!(rules.problem(&sender("MyShop", &[], None), country("US")), None);
        assert!(rules.problem(&sender("MyShop", &[], None), country("CA")).is_some());
        for (row, line) in [
            ("XX,free,any,exact,2026-12-01,unverified,,", 2),
            ("DE,maybe,any,exact,2026-12-01,unverified,,", 2),
            ("DE,free,any,exact,yesterday,unverified,,", 2),
            ("DE,free,any,exact,2026-12-01,read,,", 2),
            ("DE,free,any,exact,2026-12-01,unverified,,\nDE,free", 3),
        ] {
            let error = SenderRules::parse(&format!("{head}\n{row}\n")).unwrap_err();
            assert!(matches!(error, InvalidRules::Row { line: at, .. } if at == line), "{row}: {error}");
        }
        assert_eq!(SenderRules::parse("country\n"), Err(InvalidRules::Header));
    }
}
