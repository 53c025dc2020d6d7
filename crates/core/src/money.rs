//! Amounts of money, exact to the currency's minor unit.

use std::fmt;
use std::str::FromStr;

use iso_currency::Currency as Iso;
use serde::{Deserialize, Serialize, Serializer};

/// A currency of ISO 4217, by its three-letter code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(Iso);

impl Currency {
    /// `USD`, in which carriers quote most of their prices.
    pub const US_DOLLAR: Currency = Currency(Iso::USD);

    /// The three-letter code, such as `EUR`.
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// How many decimals an amount in this currency has: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn decimals(&self) -> u16 {
        self.0.exponent().unwrap_or(0)
    }
}

impl FromStr for Currency {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        Iso::from_code(text)
            .map(Currency)
            .ok_or_else(|| InvalidMoney::UnknownCurrency(text.chars().take(8).collect()))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in a currency. Never a float: PSD2 RTS Art 5(1)(d) voids a code when the amount
/// changes at all, so two amounts must be equal or different without doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor_units: u64,
    currency: Currency,
}

/// An amount or a currency that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not a currency of ISO 4217.
    #[error("\"{0}\" is no currency of ISO 4217; use a code such as EUR")]
    UnknownCurrency(String),
    /// Not digits with at most one point.
    #[error(
        "expected digits with a point before the decimals, such as \"{example}\" ({currency} has {decimals} decimals)"
    )]
    Malformed {
        /// The currency asked for.
        currency: &'static str,
        /// The decimals that it has.
        decimals: u16,
        /// An amount written correctly.
        example: String,
    },
    /// The wrong number of decimals.
    #[error(
        "{currency} amounts have exactly {decimals} decimals, this one has {found}: write it like \"{example}\""
    )]
    WrongDecimals {
        /// The currency asked for.
        currency: &'static str,
        /// The decimals that it has.
        decimals: u16,
        /// The decimals given.
        found: usize,
        /// An amount written correctly.
        example: String,
    },
    /// More than fits.
    #[error("the amount is larger than {max} minor units", max = u64::MAX)]
    TooLarge,
}

impl Money {
    /// Reads a decimal string that has exactly the currency's decimals: `"49.90"` EUR, `"100"` JPY.
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, InvalidMoney> {
        let decimals = currency.decimals();
        let example = Money { minor_units: 4990, currency }.amount();
        let code = currency.code();
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let bare_point = amount.contains('.') && fraction.is_empty();
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || bare_point || leading_zero || !all_digits(whole) || !all_digits(fraction) {
            return Err(InvalidMoney::Malformed { currency: code, decimals, example });
        }
        if fraction.len() != usize::from(decimals) {
            return Err(InvalidMoney::WrongDecimals {
                currency: code,
                decimals,
                found: fraction.len(),
                example,
            });
        }
        let minor_units = format!("{whole}{fraction}").parse().map_err(|_| InvalidMoney::TooLarge)?;
        Ok(Money { minor_units, currency })
    }

    /// From an amount in the currency's smallest unit: cents for EUR, yen for JPY.
    pub const fn from_minor_units(minor_units: u64, currency: Currency) -> Self {
        Money { minor_units, currency }
    }

    /// The amount in the currency's smallest unit: cents for EUR, yen for JPY.
    pub const fn minor_units(&self) -> u64 {
        self.minor_units
    }

    /// Its currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The amount as a decimal string without the currency, as [`Money::parse`] reads it.
    pub fn amount(&self) -> String {
        let decimals = usize::from(self.currency.decimals());
        if decimals == 0 {
            return self.minor_units.to_string();
        }
        let padded = format!("{:0width$}", self.minor_units, width = decimals + 1);
        let (whole, fraction) = padded.split_at(padded.len() - decimals);
        format!("{whole}.{fraction}")
    }
}

impl fmt::Display for Money {
    /// Currency code and amount: `EUR 49.90`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency.code(), self.amount())
    }
}

#[derive(Serialize, Deserialize)]
struct MoneyText<'a> {
    #[serde(borrow)]
    amount: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    currency: std::borrow::Cow<'a, str>,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MoneyText { amount: self.amount().into(), currency: self.currency.code().into() }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = MoneyText::deserialize(deserializer)?;
        let currency = text.currency.parse().map_err(serde::de::Error::custom)?;
        Money::parse(&text.amount, currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(amount: &str, currency: &str) -> Result<Money, InvalidMoney> {
        Money::parse(amount, currency.parse()?)
    }

    #[test]
    fn amounts_have_the_currencys_decimals_or_are_refused_with_a_reason() {
        assert_eq!(parse("49.90", "EUR").unwrap().minor_units(), 4990);
        assert_eq!(parse("100", "JPY").unwrap().to_string(), "JPY 100");
        assert_eq!(parse("0.05", "EUR").unwrap().to_string(), "EUR 0.05");
        assert_eq!(parse("1.234", "KWD").unwrap().minor_units(), 1234);
        assert_eq!(
            parse("49.9", "EUR").unwrap_err().to_string(),
            "EUR amounts have exactly 2 decimals, this one has 1: write it like \"49.90\""
        );
        assert_eq!(
            parse("100.5", "JPY").unwrap_err().to_string(),
            "JPY amounts have exactly 0 decimals, this one has 1: write it like \"4990\""
        );
        for wrong in
            ["", ".90", "49.", "-1.00", "+1.00", "1,00", "1 000.00", "1e3", "007.00", "٤٩.٩٠", "49.90.10"]
        {
            assert!(parse(wrong, "EUR").is_err(), "{wrong}");
        }
        assert_eq!(parse("99999999999999999999.00", "EUR"), Err(InvalidMoney::TooLarge));
        assert!(matches!(parse("1.00", "EURO"), Err(InvalidMoney::UnknownCurrency(_))));
        assert!(matches!(parse("1.00", "eur"), Err(InvalidMoney::UnknownCurrency(_))));
    }

    proptest! {
        #[test]
        fn printing_and_reading_give_the_same_money(minor_units: u64, code in "(EUR|JPY|KWD|USD|CLF)") {
            let money = Money { minor_units, currency: code.parse().unwrap() };
            prop_assert_eq!(Money::parse(&money.amount(), money.currency()), Ok(money));
        }
    }
}
