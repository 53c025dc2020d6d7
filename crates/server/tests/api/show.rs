//! `GET /v1/verifications/{id}` and its timeline

use serde_json::json;

use crate::harness::{PHONE, Server, payment_body, start_body, without};

#[tokio::test]
async fn a_shown_verification_is_the_one_that_was_started() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let started = shop.try_start(payment_body(PHONE)).await.expect(201);
    let started = without(without(started, "client_secret"), "url");
    assert_eq!(shop.show(started["id"].as_str().unwrap()).await, started);
}

#[tokio::test]
async fn the_proof_is_shown_while_it_can_be_redeemed() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, payment_body(PHONE)).await;
    assert_eq!(shop.show(&id).await["proof"], proof.as_str());
    server.clock().advance_ms(299_999);
    assert_eq!(shop.show(&id).await["proof"], proof.as_str());
    server.clock().advance_ms(1);
    assert!(shop.show(&id).await.get("proof").is_none());
}

#[tokio::test]
async fn a_redeemed_proof_is_shown_no_more() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, payment_body(PHONE)).await;
    shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
    let shown = shop.show(&id).await;
    assert_eq!((&shown["status"], shown.get("proof")), (&json!("approved"), None));
}

#[tokio::test]
async fn what_time_has_ended_is_shown_as_expired_without_being_asked() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    server.clock().advance(300);
    assert_eq!(shop.show(&id).await["status"], "expired", "at once, before any worker has looked");
    shop.event(&id, "verification.expired").await;
    assert_eq!(shop.events(&id).await, ["verification.started", "verification.expired"]);
}

#[tokio::test]
async fn a_timeline_tells_all_in_order_without_code_or_number() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, payment_body(PHONE)).await;
    shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
    let accepted = shop.event(&id, "delivery.accepted").await;
    shop.event(&id, "delivery.receipt").await;
    assert_eq!(accepted["data"]["provider"], "simulated");
    assert_eq!(shop.events(&id).await, ["verification.started", "verification.approved", "proof.redeemed"]);
    let timeline = shop.get(&format!("/v1/verifications/{id}/timeline")).await;
    let code = server.code(PHONE).await;
    assert!(
        !timeline.text().contains(&code) && !timeline.text().contains("7700900123"),
        "{}",
        timeline.text()
    );
    for event in timeline.json()["data"].as_array().unwrap() {
        assert!(event["id"].as_str().unwrap().starts_with("evt_") && event["at"].is_string(), "{event}");
    }
}

#[tokio::test]
async fn what_names_nothing_is_not_found() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let foreign = id.replace("ver_", "app_");
    for id in [
        "ver_",
        "ver_00000000000000000000000000",
        "x",
        "%2e%2e",
        "%00",
        "ver_%C3%BC",
        foreign.as_str(),
        &id[..29],
    ] {
        shop.get(&format!("/v1/verifications/{id}")).await.problem("not_found");
        shop.get(&format!("/v1/verifications/{id}/timeline")).await.problem("not_found");
        shop.cancel(id).await.problem("not_found");
        shop.try_check(id, "123456").await.problem("not_found");
    }
}
