//! Our codec beside `rusmpp`, which nobody here wrote, on octets from anywhere.

use countersign_delivery::smpp::pdu::{Frame, Pdu, Tlv, decode, tag};
use rusmpp::decode::DecodeWithLength as _;
use rusmpp::encode::{Encode as _, Length as _};

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

/// The parameters that both keep as they are: `rusmpp` gives the others types of their own, and writes values that
/// those do not have as something else. We use none of them.
fn is_alike(parameter: &Tlv) -> bool {
    let used = [tag::MESSAGE_PAYLOAD, tag::RECEIPTED_MESSAGE_ID, tag::MESSAGE_STATE, tag::NETWORK_ERROR_CODE];
    used.contains(&parameter.tag) || (0x1400..=0x3fff).contains(&parameter.tag)
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
