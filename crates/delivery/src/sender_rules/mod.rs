//! Who a message may say it comes from, country by country, decided before anybody is paid.
//!
//! Carriers replace, label or drop senders that their country does not allow. The rules are data
//! (`rules.csv`): each row says when it was looked up, where, and whether the source was read or the row
//! rests on memory. They change every month; an operator's own file comes before them.

mod dlt;
mod generic;

use countersign_core::phone::{Country, E164};
use serde::{Deserialize, Serialize};

pub use dlt::{DltTemplate, InvalidDltTemplate, MAX_VARIABLE_CHARS, Mismatch};
pub use generic::{GENERIC_WORDS, GenericMatch, generic_word};

use crate::sender::SenderId;

/// The rules that come with Countersign, as a file of an operator's own is written.
pub const BUILT_IN_CSV: &str = include_str!("rules.csv");
const HEADER: [&str; 9] =
    ["country", "names", "numbers", "generic", "unregistered", "as_of", "state", "source", "note"];
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

/// What becomes of a sender that should be registered and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unregistered {
    /// Its messages are dropped.
    Blocked,
    /// Phones show a warning in its place.
    Labelled,
    /// Nobody looked it up, or nothing has to be registered.
    Unknown,
}

/// What follows from a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The sender is not used: it is known that its messages would be lost or marked.
    Bars,
    /// The sender is used, and whoever configures it is told: the row rests on memory, or nobody looked
    /// up what becomes of its messages.
    Warns,
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
    /// What becomes of those that should be registered and are not.
    pub unregistered: Unregistered,
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
    #[error("line 1: the header is country,names,numbers,generic,unregistered,as_of,state,source,note")]
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

/// A sender that the shop has, and where it is registered. [`OwnSender::of_country`] and
/// [`OwnSender::anywhere`] know whose number it is from the number itself.
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

impl OwnSender {
    /// A sender that is registered nowhere.
    pub fn anywhere(id: SenderId) -> Self {
        let number_of = E164::parse(id.as_str(), None).ok().and_then(|number| number.country());
        OwnSender { id, registered_in: Vec::new(), number_of }
    }

    /// The sender that the shop has registered in a country. A short code is taken for that country's.
    pub fn of_country(id: SenderId, country: Country) -> Self {
        let own = OwnSender::anywhere(id);
        let is_short_code = !own.id.is_name() && !own.id.as_str().starts_with('+');
        let number_of = own.number_of.or(is_short_code.then_some(country));
        OwnSender { registered_in: vec![country], number_of, ..own }
    }
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

impl SenderProblem {
    /// What an operator reads.
    pub const fn told(self) -> &'static str {
        match self {
            SenderProblem::Generic { .. } => "is a word that any shop could use, and carriers block it",
            SenderProblem::NamesRefused => "is a name, and the country lets no names through",
            SenderProblem::NumbersRefused => "is a number, and the country lets no numbers through",
            SenderProblem::NotRegistered => "has to be registered in the country",
            SenderProblem::ForeignNumber => "is no number of the country, which lets no others through",
            SenderProblem::TooShort => "is shorter than the country's register takes",
        }
    }
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
        SenderRules::parse(BUILT_IN_CSV).unwrap_or_default()
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

    /// All countries that have a rule, in the order of the file, each once.
    pub fn countries(&self) -> impl Iterator<Item = &CountryRule> {
        self.rows.iter().filter(|row| self.of(row.country).is_some_and(|first| std::ptr::eq(first, *row)))
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

    /// What follows from a problem in a country.
    pub fn weight(&self, problem: SenderProblem, country: Country) -> Weight {
        let rule = self.of(country);
        let is_known = rule.is_some_and(|rule| rule.state == RowState::Read);
        let is_lost = rule.is_some_and(|rule| rule.unregistered != Unregistered::Unknown);
        match problem {
            SenderProblem::Generic { .. } => Weight::Bars,
            SenderProblem::NotRegistered if is_known && is_lost => Weight::Bars,
            SenderProblem::NotRegistered => Weight::Warns,
            _ if is_known => Weight::Bars,
            _ => Weight::Warns,
        }
    }

    /// The first of the shop's senders that has no problem that bars it.
    pub fn choose<'a>(
        &'a self,
        senders: impl IntoIterator<Item = &'a OwnSender>,
        country: Country,
    ) -> SenderChoice<'a> {
        let mut passed_over = Vec::new();
        let chosen = senders.into_iter().find(|sender| {
            let problem = self.problem(sender, country);
            let bar = problem.filter(|problem| self.weight(*problem, country) == Weight::Bars);
            passed_over.extend(bar.map(|problem| (*sender, problem)));
            bar.is_none()
        });
        SenderChoice { sender: chosen, passed_over, rule: self.of(country) }
    }
}

fn row(record: &csv::StringRecord) -> Result<CountryRule, &'static str> {
    let fields: Vec<&str> = record.iter().collect();
    let [country, names, numbers, generic, unregistered, as_of, state, source, note] = fields[..] else {
        return Err("a row has nine fields");
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
    let unregistered = match unregistered {
        "blocked" => Unregistered::Blocked,
        "labelled" => Unregistered::Labelled,
        "" | "unknown" => Unregistered::Unknown,
        _ => return Err("unregistered is blocked, labelled, unknown or nothing"),
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
    Ok(CountryRule { country, names, numbers, generic, unregistered, as_of, state, source, note })
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
        let rules = SenderRules::parse(BUILT_IN_CSV).unwrap();
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
    fn a_sender_is_barred_by_what_is_known_and_not_by_hints() {
        let rules = SenderRules::built_in();
        let shop = OwnSender::anywhere("MyShop".parse().unwrap());
        for (code, problem, weight) in [
            ("IE", SenderProblem::NotRegistered, Weight::Bars),
            ("IN", SenderProblem::NotRegistered, Weight::Bars),
            ("US", SenderProblem::NamesRefused, Weight::Bars),
            // That there is a register is known; what becomes of other names is not.
            ("AT", SenderProblem::NotRegistered, Weight::Warns),
            ("BR", SenderProblem::NamesRefused, Weight::Warns),
        ] {
            assert_eq!(rules.problem(&shop, country(code)), Some(problem), "{code}");
            assert_eq!(rules.weight(problem, country(code)), weight, "{code}");
            let chosen = rules.choose([&shop], country(code)).sender.is_some();
            assert_eq!(chosen, weight == Weight::Warns, "{code}");
        }
        for row in rules.countries().filter(|row| row.unregistered != Unregistered::Unknown) {
            assert_eq!(row.state, RowState::Read, "{}", row.country);
            assert!([row.names, row.numbers].contains(&Admission::Registered), "{}", row.country);
        }
    }

    #[test]
    fn whose_number_a_sender_is_stands_in_the_number() {
        let of = |id: &str, code: &str| OwnSender::of_country(id.parse().unwrap(), country(code)).number_of;
        assert_eq!(of("+491701234567", "GB"), Some(country("DE")));
        assert_eq!(of("72404", "GB"), Some(country("GB")));
        assert_eq!(of("MyShop", "GB"), None);
        assert_eq!(OwnSender::anywhere("72404".parse().unwrap()).number_of, None);
        let rules = SenderRules::built_in();
        let foreign = OwnSender::of_country("+491701234567".parse().unwrap(), country("GB"));
        assert_eq!(rules.problem(&foreign, country("GB")), Some(SenderProblem::ForeignNumber));
    }

    #[test]
    fn an_operators_file_comes_first_and_its_mistakes_have_a_line() {
        let head = HEADER.join(",");
        let own = format!("{head}\nUS,free,any,exact,,2026-12-01,unverified,,our carrier says so\n");
        let rules = SenderRules::parse(&own).unwrap().before(SenderRules::built_in());
        assert_eq!(rules.problem(&sender("MyShop", &[], None), country("US")), None);
        assert!(rules.problem(&sender("MyShop", &[], None), country("CA")).is_some());
        for (row, line) in [
            ("XX,free,any,exact,,2026-12-01,unverified,,", 2),
            ("DE,maybe,any,exact,,2026-12-01,unverified,,", 2),
            ("DE,free,any,exact,often,2026-12-01,unverified,,", 2),
            ("DE,free,any,exact,,yesterday,unverified,,", 2),
            ("DE,free,any,exact,,2026-12-01,read,,", 2),
            ("DE,free,any,exact,,2026-12-01,unverified,,\nDE,free", 3),
        ] {
            let error = SenderRules::parse(&format!("{head}\n{row}\n")).unwrap_err();
            assert!(matches!(error, InvalidRules::Row { line: at, .. } if at == line), "{row}: {error}");
        }
        assert_eq!(SenderRules::parse("country\n"), Err(InvalidRules::Header));
    }
}
