//! `/v1/app` and `/v1/phones/rebind`

use serde_json::json;

use crate::harness::{PHONE, Server, start_body};

#[tokio::test]
async fn an_app_is_shown_with_its_whole_policy() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let app = shop.get("/v1/app").await.expect(200);
    assert!(app["id"].as_str().unwrap().starts_with("app_"));
    assert_eq!((&app["name"], &app["brand"], &app["route"]), (&json!("Shop"), &json!("Shop"), &json!([])));
    assert_eq!(app["policy"]["payment_lifetime_s"], 300);
    assert_eq!(app["policy"]["resend_ladder_s"], json!([30, 45, 60, 120]));
}

#[tokio::test]
async fn what_is_named_changes_and_the_rest_stays() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "max_attempts": 7 })).await;
    let changed = shop.patch("/v1/app", json!({ "brand": "Blumen Müller" })).await.expect(200);
    assert_eq!((&changed["brand"], &changed["name"]), (&json!("Blumen Müller"), &json!("Shop")));
    assert_eq!(changed["policy"]["max_attempts"], 7);
    let server = server.restart().await;
    assert_eq!(shop.at(&server.url).get("/v1/app").await.expect(200), changed);
}

#[tokio::test]
async fn a_policy_read_can_be_written_back() {
    let server = Server::start().await;
    let shop = server.live_shop().await;
    let app = shop.get("/v1/app").await.expect(200);
    assert_eq!(shop.patch("/v1/app", json!({ "policy": app["policy"] })).await.expect(200), app);
}

#[tokio::test]
async fn a_live_verification_keeps_what_it_was_started_with() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let before = shop.show(&id).await;
    shop.patch("/v1/app", json!({ "policy": { "max_attempts": 1, "lifetime_s": 60 } })).await.expect(200);
    let after = shop.show(&id).await;
    assert_eq!(
        (&after["attempts_remaining"], &after["expires_at"]),
        (&before["attempts_remaining"], &before["expires_at"])
    );
}

#[tokio::test]
async fn n1_p4_a_policy_below_the_standards_is_refused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (field, value) in [
        ("lifetime_s", json!(601)),
        ("payment_lifetime_s", json!(59)),
        ("max_attempts", json!(11)),
        ("max_attempts", json!(0)),
        ("payment_max_attempts", json!(6)),
        ("max_sends", json!(0)),
        ("resend_ladder_s", json!([])),
        ("resend_ladder_s", json!([1])),
        ("code", json!({ "length": 4, "alphabet": "numeric" })),
        ("daily_messages", json!(0)),
        ("phone_limits", json!({ "spacing_s": 0, "per_ten_minutes": 9, "per_hour": 5, "per_day": 8 })),
        ("failure_limits", json!({ "per_hour": 0, "per_day": 25 })),
        ("test_numbers", json!({ "07700 900123": "424242" })),
        ("test_numbers", json!({ PHONE: "42" })),
    ] {
        let answer = shop.patch("/v1/app", json!({ "policy": { field: value } })).await;
        answer.wrong_field(&format!("/policy/{field}"));
    }
    assert_eq!(shop.get("/v1/app").await.expect(200)["policy"]["lifetime_s"], 600);
}

#[tokio::test]
async fn c4_a_template_is_linted() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (text, word) in [
        ("Hello {name}, {code}", "name"),
        ("Your code is ready", "code"),
        ("{code} see https://evil.example", "evil"),
        ("{code} card 4111 1111 1111 1111", "card"),
        (&format!("{{code}} {}", "x".repeat(700)), "5 sms"),
    ] {
        let policy = json!({ "templates": { "login": { "en": text } } });
        let problem =
            shop.patch("/v1/app", json!({ "policy": policy })).await.wrong_field("/policy/templates");
        assert!(problem["detail"].as_str().unwrap().to_lowercase().contains(word), "{word}: {problem}");
    }
}

#[tokio::test]
async fn a_brand_that_would_mislead_is_refused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for brand in ["", "   ", "b".repeat(31).as_str(), "a\nb", "4111 1111 1111 1111"] {
        shop.patch("/v1/app", json!({ "brand": brand })).await.wrong_field("/brand");
    }
    for name in ["", "n".repeat(101).as_str()] {
        shop.patch("/v1/app", json!({ "name": name })).await.wrong_field("/name");
    }
    let problem = shop.patch("/v1/app", json!({ "route": ["pigeon"] })).await.wrong_field("/route");
    assert!(problem["detail"].as_str().unwrap().contains("pigeon"), "{problem}");
}

#[tokio::test]
async fn rebind_forgets_wrong_codes_and_says_whose_masked() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "failure_limits": { "per_hour": 2, "per_day": 2 } })).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    shop.check(&id, "000000").await;
    shop.check(&id, "000000").await;
    shop.try_check(&id, "000000").await.problem("phone_locked");
    let rebound = shop.post("/v1/phones/rebind", json!({ "to": "+44 7700 900123" })).await.expect(200);
    assert_eq!(rebound, json!({ "to": "+44•••••••123" }));
    assert_eq!(shop.check(&id, "000000").await["attempts_remaining"], 2);
}

#[tokio::test]
async fn rebind_of_a_phone_never_seen_is_not_found() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    shop.post("/v1/phones/rebind", json!({ "to": PHONE })).await.problem("not_found");
    shop.post("/v1/phones/rebind", json!({ "to": "nobody" })).await.wrong_field("/to");
}
