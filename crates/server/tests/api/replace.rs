//! `replaces` of `POST /v1/verifications`: another phone for a customer (N7).

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    Answer, LIVE_PHONE, Mood, PHONE, Server, Shop, Sink, eventually, pause, start_body, together, with,
};

const NEW: &str = "+447700900456";
const NEW_LIVE: &str = "+491701234568";

/// What a shop starts on either phone of `c_77`.
fn change(phone: &str) -> Value {
    let body = with(start_body(phone, "account_change"), "/customer", "c_77");
    with(body, "/session", "sess-1")
}

/// The start on the new phone.
fn replacing(phone: &str, proof: &str) -> Value {
    with(change(phone), "/replaces", json!({ "proof": proof }))
}

async fn start_as(shop: &Shop, key: &str, body: &Value) -> Answer {
    shop.post_as(key, "/v1/verifications", body.clone()).await
}

#[tokio::test]
async fn n7_the_old_phones_proof_binds_the_new_phone_and_the_old_one_is_notified() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (old, proof) = server.approve(&shop, change(PHONE)).await;
    let body = with(replacing(NEW, &proof), "/replaces/phone", PHONE);
    let started = shop.try_start(body).await.expect(201);
    assert_eq!(started["replaces"], json!(old));
    let notice = server.text(PHONE, 2).await;
    assert_eq!(
        notice,
        "Shop: your phone number is being changed to one ending in 456. If this was not you, contact us now."
    );
    assert_eq!(
        shop.events(&old).await,
        ["verification.started", "verification.approved", "proof.redeemed", "phone.change_authorized"]
    );
    let authorized = shop.event(&old, "phone.change_authorized").await;
    assert_eq!(authorized["data"]["replaced_by"], started["id"]);
    let delivery = &authorized["data"]["delivery"];
    let taken = eventually("the notice's delivery", async || {
        let timeline = shop.timeline(&old).await;
        timeline.into_iter().find(|e| e["type"] == "delivery.accepted" && e["data"]["delivery"] == *delivery)
    });
    assert_eq!(taken.await["data"]["submissions"], 1);
    // And the new phone proves itself as any does.
    let new = started["id"].as_str().unwrap();
    let checked = shop.check(new, &server.code(NEW).await).await;
    shop.redeem(checked["proof"].as_str().unwrap(), &change(NEW)).await.expect(200);
    assert_eq!((server.inbox(PHONE).len(), server.inbox(NEW).len()), (2, 1));
}

#[tokio::test]
async fn n7_the_notice_speaks_the_language_of_the_old_verification() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, with(change(PHONE), "/locale", "de-AT")).await;
    shop.start(replacing(NEW, &proof)).await;
    assert!(server.text(PHONE, 2).await.starts_with("Shop: Ihre Telefonnummer wird"));
}

#[tokio::test]
async fn n7_without_the_right_purpose_or_customer_nothing_is_replaced() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (old, proof) = server.approve(&shop, change(PHONE)).await;
    for purpose in ["login", "signup", "payment", "order", "change_phone"] {
        shop.try_start(with(replacing(NEW, &proof), "/purpose", purpose)).await.wrong_field("/replaces");
    }
    let nobody = crate::harness::without(replacing(NEW, &proof), "customer");
    shop.try_start(nobody).await.wrong_field("/customer");
    shop.try_start(replacing(PHONE, &proof)).await.wrong_field("/to");
    shop.try_start(with(replacing(NEW, &proof), "/replaces/phone", "12"))
        .await
        .wrong_field("/replaces/phone");
    shop.try_start(with(replacing(NEW, &proof), "/replaces/more", 1)).await.problem("invalid_request");
    shop.try_start(replacing(NEW, &"x".repeat(4097))).await.wrong_field("/replaces/proof");
    assert_eq!(shop.events(&old).await, ["verification.started", "verification.approved"]);
    shop.start(replacing(NEW, &proof)).await;
}

#[tokio::test]
async fn n7_the_proof_must_be_of_the_same_customer_session_purpose_and_transaction() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let login = with(with(start_body(PHONE, "login"), "/customer", "c_77"), "/session", "sess-1");
    let cases = [
        ("/replaces/proof", "purpose", login),
        ("/replaces/proof", "customer", with(change(PHONE), "/customer", "c_78")),
        ("/replaces/proof", "customer", crate::harness::without(change(PHONE), "customer")),
        ("/replaces/proof", "session", with(change(PHONE), "/session", "sess-2")),
        ("/replaces/proof", "transaction", with(change(PHONE), "/transaction", json!({ "id": "email" }))),
    ];
    for (pointer, field, body) in cases {
        let (old, proof) = server.approve(&shop, body).await;
        let problem = shop.try_start(replacing(NEW, &proof)).await.problem("binding_mismatch");
        assert_eq!(problem["pointer"], pointer);
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
        assert_eq!(shop.show(&old).await["status"], "denied", "{field}");
        shop.try_start(replacing(NEW, &proof)).await.problem("proof_void");
        server.clock().advance(600);
    }
    let (_, proof) = server.approve(&shop, change("+447700900124")).await;
    let body = with(replacing(NEW, &proof), "/replaces/phone", PHONE);
    assert_eq!(shop.try_start(body).await.problem("binding_mismatch")["pointer"], "/replaces/phone");
    assert_eq!((server.inbox(NEW).len(), server.inbox(PHONE).len()), (0, 5), "codes, and no notice");
}

#[tokio::test]
async fn n7_a_proof_of_another_app_or_mode_or_of_nobody_replaces_nothing() {
    let server = Server::start().await;
    let (shop, other) = (server.test_shop().await, server.test_shop().await);
    let (old, proof) = server.approve(&shop, change(PHONE)).await;
    for (caller, proof) in [(&other, proof.as_str()), (&shop, "a.b.c"), (&shop, "")] {
        let problem = caller.try_start(replacing(NEW, proof)).await.problem("proof_invalid");
        assert_eq!(problem["pointer"], "/replaces/proof");
    }
    let live = server.live_shop().await;
    live.try_start(replacing(LIVE_PHONE, &proof)).await.problem("proof_invalid");
    assert_eq!(shop.show(&old).await["status"], "approved");
}

#[tokio::test]
async fn i1_i7_n7_one_proof_replaces_one_phone_within_its_time() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, change(PHONE)).await;
    let bodies: Vec<Value> = (0..8).map(|n| replacing(&format!("+44770090050{n}"), &proof)).collect();
    let answers = together(bodies.iter().map(|body| shop.try_start(body.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem("already_redeemed")["pointer"], "/replaces/proof");
    }
    shop.redeem(&proof, &change(PHONE)).await.problem("already_redeemed");
    server.text(PHONE, 2).await;

    let (_, late) = server.approve(&shop, change("+447700900124")).await;
    server.clock().advance(300);
    shop.try_start(replacing(NEW, &late)).await.problem("proof_expired");
    let (old, reported) = server.approve(&shop, change("+447700900125")).await;
    shop.report(&old).await.expect(200);
    shop.try_start(replacing(NEW, &reported)).await.problem("proof_void");
    assert_eq!(server.inbox(PHONE).len(), 2, "one notice");
}

#[tokio::test]
async fn i15_n7_a_repeated_start_gets_its_first_answer_and_notifies_once() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (old, proof) = server.approve(&shop, change(PHONE)).await;
    let body = replacing(NEW, &proof);
    let first = start_as(&shop, "change-1", &body).await.expect(201);
    server.clock().advance(400);
    assert_eq!(start_as(&shop, "change-1", &body).await.expect(201), first);
    start_as(&shop, "change-2", &body).await.problem("already_redeemed");
    assert_eq!(shop.count(&old, "phone.change_authorized").await, 1);
}

#[tokio::test]
async fn n7_a_start_that_would_be_refused_keeps_the_proof() {
    let (server, sink) = Server::with_sink().await;
    let shop = server.live_shop().await;
    let (old, proof) = live_proof(&shop, &sink).await;
    shop.try_start(replacing("+33612345678", &proof)).await.problem("country_not_allowed");
    // Two sends within 30 seconds.
    shop.start(start_body(NEW_LIVE, "login")).await;
    shop.try_start(replacing(NEW_LIVE, &proof)).await.problem("phone_limit");
    assert_eq!(shop.show(&old).await["status"], "approved");
    server.clock().advance(30);
    shop.start(replacing(NEW_LIVE, &proof)).await;
}

/// A live verification's id and proof, its code read at the carrier.
async fn live_proof(shop: &Shop, sink: &Sink) -> (String, String) {
    let id = shop.start(change(LIVE_PHONE)).await;
    let checked = shop.check(&id, &sink.message(1).await.code()).await;
    (id, checked["proof"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn n7_no_limit_refuses_the_notice_and_a_refused_start_is_repeated_with_its_key() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "daily_messages": 1 })).await;
    let (old, proof) = server.approve(&shop, change(PHONE)).await;
    let body = replacing(NEW, &proof);
    start_as(&shop, "change-1", &body).await.problem("limit_exceeded");
    assert!(server.text(PHONE, 2).await.contains("ending in 456"));
    assert_eq!(shop.count(&old, "phone.change_authorized").await, 1);
    server.clock().advance(14 * 3600);
    let started = start_as(&shop, "change-1", &body).await.expect(201);
    let authorized = shop.event(&old, "phone.change_authorized").await;
    assert_eq!(authorized["data"]["replaced_by"], started["id"]);
    assert_eq!(server.inbox(PHONE).len(), 2, "one code, one notice");
}

#[tokio::test]
async fn n7_the_notice_counts_among_the_messages_of_the_day() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "daily_messages": 3 })).await;
    let (_, proof) = server.approve(&shop, change(PHONE)).await;
    shop.start(replacing(NEW, &proof)).await;
    server.text(PHONE, 2).await;
    let problem = shop.try_start(start_body("+447700900124", "login")).await.problem("limit_exceeded");
    assert_eq!(problem["violated-policies"], json!(["app_daily_messages"]));
}

#[tokio::test]
async fn n7_neither_report_nor_the_codes_end_stops_the_notice() {
    let (server, sink) = Server::with_sink().await;
    let shop = server.live_shop().await;
    let (old, proof) = live_proof(&shop, &sink).await;
    sink.always(Mood::Throttle(590));
    shop.start(replacing(NEW_LIVE, &proof)).await;
    sink.message(3).await;
    shop.event(&old, "delivery.retrying").await;
    shop.report(&old).await.expect(200);
    sink.always(Mood::Accept);
    server.clock().advance(3600);
    let notice = eventually("the notice again", async || {
        let posted = sink.posted();
        let mut notices = posted.into_iter().filter(|message| message.body["to"] == LIVE_PHONE).skip(2);
        notices.next()
    })
    .await;
    assert!(notice.body["text"].as_str().unwrap().contains("ending in 568"));
    assert_eq!(notice.body["expires_at"], "2026-11-24T10:00:00.000Z");
    pause(Duration::from_millis(700)).await;
    let to_old = sink.posted().into_iter().filter(|message| message.body["to"] == LIVE_PHONE).count();
    assert_eq!(to_old, 3, "a code, a throttled notice, a notice");
}

#[tokio::test]
async fn n7_a_notice_whose_node_died_is_taken_over_until_its_day_is_over() {
    let (server, sink) = Server::with_sink().await;
    let shop = server.live_shop().await;
    let (old, proof) = live_proof(&shop, &sink).await;
    sink.always(Mood::Hang);
    shop.start(replacing(NEW_LIVE, &proof)).await;
    sink.message(3).await;
    let setup = server.kill();
    sink.always(Mood::Accept);
    let clock = setup.clock.clone();
    let server = setup.start().await;
    let shop = shop.at(&server.url);
    clock.advance(12 * 3600);
    shop.event(&old, "delivery.unknown").await;
    let to_old = eventually("the notice", async || {
        let posted = sink.posted();
        let texts: Vec<Value> = posted.into_iter().map(|message| message.body).collect();
        let texts: Vec<Value> = texts.into_iter().filter(|body| body["to"] == LIVE_PHONE).collect();
        (texts.len() == 3).then_some(texts)
    })
    .await;
    assert_eq!((&to_old[1]["text"], &to_old[1]["reference"]), (&to_old[2]["text"], &to_old[2]["reference"]));
}
