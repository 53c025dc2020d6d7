//! `POST /v1/verifications/{id}/cancel`

use crate::harness::{PHONE, Server, start_body};

#[tokio::test]
async fn a_canceled_verification_takes_no_code() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    let body = shop.cancel(&id).await.expect(200);
    assert_eq!(body["status"], "canceled");
    assert!(body["resend_at"].is_null());
    assert_eq!(shop.check(&id, &code).await["result"], "canceled");
    assert_eq!(shop.events(&id).await.last().unwrap(), "verification.canceled");
}

#[tokio::test]
async fn canceling_twice_or_too_late_changes_nothing() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, start_body(PHONE, "login")).await;
    assert_eq!(shop.cancel(&id).await.expect(200)["status"], "approved");
    shop.redeem(&proof, &start_body(PHONE, "login")).await.expect(200);
    server.clock().advance(60);
    let other = shop.start(start_body(PHONE, "signup")).await;
    shop.cancel(&other).await.expect(200);
    shop.cancel(&other).await.expect(200);
    assert_eq!(shop.events(&other).await.iter().filter(|kind| *kind == "verification.canceled").count(), 1);
}

#[tokio::test]
async fn a_new_start_after_a_cancel_is_a_new_verification() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let first = shop.start(start_body(PHONE, "login")).await;
    shop.cancel(&first).await.expect(200);
    server.clock().advance(30);
    assert_ne!(shop.start(start_body(PHONE, "login")).await, first);
}
