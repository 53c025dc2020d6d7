//! Inputs that are as they should be.

use countersign_delivery::smpp::pdu::{
    Address, Bind, BindResp, Cancel, Data, Pdu, Query, QueryResp, Role, ShortMessage, Taken, Tlv, encode, tag,
};

/// One PDU of each kind.
pub(super) fn pdus() -> Vec<Vec<u8>> {
    let bind = Bind {
        system_id: "shop".into(),
        password: "secret08".into(),
        system_type: "".into(),
        interface_version: 0x34,
        address_range: Address::default(),
    };
    let version = Tlv { tag: tag::SC_INTERFACE_VERSION, value: vec![0x34].into() };
    let taken = || Taken { message_id: "7f3a91".into(), tlvs: Vec::new() };
    let query = Query { message_id: "7f3a91".into(), source: address() };
    let queried = QueryResp {
        message_id: "7f3a91".into(),
        final_date: "261123100100000+".into(),
        message_state: 2,
        error_code: 0,
    };
    let cancel = Cancel {
        service_type: "".into(),
        message_id: "7f3a91".into(),
        source: address(),
        destination: address(),
    };
    let answer = BindResp { system_id: "sim".into(), tlvs: vec![version] };
    let all = vec![
        Pdu::Bind(Role::Transceiver, bind),
        Pdu::BindResp(Role::Transceiver, answer),
        Pdu::SubmitSmResp(taken()),
        Pdu::DeliverSmResp(Taken::default()),
        Pdu::DataSmResp(taken()),
        Pdu::QuerySm(query),
        Pdu::QuerySmResp(queried),
        Pdu::CancelSm(cancel),
        Pdu::CancelSmResp,
        Pdu::EnquireLink,
        Pdu::EnquireLinkResp,
        Pdu::Unbind,
        Pdu::UnbindResp,
        Pdu::GenericNack,
    ];
    let octets = |pdu: &Pdu| {
        let mut octets = Vec::new();
        encode(pdu, 0, 7, &mut octets).ok().map(|()| octets)
    };
    all.iter().chain(&messages()).filter_map(octets).collect()
}

fn address() -> Address {
    Address { ton: 1, npi: 1, digits: "447700900123".into() }
}

/// Those that carry texts.
fn messages() -> Vec<Pdu> {
    let plain = ShortMessage {
        source: Address { ton: 5, npi: 0, digits: "Shop".into() },
        destination: address(),
        validity_period: "000000000500000R".into(),
        registered_delivery: 1,
        short_message: "918273 is your code".into(),
        ..ShortMessage::default()
    };
    let receipt_tlvs = || {
        vec![
            Tlv { tag: tag::RECEIPTED_MESSAGE_ID, value: b"7f3a91\0".to_vec().into() },
            Tlv { tag: tag::MESSAGE_STATE, value: vec![2].into() },
            Tlv { tag: tag::NETWORK_ERROR_CODE, value: vec![3, 0, 0].into() },
        ]
    };
    let receipt = ShortMessage {
        source: address(),
        esm_class: 4,
        short_message: RECEIPT_TEXTS[0].into(),
        tlvs: receipt_tlvs(),
        ..ShortMessage::default()
    };
    let payload = ShortMessage {
        short_message: "".into(),
        tlvs: vec![Tlv { tag: tag::MESSAGE_PAYLOAD, value: vec![0x04, 0x4f, 0xd8, 0x3d].into() }],
        data_coding: 8,
        ..plain.clone()
    };
    let data = Data {
        service_type: "".into(),
        source: address(),
        destination: address(),
        esm_class: 4,
        registered_delivery: 0,
        data_coding: 0,
        tlvs: receipt_tlvs(),
    };
    vec![
        Pdu::SubmitSm(Box::new(plain)),
        Pdu::SubmitSm(Box::new(payload)),
        Pdu::DeliverSm(Box::new(receipt)),
        Pdu::DataSm(Box::new(data)),
    ]
}

/// Receipts as service centres write them (SMPP 3.4 appendix B, and what vendors made of it).
const RECEIPT_TEXTS: [&str; 6] = [
    "id:7f3a91 sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:DELIVRD err:000 text:918273",
    "id:0000006699 sub:1 dlvrd:0 submit date:261123100000 done date:261123100101 stat:UNDELIV err:069 Text:",
    "ID:1A2B STAT:EXPIRED ERR:0x0045",
    "stat:ACCEPTD id:msg-1/2",
    "id:a;stat:REJECTD;err:12",
    "918273 is your code id:9 stat:DELIVRD",
];

pub(super) fn receipts() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for flags in [0x00, 0x03, 0x27, 0x08, 0x57] {
        for data_coding in [0, 3, 8] {
            for text in RECEIPT_TEXTS {
                let text = if data_coding == 8 {
                    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
                } else {
                    text.as_bytes().to_vec()
                };
                seeds.push([&[flags, data_coding, 6], text.as_slice()].concat());
            }
        }
    }
    seeds
}
