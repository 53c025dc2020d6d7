//! Trusted devices (fraud.md C.3): who is given a token, the next one at each use, theft, and what a token is bound to.

use serde_json::{Value, json};

use crate::harness::{Answer, PHONE, Server, Shop, other_than, start_body, with};

const OTHER_PHONE: &str = "+447700900124";

fn body(purpose: &str, session: &str, customer: &str) -> Value {
    with(with(start_body(PHONE, purpose), "/customer", customer), "/session", session)
}

/// A login of the customer, in a session of her own.
fn hers(session: &str) -> Value {
    body("login", session, "c_77")
}

fn on_device(body: Value, token: &str) -> Value {
    with(body, "/client", json!({ "device_token": token }))
}

fn path_of(id: &str) -> String {
    format!("/v1/verifications/{id}/check")
}

async fn started(server: &Server, shop: &Shop, body: Value) -> (String, String) {
    let before = server.inbox(body["to"].as_str().unwrap()).len();
    let id = shop.start(body.clone()).await;
    let code = crate::harness::code_in(&server.text(body["to"].as_str().unwrap(), before + 1).await);
    (id, code)
}

/// An approved login that trusts the device, a day before now: its id, and the device's token.
async fn trusted(server: &Server, shop: &Shop) -> (String, String) {
    let (id, code) = started(server, shop, hers("long ago")).await;
    let checked = shop.post(&path_of(&id), json!({ "code": code, "trust_device": true })).await.expect(200);
    assert_eq!(checked["result"], "approved");
    server.clock().advance(24 * 3600);
    (id, checked["device_token"].as_str().unwrap().to_owned())
}

fn next_of(answer: &Answer, status: u16) -> String {
    let body = answer.expect(status);
    assert_eq!(body["device"], "trusted", "{body}");
    body["device_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn c_3_a_check_gives_a_token_if_it_approves_and_the_shop_asks() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, code) = started(&server, &shop, hers("one")).await;
    let ask = |code: &str| json!({ "code": code, "trust_device": true });
    let wrong = shop.post(&path_of(&id), ask(&other_than(&code))).await.expect(200);
    assert_eq!((&wrong["result"], wrong.get("device_token")), (&json!("incorrect"), None));
    let first = shop.post_as("k1", &path_of(&id), ask(&code)).await.expect(200);
    assert_eq!((&first["result"], &first["device_purposes"]), (&json!("approved"), &json!("access")));
    assert_eq!(first["device_trusted_until"], "2027-02-21T10:00:00.000Z", "ninety days");
    // An answer that was lost is given again, and to nobody else.
    server.clock().advance(3600);
    assert_eq!(shop.post_as("k1", &path_of(&id), ask(&code)).await.expect(200), first);
    let again = shop.post(&path_of(&id), ask(&code)).await.expect(200);
    assert_eq!((&again["result"], again.get("device_token")), (&json!("already_used"), None));
    assert!(shop.events(&id).await.contains(&"device.trusted".to_owned()));
    let next = shop.try_start(on_device(hers("two"), first["device_token"].as_str().unwrap())).await;
    assert_ne!(next_of(&next, 201), first["device_token"]);
    // Read again, neither is shown.
    let shown = shop.show(next.json()["id"].as_str().unwrap()).await;
    assert_eq!((shown.get("device"), shown.get("device_token")), (None, None));
}

#[tokio::test]
async fn a_token_needs_a_customer_and_a_mistake_costs_no_attempt() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, code) = started(&server, &shop, start_body(PHONE, "login")).await;
    let asked = shop.post(&path_of(&id), json!({ "code": code, "trust_device": true })).await;
    asked.wrong_field("/trust_device");
    assert_eq!(shop.show(&id).await["attempts_remaining"], 5);
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
    let nobody = with(start_body(PHONE, "login"), "/client", json!({ "device_token": "cvd_x" }));
    shop.try_start(nobody).await.wrong_field("/customer");
    let long = on_device(hers("long"), &"x".repeat(257));
    shop.try_start(long).await.wrong_field("/client/device_token");
}

#[tokio::test]
async fn r4_a_repeated_start_gets_the_same_next_token_and_a_second_tab_too_once() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, token) = trusted(&server, &shop).await;
    let start = on_device(hers("one"), &token);
    let next = next_of(&shop.post_as("k", "/v1/verifications", start.clone()).await, 201);
    server.clock().advance(59);
    assert_eq!(next_of(&shop.try_start(on_device(hers("tab"), &token)).await, 201), next);
    server.clock().advance(300);
    assert_eq!(next_of(&shop.post_as("k", "/v1/verifications", start).await, 201), next);
}

#[tokio::test]
async fn an_old_token_is_a_theft_that_both_timelines_tell() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (granted_by, token) = trusted(&server, &shop).await;
    let next = next_of(&shop.try_start(on_device(hers("one"), &token)).await, 201);
    server.clock().advance(60);
    let stolen = shop.try_start(on_device(hers("thief"), &token)).await.expect(201);
    assert_eq!((&stolen["device"], stolen.get("device_token")), (&json!("theft"), None));
    let told = shop.event(&granted_by, "device.revoked").await;
    assert_eq!(told["data"], json!({ "reason": "theft", "devices": 1 }));
    let told = shop.event(stolen["id"].as_str().unwrap(), "device.theft").await;
    assert_eq!(told["data"], json!({ "granted_by": granted_by }));
    server.clock().advance(600);
    assert_eq!(shop.try_start(on_device(hers("two"), &next)).await.expect(201)["device"], "unknown");
    let metrics = shop.get("/metrics").await.text();
    assert!(metrics.contains(r#"countersign_trusted_devices_total{result="theft"} 1"#), "{metrics}");
}

#[tokio::test]
async fn a_token_works_for_its_own_customer_phone_app_mode_and_purposes_only() {
    let server = Server::start().await;
    let limits =
        json!({ "phone_limits": { "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 } });
    let shop = server.test_shop_with(limits.clone()).await;
    let (_, token) = trusted(&server, &shop).await;
    let other_shop = server.test_shop_with(limits).await;
    let another_phone = with(hers("phone"), "/to", OTHER_PHONE);
    for (shop, body) in [
        (&other_shop, hers("app")),
        (&shop, body("login", "customer", "c_78")),
        (&shop, body("payment", "class", "c_77")),
        (&shop, body("account_change", "class 2", "c_77")),
        (&shop, another_phone),
    ] {
        let answer = shop.try_start(on_device(body.clone(), &token)).await.expect(201);
        assert_eq!((&answer["device"], answer.get("device_token")), (&json!("unknown"), None), "{body}");
    }
    for strange in ["", "cvd_", "cvs_AAAA", &token[..token.len() - 1], &format!("{token}A")] {
        let answer = shop.try_start(on_device(hers(&format!("s{strange:.9}")), strange)).await;
        assert_eq!(answer.json()["device"], "unknown", "{}", answer.text());
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        shop.cancel(&id).await.expect(200);
    }
    // None of these used it up. Sign-up is of its class.
    next_of(&shop.try_start(on_device(body("signup", "own", "c_77"), &token)).await, 201);
}

#[tokio::test]
async fn o8_a_report_of_his_own_verification_takes_no_device_away_and_one_of_hers_does() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (granted_by, token) = trusted(&server, &shop).await;
    let his = shop.start(with(start_body(PHONE, "login"), "/session", "his")).await;
    shop.report(&his).await.expect(200);
    server.clock().advance(60);
    let next = next_of(&shop.try_start(on_device(hers("one"), &token)).await, 201);
    shop.report(&granted_by).await.expect(200);
    assert_eq!(shop.event(&granted_by, "device.revoked").await["data"]["reason"], "reported");
    server.clock().advance(3600);
    assert_eq!(shop.try_start(on_device(hers("two"), &next)).await.expect(201)["device"], "unknown");
}

#[tokio::test]
async fn a_device_ends_when_its_phone_is_bound_anew_and_after_ninety_days() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, token) = trusted(&server, &shop).await;
    let mut next = token;
    for days in [40, 40, 8] {
        server.clock().advance(days * 24 * 3600);
        next = next_of(&shop.try_start(on_device(hers(&format!("{days}{next:.8}")), &next)).await, 201);
        server.clock().advance(600);
    }
    server.clock().advance(24 * 3600);
    assert_eq!(shop.try_start(on_device(hers("late"), &next)).await.expect(201)["device"], "unknown");

    let (_, token) = trusted(&server, &shop).await;
    shop.post("/v1/phones/rebind", json!({ "to": PHONE })).await.expect(200);
    assert_eq!(shop.try_start(on_device(hers("bound"), &token)).await.expect(201)["device"], "unknown");
}

#[tokio::test]
async fn no_browser_is_given_a_token_by_the_browser_face() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let start = shop.try_start(hers("browser")).await.expect(201);
    let code = server.code(PHONE).await;
    let browser = shop.with_key(start["client_secret"].as_str().unwrap());
    let asked = json!({ "code": code, "trust_device": true });
    let refused = browser.post("/v1/browser/verification/check", asked).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let checked = browser.post("/v1/browser/verification/check", json!({ "code": code })).await.expect(200);
    assert!(!checked.to_string().contains("cvd_"), "{checked}");
    for path in ["/v1/decisions", "/v1/verifications"] {
        assert_eq!(browser.post(path, json!({ "purpose": "login" })).await.status, 401, "{path}");
    }
}
