//! What carriers take the octets of a text for.

use serde::{Deserialize, Serialize};

use super::encoding::{Encoding, Measure};
use super::gsm7::place;

/// The characters that a carrier passes on unharmed in a text that is not UCS-2. Whatever it takes octets
/// for, phones get GSM-7: a character has to be in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierAlphabet {
    /// All of GSM-7.
    #[default]
    Gsm,
    /// What GSM-7 and ASCII share.
    Ascii,
    /// What GSM-7 and ISO 8859-1 share: no euro sign, no Greek capitals.
    Latin1,
}

impl CarrierAlphabet {
    /// Whether it passes a character on.
    pub const fn has(self, character: char) -> bool {
        let own = match self {
            CarrierAlphabet::Gsm => true,
            CarrierAlphabet::Ascii => character.is_ascii(),
            CarrierAlphabet::Latin1 => (character as u32) < 0x100,
        };
        own && place(character).is_some()
    }
}

impl Measure {
    /// Measures a text on a carrier: as [`Measure::of`], or in UCS-2 where the carrier's alphabet lacks a
    /// character that GSM-7 has, such as `é` in ASCII.
    pub fn on(text: &str, alphabet: CarrierAlphabet) -> Self {
        let measure = Measure::of(text);
        let passes = || text.chars().all(|character| alphabet.has(character));
        if measure.encoding == Encoding::Gsm7 && !passes() { Measure::in_ucs2(text) } else { measure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_alphabet_has_what_its_standard_and_gsm7_share() {
        use CarrierAlphabet::{Ascii, Gsm, Latin1};
        for (character, alphabets) in [
            ('a', &[Gsm, Ascii, Latin1][..]),
            ('@', &[Gsm, Ascii, Latin1]),
            ('é', &[Gsm, Latin1]),
            ('ß', &[Gsm, Latin1]),
            ('€', &[Gsm]),
            ('Ω', &[Gsm]),
            ('ç', &[]),
            ('`', &[]),
            ('я', &[]),
        ] {
            for alphabet in [Gsm, Ascii, Latin1] {
                assert_eq!(
                    alphabet.has(character),
                    alphabets.contains(&alphabet),
                    "{character} {alphabet:?}"
                );
            }
        }
    }

    #[test]
    fn one_character_that_a_carrier_lacks_moves_the_whole_text() {
        let text = format!("é{}", "a".repeat(99));
        let segments = |alphabet| Measure::on(&text, alphabet).segments;
        assert_eq!(segments(CarrierAlphabet::Gsm), 1);
        assert_eq!(segments(CarrierAlphabet::Latin1), 1);
        assert_eq!(segments(CarrierAlphabet::Ascii), 2);
    }

    proptest! {
        #[test]
        fn gsm_measures_as_without_a_carrier(text in "\\PC{0,200}|[a-z€é]{0,200}") {
            prop_assert_eq!(Measure::on(&text, CarrierAlphabet::Gsm), Measure::of(&text));
        }
    }
}
