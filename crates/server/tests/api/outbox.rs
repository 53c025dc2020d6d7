//! From the commit to the carrier.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    LIVE_PHONE, Mood, Server, Setup, Sink, eventually, pause, payment_body, start_body, with,
};

/// A server with one endpoint and these lines in `[delivery]`.
async fn with_delivery(delivery: &'static str) -> (Server, Sink) {
    let setup = Setup { delivery, ..Setup::default() };
    let sink = Sink::new(&setup.clock).await;
    let server = Setup { providers: vec![("gateway", sink.url.clone())], ..setup }.start().await;
    (server, sink)
}

/// Longer than the outbox looks for what is due.
async fn a_while() {
    pause(Duration::from_millis(1200)).await;
}

/// Turns the clock until there is an event of this type.
async fn turn_until(server: &Server, shop: &crate::harness::Shop, id: &str, kind: &str) -> Value {
    eventually(kind, async || {
        server.clock().advance(1);
        shop.timeline(id).await.into_iter().find(|event| event["type"] == kind)
    })
    .await
}

#[tokio::test]
async fn a_message_is_posted_once_signed_and_with_all_that_it_needs() {
    let (server, sink) = Server::with_sink().await;
    let shop = server.live_shop().await;
    let id = shop.start(with(payment_body(LIVE_PHONE), "/locale", "de")).await;
    let message = sink.message(1).await;
    assert!(message.genuine);
    assert_eq!(message.idempotency_key, message.reference());
    let body = &message.body;
    assert_eq!(
        (&body["to"], &body["channel"], &body["locale"]),
        (&json!(LIVE_PHONE), &json!("sms"), &json!("de"))
    );
    assert_eq!((&body["encoding"], &body["segments"]), (&json!("gsm7"), &json!(1)));
    assert_eq!(body["expires_at"], "2026-11-23T10:05:00.000Z");
    let accepted = shop.event(&id, "delivery.accepted").await;
    let told = json!({ "form": "full", "encoding": "gsm7", "segments": 1 });
    assert_eq!(
        accepted["data"],
        json!({ "delivery": message.reference(), "provider": "gateway", "submissions": 1, "message": told })
    );
    assert_eq!(shop.check(&id, &message.code()).await["result"], "approved");
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn i5_what_fails_for_now_is_repeated_with_the_same_code_until_it_is_taken_once() {
    let (server, sink) = Server::with_sink().await;
    sink.next(&[Mood::Status(503), Mood::Status(500)]);
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let retrying = shop.event(&id, "delivery.retrying").await;
    assert_eq!(retrying["data"]["reason"], "http_503");
    assert!(retrying["data"]["retry_at"].as_str().unwrap().starts_with("2026-11-23T10:00:00."), "{retrying}");
    let accepted = turn_until(&server, &shop, &id, "delivery.accepted").await;
    assert_eq!(accepted["data"]["submissions"], 3);
    let posted = sink.posted();
    assert_eq!(
        posted
            .iter()
            .map(|message| (message.reference(), message.code()))
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        1
    );
    server.clock().advance(60);
    a_while().await;
    assert_eq!((sink.posted().len(), shop.count(&id, "delivery.accepted").await), (3, 1));
}

#[tokio::test]
async fn a_throttled_message_waits_as_long_as_it_was_asked() {
    let (server, sink) = Server::with_sink().await;
    sink.next(&[Mood::Throttle(7)]);
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let retry_at =
        shop.event(&id, "delivery.retrying").await["data"]["retry_at"].as_str().unwrap().to_owned();
    assert!(
        ("2026-11-23T10:00:07.000Z"..="2026-11-23T10:00:07.500Z").contains(&retry_at.as_str()),
        "{retry_at}"
    );
    server.clock().advance_ms(6_999);
    a_while().await;
    assert_eq!(sink.posted().len(), 1);
    server.clock().advance_ms(501);
    sink.message(2).await;
}

#[tokio::test]
async fn retries_end_and_the_failure_is_told() {
    let (server, sink) = with_delivery("max_retries = 2").await;
    sink.always(Mood::Status(503));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let failed = turn_until(&server, &shop, &id, "delivery.failed").await;
    assert_eq!(
        (&failed["data"]["reason"], &failed["data"]["provider"]),
        (&json!("http_503"), &json!("gateway"))
    );
    assert_eq!((sink.posted().len(), shop.count(&id, "delivery.retrying").await), (3, 2));
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_repeated() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Status(400));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    assert_eq!(shop.event(&id, "delivery.failed").await["data"]["reason"], "http_400");
    server.clock().advance(60);
    a_while().await;
    assert_eq!(sink.posted().len(), 1);
    assert_eq!(shop.show(&id).await["status"], "pending");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Status(307));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    assert_eq!(shop.event(&id, "delivery.failed").await["data"]["reason"], "redirect_307");
}

#[tokio::test]
async fn a_carrier_that_is_not_there_is_tried_again() {
    let setup =
        Setup { providers: vec![("gateway", "http://127.0.0.1:1/send".to_owned())], ..Setup::default() };
    let server = setup.start().await;
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    assert_eq!(shop.event(&id, "delivery.retrying").await["data"]["reason"], "connection_refused");
}

#[tokio::test]
async fn without_a_carrier_the_failure_is_told() {
    let server = Server::start().await;
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    assert_eq!(shop.event(&id, "delivery.failed").await["data"]["reason"], "no_provider");
}

#[tokio::test]
async fn i3_nothing_is_sent_after_the_code_has_expired() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Throttle(590));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    shop.event(&id, "delivery.retrying").await;
    server.clock().advance(600);
    a_while().await;
    assert_eq!(sink.posted().len(), 1);
    assert_eq!(shop.events(&id).await, ["verification.started", "verification.expired"]);
}

#[tokio::test]
async fn i3_nothing_is_repeated_after_a_cancel() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Status(503));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    shop.event(&id, "delivery.retrying").await;
    shop.cancel(&id).await.expect(200);
    server.clock().advance(60);
    a_while().await;
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn i3_nothing_is_repeated_after_an_approval() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Status(503));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    shop.event(&id, "delivery.retrying").await;
    assert_eq!(shop.check(&id, &sink.message(1).await.code()).await["result"], "approved");
    server.clock().advance(60);
    a_while().await;
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn i3_what_waits_behind_a_slow_carrier_is_not_sent_a_lease_after_its_cancel() {
    let (server, sink) = with_delivery("concurrency = 1").await;
    sink.always(Mood::Gate);
    let shop = server.live_shop().await;
    shop.start(start_body(LIVE_PHONE, "login")).await;
    sink.message(1).await;
    let waiting = shop.start(start_body("+491701234568", "login")).await;
    shop.cancel(&waiting).await.expect(200);
    server.clock().advance(30);
    sink.open_gate();
    a_while().await;
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn i3_what_waits_behind_a_slow_carrier_is_not_sent_after_its_code_has_expired() {
    let (server, sink) = with_delivery("concurrency = 1\nlease_s = 300").await;
    sink.always(Mood::Gate);
    let shop = server.live_shop().await;
    shop.start(start_body(LIVE_PHONE, "login")).await;
    sink.message(1).await;
    shop.start(with(start_body("+491701234568", "login"), "/expires_in", 60)).await;
    server.clock().advance(60);
    sink.open_gate();
    a_while().await;
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn messages_that_queue_are_sent_once_each() {
    let (server, sink) = with_delivery("concurrency = 2").await;
    sink.next(&[Mood::Gate, Mood::Gate]);
    let shop = server.live_shop().await;
    for n in 0..10 {
        shop.start(start_body(&format!("+4917012345{n:02}"), "login")).await;
    }
    sink.message(2).await;
    sink.open_gate();
    sink.message(10).await;
    a_while().await;
    let references: std::collections::BTreeSet<String> =
        sink.posted().iter().map(|message| message.reference().to_owned()).collect();
    assert_eq!((sink.posted().len(), references.len()), (10, 10));
}

#[tokio::test]
async fn i5_rotation_sends_no_code_of_the_old_generation() {
    let (server, sink) = Server::with_sink().await;
    sink.next(&[Mood::Throttle(40)]);
    let shop = server.live_shop_with(json!({ "resend": "rotate" })).await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    shop.event(&id, "delivery.retrying").await;
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    let new = sink.message(2).await;
    server.clock().advance(30);
    a_while().await;
    assert_eq!(sink.posted().len(), 2);
    assert_eq!(shop.check(&id, &new.code()).await["result"], "approved");
}
