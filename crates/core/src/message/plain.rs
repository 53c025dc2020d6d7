//! Latin letters without the marks that a carrier's alphabet lacks.

use zeroize::Zeroizing;

use super::CarrierAlphabet;

/// The text with each accented Latin letter outside GSM-7 as its base letter: `código` becomes `codigo`,
/// while `é`, which GSM-7 has, stays unless the carrier's alphabet lacks it. Other scripts stay as they are, so the result may still need UCS-2.
///
/// Allocated once in its full length: no replacement is longer than what it replaces.
pub(super) fn plain_latin(text: &str, alphabet: CarrierAlphabet) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    for character in text.chars() {
        let missing = || if alphabet.has(character) { None } else { in_ascii(character) };
        match replacement(character).or_else(missing) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(character),
        }
    }
    plain
}

/// Letters of the Latin-1 Supplement and Latin Extended-A blocks and of Romanian and Vietnamese-style
/// typography that appear in the languages of Europe and Turkey.
const fn replacement(character: char) -> Option<&'static str> {
    Some(match character {
        'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' => "a",
        'Á' | 'À' | 'Â' | 'Ã' | 'Ā' | 'Ă' | 'Ą' => "A",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'ď' | 'đ' | 'ð' => "d",
        'Ď' | 'Đ' | 'Ð' => "D",
        'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'È' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'ĥ' | 'ħ' => "h",
        'Ĥ' | 'Ħ' => "H",
        'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'ĵ' => "j",
        'Ĵ' => "J",
        'ķ' => "k",
        'Ķ' => "K",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ł' => "L",
        'ń' | 'ņ' | 'ň' => "n",
        'Ń' | 'Ņ' | 'Ň' => "N",
        'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' | 'ő' => "o",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'œ' => "oe",
        'Œ' => "OE",
        'ŕ' | 'ř' => "r",
        'Ŕ' | 'Ř' => "R",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S",
        'ţ' | 'ť' | 'ț' => "t",
        'Ţ' | 'Ť' | 'Ț' => "T",
        'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'Ù' | 'Ú' | 'Û' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'ŵ' => "w",
        'Ŵ' => "W",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'Ý' | 'Ÿ' | 'Ŷ' => "Y",
        'ź' | 'ż' | 'ž' => "z",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ẞ' => "SS",
        _ => return None,
    })
}

/// The letters of GSM-7 that ASCII lacks. Greek capitals and signs of money have no other form.
const fn in_ascii(character: char) -> Option<&'static str> {
    Some(match character {
        'à' | 'å' | 'ä' => "a",
        'Å' | 'Ä' => "A",
        'æ' => "ae",
        'Æ' => "AE",
        'Ç' => "C",
        'é' | 'è' => "e",
        'É' => "E",
        'ì' => "i",
        'ñ' => "n",
        'Ñ' => "N",
        'ò' | 'ø' | 'ö' => "o",
        'Ø' | 'Ö' => "O",
        'ù' | 'ü' => "u",
        'Ü' => "U",
        'ß' => "ss",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Encoding, Measure};

    #[test]
    fn only_what_gsm7_lacks_is_replaced_and_by_what_it_has() {
        for character in '\0'..=char::MAX {
            let Some(letters) = replacement(character) else { continue };
            let of = |text: &str| Measure::of(text).encoding;
            assert_eq!(of(&character.to_string()), Encoding::Ucs2, "{character} is in GSM-7 already");
            assert_eq!(of(letters), Encoding::Gsm7);
            assert!(letters.len() <= character.len_utf8(), "{character} would grow its allocation");
        }
        let plain = |alphabet| plain_latin("Código é Żółw, ışık: ß", alphabet).to_string();
        assert_eq!(plain(CarrierAlphabet::Gsm), "Codigo é Zolw, isik: ß");
        assert_eq!(plain(CarrierAlphabet::Latin1), "Codigo é Zolw, isik: ß");
        assert_eq!(plain(CarrierAlphabet::Ascii), "Codigo e Zolw, isik: ss");
    }

    #[test]
    fn every_letter_of_gsm7_has_a_form_in_ascii() {
        for character in ('\0'..=char::MAX).filter(|c| CarrierAlphabet::Gsm.has(*c) && !c.is_ascii()) {
            let greek = ('Α'..='Ω').contains(&character);
            let letters = in_ascii(character);
            assert_eq!(letters.is_some(), character.is_alphabetic() && !greek, "{character}");
            assert!(letters.is_none_or(|text| text.is_ascii() && text.len() <= character.len_utf8()));
        }
    }
}
