//! What must hold for any octets at all: for fuzz targets, and for the property tests beside it.

use std::ops::ControlFlow;

use bytes::BytesMut;

use super::message_id::{IdForm, candidates};
use super::pdu::{Frame, Pdu, decode, drain_frames, encode, masked_hex};
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
        fn almost_pdus_keep_the_rules(pdus in prop::collection::vec(pdu(), 1..5)) {
            prop_assert_eq!(stream(&pdus.concat()), Ok(()));
        }
    }
}
