//! Peers that send odd things.

use countersign_delivery::smpp::pdu::Quirk;
use countersign_sim::smpp_load::{Client, Sms};
use countersign_sim::smsc::{Answer, Faults, Smsc};

const QUICK: &str = "timing = { response_ms = 300, reconnect_first_ms = 20, reconnect_longest_ms = 50 }";

fn raw(command_id: u32, sequence_number: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let words = [length, command_id, 0, sequence_number];
    words.into_iter().flat_map(u32::to_be_bytes).chain(body.iter().copied()).collect()
}

#[tokio::test]
async fn odd_pdus_are_answered_and_counted_and_the_session_lives() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect(smsc.address(), "").await.unwrap();
    let odd = [
        raw(0x8000_0000, 5, b"what?"),
        raw(0x8000_0015, 6, &[0, 0, 0, 16]),
        raw(0x8000_0004, 7, b"no-such-request"),
        raw(0x0001_0203, 8, b"unknown"),
        raw(0x05, 9, b"\0\x01\x01447700900123\0\x05\0Shop\0\0\0\0\0\0\0\0\0\0\x05hello"),
        raw(0x05, 10, b"\0\x01"),
        raw(0x102, 11, b"alert"),
    ];
    smsc.push(&odd.concat()).await;
    // The unknown command is refused, both messages are taken.
    smsc.wait_for(|counts| counts.nacks == 1 && counts.receipts_taken == 2).await.unwrap();
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 1).await.as_str(), "accepted");
    let counts = client.provider.counts();
    assert_eq!((counts.connections_lost, counts.messages_from_phones), (0, 2));
    for quirk in [
        Quirk::ExtraOctets,
        Quirk::MissingNul,
        Quirk::UnexpectedResponse,
        Quirk::UnexpectedCommand,
        Quirk::MissingField,
    ] {
        assert!(counts.quirks.iter().any(|(found, count)| *found == quirk && *count > 0), "{quirk:?}");
    }
}

#[tokio::test]
async fn octets_that_are_no_smpp_end_the_connection_and_not_the_provider() {
    let garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let faults =
        Faults::choosing(move |n| if n == 0 { Answer::Octets(garbage.clone()) } else { Answer::Accept });
    let smsc = Smsc::start(faults).await.unwrap();
    let client = Client::connect(smsc.address(), QUICK).await.unwrap();
    let sms = Sms::new("918273").unwrap();
    assert_eq!(sms.submit(&client.provider, 1).await.as_str(), "unknown");
    let counts = smsc.wait_for(|counts| counts.binds == 2).await.unwrap();
    assert_eq!(counts.nacks, 1);
    client.settled().await.unwrap();
    assert_eq!(sms.submit(&client.provider, 2).await.as_str(), "accepted");
    assert_eq!(client.provider.counts().framing_errors, 1);
}

#[tokio::test]
async fn a_response_of_another_kind_answers_nothing() {
    // An enquire_link_resp with the number of the submission.
    let faults = Faults::always(Answer::Octets(raw(0x8000_0008, 2, &[])));
    let smsc = Smsc::start(faults).await.unwrap();
    let client = Client::connect(smsc.address(), QUICK).await.unwrap();
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 1).await.as_str(), "unknown");
}
