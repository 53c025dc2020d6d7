//! `POST /v1/receipts/{provider}`: what carriers say later.

use countersign_core::time::Timestamp;
use countersign_delivery::signature::SigningKeys;
use serde_json::{Value, json};

use crate::harness::{
    Answer, LIVE_PHONE, Mood, Posted, SIGNING_SECRET, Server, Shop, Sink, eventually, start_body,
};

fn sign(secret: &str, body: &str, at: Timestamp) -> String {
    SigningKeys::new(secret.as_bytes(), None).unwrap().sign(body.as_bytes(), at)
}

/// Posts a receipt without any API key.
async fn post(server: &Server, provider: &str, body: &str, signature: &str) -> Answer {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(format!("{}/v1/receipts/{provider}", server.url))
        .header("Countersign-Signature", signature);
    Answer::of(request.body(body.to_owned()).send().await.unwrap()).await
}

async fn post_signed(server: &Server, provider: &str, body: Value) -> Answer {
    let body = body.to_string();
    post(server, provider, &body, &sign(SIGNING_SECRET, &body, server.clock().now())).await
}

/// A started verification whose message the gateway has.
async fn sent(server: &Server, sink: &Sink) -> (Shop, String, Posted) {
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    shop.event(&id, "delivery.accepted").await;
    (shop, id, sink.message(1).await)
}

fn receipt(message: &Posted, status: &str) -> Value {
    json!({ "reference": message.reference(), "status": status })
}

async fn words(shop: &Shop, id: &str) -> Vec<String> {
    let timeline = shop.timeline(id).await;
    let receipts = timeline.iter().filter(|event| event["type"] == "delivery.receipt");
    receipts.map(|event| event["data"]["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_message_says_where_receipts_go() {
    let (server, sink) = Server::with_sink().await;
    let (_, _, message) = sent(&server, &sink).await;
    assert_eq!(message.body["callback_url"], "http://127.0.0.1:8080/v1/receipts/gateway");
}

#[tokio::test]
async fn a_receipt_enters_the_timeline() {
    let (server, sink) = Server::with_sink().await;
    let (shop, id, message) = sent(&server, &sink).await;
    let answer = post_signed(&server, "gateway", receipt(&message, "delivered")).await;
    assert_eq!((answer.status, answer.bytes.len()), (204, 0));
    let event = shop.event(&id, "delivery.receipt").await;
    assert_eq!(
        event["data"],
        json!({ "delivery": message.reference(), "provider": "gateway", "status": "delivered" })
    );
}

#[tokio::test]
async fn receipts_may_be_repeated_and_never_go_back() {
    let (server, sink) = Server::with_sink().await;
    let (shop, id, message) = sent(&server, &sink).await;
    for status in ["buffered", "buffered", "failed", "buffered", "delivered", "failed", "delivered"] {
        assert_eq!(post_signed(&server, "gateway", receipt(&message, status)).await.status, 204, "{status}");
    }
    assert_eq!(words(&shop, &id).await, ["buffered", "failed", "delivered"]);
}

#[tokio::test]
async fn a_late_receipt_is_taken() {
    let (server, sink) = Server::with_sink().await;
    let (shop, id, message) = sent(&server, &sink).await;
    shop.check(&id, &message.code()).await;
    server.clock().advance(3600);
    assert_eq!(post_signed(&server, "gateway", receipt(&message, "delivered")).await.status, 204);
    assert_eq!(words(&shop, &id).await, ["delivered"]);
    assert_eq!(shop.show(&id).await["status"], "approved");
}

#[tokio::test]
async fn a_receipt_may_be_faster_than_the_answer() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Gate);
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let message = sink.message(1).await;
    assert_eq!(post_signed(&server, "gateway", receipt(&message, "delivered")).await.status, 204);
    sink.open_gate();
    shop.event(&id, "delivery.accepted").await;
    assert_eq!(words(&shop, &id).await, ["delivered"]);
}

#[tokio::test]
async fn a_failure_faster_than_the_answer_is_failed_over_by_another_carrier() {
    let (server, [first, second]) = Server::with_two_sinks().await;
    first.always(Mood::Gate);
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let message = first.message(1).await;
    assert_eq!(post_signed(&server, "first", receipt(&message, "failed")).await.status, 204);
    assert_eq!(second.message(1).await.code(), message.code());
    first.open_gate();
    let both = async || (shop.count(&id, "delivery.accepted").await == 2).then_some(());
    eventually("both answers", both).await;
    assert_eq!((first.posted().len(), second.posted().len()), (1, 1));
    assert_eq!(words(&shop, &id).await, ["failed"]);
}

#[tokio::test]
async fn a_forged_receipt_is_refused_whatever_it_says() {
    let (server, sink) = Server::with_sink().await;
    let (shop, id, message) = sent(&server, &sink).await;
    let body = receipt(&message, "delivered").to_string();
    let now = server.clock().now();
    let other_body = sign(SIGNING_SECRET, &receipt(&message, "failed").to_string(), now);
    for signature in ["", "t=1", "t=1795428000,v1=00", &other_body, &sign(&"x".repeat(32), &body, now)] {
        post(&server, "gateway", &body, signature).await.problem("unauthorized");
    }
    post(&server, "gateway", "not json", &sign(&"x".repeat(32), "not json", now))
        .await
        .problem("unauthorized");
    assert_eq!(words(&shop, &id).await.len(), 0);
}

#[tokio::test]
async fn an_old_signature_is_refused() {
    let (server, sink) = Server::with_sink().await;
    let (shop, id, message) = sent(&server, &sink).await;
    let body = receipt(&message, "delivered").to_string();
    let signature = sign(SIGNING_SECRET, &body, server.clock().now());
    server.clock().advance(301);
    post(&server, "gateway", &body, &signature).await.problem("unauthorized");
    server.clock().advance_ms(-1000);
    assert_eq!(post(&server, "gateway", &body, &signature).await.status, 204);
    assert_eq!(words(&shop, &id).await, ["delivered"]);
}

#[tokio::test]
async fn a_provider_speaks_for_its_own_messages_only() {
    let (server, [first, second]) = Server::with_two_sinks().await;
    let (shop, id, message) = sent(&server, &first).await;
    assert_eq!(second.posted().len(), 0);
    post_signed(&server, "second", receipt(&message, "delivered")).await.problem("not_found");
    assert_eq!(words(&shop, &id).await.len(), 0);
    assert_eq!(post_signed(&server, "first", receipt(&message, "delivered")).await.status, 204);
}

#[tokio::test]
async fn what_is_unknown_is_not_found() {
    let (server, sink) = Server::with_sink().await;
    let (_, _, message) = sent(&server, &sink).await;
    let nobody = json!({ "reference": "dlv_00000000000000000000000000", "status": "delivered" });
    post_signed(&server, "gateway", nobody).await.problem("not_found");
    for provider in ["simulated", "other", "No%20Name", "%2e%2e"] {
        post_signed(&server, provider, receipt(&message, "delivered")).await.problem("not_found");
    }
}

#[tokio::test]
async fn a_receipt_of_another_shape_is_refused() {
    let (server, sink) = Server::with_sink().await;
    let (_, _, message) = sent(&server, &sink).await;
    for body in [
        json!({ "reference": message.reference() }),
        json!({ "reference": message.reference(), "status": "read" }),
        json!({ "reference": message.reference(), "status": "delivered", "to": LIVE_PHONE }),
        json!({ "reference": "ver_00000000000000000000000000", "status": "delivered" }),
        json!({ "reference": message.reference(), "status": "failed", "reason": "gone to +491701234567" }),
    ] {
        post_signed(&server, "gateway", body).await.problem("invalid_request");
    }
    let long = json!({ "reference": message.reference(), "status": "failed", "reason": "x".repeat(5000) });
    post_signed(&server, "gateway", long).await.problem("body_too_large");
}
