//! The PDUs of requests.

use countersign_core::time::Timestamp;
use zeroize::Zeroizing;

use super::config::{AddressRules, SmppConfig};
use super::pdu::{Address, Cancel, Octets, Pdu, Query, ShortMessage, Tlv, encode, tag};
use super::text::{Alphabet, Carriage, TextRules};
use super::validity::Validity;
use crate::provider::{Outgoing, Reference, Registered};
use crate::sender::SenderId;

/// `esm_class`: the text begins with a header (SMPP 3.4 §5.2.12).
const UDHI: u8 = 0x40;

/// The parameters that India's operators read (reference: python-smpplib issue 204, ksmppd issue 134).
const DLT_ENTITY: u16 = 0x1400;
const DLT_TEMPLATE: u16 = 0x1401;

/// What a route's requests are made from.
pub(super) struct Writer {
    text: TextRules,
    validity: Validity,
    addresses: AddressRules,
    sender: Option<SenderId>,
    service_type: Octets,
    tlvs: Vec<Tlv>,
    registered_delivery: u8,
}

/// The message has no form on the wire.
#[derive(Debug)]
pub(super) struct NotRepresentable;

/// A PDU for the wire, with any sequence number.
pub(super) type Octet = Zeroizing<Vec<u8>>;

impl Writer {
    pub(super) fn new(config: &SmppConfig) -> Self {
        let tlvs = config.tlvs.iter().filter_map(|tlv| {
            let value = tlv.value.octets()?;
            Some(Tlv { tag: tlv.tag, value: value.into() })
        });
        Writer {
            text: config.text_rules(),
            validity: config.validity,
            addresses: config.addresses,
            sender: config.sender.clone(),
            service_type: config.service_type.as_str().into(),
            tlvs: tlvs.collect(),
            registered_delivery: config.receipts.octet(),
        }
    }

    /// What it takes octets for.
    pub(super) const fn alphabet(&self) -> Alphabet {
        self.text.alphabet
    }

    /// One `submit_sm` for each part of a message.
    pub(super) fn submit(
        &self,
        message: &Outgoing<'_>,
        now: Timestamp,
        reference: u16,
    ) -> Result<Vec<Octet>, NotRepresentable> {
        let text = self.text.encode(message.text.expose(), reference).map_err(|_| NotRepresentable)?;
        let validity = self.validity.field(now, message.expires_at);
        let vendor = self.vendor_parameters(message.registered);
        text.parts
            .iter()
            .map(|part| {
                let (short_message, payload) = match text.carriage {
                    Carriage::Plain | Carriage::WithHeader => (part.as_slice(), None),
                    Carriage::Payload => (&[][..], Some(Octets::from(part.as_slice()))),
                };
                let payload = payload.map(|value| Tlv { tag: tag::MESSAGE_PAYLOAD, value });
                let message = ShortMessage {
                    service_type: self.service_type.clone(),
                    source: self.source(message.sender),
                    destination: self.destination(message.to.expose()),
                    esm_class: if text.carriage == Carriage::WithHeader { UDHI } else { 0 },
                    validity_period: validity.as_str().into(),
                    registered_delivery: self.registered_delivery,
                    data_coding: text.data_coding,
                    short_message: short_message.into(),
                    tlvs: payload.into_iter().chain(vendor.iter().cloned()).collect(),
                    ..ShortMessage::default()
                };
                let room = room_of(&message);
                octets(&Pdu::SubmitSm(Box::new(message)), room)
            })
            .collect()
    }

    /// The operator's own, and the ids of a registered text in place of those that stand for all.
    fn vendor_parameters(&self, registered: Option<Registered<'_>>) -> Vec<Tlv> {
        let Some(Registered { entity_id, template_id }) = registered else { return self.tlvs.clone() };
        let ids = [(DLT_ENTITY, entity_id), (DLT_TEMPLATE, template_id)];
        let others = self.tlvs.iter().filter(|tlv| ids.iter().all(|(tag, _)| *tag != tlv.tag)).cloned();
        others.chain(ids.map(|(tag, id)| Tlv { tag, value: id.into() })).collect()
    }

    pub(super) fn query(&self, id: &Reference, sender: Option<&SenderId>) -> Result<Octet, NotRepresentable> {
        let message_id = id.as_str().into();
        octets(&Pdu::QuerySm(Query { message_id, source: self.source(sender) }), SHORT)
    }

    pub(super) fn cancel(
        &self,
        id: &Reference,
        sender: Option<&SenderId>,
    ) -> Result<Octet, NotRepresentable> {
        let cancel = Cancel {
            service_type: self.service_type.clone(),
            message_id: id.as_str().into(),
            source: self.source(sender),
            // With an id, the destination may be left out (§4.9.1).
            destination: Address::default(),
        };
        octets(&Pdu::CancelSm(cancel), SHORT)
    }

    fn source(&self, sender: Option<&SenderId>) -> Address {
        let Some(sender) = sender.or(self.sender.as_ref()).map(SenderId::as_str) else {
            return Address::default();
        };
        let rules = &self.addresses;
        let digits = sender.strip_prefix('+').unwrap_or(sender);
        let is_number = digits.bytes().all(|octet| octet.is_ascii_digit());
        let (ton, npi) = match is_number {
            false => (rules.name_ton, rules.name_npi),
            true if digits.len() == sender.len() && digits.len() <= 8 => {
                (rules.short_code_ton, rules.short_code_npi)
            }
            true => (rules.number_ton, rules.number_npi),
        };
        Address { ton, npi, digits: digits.into() }
    }

    fn destination(&self, number: &str) -> Address {
        Address {
            ton: self.addresses.destination_ton,
            npi: self.addresses.destination_npi,
            digits: number.trim_start_matches('+').into(),
        }
    }
}

/// Octets of a request without a text.
const SHORT: usize = 256;

/// The most octets that a message takes: what has no fixed length, and more than all the rest (§4.4.1).
fn room_of(message: &ShortMessage) -> usize {
    let addresses = message.source.digits.len() + message.destination.digits.len();
    let words =
        message.service_type.len() + message.validity_period.len() + message.schedule_delivery_time.len();
    let parameters: usize = message.tlvs.iter().map(|tlv| 4 + tlv.value.len()).sum();
    64 + addresses + words + message.short_message.len() + parameters
}

/// `room` holds all, so that no copy of a text is left behind when the vector grows, and little more: it is
/// wiped to its end.
fn octets(pdu: &Pdu, room: usize) -> Result<Octet, NotRepresentable> {
    let mut octets = Zeroizing::new(Vec::with_capacity(room));
    encode(pdu, 0, 0, &mut octets).map_err(|_| NotRepresentable)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::super::pdu::{Frame, decode, tlv};
    use super::*;
    use crate::example::{Example, NOW};
    use countersign_core::message::{CarrierAlphabet, Measure};

    fn writer(more: &str) -> Writer {
        let four = "host = \"h\"\nport = 1\nsystem_id = \"s\"\npassword = \"p\"\n";
        let config: SmppConfig = toml::from_str(&format!("{four}{more}")).unwrap();
        config.check().unwrap();
        Writer::new(&config)
    }

    fn submitted(writer: &Writer, text: &str, sender: Option<&str>) -> Vec<ShortMessage> {
        let example = Example::new(text);
        let sender = sender.map(|sender| sender.parse().unwrap());
        let message = Outgoing { sender: sender.as_ref(), ..example.outgoing() };
        let pdus = writer.submit(&message, NOW, 0x0102).unwrap();
        pdus.iter()
            .map(|pdu| match decode(&Frame::first(pdu).unwrap().unwrap()).pdu {
                Pdu::SubmitSm(message) => *message,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_message_goes_to_its_number_until_it_expires() {
        let [message] = &submitted(&writer(""), "918273 is your code", None)[..] else { panic!() };
        assert_eq!(&*message.destination.digits, b"447700900123");
        assert_eq!((message.destination.ton, message.destination.npi), (1, 1));
        assert_eq!(&*message.validity_period, b"000000001000000R");
        assert_eq!((message.registered_delivery, message.data_coding, message.esm_class), (1, 0, 0));
        assert_eq!(&*message.short_message, b"918273 is your code");
        assert_eq!(message.source, Address::default());
    }

    #[test]
    fn no_text_is_left_behind_by_a_vector_that_grew() {
        let more = "concatenation = \"message_payload\"\nservice_type = \"CMT\"\nsender = \"Example\"\n\
                    tlvs = [{ tag = \"0x1400\", text = \"1101\" }, { tag = \"0x1401\", hex = \"0a0b\" }]";
        for writer in [writer(more), writer("")] {
            for length in [0, 1, 160, 161, 5_000] {
                for sent in submitted(&writer, &"a".repeat(length), None) {
                    let (room, mut octets) = (room_of(&sent), Vec::new());
                    encode(&Pdu::SubmitSm(Box::new(sent)), 0, 0, &mut octets).unwrap();
                    assert!((octets.len()..octets.len() + 64).contains(&room), "{room} for {}", octets.len());
                }
            }
        }
    }

    #[test]
    fn senders_have_their_type_of_number() {
        for (sender, ton, npi, digits) in [
            ("Example", 5, 0, "Example"),
            ("+4915112345678", 1, 1, "4915112345678"),
            ("4915112345678", 1, 1, "4915112345678"),
            ("72404", 3, 0, "72404"),
        ] {
            let messages = submitted(&writer("sender = \"Other\""), "x", Some(sender));
            let source = Address { ton, npi, digits: digits.into() };
            assert_eq!(messages[0].source, source, "{sender}");
        }
        let messages = submitted(&writer("sender = \"Other\"\naddresses = { name_ton = 0 }"), "x", None);
        assert_eq!(messages[0].source, Address { ton: 0, npi: 0, digits: "Other".into() });
    }

    #[test]
    fn a_long_message_travels_in_parts_or_as_a_payload() {
        let text = "я".repeat(150);
        let parts = submitted(&writer(""), &text, None);
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.esm_class == UDHI && part.data_coding == 8));
        assert_eq!(parts[2].short_message[..6], [5, 0, 3, 2, 3, 3]);
        let [whole] = &submitted(&writer("concatenation = \"message_payload\""), &text, None)[..] else {
            panic!()
        };
        assert!(whole.short_message.is_empty() && whole.esm_class == 0);
        assert_eq!(tlv(&whole.tlvs, tag::MESSAGE_PAYLOAD).unwrap().len(), 300);
    }

    #[test]
    fn the_ids_of_a_registered_text_take_the_place_of_those_for_all() {
        let writer =
            writer("tlvs = [{ tag = \"0x1401\", text = \"1\" }, { tag = \"0x1402\", text = \"chain\" }]");
        let example = Example::new("x");
        let registered = Some(Registered { entity_id: "1101", template_id: "1107" });
        let message = Outgoing { registered, ..example.outgoing() };
        let pdus = writer.submit(&message, NOW, 1).unwrap();
        let Pdu::SubmitSm(sent) = decode(&Frame::first(&pdus[0]).unwrap().unwrap()).pdu else { panic!() };
        let of = |wanted: u16| sent.tlvs.iter().filter(|tlv| tlv.tag == wanted).collect::<Vec<_>>();
        assert_eq!(&*of(0x1400)[0].value, b"1101");
        assert_eq!((of(0x1401).len(), &*of(0x1401)[0].value), (1, &b"1107"[..]));
        assert_eq!(&*of(0x1402)[0].value, b"chain");
    }

    #[test]
    fn as_many_pdus_leave_as_a_message_was_planned_for() {
        let texts = ["é".repeat(100), "a".repeat(161), format!("{}€", "b".repeat(80)), "я".repeat(71)];
        for (alphabet, carrier) in [
            ("gsm", CarrierAlphabet::Gsm),
            ("ascii", CarrierAlphabet::Ascii),
            ("latin1", CarrierAlphabet::Latin1),
        ] {
            let writer = writer(&format!("alphabet = \"{alphabet}\""));
            assert_eq!(writer.alphabet().carrier(), carrier);
            for text in &texts {
                let planned = Measure::on(text, carrier).segments;
                assert_eq!(submitted(&writer, text, None).len(), planned, "{alphabet}");
            }
        }
    }

    #[test]
    fn vendors_parameters_go_with_every_part() {
        let writer =
            writer("tlvs = [{ tag = \"0x1400\", text = \"1101\" }, { tag = \"0x1401\", hex = \"0a0b\" }]");
        for part in submitted(&writer, &"a".repeat(200), None) {
            assert_eq!(&**tlv(&part.tlvs, 0x1400).unwrap(), b"1101");
            assert_eq!(&**tlv(&part.tlvs, 0x1401).unwrap(), &[10, 11]);
        }
    }
}
