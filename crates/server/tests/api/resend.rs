//! `POST /v1/verifications/{id}/resend`

use serde_json::json;

use crate::harness::{PHONE, Server, code_in, start_body, with};

#[tokio::test]
async fn a_resend_sends_the_same_message_again() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let first = server.text(PHONE, 1).await;
    server.clock().advance(30);
    let body = shop.resend(&id).await.expect(200);
    assert_eq!(
        (&body["status"], &body["resend_at"]),
        (&json!("pending"), &json!("2026-11-23T10:01:15.000Z"))
    );
    assert_eq!(server.text(PHONE, 2).await, first);
    assert_eq!(shop.check(&id, &code_in(&first)).await["result"], "approved");
}

#[tokio::test]
async fn the_ladder_is_30_45_60_120_and_says_how_long() {
    let server = Server::start().await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let shop = server.test_shop_with(json!({ "phone_limits": limits })).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    for wait in [30, 45, 60, 120] {
        server.clock().advance(wait - 1);
        assert_eq!(shop.resend(&id).await.problem("resend_too_soon")["retry_after_s"], 1);
        server.clock().advance(1);
        shop.resend(&id).await.expect(200);
    }
    server.clock().advance(120);
    shop.resend(&id).await.problem("no_sends_left");
    server.text(PHONE, 5).await;
    assert_eq!(server.inbox(PHONE).len(), 5);
}

#[tokio::test]
async fn a_resend_too_late_says_to_start_anew() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(with(start_body(PHONE, "login"), "/expires_in", 100)).await;
    server.clock().advance(41);
    shop.resend(&id).await.problem("too_late_to_resend");
    assert!(shop.show(&id).await["resend_at"].is_null());
    let anew = shop.start(start_body(PHONE, "login")).await;
    assert_ne!(anew, id);
}

#[tokio::test]
async fn what_has_ended_is_not_sent_again() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (approved, _) = server.approve(&shop, start_body(PHONE, "login")).await;
    server.clock().advance(60);
    let problem = shop.resend(&approved).await.problem("not_pending");
    assert!(problem["detail"].as_str().unwrap().contains("approved"), "{problem}");
    let expired = shop.start(start_body(PHONE, "signup")).await;
    server.clock().advance(600);
    shop.resend(&expired).await.problem("not_pending");
}

#[tokio::test]
async fn o6_rotation_makes_a_new_code_and_keeps_attempts() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "resend": "rotate" })).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let old = server.code(PHONE).await;
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    let new = code_in(&server.text(PHONE, 2).await);
    assert_ne!(old, new, "one in a million runs may fail here");
    let checked = shop.check(&id, &old).await;
    assert_eq!((&checked["result"], &checked["attempts_remaining"]), (&json!("superseded"), &json!(4)));
    assert_eq!(shop.check(&id, &new).await["result"], "approved");
}

#[tokio::test]
async fn a_channel_that_is_not_there_is_refused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    server.clock().advance(30);
    let resend = format!("/v1/verifications/{id}/resend");
    shop.post(&resend, json!({ "channel": "fax" })).await.wrong_field("/channel");
    shop.post(&resend, json!({ "channel": "voice" })).await.problem("channel_not_allowed");
    shop.post(&format!("/v1/verifications/{id}/resend"), json!({ "channel": "sms" })).await.expect(200);
}

#[tokio::test]
async fn a_double_click_on_resend_sends_once() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    server.clock().advance(30);
    let answers = crate::harness::together((0..6).map(|_| shop.resend(&id))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 5);
    server.text(PHONE, 2).await;
    assert_eq!(server.inbox(PHONE).len(), 2);
}

#[tokio::test]
async fn n4_a_wrong_guess_racing_a_resend_leaves_the_code_on_the_phone_right() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    server.clock().advance(30);
    let wrong = crate::harness::other_than(&code);
    let (checked, resent) = tokio::join!(shop.check(&id, &wrong), shop.resend(&id));
    assert_eq!(checked["result"], "incorrect");
    resent.expect(200);
    assert_eq!(code_in(&server.text(PHONE, 2).await), code);
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
}
