//! Overdue receipts: a message that a carrier lost in silence is sent again before anybody asks.

use std::time::Duration;

use countersign_delivery::simulated::Condition;
use countersign_server::clock::Randomness;
use serde_json::json;

use crate::harness::{Brake, PHONE, Server, Setup, Shop, eventually, pause, start_body};

const FIRST: &str = "simulated";
const SECOND: &str = "simulated-2";
/// Receipts after which a route knows how long they take, with some to spare.
const KNOWN: usize = 25;

/// Carriers whose first one is known to send its receipts at once, and then goes silent.
async fn gone_silent(policy: serde_json::Value) -> (Server, Shop) {
    with_randomness(policy, Randomness::system().unwrap()).await
}

async fn with_randomness(policy: serde_json::Value, randomness: Randomness) -> (Server, Shop) {
    let delivery = "submit_timeout_s = 1";
    let server = Setup { carriers: 2, delivery, randomness, ..Setup::default() }.start().await;
    let shop = server.test_shop_with(policy).await;
    for customer in 0..KNOWN {
        let phone = format!("+4477009003{customer:02}");
        let id = shop.start(start_body(&phone, "login")).await;
        shop.event(&id, "delivery.receipt").await;
    }
    server.set_carrier(FIRST, Condition::Silent);
    (server, shop)
}

#[tokio::test]
async fn an_overdue_receipt_sends_the_same_code_by_the_other_carrier() {
    let (server, shop) = gone_silent(json!({ "on_overdue_receipt": "send_again" })).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let lost = shop.event(&id, "delivery.accepted").await;
    assert_eq!(lost["data"]["provider"], FIRST);
    server.clock().advance(1);
    let code = server.code(PHONE).await;
    let over = shop.event(&id, "delivery.failed_over").await;
    assert_eq!(over["data"]["after"], lost["data"]["delivery"]);
    let carried = async || {
        let timeline = shop.timeline(&id).await;
        timeline.into_iter().find(|event| {
            event["type"] == "delivery.accepted" && event["data"]["delivery"] == over["data"]["delivery"]
        })
    };
    let carried = eventually("the other carrier", carried).await;
    assert_eq!(carried["data"]["provider"], SECOND);
    assert_eq!(carried["data"]["route"], json!(["another_route", "not simulated: already_used"]));
    assert_eq!(shop.show(&id).await["resend_at"], "2026-11-23T10:00:30.000Z", "it costs her no send");
    server.clock().advance(60);
    pause(Duration::from_millis(1500)).await;
    assert_eq!(server.inbox(PHONE).len(), 1, "the other one's receipt came: nothing more is sent");
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
}

#[tokio::test]
async fn without_the_option_or_another_carrier_nobody_is_sent_anything() {
    let (server, shop) = gone_silent(json!({})).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    shop.event(&id, "delivery.accepted").await;
    server.clock().advance(5);
    pause(Duration::from_millis(1500)).await;
    assert_eq!(shop.count(&id, "delivery.failed_over").await, 0);
    assert_eq!(server.inbox(PHONE).len(), 0);

    let (server, shop) = gone_silent(json!({ "on_overdue_receipt": "send_again" })).await;
    server.set_carrier(SECOND, Condition::Silent);
    let id = shop.start(start_body(PHONE, "login")).await;
    shop.event(&id, "delivery.accepted").await;
    for _ in 0..3 {
        server.clock().advance(5);
        pause(Duration::from_millis(1500)).await;
    }
    assert_eq!(shop.count(&id, "delivery.accepted").await, 2, "one by each, and no more");
    assert_eq!(shop.count(&id, "delivery.failed").await, 0);
}

#[tokio::test]
async fn one_overdue_message_that_has_to_wait_holds_up_no_other() {
    let brake = Brake::default();
    let policy = json!({ "on_overdue_receipt": "send_again" });
    let (server, shop) = with_randomness(policy, brake.randomness()).await;
    let first = shop.start(start_body("+447700900401", "login")).await;
    shop.event(&first, "delivery.accepted").await;
    server.clock().advance_ms(10);
    let second = shop.start(start_body("+447700900402", "login")).await;
    shop.event(&second, "delivery.accepted").await;
    // The request's id, then the step's own: whatever comes for the first phone waits behind it.
    brake.stop_at(2);
    tokio::join!(shop.check(&first, "000000"), async {
        eventually("the first phone to be busy", async || brake.has_stopped()).await;
        server.clock().advance(1);
        let sent = async || (!server.inbox("+447700900402").is_empty()).then_some(());
        eventually("the second phone's message by the other carrier", sent).await;
        assert_eq!(server.inbox("+447700900401").len(), 0);
        brake.release();
    });
    server.text("+447700900401", 1).await;
}
