//! `POST /v1/decisions`: what to ask of a customer (fraud.md C.1, C.2).

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{LIVE_PHONE, PHONE, Server, Shop, start_body, with};

async fn decide(shop: &Shop, body: Value) -> Value {
    shop.post("/v1/decisions", body).await.expect(200)
}

fn signals(signals: &Value) -> Value {
    json!({ "purpose": "login", "signals": signals })
}

#[tokio::test]
async fn n9_the_action_follows_what_the_shop_knows() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (given, action, advice) in [
        (json!({}), "allow", "nothing"),
        (json!({ "new_device": true }), "verify", "confirmation"),
        (json!({ "new_device": true, "recent_change": true }), "verify", "code"),
        (
            json!({ "recent_change": true, "hosting_address": true, "sim_swap_hours_ago": 3 }),
            "hold",
            "review",
        ),
        (json!({ "passkey": true, "recent_change": true, "hosting_address": true }), "allow", "nothing"),
    ] {
        let answer = decide(&shop, signals(&given)).await;
        assert_eq!((&answer["action"], &answer["advice"]), (&json!(action), &json!(advice)), "{given}");
    }
    let strong = json!({ "recent_change": true, "hosting_address": true, "sim_swap_hours_ago": 3 });
    let able = decide(&shop, with(signals(&strong), "/passkey_available", true)).await;
    assert_eq!(able["advice"], "code_and_passkey");
    assert_eq!(able["reasons"][0], json!({ "signal": "sim_swap_24h", "points": 4.0 }));
    for (pointer, value, rule) in [
        ("/denied", json!(true), "denied"),
        ("/signals", json!({ "number_recycled": true, "passkey": true }), "recycled"),
    ] {
        let answer = decide(&shop, with(signals(&json!({})), pointer, value)).await;
        assert_eq!((&answer["action"], &answer["rule"]), (&json!("hold"), &json!(rule)));
    }
    let moved = json!({ "sim_swap_hours_ago": 50, "passkey": true });
    assert_eq!(decide(&shop, signals(&moved)).await["action"], "allow");
    let change = with(signals(&moved), "/purpose", "account_change");
    assert_eq!(decide(&shop, change).await["rule"], "fresh_sim");
    assert_eq!(decide(&shop, with(signals(&moved), "/payout", true)).await["rule"], "fresh_sim");
}

#[tokio::test]
async fn what_is_missing_counts_nothing_and_is_shown() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let answer = decide(&shop, signals(&json!({ "new_device": false, "velocity": null }))).await;
    let missing = answer["missing"].as_array().unwrap();
    assert_eq!((&answer["score"], &answer["reasons"]), (&json!(-1.0), &json!([])));
    for name in ["velocity", "sim_swap_24h", "trusted_device", "verified_here", "voip"] {
        assert!(missing.contains(&json!(name)), "{name}");
    }
    assert!(!missing.contains(&json!("new_device")));
    let with_phone = decide(&shop, with(signals(&json!({})), "/to", PHONE)).await;
    assert!(!with_phone["missing"].as_array().unwrap().contains(&json!("verified_here")), "never verified");
}

#[tokio::test]
async fn what_is_wrong_is_pointed_at() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let body = signals(&json!({}));
    for (pointer, value, wrong) in [
        ("/purpose", json!("Login"), "/purpose"),
        ("/to", json!("12"), "/to"),
        ("/amount", json!("1.00"), "/currency"),
        ("/device_token", json!("cvd_x"), "/customer"),
        ("/signals", json!({ "trusted_device": true }), "/signals/trusted_device"),
        ("/signals", json!({ "new_device": "yes" }), "/signals/new_device"),
        ("/since_authentication", json!({ "payments": 1, "amount": "x" }), "/since_authentication/amount"),
        ("/score", json!(1), "/score"),
    ] {
        shop.post("/v1/decisions", with(body.clone(), pointer, value)).await.wrong_field(wrong);
    }
    shop.get("/v1/decisions/dec_x").await.problem("not_found");
    shop.get("/v1/decisions/ver_01kayn3f2t0h8m5v9d7q4w6x2e").await.problem("not_found");
}

#[tokio::test]
async fn a_decision_sends_nothing_and_knows_what_happened_to_the_phone() {
    let (server, sink) = Server::with_sink().await;
    let limits =
        json!({ "phone_limits": { "spacing_s": 0, "per_ten_minutes": 9, "per_hour": 9, "per_day": 9 } });
    let shop = server.live_shop_with(limits).await;
    let ask = json!({ "purpose": "login", "to": LIVE_PHONE, "signals": { "new_device": true, "recent_change": true } });
    let phone = |answer: &Value| answer["phone"].clone();
    let before = decide(&shop, ask.clone()).await;
    assert_eq!(phone(&before), json!({ "state": "open", "failures_in_a_day": 0, "last_verified_at": null }));
    assert_eq!(sink.posted().len(), 0);
    assert_eq!(shop.get("/v1/verifications").await.expect(200)["data"], json!([]));
    for session in ["one", "two"] {
        let id = shop.start(with(start_body(LIVE_PHONE, "login"), "/session", session)).await;
        for _ in 0..5 {
            shop.check(&id, "000000").await;
        }
    }
    let after = phone(&decide(&shop, ask).await);
    assert_eq!((&after["state"], &after["failures_in_a_day"]), (&json!("locked"), &json!(10)));
    assert_eq!(after["locked_until"], "2026-11-23T11:00:00.000Z");
}

#[tokio::test]
async fn r4_a_repeated_decision_gets_the_same_answer_and_the_same_token() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let start = with(with(start_body(PHONE, "login"), "/customer", "c_77"), "/session", "one");
    let id = shop.start(start).await;
    let code = server.code(PHONE).await;
    let asked = json!({ "code": code, "trust_device": true });
    let token = shop.post(&format!("/v1/verifications/{id}/check"), asked).await.expect(200);
    let ask = json!({ "purpose": "login", "customer": "c_77", "device_token": token["device_token"] });
    let first = shop.post_as("k", "/v1/decisions", ask.clone()).await.expect(200);
    assert_eq!(first["device"], "trusted");
    assert_eq!(first["phone"]["last_verified_at"], "2026-11-23T10:00:00.000Z", "found by the device alone");
    let reasons: Vec<_> = first["reasons"].as_array().unwrap().iter().map(|r| r["signal"].clone()).collect();
    assert_eq!(reasons, ["trusted_device", "verified_here"]);
    server.clock().advance(3600);
    assert_eq!(shop.post_as("k", "/v1/decisions", ask.clone()).await.expect(200), first);
    shop.post_as("k", "/v1/decisions", signals(&json!({}))).await.problem("idempotency_key_reused");
    // Read again, it has no token; a key of the other mode or app sees nothing.
    let path = format!("/v1/decisions/{}", first["id"].as_str().unwrap());
    let mut shown = first.clone();
    shown.as_object_mut().unwrap().remove("device_token");
    assert_eq!(shop.get(&path).await.expect(200), shown);
    server.test_shop().await.get(&path).await.problem("not_found");
    // Without its key it is another request, and the value was used.
    let stolen = decide(&shop, ask).await;
    assert_eq!((&stolen["device"], stolen.get("device_token")), (&json!("theft"), None));
    assert_eq!(shop.event(&id, "device.revoked").await["data"]["reason"], "theft");
    let metrics = shop.get("/metrics").await.text();
    assert!(metrics.contains(r#"countersign_decisions_total{result="allow"} 2"#), "{metrics}");
}

#[tokio::test]
async fn i12_what_is_recorded_has_no_number_and_no_token() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let ask =
        json!({ "purpose": "login", "to": PHONE, "customer": "c_canary", "device_token": "cvd_canary" });
    let id = decide(&shop, ask).await["id"].as_str().unwrap().to_owned();
    let shown = shop.get(&format!("/v1/decisions/{id}")).await.text();
    assert!(!shown.contains("canary") && !shown.contains("900123"), "{shown}");
    let setup = server.stop().await;
    let files = std::fs::read_dir(setup.folder.join(setup.data)).unwrap();
    for file in files.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default()) {
        let text = String::from_utf8_lossy(&file);
        assert!(!text.contains("canary") && !text.contains("7700900123"));
    }
}

/// A request of the document and what it says comes back.
struct Example {
    method: Method,
    path: String,
    body: Option<Value>,
    status: u16,
    answer: Value,
}

/// The indented blocks that begin with a method: request, body if there is one, arrow and status, answer.
fn examples(document: &str) -> Vec<Example> {
    let block = |block: &&str| block.starts_with("    POST ") || block.starts_with("    GET ");
    let read = |block: &str| {
        let (request, answer) = block.split_once("→").unwrap();
        let (line, body) = request.trim().split_once('\n').unwrap_or((request.trim(), ""));
        let (method, path) = line.split_once(' ').unwrap();
        let (status, answer) = answer.trim().split_once('\n').unwrap();
        Example {
            method: method.parse().unwrap(),
            path: path.trim().to_owned(),
            body: (!body.trim().is_empty()).then(|| serde_json::from_str(body).unwrap()),
            status: status.trim().parse().unwrap(),
            answer: serde_json::from_str(answer).unwrap(),
        }
    };
    document.split("\n\n").filter(block).map(read).collect()
}

/// Compares what the document shows; what it calls `cvd_1` or `ver_1` is remembered as what came.
fn compare(shown: &Value, came: &Value, names: &mut BTreeMap<String, String>) {
    match shown {
        Value::Object(members) => {
            for (name, value) in members {
                compare(value, came.get(name).unwrap_or(&Value::Null), names);
            }
        }
        Value::String(text) if ["cvd_", "ver_", "dec_"].iter().any(|prefix| text.starts_with(prefix)) => {
            let came = came.as_str().unwrap_or_else(|| panic!("nothing came for {text}"));
            assert!(names.values().all(|known| known != came), "{text} came before");
            names.insert(text.clone(), came.to_owned());
        }
        plain => assert_eq!(plain, came),
    }
}

#[tokio::test]
async fn the_example_of_the_document_runs() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/decisions.md");
    let document = std::fs::read_to_string(path).unwrap();
    let mut names = BTreeMap::new();
    let examples = examples(&document);
    assert_eq!(examples.len(), 6);
    for example in examples {
        let put = |mut text: String, names: &BTreeMap<String, String>| {
            for (name, value) in names {
                text = text.replace(name.as_str(), value);
            }
            text
        };
        let mut request = shop.request(example.method, &put(example.path, &names));
        if let Some(body) = example.body {
            let mut body = put(body.to_string(), &names);
            if body.contains("123456") {
                body = body.replace("123456", &server.code(PHONE).await);
            }
            request = request.header("Content-Type", "application/json").body(body);
        }
        let answer = shop.send(request).await.expect(example.status);
        compare(&example.answer, &answer, &mut names);
        server.clock().advance(90);
    }
}
