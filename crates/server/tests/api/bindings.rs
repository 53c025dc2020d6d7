//! Change one thing, and no proof comes and none redeems: I6, PSD2 RTS Art 5 (P7), OWASP ASVS 6.6.2 (O6).

use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use serde_json::{Value, json};

use crate::harness::{PHONE, Server, payment_body, policy_of, with, without};

fn paid() -> Value {
    payment_body(PHONE)
}

/// Redeems for something else: refused with its reason, the verification is void, and the right redeem comes
/// too late.
async fn voids(other: Value, pointer: &str) {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, paid()).await;
    let problem = shop.redeem(&proof, &other).await.problem("binding_mismatch");
    assert_eq!(problem["pointer"], pointer);
    let shown = shop.show(&id).await;
    assert_eq!((&shown["status"], shown.get("proof")), (&json!("denied"), None));
    shop.redeem(&proof, &paid()).await.problem("proof_void");
    assert_eq!(shop.events(&id).await.last().unwrap(), "verification.denied");
}

#[tokio::test]
async fn i6_p7_one_cent_more() {
    voids(with(paid(), "/transaction/amount", "49.91"), "/transaction").await;
}

#[tokio::test]
async fn i6_p7_another_currency() {
    voids(with(paid(), "/transaction/currency", "USD"), "/transaction").await;
}

#[tokio::test]
async fn i6_p7_another_payee() {
    voids(with(paid(), "/transaction/payee", "Shop Gmbh"), "/transaction").await;
}

#[tokio::test]
async fn i6_another_order() {
    voids(with(paid(), "/transaction/id", "order_1043"), "/transaction").await;
}

#[tokio::test]
async fn i6_a_field_more() {
    voids(with(paid(), "/transaction/fields", json!({ "iban": "DE00" })), "/transaction").await;
}

#[tokio::test]
async fn i6_no_transaction() {
    voids(without(paid(), "transaction"), "/transaction").await;
}

#[tokio::test]
async fn i6_another_purpose() {
    voids(with(paid(), "/purpose", "login"), "/purpose").await;
}

#[tokio::test]
async fn i6_another_session() {
    voids(with(paid(), "/session", "sess-2"), "/session").await;
}

#[tokio::test]
async fn i6_no_session() {
    voids(without(paid(), "session"), "/session").await;
}

#[tokio::test]
async fn i6_another_phone() {
    voids(with(paid(), "/to", "+447700900124"), "/to").await;
}

#[tokio::test]
async fn i6_a_transaction_where_there_was_none() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let bare = without(paid(), "transaction");
    let (_, proof) = server.approve(&shop, bare).await;
    shop.redeem(&proof, &paid()).await.problem("binding_mismatch");
}

#[tokio::test]
async fn i6_the_same_phone_written_otherwise_is_the_same_phone() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, paid()).await;
    shop.redeem(&proof, &with(paid(), "/to", "+44 (0) 7700 900 123")).await.expect(200);
}

#[tokio::test]
async fn i6_i10_another_app_is_refused_and_the_rightful_one_still_redeems() {
    let server = Server::start().await;
    let (shop, thief) = (server.test_shop().await, server.test_shop().await);
    let (_, proof) = server.approve(&shop, paid()).await;
    let problem = thief.redeem(&proof, &paid()).await.problem("proof_invalid");
    assert!(problem["detail"].as_str().unwrap().contains("another app"), "{problem}");
    shop.redeem(&proof, &paid()).await.expect(200);
}

#[tokio::test]
async fn i6_a_test_proof_is_worth_nothing_to_a_live_key() {
    let server = Server::start().await;
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["GB"] }))).await;
    let test = server.shop_of(&app, Mode::Test, Scope::Server).await;
    let live = server.shop_of(&app, Mode::Live, Scope::Server).await;
    let body = payment_body("+447400123456");
    let (_, proof) = server.approve(&test, body.clone()).await;
    live.redeem(&proof, &body).await.problem("proof_invalid");
    test.redeem(&proof, &body).await.expect(200);
}

#[tokio::test]
async fn i6_a_code_of_one_verification_opens_no_other() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let first = shop.start(paid()).await;
    let code = server.code(PHONE).await;
    server.clock().advance(30);
    let second = shop.start(with(with(paid(), "/transaction/amount", "49.91"), "/session", "sess-2")).await;
    assert_eq!(
        shop.check(&second, &code).await["result"],
        "incorrect",
        "one in a million runs may fail here"
    );
    assert_eq!(shop.check(&first, &code).await["result"], "approved");
}
