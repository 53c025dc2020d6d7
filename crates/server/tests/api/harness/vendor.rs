//! A vendor whose API a description makes known: it gives ids of its own, and wants to know what became of
//! its codes.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::{LIVE_PHONE, Server, Setup, Shop, Sink, eventually, start_body};

const DEFINITION: &str = r#"
name = "vendor"
title = "A vendor of this test"
channel = "sms"
sources = ["this test"]

[setting]
base = { required = true }

[secret]
callback_token = { env = "VENDOR_CALLBACK_TOKEN" }

[request]
method = "POST"
url = "{{setting.base}}/send"
auth = { type = "none" }

[request.json]
to = "{{to}}"
text = "{{text}}"
reports = "{{callback}}"

[response]
success = [{ status = [200] }]
id = { json = "/id" }

[[response.error]]
when = { status = [403] }
class = "config"

[callback]
verify = { type = "url_token", token = "{{secret.callback_token}}" }
id = { json = "/id" }
status = { json = "/state" }
map = { delivered = "delivered", failed = "failed" }

[feedback]
method = "POST"
url = "{{setting.base}}/told/{{id}}"
json = { outcome = "{{outcome}}" }
also_on_failure = true
"#;

/// A vendor that takes messages while its gate is open, and feedback as it is told to.
#[derive(Clone)]
pub(crate) struct Vendor(Arc<Shared>);

struct Shared {
    posted: Mutex<Vec<Value>>,
    told: Mutex<Vec<(String, Value)>>,
    gate: watch::Sender<bool>,
    answer_to_feedback: Mutex<StatusCode>,
    feedback_gate: watch::Sender<bool>,
}

async fn take(State(vendor): State<Vendor>, Json(message): Json<Value>) -> Json<Value> {
    let id = {
        let mut posted = vendor.0.posted.lock().unwrap();
        posted.push(message);
        format!("vendor-{}", posted.len())
    };
    let _ = vendor.0.gate.subscribe().wait_for(|open| *open).await;
    Json(json!({ "id": id }))
}

async fn listen(State(vendor): State<Vendor>, Path(id): Path<String>, Json(said): Json<Value>) -> StatusCode {
    vendor.0.told.lock().unwrap().push((id, said["outcome"].clone()));
    let _ = vendor.0.feedback_gate.subscribe().wait_for(|open| *open).await;
    *vendor.0.answer_to_feedback.lock().unwrap()
}

impl Vendor {
    /// Its first message.
    pub(crate) async fn message(&self) -> Value {
        eventually("a message", async || self.0.posted.lock().unwrap().first().cloned()).await
    }

    /// Leaves submissions waiting.
    pub(crate) fn holds_answers(&self) {
        self.0.gate.send_replace(false);
    }

    /// Answers submissions, those that wait too.
    pub(crate) fn answers(&self) {
        self.0.gate.send_replace(true);
    }

    /// What it answers to feedback.
    pub(crate) fn answer_to_feedback(&self, status: StatusCode) {
        *self.0.answer_to_feedback.lock().unwrap() = status;
    }

    /// Leaves feedback waiting for its answer.
    pub(crate) fn holds_feedback(&self) {
        self.0.feedback_gate.send_replace(false);
    }

    /// Answers feedback, what waits too.
    pub(crate) fn hears_feedback(&self) {
        self.0.feedback_gate.send_replace(true);
    }

    /// What it was told of its messages, by its own ids.
    pub(crate) fn told(&self) -> Vec<(String, Value)> {
        self.0.told.lock().unwrap().clone()
    }
}

/// A server whose live messages go to the vendor, else to a plain endpoint.
pub(crate) struct Drill {
    pub(crate) server: Server,
    pub(crate) shop: Shop,
    pub(crate) vendor: Vendor,
    pub(crate) gateway: Sink,
    /// Keeps the vendor.
    _tasks: TaskTracker,
}

impl Drill {
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// With these lines of the section `[delivery]`.
    pub(crate) async fn with(delivery: &'static str) -> Self {
        let vendor = Vendor(Arc::new(Shared {
            posted: Mutex::default(),
            told: Mutex::default(),
            gate: watch::Sender::new(true),
            answer_to_feedback: Mutex::new(StatusCode::NO_CONTENT),
            feedback_gate: watch::Sender::new(true),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/send", post(take))
            .route("/told/{id}", post(listen))
            .with_state(vendor.clone());
        let tasks = TaskTracker::new();
        tasks.spawn(async move { axum::serve(listener, routes).await });
        let setup = Setup::default();
        let gateway = Sink::new(&setup.clock).await;
        let own = format!(
            "definition_file = \"vendor-definition.toml\"\n[setting]\nbase = \"{base}\"\n\
             [secret]\ncallback_token = \"0123456789abcdef0123456789abcdef\"\n"
        );
        for (name, text) in [("vendor-definition.toml", DEFINITION), ("vendor.toml", &own)] {
            let mut options = fs::OpenOptions::new();
            options.write(true).create(true).mode(0o600);
            let mut file = options.open(setup.folder.join(name)).unwrap();
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        }
        let first = "[[providers]]\nname = \"vendor\"\nkind = \"declared\"\nfile = \"vendor.toml\"\n";
        let providers = vec![("gateway", gateway.url.clone())];
        let server = Setup { providers, delivery, first, ..setup }.start().await;
        let shop = server.live_shop().await;
        Drill { server, shop, vendor, gateway, _tasks: tasks }
    }

    /// Starts, and gives the vendor's first message.
    pub(crate) async fn start(&self) -> (String, Value) {
        let id = self.shop.start(start_body(LIVE_PHONE, "login")).await;
        (id, self.vendor.message().await)
    }

    /// Posts to the URL that the vendor was given.
    pub(crate) async fn call_back(&self, message: &Value, body: Value) -> u16 {
        let given = message["reports"].as_str().unwrap();
        let path = given.split_once("/v1/").unwrap().1;
        self.shop.post(&format!("/v1/{path}"), body).await.status
    }
}
