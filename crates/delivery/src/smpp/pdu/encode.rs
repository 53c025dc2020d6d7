//! From values to octets.

use super::body::{Address, Octets, Tlv};
use super::{HEADER_OCTETS, Pdu};

/// A value that has no form on the wire: a NUL inside a string, or more octets than a length can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a field of this PDU has a NUL in it or is too long")]
pub struct NotEncodable;

/// Appends a PDU. When it cannot be written, `out` is as it was before.
pub fn encode(
    pdu: &Pdu,
    command_status: u32,
    sequence_number: u32,
    out: &mut Vec<u8>,
) -> Result<(), NotEncodable> {
    let start = out.len();
    out.extend([0; 4]);
    out.extend(pdu.command_id().to_be_bytes());
    out.extend(command_status.to_be_bytes());
    out.extend(sequence_number.to_be_bytes());
    let written = body(pdu, out).and_then(|()| {
        let length = u32::try_from(out.len() - start).map_err(|_| NotEncodable)?;
        let place = out.get_mut(start..start + 4).ok_or(NotEncodable)?;
        place.copy_from_slice(&length.to_be_bytes());
        Ok(())
    });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Gives an encoded PDU another sequence number.
pub fn set_sequence_number(pdu: &mut [u8], sequence_number: u32) {
    if let Some(place) = pdu.get_mut(HEADER_OCTETS - 4..HEADER_OCTETS) {
        place.copy_from_slice(&sequence_number.to_be_bytes());
    }
}

fn body(pdu: &Pdu, out: &mut Vec<u8>) -> Result<(), NotEncodable> {
    match pdu {
        Pdu::Bind(_, bind) => {
            c_octets(&bind.system_id, out)?;
            c_octets(&bind.password, out)?;
            c_octets(&bind.system_type, out)?;
            out.push(bind.interface_version);
            address(&bind.address_range, out)
        }
        Pdu::BindResp(_, response) => {
            c_octets(&response.system_id, out)?;
            tlvs(&response.tlvs, out)
        }
        Pdu::SubmitSm(message) | Pdu::DeliverSm(message) => short_message(message, out),
        Pdu::DataSm(data) => {
            c_octets(&data.service_type, out)?;
            address(&data.source, out)?;
            address(&data.destination, out)?;
            out.extend([data.esm_class, data.registered_delivery, data.data_coding]);
            tlvs(&data.tlvs, out)
        }
        Pdu::SubmitSmResp(taken) | Pdu::DeliverSmResp(taken) | Pdu::DataSmResp(taken) => {
            c_octets(&taken.message_id, out)?;
            tlvs(&taken.tlvs, out)
        }
        Pdu::QuerySm(query) => {
            c_octets(&query.message_id, out)?;
            address(&query.source, out)
        }
        Pdu::QuerySmResp(response) => {
            c_octets(&response.message_id, out)?;
            c_octets(&response.final_date, out)?;
            out.extend([response.message_state, response.error_code]);
            Ok(())
        }
        Pdu::CancelSm(cancel) => {
            c_octets(&cancel.service_type, out)?;
            c_octets(&cancel.message_id, out)?;
            address(&cancel.source, out)?;
            address(&cancel.destination, out)
        }
        Pdu::CancelSmResp
        | Pdu::EnquireLink
        | Pdu::EnquireLinkResp
        | Pdu::Unbind
        | Pdu::UnbindResp
        | Pdu::GenericNack
        | Pdu::Other(_) => Ok(()),
    }
}

fn short_message(message: &super::ShortMessage, out: &mut Vec<u8>) -> Result<(), NotEncodable> {
    c_octets(&message.service_type, out)?;
    address(&message.source, out)?;
    address(&message.destination, out)?;
    out.extend([message.esm_class, message.protocol_id, message.priority_flag]);
    c_octets(&message.schedule_delivery_time, out)?;
    c_octets(&message.validity_period, out)?;
    out.extend([message.registered_delivery, message.replace_if_present]);
    out.extend([message.data_coding, message.sm_default_msg_id]);
    out.push(u8::try_from(message.short_message.len()).map_err(|_| NotEncodable)?);
    out.extend_from_slice(&message.short_message);
    tlvs(&message.tlvs, out)
}

fn c_octets(octets: &Octets, out: &mut Vec<u8>) -> Result<(), NotEncodable> {
    if octets.contains(&0) {
        return Err(NotEncodable);
    }
    out.extend_from_slice(octets);
    out.push(0);
    Ok(())
}

fn address(address: &Address, out: &mut Vec<u8>) -> Result<(), NotEncodable> {
    out.extend([address.ton, address.npi]);
    c_octets(&address.digits, out)
}

fn tlvs(tlvs: &[Tlv], out: &mut Vec<u8>) -> Result<(), NotEncodable> {
    for tlv in tlvs {
        let length = u16::try_from(tlv.value.len()).map_err(|_| NotEncodable)?;
        out.extend(tlv.tag.to_be_bytes());
        out.extend(length.to_be_bytes());
        out.extend_from_slice(&tlv.value);
    }
    Ok(())
}
