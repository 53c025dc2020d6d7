//! Messages whose receipts are overdue, by the real binary: carriers that may be asked about them are asked.

use std::time::Duration;

use countersign_sim::server::Setup;
use countersign_sim::sink::Sink;
use countersign_sim::smsc::{Faults, IdStyle, Receipts, Smsc};
use serde_json::json;

use crate::server::{Drill, PATIENCE};

const DELIVERED: u8 = 2;
const ENROUTE: u8 = 1;
const UNDELIVERABLE: u8 = 5;
/// Receipts after which a route knows how long they take, with some to spare.
const KNOWN: u64 = 25;

/// A carrier that is known to send its receipts at once, sends no more of them, and says this when it is asked.
async fn gone_silent(query_state: u8, on_overdue: &str, settings: &str) -> Drill {
    // It knows its messages by the id as its answer wrote it, and by no other form.
    let silent = Faults { ids: IdStyle::Padded, query_state, ..Faults::default() };
    let at_once = Faults { receipts: Some(Receipts::default()), ..silent.clone() };
    let (smsc, sink) = (Smsc::start(at_once).await.unwrap(), Sink::start().await.unwrap());
    let policy = json!({ "countries": ["GB"], "daily_messages": 1_000, "on_overdue_receipt": on_overdue });
    let setup = Setup {
        smsc: Some(smsc.address()),
        smsc_settings: settings.to_owned(),
        policy,
        ..Setup::with_sink(sink.address())
    };
    let drill = Drill::of(smsc, sink, setup).await;
    drill.smsc.wait_for(|counts| counts.binds > 0).await.unwrap();
    for number in 100..100 + KNOWN {
        let (_, id) = drill.start(number).await;
        drill.event(&id, "delivery.receipt").await;
    }
    assert_eq!(drill.smsc.counts().queries, 0, "nobody asks about what has its receipt");
    drill.smsc.behave(silent);
    drill
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_carrier_says_was_delivered_is_not_sent_again() {
    let drill = gone_silent(DELIVERED, "send_again", "query = true").await;
    let (_, id) = drill.start(1).await;
    assert_eq!(drill.event(&id, "delivery.receipt").await["data"]["status"], "delivered");
    drill.approve(&id, &drill.code_by_smpp()).await;
    assert_eq!((drill.smsc.counts().queries, drill.sink.submissions().len()), (1, 0));
    let figures = drill.api.text("/metrics").await.unwrap();
    assert!(figures.contains("countersign_queries_total{provider=\"smsc\",outcome=\"delivered\"} 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_what_the_carrier_says_it_lost_is_sent_by_the_other_route_with_the_same_code() {
    let drill = gone_silent(UNDELIVERABLE, "wait", "query = true").await;
    let (phone, id) = drill.start(1).await;
    let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
    assert_eq!(drill.event(&id, "delivery.receipt").await["data"]["status"], "failed");
    assert_eq!(sent.code, drill.code_by_smpp());
    drill.approve(&id, &sent.code).await;
    assert_eq!((drill.smsc.counts().queries, drill.sink.submissions().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_carrier_still_has_is_overdue_as_without_a_question() {
    let drill = gone_silent(ENROUTE, "send_again", "query = true").await;
    let (phone, id) = drill.start(1).await;
    drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
    drill.event(&id, "delivery.failed_over").await;
    assert_eq!(drill.smsc.counts().queries, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_asks_a_carrier_that_an_operator_did_not_allow_nor_about_a_code_that_was_used() {
    let forbidden = gone_silent(UNDELIVERABLE, "send_again", "").await;
    let (phone, _) = forbidden.start(1).await;
    forbidden.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
    assert_eq!(forbidden.smsc.counts().queries, 0);

    let drill = gone_silent(UNDELIVERABLE, "wait", "query = true").await;
    let (_, used) = drill.start(1).await;
    drill.event(&used, "delivery.accepted").await;
    drill.approve(&used, &drill.code_by_smpp()).await;
    // Another one that has gone the whole way shows that there was time for it.
    let (phone, _) = drill.start(2).await;
    drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(drill.smsc.counts().queries, 1);
}
