//! What providers ask for a message.
//!
//! A list comes as CSV with the header `provider,prefix,price,currency,valid_from`:
//!
//! ```csv
//! provider,prefix,price,currency,valid_from
//! acme,49,0.0750,EUR,2026-01-01
//! acme,4915,0.0690,EUR,2026-01-01
//! acme,*,0.1200,USD,2026-01-01
//! ```
//!
//! The price is that of one segment. `*` is for numbers that no other row covers. Of rows for the same
//! prefix the latest that is already valid counts, from midnight UTC of its date.

use std::collections::BTreeMap;

use countersign_core::money::Currency;
use countersign_core::phone::E164;
use countersign_core::price::Price;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::place::{Prefix, digits};
use crate::provider::ProviderName;

/// The most rows of a list.
pub const MAX_ROWS: usize = 200_000;
/// The most wrong rows that are told at once.
pub const MAX_ERRORS: usize = 20;
/// The largest list that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

const HEADER: [&str; 5] = ["provider", "prefix", "price", "currency", "valid_from"];

/// Prices of all providers, in one currency so that they compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceList {
    currency: Currency,
    providers: BTreeMap<ProviderName, BTreeMap<String, Vec<Listed>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Listed {
    valid_from: Timestamp,
    price: Price,
}

/// What another currency is worth in the list's: a setting of the operator, because a list that
/// changed by itself from day to day could not be explained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExchangeRate {
    /// The other currency.
    pub from: Currency,
    /// Millionths of one unit of the list's currency that one unit of it is worth.
    pub micros: u64,
}

/// A price with where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The price of one segment.
    pub price: Price,
    /// Where it comes from.
    pub basis: QuoteBasis,
}

/// Where a price comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteBasis {
    /// A row for this number.
    Listed,
    /// The provider's highest: it lists no price for this number (design 6, Money without prices).
    HighestOfProvider,
    /// The list's highest: the provider has no row.
    HighestOfAll,
}

/// A list that was not taken; nothing of it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Too large.
    #[error("a price list has at most {MAX_BYTES} bytes and {MAX_ROWS} rows")]
    TooLarge,
    /// The first line is another.
    #[error("line 1: the header is provider,prefix,price,currency,valid_from")]
    Header,
    /// Rows that are wrong, at most [`MAX_ERRORS`] of them.
    #[error("{}", lines(.0))]
    Rows(Vec<RowError>),
}

fn lines(errors: &[RowError]) -> String {
    errors.iter().map(RowError::to_string).collect::<Vec<_>>().join("\n")
}

/// A wrong row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct RowError {
    /// Its line in the file, the header being 1.
    pub line: u64,
    /// What is wrong.
    pub problem: RowProblem,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// Not five fields, or a quote that does not end.
    #[error("a row has the five fields provider,prefix,price,currency,valid_from in UTF-8")]
    Fields,
    /// The provider.
    #[error(transparent)]
    Provider(#[from] crate::provider::InvalidProviderName),
    /// The prefix.
    #[error("{0}, or * for all others")]
    Prefix(#[from] super::place::InvalidPrefix),
    /// The price.
    #[error(transparent)]
    Price(#[from] countersign_core::price::InvalidPrice),
    /// The currency.
    #[error(transparent)]
    Currency(#[from] countersign_core::money::InvalidMoney),
    /// A currency without a rate.
    #[error("there is no exchange rate from {from} to {to}: set one")]
    NoRate {
        /// The row's.
        from: &'static str,
        /// The list's.
        to: &'static str,
    },
    /// The date.
    #[error("valid_from is a date such as 2026-01-31")]
    Date,
    /// The same provider, prefix and date as an earlier row.
    #[error("provider, prefix and valid_from are those of an earlier row: keep one")]
    Repeated,
}

impl PriceList {
    /// A list without prices.
    pub const fn empty(currency: Currency) -> Self {
        PriceList { currency, providers: BTreeMap::new() }
    }

    /// The currency of all its prices.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Reads a list, whole or not at all. Prices in another currency are exchanged at the rates given.
    pub fn import(csv: &[u8], currency: Currency, rates: &[ExchangeRate]) -> Result<Self, ImportError> {
        if csv.len() > MAX_BYTES {
            return Err(ImportError::TooLarge);
        }
        let csv = csv.strip_prefix("\u{feff}".as_bytes()).unwrap_or(csv);
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(csv);
        let header = reader.byte_headers().map_err(|_| ImportError::Header)?;
        if !header.iter().eq(HEADER.iter().map(|name| name.as_bytes())) {
            return Err(ImportError::Header);
        }
        let mut list = PriceList::empty(currency);
        let mut errors = Vec::new();
        let mut record = csv::ByteRecord::new();
        let mut rows = 0;
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            rows += 1;
            if rows > MAX_ROWS {
                return Err(ImportError::TooLarge);
            }
            if let Err(problem) = list.take(&record, rates) {
                let line = record.position().map_or(0, csv::Position::line);
                errors.push(RowError { line, problem });
                if errors.len() == MAX_ERRORS {
                    break;
                }
            }
        }
        if errors.is_empty() { Ok(list) } else { Err(ImportError::Rows(errors)) }
    }

    fn take(&mut self, record: &csv::ByteRecord, rates: &[ExchangeRate]) -> Result<(), RowProblem> {
        let fields: Vec<&str> = record
            .iter()
            .map(|field| std::str::from_utf8(field).map_err(|_| RowProblem::Fields))
            .collect::<Result<_, _>>()?;
        let [provider, prefix, amount, currency, valid_from] = fields[..] else {
            return Err(RowProblem::Fields);
        };
        let provider: ProviderName = provider.parse()?;
        let prefix = match prefix {
            "*" => String::new(),
            digits => digits.parse::<Prefix>()?.digits().to_owned(),
        };
        let price = self.own_currency(Price::parse(amount, currency.parse()?)?, rates)?;
        let date = Some(valid_from).filter(|date| date.len() == "2026-01-31".len());
        let valid_from = date
            .and_then(|date| Timestamp::parse_rfc3339(&format!("{date}T00:00:00Z")))
            .ok_or(RowProblem::Date)?;
        let rows = self.providers.entry(provider).or_default().entry(prefix).or_default();
        match rows.binary_search_by_key(&valid_from, |row| row.valid_from) {
            Ok(_) => Err(RowProblem::Repeated),
            Err(position) => {
                rows.insert(position, Listed { valid_from, price });
                Ok(())
            }
        }
    }

    fn own_currency(&self, price: Price, rates: &[ExchangeRate]) -> Result<Price, RowProblem> {
        if price.currency() == self.currency {
            return Ok(price);
        }
        let rate = rates.iter().find(|rate| rate.from == price.currency());
        let missing = RowProblem::NoRate { from: price.currency().code(), to: self.currency.code() };
        rate.map(|rate| price.exchanged(rate.micros, self.currency)).ok_or(missing)
    }

    /// The highest price in the list.
    pub fn highest(&self, now: Timestamp) -> Option<Price> {
        highest(self.providers.values().flat_map(BTreeMap::values), now)
    }

    /// The most that any provider asks for one segment to this number.
    pub fn highest_quote(&self, to: &E164, now: Timestamp) -> Option<Price> {
        let quotes = self.providers.keys().filter_map(|provider| self.quote(provider, to, now));
        quotes.map(|quote| quote.price).max_by_key(Price::micros)
    }

    /// What the provider asks for one segment to this number: the row with the longest prefix, else the
    /// highest price it lists, else the highest in the list. None only when nobody lists a price.
    pub fn quote(&self, provider: &ProviderName, to: &E164, now: Timestamp) -> Option<Quote> {
        let rows = self.providers.get(provider);
        let digits = digits(to);
        let listed = rows.and_then(|rows| {
            (0..=digits.len()).rev().find_map(|length| valid(rows.get(&digits[..length])?, now))
        });
        let quote = |basis| move |price| Quote { price, basis };
        let of_provider = || highest(rows?.values(), now);
        let of_all = || highest(self.providers.values().flat_map(BTreeMap::values), now);
        listed
            .map(quote(QuoteBasis::Listed))
            .or_else(|| of_provider().map(quote(QuoteBasis::HighestOfProvider)))
            .or_else(|| of_all().map(quote(QuoteBasis::HighestOfAll)))
    }
}

fn valid(rows: &[Listed], now: Timestamp) -> Option<Price> {
    rows.iter().rev().find(|row| row.valid_from <= now).map(|row| row.price)
}

fn highest<'a>(rows: impl Iterator<Item = &'a Vec<Listed>>, now: Timestamp) -> Option<Price> {
    rows.filter_map(|rows| valid(rows, now)).max_by_key(Price::micros)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use proptest::prelude::*;

    const LIST: &str = "provider,prefix,price,currency,valid_from\n\
        acme,49,0.0750,EUR,2026-01-01\r\n\
        acme,+4915,0.069,EUR,2026-01-01\n\
        \"acme\",4915,0.050,EUR,2026-06-01\n\
        acme,1,0.0100,USD,2026-01-01\n\
        base,*,0.0900,EUR,2026-01-01\n";

    fn euro() -> Currency {
        "EUR".parse().unwrap()
    }

    fn dollars() -> [ExchangeRate; 1] {
        [ExchangeRate { from: "USD".parse().unwrap(), micros: 900_000 }]
    }

    fn import(csv: &str) -> Result<PriceList, ImportError> {
        PriceList::import(csv.as_bytes(), euro(), &dollars())
    }

    fn at(date: &str) -> Timestamp {
        Timestamp::parse_rfc3339(&format!("{date}T00:00:00Z")).unwrap()
    }

    fn quote(list: &PriceList, provider: &str, to: &str, date: &str) -> Option<(String, QuoteBasis)> {
        let to = E164::parse_fictional(to, None).unwrap();
        let quote = list.quote(&provider.parse().unwrap(), &to, at(date))?;
        Some((quote.price.amount(), quote.basis))
    }

    #[test]
    fn the_longest_prefix_that_is_valid_counts() {
        let list = import(LIST).unwrap();
        let listed = |amount: &str| Some((amount.to_owned(), QuoteBasis::Listed));
        assert_eq!(quote(&list, "acme", "+4915112345678", "2026-02-01"), listed("0.069000"));
        assert_eq!(quote(&list, "acme", "+4915112345678", "2026-06-01"), listed("0.050000"));
        assert_eq!(quote(&list, "acme", "+4917012345678", "2026-06-01"), listed("0.075000"));
        assert_eq!(quote(&list, "acme", "+12025550123", "2026-06-01"), listed("0.009000"));
        assert_eq!(quote(&list, "base", "+447700900123", "2026-06-01"), listed("0.090000"));
    }

    #[test]
    fn an_unknown_price_is_the_highest_listed() {
        let list = import(LIST).unwrap();
        let at_most = |provider| quote(&list, provider, "+447700900123", "2026-02-01").unwrap();
        assert_eq!(at_most("acme"), ("0.075000".to_owned(), QuoteBasis::HighestOfProvider));
        assert_eq!(at_most("other"), ("0.090000".to_owned(), QuoteBasis::HighestOfAll));
        assert_eq!(quote(&list, "acme", "+447700900123", "2025-12-31"), None);
        assert_eq!(quote(&PriceList::empty(euro()), "acme", "+447700900123", "2026-02-01"), None);
    }

    #[test]
    fn every_wrong_row_is_told_with_its_line() {
        let csv = "provider,prefix,price,currency,valid_from\n\
            acme,49,0.07,EUR,2026-01-01\n\
            Acme,49,0.07,EUR,2026-01-01\n\
            acme,0049,0.07,EUR,2026-01-01\n\
            acme,44,0.07 EUR,EUR,2026-01-01\n\
            acme,44,0.07,EURO,2026-01-01\n\
            acme,44,0.07,GBP,2026-01-01\n\
            acme,44,0.07,EUR,01.01.2026\n\
            acme,44,0.07,EUR\n\
            acme,49,0.08,EUR,2026-01-01\n";
        let Err(ImportError::Rows(errors)) = import(csv) else { panic!("it was taken") };
        let told: Vec<u64> = errors.iter().map(|error| error.line).collect();
        assert_eq!(told, [3, 4, 5, 6, 7, 8, 9, 10], "{errors:?}");
        assert_eq!(errors[4].to_string(), "line 7: there is no exchange rate from GBP to EUR: set one");
        assert_eq!(errors[7].problem, RowProblem::Repeated);
        let shown = ImportError::Rows(errors).to_string();
        assert_eq!(shown.lines().count(), 8);
    }

    #[test]
    fn another_header_or_too_many_errors_end_the_reading() {
        assert_eq!(import(""), Err(ImportError::Header));
        assert_eq!(import("prefix,price\n49,1\n"), Err(ImportError::Header));
        let rows = "acme,x,1,EUR,2026-01-01\n".repeat(1000);
        let Err(ImportError::Rows(errors)) = import(&format!("{}\n{rows}", HEADER.join(","))) else {
            panic!("it was taken")
        };
        assert_eq!(errors.len(), MAX_ERRORS);
    }

    proptest! {
        #[test]
        fn whatever_comes_nothing_panics(csv in "\\PC{0,200}") {
            let _ = import(&csv);
            let _ = import(&format!("{}\n{csv}", HEADER.join(",")));
        }

        #[test]
        fn longest_prefix_agrees_with_looking_at_every_row(
            prefixes in proptest::collection::btree_set("49(1(5(1(1)?)?)?)?|4|4917|44", 0..8),
        ) {
            let mut csv = HEADER.join(",");
            for (cents, prefix) in prefixes.iter().enumerate() {
                let _ = write!(csv, "\nacme,{prefix},0.{:02},EUR,2026-01-01", cents + 1);
            }
            let list = import(&csv).unwrap();
            let longest = prefixes.iter().filter(|prefix| "4915112345678".starts_with(prefix.as_str()))
                .max_by_key(|prefix| prefix.len());
            let expected = longest.map(|longest| {
                let cents = prefixes.iter().position(|prefix| prefix == longest).unwrap() + 1;
                (format!("0.{cents:02}0000"), QuoteBasis::Listed)
            });
            let found = quote(&list, "acme", "+4915112345678", "2026-02-01");
            prop_assert_eq!(found.filter(|(_, basis)| *basis == QuoteBasis::Listed), expected);
        }
    }
}
