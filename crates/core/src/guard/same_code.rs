//! The same wrong code again and again, on many phones: inverted guessing (fraud.md B.3.5).
//!
//! Who spreads one guess over very many verifications does best with one code for all of them. Customers' mistakes
//! spread over all codes, so that a code which is wrong several times in an hour is no accident. Counted in a
//! count-min sketch (Cormode and Muthukrishnan 2005), which may count too much and never too little, under a key
//! that lives for the hour: nothing here tells a code.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::poisson;
use crate::id::AppId;
use crate::time::Timestamp;

const ROWS: usize = 4;
const WIDTH: usize = 1 << 16;
const HOUR_MS: i64 = 3_600_000;
/// Chance per hour that luck alone looks like an attack.
const BY_LUCK: f64 = 1e-6;

/// The wrong codes of one hour.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SameCode {
    hour: i64,
    key: [u8; 32],
    cells: Vec<u8>,
    wrong: u32,
}

impl std::fmt::Debug for SameCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SameCode({} wrong)", self.wrong)
    }
}

/// What a wrong code came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// As often as luck makes it.
    ByLuck,
    /// More often.
    TooOften,
}

impl SameCode {
    /// Nothing counted. `key`: 256 fresh random bits.
    pub fn new(key: [u8; 32], now: Timestamp) -> Self {
        SameCode { hour: hour_of(now), key, cells: Vec::new(), wrong: 0 }
    }

    /// Whether its hour is over: then it is replaced by a new one with a new key.
    pub fn is_over(&self, now: Timestamp) -> bool {
        hour_of(now) > self.hour
    }

    /// Counts a wrong guess, unless it is one that customers make by themselves. `right`: the code that it should
    /// have been.
    pub fn add(&mut self, app: AppId, guess: &str, right: &str) -> Repeated {
        if is_ordinary_mistake(guess, right) {
            return Repeated::ByLuck;
        }
        if self.cells.is_empty() {
            self.cells = vec![0; ROWS * WIDTH];
        }
        self.wrong = self.wrong.saturating_add(1);
        let mut least = u8::MAX;
        for (row, column) in self.columns(app, guess).into_iter().enumerate() {
            if let Some(cell) = self.cells.get_mut(row * WIDTH + usize::from(column)) {
                *cell = cell.saturating_add(1);
                least = least.min(*cell);
            }
        }
        let codes = 10_f64.powi(i32::try_from(guess.len()).unwrap_or(6).min(12));
        if u32::from(least) >= threshold(self.wrong, codes) { Repeated::TooOften } else { Repeated::ByLuck }
    }

    /// One column for each row, from HMAC(key, app ‖ code).
    fn columns(&self, app: AppId, guess: &str) -> [u16; ROWS] {
        let mut columns = [0; ROWS];
        // HMAC takes keys of any length (RFC 2104 §2).
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(app.as_bytes());
            mac.update(guess.as_bytes());
            let digest = mac.finalize().into_bytes();
            for (column, bytes) in columns.iter_mut().zip(digest.chunks_exact(2)) {
                *column = bytes.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte));
            }
        }
        columns
    }

    /// Wrong guesses counted in this hour.
    pub const fn wrong(&self) -> u32 {
        self.wrong
    }
}

/// k: how often one code may be wrong among `wrong` guesses at `codes` equally likely ones, so that luck alone gets
/// there in one hour of a million at most. 5 at 10^4 guesses of six digits, 8 at 10^5 (fraud.md B.3.5).
///
/// Where guesses are so many that they share cells of the sketch, also as often as that makes a cell count.
pub fn threshold(wrong: u32, codes: f64) -> u32 {
    let wrong = f64::from(wrong);
    let rows = i32::try_from(ROWS).unwrap_or(4);
    let width = f64::from(u32::try_from(WIDTH).unwrap_or(u32::MAX));
    let by_luck = |k: u32| codes * poisson::tail(k, wrong / codes);
    let by_sharing = |k: u32| wrong * poisson::tail(k, wrong / width).powi(rows);
    // The cells count to 255.
    (3..255).find(|&k| by_luck(k) < BY_LUCK && by_sharing(k) < BY_LUCK).unwrap_or(255)
}

/// Mistakes that say nothing: one digit wrong, two neighbours swapped, and the codes of people who only try the page.
pub fn is_ordinary_mistake(guess: &str, right: &str) -> bool {
    const TRIED_FOR_FUN: [&str; 2] = ["000000", "123456"];
    if TRIED_FOR_FUN.contains(&guess) {
        return true;
    }
    if guess.len() != right.len() {
        return false;
    }
    let differing =
        || (0..).zip(guess.bytes().zip(right.bytes())).filter(|(_, (typed, meant))| typed != meant);
    let mut places = differing();
    match (places.next(), places.next(), places.next()) {
        (_, None, _) => true,
        (Some((at, first)), Some((next, second)), None) => next == at + 1 && first == (second.1, second.0),
        _ => false,
    }
}

const fn hour_of(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_000);
    const APP: AppId = AppId::from_bytes([1; 16]);

    #[test]
    fn thresholds_follow_the_volume() {
        assert_eq!(threshold(10_000, 1e6), 5);
        assert_eq!(threshold(100_000, 1e6), 8);
        assert!(threshold(100, 1e6) <= 4 && threshold(10_000, 1e8) < 5);
        assert!(threshold(3_000_000, 1e6) > 20);
    }

    #[test]
    fn one_code_on_many_phones_is_noticed_and_mistakes_are_not() {
        let mut sketch = SameCode::new([1; 32], NOW);
        for n in 0..10_000_u32 {
            // Every wrong code once, in the half of the codes that the attacker does not use.
            let guess = format!("{:06}", 500_000 + n * 37 % 400_000);
            assert_eq!(sketch.add(APP, &guess, "111111"), Repeated::ByLuck, "{n}");
        }
        let noticed = (0..20).position(|_| sketch.add(APP, "482913", "111111") == Repeated::TooOften);
        assert!(noticed.is_some_and(|at| at <= 6), "{noticed:?}");
    }

    #[test]
    fn mistakes_of_customers_are_left_out() {
        for (guess, right) in
            [("123457", "123450"), ("213450", "123450"), ("000000", "918273"), ("123456", "918273")]
        {
            assert!(is_ordinary_mistake(guess, right), "{guess} for {right}");
        }
        for (guess, right) in [("321450", "123450"), ("654321", "123450"), ("12345", "123450")] {
            assert!(!is_ordinary_mistake(guess, right), "{guess} for {right}");
        }
        let mut sketch = SameCode::new([1; 32], NOW);
        for _ in 0..100 {
            assert_eq!(sketch.add(APP, "123456", "918273"), Repeated::ByLuck);
        }
        assert_eq!(sketch.wrong(), 0);
    }

    #[test]
    fn an_hour_and_its_key_end() {
        let sketch = SameCode::new([1; 32], NOW);
        assert!(!sketch.is_over(NOW) && sketch.is_over(NOW.plus(std::time::Duration::from_secs(3600))));
        let other = SameCode::new([2; 32], NOW);
        assert_ne!(sketch.columns(APP, "482913"), other.columns(APP, "482913"));
        assert_ne!(sketch.columns(APP, "482913"), sketch.columns(AppId::from_bytes([2; 16]), "482913"));
    }
}
