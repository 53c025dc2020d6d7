//! From octets to values.

use super::body::{Address, Bind, BindResp, Cancel, Data, Query, QueryResp, Role, ShortMessage, Taken};
use super::quirk::Quirk;
use super::read::{Reader, Show};
use super::{Decoded, Frame, Header, Pdu, RESPONSE, tag};

/// Reads a PDU. There is none that cannot be read: what is missing is empty, what is unknown is
/// [`Pdu::Other`], and what is odd is noted.
pub fn decode(frame: &Frame<'_>) -> Decoded {
    let mut reader = Reader::new(frame.body());
    let pdu = read(&frame.header, &mut reader);
    let mut quirks = reader.quirks;
    // A generic_nack may answer something whose number could not be read (§4.3.1).
    let nack_without_number = frame.header.command_id == RESPONSE && frame.header.sequence_number == 0;
    if !(1..RESPONSE).contains(&frame.header.sequence_number) && !nack_without_number {
        quirks.note(Quirk::SequenceNumber);
    }
    check_parameters(&pdu, &mut quirks);
    Decoded { pdu, quirks }
}

/// Reads a body, so that `reader` knows afterwards what is odd and what is secret in it.
pub(super) fn read(header: &Header, reader: &mut Reader<'_>) -> Pdu {
    let request = header.command_id & !RESPONSE;
    let is_response = header.command_id & RESPONSE != 0;
    // A refusal may end with its header (§4.4.2 and elsewhere).
    let is_bare = is_response && header.command_status != 0 && reader.is_at_end();
    match (request, is_response) {
        (0x01, false) => Pdu::Bind(Role::Receiver, bind(reader)),
        (0x02, false) => Pdu::Bind(Role::Transmitter, bind(reader)),
        (0x09, false) => Pdu::Bind(Role::Transceiver, bind(reader)),
        (0x01, true) => Pdu::BindResp(Role::Receiver, bind_resp(reader)),
        (0x02, true) => Pdu::BindResp(Role::Transmitter, bind_resp(reader)),
        (0x09, true) => Pdu::BindResp(Role::Transceiver, bind_resp(reader)),
        (0x04, false) => Pdu::SubmitSm(Box::new(short_message(reader))),
        (0x05, false) => Pdu::DeliverSm(Box::new(short_message(reader))),
        (0x103, false) => Pdu::DataSm(Box::new(data(reader))),
        (0x04, true) if is_bare => Pdu::SubmitSmResp(Taken::default()),
        (0x05, true) if is_bare => Pdu::DeliverSmResp(Taken::default()),
        (0x103, true) if is_bare => Pdu::DataSmResp(Taken::default()),
        (0x04, true) => Pdu::SubmitSmResp(taken(reader)),
        (0x05, true) => Pdu::DeliverSmResp(taken(reader)),
        (0x103, true) => Pdu::DataSmResp(taken(reader)),
        (0x03, false) => Pdu::QuerySm(query(reader)),
        (0x03, true) if is_bare => Pdu::QuerySmResp(QueryResp::default()),
        (0x03, true) => Pdu::QuerySmResp(query_resp(reader)),
        (0x08, false) => Pdu::CancelSm(cancel(reader)),
        (0x08, true) => empty(reader, Pdu::CancelSmResp),
        (0x15, false) => empty(reader, Pdu::EnquireLink),
        (0x15, true) => empty(reader, Pdu::EnquireLinkResp),
        (0x06, false) => empty(reader, Pdu::Unbind),
        (0x06, true) => empty(reader, Pdu::UnbindResp),
        (0x00, true) => empty(reader, Pdu::GenericNack),
        _ => {
            reader.quirks.note(Quirk::UnexpectedCommand);
            Pdu::Other(header.command_id)
        }
    }
}

fn empty(reader: &mut Reader<'_>, pdu: Pdu) -> Pdu {
    reader.end();
    pdu
}

fn address(reader: &mut Reader<'_>, max: usize) -> Address {
    Address { ton: reader.u8(), npi: reader.u8(), digits: reader.c_octets(max, Show::Masked) }
}

fn bind(reader: &mut Reader<'_>) -> Bind {
    let bind = Bind {
        // One lost NUL, and the password is part of a neighbour.
        system_id: reader.c_octets(16, Show::Masked),
        password: reader.c_octets(9, Show::Masked),
        system_type: reader.c_octets(13, Show::Masked),
        interface_version: reader.u8(),
        address_range: address(reader, 41),
    };
    reader.end();
    bind
}

fn bind_resp(reader: &mut Reader<'_>) -> BindResp {
    // What a bind's response says about its sender is of no use, so that its absence is no quirk.
    if reader.is_at_end() {
        return BindResp::default();
    }
    BindResp { system_id: reader.c_octets(16, Show::Openly), tlvs: reader.tlvs() }
}

fn short_message(reader: &mut Reader<'_>) -> ShortMessage {
    ShortMessage {
        service_type: reader.c_octets(6, Show::Openly),
        source: address(reader, 21),
        destination: address(reader, 21),
        esm_class: reader.u8(),
        protocol_id: reader.u8(),
        priority_flag: reader.u8(),
        schedule_delivery_time: reader.time(),
        validity_period: reader.time(),
        registered_delivery: reader.u8(),
        replace_if_present: reader.u8(),
        data_coding: reader.u8(),
        sm_default_msg_id: reader.u8(),
        short_message: reader.short_message(),
        tlvs: reader.tlvs(),
    }
}

fn data(reader: &mut Reader<'_>) -> Data {
    Data {
        service_type: reader.c_octets(6, Show::Openly),
        source: address(reader, 65),
        destination: address(reader, 65),
        esm_class: reader.u8(),
        registered_delivery: reader.u8(),
        data_coding: reader.u8(),
        tlvs: reader.tlvs(),
    }
}

fn taken(reader: &mut Reader<'_>) -> Taken {
    if reader.is_at_end() {
        reader.quirks.note(Quirk::EmptyBody);
        return Taken::default();
    }
    Taken { message_id: reader.c_octets(65, Show::Openly), tlvs: reader.tlvs() }
}

fn query(reader: &mut Reader<'_>) -> Query {
    let query = Query { message_id: reader.c_octets(65, Show::Openly), source: address(reader, 21) };
    reader.end();
    query
}

fn query_resp(reader: &mut Reader<'_>) -> QueryResp {
    let response = QueryResp {
        message_id: reader.c_octets(65, Show::Openly),
        final_date: reader.time(),
        message_state: reader.u8(),
        error_code: reader.u8(),
    };
    reader.end();
    response
}

fn cancel(reader: &mut Reader<'_>) -> Cancel {
    let cancel = Cancel {
        service_type: reader.c_octets(6, Show::Openly),
        message_id: reader.c_octets(65, Show::Openly),
        source: address(reader, 21),
        destination: address(reader, 21),
    };
    reader.end();
    cancel
}

/// The parameters of receipts have fixed forms, and peers who keep to none of them.
fn check_parameters(pdu: &Pdu, quirks: &mut super::Quirks) {
    let tlvs = match pdu {
        Pdu::DeliverSm(message) => &message.tlvs,
        Pdu::DataSm(data) => &data.tlvs,
        _ => return,
    };
    for tlv in tlvs {
        match (tlv.tag, tlv.value.len()) {
            (tag::RECEIPTED_MESSAGE_ID, _) if tlv.value.last() != Some(&0) => quirks.note(Quirk::MissingNul),
            (tag::MESSAGE_STATE, 1) if tlv.value.first().is_some_and(|state| *state > 9) => {
                quirks.note(Quirk::UnknownValue);
            }
            (tag::MESSAGE_STATE, length) if length != 1 => quirks.note(Quirk::ParameterLength),
            (tag::NETWORK_ERROR_CODE, length) if length != 3 => quirks.note(Quirk::ParameterLength),
            _ => {}
        }
    }
}
