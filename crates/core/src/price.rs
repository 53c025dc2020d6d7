//! Prices of messages, finer than any coin.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::money::{Currency, Money};

/// Millionths in one unit of a currency.
const MICROS: u64 = 1_000_000;
/// Decimals that a price may have.
const DECIMALS: usize = 6;

/// What a message costs, in millionths of its currency's unit.
///
/// [`Money`] counts whole minor units and cannot hold EUR 0.0075, an ordinary price of one segment;
/// a price can, and its sums stay exact. Only what is shown or held against a budget of money is
/// rounded, up, by [`Price::to_money`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Price {
    micros: u64,
    currency: Currency,
}

/// A price that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrice {
    /// Not digits with at most one point and six decimals.
    #[error("a price is digits with at most {DECIMALS} decimals, such as \"0.0075\"")]
    Malformed,
    /// More than fits.
    #[error("the price is larger than {} units", u64::MAX / MICROS)]
    TooLarge,
}

impl Price {
    /// From millionths of the currency's unit.
    pub const fn from_micros(micros: u64, currency: Currency) -> Self {
        Price { micros, currency }
    }

    /// Reads a decimal string of at most six decimals: `"0.0075"`, `"1"`.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, InvalidPrice> {
        Ok(Price { micros: Self::parse_micros(amount)?, currency })
    }

    /// The millionths in such a string, whatever the currency.
    pub fn parse_micros(amount: &str) -> Result<u64, InvalidPrice> {
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let bare_point = amount.contains('.') && fraction.is_empty();
        if whole.is_empty() || bare_point || fraction.len() > DECIMALS {
            return Err(InvalidPrice::Malformed);
        }
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(InvalidPrice::Malformed);
        }
        format!("{whole}{fraction:0<DECIMALS$}").parse().map_err(|_| InvalidPrice::TooLarge)
    }

    /// Millionths of the currency's unit.
    pub const fn micros(&self) -> u64 {
        self.micros
    }

    /// Its currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The price of so many segments; stops at the largest price.
    #[must_use]
    pub fn times(self, segments: usize) -> Self {
        let segments = u64::try_from(segments).unwrap_or(u64::MAX);
        Price { micros: self.micros.saturating_mul(segments), ..self }
    }

    /// The sum, or nothing when the currencies differ; stops at the largest price.
    #[must_use]
    pub fn plus(self, other: Price) -> Option<Self> {
        let same = self.currency == other.currency;
        same.then(|| Price { micros: self.micros.saturating_add(other.micros), ..self })
    }

    /// The same value in another currency, rounded up. `rate_micros`: millionths of one unit of
    /// `currency` that one unit of this price's currency is worth.
    #[must_use]
    pub fn exchanged(self, rate_micros: u64, currency: Currency) -> Self {
        let exact = u128::from(self.micros) * u128::from(rate_micros);
        let micros = u64::try_from(exact.div_ceil(u128::from(MICROS))).unwrap_or(u64::MAX);
        Price { micros, currency }
    }

    /// The price as money, rounded up to the currency's minor unit: a budget is never overrun by a
    /// rounding.
    pub fn to_money(self) -> Money {
        let decimals = u32::from(self.currency.decimals()).min(6);
        let micros_per_minor = MICROS / 10_u64.pow(decimals);
        Money::from_minor_units(self.micros.div_ceil(micros_per_minor), self.currency)
    }

    /// The amount as a decimal string with six decimals, as [`Price::parse`] reads it.
    pub fn amount(&self) -> String {
        format!("{}.{:06}", self.micros / MICROS, self.micros % MICROS)
    }
}

impl PartialOrd for Price {
    /// Prices of different currencies have no order.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.micros.cmp(&other.micros))
    }
}

impl fmt::Display for Price {
    /// Currency code and amount: `EUR 0.007500`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency.code(), self.amount())
    }
}

#[derive(Serialize, Deserialize)]
struct PriceText<'a> {
    #[serde(borrow)]
    amount: std::borrow::Cow<'a, str>,
    currency: Currency,
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PriceText { amount: self.amount().into(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = PriceText::deserialize(deserializer)?;
        Price::parse(&text.amount, text.currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(amount: &str, currency: &str) -> Price {
        Price::parse(amount, currency.parse().unwrap()).unwrap()
    }

    #[test]
    fn fractions_of_a_cent_are_exact_and_money_is_rounded_up() {
        assert_eq!(price("0.0075", "EUR").micros(), 7500);
        assert_eq!(price("0.0075", "EUR").times(3).to_money().to_string(), "EUR 0.03");
        assert_eq!(price("0.0075", "EUR").times(4).to_money().to_string(), "EUR 0.03");
        assert_eq!(price("0.000001", "EUR").to_money().to_string(), "EUR 0.01");
        assert_eq!(price("1.2", "JPY").to_money().to_string(), "JPY 2");
        assert_eq!(price("0.0201", "KWD").to_money().to_string(), "KWD 0.021");
        assert_eq!(price("0", "EUR").to_money().to_string(), "EUR 0.00");
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for wrong in ["", ".5", "1.", "-1", "1,5", "0.0000001", "1e3", " 1", "1.2.3", "٠.٥"] {
            assert_eq!(Price::parse(wrong, "EUR".parse().unwrap()), Err(InvalidPrice::Malformed), "{wrong}");
        }
        let large = Price::parse("99999999999999", "EUR".parse().unwrap());
        assert_eq!(large, Err(InvalidPrice::TooLarge));
    }

    #[test]
    fn currencies_are_never_mixed() {
        assert_eq!(price("1", "EUR").plus(price("1", "USD")), None);
        assert_eq!(price("1", "EUR").partial_cmp(&price("2", "USD")), None);
        assert!(price("1", "EUR") < price("1.000001", "EUR"));
        let euros = price("0.01", "USD").exchanged(920_000, "EUR".parse().unwrap());
        assert_eq!(euros, price("0.0092", "EUR"));
    }

    proptest! {
        #[test]
        fn printing_and_reading_give_the_same_price(micros: u64, code in "(EUR|JPY|KWD)") {
            let price = Price::from_micros(micros, code.parse().unwrap());
            prop_assert_eq!(Price::parse(&price.amount(), price.currency()), Ok(price));
            let json = serde_json::to_string(&price).unwrap();
            prop_assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), price);
        }

        #[test]
        fn money_is_never_less_than_the_price(micros in 0..u64::MAX / 1000, code in "(EUR|JPY|KWD)") {
            let price = Price::from_micros(micros, code.parse().unwrap());
            let money = price.to_money();
            let micros_per_minor = 10_u64.pow(6 - u32::from(money.currency().decimals()));
            let paid = u128::from(money.minor_units()) * u128::from(micros_per_minor);
            prop_assert!(paid >= u128::from(micros) && paid - u128::from(micros) < u128::from(micros_per_minor));
        }
    }
}
