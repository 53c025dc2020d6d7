//! The one-time code: derived, never stored.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The characters a code is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alphabet {
    /// `0`–`9`: what every keypad types and every phone suggests.
    Numeric,
    /// 23 letters and digits that nobody confuses when reading or hearing them: no `0 O 1 I L`, none
    /// of the pairs `2 Z`, `5 S`, `8 B`, `U V`, and both letters and digits in it.
    Alphanumeric,
}

/// The most characters of a code.
const LONGEST: u8 = 10;

const NUMERIC: &[u8] = b"0123456789";
const ALPHANUMERIC: &[u8] = b"34679ACDEFGHJKMNPQRTWXY";

impl CodeFormat {
    /// How many codes there are of this form, all equally likely.
    pub fn combinations(self) -> u64 {
        let characters = u64::try_from(self.alphabet.characters().len()).unwrap_or(u64::MAX);
        characters.saturating_pow(u32::from(self.length))
    }

    /// This one, or a longer one of the same characters that is at least as hard to guess as so many digits.
    #[must_use]
    pub fn with_digits(self, digits: u8) -> Self {
        let least = 10_u64.saturating_pow(u32::from(digits));
        let mut format = self;
        while format.combinations() < least && format.length < LONGEST {
            format.length += 1;
        }
        format
    }
}

impl Alphabet {
    /// Its characters, in the order of their values.
    pub const fn characters(self) -> &'static [u8] {
        match self {
            Alphabet::Numeric => NUMERIC,
            Alphabet::Alphanumeric => ALPHANUMERIC,
        }
    }
}

/// How long a code is and what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodeFormat {
    length: u8,
    alphabet: Alphabet,
}

/// Whether codes below NIST's six digits are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortCodes {
    /// Six characters at least (NIST SP 800-63B-4 §3.1.3.2, N3).
    #[default]
    Refuse,
    /// Four or five are allowed, knowingly below NIST.
    AllowBelowNist,
}

/// A code format that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCodeFormat {
    /// Under six characters without saying so.
    #[error(
        "a code has at least 6 characters (NIST SP 800-63B-4 §3.1.3.2); set allow_below_nist in the app's policy to accept 4 or 5"
    )]
    BelowNist,
    /// Outside 4–10 characters.
    #[error("a code has 6 to 10 characters")]
    OutOfRange,
}

impl CodeFormat {
    /// Six digits.
    pub const DEFAULT: CodeFormat = CodeFormat { length: 6, alphabet: Alphabet::Numeric };

    /// A format of `length` characters of `alphabet`.
    pub const fn new(length: u8, alphabet: Alphabet, short: ShortCodes) -> Result<Self, InvalidCodeFormat> {
        match (length, short) {
            (6..=LONGEST, _) | (4 | 5, ShortCodes::AllowBelowNist) => Ok(CodeFormat { length, alphabet }),
            (4 | 5, ShortCodes::Refuse) => Err(InvalidCodeFormat::BelowNist),
            _ => Err(InvalidCodeFormat::OutOfRange),
        }
    }

    /// Its characters: 4–10.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// What it is made of.
    pub const fn alphabet(self) -> Alphabet {
        self.alphabet
    }
}

/// A one-time code. Has no Debug and no Display, compares in constant time, and is wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Code(String);

impl Code {
    /// The code from 128 pseudo-random bits. The bias of the reduction is below 10^-24 for the
    /// longest format: 23^10 is under 2^46 (RFC 4226's 31 bits would leave 0.05 % at six digits).
    pub fn from_bits(bits: u128, format: CodeFormat) -> Self {
        let characters = format.alphabet.characters();
        let base = characters.len() as u128;
        let mut rest = bits % base.pow(u32::from(format.length));
        let mut text = vec![0; usize::from(format.length)];
        for slot in text.iter_mut().rev() {
            *slot = characters[usize::try_from(rest % base).unwrap_or(0)];
            rest /= base;
        }
        Code(text.into_iter().map(char::from).collect())
    }

    /// A code that somebody else chose: a test number's fixed one.
    pub fn fixed(text: &str) -> Self {
        Code(text.to_owned())
    }

    /// The characters, for the message. Never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `guess` is this code; takes the same time wherever they differ.
    pub fn matches(&self, guess: &Guess) -> bool {
        use subtle::ConstantTimeEq as _;
        self.0.as_bytes().ct_eq(guess.0.as_bytes()).into()
    }
}

/// What the customer typed, brought to the form of a code. Wiped on drop, without Debug.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Guess(String);

/// A guess that can be no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code is empty or longer than 64 bytes")]
pub struct InvalidGuess;

impl Guess {
    /// What was typed, to be counted among other wrong ones. Never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Takes what was typed, dropping spaces, dashes and invisible marks, folding full-width, Arabic-Indic,
    /// Persian and Devanagari digits to `0`–`9` and letters to capitals (web.md D.2).
    pub fn parse(typed: &str) -> Result<Self, InvalidGuess> {
        if typed.len() > 64 {
            return Err(InvalidGuess);
        }
        let text: String = typed.chars().filter_map(fold).collect();
        if text.is_empty() { Err(InvalidGuess) } else { Ok(Guess(text)) }
    }

    /// How many characters are missing to a code of this form: none, if it may be one or is too long.
    pub fn missing(&self, format: CodeFormat) -> usize {
        usize::from(format.length()).saturating_sub(self.0.chars().count())
    }

    /// Whether it can be a code of this form at all. One that cannot need not cost a try.
    pub fn fits(&self, format: CodeFormat) -> bool {
        let allowed = |c: char| match format.alphabet() {
            Alphabet::Numeric => c.is_ascii_digit(),
            Alphabet::Alphanumeric => c.is_ascii_alphanumeric(),
        };
        self.0.chars().count() == usize::from(format.length()) && self.0.chars().all(allowed)
    }
}

fn fold(typed: char) -> Option<char> {
    let digit = |zero: u32| char::from_digit(u32::from(typed) - zero, 10);
    match typed {
        '\u{ff10}'..='\u{ff19}' => digit(0xff10),
        '\u{0660}'..='\u{0669}' => digit(0x0660),
        '\u{06f0}'..='\u{06f9}' => digit(0x06f0),
        '\u{0966}'..='\u{096f}' => digit(0x0966),
        '-'
        | '.'
        | '\u{2010}'..='\u{2015}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' => None,
        blank if blank.is_whitespace() => None,
        other => Some(other.to_ascii_uppercase()),
    }
}

impl fmt::Debug for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guess(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n3_fewer_than_six_characters_need_an_explicit_consent() {
        for length in [4, 5] {
            assert_eq!(
                CodeFormat::new(length, Alphabet::Numeric, ShortCodes::Refuse),
                Err(InvalidCodeFormat::BelowNist)
            );
            assert!(CodeFormat::new(length, Alphabet::Numeric, ShortCodes::AllowBelowNist).is_ok());
        }
        for length in [0, 3, 11, 255] {
            assert_eq!(
                CodeFormat::new(length, Alphabet::Numeric, ShortCodes::AllowBelowNist),
                Err(InvalidCodeFormat::OutOfRange)
            );
        }
    }

    #[test]
    fn typed_codes_are_folded() {
        let code = Code::fixed("123456");
        for typed in [
            "123456",
            "123 456",
            "123-456",
            " 12 34 56 ",
            "１２３４５６",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
            "123\u{200f}456",
        ] {
            assert!(code.matches(&Guess::parse(typed).unwrap()), "{typed}");
        }
        assert!(Code::fixed("ACD34F").matches(&Guess::parse("acd-34f").unwrap()));
        assert!(!code.matches(&Guess::parse("12345").unwrap()));
        assert!(!code.matches(&Guess::parse("1234567").unwrap()));
        assert!(Guess::parse(" - ").is_err());
        assert!(Guess::parse(&"1".repeat(65)).is_err());
    }

    #[test]
    fn the_alphanumeric_alphabet_has_no_doubles_and_no_lookalikes() {
        let characters = Alphabet::Alphanumeric.characters();
        let distinct: std::collections::BTreeSet<_> = characters.iter().collect();
        assert_eq!(distinct.len(), characters.len());
        for confusing in b"0O1IL2Z5S8BUV" {
            assert!(!characters.contains(confusing), "{}", char::from(*confusing));
        }
    }
}
