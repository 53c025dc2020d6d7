//! One app's key sees and changes nothing of another app's: I10, OWASP ASVS 8.4.1 (O14).

use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use reqwest::Method;
use serde_json::json;

use crate::harness::{PHONE, Server, Shop, payment_body, policy_of, redeem_body, start_body};

/// Tries everything that names `id`, and what names the phone.
async fn try_everything(stranger: &Shop, id: &str, phone: &str) {
    let path = |tail: &str| format!("/v1/verifications/{id}{tail}");
    stranger.get(&path("")).await.problem("not_found");
    stranger.get(&path("/timeline")).await.problem("not_found");
    stranger.try_check(id, "123456").await.problem("not_found");
    stranger.resend(id).await.problem("not_found");
    stranger.cancel(id).await.problem("not_found");
    stranger.report(id).await.problem("not_found");
    let keyed = stranger.post_as("k1", &path("/check"), json!({ "code": "123456" })).await;
    keyed.problem("not_found");
    let listed = stranger.get(&format!("/v1/verifications?to=%2B{}", &phone[1..])).await.expect(200);
    assert_eq!(listed, json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn i10_o14_another_apps_verification_is_not_found_and_unchanged() {
    let server = Server::start().await;
    let (shop, stranger) = (server.test_shop().await, server.test_shop().await);
    let id = shop.start(payment_body(PHONE)).await;
    shop.event(&id, "delivery.receipt").await;
    let before = (shop.show(&id).await, shop.timeline(&id).await);
    server.clock().advance(31);
    try_everything(&stranger, &id, PHONE).await;
    assert_eq!((shop.show(&id).await, shop.timeline(&id).await), before);
}

#[tokio::test]
async fn i10_a_live_key_does_not_see_what_a_test_key_made() {
    let server = Server::start().await;
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["GB"] }))).await;
    let test = server.shop_of(&app, Mode::Test, Scope::Admin).await;
    let live = server.shop_of(&app, Mode::Live, Scope::Admin).await;
    let id = test.start(payment_body("+447400123456")).await;
    test.event(&id, "delivery.receipt").await;
    let before = (test.show(&id).await, test.timeline(&id).await);
    server.clock().advance(31);
    try_everything(&live, &id, "+447400123456").await;
    assert_eq!((test.show(&id).await, test.timeline(&id).await), before);
}

#[tokio::test]
async fn i10_what_is_not_there_and_what_is_anothers_look_alike() {
    let server = Server::start().await;
    let (shop, stranger) = (server.test_shop().await, server.test_shop().await);
    let id = shop.start(payment_body(PHONE)).await;
    let nobody = stranger.start(payment_body("+447700900124")).await;
    stranger.cancel(&nobody).await;
    let missing = id[..20].to_owned() + if id.ends_with('0') { "1111111111" } else { "0000000000" };
    let words = async |id: &str| stranger.get(&format!("/v1/verifications/{id}")).await.json();
    assert_eq!(words(&id).await, words(&missing).await);
}

#[tokio::test]
async fn i10_two_apps_verify_one_phone_beside_each_other() {
    let server = Server::start().await;
    let (one, other) = (server.test_shop().await, server.test_shop().await);
    let mine = one.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    let theirs = other.start(start_body(PHONE, "login")).await;
    for _ in 0..5 {
        other.check(&theirs, "000000").await;
    }
    assert_eq!(one.show(&mine).await["attempts_remaining"], 5);
    assert_eq!(one.check(&mine, &code).await["result"], "approved");
}

#[tokio::test]
async fn i10_o14_another_apps_keys_are_out_of_reach() {
    let server = Server::start().await;
    let (shop, stranger) = (server.test_shop().await, server.test_shop().await);
    let id = shop.key_id();
    stranger.post(&format!("/v1/keys/{id}/rotate"), json!({ "overlap_s": 0 })).await.problem("not_found");
    stranger
        .send(stranger.request(Method::POST, &format!("/v1/keys/{id}/revoke")))
        .await
        .problem("not_found");
    let listed = stranger.get("/v1/keys").await.expect(200);
    assert!(!listed.to_string().contains(&id));
    shop.get("/v1/app").await.expect(200);
}

#[tokio::test]
async fn i10_a_strangers_rebind_reaches_no_other_apps_phone() {
    let server = Server::start().await;
    let policy = json!({ "failure_limits": { "per_hour": 2, "per_day": 2 } });
    let (shop, stranger) = (server.test_shop_with(policy).await, server.test_shop().await);
    let id = shop.start(start_body(PHONE, "login")).await;
    shop.check(&id, "000000").await;
    shop.check(&id, "000000").await;
    stranger.post("/v1/phones/rebind", json!({ "to": PHONE })).await;
    shop.try_check(&id, "000000").await.problem("phone_locked");
}

#[tokio::test]
async fn i10_an_idempotency_key_belongs_to_its_app() {
    let server = Server::start().await;
    let (shop, stranger) = (server.test_shop().await, server.test_shop().await);
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    let body = redeem_body(&proof, &payment_body(PHONE));
    stranger.post_as("same", "/v1/proofs/redeem", body.clone()).await.problem("proof_invalid");
    shop.post_as("same", "/v1/proofs/redeem", body).await.expect(200);
}
