//! Conversion feedback: a provider that wants to know is told what became of the codes it carried.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Drill, code_in, eventually};

/// Lets time pass until the vendor was told something so often.
async fn told(drill: &Drill, times: usize) -> Vec<(String, Value)> {
    let clock = drill.server.clock().clone();
    eventually("what became of the code", async || {
        clock.advance(1);
        Some(drill.vendor.told()).filter(|told| told.len() >= times)
    })
    .await
}

fn said(outcome: &str) -> (String, Value) {
    ("vendor-1".to_owned(), json!(outcome))
}

async fn approve(drill: &Drill) -> String {
    let (id, message) = drill.start().await;
    drill.shop.event(&id, "delivery.accepted").await;
    let code = code_in(message["text"].as_str().unwrap());
    assert_eq!(drill.shop.check(&id, &code).await["result"], "approved");
    id
}

#[tokio::test]
async fn a_provider_hears_that_its_code_was_typed_and_the_timeline_stays_the_customer_s() {
    let drill = Drill::new().await;
    let id = approve(&drill).await;
    assert_eq!(told(&drill, 1).await, [said("used")]);
    let metrics = drill.shop.get("/metrics").await.text();
    let counted = "countersign_conversion_feedback_total{provider=\"vendor\",outcome=\"accepted\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    let timeline = drill.shop.timeline(&id).await;
    let kinds: Vec<_> = timeline.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["verification.started", "delivery.accepted", "verification.approved"]);
}

#[tokio::test]
async fn a_provider_hears_that_its_code_was_never_typed() {
    let drill = Drill::new().await;
    let (id, _) = drill.start().await;
    drill.shop.event(&id, "delivery.accepted").await;
    drill.server.clock().advance(600);
    drill.shop.event(&id, "verification.expired").await;
    assert_eq!(told(&drill, 1).await, [said("unused")]);
}

#[tokio::test]
async fn the_credit_goes_to_whoever_carried_the_last_message() {
    let drill = Drill::new().await;
    let (id, _) = drill.start().await;
    drill.shop.event(&id, "delivery.accepted").await;
    drill.server.clock().advance(30);
    drill.shop.resend(&id).await.expect(200);
    let code = drill.gateway.message(1).await.code();
    eventually("both", async || (drill.shop.count(&id, "delivery.accepted").await == 2).then_some(())).await;
    assert_eq!(drill.shop.check(&id, &code).await["result"], "approved");
    assert_eq!(told(&drill, 1).await, [said("unused")]);
}

#[tokio::test]
async fn feedback_is_repeated_until_it_is_taken_and_survives_a_kill() {
    let mut drill = Drill::new().await;
    drill.vendor.answer_to_feedback(StatusCode::SERVICE_UNAVAILABLE);
    approve(&drill).await;
    told(&drill, 1).await;
    told(&drill, 2).await;
    let setup = drill.server.kill();
    drill.vendor.answer_to_feedback(StatusCode::NO_CONTENT);
    drill.server = setup.start().await;
    let heard = told(&drill, 3).await;
    assert!(heard.iter().all(|one| *one == said("used")), "{heard:?}");
}

#[tokio::test]
async fn feedback_that_is_refused_for_good_is_not_repeated() {
    let drill = Drill::new().await;
    drill.vendor.answer_to_feedback(StatusCode::NOT_FOUND);
    approve(&drill).await;
    told(&drill, 1).await;
    for _ in 0..3 {
        drill.server.clock().advance(600);
        crate::harness::pause(std::time::Duration::from_millis(700)).await;
    }
    assert_eq!(drill.vendor.told().len(), 1);
}
