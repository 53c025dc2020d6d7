//! Agreement with `rusmpp`, a codec that nobody here wrote, on all valid PDUs.

use bytes::BytesMut;
use proptest::prelude::*;
use rusmpp::decode::DecodeWithLength as _;
use rusmpp::encode::{Encode as _, Length as _};

use super::*;

/// What `rusmpp` makes of a PDU, written by it again.
fn through_rusmpp(octets: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = BytesMut::from(&octets[4..]);
    let length = body.len();
    let (command, size) = rusmpp::Command::decode(&mut body, length).map_err(|error| format!("{error:?}"))?;
    if size != length {
        return Err(format!("read {size} of {length} octets"));
    }
    let mut written = u32::try_from(command.length() + 4).unwrap().to_be_bytes().to_vec();
    let start = written.len();
    written.resize(start + command.length(), 0);
    command.encode(&mut written[start..]);
    Ok(written)
}

fn text(max: usize) -> impl Strategy<Value = Octets> {
    prop::collection::vec(0x20_u8..0x7f, 0..=max).prop_map(Octets::from)
}

/// The types of number and plans that the specification names; `rusmpp` keeps others too.
fn address(max: usize) -> impl Strategy<Value = Address> {
    (0_u8..7, prop::sample::select(vec![0_u8, 1, 3, 4, 6, 8, 9, 10, 14, 18]), text(max))
        .prop_map(|(ton, npi, digits)| Address { ton, npi, digits })
}

fn time() -> impl Strategy<Value = Octets> {
    prop_oneof![Just(Octets::default()), "[0-9]{15}[R+-]".prop_map(|time| Octets::from(time.as_str()))]
}

fn parameters() -> impl Strategy<Value = Vec<Tlv>> {
    let vendor = (0x1400_u16..=0x3fff, prop::collection::vec(any::<u8>(), 0..40));
    let payload = prop::collection::vec(any::<u8>(), 0..300).prop_map(|value| (tag::MESSAGE_PAYLOAD, value));
    prop::collection::vec(prop_oneof![vendor, payload], 0..4)
        .prop_map(|tlvs| tlvs.into_iter().map(|(tag, value)| Tlv { tag, value: value.into() }).collect())
}

/// Parameters that a receipt brings.
fn receipt_parameters() -> impl Strategy<Value = Vec<Tlv>> {
    (text(64), 0_u8..10, any::<u16>(), parameters()).prop_map(|(id, state, error, mut more)| {
        let mut id = id.to_vec();
        id.push(0);
        let [high, low] = error.to_be_bytes();
        more.push(Tlv { tag: tag::RECEIPTED_MESSAGE_ID, value: id.into() });
        more.push(Tlv { tag: tag::MESSAGE_STATE, value: vec![state].into() });
        more.push(Tlv { tag: tag::NETWORK_ERROR_CODE, value: vec![3, high, low].into() });
        more
    })
}

fn short_message(tlvs: impl Strategy<Value = Vec<Tlv>>) -> impl Strategy<Value = Box<ShortMessage>> {
    let addresses = (text(5), address(20), address(20));
    let flags = prop::array::uniform4(any::<u8>());
    let coding = (any::<u8>(), any::<u8>());
    let message = prop::collection::vec(any::<u8>(), 0..=254);
    (addresses, flags, time(), time(), coding, (message, tlvs)).prop_map(
        |(addresses, [esm_class, protocol_id, registered, replace], schedule, validity, coding, rest)| {
            Box::new(ShortMessage {
                service_type: addresses.0,
                source: addresses.1,
                destination: addresses.2,
                esm_class,
                protocol_id,
                priority_flag: 0,
                schedule_delivery_time: schedule,
                validity_period: validity,
                registered_delivery: registered & 0x1f,
                replace_if_present: replace & 1,
                data_coding: coding.0,
                sm_default_msg_id: coding.1,
                short_message: rest.0.into(),
                tlvs: rest.1,
            })
        },
    )
}

fn data(tlvs: impl Strategy<Value = Vec<Tlv>>) -> impl Strategy<Value = Box<Data>> {
    // 3.4 allows 64 octets in the addresses of a data_sm; `rusmpp` takes 20.
    (text(5), address(20), address(20), any::<u8>(), any::<u8>(), tlvs).prop_map(
        |(service_type, source, destination, esm_class, data_coding, tlvs)| {
            let registered_delivery = 1;
            Box::new(Data {
                service_type,
                source,
                destination,
                esm_class,
                registered_delivery,
                data_coding,
                tlvs,
            })
        },
    )
}

fn taken() -> impl Strategy<Value = Taken> {
    text(64).prop_map(|message_id| Taken { message_id, tlvs: Vec::new() })
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Receiver, Role::Transmitter, Role::Transceiver])
}

fn bind() -> impl Strategy<Value = Bind> {
    (text(15), text(8), text(12), prop::sample::select(vec![0x34_u8, 0x50]), address(40)).prop_map(
        |(system_id, password, system_type, interface_version, address_range)| Bind {
            system_id,
            password,
            system_type,
            interface_version,
            address_range,
        },
    )
}

fn bind_resp() -> impl Strategy<Value = BindResp> {
    (text(15), prop::option::of(prop::sample::select(vec![0x34_u8, 0x50]))).prop_map(
        |(system_id, version)| {
            let tlvs =
                version.map(|version| Tlv { tag: tag::SC_INTERFACE_VERSION, value: vec![version].into() });
            BindResp { system_id, tlvs: tlvs.into_iter().collect() }
        },
    )
}

fn pdu() -> impl Strategy<Value = Pdu> {
    prop_oneof![
        (role(), bind()).prop_map(|(role, bind)| Pdu::Bind(role, bind)),
        (role(), bind_resp()).prop_map(|(role, response)| Pdu::BindResp(role, response)),
        short_message(parameters()).prop_map(Pdu::SubmitSm),
        short_message(receipt_parameters()).prop_map(Pdu::DeliverSm),
        data(parameters()).prop_map(Pdu::DataSm),
        data(receipt_parameters()).prop_map(Pdu::DataSm),
        taken().prop_map(Pdu::SubmitSmResp),
        taken().prop_map(Pdu::DeliverSmResp),
        taken().prop_map(Pdu::DataSmResp),
        (text(64), address(20)).prop_map(|(message_id, source)| Pdu::QuerySm(Query { message_id, source })),
        (text(64), time(), 0_u8..9, any::<u8>()).prop_map(|(message_id, final_date, state, error_code)| {
            Pdu::QuerySmResp(QueryResp { message_id, final_date, message_state: state, error_code })
        }),
        (text(5), text(64), address(20), address(20)).prop_map(
            |(service_type, message_id, source, destination)| {
                Pdu::CancelSm(Cancel { service_type, message_id, source, destination })
            }
        ),
        Just(Pdu::CancelSmResp),
        Just(Pdu::EnquireLink),
        Just(Pdu::EnquireLinkResp),
        Just(Pdu::Unbind),
        Just(Pdu::UnbindResp),
        Just(Pdu::GenericNack),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn both_codecs_agree_on_every_valid_pdu(
        pdu in pdu(), status in prop::sample::select(vec![0_u32, 8, 0x58, 0x400]), sequence in 1_u32..RESPONSE,
    ) {
        let status = if pdu.command_id() & RESPONSE == 0 { 0 } else { status };
        let mut ours = Vec::new();
        encode(&pdu, status, sequence, &mut ours).unwrap();
        let theirs = through_rusmpp(&ours);
        prop_assert_eq!(theirs.as_ref(), Ok(&ours), "{:?}", pdu);
        let theirs = theirs.unwrap();
        let frame = Frame::first(&theirs).unwrap().unwrap();
        prop_assert_eq!(frame.header.command_status, status);
        prop_assert_eq!(frame.header.sequence_number, sequence);
        let read = decode(&frame);
        prop_assert_eq!(read.quirks, Quirks::NONE, "{}", read.quirks.words());
        prop_assert_eq!(read.pdu, pdu);
    }
}
