//! Texts as a phone would show them: read by tables of its own, not by those of the client.

use std::collections::BTreeMap;

use super::Received;

/// 3GPP TS 23.038 §6.2.1, in the order of its codes; the escape stands at its place.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                   ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// §6.2.1.1.
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The text of all messages to one phone, parts put together in their order, as its screen shows them:
/// a message in parts once, when all of them are there.
pub fn shown(received: &[Received]) -> Vec<String> {
    let mut shown = Vec::new();
    let mut parts: BTreeMap<Vec<u8>, BTreeMap<u8, String>> = BTreeMap::new();
    for message in received {
        let octets = message.octets();
        let Some((header, rest)) = message.header() else {
            shown.push(decode(message.data_coding, octets));
            continue;
        };
        // The last two octets are how many there are and which this is; before them, the reference.
        let Some(([total, number], reference)) =
            header.split_last_chunk::<2>().map(|(reference, last)| (*last, reference))
        else {
            continue;
        };
        let own = parts.entry(reference.to_vec()).or_default();
        own.insert(number, decode(message.data_coding, rest));
        if own.len() == usize::from(total) {
            shown.push(own.values().map(String::as_str).collect());
            own.clear();
        }
    }
    shown
}

fn decode(data_coding: u8, octets: &[u8]) -> String {
    match data_coding {
        0 => gsm(octets),
        8 => {
            let units =
                octets.chunks(2).map(|pair| pair.iter().fold(0, |unit, octet| unit << 8 | u16::from(*octet)));
            char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect()
        }
        _ => octets.iter().map(|octet| char::from(*octet)).collect(),
    }
}

fn gsm(octets: &[u8]) -> String {
    let mut text = String::new();
    let mut escaped = false;
    for octet in octets {
        let known = if escaped {
            EXTENSION.iter().find(|(code, _)| code == octet).map(|(_, character)| *character)
        } else {
            GSM.chars().nth(usize::from(*octet))
        };
        escaped = !escaped && *octet == 0x1b;
        if !escaped {
            text.push(known.unwrap_or('\u{fffd}'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn septets_are_read() {
        assert_eq!(gsm(b"\x00 \x11 \x02 \x1b\x28 \x1b\x29 \x1b\x65"), "@ _ $ { } €");
        assert_eq!(decode(8, &[0x04, 0x4f, 0xd8, 0x3d, 0xde, 0x00]), "я😀");
        assert_eq!(decode(3, b"\xe9"), "é");
    }
}
