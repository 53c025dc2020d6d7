//! `POST /v1/verifications`

use serde_json::json;

use crate::harness::{PHONE, Server, Setup, payment_body, start_body, together, transaction, with};

#[tokio::test]
async fn a_start_answers_201_with_all_that_a_shop_shows() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let answer = shop.try_start(payment_body(PHONE)).await;
    let body = answer.expect(201);
    let id = body["id"].as_str().unwrap();
    assert!(id.starts_with("ver_"), "{id}");
    assert_eq!(answer.header("location"), Some(format!("/v1/verifications/{id}").as_str()));
    assert_eq!(
        body,
        json!({
            "id": id, "status": "pending", "mode": "test", "to": "+44•••••••123", "country": "GB",
            "purpose": "payment", "channel": "sms", "assurance": "possession", "transaction": transaction(),
            "created_at": "2026-11-23T10:00:00.000Z", "expires_at": "2026-11-23T10:05:00.000Z",
            "resend_at": "2026-11-23T10:00:30.000Z", "attempts_remaining": 3,
            "client_secret": body["client_secret"], "url": body["url"],
        })
    );
}

#[tokio::test]
async fn what_a_start_says_is_kept_and_shown() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let body = json!({
        "to": "+44 7700 900123", "purpose": "cash_on_delivery", "session": "sess-9", "channel": "sms",
        "locale": "de-AT", "code": { "length": 8, "alphabet": "alphanumeric" }, "expires_in": 120,
        "client": { "ip": "2001:db8::1", "user_agent": "Firefox", "device": "d-1" }, "customer": "c_77",
        "presentation": { "mode": "page", "origin": "https://shop.example" }, "metadata": { "cart": "17" },
    });
    let id = shop.start(body).await;
    let shown = shop.show(&id).await;
    assert_eq!(shown["customer"], "c_77");
    assert_eq!(shown["metadata"], json!({ "cart": "17" }));
    assert_eq!(shown["purpose"], "cash_on_delivery");
    assert_eq!(shown["expires_at"], "2026-11-23T10:02:00.000Z");
    let started = &shop.timeline(&id).await[0];
    assert_eq!(
        (&started["type"], &started["data"]["client_address"]),
        (&json!("verification.started"), &json!("given"))
    );
}

#[tokio::test]
async fn n1_no_code_lives_longer_than_ten_minutes() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for seconds in [0, 59, 601, 86_400, u64::MAX] {
        let answer = shop.try_start(with(start_body(PHONE, "login"), "/expires_in", seconds)).await;
        answer.wrong_field("/expires_in");
    }
    let id = shop.start(with(start_body(PHONE, "login"), "/expires_in", 600)).await;
    let code = server.code(PHONE).await;
    server.clock().advance_ms(600_000);
    assert_eq!(shop.check(&id, &code).await["result"], "expired");
}

#[tokio::test]
async fn n3_a_code_has_six_digits_unless_the_app_says_otherwise() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for length in [0, 3, 4, 5, 11, 255] {
        let answer =
            shop.try_start(with(start_body(PHONE, "login"), "/code", json!({ "length": length }))).await;
        answer.wrong_field("/code/length");
    }
    let lax = server.test_shop_with(json!({ "short_codes": "allow_below_nist" })).await;
    lax.start(with(start_body("+447700900124", "login"), "/code", json!({ "length": 4 }))).await;
    let text = server.text("+447700900124", 1).await;
    assert!(
        text.split(' ').any(|word| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit())),
        "{text}"
    );
}

#[tokio::test]
async fn a_number_is_read_as_people_write_it() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "default_region": "GB" })).await;
    let id = shop.start(start_body("07700 900-123", "login")).await;
    assert_eq!(shop.show(&id).await["to"], "+44•••••••123");
    server.text(PHONE, 1).await;
    for (wrong, word) in [("", "telephone number"), ("call me", "telephone number"), ("+44 7700", "plan")] {
        let problem = shop.try_start(start_body(wrong, "login")).await.wrong_field("/to");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
}

#[tokio::test]
async fn a_national_number_without_a_region_is_explained() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let problem = shop.try_start(start_body("07700 900123", "login")).await.wrong_field("/to");
    assert!(problem["detail"].as_str().unwrap().contains("default region"), "{problem}");
}

#[tokio::test]
async fn an_amount_has_exactly_its_currencys_decimals() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (amount, currency) in
        [("49.9", "EUR"), ("100.5", "JPY"), ("1,00", "EUR"), ("-1.00", "EUR"), ("1e3", "JPY"), ("", "EUR")]
    {
        let body =
            with(with(payment_body(PHONE), "/transaction/amount", amount), "/transaction/currency", currency);
        shop.try_start(body).await.wrong_field("/transaction/amount");
    }
    shop.try_start(with(payment_body(PHONE), "/transaction/currency", "EURO"))
        .await
        .wrong_field("/transaction/currency");
}

#[tokio::test]
async fn an_amount_and_its_currency_come_together() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let only = |member: &str, value: &str| {
        with(start_body(PHONE, "payment"), "/transaction", json!({ member: value }))
    };
    shop.try_start(only("amount", "1.00")).await.wrong_field("/transaction/currency");
    shop.try_start(only("currency", "EUR")).await.wrong_field("/transaction/amount");
}

#[tokio::test]
async fn starting_twice_is_one_verification_and_one_message() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let again = shop.try_start(payment_body(PHONE)).await.expect(200);
    assert_eq!(again["id"], id.as_str());
    server.text(PHONE, 1).await;
    assert_eq!(shop.events(&id).await.iter().filter(|kind| *kind == "verification.resent").count(), 0);
}

#[tokio::test]
async fn a_double_click_starts_one_verification() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let answers = together((0..8).map(|_| shop.try_start(payment_body(PHONE)))).await;
    let ids: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    server.text(PHONE, 1).await;
    assert_eq!(server.inbox(PHONE).len(), 1);
}

#[tokio::test]
async fn starting_again_after_the_wait_sends_the_same_code_again() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let first = server.text(PHONE, 1).await;
    server.clock().advance(30);
    assert_eq!(shop.try_start(payment_body(PHONE)).await.expect(200)["id"], id.as_str());
    assert_eq!(server.text(PHONE, 2).await, first);
}

#[tokio::test]
async fn another_transaction_supersedes_and_its_attempts_carry_over() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let first = shop.start(payment_body(PHONE)).await;
    let old_code = server.code(PHONE).await;
    shop.check(&first, &crate::harness::other_than(&old_code)).await;
    server.clock().advance(30);
    let dearer = with(payment_body(PHONE), "/transaction/amount", "490.00");
    let second = shop.try_start(dearer).await.expect(201);
    assert_eq!(second["attempts_remaining"], 2);
    assert_eq!(shop.check(&first, &old_code).await["result"], "superseded");
    assert_eq!(shop.show(&first).await["status"], "canceled");
}

#[tokio::test]
async fn a_strangers_start_neither_cancels_mine_nor_spends_my_attempts() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let mine = shop.start(with(start_body(PHONE, "login"), "/session", "mine")).await;
    let code = server.code(PHONE).await;
    server.clock().advance(30);
    let theirs = shop.start(with(start_body(PHONE, "login"), "/session", "theirs")).await;
    assert_ne!(mine, theirs);
    shop.check(&theirs, "000000").await;
    assert_eq!(shop.show(&mine).await["attempts_remaining"], 5);
    assert_eq!(shop.check(&mine, &code).await["result"], "approved");
}

#[tokio::test]
async fn live_verifications_of_a_phone_are_bounded() {
    let server = Server::start().await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let shop = server.test_shop_with(json!({ "phone_limits": limits })).await;
    for n in 0..7 {
        shop.start(with(start_body(PHONE, "login"), "/session", format!("s{n}"))).await;
    }
    let eighth = with(start_body(PHONE, "login"), "/session", "s8");
    shop.try_start(eighth).await.problem("too_many_live_verifications");
}

#[tokio::test]
async fn without_a_session_all_share_one_slot() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    assert_eq!(shop.try_start(start_body(PHONE, "login")).await.expect(200)["id"], id.as_str());
    server.clock().advance(30);
    let mine = shop.start(with(start_body(PHONE, "login"), "/session", "mine")).await;
    assert_eq!(shop.show(&id).await["status"], "pending");
    server.clock().advance(30);
    // A proof must not name a customer who did not start it.
    let other = shop.start(with(start_body(PHONE, "login"), "/customer", "c_other")).await;
    assert!(other != id && other != mine);
    assert_eq!(shop.show(&id).await["status"], "canceled");
    assert_eq!(shop.show(&mine).await["status"], "pending");
}

#[tokio::test]
async fn a_start_that_dies_in_the_middle_does_not_lock_its_phone_out() {
    use countersign_server::clock::Randomness;
    use std::sync::atomic::{AtomicI32, Ordering};
    static DRAWS_LEFT: AtomicI32 = AtomicI32::new(i32::MAX);
    let system = Randomness::system().unwrap();
    let randomness = Randomness::from_fn(move || {
        assert_ne!(DRAWS_LEFT.fetch_sub(1, Ordering::SeqCst), 1, "planted: the step dies");
        system.entropy().bytes()
    });
    let server = Setup { randomness, ..Setup::default() }.start().await;
    let shop = server.test_shop().await;
    // The request's id, the verification's id, the step.
    DRAWS_LEFT.store(3, Ordering::SeqCst);
    shop.try_start(payment_body(PHONE)).await.problem("busy");
    shop.try_start(payment_body(PHONE)).await.expect(201);
}
