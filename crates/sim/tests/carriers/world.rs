//! The real binary, a shop, and two endpoints in its route.

use std::time::Duration;

use countersign_sim::api::{Api, Request};
use countersign_sim::kannel::free_ports;
use countersign_sim::phones;
use countersign_sim::server::{Server, Setup};
use countersign_sim::sink::{Sink, Submission};
use serde_json::{Value, json};

/// For what must happen, on a machine however busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long an endpoint may take to answer: far longer than any does that means to.
pub(crate) const SUBMIT_TIMEOUT_S: u32 = 4;

pub(crate) struct World {
    pub(crate) first: Sink,
    pub(crate) second: Sink,
    pub(crate) api: Api,
    /// Keeps the process.
    pub(crate) server: Server,
}

/// A verification of a customer's.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) phone: String,
    pub(crate) id: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (first, second) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
        let sinks = vec![first.address(), second.address()];
        let setup = Setup { sinks, ..World::setup(&first) };
        World::of(first, second, setup).await
    }

    /// A server with one endpoint, that callbacks reach.
    pub(crate) fn setup(sink: &Sink) -> Setup {
        let [port] = free_ports().unwrap();
        Setup {
            port,
            lease_s: 10,
            submit_timeout_s: SUBMIT_TIMEOUT_S,
            policy: json!({
                "countries": ["GB"],
                "daily_messages": 1_000_000,
                "resend_ladder_s": [15],
                "phone_limits": { "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 },
            }),
            ..Setup::with_sink(sink.address())
        }
    }

    pub(crate) async fn of(first: Sink, second: Sink, setup: Setup) -> Self {
        let server = tokio::task::spawn_blocking(move || Server::start(&setup)).await.unwrap().unwrap();
        let api = Api::new(server.address().unwrap(), server.live_key()).unwrap();
        World { first, second, api, server }
    }

    /// Starts a verification of the phone with this number.
    pub(crate) async fn start(&self, number: u64) -> Customer {
        let phone = phones::phone(number);
        let started = self.api.send(&Request::start(&phone, "login", "session")).await.unwrap();
        assert!(started.is_created(), "{started:?}");
        Customer { phone, id: started.id().to_owned() }
    }

    /// Starts one that the first carrier must carry: it is healthy, whatever happened before.
    pub(crate) async fn start_well(&self, number: u64) {
        let customer = self.start(number).await;
        let accepted = self.event(&customer, "delivery.accepted").await;
        assert_eq!(accepted["data"]["provider"], "sink0", "{accepted}");
        let sent = self.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        self.approve(&customer, &sent).await;
    }

    pub(crate) async fn timeline(&self, customer: &Customer) -> Vec<Value> {
        let timeline = self.api.send(&Request::timeline(&customer.id)).await.unwrap();
        timeline.body["data"].as_array().unwrap().clone()
    }

    /// The events of this kind so far, the oldest first.
    pub(crate) async fn events(&self, customer: &Customer, kind: &str) -> Vec<Value> {
        let mut events = self.timeline(customer).await;
        events.retain(|event| event["type"] == kind);
        events
    }

    /// Waits until the timeline has so many events of this kind, and gives them.
    pub(crate) async fn wait_for(&self, customer: &Customer, kind: &str, count: usize) -> Vec<Value> {
        let asked = async {
            loop {
                let events = self.events(customer, kind).await;
                if events.len() >= count {
                    return events;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let Ok(events) = tokio::time::timeout(PATIENCE, asked).await else {
            panic!("{count} {kind} did not come: {:?}", self.timeline(customer).await);
        };
        events
    }

    /// Waits until the timeline has an event of this kind.
    pub(crate) async fn event(&self, customer: &Customer, kind: &str) -> Value {
        self.wait_for(customer, kind, 1).await.remove(0)
    }

    /// What receipts said, as far as the timeline took notice.
    pub(crate) async fn words(&self, customer: &Customer) -> Vec<String> {
        let receipts = self.events(customer, "delivery.receipt").await;
        receipts.iter().map(|event| event["data"]["status"].as_str().unwrap().to_owned()).collect()
    }

    /// Asks for the message again as soon as that is allowed.
    pub(crate) async fn resend(&self, customer: &Customer) {
        let asked = async {
            loop {
                let answer = self.api.send(&Request::resend(&customer.id)).await.unwrap();
                if !answer.is_problem("resend_too_soon") {
                    assert_eq!(answer.status, 200, "{answer:?}");
                    return;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap();
    }

    /// The code that came is the right one.
    pub(crate) async fn approve(&self, customer: &Customer, sent: &Submission) {
        let checked = self.api.send(&Request::check(&customer.id, &sent.code)).await.unwrap();
        assert_eq!(checked.result(), "approved", "{checked:?}");
    }

    /// How many submissions to her each carrier has.
    pub(crate) fn handed(&self, customer: &Customer) -> (usize, usize) {
        (self.first.to(&customer.phone).len(), self.second.to(&customer.phone).len())
    }

    /// Every submission was signed as it must be.
    pub(crate) fn close(self) {
        for sink in [&self.first, &self.second] {
            assert_eq!(sink.forged(), Vec::<String>::new());
        }
        drop(self.server);
    }
}

/// Why a delivery left by the carrier that it left by.
pub(crate) fn route(event: &Value) -> Vec<&str> {
    let words = event["data"]["route"].as_array().map(Vec::as_slice).unwrap_or_default();
    words.iter().map(|word| word.as_str().unwrap()).collect()
}
