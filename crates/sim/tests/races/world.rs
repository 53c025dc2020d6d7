//! A server, its carrier and a shop, for one test.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign_sim::api::{Answer, Api, Request};
use countersign_sim::phones;
use countersign_sim::server::{Server, Setup};
use countersign_sim::sink::Sink;
use serde_json::{Value, json};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) sink: Sink,
    pub(crate) api: Api,
}

/// A started verification whose code has come.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) id: String,
    pub(crate) phone: String,
    pub(crate) session: String,
    pub(crate) code: String,
}

/// No limit of a phone or of the app stands in the way of what a test is about.
pub(crate) fn roomy() -> Value {
    json!({
        "countries": ["GB"],
        "daily_messages": 10_000_000,
        "phone_limits": { "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 },
        "failure_limits": { "per_hour": 100, "per_day": 100 },
    })
}

/// [`roomy`] with other values on top.
pub(crate) fn roomy_with(more: Value) -> Value {
    let mut policy = roomy();
    if let (Value::Object(policy), Value::Object(more)) = (&mut policy, more) {
        policy.extend(more);
    }
    policy
}

impl World {
    pub(crate) async fn new(policy: Value) -> Self {
        let sink = Sink::start().await.unwrap();
        let setup = Setup { policy, ..Setup::with_sink(sink.address()) };
        let server = tokio::task::spawn_blocking(move || Server::start(&setup)).await.unwrap().unwrap();
        let api = Api::new(server.address().unwrap(), server.live_key()).unwrap();
        World { server, sink, api }
    }

    /// A phone that no other test of this process uses.
    pub(crate) fn phone() -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        phones::phone(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) async fn start(&self, purpose: &str) -> Started {
        let phone = Self::phone();
        let session = format!("session of {phone}");
        let answer = self.send(&Request::start(&phone, purpose, &session)).await;
        assert!(answer.is_created(), "{answer:?}");
        let code = self.sink.wait_for(&phone, 1, PATIENCE).await.unwrap().code;
        Started { id: answer.id().to_owned(), phone, session, code }
    }

    /// Many, a few at a time.
    pub(crate) async fn start_many(self: &Arc<Self>, count: usize, purpose: &'static str) -> Vec<Started> {
        let world = Arc::clone(self);
        a_few_at_a_time(count, 32, move |_| {
            let world = Arc::clone(&world);
            async move { world.start(purpose).await }
        })
        .await
    }

    pub(crate) async fn send(&self, request: &Request) -> Answer {
        self.api.send(request).await.unwrap()
    }

    /// Sends all at the same moment, each on a connection of its own.
    pub(crate) async fn send_at_once(&self, requests: Vec<Request>) -> Vec<Answer> {
        at_once(&self.api, requests).await
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        let answer = self.send(&Request::show(id)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("status").to_owned()
    }

    /// How many events of this type a verification has.
    pub(crate) async fn events(&self, id: &str, kind: &str) -> usize {
        let answer = self.send(&Request::timeline(id)).await;
        let events = answer.body["data"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
        events.iter().filter(|event| event["type"] == kind).count()
    }

    pub(crate) fn assert_nothing_forged(&self) {
        assert_eq!(self.sink.forged(), Vec::<String>::new());
    }
}

/// Sends all at the same moment; answers in the order of the requests.
pub(crate) async fn at_once(api: &Api, requests: Vec<Request>) -> Vec<Answer> {
    let gate = Arc::new(Barrier::new(requests.len()));
    let mut running = JoinSet::new();
    for (place, request) in requests.into_iter().enumerate() {
        let (api, gate) = (api.clone(), Arc::clone(&gate));
        running.spawn(async move {
            gate.wait().await;
            (place, api.send(&request).await.unwrap())
        });
    }
    in_order(running).await
}

/// Does something for each of `0..count`, at most `width` at a time; results in that order.
pub(crate) async fn a_few_at_a_time<T, F>(
    count: usize,
    width: usize,
    work: impl Fn(usize) -> F + Send + Sync + 'static,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(width));
    let mut running = JoinSet::new();
    for number in 0..count {
        let work = work(number);
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire().await.unwrap();
            (number, work.await)
        });
    }
    in_order(running).await
}

async fn in_order<T: 'static>(mut running: JoinSet<(usize, T)>) -> Vec<T> {
    let mut done = Vec::new();
    while let Some(result) = running.join_next().await {
        done.push(result.unwrap());
    }
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A code that is not `code`; `which` tells several apart.
pub(crate) fn wrong(code: &str, which: usize) -> String {
    let right: usize = code.parse().unwrap();
    format!("{:06}", (right + 1 + which) % 1_000_000)
}

pub(crate) fn count(answers: &[Answer], result: &str) -> usize {
    answers.iter().filter(|answer| answer.status == 200 && answer.result() == result).count()
}
