//! The quirks that were met in practice, one by one, and any octets at all.

use std::ops::ControlFlow;

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;

/// A PDU of any body.
fn raw(command_id: u32, command_status: u32, sequence_number: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER_OCTETS + body.len()).unwrap();
    let words = [length, command_id, command_status, sequence_number];
    words.into_iter().flat_map(u32::to_be_bytes).chain(body.iter().copied()).collect()
}

fn decode_one(octets: &[u8]) -> Decoded {
    decode(&Frame::first(octets).unwrap().unwrap())
}

/// Reads a PDU, and then an `enquire_link` that came in the same read: the peer's odd PDU must not move
/// the place where the next one begins.
#[track_caller]
fn survives(odd: &[u8]) -> Decoded {
    let mut buffer = BytesMut::from(odd);
    buffer.extend_from_slice(&raw(0x15, 0, 77, &[]));
    let mut seen = Vec::new();
    drain_frames(&mut buffer, |frame| {
        seen.push((frame.header.sequence_number, decode(&frame)));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(buffer.is_empty());
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1], (77, Decoded { pdu: Pdu::EnquireLink, quirks: Quirks::NONE }));
    seen.swap_remove(0).1
}

#[track_caller]
fn quirks(decoded: &Decoded, expected: &[Quirk]) {
    let mut all = Quirks::NONE;
    for quirk in expected {
        all.note(*quirk);
    }
    assert_eq!(decoded.quirks.words(), all.words());
}

fn submit_resp(body: &[u8]) -> Decoded {
    survives(&raw(0x8000_0004, 0, 1, body))
}

#[track_caller]
fn id_of(decoded: &Decoded) -> Vec<u8> {
    match &decoded.pdu {
        Pdu::SubmitSmResp(taken) => taken.message_id.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// A receipt with these parameters behind its text.
fn receipt(tlvs: &[u8]) -> Decoded {
    receipt_at("", 0, tlvs)
}

fn receipt_at(schedule_delivery_time: &str, data_coding: u8, tlvs: &[u8]) -> Decoded {
    let mut body = b"\0\x01\x01447700900123\0\x05\0Shop\0\x04\0\0".to_vec();
    body.extend(schedule_delivery_time.as_bytes());
    body.extend([0, 0, 0, 0, data_coding, 0, 5]);
    body.extend(b"id:17");
    body.extend(tlvs);
    survives(&raw(5, 0, 9, &body))
}

#[track_caller]
fn tlvs_of(decoded: &Decoded) -> Vec<(u16, Vec<u8>)> {
    match &decoded.pdu {
        Pdu::DeliverSm(message) => {
            assert_eq!(&*message.short_message, b"id:17");
            message.tlvs.iter().map(|tlv| (tlv.tag, tlv.value.to_vec())).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn q01_a_refusal_that_is_only_a_header() {
    let decoded = survives(&raw(0x8000_0004, 0x58, 1, &[]));
    assert_eq!(decoded.pdu, Pdu::SubmitSmResp(Taken::default()));
    quirks(&decoded, &[]);
}

#[test]
fn q02_a_vendors_own_status() {
    let octets = raw(0x8000_0004, 0x0400, 1, &[]);
    assert_eq!(Frame::first(&octets).unwrap().unwrap().header.command_status, 0x400);
    quirks(&survives(&octets), &[]);
}

#[test]
fn q03_a_generic_nack() {
    let decoded = survives(&raw(0x8000_0000, 3, 1, &[]));
    assert_eq!(decoded.pdu, Pdu::GenericNack);
    quirks(&decoded, &[]);
    quirks(&survives(&raw(0x8000_0000, 2, 0, &[])), &[]);
}

#[test]
fn q04_any_sequence_number_is_read() {
    let octets = raw(0x8000_0004, 0, 0x7fff_0000, b"17\0");
    assert_eq!(Frame::first(&octets).unwrap().unwrap().header.sequence_number, 0x7fff_0000);
    quirks(&survives(&octets), &[]);
}

#[test]
fn q05_an_unknown_command() {
    let decoded = survives(&raw(0x0001_0203, 0, 1, b"whatever"));
    assert_eq!(decoded.pdu, Pdu::Other(0x0001_0203));
    quirks(&decoded, &[Quirk::UnexpectedCommand]);
}

#[test]
fn q06_an_unknown_parameter() {
    let decoded = receipt(&[0x14, 0x00, 0, 2, 7, 8]);
    assert_eq!(tlvs_of(&decoded), [(0x1400, vec![7, 8])]);
    quirks(&decoded, &[]);
}

#[test]
fn q07_an_unknown_message_state() {
    let decoded = receipt(&[0x04, 0x27, 0, 1, 200]);
    assert_eq!(tlvs_of(&decoded), [(tag::MESSAGE_STATE, vec![200])]);
    quirks(&decoded, &[Quirk::UnknownValue]);
}

#[test]
fn q08_an_unknown_data_coding() {
    let decoded = receipt_at("", 0xf1, &[]);
    assert!(matches!(&decoded.pdu, Pdu::DeliverSm(message) if message.data_coding == 0xf1));
    quirks(&decoded, &[]);
}

#[test]
fn q09_an_id_without_nul() {
    let decoded = submit_resp(b"17a");
    assert_eq!(id_of(&decoded), b"17a");
    quirks(&decoded, &[Quirk::MissingNul]);
}

#[test]
fn q10_an_id_of_66_characters() {
    let mut body = vec![b'7'; 66];
    body.push(0);
    let decoded = submit_resp(&body);
    assert_eq!(id_of(&decoded), [b'7'; 66]);
    quirks(&decoded, &[Quirk::TooLong]);
    body.drain(..2);
    quirks(&submit_resp(&body), &[]);
}

#[test]
fn q11_an_id_outside_ascii() {
    let decoded = submit_resp(b"\xe917\0");
    assert_eq!(id_of(&decoded), b"\xe917");
    quirks(&decoded, &[Quirk::NotAscii]);
}

#[test]
fn q12_a_nul_too_many_after_the_id() {
    let decoded = submit_resp(b"17\0\0");
    assert_eq!(id_of(&decoded), b"17");
    quirks(&decoded, &[Quirk::ExtraNuls]);
}

#[test]
fn q13_a_receipted_message_id_without_nul() {
    let decoded = receipt(&[0x00, 0x1e, 0, 2, b'1', b'7']);
    assert_eq!(tlvs_of(&decoded), [(tag::RECEIPTED_MESSAGE_ID, b"17".to_vec())]);
    quirks(&decoded, &[Quirk::MissingNul]);
}

#[test]
fn q14_a_network_error_code_of_four_octets() {
    let decoded = receipt(&[0x04, 0x23, 0, 4, 3, 0, 1, 0]);
    assert_eq!(tlvs_of(&decoded), [(tag::NETWORK_ERROR_CODE, vec![3, 0, 1, 0])]);
    quirks(&decoded, &[Quirk::ParameterLength]);
}

#[test]
fn q15_a_parameter_longer_than_its_pdu() {
    let decoded = receipt(&[0x04, 0x27, 0, 9, 2]);
    assert_eq!(tlvs_of(&decoded), [(tag::MESSAGE_STATE, vec![2])]);
    quirks(&decoded, &[Quirk::ParameterPastEnd]);
}

#[test]
fn q16_a_malformed_time_in_a_receipt() {
    let decoded = receipt_at("2611231000", 0, &[0x04, 0x27, 0, 1, 2]);
    assert_eq!(tlvs_of(&decoded), [(tag::MESSAGE_STATE, vec![2])]);
    quirks(&decoded, &[Quirk::MalformedTime]);
}

#[test]
fn q17_two_nuls_after_a_receipt() {
    let decoded = receipt(&[0, 0]);
    assert_eq!(tlvs_of(&decoded), []);
    quirks(&decoded, &[Quirk::ExtraNuls]);
}

#[test]
fn q18_three_nuls_after_a_receipt() {
    let decoded = receipt(&[0, 0, 0]);
    assert_eq!(tlvs_of(&decoded), []);
    quirks(&decoded, &[Quirk::ExtraNuls]);
}

#[test]
fn q19_a_generic_nack_with_a_body() {
    let decoded = survives(&raw(0x8000_0000, 3, 1, b"what?"));
    assert_eq!(decoded.pdu, Pdu::GenericNack);
    quirks(&decoded, &[Quirk::ExtraOctets]);
}

#[test]
fn q20_an_enquire_link_resp_with_a_body() {
    let decoded = survives(&raw(0x8000_0015, 0, 1, &[0, 0, 0, 16]));
    assert_eq!(decoded.pdu, Pdu::EnquireLinkResp);
    quirks(&decoded, &[Quirk::ExtraOctets]);
}

#[test]
fn q21_a_success_without_a_body_is_a_success() {
    let decoded = submit_resp(&[]);
    assert_eq!(id_of(&decoded), b"");
    quirks(&decoded, &[Quirk::EmptyBody]);
}

#[test]
fn q22_a_nul_between_the_fields_and_the_parameters() {
    let decoded = receipt(&[0, 0x00, 0x1e, 0, 3, b'1', b'7', 0, 0x04, 0x27, 0, 1, 2]);
    assert_eq!(
        tlvs_of(&decoded),
        [(tag::RECEIPTED_MESSAGE_ID, b"17\0".to_vec()), (tag::MESSAGE_STATE, vec![2])]
    );
    quirks(&decoded, &[Quirk::ExtraNuls]);
}

#[test]
fn q23_a_text_longer_than_its_pdu() {
    let decoded = survives(&raw(5, 0, 9, b"\0\x01\x011\0\x01\x012\0\0\0\0\0\0\0\0\0\0\x50id:17"));
    assert!(matches!(&decoded.pdu, Pdu::DeliverSm(message) if &*message.short_message == b"id:17"));
    quirks(&decoded, &[Quirk::MessagePastEnd]);
}

#[test]
fn q24_a_body_that_ends_too_early() {
    let decoded = survives(&raw(5, 0, 9, b"\0\x01\x01447700900123\0\x05"));
    let Pdu::DeliverSm(message) = &decoded.pdu else { panic!("{decoded:?}") };
    assert_eq!(&*message.source.digits, b"447700900123");
    quirks(&decoded, &[Quirk::MissingField]);
}

#[test]
fn lengths_that_cannot_be_end_the_stream() {
    for length in [0_u32, 15, 70_001, u32::MAX] {
        let mut octets = raw(0x15, 0, 1, &[]);
        octets[..4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Frame::first(&octets), Err(FramingError { command_length: length }));
    }
}

impl std::fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", masked_hex(self))
    }
}

#[test]
fn i12_hex_shows_neither_text_nor_number_nor_password() {
    let shown = |octets: &[u8]| masked_hex(&Frame::first(octets).unwrap().unwrap());
    let secret = |text: &str| text.bytes().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat();
    let message = ShortMessage {
        source: Address { ton: 1, npi: 1, digits: "447700900999".into() },
        destination: Address { ton: 1, npi: 1, digits: "447700900123".into() },
        short_message: "918273 is your code".into(),
        tlvs: vec![
            Tlv { tag: tag::MESSAGE_PAYLOAD, value: "918273 again".into() },
            Tlv { tag: 0x1400, value: "918273".into() },
            Tlv { tag: tag::MESSAGE_STATE, value: vec![2].into() },
        ],
        ..ShortMessage::default()
    };
    let bind = Bind { system_id: "shop".into(), password: "918273".into(), ..Bind::default() };
    let mut octets = Vec::new();
    for pdu in [
        Pdu::SubmitSm(Box::new(message.clone())),
        Pdu::DeliverSm(Box::new(message)),
        Pdu::Bind(Role::Transceiver, bind),
    ] {
        octets.clear();
        encode(&pdu, 0, 1, &mut octets).unwrap();
        let line = shown(&octets);
        assert!(!line.contains(&secret("918273")) && !line.contains(&secret("4477009")), "{line}");
        // Even where a length or a NUL is wrong, or nobody knows the command.
        for at in HEADER_OCTETS..octets.len() {
            let mut broken = octets.clone();
            if broken[at] == 0 {
                broken[at] = b'7';
                let line = shown(&broken);
                assert!(!line.contains(&secret("8273")) && !line.contains(&secret("7009")), "{at}: {line}");
            }
        }
        octets[5] = 9;
        assert!(!shown(&octets).contains(&secret("918273")));
    }
    assert!(shown(&raw(0x8000_0004, 0, 1, b"17a\0")).contains("80000004 00000000 00000001 31376100"));
}

/// Splits at arbitrary places, as TCP does.
fn feed(octets: &[u8], cuts: &[usize]) -> Result<Vec<Vec<u8>>, FramingError> {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    let mut rest = octets;
    for cut in cuts.iter().copied().chain([usize::MAX]) {
        let (now, later) = rest.split_at(cut.min(rest.len()));
        buffer.extend_from_slice(now);
        rest = later;
        drain_frames(&mut buffer, |frame| {
            frames.push(frame.raw().to_vec());
            decode(&frame);
            masked_hex(&frame);
            ControlFlow::Continue(())
        })?;
    }
    Ok(frames)
}

fn commands() -> impl Strategy<Value = u32> {
    let known = prop::sample::select(vec![0_u32, 1, 2, 3, 4, 5, 6, 8, 9, 0x15, 0x103, 0x102, 0x0b]);
    (known, any::<bool>()).prop_map(|(id, response)| id | if response { RESPONSE } else { 0 })
}

proptest! {
    #[test]
    fn any_octets_are_read_without_panic(octets: Vec<u8>, cuts in prop::collection::vec(0_usize..40, 0..5)) {
        let _ = feed(&octets, &cuts);
    }

    #[test]
    fn any_bodies_leave_the_stream_in_step(
        pdus in prop::collection::vec(
            (commands(), any::<u32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..120)), 1..8),
        cuts in prop::collection::vec(0_usize..60, 0..8),
    ) {
        let sent: Vec<Vec<u8>> =
            pdus.iter().map(|(id, status, sequence, body)| raw(*id, *status, *sequence, body)).collect();
        prop_assert_eq!(feed(&sent.concat(), &cuts).unwrap(), sent);
    }

    #[test]
    fn i12_debug_of_a_pdu_shows_no_octets(body in "[0-9]{20,60}") {
        let decoded = decode_one(&raw(5, 0, 1, body.as_bytes()));
        let shown = format!("{decoded:?}");
        prop_assert!(!shown.contains(&body[..8]), "{}", shown);
    }
}
