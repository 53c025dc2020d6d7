//! Messages that nobody needs any more, by the real binary: carriers that take messages back are asked to.

use std::time::Duration;

use countersign_sim::api::Request;
use countersign_sim::server::Setup;
use countersign_sim::sink::Sink;
use countersign_sim::smsc::{Answer, Faults, IdStyle, Receipts, Smsc};
use serde_json::{Value, json};

use crate::server::Drill;

async fn drill(faults: Faults, settings: &str) -> Drill {
    let (smsc, sink) = (Smsc::start(faults).await.unwrap(), Sink::start().await.unwrap());
    let setup = Setup {
        smsc: Some(smsc.address()),
        smsc_settings: settings.to_owned(),
        sinks: Vec::new(),
        ..Setup::with_sink(sink.address())
    };
    let drill = Drill::of(smsc, sink, setup).await;
    drill.smsc.wait_for(|counts| counts.binds > 0).await.unwrap();
    drill
}

async fn cancel(drill: &Drill, id: &str) {
    let path = format!("/v1/verifications/{id}/cancel");
    let canceled = drill.api.send(&Request::post(path, json!({}))).await.unwrap();
    assert_eq!(canceled.status, 200, "{canceled:?}");
}

async fn recalled(drill: &Drill, id: &str) -> Value {
    drill.event(id, "delivery.recalled").await["data"]["result"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_a_verification_that_has_ended_is_taken_back() {
    let faults = Faults { ids: IdStyle::Padded, ..Faults::default() };
    let drill = drill(faults, "cancel = true").await;
    let (_, id) = drill.start(1).await;
    drill.event(&id, "delivery.accepted").await;
    cancel(&drill, &id).await;
    assert_eq!(recalled(&drill, &id).await, "taken_back");
    assert_eq!(drill.smsc.counts().cancels, 1);
    let figures = drill.api.text("/metrics").await.unwrap();
    assert!(figures.contains("countersign_recalls_total{provider=\"smsc\",outcome=\"taken_back\"} 1"));
}

/// It ends while the service centre has not answered yet, so that its id is not known then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_accepted_after_its_verification_ended_is_taken_back() {
    let drill = drill(Faults::always(Answer::AcceptAfter(Duration::from_millis(800))), "cancel = true").await;
    let (_, id) = drill.start(1).await;
    drill.smsc.wait_for(|counts| counts.submitted == 1).await.unwrap();
    cancel(&drill, &id).await;
    assert_eq!(recalled(&drill, &id).await, "taken_back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_arrived_is_not_asked_for_nor_what_an_operator_did_not_allow() {
    let delivered = Faults::with_receipts(Receipts::default());
    for (faults, settings) in [(delivered, "cancel = true"), (Faults::default(), "")] {
        let wants_receipt = faults.receipts.is_some();
        let drill = drill(faults, settings).await;
        let (_, first) = drill.start(1).await;
        drill.event(&first, if wants_receipt { "delivery.receipt" } else { "delivery.accepted" }).await;
        cancel(&drill, &first).await;
        // Another one that has gone the whole way shows that there was time for it.
        let (_, second) = drill.start(2).await;
        drill.event(&second, "delivery.accepted").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(drill.smsc.counts().cancels, 0, "{settings}");
    }
}
