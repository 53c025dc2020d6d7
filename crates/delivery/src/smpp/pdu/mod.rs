//! The PDUs of SMPP 3.4 and 5.0 that a client meets, as octets and as values.
//!
//! Reading is lenient and never fails: [`Frame::first`] cuts a PDU out by its length, [`decode`] then
//! takes what is there and notes what is odd ([`Quirks`]). Writing is strict.

mod body;
mod decode;
mod encode;
mod frame;
mod hex;
mod quirk;
mod read;
pub mod tag;

pub use body::{
    Address, Bind, BindResp, Cancel, Data, Octets, Query, QueryResp, Role, ShortMessage, Taken, Tlv, tlv,
};
pub use decode::decode;
pub use encode::{NotEncodable, encode, set_sequence_number};
pub use frame::{Frame, FramingError, HEADER_OCTETS, Header, MAX_PDU_OCTETS, drain_frames};
pub use hex::masked_hex;
pub use quirk::{Quirk, QuirkCounts, Quirks};

/// The bit that tells a response from its request (SMPP 3.4 §5.1.2.1).
pub const RESPONSE: u32 = 0x8000_0000;

/// The body of a PDU, by its command (§5.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pdu {
    /// A bind.
    Bind(Role, Bind),
    /// Its response.
    BindResp(Role, BindResp),
    /// A message to a phone.
    SubmitSm(Box<ShortMessage>),
    /// Its response.
    SubmitSmResp(Taken),
    /// A receipt, or a message from a phone.
    DeliverSm(Box<ShortMessage>),
    /// Its response.
    DeliverSmResp(Taken),
    /// Either, in another form.
    DataSm(Box<Data>),
    /// Its response.
    DataSmResp(Taken),
    /// What became of a message?
    QuerySm(Query),
    /// Its response.
    QuerySmResp(QueryResp),
    /// Do not deliver a message any more.
    CancelSm(Cancel),
    /// Its response.
    CancelSmResp,
    /// Are you there?
    EnquireLink,
    /// Its response.
    EnquireLinkResp,
    /// Good-bye.
    Unbind,
    /// Its response.
    UnbindResp,
    /// A PDU was not understood.
    GenericNack,
    /// Any other command, by its id.
    Other(u32),
}

impl Pdu {
    /// Its `command_id`.
    pub const fn command_id(&self) -> u32 {
        match self {
            Pdu::Bind(role, _) => role.command_id(),
            Pdu::BindResp(role, _) => RESPONSE | role.command_id(),
            Pdu::SubmitSm(_) => 0x0000_0004,
            Pdu::SubmitSmResp(_) => 0x8000_0004,
            Pdu::DeliverSm(_) => 0x0000_0005,
            Pdu::DeliverSmResp(_) => 0x8000_0005,
            Pdu::DataSm(_) => 0x0000_0103,
            Pdu::DataSmResp(_) => 0x8000_0103,
            Pdu::QuerySm(_) => 0x0000_0003,
            Pdu::QuerySmResp(_) => 0x8000_0003,
            Pdu::CancelSm(_) => 0x0000_0008,
            Pdu::CancelSmResp => 0x8000_0008,
            Pdu::EnquireLink => 0x0000_0015,
            Pdu::EnquireLinkResp => 0x8000_0015,
            Pdu::Unbind => 0x0000_0006,
            Pdu::UnbindResp => 0x8000_0006,
            Pdu::GenericNack => 0x8000_0000,
            Pdu::Other(command_id) => *command_id,
        }
    }
}

impl Role {
    /// The command that binds for it.
    pub const fn command_id(self) -> u32 {
        match self {
            Role::Receiver => 0x0000_0001,
            Role::Transmitter => 0x0000_0002,
            Role::Transceiver => 0x0000_0009,
        }
    }

    /// Whether messages can be sent.
    pub const fn sends(self) -> bool {
        matches!(self, Role::Transmitter | Role::Transceiver)
    }

    /// Its word in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Transmitter => "transmitter",
            Role::Receiver => "receiver",
            Role::Transceiver => "transceiver",
        }
    }
}

/// A PDU as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Its body.
    pub pdu: Pdu,
    /// What was odd about it.
    pub quirks: Quirks,
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
