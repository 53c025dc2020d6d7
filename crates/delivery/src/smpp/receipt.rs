//! Receipts inside `deliver_sm` and `data_sm`: parameters first, then the text that they all write
//! differently (SMPP 3.4 appendix B).

use std::borrow::Cow;

use countersign_core::time::Timestamp;
use countersign_core::verification::ReceiptStatus;
use zeroize::Zeroizing;

use super::pdu::{Data, Octets, ShortMessage, Tlv, tag, tlv};
use super::text::UCS2;
use crate::receipt::ReceiptReason;

/// Longest text that is searched, in octets. Receipts have some 120.
const MAX_TEXT: usize = 1_024;

/// What became of a message (SMPP 3.4 §5.2.28; SCHEDULED and SKIPPED are of 5.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// To be sent later.
    Scheduled,
    /// On its way.
    Enroute,
    /// On the phone.
    Delivered,
    /// Its time ran out.
    Expired,
    /// Somebody removed it.
    Deleted,
    /// The carrier gave up.
    Undeliverable,
    /// Taken by customer service on behalf of the subscriber; not final in practice.
    Accepted,
    /// Nobody knows.
    Unknown,
    /// Refused.
    Rejected,
    /// Left out.
    Skipped,
}

impl MessageState {
    /// From `message_state`.
    pub const fn from_octet(state: u8) -> Option<Self> {
        Some(match state {
            0 => MessageState::Scheduled,
            1 => MessageState::Enroute,
            2 => MessageState::Delivered,
            3 => MessageState::Expired,
            4 => MessageState::Deleted,
            5 => MessageState::Undeliverable,
            6 => MessageState::Accepted,
            7 => MessageState::Unknown,
            8 => MessageState::Rejected,
            9 => MessageState::Skipped,
            _ => return None,
        })
    }

    /// From the word behind `stat:`. Vendors cut it at seven letters or not at all.
    fn from_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_uppercase();
        let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| word.starts_with(beginning));
        Some(match () {
            () if starts(&["DELIV", "DELVRD"]) => MessageState::Delivered,
            () if starts(&["EXPIR"]) => MessageState::Expired,
            () if starts(&["DELET"]) => MessageState::Deleted,
            () if starts(&["UNDEL", "FAILED"]) => MessageState::Undeliverable,
            () if starts(&["ACCEP"]) => MessageState::Accepted,
            () if starts(&["UNKN"]) => MessageState::Unknown,
            () if starts(&["REJEC"]) => MessageState::Rejected,
            () if starts(&["ENROU", "BUFF"]) => MessageState::Enroute,
            () if starts(&["SCHED"]) => MessageState::Scheduled,
            () if starts(&["SKIP"]) => MessageState::Skipped,
            () => return None,
        })
    }

    /// What it means here. What is not known to have failed has not failed.
    pub const fn status(self) -> ReceiptStatus {
        match self {
            MessageState::Delivered => ReceiptStatus::Delivered,
            MessageState::Expired
            | MessageState::Deleted
            | MessageState::Undeliverable
            | MessageState::Rejected
            | MessageState::Skipped => ReceiptStatus::Failed,
            MessageState::Scheduled
            | MessageState::Enroute
            | MessageState::Accepted
            | MessageState::Unknown => ReceiptStatus::Buffered,
        }
    }

    /// Its word in reasons.
    pub const fn as_str(self) -> &'static str {
        match self {
            MessageState::Scheduled => "scheduled",
            MessageState::Enroute => "enroute",
            MessageState::Delivered => "delivered",
            MessageState::Expired => "expired",
            MessageState::Deleted => "deleted",
            MessageState::Undeliverable => "undeliverable",
            MessageState::Accepted => "accepted",
            MessageState::Unknown => "unknown",
            MessageState::Rejected => "rejected",
            MessageState::Skipped => "skipped",
        }
    }
}

/// A receipt as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadReceipt {
    /// The id of the message, as the carrier writes it.
    pub id: Option<String>,
    /// What became of it.
    pub state: MessageState,
    /// The phone.
    pub destination: Option<Zeroizing<String>>,
    /// The state and the network's error number in one word, unless it was delivered.
    pub reason: Option<ReceiptReason>,
    /// When it was done, by the carrier's clock, read as UTC.
    pub reported_at: Option<Timestamp>,
}

/// What a phone or a service centre sent.
pub struct Inbound<'a> {
    esm_class: u8,
    data_coding: u8,
    source: &'a Octets,
    text: &'a [u8],
    tlvs: &'a [Tlv],
}

impl<'a> From<&'a ShortMessage> for Inbound<'a> {
    fn from(message: &'a ShortMessage) -> Self {
        let payload = tlv(&message.tlvs, tag::MESSAGE_PAYLOAD).filter(|_| message.short_message.is_empty());
        Inbound {
            esm_class: message.esm_class,
            data_coding: message.data_coding,
            source: &message.source.digits,
            text: payload.unwrap_or(&message.short_message),
            tlvs: &message.tlvs,
        }
    }
}

impl<'a> From<&'a Data> for Inbound<'a> {
    fn from(data: &'a Data) -> Self {
        Inbound {
            esm_class: data.esm_class,
            data_coding: data.data_coding,
            source: &data.source.digits,
            text: tlv(&data.tlvs, tag::MESSAGE_PAYLOAD).map(|payload| &**payload).unwrap_or_default(),
            tlvs: &data.tlvs,
        }
    }
}

impl Inbound<'_> {
    /// The receipt that it is, or nothing when it is a message from a phone. Only a flag or a parameter
    /// makes it a receipt, which a phone cannot set: a text alone could be a customer's forgery.
    pub fn receipt(&self) -> Option<ReadReceipt> {
        let kind = self.esm_class & 0x3c;
        let id_tlv = tlv(self.tlvs, tag::RECEIPTED_MESSAGE_ID);
        let state_tlv = tlv(self.tlvs, tag::MESSAGE_STATE);
        // A receipt of the service centre, or its intermediate notification (§5.2.12).
        if !matches!(kind, 0x04 | 0x20) && id_tlv.is_none() && state_tlv.is_none() {
            return None;
        }
        let text = self.text();
        let fields = TextFields::of(&text);
        let id = id_tlv.map(|id| visible(id)).filter(|id| !id.is_empty());
        let state = state_tlv.and_then(|state| state.first().copied()).and_then(MessageState::from_octet);
        let state = state
            .or_else(|| fields.get("stat").and_then(MessageState::from_word))
            .unwrap_or(MessageState::Unknown);
        let destination = visible(self.source);
        Some(ReadReceipt {
            id: id.or_else(|| fields.get("id").map(str::to_owned)),
            state,
            destination: (!destination.is_empty()).then(|| Zeroizing::new(destination)),
            reason: self.reason(state, fields.get("err")),
            reported_at: fields.get("done date").and_then(carrier_time),
        })
    }

    fn text(&self) -> Zeroizing<String> {
        let octets = self.text.get(..MAX_TEXT).unwrap_or(self.text);
        // A header in front of the text says its own length.
        let header = if self.esm_class & 0x40 == 0 {
            0
        } else {
            1 + usize::from(octets.first().copied().unwrap_or(0))
        };
        let octets = octets.get(header..).unwrap_or_default();
        let looks_wide = self.data_coding == UCS2 && octets.first() == Some(&0);
        Zeroizing::new(if looks_wide {
            let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect()
        } else {
            octets.iter().map(|octet| if octet.is_ascii() { char::from(*octet) } else { '?' }).collect()
        })
    }

    fn reason(&self, state: MessageState, error: Option<&str>) -> Option<ReceiptReason> {
        if state == MessageState::Delivered {
            return None;
        }
        let network = tlv(self.tlvs, tag::NETWORK_ERROR_CODE).and_then(|value| match **value {
            [kind, high, low, ..] => Some(format!("{kind}.{}", u16::from_be_bytes([high, low]))),
            _ => None,
        });
        let error = network.as_deref().or(error).map(|error| error.trim_start_matches('+'));
        let whole = error.map(|error| Cow::Owned(format!("{}:{error}", state.as_str())));
        whole.and_then(ReceiptReason::parse).or_else(|| ReceiptReason::parse(Cow::Borrowed(state.as_str())))
    }
}

/// The fields of a receipt's text, such as `id:17 sub:001 … stat:DELIVRD err:000 text:…`, in any order.
struct TextFields<'a> {
    text: &'a str,
    /// Where the customer's own text begins: what stands there is believed last.
    own_text: usize,
}

impl<'a> TextFields<'a> {
    fn of(text: &'a str) -> Self {
        let own_text = position(text, "text").map_or(text.len(), |(start, _)| start);
        TextFields { text, own_text }
    }

    /// The value of a field; not empty.
    fn get(&self, name: &str) -> Option<&'a str> {
        let (before, after) = self.text.split_at(self.own_text);
        [before, after].into_iter().find_map(|text| {
            let (_, value) = position(text, name)?;
            let value = text.get(value..)?.trim_start_matches(' ');
            let end =
                value.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).unwrap_or(value.len());
            value.get(..end).filter(|value| !value.is_empty())
        })
    }
}

/// Where a field's name and its value begin.
fn position(text: &str, name: &str) -> Option<(usize, usize)> {
    let octets = text.as_bytes();
    let starts = (0..octets.len()).filter(|at| {
        let before = at.checked_sub(1).and_then(|before| octets.get(before));
        before.is_none_or(|octet| !octet.is_ascii_alphanumeric() && *octet != b'_')
    });
    starts.into_iter().find_map(|start| {
        let found = octets.get(start..start + name.len())?;
        let is_name = found.eq_ignore_ascii_case(name.as_bytes());
        // "submit date" ends with no name of another field; "id" may stand behind a blank only.
        let colon = start + name.len();
        (is_name && octets.get(colon) == Some(&b':')).then_some((start, colon + 1))
    })
}

/// `YYMMDDhhmm` or `YYMMDDhhmmss`, as UTC.
fn carrier_time(text: &str) -> Option<Timestamp> {
    if !matches!(text.len(), 10 | 12) || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let pair = |at: usize| text.get(at..at + 2).and_then(|two| two.parse::<i8>().ok());
    let year = 2000 + i16::from(pair(0)?);
    let s = pair(10).unwrap_or(0);
    let at = jiff::civil::DateTime::new(year, pair(2)?, pair(4)?, pair(6)?, pair(8)?, s, 0).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// Octets up to a NUL as text.
fn visible(octets: &[u8]) -> String {
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let octets = octets.get(..end).unwrap_or_default().trim_ascii();
    octets.iter().map(|octet| if octet.is_ascii_graphic() { char::from(*octet) } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::pdu::Address;
    use super::*;
    use proptest::prelude::*;

    fn message(esm_class: u8, text: &[u8], tlvs: Vec<Tlv>) -> ShortMessage {
        ShortMessage {
            esm_class,
            source: Address { ton: 1, npi: 1, digits: "447700900123".into() },
            short_message: text.into(),
            tlvs,
            ..ShortMessage::default()
        }
    }

    fn read(text: &str) -> ReadReceipt {
        Inbound::from(&message(4, text.as_bytes(), vec![])).receipt().unwrap()
    }

    fn reason(receipt: &ReadReceipt) -> Option<&str> {
        receipt.reason.as_ref().map(ReceiptReason::as_str)
    }

    #[test]
    fn the_usual_text_is_read() {
        let receipt = read(
            "id:0A1B sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:DELIVRD err:000 text:918273 is",
        );
        assert_eq!(receipt.id.as_deref(), Some("0A1B"));
        assert_eq!(receipt.state, MessageState::Delivered);
        assert_eq!(receipt.destination.as_ref().unwrap().as_str(), "447700900123");
        assert_eq!(reason(&receipt), None);
        assert_eq!(receipt.reported_at.unwrap().to_string(), "2026-11-23T10:01:00.000Z");
    }

    #[test]
    fn fields_come_in_any_order_case_and_with_any_separator() {
        for text in [
            "stat:UNDELIV err:001 id:17",
            "STAT:UNDELIV ERR:001 ID:17",
            "Id:17, Stat:UNDELIVERABLE, Err:001",
            "id: 17 stat: UNDELIV err: 001",
            "id:17;stat:UNDELIV;err:001;done date:261123100000;text:",
        ] {
            let receipt = read(text);
            assert_eq!(receipt.id.as_deref(), Some("17"), "{text}");
            assert_eq!(receipt.state.status(), ReceiptStatus::Failed, "{text}");
            assert_eq!(reason(&receipt), Some("undeliverable:001"), "{text}");
        }
    }

    #[test]
    fn the_customers_text_is_believed_last() {
        let receipt = read("id:17 stat:UNDELIV err:001 text:id:99 stat:DELIVRD");
        assert_eq!((receipt.id.as_deref(), receipt.state), (Some("17"), MessageState::Undeliverable));
        let receipt = read("text:hello id:17 stat:DELIVRD");
        assert_eq!((receipt.id.as_deref(), receipt.state), (Some("17"), MessageState::Delivered));
        let receipt = read("paid:99 id:17 stat:DELIVRD");
        assert_eq!(receipt.id.as_deref(), Some("17"));
    }

    #[test]
    fn parameters_win_over_text() {
        let tlvs = vec![
            Tlv { tag: tag::RECEIPTED_MESSAGE_ID, value: b"AB\0"[..].into() },
            Tlv { tag: tag::MESSAGE_STATE, value: vec![5].into() },
            Tlv { tag: tag::NETWORK_ERROR_CODE, value: vec![3, 0, 27].into() },
        ];
        let message = message(4, b"id:17 stat:DELIVRD err:000", tlvs.clone());
        let receipt = Inbound::from(&message).receipt().unwrap();
        assert_eq!((receipt.id.as_deref(), receipt.state), (Some("AB"), MessageState::Undeliverable));
        assert_eq!(reason(&receipt), Some("undeliverable:3.27"));
        // The same in a data_sm without text.
        let data = Data { tlvs, ..Data::default() };
        assert_eq!(Inbound::from(&data).receipt().unwrap().id.as_deref(), Some("AB"));
    }

    #[test]
    fn an_unknown_state_leaves_the_word_to_the_text() {
        let tlvs = vec![Tlv { tag: tag::MESSAGE_STATE, value: vec![200].into() }];
        let message = message(4, b"id:17 stat:EXPIRED", tlvs);
        assert_eq!(Inbound::from(&message).receipt().unwrap().state, MessageState::Expired);
        assert_eq!(read("id:17 stat:???").state.status(), ReceiptStatus::Buffered);
    }

    #[test]
    fn states_that_are_not_final_are_not_taken_for_final() {
        for (word, status) in [
            ("DELIVRD", ReceiptStatus::Delivered),
            ("EXPIRED", ReceiptStatus::Failed),
            ("DELETED", ReceiptStatus::Failed),
            ("UNDELIV", ReceiptStatus::Failed),
            ("REJECTD", ReceiptStatus::Failed),
            ("ACCEPTD", ReceiptStatus::Buffered),
            ("ENROUTE", ReceiptStatus::Buffered),
            ("UNKNOWN", ReceiptStatus::Buffered),
        ] {
            assert_eq!(read(&format!("id:1 stat:{word}")).state.status(), status, "{word}");
        }
    }

    #[test]
    fn a_customer_cannot_write_a_receipt() {
        assert!(Inbound::from(&message(0, b"id:17 stat:UNDELIV err:001", vec![])).receipt().is_none());
    }

    #[test]
    fn headers_payloads_and_wide_texts_are_read() {
        let text = "id:17 stat:DELIVRD";
        let payload = vec![Tlv { tag: tag::MESSAGE_PAYLOAD, value: text.into() }];
        assert_eq!(Inbound::from(&message(4, b"", payload)).receipt().unwrap().id.as_deref(), Some("17"));
        let with_header = [b"\x05\x00\x03\x01\x01\x01", text.as_bytes()].concat();
        let receipt = Inbound::from(&message(0x44, &with_header, vec![])).receipt().unwrap();
        assert_eq!(receipt.id.as_deref(), Some("17"));
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let message = ShortMessage { data_coding: 8, ..message(4, &wide, vec![]) };
        assert_eq!(Inbound::from(&message).receipt().unwrap().id.as_deref(), Some("17"));
    }

    #[test]
    fn i12_a_reason_carries_no_number() {
        assert_eq!(reason(&read("id:1 stat:UNDELIV err:447700900123")), Some("undeliverable"));
    }

    proptest! {
        #[test]
        fn any_text_and_any_parameters_are_read_without_panic(
            text in prop::collection::vec(any::<u8>(), 0..200), esm_class: u8, data_coding: u8,
            tlvs in prop::collection::vec((prop::sample::select(vec![0x1e_u16, 0x427, 0x423, 0x424]),
                prop::collection::vec(any::<u8>(), 0..20)), 0..4),
        ) {
            let tlvs = tlvs.into_iter().map(|(tag, value)| Tlv { tag, value: value.into() }).collect();
            let message = ShortMessage { data_coding, ..message(esm_class, &text, tlvs) };
            let _ = Inbound::from(&message).receipt();
        }

        #[test]
        fn almost_receipts_are_read_without_panic(text in "(id|stat|err|done date|text)?:?[ a-zA-Z0-9:;é]{0,80}") {
            let _ = read(&text);
        }
    }
}
