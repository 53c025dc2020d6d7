//! Exact small decimals for policies.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of at most three decimals, from 0 to 1,000,000. Written as `2.5`, counted as 2500: sums of it are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thousandths(u32);

const MAX: u32 = 1_000_000_000;

impl Thousandths {
    /// From its thousandths; the largest one, where there are more than fit.
    pub const fn of(count: u32) -> Self {
        Thousandths(if count > MAX { MAX } else { count })
    }

    /// Its thousandths.
    pub const fn count(self) -> u64 {
        self.0 as u64
    }

    /// As a float, for what is no money.
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl fmt::Display for Thousandths {
    /// `2.5`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_f64())
    }
}

impl Serialize for Thousandths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}

impl<'de> Deserialize<'de> for Thousandths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Thousandths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of at most three decimals, from 0 to 1000000, such as 2.5")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Thousandths, E> {
                let whole = u32::try_from(number).ok().and_then(|number| number.checked_mul(1000));
                let known = whole.filter(|count| *count <= MAX);
                known
                    .map(Thousandths)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Thousandths, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Thousandths, E> {
                let wrong = || E::invalid_value(serde::de::Unexpected::Float(number), &self);
                // By its shortest decimal form, so that 2.3 is 2300 and not 2299.
                let text = format!("{number}");
                let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
                if fraction.len() > 3 {
                    return Err(wrong());
                }
                let count = format!("{whole}{fraction:0<3}").parse::<u32>().map_err(|_| wrong())?;
                if count <= MAX { Ok(Thousandths(count)) } else { Err(wrong()) }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u64, String> {
        serde_json::from_str::<Thousandths>(text).map(Thousandths::count).map_err(|error| error.to_string())
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        for (text, count) in
            [("2.5", 2500), ("2.3", 2300), ("2", 2000), ("0", 0), ("0.001", 1), ("3.333", 3333)]
        {
            assert_eq!(read(text), Ok(count), "{text}");
        }
        for wrong in ["-1", "-0.5", "0.0001", "1e9", "1000001", "\"2\"", "1e300"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(serde_json::to_string(&Thousandths::of(2500)).unwrap(), "2.5");
    }
}
