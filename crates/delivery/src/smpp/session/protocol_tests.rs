//! Rules of a bound connection that need no connection.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use zeroize::Zeroizing;

use super::super::config::SmppConfig;
use super::super::correlate::Correlator;
use super::super::message_id::IdForm;
use super::super::pdu::{Frame, Pdu, Role, ShortMessage, encode};
use super::super::shared::{Counters, Settings, Shared};
use super::clock::monotonic;
use super::protocol::Protocol;
use super::queue::{Doubt, Job, NotWritten, Outcome, Queue};
use super::{Connector, Status};

fn shared(window: u16) -> Shared {
    let text = format!("host = \"h\"\nport = 1\nsystem_id = \"s\"\npassword = \"p\"\nwindow = {window}");
    let config: SmppConfig = toml::from_str(&text).unwrap();
    let (receipts, _) = mpsc::channel(1);
    Shared {
        name: "smpp".parse().unwrap(),
        settings: Settings::of(&config),
        queue: Queue::new(100),
        connector: Connector::new(&config).unwrap(),
        counters: Counters::default(),
        receipts,
        correlator: Mutex::new(Correlator::new(IdForm::Auto)),
        started: monotonic(),
        bound: watch::Sender::new(0),
        unanswered: AtomicUsize::new(0),
    }
}

fn push(shared: &Shared, parts: usize) -> oneshot::Receiver<Outcome> {
    let message = ShortMessage { short_message: "x".into(), ..ShortMessage::default() };
    let mut part = Vec::new();
    encode(&Pdu::SubmitSm(Box::new(message)), 0, 0, &mut part).unwrap();
    let (reply, answer) = oneshot::channel();
    let give_up_at = monotonic() + Duration::from_secs(60);
    let parts = vec![Zeroizing::new(part); parts];
    shared.queue.push(Job { parts, subject: None, give_up_at, late: NotWritten::NoPlace, reply }).unwrap();
    answer
}

/// The sequence numbers that wait to be written, and how many octets those PDUs are.
fn pending(protocol: &Protocol<'_>) -> Vec<(u32, usize)> {
    let mut rest = protocol.outbox.pending();
    let mut numbers = Vec::new();
    while let Some(frame) = Frame::first(rest).unwrap() {
        numbers.push((frame.header.sequence_number, frame.raw().len()));
        rest = &rest[frame.raw().len()..];
    }
    numbers
}

fn answer(protocol: &mut Protocol<'_>, sequence_number: u32, status: Status) {
    let words = [16, 0x8000_0004, status.0, sequence_number];
    let octets: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    protocol.on_frame(&Frame::first(&octets).unwrap().unwrap(), monotonic());
}

#[tokio::test]
async fn sequence_numbers_wrap_and_pass_over_those_in_use() {
    let shared = shared(4);
    let now = monotonic();
    let mut protocol = Protocol::new(&shared, Role::Transceiver, 0x7fff_fffd, now);
    let answers: Vec<_> = (0..4).map(|_| push(&shared, 1)).collect();
    protocol.take_requests(now);
    let numbers: Vec<u32> = pending(&protocol).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [0x7fff_fffe, 0x7fff_ffff, 1, 2]);
    for number in numbers {
        answer(&mut protocol, number, Status(0));
    }
    for answer in answers {
        assert!(matches!(answer.await.unwrap(), Outcome::Accepted(_)));
    }
}

#[tokio::test]
async fn what_is_unanswered_is_told_until_the_connection_ends() {
    let shared = shared(10);
    let now = monotonic();
    let mut protocol = Protocol::new(&shared, Role::Transceiver, 1, now);
    let _answers: Vec<_> = (0..3).map(|_| push(&shared, 1)).collect();
    let told = || shared.unanswered.load(Ordering::Relaxed);
    protocol.take_requests(now);
    protocol.tell_unanswered();
    assert_eq!(told(), 3);
    answer(&mut protocol, 2, Status(0));
    protocol.tell_unanswered();
    assert_eq!(told(), 2);
    protocol.finish();
    assert_eq!(told(), 0);
}

#[tokio::test]
async fn only_what_was_written_to_its_end_is_in_doubt() {
    let shared = shared(10);
    let now = monotonic();
    let mut protocol = Protocol::new(&shared, Role::Transceiver, 1, now);
    let answers: Vec<_> = (0..3).map(|_| push(&shared, 1)).collect();
    protocol.take_requests(now);
    let (_, length) = pending(&protocol)[0];
    // The connection takes the first PDU and all but one octet of the second.
    protocol.outbox.took(2 * length - 1);
    protocol.finish();
    let mut outcomes = Vec::new();
    for answer in answers {
        outcomes.push(answer.await.unwrap());
    }
    let lost = Outcome::NotWritten(NotWritten::ConnectionLost);
    assert_eq!(outcomes, [Outcome::Unknown(Doubt::ConnectionLost), lost.clone(), lost]);
}

#[tokio::test]
async fn a_message_some_of_whose_parts_were_taken_is_never_called_not_written() {
    let shared = shared(1);
    let now = monotonic();
    let mut protocol = Protocol::new(&shared, Role::Transceiver, 1, now);
    let answered = push(&shared, 3);
    protocol.take_requests(now);
    let [(number, length)] = pending(&protocol)[..] else { panic!() };
    protocol.outbox.took(length);
    answer(&mut protocol, number, Status(0));
    // The second part waits in the outbox when the connection breaks.
    protocol.take_requests(now);
    assert_eq!(pending(&protocol).len(), 1);
    protocol.finish();
    assert_eq!(answered.await.unwrap(), Outcome::Unknown(Doubt::CutMidway));
}

#[tokio::test]
async fn what_waits_in_the_queue_of_the_last_bind_is_not_written() {
    let shared = shared(1);
    let protocol = Protocol::new(&shared, Role::Transceiver, 1, monotonic());
    let answered = push(&shared, 1);
    protocol.finish();
    assert_eq!(answered.await.unwrap(), Outcome::NotWritten(NotWritten::NotBound));
}

#[tokio::test]
async fn a_second_answer_to_one_request_changes_nothing() {
    let shared = shared(2);
    let now = monotonic();
    let mut protocol = Protocol::new(&shared, Role::Transceiver, 1, now);
    let (first, second) = (push(&shared, 1), push(&shared, 1));
    protocol.take_requests(now);
    answer(&mut protocol, 2, Status(0));
    answer(&mut protocol, 2, Status(0x58));
    answer(&mut protocol, 3, Status(0));
    assert!(matches!(first.await.unwrap(), Outcome::Accepted(_)));
    assert!(matches!(second.await.unwrap(), Outcome::Accepted(_)));
}
