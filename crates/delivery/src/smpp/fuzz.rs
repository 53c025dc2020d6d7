//! What must hold for any octets at all: for fuzz targets, and for the property tests beside it.

use std::ops::ControlFlow;

use bytes::BytesMut;

use super::message_id::{IdForm, candidates, canonical};
use super::pdu::{Frame, Octets, Pdu, ShortMessage, Tlv, decode, drain_frames, encode, masked_hex, tag};
use super::receipt::Inbound;

/// A rule that octets from a peer have broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// PDUs were cut elsewhere when the same octets came in two reads.
    #[error("where a PDU ends depends on how the stream was read")]
    Cut,
    /// A PDU without quirks was not what its values are written as.
    #[error("a PDU without quirks reads as something else than it is")]
    RoundTrip,
    /// What a receipt says of itself could hold a number or a code, or is no form of an id (I12).
    #[error("a receipt's words are not what they must be")]
    Receipt,
}

/// Reads octets as a stream of PDUs, in one read and in two, and everything that can be in a PDU.
pub fn stream(octets: &[u8]) -> Result<(), Broken> {
    let whole = cut(&[octets]);
    let (first, second) = octets.split_at(octets.len() / 2);
    if cut(&[first, second]) != whole {
        return Err(Broken::Cut);
    }
    for pdu in &whole {
        if let Ok(Some(frame)) = Frame::first(pdu) {
            one(&frame)?;
        }
    }
    Ok(())
}

/// Reads a receipt: its first octets are flags, the coding and how much of the rest is a parameter's id, the rest
/// is its text.
pub fn receipt(input: &[u8]) -> Result<(), Broken> {
    let Some((&[flags, data_coding, split], rest)) = input.split_first_chunk() else { return Ok(()) };
    let (id, text) = rest.split_at(if flags & 1 == 0 { 0 } else { rest.len().min(usize::from(split)) });
    let mut tlvs = Vec::new();
    if flags & 1 != 0 {
        tlvs.push(Tlv { tag: tag::RECEIPTED_MESSAGE_ID, value: id.into() });
    }
    if flags & 2 != 0 {
        tlvs.push(Tlv { tag: tag::MESSAGE_STATE, value: vec![flags >> 4].into() });
    }
    let in_payload = flags & 4 != 0;
    if in_payload {
        tlvs.push(Tlv { tag: tag::MESSAGE_PAYLOAD, value: text.into() });
    }
    let message = ShortMessage {
        esm_class: if flags & 8 == 0 { 0x04 } else { 0x44 },
        data_coding,
        short_message: if in_payload { Octets::default() } else { text.into() },
        tlvs,
        ..ShortMessage::default()
    };
    let Some(read) = Inbound::from(&message).receipt() else { return Err(Broken::Receipt) };
    let id = read.id.unwrap_or_default();
    let reason = read.reason.as_ref().map_or("", |reason| reason.as_str());
    let digits = reason.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
    let plain = reason.bytes().all(|b| b.is_ascii_graphic()) && digits.is_none_or(|digits| digits < 6);
    let forms = [IdForm::Auto, IdForm::Same, IdForm::ReceiptHex, IdForm::ReceiptDecimal];
    let known = forms.into_iter().all(|form| {
        let all = candidates(&id, form);
        all.is_empty() == canonical(&id).is_empty() && all.iter().all(|one| canonical(one) == *one)
    });
    if plain && known { Ok(()) } else { Err(Broken::Receipt) }
}

fn cut(reads: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut buffer, mut pdus) = (BytesMut::new(), Vec::new());
    for read in reads {
        buffer.extend_from_slice(read);
        let drained = drain_frames(&mut buffer, |frame| {
            pdus.push(frame.raw().to_vec());
            ControlFlow::Continue(())
        });
        if drained.is_err() {
            break;
        }
    }
    pdus
}

fn one(frame: &Frame<'_>) -> Result<(), Broken> {
    let _ = masked_hex(frame);
    let decoded = decode(frame);
    let receipt = match &decoded.pdu {
        Pdu::DeliverSm(message) => Inbound::from(&**message).receipt(),
        Pdu::DataSm(data) => Inbound::from(&**data).receipt(),
        _ => None,
    };
    for form in [IdForm::Auto, IdForm::Same, IdForm::ReceiptHex, IdForm::ReceiptDecimal] {
        let _ = receipt.as_ref().and_then(|receipt| receipt.id.as_deref()).map(|id| candidates(id, form));
    }
    // An answer may end with its header; written, it has its fields.
    if !decoded.quirks.is_empty() || frame.body().is_empty() {
        return Ok(());
    }
    let mut again = Vec::new();
    let header = frame.header;
    let written = encode(&decoded.pdu, header.command_status, header.sequence_number, &mut again);
    if written.is_err() || again != frame.raw() { Err(Broken::RoundTrip) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::pdu::HEADER_OCTETS;
    use super::*;
    use proptest::prelude::*;

    fn pdu() -> impl Strategy<Value = Vec<u8>> {
        let request = prop::sample::select(vec![1_u32, 2, 3, 4, 5, 6, 8, 9, 0x15, 0x103, 0x77]);
        let octet = prop_oneof![3 => Just(0_u8), 1 => any::<u8>(), 1 => 0x20_u8..0x7f];
        (request, any::<bool>(), 1_u32..100, prop::collection::vec(octet, 0..60)).prop_map(
            |(request, is_response, number, body)| {
                let length = u32::try_from(HEADER_OCTETS + body.len()).unwrap();
                let id = request | if is_response { 0x8000_0000 } else { 0 };
                let words = [length, id, 0, number].into_iter().flat_map(u32::to_be_bytes);
                words.chain(body).collect()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_octets_keep_the_rules(octets: Vec<u8>) {
            prop_assert_eq!(stream(&octets), Ok(()));
        }

        #[test]
        fn receipts_of_any_octets_keep_the_rules(octets: Vec<u8>) {
            prop_assert_eq!(receipt(&octets), Ok(()));
        }

        #[test]
        fn almost_pdus_keep_the_rules(pdus in prop::collection::vec(pdu(), 1..5)) {
            prop_assert_eq!(stream(&pdus.concat()), Ok(()));
        }
    }
}
