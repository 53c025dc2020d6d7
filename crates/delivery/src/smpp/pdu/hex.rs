//! PDUs for a log: as hex, without what is nobody's business.

use std::fmt::Write as _;

use super::decode::read;
use super::read::Reader;
use super::{Frame, HEADER_OCTETS, Pdu};

/// Octets that are shown of a PDU.
const SHOWN: usize = 512;

/// The octets of a PDU as hex, in groups of the header's words and the body. Texts, addresses,
/// passwords and everything whose meaning is unknown show as dots.
pub fn masked_hex(frame: &Frame<'_>) -> String {
    let mut reader = Reader::that_masks(frame.body());
    let whole_body = matches!(read(&frame.header, &mut reader), Pdu::Other(_));
    let masked = reader.into_masked();
    let mut shown = String::with_capacity(2 * frame.raw().len().min(SHOWN) + 8);
    for (at, octet) in frame.raw().iter().take(SHOWN).enumerate() {
        if matches!(at, 4 | 8 | 12 | HEADER_OCTETS) {
            shown.push(' ');
        }
        let secret = at
            .checked_sub(HEADER_OCTETS)
            .is_some_and(|in_body| whole_body || masked.iter().any(|range| range.contains(&in_body)));
        if secret {
            shown.push_str("··");
        } else {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{octet:02x}");
        }
    }
    if frame.raw().len() > SHOWN {
        shown.push('…');
    }
    shown
}
