//! Where made-up customers live.

/// A country: a made-up market on a real calling code that it shares with no other.
#[derive(Clone, Copy, Debug)]
pub struct Country {
    calling_code: u16,
    /// The first digits of its mobile numbers.
    leads: [u8; 2],
    national_digits: u8,
    /// What a message costs, in millionths of a dollar.
    pub price_micros: u64,
    /// The share of codes that customers type.
    pub typed: f64,
    /// Its share of all traffic, in thousandths.
    pub weight: u16,
    /// The busiest hour, UTC.
    pub peak_hour: u8,
}

/// Ranges of numbers in each country: two leads of a hundred.
pub const RANGES: u16 = 200;

/// Twelve of them, with clean shares from 50 to 82 % (fraud.md B.4).
pub const COUNTRIES: [Country; 12] = [
    Country {
        calling_code: 49,
        leads: [1, 2],
        national_digits: 10,
        price_micros: 75_000,
        typed: 0.80,
        weight: 220,
        peak_hour: 17,
    },
    Country {
        calling_code: 33,
        leads: [6, 7],
        national_digits: 9,
        price_micros: 58_000,
        typed: 0.79,
        weight: 160,
        peak_hour: 18,
    },
    Country {
        calling_code: 34,
        leads: [6, 7],
        national_digits: 9,
        price_micros: 49_000,
        typed: 0.77,
        weight: 120,
        peak_hour: 19,
    },
    Country {
        calling_code: 48,
        leads: [5, 6],
        national_digits: 9,
        price_micros: 31_000,
        typed: 0.82,
        weight: 110,
        peak_hour: 17,
    },
    Country {
        calling_code: 31,
        leads: [6, 7],
        national_digits: 9,
        price_micros: 82_000,
        typed: 0.81,
        weight: 90,
        peak_hour: 18,
    },
    Country {
        calling_code: 90,
        leads: [5, 4],
        national_digits: 10,
        price_micros: 30_000,
        typed: 0.70,
        weight: 70,
        peak_hour: 16,
    },
    Country {
        calling_code: 55,
        leads: [9, 8],
        national_digits: 10,
        price_micros: 34_000,
        typed: 0.66,
        weight: 60,
        peak_hour: 22,
    },
    Country {
        calling_code: 52,
        leads: [5, 6],
        national_digits: 10,
        price_micros: 41_000,
        typed: 0.64,
        weight: 50,
        peak_hour: 23,
    },
    Country {
        calling_code: 91,
        leads: [9, 8],
        national_digits: 10,
        price_micros: 45_000,
        typed: 0.68,
        weight: 45,
        peak_hour: 13,
    },
    Country {
        calling_code: 62,
        leads: [8, 9],
        national_digits: 10,
        price_micros: 120_000,
        typed: 0.58,
        weight: 35,
        peak_hour: 11,
    },
    Country {
        calling_code: 234,
        leads: [8, 7],
        national_digits: 10,
        price_micros: 105_000,
        typed: 0.54,
        weight: 25,
        peak_hour: 17,
    },
    Country {
        calling_code: 92,
        leads: [3, 2],
        national_digits: 10,
        price_micros: 115_000,
        typed: 0.50,
        weight: 15,
        peak_hour: 14,
    },
];

impl Country {
    /// How many numbers a range has: as the guard cuts them (fraud.md B.3).
    pub const fn range_size(&self) -> u32 {
        if self.national_digits >= 10 { 10_000_000 } else { 1_000_000 }
    }

    /// A number of it, in E.164 form.
    pub fn number(&self, range: u16, offset: u32) -> String {
        let [first, second] = self.leads;
        let lead = if range < RANGES / 2 { first } else { second };
        let width = usize::from(self.national_digits) - 3;
        format!("+{}{lead}{:02}{:0width$}", self.calling_code, range % 100, offset % self.range_size())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::guard::{DestinationReader, Keyer};

    #[test]
    fn the_guard_cuts_its_ranges_where_the_worlds_do() {
        let (mut reader, keyer) = (DestinationReader::new(), Keyer::new([1; 16]));
        for country in &COUNTRIES {
            let mut id = |range, offset| {
                let read = reader.read(&country.number(range, offset)).unwrap();
                assert_eq!((read.offset(), read.range_size()), (offset, country.range_size()));
                read.range_id(&keyer)
            };
            assert_eq!(id(7, 0), id(7, country.range_size() - 1));
            assert_ne!(id(7, 0), id(107, 0));
        }
        assert_eq!(COUNTRIES.iter().map(|country| country.weight).sum::<u16>(), 1000);
    }
}
