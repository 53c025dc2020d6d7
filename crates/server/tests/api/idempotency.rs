//! `Idempotency-Key`: draft-ietf-httpapi-idempotency-key-header (R4), I15.

use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use serde_json::json;

use crate::channels::texts_and_calls;
use crate::harness::{
    Brake, LIVE_PHONE, PHONE, Server, Setup, eventually, payment_body, policy_of, redeem_body, start_body,
    with,
};

const START: &str = "/v1/verifications";

#[tokio::test]
async fn i15_a_repeated_start_is_one_verification_and_the_same_answer() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let first = shop.post_as("order-1042", START, payment_body(PHONE)).await;
    let id = first.expect(201)["id"].as_str().unwrap().to_owned();
    // Else the jump may overtake the message, whose lease ends then.
    server.text(PHONE, 1).await;
    server.clock().advance(60);
    shop.check(&id, "000000").await;
    let again = shop.post_as("order-1042", START, payment_body(PHONE)).await;
    assert_eq!((again.status, again.text()), (201, first.text()));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(server.inbox(PHONE).len(), 1);
}

#[tokio::test]
async fn i15_a_repeated_check_costs_one_attempt() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let path = format!("{START}/{id}/check");
    let first = shop.post_as("c1", &path, json!({ "code": "000000" })).await;
    assert_eq!(first.expect(200)["attempts_remaining"], 4);
    for _ in 0..3 {
        assert_eq!(shop.post_as("c1", &path, json!({ "code": "000000" })).await.text(), first.text());
    }
    assert_eq!(shop.show(&id).await["attempts_remaining"], 4);
}

#[tokio::test]
async fn i15_a_check_whose_answer_was_lost_gets_its_proof_again_across_a_restart() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let (path, body) = (format!("{START}/{id}/check"), json!({ "code": server.code(PHONE).await }));
    let first = shop.post_as("c1", &path, body.clone()).await;
    let proof = first.expect(200)["proof"].as_str().unwrap().to_owned();
    assert_eq!(shop.post_as("c1", &path, body.clone()).await.text(), first.text());
    let server = server.restart().await;
    let shop = shop.at(&server.url);
    assert_eq!(shop.post_as("c1", &path, body.clone()).await.text(), first.text());
    shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
    assert_eq!(shop.post_as("c1", &path, body).await.text(), first.text());
}

#[tokio::test]
async fn i15_a_check_without_the_key_does_not_get_the_proof_again() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let (path, body) = (format!("{START}/{id}/check"), json!({ "code": server.code(PHONE).await }));
    shop.post_as("c1", &path, body.clone()).await.expect(200);
    let other = shop.post_as("c2", &path, body).await.expect(200);
    assert_eq!((&other["result"], other.get("proof")), (&json!("already_used"), None));
}

#[tokio::test]
async fn i15_a_repeated_redeem_gets_the_first_answer_and_another_one_does_not() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    let body = redeem_body(&proof, &payment_body(PHONE));
    let first = shop.post_as("r1", "/v1/proofs/redeem", body.clone()).await;
    first.expect(200);
    server.clock().advance(3600);
    assert_eq!(shop.post_as("r1", "/v1/proofs/redeem", body.clone()).await.text(), first.text());
    shop.post_as("r2", "/v1/proofs/redeem", body).await.problem("already_redeemed");
}

#[tokio::test]
async fn i15_a_repeated_mismatch_is_the_same_mismatch() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    let body = redeem_body(&proof, &with(payment_body(PHONE), "/transaction/amount", "490.00"));
    let first = shop.post_as("r1", "/v1/proofs/redeem", body.clone()).await;
    first.problem("binding_mismatch");
    assert_eq!(shop.post_as("r1", "/v1/proofs/redeem", body).await.text(), first.text());
}

#[tokio::test]
async fn i15_a_repeated_resend_sends_once() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    server.clock().advance(30);
    let path = format!("{START}/{id}/resend");
    let first = shop.post_as("s1", &path, json!({})).await;
    first.expect(200);
    server.clock().advance(45);
    assert_eq!(shop.post_as("s1", &path, json!({})).await.text(), first.text());
    server.text(PHONE, 2).await;
    assert_eq!(shop.count(&id, "verification.resent").await, 1);
}

#[tokio::test]
async fn i15_a_repeated_start_or_resend_gets_its_first_answer_after_its_route_is_gone() {
    let (server, _texts, calls) = texts_and_calls().await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let shop = server.live_shop_with(json!({ "channels": ["sms", "voice"], "phone_limits": limits })).await;
    let by_voice = with(start_body(LIVE_PHONE, "login"), "/channel", "voice");
    let made = shop.post_as("made", START, by_voice.clone()).await;
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    let found = shop.post_as("found", START, by_voice.clone()).await;
    assert_eq!(found.expect(200)["id"], id);
    server.clock().advance(30);
    let (path, voice) = (format!("{START}/{id}/resend"), json!({ "channel": "voice" }));
    let resent = shop.post_as("resent", &path, voice.clone()).await;
    resent.expect(200);
    calls.message(2).await;

    shop.patch("/v1/app", json!({ "route": ["texts"] })).await.expect(200);
    server.clock().advance(45);
    for (key, path, body, first) in [
        ("made", START, &by_voice, &made),
        ("found", START, &by_voice, &found),
        ("resent", path.as_str(), &voice, &resent),
    ] {
        let again = shop.post_as(key, path, body.clone()).await;
        assert_eq!((again.status, again.text()), (first.status, first.text()), "{key}");
        let anew = shop.post_as(&format!("{key}-anew"), path, body.clone()).await;
        anew.problem("channel_unavailable");
    }
    assert_eq!(shop.count(&id, "verification.resent").await, 1);

    // What was refused was not answered: its key starts when there is a route.
    shop.patch("/v1/app", json!({ "route": [] })).await.expect(200);
    shop.post_as("made-anew", START, by_voice).await.expect(200);
}

#[tokio::test]
async fn i15_r4_another_body_under_the_key_is_422() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    shop.post_as("k1", START, payment_body(PHONE)).await.expect(201);
    let dearer = with(payment_body(PHONE), "/transaction/amount", "490.00");
    shop.post_as("k1", START, dearer).await.problem("idempotency_key_reused");
    shop.post_as("k1", START, payment_body(PHONE)).await.expect(201);
}

#[tokio::test]
async fn i15_r4_another_path_under_the_key_is_422() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (first, second) = (
        shop.start(start_body(PHONE, "login")).await,
        shop.start(start_body("+447700900124", "login")).await,
    );
    let check = async |id: &str| {
        shop.post_as("k1", &format!("{START}/{id}/check"), json!({ "code": "000000" })).await
    };
    check(&first).await.expect(200);
    check(&second).await.problem("idempotency_key_reused");
    assert_eq!(shop.show(&second).await["attempts_remaining"], 5);
}

#[tokio::test]
async fn i15_r4_a_request_in_flight_is_409_and_then_answered() {
    let brake = Brake::default();
    let server = Setup { randomness: brake.randomness(), ..Setup::default() }.start().await;
    let shop = server.test_shop().await;
    // Request id, verification id, then the step's own: after the key was reserved, before the commit.
    brake.stop_at(3);
    let (first, ()) = tokio::join!(shop.post_as("k1", START, payment_body(PHONE)), async {
        eventually("the first request to be in flight", async || brake.has_stopped()).await;
        let second = shop.post_as("k1", START, payment_body(PHONE)).await;
        assert_eq!(second.problem("idempotency_in_flight")["retry_after_s"], 1);
        brake.release();
    });
    first.expect(201);
    assert_eq!(shop.post_as("k1", START, payment_body(PHONE)).await.text(), first.text());
}

#[tokio::test]
async fn r4_a_key_that_is_not_usable_is_400_and_nothing_happens() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for key in ["", "\"\"", "\"open", "a b", "a\tb", &"k".repeat(256)] {
        shop.post_as(key, START, start_body(PHONE, "login")).await.problem("invalid_idempotency_key");
    }
    let request = shop.request(reqwest::Method::POST, START).json(&start_body(PHONE, "login"));
    let twice = request.header("Idempotency-Key", "a").header("Idempotency-Key", "a");
    shop.send(twice).await.problem("invalid_idempotency_key");
    assert_eq!(shop.get(START).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn r4_a_key_is_the_same_quoted_or_bare() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let first = shop.post_as(&"k".repeat(255), START, payment_body(PHONE)).await.expect(201);
    let quoted = format!("\"{}\"", "k".repeat(255));
    assert_eq!(shop.post_as(&quoted, START, payment_body(PHONE)).await.expect(201), first);
}

#[tokio::test]
async fn r4_a_key_of_another_app_or_mode_is_another_key() {
    let (server, _sink) = Server::with_sink().await;
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["GB"] }))).await;
    let (test, live) = (
        server.shop_of(&app, Mode::Test, Scope::Server).await,
        server.shop_of(&app, Mode::Live, Scope::Server).await,
    );
    let stranger = server.test_shop().await;
    let body = payment_body("+447400123456");
    let mut ids = std::collections::BTreeSet::new();
    for shop in [&test, &live, &stranger] {
        ids.insert(shop.post_as("k1", START, body.clone()).await.expect(201)["id"].to_string());
    }
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn r4_another_key_of_the_same_app_repeats_the_same_request() {
    let server = Server::start().await;
    let app = server.create_app("Shop", policy_of(json!({}))).await;
    let (old, new) = (
        server.shop_of(&app, Mode::Test, Scope::Server).await,
        server.shop_of(&app, Mode::Test, Scope::Server).await,
    );
    let first = old.post_as("k1", START, payment_body(PHONE)).await;
    assert_eq!(new.post_as("k1", START, payment_body(PHONE)).await.text(), first.text());
}

#[tokio::test]
async fn r4_a_key_is_remembered_for_24_hours() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let first = shop.post_as("k1", START, payment_body(PHONE)).await;
    server.clock().advance(24 * 3600 - 1);
    assert_eq!(shop.post_as("k1", START, payment_body(PHONE)).await.text(), first.text());
    server.clock().advance(1);
    let later = shop.post_as("k1", START, payment_body(PHONE)).await.expect(201);
    assert_ne!(later["id"], first.json()["id"]);
}

#[tokio::test]
async fn i15_a_start_that_found_its_verification_finds_it_again() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    shop.start(payment_body(PHONE)).await;
    server.clock().advance(30);
    let found = shop.post_as("k1", START, payment_body(PHONE)).await;
    found.expect(200);
    server.clock().advance(45);
    assert_eq!(shop.post_as("k1", START, payment_body(PHONE)).await.text(), found.text());
    server.text(PHONE, 2).await;
    assert_eq!(server.inbox(PHONE).len(), 2);
}

#[tokio::test]
async fn i4_i15_a_client_that_hangs_up_leaves_no_half_made_decision() {
    let brake = Brake::default();
    let server = Setup { randomness: brake.randomness(), ..Setup::default() }.start().await;
    let shop = server.test_shop().await;
    brake.stop_at(3);
    let hung_up = eventually("the request to be in flight", async || brake.has_stopped());
    tokio::select! {
        answer = shop.post_as("k1", START, payment_body(PHONE)) => panic!("it was answered: {}", answer.text()),
        () = hung_up => {}
    }
    brake.release();
    server.text(PHONE, 1).await;
    let listed = shop.get(START).await.expect(200);
    let again = shop.post_as("k1", START, payment_body(PHONE)).await.expect(201);
    assert_eq!((&listed["data"][0]["id"], listed["data"].as_array().unwrap().len()), (&again["id"], 1));
    assert_eq!(server.inbox(PHONE).len(), 1);
}
