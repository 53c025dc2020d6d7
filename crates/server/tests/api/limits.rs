//! The sender is never unguarded: countries, kinds of numbers, limits by phone, instance and app, locks.

use serde_json::{Value, json};

use crate::harness::{LIVE_PHONE, PHONE, Server, Shop, Sink, eventually, other_than, start_body, with};

/// Limits so wide that others are met first.
fn wide() -> Value {
    json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 })
}

/// A start in a session of its own.
async fn start(shop: &Shop, phone: &str, session: usize) -> crate::harness::Answer {
    shop.try_start(with(start_body(phone, "login"), "/session", format!("s{session}"))).await
}

/// Refused by this window for exactly so many seconds.
async fn refused(server: &Server, shop: &Shop, window: &str, seconds: u64) {
    let answer = start(shop, PHONE, 99).await;
    let problem = answer.problem("phone_limit");
    assert_eq!(problem["violated-policies"], json!([window]));
    assert_eq!(problem["retry_after_s"], seconds);
    assert_eq!(answer.header("ratelimit"), Some(&*format!("\"{window}\";r=0;t={seconds}")));
    server.clock().advance_ms(i64::try_from(seconds).unwrap() * 1000 - 1);
    assert_eq!(start(shop, PHONE, 99).await.problem("phone_limit")["retry_after_s"], 1);
    server.clock().advance_ms(1);
}

async fn live() -> (Server, Sink, Shop) {
    let (server, sink) = Server::with_sink().await;
    let shop = server.live_shop().await;
    (server, sink, shop)
}

#[tokio::test]
async fn a_country_that_the_shop_does_not_sell_to_gets_nothing() {
    let (_server, sink, shop) = live().await;
    let problem = shop.try_start(start_body("+33612345678", "login")).await.problem("country_not_allowed");
    assert_eq!(problem["pointer"], "/to");
    assert!(problem["detail"].as_str().unwrap().contains("FR"), "{problem}");
    assert_eq!(shop.get("/v1/verifications").await.expect(200)["data"], json!([]));
    assert_eq!(sink.posted().len(), 0);
}

#[tokio::test]
async fn premium_shared_cost_and_satellite_numbers_get_nothing() {
    let (_server, sink, shop) = live().await;
    for number in ["+449012345678", "+448431234567", "+448001234567", "+4990091234567", "+881612345678"] {
        let problem = shop.try_start(start_body(number, "login")).await.problem("number_type_refused");
        assert_eq!(problem["pointer"], "/to", "{number}");
    }
    assert_eq!(sink.posted().len(), 0);
}

#[tokio::test]
async fn a_phone_gets_one_message_in_30_s_3_in_10_min_5_in_an_hour_8_in_a_day() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for n in 0..2 {
        start(&shop, PHONE, n).await.expect(201);
        refused(&server, &shop, "phone_spacing", 30).await;
    }
    start(&shop, PHONE, 2).await.expect(201);
    server.clock().advance(30);
    refused(&server, &shop, "phone_per_ten_minutes", 510).await;
    start(&shop, PHONE, 3).await.expect(201);
    server.clock().advance(30);
    start(&shop, PHONE, 4).await.expect(201);
    server.clock().advance(30);
    refused(&server, &shop, "phone_per_hour", 2940).await;
    for n in 5..8 {
        start(&shop, PHONE, n).await.expect(201);
        server.clock().advance(30);
    }
    refused(&server, &shop, "phone_per_ten_minutes", 510).await;
    refused(&server, &shop, "phone_per_day", 82_200).await;
    start(&shop, PHONE, 8).await.expect(201);
}

#[tokio::test]
async fn r3_starts_and_resends_tell_what_is_left_and_checks_do_not() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let started = start(&shop, PHONE, 1).await;
    let id = started.expect(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(
        started.header("ratelimit-policy"),
        Some(
            r#""phone_per_ten_minutes";q=3;w=600, "phone_per_hour";q=5;w=3600, "phone_per_day";q=8;w=86400"#
        )
    );
    assert_eq!(
        started.header("ratelimit"),
        Some(
            r#""phone_per_ten_minutes";r=2;t=600, "phone_per_hour";r=4;t=3600, "phone_per_day";r=7;t=86400"#
        )
    );
    server.clock().advance(30);
    let resent = shop.post(&format!("/v1/verifications/{id}/resend"), json!({})).await;
    resent.expect(200);
    assert_eq!(
        resent.header("ratelimit"),
        Some(
            r#""phone_per_ten_minutes";r=1;t=570, "phone_per_hour";r=3;t=3570, "phone_per_day";r=6;t=86370"#
        )
    );
    let checked = shop.post(&format!("/v1/verifications/{id}/check"), json!({ "code": "000000" })).await;
    checked.expect(200);
    assert_eq!((checked.header("ratelimit"), checked.header("ratelimit-policy")), (None, None));
}

#[tokio::test]
async fn a_refused_start_counts_nowhere() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    start(&shop, PHONE, 0).await.expect(201);
    for n in 1..20 {
        start(&shop, PHONE, n).await.problem("phone_limit");
    }
    server.clock().advance(30);
    start(&shop, PHONE, 1).await.expect(201);
    assert_eq!(shop.get("/v1/verifications").await.expect(200)["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn parallel_starts_of_one_phone_never_beat_its_limit() {
    let server = Server::start().await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 3, "per_hour": 5, "per_day": 8 });
    let shop = server.test_shop_with(json!({ "phone_limits": limits })).await;
    let answers = crate::harness::together((0..24).map(|n| start(&shop, PHONE, n))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 21);
}

#[tokio::test]
async fn i10_over_all_apps_strangers_send_8_messages_to_a_phone_in_24_hours() {
    let (server, sink) = Server::with_sink().await;
    let shops = [
        server.live_shop_with(json!({ "phone_limits": wide() })).await,
        server.live_shop_with(json!({ "phone_limits": wide() })).await,
    ];
    for n in 0..8 {
        start(&shops[n % 2], LIVE_PHONE, n).await.expect(201);
    }
    // What other apps do shows to none: more of them look like any other, and do not leave.
    for shop in &shops {
        let id = start(shop, LIVE_PHONE, 10).await.expect(201)["id"].as_str().unwrap().to_owned();
        let ghost = json!({ "action": "ghost", "rule": "instance_phone_per_day" });
        assert_eq!(shop.show(&id).await["guard"], ghost);
    }
    eventually("eight messages", async || (sink.posted().len() == 8).then_some(())).await;
    start(&shops[0], "+491701234568", 0).await.expect(201);
    eventually("one to another phone", async || (sink.posted().len() == 9).then_some(())).await;
    server.test_shop().await.start(start_body(LIVE_PHONE, "login")).await;
    server.clock().advance_ms(89_999_999);
    assert_eq!(guard(&shops[0], 11).await["rule"], "instance_phone_per_day");
    server.clock().advance_ms(1);
    assert_eq!(guard(&shops[0], 12).await, Value::Null, "the oldest have left the window");
}

/// What the guard did about one more start.
async fn guard(shop: &Shop, session: usize) -> Value {
    let started = start(shop, LIVE_PHONE, session).await.expect(201);
    shop.show(started["id"].as_str().unwrap()).await["guard"].clone()
}

#[tokio::test]
async fn over_all_apps_strangers_send_21_messages_to_a_phone_in_7_days() {
    let (server, _sink) = Server::with_sink().await;
    let shop = server.live_shop_with(json!({ "phone_limits": wide() })).await;
    for day in 0..3 {
        for n in 0..7 {
            start(&shop, LIVE_PHONE, day * 10 + n).await.expect(201);
            server.clock().advance(600);
        }
        server.clock().advance(25 * 3600);
    }
    assert_eq!(guard(&shop, 30).await["rule"], "instance_phone_per_week");
    server.clock().advance(8 * 24 * 3600);
    assert_eq!(guard(&shop, 31).await, Value::Null);
}

#[tokio::test]
async fn an_app_sends_so_many_messages_a_day() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "daily_messages": 3 })).await;
    let other = server.test_shop().await;
    let id = shop.start(start_body("+447700900001", "login")).await;
    shop.start(start_body("+447700900002", "login")).await;
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    let problem = shop.try_start(start_body("+447700900003", "login")).await.problem("limit_exceeded");
    assert_eq!(problem["violated-policies"], json!(["app_daily_messages"]));
    assert_eq!(problem["retry_after_s"], 14 * 3600 - 30);
    server.clock().advance(45);
    shop.resend(&id).await.problem("limit_exceeded");
    other.start(start_body("+447700900003", "login")).await;
    server.clock().advance(14 * 3600 - 75);
    shop.start(start_body("+447700900003", "login")).await;
}

#[tokio::test]
async fn a_message_over_the_daily_cap_spoils_no_check_beside_it() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "daily_messages": 1 })).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    server.clock().advance(30);
    let (resent, checked) = tokio::join!(shop.resend(&id), shop.check(&id, &code));
    assert_ne!(resent.status, 200);
    assert_eq!(checked["result"], "approved");
}

#[tokio::test]
async fn o7_ten_wrong_codes_in_an_hour_lock_the_phone_for_a_while() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "phone_limits": wide() })).await;
    let mut started = Vec::new();
    for session in 0..3 {
        let body = start(&shop, PHONE, session).await.expect(201);
        let code = crate::harness::code_in(&server.text(PHONE, session + 1).await);
        started.push((body["id"].as_str().unwrap().to_owned(), code));
    }
    let (id, right) = started.pop().unwrap();
    for (id, right) in &started {
        for _ in 0..5 {
            shop.check(id, &other_than(right)).await;
        }
        server.clock().advance(15);
    }
    let problem = shop.try_check(&id, &right).await.problem("phone_locked");
    assert_eq!(problem["retry_after_s"], 3570);
    assert_eq!(start(&shop, PHONE, 4).await.problem("phone_locked")["retry_after_s"], 3570);
    assert_eq!(shop.show(&id).await["attempts_remaining"], 5);
    server.clock().advance(3570);
    start(&shop, PHONE, 5).await.expect(201);
}

#[tokio::test]
async fn n5_a_hundred_wrong_codes_in_a_row_disable_the_phone_until_it_is_bound_anew() {
    let server = Server::start().await;
    let policy = json!({ "phone_limits": wide(), "max_attempts": 10, "failure_limits": { "per_hour": 100, "per_day": 100 } });
    let shop = server.test_shop_with(policy).await;
    for session in 0..10 {
        let id = start(&shop, PHONE, session).await.expect(201)["id"].as_str().unwrap().to_owned();
        let wrong = other_than(&crate::harness::code_in(&server.text(PHONE, session + 1).await));
        if session == 9 {
            shop.check(&id, &wrong).await;
            start(&shop, PHONE, 20).await.expect(201);
        }
        for _ in 0..if session == 9 { 9 } else { 10 } {
            shop.check(&id, &wrong).await;
        }
    }
    let pending = shop.get("/v1/verifications?status=pending").await.expect(200)["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let right = crate::harness::code_in(&server.text(PHONE, 11).await);
    shop.try_check(&pending, &right).await.problem("phone_disabled");
    server.clock().advance(48 * 3600);
    start(&shop, PHONE, 30).await.problem("phone_disabled");
    shop.post("/v1/phones/rebind", json!({ "to": PHONE })).await.expect(200);
    start(&shop, PHONE, 30).await.expect(201);
}

#[tokio::test]
async fn n6_a_success_clears_the_count() {
    let server = Server::start().await;
    let policy = json!({ "phone_limits": wide(), "failure_limits": { "per_hour": 3, "per_day": 3 } });
    let shop = server.test_shop_with(policy).await;
    for session in 0..3 {
        let id = start(&shop, PHONE, session).await.expect(201)["id"].as_str().unwrap().to_owned();
        let right = crate::harness::code_in(&server.text(PHONE, session + 1).await);
        shop.check(&id, &other_than(&right)).await;
        shop.check(&id, &other_than(&right)).await;
        assert_eq!(shop.check(&id, &right).await["result"], "approved");
    }
}

#[tokio::test]
async fn o8_a_stranger_locks_herself_out_and_not_the_known_customer() {
    let server = Server::start().await;
    let policy = json!({ "phone_limits": wide(), "failure_limits": { "per_hour": 5, "per_day": 5 } });
    let shop = server.test_shop_with(policy).await;
    let known =
        |session: &str| with(with(start_body(PHONE, "login"), "/customer", "c_77"), "/session", session);
    server.approve(&shop, known("first")).await;
    let stranger = start(&shop, PHONE, 1).await.expect(201)["id"].as_str().unwrap().to_owned();
    for _ in 0..5 {
        shop.check(&stranger, "000000").await;
    }
    start(&shop, PHONE, 2).await.problem("phone_locked");
    server.approve(&shop, known("second")).await;
}

/// A start of the customer who has proved this phone.
fn known(session: &str) -> Value {
    with(with(start_body(PHONE, "login"), "/customer", "c_77"), "/session", session)
}

#[tokio::test]
async fn o8_strangers_leave_the_known_customer_a_message() {
    let server = Server::start().await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 3, "per_hour": 5, "per_day": 8 });
    let shop = server.test_shop_with(json!({ "phone_limits": limits })).await;
    server.approve(&shop, known("first")).await;
    server.clock().advance(3600);
    for n in 0..2 {
        start(&shop, PHONE, n).await.expect(201);
    }
    let problem = start(&shop, PHONE, 2).await.problem("phone_limit");
    assert_eq!(problem["violated-policies"], json!(["phone_per_ten_minutes"]));
    shop.start(known("second")).await;
}

#[tokio::test]
async fn o8_strangers_leave_the_known_customer_a_place() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "phone_limits": wide() })).await;
    server.approve(&shop, known("first")).await;
    for n in 0..7 {
        start(&shop, PHONE, n).await.expect(201);
    }
    start(&shop, PHONE, 7).await.problem("too_many_live_verifications");
    shop.start(known("second")).await;
}
