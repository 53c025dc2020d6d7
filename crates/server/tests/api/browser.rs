//! `/v1/browser/verification`: what a customer's own browser may ask.

use countersign_server::clock;
use countersign_server::http::pace::TICK;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Answer, PHONE, Server, Shop, code_in, other_than, payment_body, start_body, with};

const SHOP_ORIGIN: &str = "https://shop.example";

/// A page that holds a client secret.
struct Page(Shop);

impl Page {
    fn of(shop: &Shop, started: &Value) -> Self {
        Page(shop.with_key(started["client_secret"].as_str().unwrap()))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.0.request(method, &format!("/v1/browser/verification{path}")).header("origin", SHOP_ORIGIN)
    }

    async fn try_show(&self) -> Answer {
        self.0.send(self.request(Method::GET, "")).await
    }

    async fn show(&self) -> Value {
        self.try_show().await.expect(200)
    }

    async fn try_check(&self, code: &str) -> Answer {
        self.0.send(self.request(Method::POST, "/check").json(&json!({ "code": code }))).await
    }

    async fn check(&self, code: &str) -> Value {
        self.try_check(code).await.expect(200)
    }

    async fn resend(&self) -> Answer {
        self.0.send(self.request(Method::POST, "/resend").json(&json!({}))).await
    }

    async fn report(&self) -> Answer {
        self.0.send(self.request(Method::POST, "/report")).await
    }
}

async fn shop_with_a_page(server: &Server) -> Shop {
    let shop = server.test_shop().await;
    shop.patch("/v1/app", json!({ "origins": [SHOP_ORIGIN] })).await.expect(200);
    shop
}

async fn opened(server: &Server, shop: &Shop, body: Value) -> (Page, String, String) {
    let started = shop.try_start(body).await.expect(201);
    let id = started["id"].as_str().unwrap().to_owned();
    (Page::of(shop, &started), id, server.code(PHONE).await)
}

#[tokio::test]
async fn a_page_is_shown_what_its_customer_approves_and_nothing_of_the_shops() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let body = with(with(payment_body(PHONE), "/customer", "c_77"), "/metadata", json!({ "cart": "9" }));
    let (page, id, _) = opened(&server, &shop, body).await;
    let shown = page.show().await;
    let expected = json!({
        "id": id, "state": "pending", "purpose": "payment", "shop": "Shop", "to": "+44•••••••123", "channel": "sms",
        "code": { "length": 6, "alphabet": "numeric" }, "locale": "en",
        "transaction": { "amount": "49.90", "currency": "EUR", "payee": "Shop GmbH" },
        "expires_in_s": 300, "resend_in_s": 30, "usually_within_s": null, "channels": []
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn i16_no_answer_to_a_browser_leaves_before_its_tick() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, _, _) = opened(&server, &shop, start_body(PHONE, "login")).await;
    let stranger = Page(shop.with_key("cvs_nobody"));
    let asked = [
        page.request(Method::GET, ""),
        page.request(Method::POST, "/check").json(&json!({ "code": "12" })),
        stranger.request(Method::GET, ""),
        shop.request(Method::GET, "/verify/nothing"),
    ];
    for request in asked {
        let asked_at = clock::instant();
        shop.send(request).await;
        assert!(clock::instant().saturating_duration_since(asked_at) >= TICK);
    }
}

#[tokio::test]
async fn the_right_code_approves_and_the_proof_goes_to_the_shops_server_alone() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let body = payment_body(PHONE);
    let (page, id, code) = opened(&server, &shop, body.clone()).await;
    let answer = page.try_check(&code).await;
    assert_eq!(answer.expect(200), json!({ "state": "approved", "result": "approved" }));
    assert!(!answer.text().contains("proof") && !page.try_show().await.text().contains("proof"));
    let proof = shop.show(&id).await["proof"].as_str().unwrap().to_owned();
    shop.redeem(&proof, &body).await.expect(200);
}

/// Whatever fails about a payment reads the same, but for the warning before the last tries.
#[tokio::test]
async fn p3_p4_a_failed_payment_does_not_say_what_failed() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, _, code) = opened(&server, &shop, payment_body(PHONE)).await;
    let wrong = other_than(&code);
    let not_approved = json!({ "state": "pending", "result": "not_approved" });
    for left in [2, 1] {
        assert_eq!(page.check(&wrong).await, with(not_approved.clone(), "/attempts_left", left));
    }
    assert_eq!(page.check(&wrong).await, not_approved, "the last try");
    assert_eq!(page.check(&wrong).await, not_approved, "used up");
    assert_eq!(page.check(&code).await, not_approved, "used up, with the right code");
    assert_eq!(page.show().await["state"], "pending");
    let exhausted = page.show().await;
    assert_eq!(
        (&exhausted["resend_in_s"], &exhausted["channels"]),
        (&json!(30), &json!([])),
        "as if it waited"
    );
    page.resend().await.problem("not_now");
    server.clock().advance(300);
    let expired = json!({ "state": "expired", "result": "not_approved" });
    assert_eq!(page.check(&code).await, expired);

    let (other, _, code) = opened(&server, &shop, with(payment_body(PHONE), "/session", "sess-2")).await;
    server.clock().advance(300);
    assert_eq!(other.check(&code).await, expired, "an untouched one reads like it");
}

#[tokio::test]
async fn elsewhere_a_page_says_how_many_tries_are_left() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, _, code) = opened(&server, &shop, start_body(PHONE, "login")).await;
    for left in [4, 3, 2, 1, 0] {
        let checked = page.check(&other_than(&code)).await;
        let state = if left == 0 { "exhausted" } else { "pending" };
        assert_eq!(checked, json!({ "state": state, "result": "incorrect", "attempts_left": left }));
    }
    assert_eq!(page.check(&code).await, json!({ "state": "exhausted", "result": "exhausted" }));
}

#[tokio::test]
async fn i15_a_pages_keys_are_its_own() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, id, code) = opened(&server, &shop, start_body(PHONE, "login")).await;
    let wrong = other_than(&code);
    let as_one = || page.request(Method::POST, "/check").header("idempotency-key", "k-1");
    let first = page.0.send(as_one().json(&json!({ "code": wrong }))).await.expect(200);
    assert_eq!(first["attempts_left"], 4);
    assert_eq!(page.0.send(as_one().json(&json!({ "code": wrong }))).await.expect(200), first);
    let taken = [&code[..1], &wrong[..1]];
    let first_digit = ["1", "2", "3"].into_iter().find(|digit| !taken.contains(digit)).expect("one of three");
    let other_wrong = format!("{first_digit}{}", &code[1..]);
    let other = page.0.send(as_one().json(&json!({ "code": other_wrong }))).await;
    assert_eq!(other.expect(200)["result"], "incorrect", "another guess under the same key is another guess");
    let path = format!("/v1/verifications/{id}/check");
    let by_server = shop.post_as("k-1", &path, json!({ "code": code })).await.expect(200);
    assert_eq!(by_server["result"], "approved", "the shop's own k-1 is another one");
}

#[tokio::test]
async fn another_message_comes_when_it_may_and_never_says_why_not() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, _, code) = opened(&server, &shop, start_body(PHONE, "login")).await;
    assert_eq!(page.resend().await.problem("not_now")["retry_after_s"], 30);
    server.clock().advance(30);
    assert_eq!(page.show().await["resend_in_s"], 0);
    assert_eq!(page.resend().await.expect(200)["resend_in_s"], 45);
    assert!(server.text(PHONE, 2).await.contains(&code));
    shop.patch("/v1/app", json!({ "policy": { "phone_limits": { "spacing_s": 0, "per_ten_minutes": 2, "per_hour": 2, "per_day": 2 } } }))
        .await
        .expect(200);
    server.clock().advance(45);
    let limited = page.resend().await.problem("not_now");
    for told in ["violated-policies", "detail", "retry_after_s", "pointer"] {
        assert!(limited.get(told).is_none(), "{limited}");
    }
}

#[tokio::test]
async fn a_customer_who_says_it_was_not_her_ends_it() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, id, code) = opened(&server, &shop, start_body(PHONE, "login")).await;
    assert_eq!(page.report().await.expect(200)["state"], "denied");
    assert_eq!(page.check(&code).await, json!({ "state": "denied", "result": "denied" }));
    assert_eq!(shop.show(&id).await["status"], "denied");
}

#[tokio::test]
async fn two_tabs_see_one_approval() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, id, code) = opened(&server, &shop, start_body(PHONE, "login")).await;
    page.check(&code).await;
    assert_eq!(page.check(&code).await, json!({ "state": "approved", "result": "approved" }));
    assert_eq!(shop.count(&id, "verification.approved").await, 1);
}

/// OWASP ASVS 3.4.2, 3.5.2.
#[tokio::test]
async fn o13_only_registered_origins_may_ask_and_read() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let other = server.test_shop().await;
    other.patch("/v1/app", json!({ "origins": ["https://other.example"] })).await.expect(200);
    let (page, id, code) = opened(&server, &shop, start_body(PHONE, "login")).await;

    let allowed = page.try_show().await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some(SHOP_ORIGIN));
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    assert!(allowed.header("vary").unwrap().to_lowercase().contains("origin"));

    for origin in
        ["https://evil.example", "https://shop.example.evil.example", "null", "https://other.example", ""]
    {
        let path = "/v1/browser/verification/check";
        let request = page.0.request(Method::POST, path).header("origin", origin);
        let refused = page.0.send(request.json(&json!({ "code": other_than(&code) }))).await;
        refused.problem("origin_not_allowed");
        let readable = refused.header("access-control-allow-origin");
        assert_eq!(readable.is_some(), origin == "https://other.example", "{origin}: readable, and refused");
    }
    assert_eq!(shop.show(&id).await["attempts_remaining"], 5, "nothing was counted");

    for (origin, answered) in [(SHOP_ORIGIN, Some(SHOP_ORIGIN)), ("https://evil.example", None)] {
        let preflight = shop
            .request(Method::OPTIONS, "/v1/browser/verification/check")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type,idempotency-key");
        assert_eq!(shop.send(preflight).await.header("access-control-allow-origin"), answered);
    }
    let api = shop.request(Method::GET, "/v1/app").header("origin", SHOP_ORIGIN);
    assert_eq!(
        shop.send(api).await.header("access-control-allow-origin"),
        None,
        "no page reads the shop's API"
    );
}

#[tokio::test]
async fn a_secret_opens_its_own_verification_and_nothing_else_does() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let started = shop.try_start(start_body(PHONE, "login")).await.expect(201);
    let secret = started["client_secret"].as_str().unwrap();
    let forged = format!("{}{}", &secret[..secret.len() - 1], if secret.ends_with('A') { "B" } else { "A" });
    for wrong in [shop.key(), &forged, "cvs_", "", &secret[4..]] {
        Page(shop.with_key(wrong)).try_show().await.problem("unauthorized");
    }
    let page = Page::of(&shop, &started);
    page.0.get("/v1/app").await.problem("unauthorized");
    page.0
        .get(&format!("/v1/verifications/{}", started["id"].as_str().unwrap()))
        .await
        .problem("unauthorized");
    assert_eq!(page.show().await["id"], started["id"]);
}

/// Wrong guesses cost tries, and the phone its failures, only for whoever has the secret.
#[tokio::test]
async fn i2_who_has_no_secret_spends_nobodys_attempts() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, id, code) = opened(&server, &shop, start_body(PHONE, "login")).await;
    let stranger = Page(shop.with_key("cvs_AAAA"));
    for _ in 0..10 {
        stranger.try_check(&other_than(&code)).await.problem("unauthorized");
    }
    assert_eq!(shop.show(&id).await["attempts_remaining"], 5);
    assert_eq!(page.check(&code).await["result"], "approved");
}

#[tokio::test]
async fn a_secret_opens_nothing_an_hour_later() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let (page, id, code) = opened(&server, &shop, start_body(PHONE, "login")).await;
    page.check(&code).await;
    server.clock().advance(3600);
    page.try_show().await.problem("unauthorized");
    page.report().await.problem("unauthorized");
    assert_eq!(shop.show(&id).await["status"], "approved", "nobody voids it with an old secret");
}

/// A soft lock refuses even the right code, and a browser is not told that there is one.
#[tokio::test]
async fn a_locked_phone_reads_like_a_wrong_code() {
    let server = Server::start().await;
    let unspaced = json!({ "spacing_s": 0, "per_ten_minutes": 20, "per_hour": 20, "per_day": 20 });
    let shop = server.test_shop_with(json!({ "phone_limits": unspaced })).await;
    shop.patch("/v1/app", json!({ "origins": [SHOP_ORIGIN] })).await.expect(200);
    let mut pages = Vec::new();
    for session in ["s-1", "s-2", "s-3"] {
        let body = with(start_body(PHONE, "login"), "/session", session);
        let started = shop.try_start(body).await.expect(201);
        let text = server.text(PHONE, pages.len() + 1).await;
        pages.push((Page::of(&shop, &started), started["id"].clone(), code_in(&text)));
    }
    for (page, _, code) in &pages[..2] {
        for _ in 0..5 {
            page.check(&other_than(code)).await;
        }
    }
    let (page, id, code) = &pages[2];
    shop.try_check(id.as_str().unwrap(), code).await.problem("phone_locked");
    assert_eq!(page.check(code).await, json!({ "state": "pending", "result": "incorrect" }));
}

#[tokio::test]
async fn a_repeated_start_gives_the_same_secret_and_link_and_reading_gives_none() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let body = start_body(PHONE, "login");
    let first = shop.post_as("s-1", "/v1/verifications", body.clone()).await.expect(201);
    let again = shop.post_as("s-1", "/v1/verifications", body.clone()).await.expect(201);
    assert_eq!((&again["client_secret"], &again["url"]), (&first["client_secret"], &first["url"]));
    let anew = shop.try_start(body).await.expect(200);
    assert_eq!(anew["client_secret"], first["client_secret"]);
    assert_ne!(anew["url"], first["url"], "each start has a link of its own, since each opens once");
    let shown = shop.show(first["id"].as_str().unwrap()).await;
    assert!(shown.get("client_secret").is_none() && shown.get("url").is_none());
}

#[tokio::test]
async fn customers_are_sent_back_only_where_the_app_allows() {
    let server = Server::start().await;
    let shop = shop_with_a_page(&server).await;
    let back = "https://shop.example/done";
    shop.patch("/v1/app", json!({ "return_urls": [back] })).await.expect(200);
    let presented = |presentation: Value| with(start_body(PHONE, "login"), "/presentation", presentation);
    for wrong in [
        "https://shop.example/done/",
        "https://shop.example/done?x=1",
        "https://evil.example/done",
        "javascript:alert(1)",
        "//shop.example/done",
    ] {
        let start = presented(json!({ "mode": "page", "return_url": wrong }));
        shop.try_start(start).await.wrong_field("/presentation/return_url");
    }
    shop.try_start(presented(json!({ "mode": "page", "state": "s" })))
        .await
        .wrong_field("/presentation/state");
    let started =
        shop.try_start(presented(json!({ "mode": "page", "return_url": back, "state": "s" }))).await;
    assert!(started.expect(201)["url"].as_str().unwrap().contains("/verify/"));
}

#[tokio::test]
async fn places_and_looks_of_an_app_are_checked() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (pointer, value) in [
        ("/origins/0", json!({ "origins": ["*"] })),
        ("/origins/1", json!({ "origins": ["https://shop.example", "http://shop.example"] })),
        ("/origins", json!({ "origins": vec!["https://shop.example"; 21] })),
        ("/return_urls/0", json!({ "return_urls": ["https://shop.example/#x"] })),
        ("/branding/accent", json!({ "branding": { "accent": "red" } })),
        ("/branding/logo", json!({ "branding": { "logo": "https://shop.example/logo.png" } })),
        ("/branding", json!({ "branding": [null, null] })),
        ("/branding/font", json!({ "branding": { "font": "x" } })),
        ("/branding/texts/sv", json!({ "branding": { "texts": { "sv": { "back": "x" } } } })),
        ("/branding/texts/de/title", json!({ "branding": { "texts": { "de": { "title": "x" } } } })),
        ("/branding/texts/de/back", json!({ "branding": { "texts": { "de": { "back": " " } } } })),
    ] {
        shop.patch("/v1/app", value).await.wrong_field(pointer);
    }
    let branding =
        json!({ "accent": "#1a5fb4", "texts": { "de": { "heading": { "login": "Los geht's" } } } });
    let set = json!({ "origins": ["https://Shop.example:443"], "return_urls": ["https://shop.example"], "branding": branding });
    let app = shop.patch("/v1/app", set).await.expect(200);
    assert_eq!(app["origins"], json!(["https://shop.example"]));
    assert_eq!(app["return_urls"], json!(["https://shop.example/"]));
    assert_eq!(app["branding"], branding);
}
