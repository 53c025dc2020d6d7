//! The GSM 7 bit default alphabet with its extension table: 3GPP TS 23.038 §6.2.1 and §6.2.1.1.

use zeroize::Zeroizing;

/// What says that the next code is one of the extension table.
pub(super) const ESCAPE: u8 = 0x1b;

/// A character's place in the alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// One septet.
    Basic(u8),
    /// Two septets: the escape and this one.
    Extension(u8),
}

/// Where the alphabet has the characters of ASCII, which nearly all texts are made of.
const ASCII: [Option<Place>; 128] = {
    let mut places = [None; 128];
    let mut code = 0_u8;
    while code < 128 {
        places[code as usize] = search(code as char);
        code += 1;
    }
    places
};

/// Where the alphabet has a character.
pub(super) const fn place(character: char) -> Option<Place> {
    if character.is_ascii() { ASCII[character as usize] } else { search(character) }
}

const fn search(character: char) -> Option<Place> {
    use Place::{Basic, Extension};
    Some(match character {
        // These have the codes of ASCII.
        '\n' | '\r' | ' '..='#' | '%'..='?' | 'A'..='Z' | 'a'..='z' => Basic(character as u8),
        '@' => Basic(0x00),
        '£' => Basic(0x01),
        '$' => Basic(0x02),
        '¥' => Basic(0x03),
        'è' => Basic(0x04),
        'é' => Basic(0x05),
        'ù' => Basic(0x06),
        'ì' => Basic(0x07),
        'ò' => Basic(0x08),
        'Ç' => Basic(0x09),
        'Ø' => Basic(0x0b),
        'ø' => Basic(0x0c),
        'Å' => Basic(0x0e),
        'å' => Basic(0x0f),
        'Δ' => Basic(0x10),
        '_' => Basic(0x11),
        'Φ' => Basic(0x12),
        'Γ' => Basic(0x13),
        'Λ' => Basic(0x14),
        'Ω' => Basic(0x15),
        'Π' => Basic(0x16),
        'Ψ' => Basic(0x17),
        'Σ' => Basic(0x18),
        'Θ' => Basic(0x19),
        'Ξ' => Basic(0x1a),
        'Æ' => Basic(0x1c),
        'æ' => Basic(0x1d),
        'ß' => Basic(0x1e),
        'É' => Basic(0x1f),
        '¤' => Basic(0x24),
        '¡' => Basic(0x40),
        'Ä' => Basic(0x5b),
        'Ö' => Basic(0x5c),
        'Ñ' => Basic(0x5d),
        'Ü' => Basic(0x5e),
        '§' => Basic(0x5f),
        '¿' => Basic(0x60),
        'ä' => Basic(0x7b),
        'ö' => Basic(0x7c),
        'ñ' => Basic(0x7d),
        'ü' => Basic(0x7e),
        'à' => Basic(0x7f),
        '\u{c}' => Extension(0x0a),
        '^' => Extension(0x14),
        '{' => Extension(0x28),
        '}' => Extension(0x29),
        '\\' => Extension(0x2f),
        '[' => Extension(0x3c),
        '~' => Extension(0x3d),
        ']' => Extension(0x3e),
        '|' => Extension(0x40),
        '€' => Extension(0x65),
        _ => return None,
    })
}

/// The text's septets, one in each octet with its high bit clear, as SMPP carries them; nothing when
/// the alphabet lacks one of its characters.
pub fn gsm7_octets(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Reserved for the worst case, so that no half-filled copy of a secret text is left behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(2 * text.len()));
    for character in text.chars() {
        match place(character)? {
            Place::Basic(code) => octets.push(code),
            Place::Extension(code) => octets.extend([ESCAPE, code]),
        }
    }
    Some(octets)
}
