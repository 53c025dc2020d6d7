//! Clocks that jump: I13. Time never runs backwards for a phone.

use crate::harness::{PHONE, Server, other_than, payment_body, start_body};
use serde_json::json;

#[tokio::test]
async fn i13_what_has_expired_stays_so_when_the_clock_jumps_back() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    server.clock().advance(600);
    assert_eq!(shop.check(&id, &code).await["result"], "expired");
    server.clock().advance_ms(-3_600_000);
    let checked = shop.check(&id, &code).await;
    assert_eq!((&checked["result"], checked.get("proof")), (&json!("expired"), None));
}

#[tokio::test]
async fn i13_a_proof_that_was_too_late_stays_so() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    server.clock().advance(300);
    shop.redeem(&proof, &payment_body(PHONE)).await.problem("proof_expired");
    server.clock().advance_ms(-300_000);
    shop.redeem(&proof, &payment_body(PHONE)).await.problem("proof_expired");
}

#[tokio::test]
async fn i13_a_clock_that_jumps_back_gives_no_second_life() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    server.clock().advance(599);
    shop.check(&id, &other_than(&code)).await;
    server.clock().advance_ms(-3_600_000);
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
    server.clock().advance_ms(7_200_000);
    assert_eq!(shop.check(&id, &code).await["result"], "already_used");
}

#[tokio::test]
async fn i13_limits_do_not_open_when_the_clock_jumps_back() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    shop.start(start_body(PHONE, "login")).await;
    server.clock().advance_ms(-86_400_000);
    shop.try_start(start_body(PHONE, "signup")).await.problem("phone_limit");
}

#[tokio::test]
async fn i13_i14_a_jump_forward_ends_what_is_over_and_new_ones_succeed() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    server.clock().advance(10 * 365 * 86_400);
    assert_eq!(shop.check(&id, &code).await["result"], "expired");
    server.approve(&shop, start_body("+447700900124", "login")).await;
}

#[tokio::test]
async fn i14_after_a_jump_back_new_verifications_succeed() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    server.approve(&shop, start_body(PHONE, "login")).await;
    server.clock().advance_ms(-3_600_000);
    server.approve(&shop, start_body("+447700900124", "login")).await;
}
