//! How a text travels as SMS: its alphabet, its length and its number of segments.
//!
//! Sources: 3GPP TS 23.038 §6.2.1 (the GSM 7 bit default alphabet and its extension table), TS 23.040
//! §9.2.3.24.1 (six octets of header in each part of a concatenated message). National language
//! shift tables are left out on purpose: carriers rarely pass them on.

use super::gsm7::{Place, place};

/// Octets of user data in one SMS (TS 23.040 §9.2.3.24).
const USER_DATA_OCTETS: usize = 140;
/// Octets of header in each part of a concatenated message: its length, and one element with an 8 bit
/// reference (TS 23.040 §9.2.3.24.1).
pub const CONCATENATION_HEADER_OCTETS: usize = 6;

/// The alphabet of an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// The GSM 7 bit default alphabet with its extension table: 160 septets in a segment.
    Gsm7,
    /// UTF-16 code units, as phones read UCS-2: 70 in a segment.
    Ucs2,
}

/// What a text costs as SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The alphabet that it needs: one character outside GSM-7 moves the whole text to UCS-2.
    pub encoding: Encoding,
    /// Its length: septets in GSM-7 (an extension character is two), UTF-16 code units in UCS-2.
    pub units: usize,
    /// How many SMS it takes, as carriers charge them. An empty text is one.
    pub segments: usize,
}

impl Encoding {
    /// Units that fit beside a header of so many octets: septets or UTF-16 code units.
    const fn capacity(self, header_octets: usize) -> usize {
        let octets = USER_DATA_OCTETS.saturating_sub(header_octets);
        match self {
            Encoding::Gsm7 => octets * 8 / 7,
            Encoding::Ucs2 => octets / 2,
        }
    }

    /// Units of one character. Characters that the alphabet lacks have none.
    fn width(self, character: char) -> usize {
        match self {
            Encoding::Gsm7 => septets(character).unwrap_or(0),
            Encoding::Ucs2 => character.len_utf16(),
        }
    }
}

impl Measure {
    /// Measures a text.
    pub fn of(text: &str) -> Self {
        match text.chars().map(septets).sum::<Option<usize>>() {
            Some(units) => Self::with_units(text, Encoding::Gsm7, units),
            None => Self::in_ucs2(text),
        }
    }

    /// Measures a text in UCS-2 whether it needs it or not: for a carrier whose own alphabet lacks
    /// characters that GSM-7 has.
    pub fn in_ucs2(text: &str) -> Self {
        let units = text.chars().map(char::len_utf16).sum();
        Self::with_units(text, Encoding::Ucs2, units)
    }

    fn with_units(text: &str, encoding: Encoding, units: usize) -> Self {
        let is_single = units <= encoding.capacity(0);
        let segments = if is_single { 1 } else { parts(text, encoding, CONCATENATION_HEADER_OCTETS).count() };
        Measure { encoding, units, segments }
    }
}

/// The texts of the parts that a message travels in, first part first: one that holds all if it fits
/// into one SMS, else parts beside a header of `header_octets` each. No character is split over two:
/// neither an escape pair of GSM-7 nor a surrogate pair of UTF-16. There are as many as
/// [`Measure::segments`] says when the header has [`CONCATENATION_HEADER_OCTETS`].
pub fn parts(text: &str, encoding: Encoding, header_octets: usize) -> impl Iterator<Item = &str> {
    let units: usize = text.chars().map(|character| encoding.width(character)).sum();
    let single = units <= encoding.capacity(0);
    // A header that leaves no room for a character would never end.
    let capacity = if single { usize::MAX } else { encoding.capacity(header_octets).max(2) };
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut filled = 0;
        let end = text.char_indices().find(|(_, character)| {
            filled += encoding.width(*character);
            filled > capacity
        });
        let (part, after) = text.split_at(end.map_or(text.len(), |(at, _)| at));
        rest = end.map(|_| after);
        Some(part)
    })
}

/// Septets of a character, where GSM-7 has it.
const fn septets(character: char) -> Option<usize> {
    match place(character) {
        Some(Place::Basic(_)) => Some(1),
        Some(Place::Extension(_)) => Some(2),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::gsm7_octets;
    use proptest::prelude::*;

    /// The default alphabet in the order of its codes, from TS 23.038 table 6.2.1; `\u{1b}` stands at
    /// the place of the escape.
    const TABLE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                         ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    /// The extension table with its codes, table 6.2.1.1.
    const EXTENSION: [(char, u8); 10] = [
        ('\u{c}', 0x0a),
        ('^', 0x14),
        ('{', 0x28),
        ('}', 0x29),
        ('\\', 0x2f),
        ('[', 0x3c),
        ('~', 0x3d),
        (']', 0x3e),
        ('|', 0x40),
        ('€', 0x65),
    ];
    const ESCAPE: u8 = 0x1b;

    fn encode_gsm7(text: &str) -> Option<Vec<u8>> {
        let mut codes = Vec::new();
        for character in text.chars() {
            if character == '\u{1b}' {
                return None;
            }
            if let Some(code) = TABLE.chars().position(|known| known == character) {
                codes.push(u8::try_from(code).unwrap());
            } else {
                let (_, code) = EXTENSION.iter().find(|(known, _)| *known == character)?;
                codes.extend([ESCAPE, *code]);
            }
        }
        Some(codes)
    }

    /// Cuts units into parts the way a sender does: a cut inside a pair moves to before the pair.
    fn cut<U: Copy>(units: &[U], single: usize, part: usize, opens_pair: impl Fn(U) -> bool) -> Vec<Vec<U>> {
        if units.len() <= single {
            return vec![units.to_vec()];
        }
        let mut rest = units;
        let mut cuts = Vec::new();
        while !rest.is_empty() {
            let mut end = part.min(rest.len());
            if end < rest.len() && opens_pair(rest[end - 1]) {
                end -= 1;
            }
            cuts.push(rest[..end].to_vec());
            rest = &rest[end..];
        }
        cuts
    }

    fn naive(text: &str) -> Measure {
        if let Some(codes) = encode_gsm7(text) {
            let segments = cut(&codes, 160, 153, |code| code == ESCAPE).len();
            return Measure { encoding: Encoding::Gsm7, units: codes.len(), segments };
        }
        let units: Vec<u16> = text.encode_utf16().collect();
        let cuts = cut(&units, 70, 67, |unit| (0xd800..0xdc00).contains(&unit));
        for part in &cuts {
            assert!(String::from_utf16(part).is_ok(), "a part holds half a surrogate pair");
        }
        Measure { encoding: Encoding::Ucs2, units: units.len(), segments: cuts.len() }
    }

    #[test]
    fn the_table_is_the_one_of_the_standard() {
        assert_eq!(TABLE.chars().count(), 128);
        for character in '\0'..=char::MAX {
            let codes = encode_gsm7(&character.to_string());
            assert_eq!(septets(character), codes.as_ref().map(Vec::len), "{character:?}");
            let ours = gsm7_octets(&character.to_string()).map(|octets| octets.to_vec());
            assert_eq!(ours, codes, "{character:?}");
        }
    }

    #[test]
    fn segments_at_their_edges() {
        let gsm7 = |units, segments| Measure { encoding: Encoding::Gsm7, units, segments };
        let ucs2 = |units, segments| Measure { encoding: Encoding::Ucs2, units, segments };
        assert_eq!(Measure::of(""), gsm7(0, 1));
        assert_eq!(Measure::of(&"a".repeat(160)), gsm7(160, 1));
        assert_eq!(Measure::of(&"a".repeat(161)), gsm7(161, 2));
        assert_eq!(Measure::of(&"a".repeat(306)), gsm7(306, 2));
        assert_eq!(Measure::of(&"a".repeat(307)), gsm7(307, 3));
        assert_eq!(Measure::of(&"€".repeat(80)), gsm7(160, 1));
        // 76 pairs fill 152 of 153 septets; the next pair does not fit into the last one.
        assert_eq!(Measure::of(&"€".repeat(152)), gsm7(304, 2));
        assert_eq!(Measure::of(&"€".repeat(153)), gsm7(306, 3));
        assert_eq!(Measure::of(&"я".repeat(70)), ucs2(70, 1));
        assert_eq!(Measure::of(&"я".repeat(71)), ucs2(71, 2));
        assert_eq!(Measure::of(&"я".repeat(134)), ucs2(134, 2));
        assert_eq!(Measure::of(&"я".repeat(135)), ucs2(135, 3));
        assert_eq!(Measure::of(&"😀".repeat(35)), ucs2(70, 1));
        assert_eq!(Measure::of(&"😀".repeat(66)), ucs2(132, 2));
        assert_eq!(Measure::of(&"😀".repeat(67)), ucs2(134, 3));
    }

    #[test]
    fn one_character_outside_moves_the_whole_text() {
        for outside in ["ç", "`", "\t", "\u{a0}", "’", "ê", "ş", "ó", "ã", "…", "\u{1b}", "\u{200f}"]
        {
            assert_eq!(Measure::of(&format!("123456 {outside}")).encoding, Encoding::Ucs2, "{outside:?}");
        }
    }

    proptest! {
        #[test]
        fn measuring_agrees_with_packing(
            text in prop_oneof![
                "[a-z0-9 ]{0,400}",
                "[a-z€\\[\\]{}~^|@£]{100,700}",
                "[€]{60,200}",
                "[я😀a]{30,300}",
                "\\PC{0,200}",
            ]
        ) {
            prop_assert_eq!(Measure::of(&text), naive(&text));
        }

        #[test]
        fn parts_are_the_text_and_none_is_too_long(
            text in prop_oneof!["[a€]{150,700}", "[я😀a]{60,300}", "\\PC{0,200}"],
            header_octets in 6_usize..8,
        ) {
            let encoding = Measure::of(&text).encoding;
            let cut: Vec<&str> = parts(&text, encoding, header_octets).collect();
            prop_assert_eq!(cut.concat(), text.clone());
            let room = encoding.capacity(if cut.len() == 1 { 0 } else { header_octets });
            for part in &cut {
                prop_assert!(part.chars().map(|c| encoding.width(c)).sum::<usize>() <= room);
            }
            if header_octets == CONCATENATION_HEADER_OCTETS {
                prop_assert_eq!(cut.len(), Measure::of(&text).segments);
            }
        }
    }
}
