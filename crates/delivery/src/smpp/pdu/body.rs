//! The bodies of the PDUs (SMPP 3.4 §4; SMPP 5.0 differs in none of these fields).

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroize as _;

/// Octets of a field: an address, an id, a text. They may be secret, so that Debug shows their number
/// only, and they are wiped when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Octets(Vec<u8>);

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Octets(octets.to_vec())
    }
}

impl From<&str> for Octets {
    fn from(text: &str) -> Self {
        Octets::from(text.as_bytes())
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Octets(octets)
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Octets({})", self.0.len())
    }
}

impl Drop for Octets {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// An address with its type of number and its numbering plan (SMPP 3.4 §5.2.5, §5.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Type of number: 1 international, 3 network specific, 5 alphanumeric.
    pub ton: u8,
    /// Numbering plan: 1 ISDN (E.164), 0 unknown.
    pub npi: u8,
    /// Digits or a name; 20 octets.
    pub digits: Octets,
}

/// An optional parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlv {
    /// What it is; see [`super::tag`].
    pub tag: u16,
    /// Its value.
    pub value: Octets,
}

/// The first parameter with a tag.
pub fn tlv(tlvs: &[Tlv], tag: u16) -> Option<&Octets> {
    tlvs.iter().find(|tlv| tlv.tag == tag).map(|tlv| &tlv.value)
}

/// What a connection is bound for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// To send messages.
    Transmitter,
    /// To receive receipts.
    Receiver,
    /// Both.
    Transceiver,
}

/// `bind_transmitter`, `bind_receiver`, `bind_transceiver` (§4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bind {
    /// Who binds; 15 octets.
    pub system_id: Octets,
    /// The password; 8 octets, though many peers take more.
    pub password: Octets,
    /// 12 octets.
    pub system_type: Octets,
    /// 0x34 or 0x50.
    pub interface_version: u8,
    /// Which addresses the client serves; 40 octets of digits.
    pub address_range: Address,
}

/// The response to a bind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BindResp {
    /// Who answers.
    pub system_id: Octets,
    /// Optional parameters.
    pub tlvs: Vec<Tlv>,
}

/// `submit_sm` and `deliver_sm`, which have the same fields (§4.4.1, §4.6.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortMessage {
    /// 5 octets.
    pub service_type: Octets,
    /// Whom it comes from.
    pub source: Address,
    /// Whom it goes to.
    pub destination: Address,
    /// Mode, type and features (§5.2.12).
    pub esm_class: u8,
    /// §5.2.13.
    pub protocol_id: u8,
    /// §5.2.14.
    pub priority_flag: u8,
    /// §5.2.15.
    pub schedule_delivery_time: Octets,
    /// §5.2.16.
    pub validity_period: Octets,
    /// Which receipts are wanted (§5.2.17).
    pub registered_delivery: u8,
    /// §5.2.18.
    pub replace_if_present: u8,
    /// The alphabet (§5.2.19).
    pub data_coding: u8,
    /// §5.2.20.
    pub sm_default_msg_id: u8,
    /// The text; 254 octets.
    pub short_message: Octets,
    /// Optional parameters.
    pub tlvs: Vec<Tlv>,
}

/// `data_sm` (§4.7.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// 5 octets.
    pub service_type: Octets,
    /// Whom it comes from.
    pub source: Address,
    /// Whom it goes to.
    pub destination: Address,
    /// Mode, type and features.
    pub esm_class: u8,
    /// Which receipts are wanted.
    pub registered_delivery: u8,
    /// The alphabet.
    pub data_coding: u8,
    /// Optional parameters; the text is one of them.
    pub tlvs: Vec<Tlv>,
}

/// The response to a `submit_sm`, `deliver_sm` or `data_sm`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The id under which the peer knows the message; 64 octets. Empty in `deliver_sm_resp`.
    pub message_id: Octets,
    /// Optional parameters.
    pub tlvs: Vec<Tlv>,
}

/// `query_sm` (§4.8.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The id from the response to the submission.
    pub message_id: Octets,
    /// The sender, as in the submission.
    pub source: Address,
}

/// The response to a `query_sm`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryResp {
    /// The id from the request.
    pub message_id: Octets,
    /// When it reached its final state; empty before.
    pub final_date: Octets,
    /// Its state (§5.2.28).
    pub message_state: u8,
    /// A network's own error number.
    pub error_code: u8,
}

/// `cancel_sm` (§4.9.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancel {
    /// As in the submission.
    pub service_type: Octets,
    /// The id from the response to the submission.
    pub message_id: Octets,
    /// The sender, as in the submission.
    pub source: Address,
    /// May be empty when there is an id.
    pub destination: Address,
}
