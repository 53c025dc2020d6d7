//! Who may carry a message.

use countersign_core::id::AppId;
use countersign_core::phone::{Country, E164, NumberType};
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use serde::{Deserialize, Serialize};

use super::choose::PassedOver;
use super::place::Prefix;
use super::prices::{PriceList, Quote};
use super::thompson::ThompsonSettings;
use crate::provider::ProviderName;

/// The most rules of a table.
pub const MAX_RULES: usize = 1000;
/// The most providers of a rule.
pub const MAX_CANDIDATES: usize = 8;

/// For which messages a rule is, and who carries them. A field that is left out covers everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// One app's messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// One country's numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// One type of number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_type: Option<NumberType>,
    /// Numbers that begin so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// How they travel.
    #[serde(default)]
    pub channel: Channel,
    /// Who carries them, the preferred one first.
    pub providers: Vec<ProviderName>,
    /// What makes one preferred.
    #[serde(default)]
    pub order: Order,
    /// Thompson sampling, where it is switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thompson: Option<ThompsonSettings>,
}

/// What makes one healthy route preferred to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The order of the list.
    #[default]
    Listed,
    /// The lowest price per verified customer: price divided by the share that verifies. A route
    /// without a price comes after those with one.
    Cost,
}

/// Rules; the most special one that covers a message counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Rule>", into = "Vec<Rule>")]
pub struct RouteTable {
    rules: Vec<Rule>,
}

/// A table that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTable {
    /// More than [`MAX_RULES`].
    #[error("{0} rules, the most is {MAX_RULES}")]
    TooMany(usize),
    /// No provider, or more than [`MAX_CANDIDATES`].
    #[error("rule {rule} names {count} providers: name 1 to {MAX_CANDIDATES}")]
    Candidates {
        /// Which rule, from 1.
        rule: usize,
        /// How many it has.
        count: usize,
    },
    /// A provider that stands twice.
    #[error("rule {rule} names {provider} twice")]
    Twice {
        /// Which rule, from 1.
        rule: usize,
        /// The provider.
        provider: ProviderName,
    },
    /// Two rules for the same messages.
    #[error("rules {first} and {second} are for the same messages: keep one")]
    Ambiguous {
        /// One, from 1.
        first: usize,
        /// The other.
        second: usize,
    },
    /// Thompson sampling with senseless settings.
    #[error("rule {rule}: {problem}")]
    Thompson {
        /// Which rule, from 1.
        rule: usize,
        /// What is wrong.
        problem: super::thompson::InvalidThompson,
    },
}

/// A message, as far as its route depends on it.
#[derive(Clone, Copy)]
pub struct Destination<'a> {
    /// The app that sends.
    pub app: AppId,
    /// How it travels.
    pub channel: Channel,
    /// Whom it reaches.
    pub to: &'a E164,
}

/// Who may carry a message, the first in the list first.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates {
    /// In the order of the list.
    pub routes: Vec<Candidate>,
    /// What makes one preferred.
    pub order: Order,
    /// Thompson sampling, where it is switched on.
    pub thompson: Option<ThompsonSettings>,
}

/// One that may carry it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The provider.
    pub provider: ProviderName,
    /// Its price for one segment; none when nobody lists a price.
    pub quote: Option<Quote>,
    /// Whether the message may leave by it, and how many segments it has there.
    pub fit: Fit,
}

/// Whether a message may leave by a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It may, in so many segments in the route's alphabet.
    Fits {
        /// How many.
        segments: usize,
    },
    /// It must not.
    Unfit(PassedOver),
}

impl Fit {
    /// What a message of one segment is that nobody looked at more closely.
    pub const ONE_SEGMENT: Fit = Fit::Fits { segments: 1 };
}

impl Rule {
    fn covers(&self, destination: &Destination<'_>) -> bool {
        let to = destination.to;
        self.channel == destination.channel
            && self.app.is_none_or(|app| app == destination.app)
            && self.country.is_none_or(|country| Some(country) == to.country())
            && self.number_type.is_none_or(|number_type| number_type == to.number_type())
            && self.prefix.as_ref().is_none_or(|prefix| prefix.covers(to))
    }

    /// What it is for: no two rules of a table may be for the same.
    fn covered(&self) -> (Option<AppId>, Option<&Prefix>, Option<Country>, Option<NumberType>, Channel) {
        (self.app, self.prefix.as_ref(), self.country, self.number_type, self.channel)
    }

    /// An app's own rules before those for all; then the longer prefix, the country, the number type.
    fn specialty(&self) -> (bool, usize, bool, bool) {
        let prefix_digits = self.prefix.as_ref().map_or(0, |prefix| prefix.digits().len());
        (self.app.is_some(), prefix_digits, self.country.is_some(), self.number_type.is_some())
    }

    fn check(&self, rule: usize) -> Result<(), InvalidTable> {
        let count = self.providers.len();
        if !(1..=MAX_CANDIDATES).contains(&count) {
            return Err(InvalidTable::Candidates { rule, count });
        }
        let twice = |(position, provider): (usize, &ProviderName)| {
            self.providers[..position].contains(provider).then(|| provider.clone())
        };
        if let Some(provider) = self.providers.iter().enumerate().find_map(twice) {
            return Err(InvalidTable::Twice { rule, provider });
        }
        let thompson = self.thompson.map_or(Ok(()), ThompsonSettings::check);
        thompson.map_err(|problem| InvalidTable::Thompson { rule, problem })
    }
}

impl RouteTable {
    /// A table, or what is wrong with it.
    pub fn new(rules: Vec<Rule>) -> Result<Self, InvalidTable> {
        if rules.len() > MAX_RULES {
            return Err(InvalidTable::TooMany(rules.len()));
        }
        for (position, rule) in rules.iter().enumerate() {
            rule.check(position + 1)?;
            let same = rules[..position].iter().position(|other| other.covered() == rule.covered());
            if let Some(first) = same {
                return Err(InvalidTable::Ambiguous { first: first + 1, second: position + 1 });
            }
        }
        Ok(RouteTable { rules })
    }

    /// Who may carry this message, in one segment until somebody measures it; none when no rule covers it.
    pub fn candidates(
        &self,
        destination: &Destination<'_>,
        prices: &PriceList,
        now: Timestamp,
    ) -> Option<Candidates> {
        let covering = self.rules.iter().filter(|rule| rule.covers(destination));
        let rule = covering.max_by_key(|rule| rule.specialty())?;
        let candidate = |provider: &ProviderName| Candidate {
            quote: prices.quote(provider, destination.to, now),
            provider: provider.clone(),
            fit: Fit::ONE_SEGMENT,
        };
        Some(Candidates {
            routes: rule.providers.iter().map(candidate).collect(),
            order: rule.order,
            thompson: rule.thompson,
        })
    }
}

impl TryFrom<Vec<Rule>> for RouteTable {
    type Error = InvalidTable;

    fn try_from(rules: Vec<Rule>) -> Result<Self, InvalidTable> {
        RouteTable::new(rules)
    }
}

impl From<RouteTable> for Vec<Rule> {
    fn from(table: RouteTable) -> Vec<Rule> {
        table.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: &str) -> Result<RouteTable, serde_json::Error> {
        serde_json::from_str(json)
    }

    fn first(table: &RouteTable, app: [u8; 16], to: &str) -> Option<String> {
        let to = E164::parse_fictional(to, None).unwrap();
        let destination = Destination { app: AppId::from_bytes(app), channel: Channel::Sms, to: &to };
        let prices = PriceList::empty("EUR".parse().unwrap());
        let candidates = table.candidates(&destination, &prices, Timestamp::EPOCH)?;
        Some(candidates.routes[0].provider.to_string())
    }

    #[test]
    fn the_most_special_rule_counts_whatever_the_order() {
        let own = AppId::from_bytes([1; 16]);
        let rules = format!(
            r#"[{{"providers":["any"]}},{{"country":"GB","providers":["british"]}},
                {{"country":"DE","number_type":"mobile","providers":["german-mobile"]}},
                {{"country":"DE","providers":["german"]}},
                {{"prefix":"4477","providers":["prefix"]}},
                {{"app":"{own}","providers":["own"]}}]"#
        );
        let forward = table(&rules).unwrap();
        let mut reversed = Vec::from(forward.clone());
        reversed.reverse();
        for table in [forward, RouteTable::new(reversed).unwrap()] {
            let of = |to| first(&table, [2; 16], to).unwrap();
            assert_eq!(of("+12025550123"), "any");
            assert_eq!(of("+442079460000"), "british");
            assert_eq!(of("+447700900123"), "prefix");
            assert_eq!(of("+4915112345678"), "german-mobile");
            assert_eq!(of("+493012345678"), "german");
            assert_eq!(first(&table, [1; 16], "+447700900123").unwrap(), "own");
        }
        assert_eq!(first(&table("[]").unwrap(), [1; 16], "+447700900123"), None);
    }

    #[test]
    fn senseless_tables_are_refused_with_the_rule() {
        for (json, word) in [
            (r#"[{"providers":[]}]"#, "rule 1 names 0 providers"),
            (r#"[{"providers":["a","b","a"]}]"#, "rule 1 names a twice"),
            (r#"[{"country":"DE","providers":["a"]},{"country":"DE","providers":["b"]}]"#, "rules 1 and 2"),
            (r#"[{"providers":["a"],"thompson":{"max_explored_percent":60}}]"#, "rule 1: "),
            (r#"[{"provider":["a"]}]"#, "unknown field"),
        ] {
            let error = table(json).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
