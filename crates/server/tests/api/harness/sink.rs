//! An operator's endpoint that messages are posted to, in whatever mood a test puts it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use countersign_core::time::Timestamp;
use countersign_delivery::signature::{SIGNATURE_HEADER, SigningKeys};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::{code_in, eventually};

/// Signs messages and receipts.
pub(crate) const SIGNING_SECRET: &str = "0123456789abcdef0123456789abcdef";

/// How an endpoint treats a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    /// Takes it.
    Accept,
    /// Answers this status.
    Status(u16),
    /// Answers 429 and asks for so many seconds.
    Throttle(u32),
    /// Takes it and never answers.
    Hang,
    /// Takes it and answers when the gate opens.
    Gate,
}

/// A message as it came.
#[derive(Clone)]
pub(crate) struct Posted {
    pub(crate) body: Value,
    pub(crate) idempotency_key: String,
    /// What the signature's check said.
    pub(crate) genuine: bool,
}

impl Posted {
    pub(crate) fn reference(&self) -> &str {
        self.body["reference"].as_str().unwrap()
    }

    pub(crate) fn code(&self) -> String {
        code_in(self.body["text"].as_str().unwrap())
    }
}

struct Shared {
    posted: Mutex<Vec<Posted>>,
    next: Mutex<VecDeque<Mood>>,
    always: Mutex<Mood>,
    gate: watch::Sender<bool>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// An endpoint.
pub(crate) struct Sink {
    pub(crate) url: String,
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl Sink {
    /// An endpoint that accepts everything.
    pub(crate) async fn new(clock: &super::TestClock) -> Self {
        let clock = clock.clone();
        let shared = Arc::new(Shared {
            posted: Mutex::default(),
            next: Mutex::default(),
            always: Mutex::new(Mood::Accept),
            gate: watch::Sender::new(false),
            now: Box::new(move || clock.now()),
        });
        let router = Router::new().route("/send", post(take)).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        let tasks = TaskTracker::new();
        tasks.spawn(async move { axum::serve(listener, router).await });
        Sink { url, shared, tasks }
    }

    /// The mood from now on.
    pub(crate) fn always(&self, mood: Mood) {
        *self.shared.always.lock().unwrap() = mood;
    }

    /// The moods for the next messages; then that of [`Sink::always`].
    pub(crate) fn next(&self, moods: &[Mood]) {
        self.shared.next.lock().unwrap().extend(moods);
    }

    /// Lets those go that wait at the gate.
    pub(crate) fn open_gate(&self) {
        self.shared.gate.send_replace(true);
    }

    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.shared.posted.lock().unwrap().clone()
    }

    /// The `count`-th message, once it is there.
    pub(crate) async fn message(&self, count: usize) -> Posted {
        eventually("a message", async || self.posted().get(count - 1).cloned()).await
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.tasks.close();
        self.open_gate();
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let keys = SigningKeys::new(SIGNING_SECRET.as_bytes(), None).unwrap();
    let genuine = keys.verify(headers[SIGNATURE_HEADER].as_bytes(), &body, (shared.now)()).is_ok();
    let idempotency_key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let posted = Posted { body: serde_json::from_slice(&body).unwrap(), idempotency_key, genuine };
    shared.posted.lock().unwrap().push(posted);
    let next = shared.next.lock().unwrap().pop_front();
    let mood = next.unwrap_or_else(|| *shared.always.lock().unwrap());
    match mood {
        Mood::Accept => "{}".into_response(),
        Mood::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Mood::Throttle(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response()
        }
        Mood::Hang => std::future::pending().await,
        Mood::Gate => {
            let _ = shared.gate.subscribe().wait_for(|open| *open).await;
            "{}".into_response()
        }
    }
}
