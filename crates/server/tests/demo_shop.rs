//! The pages of the demo shop against a stand-in for the API: what it asks for, and what it says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must fail")]

#[path = "demo_shop/fake.rs"]
mod fake;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use countersign_core::time::Timestamp;
use countersign_server::clock::{Clock, Randomness};
use countersign_server::demo::shop::{self, DemoShop, ShopSettings};
use fake::{API_KEY, BUSY_PHONE, FakeCountersign};
use tower::ServiceExt as _;

/// 2026-11-23T10:00:00Z: the stand-in's codes live until 10:05 and allow a resend at 10:00:30.
const TEN_O_CLOCK_MS: i64 = 1_795_428_000_000;

/// A customer's browser: follows redirects and keeps the cookie.
struct Browser {
    shop: Router,
    fake: FakeCountersign,
    now_ms: Arc<AtomicI64>,
    cookie: Option<String>,
}

struct Page {
    status: StatusCode,
    html: String,
}

impl Page {
    #[track_caller]
    fn says(&self, words: &str) -> &Self {
        assert!(self.html.contains(words), "{words:?} is not on the page:\n{}", self.html);
        self
    }

    #[track_caller]
    fn does_not_say(&self, words: &str) -> &Self {
        assert!(!self.html.contains(words), "{words:?} is on the page:\n{}", self.html);
        self
    }

    /// The name of this view of the code form.
    #[track_caller]
    fn attempt(&self) -> String {
        let (_, rest) = self.html.split_once(r#"name="attempt" value=""#).expect("a code form");
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    async fn new() -> Self {
        let fake = FakeCountersign::default();
        let now_ms = Arc::new(AtomicI64::new(TEN_O_CLOCK_MS));
        let clock = Arc::clone(&now_ms);
        let draws = AtomicU8::new(0);
        let settings = ShopSettings {
            api_base_url: fake.serve().await,
            api_key: API_KEY.to_owned(),
            origin: "http://localhost:8080".to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            clock: Clock::from_fn(move || Timestamp::from_millis(clock.load(Ordering::Relaxed))),
            randomness: Randomness::from_fn(move || [draws.fetch_add(1, Ordering::Relaxed); 32]),
        };
        Browser { shop: shop::router(DemoShop::new(settings)), fake, now_ms, cookie: None }
    }

    async fn send(&mut self, mut request: Request<Body>) -> Page {
        loop {
            if let Some(cookie) = &self.cookie {
                request.headers_mut().insert("cookie", cookie.parse().unwrap());
            }
            let response = self.shop.clone().oneshot(request).await.unwrap();
            if let Some(set) = response.headers().get("set-cookie") {
                self.cookie = Some(set.to_str().unwrap().split(';').next().unwrap().to_owned());
            }
            if response.status() == StatusCode::SEE_OTHER {
                let to = response.headers()["location"].to_str().unwrap().to_owned();
                request = Request::get(to).body(Body::empty()).unwrap();
                continue;
            }
            let status = response.status();
            let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            return Page { status, html: String::from_utf8(body.to_vec()).unwrap() };
        }
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Page {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Up to the code page.
    async fn check_out(&mut self) -> Page {
        self.get("/shop/checkout").await;
        self.post("/shop/checkout", "phone=%2B447700900123&locale=de").await
    }

    async fn enter(&mut self, code: &str) -> Page {
        let attempt = self.get("/shop/code").await.attempt();
        self.post("/shop/code", &format!("code={code}&attempt={attempt}")).await
    }
}

#[tokio::test]
async fn the_right_code_pays_and_the_page_shows_what_was_checked() {
    let mut browser = Browser::new().await;
    browser.check_out().await.says("€179.90").says("Birch &#38; Bolt").says("+44•••••••123");
    let page = browser.enter("123%20456").await;
    page.says("Enter the code"); // "123 456" is folded by the real API, not by the stand-in
    let page = browser.enter("123456").await;
    page.says("Paid. Thank you.").says("+44•••••••123").says("ver_fake").says("&#34;amr&#34;");
    page.does_not_say("+447700900123").does_not_say("e30.");

    let started = browser.fake.started();
    assert_eq!(started["purpose"], "payment");
    assert_eq!(started["locale"], "de");
    assert_eq!(started["transaction"]["amount"], "179.90");
    assert_eq!(started["presentation"]["origin"], "http://localhost:8080");
    let cookie = browser.cookie.clone().unwrap();
    assert!(!cookie.contains(started["session"].as_str().unwrap()), "the session's name is not the cookie");
}

#[tokio::test]
async fn p7_an_amount_that_was_raised_before_the_check_is_refused() {
    let mut browser = Browser::new().await;
    browser.check_out().await;
    browser.post("/shop/tamper", "what=raise_now").await.says("Tampered.").says("€4999.00");
    let page = browser.enter("123456").await;
    page.says("Countersign refused this payment")
        .says("€4999.00")
        .says("transaction_mismatch")
        .says("denied");
    page.does_not_say("Paid. Thank you.");
    let paths: Vec<_> = browser.fake.calls().into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["start", "check", "get"], "no proof, so nothing to redeem");
}

#[tokio::test]
async fn p7_an_amount_that_was_lowered_before_the_payment_is_refused() {
    let mut browser = Browser::new().await;
    browser.check_out().await;
    browser.post("/shop/tamper", "what=lower_before_payment").await.says("The trap is set.");
    let page = browser.enter("123456").await;
    page.says("Countersign refused this payment").says("€0.01").says("binding_mismatch /transaction");
    page.does_not_say("Paid. Thank you.");
}

#[tokio::test]
async fn tampering_that_was_undone_changes_nothing() {
    let mut browser = Browser::new().await;
    browser.check_out().await;
    browser.post("/shop/tamper", "what=raise_now").await;
    browser.post("/shop/tamper", "what=undo").await.does_not_say("Tampered.");
    browser.enter("123456").await.says("Paid. Thank you.");
}

#[tokio::test]
async fn a_mistyped_code_costs_no_attempt() {
    let mut browser = Browser::new().await;
    browser.check_out().await;
    let page = browser.enter("12345").await;
    page.says("You have not entered enough numbers, the code must be 6 numbers")
        .says("aria-invalid=\"true\"");
    assert_eq!(browser.fake.calls().len(), 1, "only the start");
}

#[tokio::test]
async fn wrong_codes_count_down_at_the_end_and_then_close_the_payment() {
    let mut browser = Browser::new().await;
    browser.check_out().await;
    browser.enter("000000").await.says("That code is not right.").says("2 tries left.");
    browser.enter("000001").await.says("This is your last try.");
    browser.enter("000002").await.says("one wrong code too many").says("Nothing was charged");
    browser.get("/shop/code").await.says("one wrong code too many");
}

#[tokio::test]
async fn a_form_sent_twice_is_one_attempt() {
    let mut browser = Browser::new().await;
    let attempt = browser.check_out().await.attempt();
    for _ in 0..2 {
        browser.post("/shop/code", &format!("code=000000&attempt={attempt}")).await;
    }
    let keys: Vec<_> = browser.fake.calls().into_iter().filter(|(path, _)| path == "check").collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0].1, keys[1].1, "the real API gives both the same answer");
}

#[tokio::test]
async fn a_redeem_without_an_answer_is_repeated_with_the_same_proof() {
    let mut browser = Browser::new().await;
    browser.check_out().await;
    browser.fake.fail_next_redeem();
    browser.enter("123456").await.says("Please try again.").does_not_say("Paid. Thank you.");
    browser.enter("123456").await.says("Paid. Thank you.");
    let redeems: Vec<_> = browser.fake.calls().into_iter().filter(|(path, _)| path == "redeem").collect();
    assert!(redeems[0].1.is_some());
    assert_eq!(redeems[0], redeems[1]);
}

#[tokio::test]
async fn an_expired_code_says_so_and_keeps_the_cart() {
    let mut browser = Browser::new().await;
    browser.check_out().await;
    browser.fake.expire();
    browser.enter("123456").await.says("That code has expired").says("your cart is as it was");
}

#[tokio::test]
async fn another_message_waits_for_its_time() {
    let mut browser = Browser::new().await;
    let attempt = browser.check_out().await.says("You can ask for another one in 30 seconds").attempt();
    let form = format!("attempt={attempt}");
    browser.post("/shop/resend", &form).await.says("A message is on its way.");
    assert!(browser.fake.calls().iter().all(|(path, _)| path != "resend"));

    browser.now_ms.fetch_add(30_000, Ordering::Relaxed);
    browser.post("/shop/resend", &form).await.says("We sent the message again. The code is the same.");
}

#[tokio::test]
async fn cancel_and_this_was_not_me_end_the_verification() {
    for (path, call, words) in [
        ("/shop/cancel", "cancel", "Payment cancelled"),
        ("/shop/report", "report", "Thank you for telling us"),
    ] {
        let mut browser = Browser::new().await;
        browser.check_out().await;
        browser.post(path, "").await.says(words);
        assert!(browser.fake.calls().iter().any(|(path, _)| path == call));
        browser.post("/shop/new", "").await.says("Your cart");
        browser.get("/shop/order").await.says("Your cart");
    }
}

#[tokio::test]
async fn refusals_of_a_start_are_said_humanely() {
    let mut browser = Browser::new().await;
    browser.get("/shop/checkout").await;
    let busy =
        browser.post("/shop/checkout", &format!("phone={}&locale=en", BUSY_PHONE.replace('+', "%2B"))).await;
    assert_eq!(busy.status, StatusCode::UNPROCESSABLE_ENTITY);
    busy.says("Try again in 90 seconds").says("phone_limit");
    let wrong = browser.post("/shop/checkout", "phone=12&locale=en").await;
    wrong.says("This number cannot receive our codes").says("value=\"12\"");
    browser.post("/shop/checkout", "phone=+&locale=en").await.says("Enter your mobile number");
}

#[tokio::test]
async fn a_browser_without_cookies_is_told_so() {
    let mut browser = Browser::new().await;
    let page = browser.post("/shop/checkout", "phone=%2B447700900123&locale=en").await;
    page.says("The shop needs a cookie");
    assert!(browser.fake.calls().is_empty());
}

#[tokio::test]
async fn a_phone_number_is_escaped_on_the_page() {
    let mut browser = Browser::new().await;
    browser.get("/shop/checkout").await;
    let page = browser.post("/shop/checkout", "phone=%22%3E%3Cscript%3E&locale=en").await;
    page.does_not_say("<script>");
}

#[tokio::test]
async fn forms_of_other_sites_and_huge_forms_are_refused() {
    let browser = Browser::new().await;
    let post = |origin: &str, body: String| {
        Request::post("/shop/checkout")
            .header("host", "localhost:8080")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    let form = "phone=%2B447700900123&locale=en";
    let foreign = browser.shop.clone().oneshot(post("https://evil.example", form.to_owned())).await.unwrap();
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let own = browser.shop.clone().oneshot(post("http://localhost:8080", form.to_owned())).await.unwrap();
    assert_eq!(own.status(), StatusCode::UNPROCESSABLE_ENTITY, "no cookie yet");
    let huge = format!("{form}&x={}", "x".repeat(5000));
    let huge = browser.shop.clone().oneshot(post("http://localhost:8080", huge)).await.unwrap();
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn pages_forbid_inline_scripts_and_caching() {
    let browser = Browser::new().await;
    let response =
        browser.shop.clone().oneshot(Request::get("/shop").body(Body::empty()).unwrap()).await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(response.headers()["cache-control"], "no-store");
}
