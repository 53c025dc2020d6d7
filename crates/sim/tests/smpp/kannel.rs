//! Kannel between the server and a service centre: its HTTP API and its receipts, as Debian ships them.
//!
//! Ignored where it is not installed: `./test carriers` installs it and runs them.

use std::collections::BTreeSet;
use std::fs;

use countersign_sim::api::Request;
use countersign_sim::kannel::{Kannel, PASSWORD, Settings, USER, free_ports};
use countersign_sim::phones;
use countersign_sim::server::Setup;
use countersign_sim::sink::Sink;
use countersign_sim::smsc::{Answer, Faults, Receipts, Smsc, shown};
use serde_json::json;

use crate::server::{Drill, INVALID_DESTINATION, PATIENCE};

const CALLBACK_TOKEN: &str = "Zk3x&9v=2mP+7sWd";

/// The file of the server's provider.
fn provider(kannel: &Kannel, password: &str) -> String {
    format!(
        "definition = \"kannel\"\nsender = \"Shop\"\n\n\
         [setting]\nbase = \"http://{}\"\nuser = \"{USER}\"\nsmsc = \"center\"\n\n\
         [secret]\npassword = \"{password}\"\ncallback_token = \"{CALLBACK_TOKEN}\"\n",
        kannel.sendsms()
    )
}

/// The server with Kannel before an HTTP endpoint in its route.
async fn drill(faults: Faults, password: &str, more: &str) -> (Drill, Kannel) {
    let (smsc, sink) = (Smsc::start(faults).await.unwrap(), Sink::start().await.unwrap());
    let kannel = Kannel::start(&smsc, &Settings { smsc: more, ..Settings::default() }).await.unwrap();
    let [port] = free_ports().unwrap();
    let setup =
        Setup { declared: Some(provider(&kannel, password)), port, ..Setup::with_sink(sink.address()) };
    (Drill::of(smsc, sink, setup).await, kannel)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn kannel_takes_a_code_and_calls_back_with_its_receipt() {
    let (drill, _kannel) = drill(Faults::with_receipts(Receipts::default()), PASSWORD, "").await;
    let (phone, id) = drill.start(1).await;
    assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "declared");
    assert_eq!(drill.event(&id, "delivery.receipt").await["data"]["status"], "delivered");
    let received = drill.smsc.received();
    assert_eq!(received.iter().map(|message| format!("+{}", message.to())).collect::<Vec<_>>(), [phone]);
    drill.approve(&id, &drill.code_by_smpp()).await;
    assert_eq!(drill.sink.submissions().len(), 0, "no copy by the other route");
    drop(drill.server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn i5_kannel_what_its_receipt_says_failed_is_sent_by_the_other_route_with_the_same_code() {
    let undeliverable = Faults::with_receipts(Receipts { state: 5, ..Receipts::default() });
    // Undeliverable by the phone's network, and refused by the service centre: types 2 and 16.
    for (number, faults) in [(1, undeliverable), (2, Faults::always(Answer::Refuse(INVALID_DESTINATION)))] {
        let (drill, _kannel) = drill(faults, PASSWORD, "").await;
        let (phone, id) = drill.start(number).await;
        let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "declared");
        assert_eq!(drill.event(&id, "delivery.receipt").await["data"]["status"], "failed");
        drill.event(&id, "delivery.failed_over").await;
        drill.approve(&id, &sent.code).await;
        assert_eq!(drill.sink.submissions().len(), 1);
        drop(drill.server);
    }
}

/// Greek leaves as UCS-2, and in parts where it is long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn kannel_keeps_every_letter() {
    let undeliverable = Faults::with_receipts(Receipts { state: 5, ..Receipts::default() });
    let (drill, _kannel) = drill(undeliverable, PASSWORD, "").await;
    for (number, locale) in [(1, "en"), (2, "fr"), (3, "el"), (4, "zh")] {
        let phone = phones::phone(number);
        let body = json!({ "to": phone, "purpose": "login", "session": "session", "locale": locale });
        let started = drill.api.send(&Request::post("/v1/verifications", body)).await.unwrap();
        assert!(started.is_created(), "{started:?}");
        // The other route brings the same text, without Kannel's hands on it.
        let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        assert_eq!(shown(&drill.smsc.received()).last(), Some(&sent.text), "{locale}");
    }
    let codings: BTreeSet<u8> = drill.smsc.received().iter().map(|message| message.data_coding).collect();
    assert_eq!(codings, BTreeSet::from([0, 8]));
    drop(drill.server);
}

/// Its refusals have two meanings with one status: nobody's messages leave, or this one's do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn i5_kannel_what_it_refuses_leaves_by_the_other_route_at_once() {
    let phone = phones::phone(1);
    let denied = format!("denied-prefix = \"{phone};{}\"", phone.trim_start_matches('+'));
    for (password, more, is_misconfigured) in [("wrong", "", true), (PASSWORD, &*denied, false)] {
        let (drill, _kannel) = drill(Faults::default(), password, more).await;
        let (phone, id) = drill.start(1).await;
        let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        let refused = drill.event(&id, "delivery.retrying").await;
        assert_eq!(
            (&refused["data"]["provider"], &refused["data"]["reason"]),
            (&"declared".into(), &"http_403".into())
        );
        assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "sink0");
        drill.approve(&id, &sent.code).await;
        assert_eq!(drill.smsc.received().len(), 0);
        let log = fs::read_to_string(drill.server.log_file()).unwrap();
        assert_eq!(log.contains("a provider refuses whatever is sent"), is_misconfigured, "{more}");
        drop(drill.server);
    }
}
