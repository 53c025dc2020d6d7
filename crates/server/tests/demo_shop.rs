//! The pages of the demo shop against a stand-in for the API: what it asks for, what it believes, and what it says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

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
use fake::{API_KEY, BUSY_PHONE, FakeCountersign, ISSUER, TEN_O_CLOCK};
use tower::ServiceExt as _;

const PHONE: &str = "phone=%2B44%207700%20900123&locale=de";

/// A customer's browser: follows the shop's redirects and keeps its cookie.
struct Browser {
    shop: Router,
    fake: FakeCountersign,
    now_ms: Arc<AtomicI64>,
    cookie: Option<String>,
    forms: u32,
}

struct Page {
    status: StatusCode,
    html: String,
    /// Where it was, or where it leads: to another origin nobody follows.
    at: String,
    policy: String,
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
}

impl Browser {
    async fn new() -> Self {
        let fake = FakeCountersign::default();
        let now_ms = Arc::new(AtomicI64::new(TEN_O_CLOCK.as_millis()));
        let clock = Arc::clone(&now_ms);
        let draws = AtomicU8::new(0);
        let settings = ShopSettings {
            api_base_url: fake.serve().await,
            countersign_url: ISSUER.to_owned(),
            api_key: API_KEY.to_owned(),
            app: fake::app().to_string(),
            origin: "http://localhost:8081".to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            clock: Clock::from_fn(move || Timestamp::from_millis(clock.load(Ordering::Relaxed))),
            randomness: Randomness::from_fn(move || [draws.fetch_add(1, Ordering::Relaxed); 32]),
        };
        let shop = shop::router(DemoShop::new(settings));
        let mut browser = Browser { shop, fake, now_ms, cookie: None, forms: 0 };
        browser.get("/shop").await;
        browser
    }

    async fn send(&mut self, mut request: Request<Body>) -> Page {
        loop {
            if let Some(cookie) = &self.cookie {
                request.headers_mut().insert("cookie", cookie.parse().unwrap());
            }
            let mut at = request.uri().to_string();
            let response = self.shop.clone().oneshot(request).await.unwrap();
            if let Some(set) = response.headers().get("set-cookie") {
                self.cookie = Some(set.to_str().unwrap().split(';').next().unwrap().to_owned());
            }
            if response.status() == StatusCode::SEE_OTHER {
                at = response.headers()["location"].to_str().unwrap().to_owned();
                if at.starts_with('/') {
                    request = Request::get(at).body(Body::empty()).unwrap();
                    continue;
                }
            }
            let status = response.status();
            let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
            let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            return Page { status, html: String::from_utf8(body.to_vec()).unwrap(), at, policy };
        }
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Page {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// A form of its own, sent once.
    async fn begin(&mut self, task: &str, more: &str) -> Page {
        self.forms += 1;
        let form = format!("{PHONE}&form=form-{}{more}", self.forms);
        self.post(&format!("/shop/{task}"), &form).await
    }

    /// Up to the page with the element; its address.
    async fn wait(&mut self, task: &str, more: &str) -> String {
        self.begin(task, &format!("&presentation=element{more}")).await.says("<countersign-otp ");
        self.begin(task, &format!("&presentation=element{more}")).await.at
    }

    async fn approved(&mut self, task: &str, more: &str) -> Page {
        let at = self.wait(task, more).await;
        self.fake.becomes("approved");
        self.get(&at).await
    }
}

#[tokio::test]
async fn each_task_has_its_purpose_and_does_what_was_approved_and_nothing_else() {
    for (task, purpose, transaction, done, kept) in [
        ("login", "login", "null", "You are logged in", "Logged in as Robin Hale"),
        ("pay", "payment", r#""amount":"179.90""#, "Paid. Thank you.", "€179.90, paid"),
        (
            "address",
            "account_change",
            r#""delivery_address":"7 Elm Row""#,
            "Your address was changed",
            "7 Elm Row",
        ),
        (
            "order",
            "order",
            r#""amount":"179.90""#,
            "Your order is accepted",
            "€179.90, to be paid on delivery",
        ),
    ] {
        let mut browser = Browser::new().await;
        browser.get("/shop").await.does_not_say(kept);
        browser.approved(task, "&address=7+Elm+Row").await.says(done).says("redeemed, for the first time");
        browser.get("/shop").await.says(kept);
        let started = browser.fake.started();
        assert_eq!(started["purpose"], purpose);
        assert_eq!(started["to"], "+447700900123", "as Countersign compares it");
        assert_eq!(started["locale"], "de");
        let said = started["transaction"].to_string();
        assert!(said.contains(transaction), "{said}");
        let cookie = browser.cookie.clone().unwrap();
        assert!(
            !cookie.contains(started["session"].as_str().unwrap()),
            "the session's name is not the cookie"
        );
    }
}

#[tokio::test]
async fn each_presentation_is_started_as_what_it_is_and_the_choice_is_kept() {
    let mut browser = Browser::new().await;
    let page = browser.begin("login", "&presentation=page").await;
    assert_eq!(page.at, format!("{ISSUER}/verify/entry-1"), "the customer goes to Countersign");
    let asked = browser.fake.started()["presentation"].clone();
    assert_eq!(asked["mode"], "page");
    assert_eq!(asked["return_url"], "http://localhost:8081/shop/verified");
    assert_eq!(asked["state"].as_str().unwrap().len(), 32);

    let page = browser.begin("login", "&presentation=element").await;
    page.says(r#"client-secret="cvs_fake""#)
        .says(r#"locale="de""#)
        .says("integrity=\"sha384-")
        .says("<noscript>");
    page.says("/elements/1.0.0/texts/de.js").does_not_say("countersign-frame.v1.js");
    let asked = browser.fake.started()["presentation"].to_string();
    assert_eq!(asked, r#"{"mode":"element","origin":"http://localhost:8081"}"#);

    let page = browser.begin("pay", "&presentation=frame").await;
    page.says(&format!(r#"<countersign-frame src="{ISSUER}/verify/entry-3""#)).does_not_say("cvs_fake");
    let asked = browser.fake.started()["presentation"].to_string();
    assert_eq!(asked, r#"{"mode":"iframe","origin":"http://localhost:8081"}"#);
    browser.get("/shop/order").await.says(r#"value="frame" checked"#).says("value=\"+447700900123\"");
}

#[tokio::test]
async fn the_hosted_pages_return_is_believed_by_its_state_and_shows_what_was_checked() {
    let mut browser = Browser::new().await;
    browser.begin("pay", "&presentation=page").await;
    let started = browser.fake.started();
    let state = started["presentation"]["state"].as_str().unwrap().to_owned();
    browser.fake.becomes("approved");
    let id = browser.fake.proof_id();
    for query in [
        format!("verification={id}&state=00000000000000000000000000000000"),
        format!("verification=ver_other&state={state}"),
        format!("verification={id}"),
        String::new(),
    ] {
        let page = browser.get(&format!("/shop/verified?{query}")).await;
        page.says("This is not yours").does_not_say("Paid");
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
    assert!(browser.fake.calls("get").is_empty() && browser.fake.calls("redeem").is_empty());
    let paid = browser.get(&format!("/shop/verified?verification={id}&state={state}")).await;
    paid.says("Paid. Thank you.").says("EdDSA, key key-5").says("countersign-proof+jwt").says(&id);
    for claim in ["typ", "iss", "aud", "iat, exp", "jti", "phone", "purpose", "sid", "txn", "amr", "epoch"] {
        paid.says(&format!("<code class=\"muted\">{claim}</code>"));
    }
    paid.says("13 comparisons").says("&#34;purpose&#34;: &#34;payment&#34;").does_not_say("check-bad");
    let proof = browser.fake.signed_proof();
    paid.does_not_say(&proof).does_not_say(proof.rsplit('.').next().unwrap());

    let cookie = browser.cookie.take();
    browser.get(&format!("/shop/verified?verification={id}&state={state}")).await.says("This is not yours");
    browser.cookie = cookie;
    browser.get(&format!("/shop/verified?verification={id}&state={state}")).await.says("Paid. Thank you.");
    assert_eq!(browser.fake.calls("redeem").len(), 1, "a reload does nothing again");
}

#[tokio::test]
async fn p7_an_amount_that_was_raised_after_the_message_was_sent_is_refused_by_the_shop_itself() {
    let mut browser = Browser::new().await;
    let at = browser.wait("pay", "&tampering=after_sending").await;
    browser.get(&at).await.says("Tampered").says("€4999.00").says("€179.90");
    browser.fake.becomes("approved");
    let page = browser.get(&at).await;
    page.says("Not paid").says("The shop did not believe the proof.").says("€4999.00").says("€179.90");
    page.says("binding_mismatch /transaction").says("denied").does_not_say("Paid. Thank you.");
    assert_eq!(page.html.matches("class=\"check check-bad\"").count(), 2, "the digest, and the redemption");
    browser.get("/shop").await.does_not_say("€4999.00").does_not_say(", paid");
}

#[tokio::test]
async fn p7_an_amount_that_was_lowered_between_check_and_payment_is_refused_by_countersign() {
    let mut browser = Browser::new().await;
    let at = browser.wait("pay", "&tampering=before_redeeming").await;
    browser.get(&at).await.says("The trap is set");
    browser.fake.becomes("approved");
    let page = browser.get(&at).await;
    page.says("Not paid").says("Countersign refused the proof.").says("€0.01");
    page.says("binding_mismatch /transaction").says("denied").does_not_say("Paid. Thank you.");
    assert_eq!(page.html.matches("class=\"check check-bad\"").count(), 1, "the redemption alone");
}

#[tokio::test]
async fn p7_an_address_that_was_changed_behind_the_customers_back_is_refused() {
    for when in ["after_sending", "before_redeeming"] {
        let mut browser = Browser::new().await;
        let page = browser.approved("address", &format!("&address=7+Elm+Row&tampering={when}")).await;
        page.says("Your address was not changed").says("PO Box 666").says("7 Elm Row");
        browser.get("/shop").await.says("12 Birch Lane").does_not_say("PO Box 666").does_not_say("7 Elm Row");
    }
}

#[tokio::test]
async fn a_proof_that_countersign_did_not_sign_is_refused() {
    let mut browser = Browser::new().await;
    browser.fake.forge();
    let page = browser.approved("login", "").await;
    page.says("You are not logged in").says("The shop did not believe the proof.").says("proof_invalid");
    page.says("this one it did not sign").does_not_say("Claims of the proof");
    browser.get("/shop").await.says("Not logged in");
}

#[tokio::test]
async fn a_proof_that_the_shop_looks_at_too_late_is_refused() {
    let mut browser = Browser::new().await;
    let at = browser.wait("login", "").await;
    browser.fake.becomes("approved");
    browser.now_ms.fetch_add(300_000, Ordering::Relaxed);
    browser.get(&at).await.says("You are not logged in").says("The shop did not believe the proof.");
    browser.get("/shop").await.says("Not logged in");
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_a_new_one_signs() {
    let mut browser = Browser::new().await;
    browser.approved("login", "").await.says("key key-5");
    browser.approved("pay", "").await.says("key key-5");
    assert_eq!(browser.fake.calls("jwks").len(), 1);
    browser.fake.rotate();
    browser.approved("order", "").await.says("key key-6").says("Your order is accepted");
    assert_eq!(browser.fake.calls("jwks").len(), 2);
}

#[tokio::test]
async fn every_end_leads_to_a_page_that_says_so_and_begins_again() {
    for (status, words) in [
        ("expired", "not entered in time"),
        ("exhausted", "one wrong code too many"),
        ("canceled", "You canceled it"),
        ("denied", "Thank you for telling us"),
    ] {
        let mut browser = Browser::new().await;
        let at = browser.wait("order", "").await;
        browser.fake.becomes(status);
        let page = browser.get(&at).await;
        page.says("Nothing was ordered").says(words).says("href=\"/shop/order\"").says("Try again");
        browser.fake.becomes("approved");
        browser.get(&at).await.says("Nothing was ordered");
        browser.get("/shop").await.does_not_say("to be paid on delivery");
    }
}

#[tokio::test]
async fn p3_a_payments_customer_is_not_told_which_of_them_it_was() {
    let mut pages = Vec::new();
    for status in ["expired", "exhausted"] {
        let mut browser = Browser::new().await;
        let at = browser.wait("pay", "").await;
        browser.fake.becomes(status);
        pages.push(browser.get(&at).await.says("The payment was not approved.").html.clone());
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn a_form_sent_twice_and_a_second_tab_are_one_verification() {
    let mut browser = Browser::new().await;
    let form = format!("{PHONE}&form=same&presentation=element");
    let first = browser.post("/shop/pay", &form).await;
    let second = browser.post("/shop/pay", &form).await;
    let other_tab = browser.begin("pay", "&presentation=element").await;
    assert!(first.at == second.at && first.at == other_tab.at);
    assert_eq!(browser.fake.calls("start").len(), 1, "one message");
    browser.fake.becomes("approved");
    for _ in 0..3 {
        browser.get(&first.at).await.says("Paid. Thank you.");
    }
    browser.post("/shop/pay", &form).await.says("Paid. Thank you.");
    assert_eq!(browser.fake.calls("start").len(), 1, "back and again sends no message");
    assert_eq!(browser.fake.calls("redeem").len(), 1);
    let front = browser.get("/shop").await;
    assert_eq!(front.html.matches("€179.90, paid").count(), 1);
}

#[tokio::test]
async fn tabs_at_the_same_moment_do_it_once() {
    let mut browser = Browser::new().await;
    let at = browser.wait("pay", "").await;
    browser.fake.becomes("approved");
    let ask = || {
        let request = Request::get(&at).header("cookie", browser.cookie.clone().unwrap());
        browser.shop.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    for answer in [one, two, three] {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(browser.fake.calls("redeem").len(), 1);
    let front = browser.get("/shop").await;
    assert_eq!(front.html.matches("€179.90, paid").count(), 1);
}

#[tokio::test]
async fn another_choice_cancels_the_first_and_two_tasks_do_not_meet() {
    let mut browser = Browser::new().await;
    let element = browser.wait("pay", "").await;
    let login = browser.wait("login", "").await;
    assert!(browser.fake.calls("cancel").is_empty(), "tasks of two tabs");
    let page = browser.begin("pay", "&presentation=page").await;
    assert!(page.at.starts_with(ISSUER));
    assert_eq!(browser.fake.calls("cancel").len(), 1);
    browser.get(&element).await.says("Not paid").says("You canceled it");
    browser.get(&login).await.says("<countersign-otp ");
}

#[tokio::test]
async fn a_number_may_be_written_in_any_form_and_is_compared_in_one() {
    let mut browser = Browser::new().await;
    let form = "phone=%2B44%20%280%297700-900556&locale=en&presentation=element&form=f";
    let at = browser.post("/shop/login", form).await.says("<countersign-otp ").at.clone();
    browser.fake.becomes("approved");
    browser.get(&at).await.says("You are logged in");
}

#[tokio::test]
async fn a_start_for_another_phone_that_is_refused_ends_nothing() {
    let mut browser = Browser::new().await;
    let at = browser.wait("login", "").await;
    for phone in ["12", &BUSY_PHONE.replace('+', "%2B")] {
        let refused = browser.post("/shop/login", &format!("phone={phone}&locale=en&form={phone}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(browser.fake.calls("cancel").is_empty());
    browser.get(&at).await.says("<countersign-otp ");
    let other = "phone=%2B447700900456&locale=en&presentation=element&form=other";
    browser.post("/shop/login", other).await.says("<countersign-otp ");
    assert_eq!(browser.fake.calls("cancel").len(), 1);
    browser.get(&at).await.says("You canceled it");
}

#[tokio::test]
async fn nothing_is_lost_while_countersign_is_away() {
    let mut browser = Browser::new().await;
    browser.fake.fail_next("start");
    let page = browser.begin("pay", "&presentation=frame&tampering=after_sending").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    page.says("Nothing was sent").says("value=\"+44 7700 900123\"").says(r#"value="frame" checked"#);
    page.says(r#"value="after_sending" checked"#);

    let at = browser.wait("order", "").await;
    browser.fake.fail_next("get");
    let page = browser.get(&at).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    page.says("We could not reach Countersign").says("<countersign-otp ");
    browser.fake.becomes("approved");
    browser.fake.fail_next("redeem");
    browser.get(&at).await.says("We could not reach Countersign").says("you order at most once");
    browser.get(&at).await.says("Your order is accepted");
    let redeems = browser.fake.calls("redeem");
    assert!(redeems.len() == 2 && redeems[0].is_some() && redeems[0] == redeems[1], "{redeems:?}");
    let page = browser.get("/shop").await;
    page.says("to be paid on delivery");
}

#[tokio::test]
async fn the_customer_can_cancel_and_an_approval_that_was_faster_counts() {
    let mut browser = Browser::new().await;
    let at = browser.wait("pay", "").await;
    browser.post(&format!("{at}/cancel"), "").await.says("Not paid").says("You canceled it");
    let at = browser.wait("order", "").await;
    browser.fake.becomes("approved");
    browser.post(&format!("{at}/cancel"), "").await.says("Your order is accepted");
    browser.post("/shop/new", "").await.says("Not logged in").does_not_say("to be paid on delivery");
    browser.get(&at).await.says("This is not yours");
}

#[tokio::test]
async fn refusals_of_a_start_name_the_number_and_the_reason() {
    let mut browser = Browser::new().await;
    let busy =
        browser.post("/shop/login", &format!("phone={}&locale=en", BUSY_PHONE.replace('+', "%2B"))).await;
    assert_eq!(busy.status, StatusCode::UNPROCESSABLE_ENTITY);
    busy.says("We have sent many messages to +447700900429. Try again in 90 seconds").says("phone_limit");
    let wrong = browser.post("/shop/login", "phone=12&locale=en").await;
    wrong.says("We cannot send a message to 12: that is not a whole number.").says("aria-invalid=\"true\"");
    browser.post("/shop/login", "phone=+&locale=en").await.says("Enter your mobile number");
    browser.post("/shop/address", &format!("{PHONE}&address=+")).await.says("Enter the new address");
    let long = "x".repeat(201);
    browser.post("/shop/address", &format!("{PHONE}&address={long}")).await.says("an address of one line");
}

#[tokio::test]
async fn a_browser_without_cookies_is_told_so() {
    let mut browser = Browser::new().await;
    browser.cookie = None;
    let page = browser.post("/shop/login", &format!("{PHONE}&form=a")).await;
    page.says("The shop needs a cookie");
    assert!(browser.fake.calls("start").is_empty());
}

#[tokio::test]
async fn a_bare_address_has_the_hosted_page_and_says_why_no_other() {
    let mut browser = Browser::new().await;
    let request = |method: &str, body: String| {
        Request::builder()
            .method(method)
            .uri("/shop/login")
            .header("host", "127.0.0.1:8081")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    let form = browser.send(request("GET", String::new())).await;
    form.says("You opened the shop at a bare address").says("http://localhost:8081/shop/login");
    assert_eq!(form.html.matches(" disabled>").count(), 2);
    let element = browser.send(request("POST", format!("{PHONE}&presentation=element&form=a"))).await;
    element.says("At a bare address only the hosted page works");
    let page = browser.send(request("POST", format!("{PHONE}&presentation=page&form=b"))).await;
    assert!(page.at.starts_with(ISSUER));
    let asked = browser.fake.started()["presentation"]["return_url"].clone();
    assert_eq!(asked, "http://127.0.0.1:8081/shop/verified", "where the cookie is");
}

#[tokio::test]
async fn what_is_typed_is_escaped_on_the_page() {
    let mut browser = Browser::new().await;
    let page = browser.post("/shop/login", "phone=%22%3E%3Cscript%3E&locale=en").await;
    page.does_not_say("<script>");
    let page =
        browser.begin("address", "&presentation=element&address=%3Cscript%3Ealert()%3C%2Fscript%3E").await;
    page.does_not_say("<script>alert");
}

#[tokio::test]
async fn forms_of_other_sites_and_huge_forms_are_refused() {
    let browser = Browser::new().await;
    let post = |origin: &str, body: String| {
        Request::post("/shop/login")
            .header("host", "localhost:8081")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    for foreign in ["https://evil.example", "http://localhost:8080"] {
        let answer = browser.shop.clone().oneshot(post(foreign, PHONE.to_owned())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{foreign}");
    }
    let own = browser.shop.clone().oneshot(post("http://localhost:8081", PHONE.to_owned())).await.unwrap();
    assert_eq!(own.status(), StatusCode::UNPROCESSABLE_ENTITY, "no cookie");
    let huge = format!("{PHONE}&x={}", "x".repeat(5000));
    let huge = browser.shop.clone().oneshot(post("http://localhost:8081", huge)).await.unwrap();
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn pages_forbid_inline_scripts_and_reach_countersign_only_where_they_must() {
    let mut browser = Browser::new().await;
    let front = browser.get("/shop").await;
    assert!(
        front.policy.contains("default-src 'none'") && !front.policy.contains(ISSUER),
        "{}",
        front.policy
    );
    let at = browser.wait("pay", "").await;
    let waiting = browser.get(&at).await;
    assert!(waiting.policy.contains(&format!("script-src 'self' {ISSUER}")), "{}", waiting.policy);
    for page in [front, waiting] {
        assert!(
            page.policy.contains("require-trusted-types-for 'script'") && !page.policy.contains("unsafe")
        );
    }
}
