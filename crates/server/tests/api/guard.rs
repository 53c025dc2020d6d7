//! The guard on live starts and resends: what it holds back, what it says, what it remembers.

use serde_json::{Value, json};

use crate::harness::{Answer, LIVE_PHONE, Server, Shop, Sink, eventually, start_body, together, with};

/// A German mobile number of one range; each is in a block of its own.
fn in_range(number: u32) -> String {
    format!("+49170{:07}", 1_000_000 + number * 12_347)
}

async fn ask(shop: &Shop, phone: &str) -> Answer {
    shop.try_start(start_body(phone, "login")).await
}

async fn ask_from(shop: &Shop, phone: &str, client: Value) -> Answer {
    shop.try_start(with(start_body(phone, "login"), "/client", client)).await
}

/// A shop whose guard acts, and never by lot.
async fn enforcing(server: &Server) -> Shop {
    // Of the detectors only the credit speaks: nobody types these codes.
    let quiet = json!({ "range_threshold": 1000, "country_threshold": 1000 });
    let guard = json!({ "mode": "enforce", "probes": { "percent": 0 }, "cusum": quiet });
    server.live_shop_with(json!({ "guard": guard })).await
}

async fn guarded() -> (Server, Sink, Shop) {
    let (server, sink) = Server::with_sink().await;
    let shop = enforcing(&server).await;
    (server, sink, shop)
}

fn refused_by(answer: &Answer, rule: &str) -> Value {
    let problem = answer.problem("guard_refused");
    assert_eq!(problem["violated-policies"], json!([rule]), "{problem}");
    problem
}

async fn sent_until_refused(shop: &Shop, numbers: std::ops::Range<u32>, rule: &str) -> u32 {
    for (count, number) in (0..).zip(numbers) {
        let answer = ask(shop, &in_range(number)).await;
        if answer.status != 201 {
            refused_by(&answer, rule);
            return count;
        }
    }
    panic!("never refused");
}

#[tokio::test]
async fn a_new_app_learns_in_the_shadow_and_holds_nothing_back() {
    let (server, sink) = Server::with_sink().await;
    let shop = server.live_shop().await;
    assert_eq!(shop.get("/v1/guard").await.expect(200)["mode"], "shadow");
    for number in 0..40 {
        ask(&shop, &in_range(number)).await.expect(201);
    }
    sink.message(40).await;
    let figures = shop.get("/metrics").await.text();
    let line = r#"countersign_guard_objections_total{rule="range_credit",action="refuse",taken="allow"} 20"#;
    assert!(figures.contains(line), "{figures}");
}

#[tokio::test]
async fn a_range_without_conversions_gets_what_its_credit_bounds_and_the_rule_is_named() {
    let (server, sink, shop) = guarded().await;
    assert_eq!(sent_until_refused(&shop, 0..60, "range_credit").await, 20);
    let refusal = ask(&shop, &in_range(70)).await;
    let problem = refused_by(&refusal, "range_credit");
    let seconds = problem["retry_after_s"].as_u64().unwrap();
    assert_eq!(seconds, 1800, "two an hour");
    server.clock().advance_ms(1_800_000 - 1);
    refused_by(&ask(&shop, &in_range(70)).await, "range_credit");
    server.clock().advance_ms(1);
    ask(&shop, &in_range(70)).await.expect(201);
    sink.message(21).await;
    assert_eq!(sink.posted().len(), 21);
}

#[tokio::test]
async fn typed_codes_give_credit_back() {
    let (_server, sink, shop) = guarded().await;
    for number in 0..60 {
        let id = shop.start(start_body(&in_range(number), "login")).await;
        let code = sink.message(usize::try_from(number + 1).unwrap()).await.code();
        assert_eq!(shop.check(&id, &code).await["result"], "approved");
    }
}

#[tokio::test]
async fn the_bound_holds_for_starts_at_once_and_over_a_restart() {
    let (server, _sink, shop) = guarded().await;
    let numbers: Vec<String> = (0..120).map(in_range).collect();
    let answers = together(numbers.iter().map(|phone| ask(&shop, phone))).await;
    let sent = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(sent, 20);
    for refusal in answers.iter().filter(|answer| answer.status != 201) {
        refused_by(refusal, "range_credit");
    }
    let server = server.restart().await;
    let shop = shop.at(&server.url);
    refused_by(&ask(&shop, &in_range(200)).await, "range_credit");
}

#[tokio::test]
async fn a_resend_takes_credit_and_is_refused_without() {
    let (server, _sink, shop) = guarded().await;
    let id = shop.start(start_body(&in_range(0), "login")).await;
    assert_eq!(sent_until_refused(&shop, 1..60, "range_credit").await, 19);
    server.clock().advance(30);
    refused_by(&shop.resend(&id).await, "range_credit");
}

#[tokio::test]
async fn an_address_asks_for_five_new_numbers_an_hour_and_others_go_on() {
    let (server, _sink, shop) = guarded().await;
    let client = |ip: &str| json!({ "ip": ip });
    // Numbers of many ranges, so that only the address is met.
    let phone = |number: u32| format!("+4915{}1{:06}", 10 + number, 234_567);
    for number in 0..5 {
        ask_from(&shop, &phone(number), client("203.0.113.7")).await.expect(201);
    }
    let challenged = ask_from(&shop, &phone(5), client("203.0.113.7")).await.expect(201);
    assert_eq!(challenged["status"], "challenge_required");
    let id = challenged["id"].as_str().unwrap();
    assert_eq!(shop.show(id).await["guard"], json!({ "action": "challenge", "rule": "address" }));
    let other = ask_from(&shop, &phone(7), client("203.0.113.8")).await.expect(201);
    assert_eq!(other["status"], "pending");
    ask(&shop, &phone(6)).await.expect(201);
    server.clock().advance(30);
    ask_from(&shop, &phone(0), client("203.0.113.7")).await.expect(200);
}

#[tokio::test]
async fn a_device_and_a_session_ask_for_three_numbers_a_day() {
    let (_server, _sink, shop) = guarded().await;
    let phone = |number: u32| format!("+4915{}1{:06}", 10 + number, 234_567);
    for number in 0..3 {
        ask_from(&shop, &phone(number), json!({ "device": "d1" })).await.expect(201);
        let body = with(start_body(&phone(10 + number), "login"), "/session", "one");
        shop.try_start(body).await.expect(201);
    }
    refused_by(&ask_from(&shop, &phone(3), json!({ "device": "d1" })).await, "device");
    refused_by(&shop.try_start(with(start_body(&phone(14), "login"), "/session", "one")).await, "session");
    ask_from(&shop, &phone(3), json!({ "device": "d2" })).await.expect(201);
}

#[tokio::test]
async fn a_blocked_number_gets_nothing_and_an_allowed_one_passes_the_detectors() {
    let (server, sink, shop) = guarded().await;
    let list = async |phone: &str, list: &str| {
        shop.post("/v1/phones/list", json!({ "to": phone, "list": list })).await.expect(200)
    };
    assert_eq!(list(LIVE_PHONE, "blocked").await["list"], "blocked");
    let ghost = ask(&shop, LIVE_PHONE).await.expect(201);
    let shown = shop.show(ghost["id"].as_str().unwrap()).await;
    assert_eq!(shown["guard"], json!({ "action": "ghost", "rule": "blocked" }));
    assert_eq!(sink.posted().len(), 0);
    assert_eq!(list(LIVE_PHONE, "none").await["list"], "none");
    server.clock().advance(30);
    shop.try_start(with(start_body(LIVE_PHONE, "login"), "/session", "anew")).await.expect(201);
    sink.message(1).await;
    assert_eq!(sent_until_refused(&shop, 0..60, "range_credit").await, 19);
    list(&in_range(99), "allowed").await;
    ask(&shop, &in_range(99)).await.expect(201);
}

#[tokio::test]
async fn an_imported_number_is_known_and_passes_only_once_its_customer_proved_it_here() {
    let (server, sink, shop) = guarded().await;
    let phones = json!([
        { "to": in_range(0), "first_verified": "2025-01-02", "last_verified": "2026-11-01" },
        { "to": in_range(1), "first_verified": "2026-11-01", "last_verified": "2026-11-01", "paid_order": true },
    ]);
    let imported = shop.post("/v1/phones/import", json!({ "phones": phones })).await.expect(200);
    assert_eq!(imported["imported"], 2);
    let shown = shop.post("/v1/phones/list", json!({ "to": in_range(1), "list": "none" })).await.expect(200);
    assert_eq!(shown["known"], true);
    let body = with(start_body(&in_range(0), "login"), "/customer", "c_1");
    let id = shop.start(body.clone()).await;
    assert_eq!(shop.check(&id, &sink.message(1).await.code()).await["result"], "approved");
    assert_eq!(sent_until_refused(&shop, 2..60, "range_credit").await, 20);
    server.clock().advance(30);
    refused_by(&ask(&shop, &in_range(1)).await, "range_credit");
    refused_by(&ask(&shop, &in_range(0)).await, "range_credit");
    shop.try_start(body).await.expect(201);
}

#[tokio::test]
async fn a_thousand_phones_are_imported_at_once_and_one_more_is_refused() {
    let (_server, _sink, shop) = guarded().await;
    let phone = |n: u32| json!({ "to": format!("+4915112{n:06}"), "first_verified": "2025-01-02", "last_verified": "2026-11-01", "paid_order": true });
    let import = async |count| {
        let phones: Vec<_> = (0..count).map(phone).collect();
        shop.post("/v1/phones/import", json!({ "phones": phones })).await
    };
    assert_eq!(import(1000).await.expect(200)["imported"], 1000);
    assert_eq!(import(1001).await.problem("invalid_request")["pointer"], "/phones");
}

#[tokio::test]
async fn an_import_with_dates_that_cannot_be_takes_nothing_over() {
    let (_server, _sink, shop) = guarded().await;
    let phones = json!([
        { "to": in_range(0), "first_verified": "2025-01-02", "last_verified": "2026-11-01" },
        { "to": in_range(1), "first_verified": "2026-11-02", "last_verified": "2026-11-01" },
    ]);
    let problem =
        shop.post("/v1/phones/import", json!({ "phones": phones })).await.problem("invalid_request");
    assert_eq!(problem["pointer"], "/phones/1");
    let shown = shop.post("/v1/phones/list", json!({ "to": in_range(0), "list": "none" })).await.expect(200);
    assert_eq!(shown["known"], false);
}

#[tokio::test]
async fn test_keys_are_not_guarded() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "guard": { "mode": "enforce" } })).await;
    for number in 0..40 {
        ask(&shop, &in_range(number)).await.expect(201);
    }
}

#[tokio::test]
async fn a_policy_that_would_defeat_the_guard_is_refused_by_its_key() {
    let (_server, _sink, shop) = guarded().await;
    let mut policy = shop.get("/v1/app").await.expect(200)["policy"].clone();
    policy["guard"]["credit"]["range"]["start"] = json!(0);
    let problem = shop.patch("/v1/app", json!({ "policy": policy })).await.problem("invalid_request");
    assert_eq!(problem["pointer"], "/policy/guard");
    assert!(problem["detail"].as_str().unwrap().contains("credit.range.start"), "{problem}");
}

#[tokio::test]
async fn the_report_bounds_each_kind_of_key() {
    let (_server, _sink, shop) = guarded().await;
    let report = shop.get("/v1/guard").await.expect(200);
    let range = &report["bounds"][0];
    // 20 + 24 · 2, and no probes.
    assert_eq!((&range["key"], &range["messages"]), (&json!("range"), &json!(68)));
    assert_eq!((&range["loss"], &report["highest_price"]), (&Value::Null, &Value::Null));
    assert!(
        report["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("caps.daily"))
    );
}

#[tokio::test]
async fn an_app_without_a_guard_is_held_by_the_limits_of_a_phone_and_by_its_messages_alone() {
    let (server, sink) = Server::with_sink().await;
    let policy = json!({ "guard": { "mode": "off" }, "daily_messages": 42 });
    let shop = server.live_shop_with(policy).await;
    shop.post("/v1/phones/list", json!({ "to": in_range(0), "list": "blocked" })).await.expect(200);
    for number in 0..40 {
        ask_from(&shop, &in_range(number), json!({ "ip": "203.0.113.7", "device": "d1" })).await.expect(201);
    }
    let id = shop.start(start_body(&in_range(40), "login")).await;
    assert_eq!(shop.check(&id, &sink.message(41).await.code()).await["result"], "approved");
    shop.try_start(with(start_body(&in_range(1), "login"), "/session", "another"))
        .await
        .problem("phone_limit");
    ask(&shop, &in_range(41)).await.expect(201);
    ask(&shop, &in_range(42)).await.problem("limit_exceeded");
    let report = shop.get("/v1/guard").await.expect(200);
    assert_eq!((&report["mode"], &report["spent"]), (&json!("off"), &json!("0.000000")));
    assert!(report["notes"][1].as_str().unwrap().starts_with("mode is off"), "{report}");
    // Nothing of all this is learnt: not by the process, and not by one that reads the journal.
    let server = server.restart().await;
    let shop = shop.at(&server.url);
    let mut app = shop.get("/v1/app").await.expect(200)["policy"].clone();
    (app["guard"]["mode"], app["daily_messages"]) = (json!("enforce"), json!(1000));
    shop.patch("/v1/app", json!({ "policy": app })).await.expect(200);
    server.clock().advance(3600);
    assert_eq!(sent_until_refused(&shop, 100..200, "range_credit").await, 20);
}

/// Starts against one phone through so many apps, addresses and networks of addresses; says how many messages left.
async fn bombed(apps: usize, starts: usize, addresses: usize, networks: usize) -> usize {
    let (server, sink) = Server::with_sink().await;
    let mut shops = Vec::new();
    for _ in 0..apps {
        shops.push(enforcing(&server).await);
    }
    let ask = |number: usize| {
        let address = number % addresses;
        let ip = format!("198.18.{}.{}", address % networks, address / networks + 1);
        let body = with(start_body(LIVE_PHONE, "login"), "/session", format!("s{number}"));
        let body = with(body, "/client", json!({ "ip": ip }));
        let shop = &shops[number % apps];
        async move { shop.try_start(body).await.status }
    };
    for from in (0..starts).step_by(100) {
        let answers = together((from..starts.min(from + 100)).map(ask)).await;
        assert!(answers.iter().all(|status| [200, 201, 429].contains(status)), "{answers:?}");
    }
    // What was committed before has left when a later message has.
    server.clock().advance(1);
    let another = "+491701234568";
    ask_from(&shops[0], another, json!({ "ip": "203.0.113.7" })).await.expect(201);
    let to = |phone: &str| sink.posted().iter().filter(|posted| posted.body["to"] == phone).count();
    eventually("the later message", async || (to(another) == 1).then_some(())).await;
    to(LIVE_PHONE)
}

#[tokio::test]
async fn ten_thousand_starts_through_200_apps_and_5000_addresses_reach_a_phone_8_times() {
    assert_eq!(bombed(200, 10_000, 5000, 50).await, 8);
}

#[tokio::test]
async fn probes_tell_how_many_customers_were_hurt_and_what_was_saved() {
    let (server, sink) = Server::with_sink().await;
    let quiet = json!({ "range_threshold": 1000, "country_threshold": 1000 });
    let probes = json!({ "percent": 50, "range_per_day": 1000, "country_per_day": 1000 });
    let guard = json!({ "mode": "enforce", "probes": probes, "cusum": quiet });
    let shop = server.live_shop_with(json!({ "guard": guard })).await;
    let report = async || shop.get("/v1/guard").await.expect(200)["probes"].clone();
    let none = json!({ "not_drawn": 0, "used_up": 0, "drawn": 0, "converted": 0, "customers": null, "customers_hurt": null, "saved": null });
    assert_eq!(report().await, none);
    let (mut refused, mut sent) = (0_u32, 0_usize);
    // Of a hundred probes one at least is drawn, but once in 2^100 runs.
    for number in 0..120 {
        let answer = ask(&shop, &in_range(number)).await;
        if answer.status == 201 {
            sent += 1;
            let id = answer.expect(201)["id"].as_str().unwrap().to_owned();
            // The last ones are customers, who type their codes after a while.
            if sent > 20 && number % 2 == 0 {
                let code = sink.message(sent).await.code();
                server.clock().advance(1);
                assert_eq!(shop.check(&id, &code).await["result"], "approved");
            }
        } else {
            refused += 1;
        }
    }
    server.clock().advance(91);
    let told = report().await;
    let count = |field: &str| told[field].as_f64().unwrap();
    assert!((count("not_drawn") - f64::from(refused)).abs() < 0.5, "{told}");
    assert!(count("drawn") >= 1.0 && count("converted") <= count("drawn"), "{told}");
    // Every second one is drawn, so each stands for one other.
    assert_eq!(told["customers_hurt"]["value"], told["converted"].as_f64().unwrap());
    assert!(told["customers_hurt"]["low"].as_f64() < told["customers_hurt"]["high"].as_f64(), "{told}");
    assert_eq!(told["saved"]["value"], "0.000000", "no price is known");
    // They outlive the process: whatever was sent is in its journal. What was refused is not.
    let server = server.restart().await;
    let again = shop.at(&server.url).get("/v1/guard").await.expect(200)["probes"].clone();
    assert_eq!(again["customers_hurt"], told["customers_hurt"]);
    assert_eq!((&again["drawn"], &again["not_drawn"]), (&told["drawn"], &json!(0)));
}
