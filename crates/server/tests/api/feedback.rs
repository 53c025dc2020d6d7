//! Conversion feedback: a provider that wants to know is told what became of the codes it carried.

use std::time::Duration;

use axum::http::StatusCode;
use countersign_core::delivery::DeliveryState;
use countersign_store::{LeaseLimits, NodeId, Store as _};
use serde_json::{Value, json};

use crate::harness::{Drill, code_in, eventually, pause, start_body};

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
    let counted = "countersign_conversion_feedback_total{provider=\"vendor\",outcome=\"accepted\"} 1";
    // The vendor has heard it before its answer is counted.
    let is_counted = async || drill.shop.get("/metrics").await.text().contains(counted).then_some(());
    eventually("the answer in the figures", is_counted).await;
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

#[tokio::test]
async fn feedback_that_finds_no_place_is_left_in_the_store_and_told_when_there_is_one() {
    // One provider is told at a time.
    let drill = Drill::with("concurrency = 8").await;
    drill.vendor.holds_feedback();
    let mut started = Vec::new();
    for number in 0..3 {
        let id = drill.shop.start(start_body(&format!("+49151123456{number:02}"), "login")).await;
        drill.shop.event(&id, "delivery.accepted").await;
        started.push(id);
    }
    drill.server.clock().advance(600);
    for id in &started {
        drill.shop.event(id, "verification.expired").await;
    }
    let waiting_since = drill.server.clock().now().plus(Duration::from_secs(15));
    told(&drill, 1).await;
    pause(Duration::from_millis(1200)).await;
    let store = &drill.server.services.store;
    let limits = LeaseLimits { messages: 9, feedback: 9 };
    let now = drill.server.clock().now();
    let left = store.lease_due(NodeId(99), now, Duration::from_millis(1), limits).await.unwrap();
    let states: Vec<_> = left.iter().map(|left| left.delivery.state).collect();
    assert_eq!(states, [DeliveryState::Due { at: waiting_since }; 2]);
    drill.vendor.hears_feedback();
    told(&drill, 3).await;
}
