//! Our codec beside `rusmpp`, which nobody here wrote, on octets from anywhere.

use countersign_delivery::smpp::pdu::{Frame, Pdu, Tlv, decode};
use rusmpp::decode::DecodeWithLength as _;
use rusmpp::encode::{Encode as _, Length as _};

const MS_MSG_WAIT_FACILITIES: u16 = 0x0030;
const CALLBACK_NUM_PRES_IND: u16 = 0x0302;

/// Whether both write the first PDU as it came, where ours finds nothing odd about it and theirs takes it.
pub fn agrees(octets: &[u8]) -> bool {
    let Ok(Some(frame)) = Frame::first(octets) else { return true };
    let decoded = decode(&frame);
    if !decoded.quirks.is_empty() || matches!(decoded.pdu, Pdu::Other(_)) {
        return true;
    }
    if !parameters(&decoded.pdu).iter().all(is_alike) {
        return true;
    }
    // What it is stricter about, such as values that the specification does not name, is no disagreement.
    through_rusmpp(frame.raw()).is_none_or(|written| written == frame.raw())
}

/// Bits that two parameters have no use for, `rusmpp` does not write again: a `deliver_sm` whose
/// `callback_num_pres_ind` is 0x10 leaves it with 0x00 (SMPP 3.4 §5.3.2.37: bits 7 to 4 are unused), and one whose
/// `ms_msg_wait_facilities` is 0x04 too (§5.3.2.13: bit 7, 1 and 0 have a meaning). We keep what came. Every other
/// parameter both keep, whatever its value.
fn is_alike(parameter: &Tlv) -> bool {
    let kept = match parameter.tag {
        MS_MSG_WAIT_FACILITIES => 0b1000_0011,
        CALLBACK_NUM_PRES_IND => 0b0000_1111,
        _ => return true,
    };
    parameter.value.iter().all(|octet| octet & !kept == 0)
}

fn parameters(pdu: &Pdu) -> &[Tlv] {
    match pdu {
        Pdu::BindResp(_, response) => &response.tlvs,
        Pdu::SubmitSm(message) | Pdu::DeliverSm(message) => &message.tlvs,
        Pdu::DataSm(data) => &data.tlvs,
        Pdu::SubmitSmResp(taken) | Pdu::DeliverSmResp(taken) | Pdu::DataSmResp(taken) => &taken.tlvs,
        _ => &[],
    }
}

/// What `rusmpp` makes of a PDU, written by it again; nothing if it does not take all of it.
fn through_rusmpp(pdu: &[u8]) -> Option<Vec<u8>> {
    let mut body = bytes::BytesMut::from(pdu.get(4..)?);
    let length = body.len();
    let (command, size) = rusmpp::Command::decode(&mut body, length).ok()?;
    if size != length {
        return None;
    }
    let mut written = u32::try_from(command.length() + 4).ok()?.to_be_bytes().to_vec();
    let start = written.len();
    written.resize(start + command.length(), 0);
    command.encode(written.get_mut(start..)?);
    Some(written)
}

#[cfg(test)]
mod tests {
    use countersign_delivery::smpp::pdu::{ShortMessage, encode};

    use super::*;

    /// A message with one parameter, and what `rusmpp` makes of it.
    fn with(tag: u16, value: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
        let tlvs = vec![Tlv { tag, value: value.to_vec().into() }];
        let message = ShortMessage { esm_class: 4, tlvs, ..ShortMessage::default() };
        let mut octets = Vec::new();
        encode(&Pdu::DeliverSm(Box::new(message)), 0, 7, &mut octets).unwrap();
        let written = through_rusmpp(&octets);
        (octets, written)
    }

    #[test]
    fn rusmpp_drops_the_unused_bits_of_two_parameters() {
        for (tag, came, left) in [(CALLBACK_NUM_PRES_IND, 0x10, 0), (MS_MSG_WAIT_FACILITIES, 0x04, 0)] {
            let (octets, written) = with(tag, &[came]);
            assert_eq!(
                written,
                with(tag, &[left]).1,
                "{tag:#06x}: if it does not any more, compare all of it"
            );
            assert!(written.is_some_and(|written| written != octets) && agrees(&octets), "{tag:#06x}");
        }
        for (tag, value) in [(CALLBACK_NUM_PRES_IND, 0x09), (MS_MSG_WAIT_FACILITIES, 0x82)] {
            let (octets, written) = with(tag, &[value]);
            assert_eq!(written, Some(octets), "{tag:#06x}");
        }
    }

    #[test]
    fn both_keep_every_other_parameter_as_it_came() {
        let values: [&[u8]; 11] = [
            b"",
            &[0],
            &[1],
            &[0x7f],
            &[0x80],
            &[0xff],
            b"\x01\0",
            b"\xff\xff",
            b"a\0c",
            b"\x80\0\0\0",
            b"\xff123456\0",
        ];
        let mut compared = 0;
        // The standard's, the reserved ones between them, and some that vendors take.
        for tag in 0..0x1500 {
            for value in values {
                let (octets, written) = with(tag, value);
                assert!(agrees(&octets), "{tag:#06x} {value:02x?}: {written:02x?}");
                compared += usize::from(written.is_some());
            }
        }
        assert!(compared > 10_000, "{compared}");
    }
}
