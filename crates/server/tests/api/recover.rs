//! `POST /v1/recoveries`: another phone takes the place of a lost one, after a delay (N7).

use countersign_delivery::simulated::Condition;
use serde_json::{Value, json};

use crate::harness::{LIVE_PHONE, PHONE, Server, Setup, Shop, start_body, together, with};

const NEW: &str = "+447700900456";
const DAY_S: u64 = 24 * 3600;

fn lost(phone: &str) -> Value {
    json!({ "phone": phone, "to": NEW, "customer": "c_77" })
}

async fn ask(shop: &Shop, body: Value) -> crate::harness::Answer {
    shop.post("/v1/recoveries", body).await
}

/// The start on the new phone.
fn replacing(recovery: &str) -> Value {
    let body = with(start_body(NEW, "account_change"), "/customer", "c_77");
    with(body, "/replaces", json!({ "recovery": recovery, "phone": PHONE }))
}

/// Asks for a recovery of the phone, and waits until its notice has left.
async fn recovering(shop: &Shop) -> String {
    let id = id_of(&ask(shop, lost(PHONE)).await.expect(201));
    shop.event(&id, "delivery.accepted").await;
    id
}

fn id_of(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn n7_a_lost_phone_is_told_and_gives_way_after_three_days() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let answer = ask(&shop, lost(PHONE)).await;
    let recovery = answer.expect(201);
    let id = id_of(&recovery);
    assert_eq!(answer.header("location"), Some(format!("/v1/verifications/{id}").as_str()));
    assert_eq!(
        (&recovery["status"], &recovery["purpose"], &recovery["ready_at"], &recovery["resend_at"]),
        (&json!("pending"), &json!("account_change"), &json!("2026-11-26T10:00:00.000Z"), &json!(null))
    );
    assert_eq!(recovery["to"], "+44•••••••123");
    let notice =
        "Shop: your phone number is being changed to one ending in 456. If this was not you, contact us now.";
    assert_eq!(server.text(PHONE, 1).await, notice);
    shop.event(&id, "delivery.accepted").await;
    let waiting = shop.try_start(replacing(&id)).await;
    let problem = waiting.problem("recovery_not_ready");
    assert_eq!(
        (&problem["pointer"], &problem["retry_after_s"]),
        (&json!("/replaces/recovery"), &json!(3 * DAY_S))
    );

    server.clock().advance(3 * DAY_S);
    let started = shop.try_start(replacing(&id)).await.expect(201);
    assert_eq!(started["replaces"], json!(id));
    assert_eq!(server.text(PHONE, 2).await, notice, "told once more when it is used");
    assert_eq!(shop.show(&id).await["status"], "recovered");
    let new = id_of(&started);
    assert_eq!(shop.check(&new, &server.code(NEW).await).await["result"], "approved");
    server.clock().advance(60);
    shop.try_start(with(replacing(&id), "/session", "another")).await.problem("recovery_void");
    assert_eq!(
        shop.events(&id).await,
        ["phone.recovery_requested", "phone.change_authorized"],
        "and its deliveries"
    );
    let listed = shop.get("/v1/verifications?status=recovered").await.expect(200);
    assert_eq!(listed["data"][0]["id"], json!(id));
}

#[tokio::test]
async fn n7_the_holder_who_is_there_after_all_ends_it() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = recovering(&shop).await;
    server.text(PHONE, 1).await;
    server.clock().advance(60);
    let login = with(start_body(PHONE, "login"), "/customer", "c_77");
    let started = shop.start(login).await;
    let code = crate::harness::code_in(&server.text(PHONE, 2).await);
    assert_eq!(shop.check(&started, &code).await["result"], "approved");
    assert_eq!(shop.show(&id).await["status"], "canceled");
    let canceled = shop.event(&id, "verification.canceled").await;
    assert_eq!(canceled["data"]["reason"], "phone_proved");
    server.clock().advance(3 * DAY_S);
    shop.try_start(replacing(&id)).await.problem("recovery_void");
    assert_eq!(server.inbox(NEW).len(), 0);
}

#[tokio::test]
async fn n7_it_can_be_reported_canceled_and_does_not_last_for_ever() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (path, status) in [("report", "denied"), ("cancel", "canceled")] {
        let id = recovering(&shop).await;
        shop.post(&format!("/v1/verifications/{id}/{path}"), json!({})).await.expect(200);
        assert_eq!(shop.show(&id).await["status"], status);
        server.clock().advance(3 * DAY_S);
        shop.try_start(replacing(&id)).await.problem("recovery_void");
    }
    let id = recovering(&shop).await;
    server.clock().advance(10 * DAY_S);
    shop.try_start(replacing(&id)).await.problem("recovery_void");
    assert_eq!(shop.show(&id).await["status"], "expired");
}

#[tokio::test]
async fn n7_it_is_for_one_customer_and_one_pair_of_phones_and_a_mistype_costs_nothing() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = recovering(&shop).await;
    server.clock().advance(3 * DAY_S);
    for (pointer, value, named) in [
        ("/customer", "c_78", "/customer"),
        ("/to", "+447700900457", "/to"),
        ("/replaces/phone", "+447700900124", "/replaces/phone"),
    ] {
        let wrong = with(replacing(&id), pointer, value);
        assert_eq!(shop.try_start(wrong).await.problem("recovery_void")["pointer"], named);
    }
    let (other, proof) = server.approve(&shop, start_body("+447700900125", "login")).await;
    shop.try_start(replacing(&other)).await.problem("recovery_void");
    assert_eq!(shop.show(&other).await["status"], "approved", "its proof is as good as before");
    let both = with(replacing(&id), "/replaces/proof", proof);
    shop.try_start(both).await.wrong_field("/replaces");
    shop.try_start(with(replacing(&id), "/replaces/recovery", "soon"))
        .await
        .wrong_field("/replaces/recovery");
    let other_shop = server.test_shop().await;
    other_shop.try_start(replacing(&id)).await.problem("recovery_void");
    shop.try_start(replacing(&id)).await.expect(201);
}

#[tokio::test]
async fn asked_for_at_once_and_again_it_is_one_recovery_and_one_notice() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let answers = together((0..8).map(|_| ask(&shop, lost(PHONE)))).await;
    let mut ids: Vec<String> = answers.iter().map(|answer| id_of(&answer.json())).collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    ids.dedup();
    assert_eq!(ids.len(), 1);
    shop.event(&ids[0], "delivery.accepted").await;
    server.clock().advance(3 * DAY_S);
    let used =
        together((0..8).map(|n| shop.try_start(with(replacing(&ids[0]), "/session", format!("s{n}"))))).await;
    assert_eq!(used.iter().filter(|answer| answer.status == 201).count(), 1, "N7: used once");
}

#[tokio::test]
async fn bad_input_is_told_at_its_field() {
    let server = Server::start().await;
    let shop = server.live_shop().await;
    let body = json!({ "phone": LIVE_PHONE, "to": "+491701234568", "customer": "c_77" });
    ask(&shop, with(body.clone(), "/phone", "12")).await.wrong_field("/phone");
    ask(&shop, with(body.clone(), "/to", "12")).await.wrong_field("/to");
    ask(&shop, with(body.clone(), "/to", LIVE_PHONE)).await.wrong_field("/to");
    ask(&shop, with(body.clone(), "/customer", "")).await.wrong_field("/customer");
    ask(&shop, with(body.clone(), "/locale", "!")).await.wrong_field("/locale");
    let abroad =
        ask(&shop, with(body.clone(), "/phone", "+33612345678")).await.problem("country_not_allowed");
    assert_eq!(abroad["pointer"], "/phone");
    for (new, code) in [("+33612345678", "country_not_allowed"), ("+499001234567", "number_type_refused")] {
        let refused = ask(&shop, with(body.clone(), "/to", new)).await;
        assert_eq!(refused.problem(code)["pointer"], "/to");
    }
    ask(&shop, crate::harness::without(body, "customer")).await.problem("invalid_request");
}

#[tokio::test]
async fn a_recovery_has_no_code_to_check_or_send() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = recovering(&shop).await;
    assert_eq!(
        shop.post(&format!("/v1/verifications/{id}/check"), json!({ "code": "123456" })).await.status,
        404
    );
    server.clock().advance(60);
    assert_eq!(shop.post(&format!("/v1/verifications/{id}/resend"), json!({})).await.status, 404);
}

#[tokio::test]
async fn n7_a_phone_that_could_not_be_told_gives_nothing_away() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    server.set_carrier("simulated", Condition::Refuses);
    let id = id_of(&ask(&shop, lost(PHONE)).await.expect(201));
    shop.event(&id, "delivery.failed").await;
    server.set_carrier("simulated", Condition::Works);
    server.clock().advance(3 * DAY_S);
    let problem = shop.try_start(replacing(&id)).await.problem("recovery_void");
    assert!(problem["detail"].as_str().unwrap().contains("notice"), "{problem}");
    assert!(shop.show(&id).await.get("assurance").is_none(), "it proves nothing");
}

#[tokio::test]
async fn n7_a_notice_that_a_carrier_may_have_sent_has_told() {
    let server = Setup { delivery: "submit_timeout_s = 1", ..Setup::default() }.start().await;
    let shop = server.test_shop().await;
    server.set_carrier("simulated", Condition::Hangs);
    let id = id_of(&ask(&shop, lost(PHONE)).await.expect(201));
    shop.event(&id, "delivery.unknown").await;
    server.set_carrier("simulated", Condition::Works);
    server.clock().advance(3 * DAY_S);
    shop.try_start(replacing(&id)).await.expect(201);
}
