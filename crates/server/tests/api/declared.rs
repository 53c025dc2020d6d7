//! A provider that a description makes: requests out, callbacks in.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::harness::{LIVE_PHONE, Server, Setup, Shop, Sink, code_in, eventually, start_body};

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
"#;

/// A vendor that gives ids of its own, and answers when the gate is open.
#[derive(Clone)]
struct Vendor(Arc<Shared>);

struct Shared {
    posted: Mutex<Vec<Value>>,
    gate: watch::Sender<bool>,
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

impl Vendor {
    async fn message(&self) -> Value {
        eventually("a message", async || self.0.posted.lock().unwrap().first().cloned()).await
    }
}

struct Drill {
    server: Server,
    shop: Shop,
    vendor: Vendor,
    gateway: Sink,
    /// Keeps the vendor.
    _tasks: TaskTracker,
}

async fn drill() -> Drill {
    let vendor = Vendor(Arc::new(Shared { posted: Mutex::default(), gate: watch::Sender::new(true) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/send", post(take)).with_state(vendor.clone());
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
    let server = Setup { providers, first, ..setup }.start().await;
    let shop = server.live_shop().await;
    Drill { server, shop, vendor, gateway, _tasks: tasks }
}

impl Drill {
    async fn start(&self) -> (String, Value) {
        let id = self.shop.start(start_body(LIVE_PHONE, "login")).await;
        (id, self.vendor.message().await)
    }

    /// Posts to the URL that the vendor was given.
    async fn call_back(&self, message: &Value, body: Value) -> u16 {
        let given = message["reports"].as_str().unwrap();
        let path = given.split_once("/v1/").unwrap().1;
        self.shop.post(&format!("/v1/{path}"), body).await.status
    }
}

#[tokio::test]
async fn a_described_provider_sends_and_its_receipt_finds_the_message() {
    let drill = drill().await;
    let (id, message) = drill.start().await;
    assert_eq!(message["to"], LIVE_PHONE);
    let accepted = drill.shop.event(&id, "delivery.accepted").await;
    assert_eq!(accepted["data"]["provider"], "vendor");
    assert_eq!(drill.call_back(&message, json!({ "id": "vendor-1", "state": "delivered" })).await, 200);
    assert_eq!(drill.shop.event(&id, "delivery.receipt").await["data"]["status"], "delivered");
    let code = code_in(message["text"].as_str().unwrap());
    assert_eq!(drill.shop.check(&id, &code).await["result"], "approved");
}

#[tokio::test]
async fn a_callback_without_the_token_is_not_believed() {
    let drill = drill().await;
    let (id, message) = drill.start().await;
    drill.shop.event(&id, "delivery.accepted").await;
    let body = json!({ "id": "vendor-1", "state": "delivered" });
    assert_eq!(drill.shop.post("/v1/receipts/vendor", body.clone()).await.status, 401);
    assert_eq!(drill.shop.post("/v1/receipts/vendor?token=guess", body).await.status, 401);
    // Genuine, and about nothing that it names: to repeat it would change nothing.
    assert_eq!(drill.call_back(&message, json!(["neither", "shape"])).await, 200);
    let timeline = drill.shop.get(&format!("/v1/verifications/{id}/timeline")).await.expect(200);
    assert!(!timeline.to_string().contains("delivery.receipt"), "{timeline}");
    assert_eq!(drill.shop.post("/v1/receipts/nobody", json!({})).await.status, 404);
    assert_eq!(drill.shop.get("/v1/receipts/gateway").await.status, 404);
}

#[tokio::test]
async fn a_failed_receipt_that_overtakes_its_answer_is_kept_until_it_is_understood() {
    let drill = drill().await;
    drill.vendor.0.gate.send_replace(false);
    let (id, message) = drill.start().await;
    assert_eq!(drill.call_back(&message, json!({ "id": "vendor-1", "state": "failed" })).await, 200);
    drill.vendor.0.gate.send_replace(true);
    let again = drill.gateway.message(1).await;
    assert_eq!(again.code(), code_in(message["text"].as_str().unwrap()));
    drill.shop.event(&id, "delivery.failed_over").await;
    assert_eq!(drill.shop.check(&id, &again.code()).await["result"], "approved");
    drop(drill.server);
}
