//! A provider that a description makes: requests out, callbacks in.

use serde_json::json;

use crate::harness::{Drill, LIVE_PHONE, code_in};

#[tokio::test]
async fn a_described_provider_sends_and_its_receipt_finds_the_message() {
    let drill = Drill::new().await;
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
    let drill = Drill::new().await;
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
    let drill = Drill::new().await;
    drill.vendor.holds_answers();
    let (id, message) = drill.start().await;
    assert_eq!(drill.call_back(&message, json!({ "id": "vendor-1", "state": "failed" })).await, 200);
    drill.vendor.answers();
    let again = drill.gateway.message(1).await;
    assert_eq!(again.code(), code_in(message["text"].as_str().unwrap()));
    drill.shop.event(&id, "delivery.failed_over").await;
    assert_eq!(drill.shop.check(&id, &again.code()).await["result"], "approved");
    drop(drill.server);
}
