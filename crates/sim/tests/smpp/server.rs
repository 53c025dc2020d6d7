//! The real binary with a service centre before an HTTP endpoint in its route.

use std::time::Duration;

use countersign_sim::api::{Api, Request};
use countersign_sim::load::carrier::code_in;
use countersign_sim::phones;
use countersign_sim::server::{Server, Setup};
use countersign_sim::sink::Sink;
use countersign_sim::smsc::{Answer, Faults, Receipts, Smsc, shown};
use serde_json::Value;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// ESME_RSUBMITFAIL and ESME_RINVDSTADR.
const FAILED: u32 = 0x45;
pub(super) const INVALID_DESTINATION: u32 = 0x0b;

pub(super) struct Drill {
    pub(super) smsc: Smsc,
    pub(super) sink: Sink,
    /// Keeps the process.
    pub(super) server: Server,
    pub(super) api: Api,
}

impl Drill {
    pub(super) async fn with(faults: Faults) -> Self {
        let (smsc, sink) = (Smsc::start(faults).await.unwrap(), Sink::start().await.unwrap());
        let setup = Setup { smsc: Some(smsc.address()), ..Setup::with_sink(sink.address()) };
        let drill = Self::of(smsc, sink, setup).await;
        drill.smsc.wait_for(|counts| counts.binds > 0).await.unwrap();
        drill
    }

    pub(super) async fn of(smsc: Smsc, sink: Sink, setup: Setup) -> Self {
        let server = tokio::task::spawn_blocking(move || Server::start(&setup)).await.unwrap().unwrap();
        let api = Api::new(server.address().unwrap(), server.live_key()).unwrap();
        Drill { smsc, sink, server, api }
    }

    pub(super) async fn start(&self, number: u64) -> (String, String) {
        let phone = phones::phone(number);
        let started = self.api.send(&Request::start(&phone, "login", "session")).await.unwrap();
        assert!(started.is_created(), "{started:?}");
        (phone, started.id().to_owned())
    }

    pub(super) async fn approve(&self, id: &str, code: &str) {
        let checked = self.api.send(&Request::check(id, code)).await.unwrap();
        assert_eq!(checked.result(), "approved", "{checked:?}");
    }

    /// The code on the phone by SMPP.
    pub(super) fn code_by_smpp(&self) -> String {
        let texts = shown(&self.smsc.received());
        code_in(texts.last().unwrap()).unwrap().to_owned()
    }

    /// Waits until the timeline has an event of this type.
    pub(super) async fn event(&self, id: &str, kind: &str) -> Value {
        let asked = async {
            loop {
                let timeline = self.api.send(&Request::timeline(id)).await.unwrap();
                let events = timeline.body["data"].as_array().unwrap().clone();
                if let Some(event) = events.into_iter().find(|event| event["type"] == kind) {
                    return event;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("no {kind}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_goes_out_by_smpp_and_its_receipt_comes_back() {
    let drill = Drill::with(Faults::with_receipts(Receipts::default())).await;
    let (_, id) = drill.start(1).await;
    let receipt = drill.event(&id, "delivery.receipt").await;
    assert_eq!(receipt["data"]["status"], "delivered");
    assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "smsc");
    drill.approve(&id, &drill.code_by_smpp()).await;
    assert_eq!(drill.sink.submissions().len(), 0, "no copy by the other route");
    drop(drill.server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_what_the_service_centre_refuses_leaves_by_the_other_route_at_once() {
    for (number, status) in [(1, FAILED), (2, INVALID_DESTINATION)] {
        let drill = Drill::with(Faults::always(Answer::Refuse(status))).await;
        let (phone, id) = drill.start(number).await;
        let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        let accepted = drill.event(&id, "delivery.accepted").await;
        assert_eq!(accepted["data"]["provider"], "sink0");
        assert_eq!(drill.event(&id, "delivery.retrying").await["data"]["provider"], "smsc");
        drill.approve(&id, &sent.code).await;
        drop(drill.server);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_what_a_receipt_says_failed_is_sent_by_the_other_route_with_the_same_code() {
    let undeliverable = Receipts { state: 5, ..Receipts::default() };
    let drill = Drill::with(Faults::with_receipts(undeliverable)).await;
    let (phone, id) = drill.start(1).await;
    let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
    assert_eq!(sent.code, drill.code_by_smpp());
    drill.event(&id, "delivery.failed_over").await;
    drill.approve(&id, &sent.code).await;
    assert_eq!((drill.smsc.received().len(), drill.sink.submissions().len()), (1, 1));
    drop(drill.server);
}

/// Written and unanswered: never again on its route, and the other one takes over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_an_unanswered_submission_is_not_repeated_on_its_route() {
    let drill = Drill::with(Faults::always(Answer::Cut)).await;
    let (phone, id) = drill.start(1).await;
    let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
    assert_eq!(drill.event(&id, "delivery.unknown").await["data"]["provider"], "smsc");
    assert_eq!(sent.code, drill.code_by_smpp());
    drill.approve(&id, &sent.code).await;
    assert_eq!(drill.smsc.received().len(), 1);
    drop(drill.server);
}

/// A service centre that is gone costs nobody the code, and is used again when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_centre_that_was_away_is_used_again() {
    let drill = Drill::with(Faults::default()).await;
    let address = drill.smsc.address();
    let Drill { smsc, sink, server, api } = drill;
    drop(smsc);
    let phone = phones::phone(1);
    let started = api.send(&Request::start(&phone, "login", "session")).await.unwrap();
    assert!(started.is_created());
    sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
    let smsc = Smsc::start_at(address, Faults::default()).await.unwrap();
    smsc.wait_for(|counts| counts.binds > 0).await.unwrap();
    let drill = Drill { smsc, sink, server, api };
    let (_, id) = drill.start(2).await;
    assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "smsc");
    drill.approve(&id, &drill.code_by_smpp()).await;
    drop(drill.server);
}
