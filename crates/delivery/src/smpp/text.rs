//! A text in the alphabet of a route, cut into the parts that it travels in.

use countersign_core::message::{
    CONCATENATION_HEADER_OCTETS, CarrierAlphabet, Encoding, Measure, gsm7_octets, parts,
};
use serde::Deserialize;
use zeroize::Zeroizing;

/// `data_coding` of UCS-2 (SMPP 3.4 §5.2.19).
pub const UCS2: u8 = 0x08;

/// What a route's service centre takes octets for, when they are not UCS-2. A wrong one destroys
/// `@ _ $ { } €` without an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// The codes of GSM 03.38, one in each octet, as `data_coding` 0.
    #[default]
    Gsm,
    /// ASCII, as `data_coding` 1.
    Ascii,
    /// ISO 8859-1, as `data_coding` 3.
    Latin1,
}

impl Alphabet {
    /// Its `data_coding` where the route sets no other (§5.2.19).
    pub const fn data_coding(self) -> u8 {
        match self {
            Alphabet::Gsm => 0x00,
            Alphabet::Ascii => 0x01,
            Alphabet::Latin1 => 0x03,
        }
    }

    /// The same, as messages are planned for it.
    pub const fn carrier(self) -> CarrierAlphabet {
        match self {
            Alphabet::Gsm => CarrierAlphabet::Gsm,
            Alphabet::Ascii => CarrierAlphabet::Ascii,
            Alphabet::Latin1 => CarrierAlphabet::Latin1,
        }
    }

    /// The octets of a text, or nothing when the alphabet lacks one of its characters.
    fn octets(self, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Alphabet::Gsm => gsm7_octets(text),
            Alphabet::Ascii if text.is_ascii() => Some(Zeroizing::new(text.as_bytes().to_vec())),
            Alphabet::Ascii => None,
            Alphabet::Latin1 => {
                let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
                for character in text.chars() {
                    octets.push(u8::try_from(u32::from(character)).ok()?);
                }
                Some(octets)
            }
        }
    }
}

/// How a text that is too long for one SMS travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concatenation {
    /// As parts with a header of 6 octets and an 8 bit reference (3GPP TS 23.040 §9.2.3.24.1).
    #[default]
    #[serde(rename = "udh_8bit")]
    Udh8,
    /// As parts with a header of 7 octets and a 16 bit reference (§9.2.3.24.8), unless the longer header
    /// would cost one more part: then as [`Concatenation::Udh8`].
    #[serde(rename = "udh_16bit")]
    Udh16,
    /// In one PDU, as the parameter `message_payload`: the service centre cuts.
    MessagePayload,
}

/// How a route writes texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextRules {
    /// Its alphabet.
    pub alphabet: Alphabet,
    /// The `data_coding` of that alphabet, where it is not the usual one.
    pub data_coding: Option<u8>,
    /// What is done with long texts.
    pub concatenation: Concatenation,
}

/// A text for the wire. Secret: no Debug.
pub struct EncodedText {
    /// `data_coding` of all its parts.
    pub data_coding: u8,
    /// How its parts are carried.
    pub carriage: Carriage,
    /// The octets of its parts, headers included; one at least.
    pub parts: Vec<Zeroizing<Vec<u8>>>,
}

/// Where the octets of a part stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// In `short_message`.
    Plain,
    /// In `short_message`, behind a header: `esm_class` says so.
    WithHeader,
    /// In `message_payload`.
    Payload,
}

/// A text of more than 255 parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message has at most 255 parts")]
pub struct TooManyParts;

impl TextRules {
    /// What a text costs on this route: as [`Measure::of`], or as UCS-2 where the route's alphabet lacks a
    /// character that GSM-7 has, such as `é` in ASCII.
    pub fn measure(self, text: &str) -> Measure {
        let measure = Measure::of(text);
        // What is in GSM-7 need not be looked for in it again.
        let may_lack = measure.encoding == Encoding::Gsm7 && self.alphabet != Alphabet::Gsm;
        if may_lack && self.alphabet.octets(text).is_none() {
            return Measure::in_ucs2(text);
        }
        measure
    }

    /// Encodes a text. With headers there are as many parts as [`TextRules::measure`] says; `reference`
    /// tells its parts from those of other messages to the same phone.
    pub fn encode(self, text: &str, reference: u16) -> Result<EncodedText, TooManyParts> {
        let measure = self.measure(text);
        let octets = |part: &str| self.octets(part, measure.encoding);
        let data_coding = match measure.encoding {
            Encoding::Gsm7 => self.data_coding.unwrap_or(self.alphabet.data_coding()),
            Encoding::Ucs2 => UCS2,
        };
        let whole = |carriage| EncodedText { data_coding, carriage, parts: vec![octets(text)] };
        if measure.segments == 1 {
            return Ok(whole(Carriage::Plain));
        }
        let wide: usize = CONCATENATION_HEADER_OCTETS + 1;
        let headers = match self.concatenation {
            Concatenation::MessagePayload => return Ok(whole(Carriage::Payload)),
            Concatenation::Udh16 if parts(text, measure.encoding, wide).count() == measure.segments => wide,
            Concatenation::Udh8 | Concatenation::Udh16 => CONCATENATION_HEADER_OCTETS,
        };
        let total = u8::try_from(measure.segments).map_err(|_| TooManyParts)?;
        let [high, low] = reference.to_be_bytes();
        let parts = (1..=total).zip(parts(text, measure.encoding, headers)).map(|(number, part)| {
            let own = octets(part);
            let mut octets = Zeroizing::new(Vec::with_capacity(headers + own.len()));
            if headers == wide {
                octets.extend([6, 0x08, 4, high, low, total, number]);
            } else {
                octets.extend([5, 0x00, 3, low, total, number]);
            }
            octets.extend_from_slice(&own);
            octets
        });
        Ok(EncodedText { data_coding, carriage: Carriage::WithHeader, parts: parts.collect() })
    }

    fn octets(self, part: &str, encoding: Encoding) -> Zeroizing<Vec<u8>> {
        let own = match encoding {
            Encoding::Gsm7 => self.alphabet.octets(part),
            Encoding::Ucs2 => None,
        };
        own.unwrap_or_else(|| {
            let mut octets = Zeroizing::new(Vec::with_capacity(2 * part.len()));
            octets.extend(part.encode_utf16().flat_map(u16::to_be_bytes));
            octets
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(alphabet: Alphabet, concatenation: Concatenation) -> TextRules {
        TextRules { alphabet, data_coding: None, concatenation }
    }

    fn encode(alphabet: Alphabet, text: &str) -> (u8, Vec<u8>) {
        let encoded = rules(alphabet, Concatenation::Udh8).encode(text, 0x1234).unwrap();
        assert_eq!(encoded.parts.len(), 1);
        assert_eq!(encoded.carriage, Carriage::Plain);
        (encoded.data_coding, encoded.parts[0].to_vec())
    }

    #[test]
    fn the_signs_that_a_wrong_alphabet_destroys() {
        let text = "@ _ $ { } €";
        let gsm = b"\x00 \x11 \x02 \x1b\x28 \x1b\x29 \x1b\x65";
        assert_eq!(encode(Alphabet::Gsm, text), (0, gsm.to_vec()));
        // The euro is in neither: all of it travels as UCS-2.
        let ucs2: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(encode(Alphabet::Ascii, text), (8, ucs2.clone()));
        assert_eq!(encode(Alphabet::Latin1, text), (8, ucs2));
        assert_eq!(encode(Alphabet::Ascii, "@ _ $ { }"), (1, b"@ _ $ { }".to_vec()));
        assert_eq!(encode(Alphabet::Latin1, "é@"), (3, b"\xe9@".to_vec()));
        assert_eq!(encode(Alphabet::Ascii, "é").0, 8);
        assert_eq!(encode(Alphabet::Gsm, "я"), (8, vec![0x04, 0x4f]));
    }

    #[test]
    fn a_route_may_have_a_data_coding_of_its_own() {
        let rules = TextRules { alphabet: Alphabet::Latin1, data_coding: Some(0), ..TextRules::default() };
        assert_eq!(rules.encode("é", 0).unwrap().data_coding, 0);
        assert_eq!(rules.encode("я", 0).unwrap().data_coding, UCS2);
    }

    #[test]
    fn headers_say_which_part_of_which_message() {
        let text = "a".repeat(161);
        let narrow = rules(Alphabet::Gsm, Concatenation::Udh8).encode(&text, 0x1234).unwrap();
        assert_eq!(narrow.carriage, Carriage::WithHeader);
        assert_eq!(narrow.parts[0][..6], [5, 0, 3, 0x34, 2, 1]);
        assert_eq!(narrow.parts[1][..6], [5, 0, 3, 0x34, 2, 2]);
        assert_eq!((narrow.parts[0].len(), narrow.parts[1].len()), (6 + 153, 6 + 8));
        let wide = rules(Alphabet::Gsm, Concatenation::Udh16).encode(&text, 0x1234).unwrap();
        assert_eq!(wide.parts[0][..7], [6, 8, 4, 0x12, 0x34, 2, 1]);
        assert_eq!((wide.parts[0].len(), wide.parts[1].len()), (7 + 152, 7 + 9));
    }

    #[test]
    fn a_wide_reference_never_costs_a_part() {
        // 306 septets fill two parts of 153, and would fill three of 152.
        let text = "a".repeat(306);
        let encoded = rules(Alphabet::Gsm, Concatenation::Udh16).encode(&text, 7).unwrap();
        assert_eq!(encoded.parts.len(), 2);
        assert_eq!(encoded.parts[0][..3], [5, 0, 3]);
    }

    #[test]
    fn a_payload_is_not_cut() {
        let encoded =
            rules(Alphabet::Gsm, Concatenation::MessagePayload).encode(&"a".repeat(400), 7).unwrap();
        assert_eq!(
            (encoded.carriage, encoded.parts.len(), encoded.parts[0].len()),
            (Carriage::Payload, 1, 400)
        );
        let short = rules(Alphabet::Gsm, Concatenation::MessagePayload).encode("a", 7).unwrap();
        assert_eq!(short.carriage, Carriage::Plain);
    }

    #[test]
    fn more_than_255_parts_are_refused() {
        let rules = rules(Alphabet::Gsm, Concatenation::Udh8);
        assert_eq!(rules.encode(&"a".repeat(153 * 255), 7).unwrap().parts.len(), 255);
        assert_eq!(rules.encode(&"a".repeat(153 * 255 + 1), 7).err(), Some(TooManyParts));
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z0-9 ]{0,400}", "[a-z€\\[\\]{}~^|@£]{100,700}", "[я😀a]{30,300}", "\\PC{0,200}"]
    }

    proptest! {
        #[test]
        fn there_are_as_many_parts_as_were_promised(text in texts(), wide: bool, reference: u16) {
            let concatenation = if wide { Concatenation::Udh16 } else { Concatenation::Udh8 };
            let promised = Measure::of(&text);
            let gsm = rules(Alphabet::Gsm, concatenation);
            prop_assert_eq!(gsm.measure(&text), promised);
            prop_assert_eq!(gsm.encode(&text, reference).unwrap().parts.len(), promised.segments);
            for alphabet in [Alphabet::Ascii, Alphabet::Latin1] {
                let rules = rules(alphabet, concatenation);
                let encoded = rules.encode(&text, reference).unwrap();
                prop_assert_eq!(encoded.parts.len(), rules.measure(&text).segments);
                prop_assert_eq!(rules.measure(&text), Measure::on(&text, alphabet.carrier()));
                if encoded.data_coding == alphabet.data_coding() || promised.encoding == Encoding::Ucs2 {
                    prop_assert_eq!(encoded.parts.len(), promised.segments);
                }
            }
        }

        #[test]
        fn every_part_fits_its_field(text in texts(), wide: bool) {
            let concatenation = if wide { Concatenation::Udh16 } else { Concatenation::Udh8 };
            for part in rules(Alphabet::Gsm, concatenation).encode(&text, 1).unwrap().parts {
                prop_assert!(part.len() <= 160);
            }
        }

        #[test]
        fn ucs2_parts_make_the_text_again(text in "[я😀a]{71,300}") {
            let encoded = rules(Alphabet::Gsm, Concatenation::Udh8).encode(&text, 1).unwrap();
            let mut units = Vec::new();
            for part in &encoded.parts {
                let own: Vec<u16> =
                    part[6..].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
                prop_assert!(String::from_utf16(&own).is_ok());
                units.extend(own);
            }
            prop_assert_eq!(String::from_utf16(&units).unwrap(), text);
        }
    }
}
