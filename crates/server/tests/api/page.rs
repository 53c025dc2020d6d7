//! The hosted page, as plain forms: what a browser without script does. `./test browser` drives it in a real one.

use std::collections::HashMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::harness::{Answer, PHONE, Server, Setup, Shop, other_than, payment_body, start_body, with};

pub(crate) const BACK: &str = "https://shop.example/checkout/verified";

/// A browser: keeps cookies, sends forms as they stand in the page, follows nothing by itself.
pub(crate) struct Browser {
    base_url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) cookies: HashMap<String, String>,
    page: String,
    pub(crate) path: String,
}

impl Browser {
    pub(crate) fn new(server: &Server) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Browser {
            base_url: server.url.clone(),
            http,
            cookies: HashMap::new(),
            page: String::new(),
            path: String::new(),
        }
    }

    pub(crate) fn url(&self, target: &str) -> String {
        let path = target.split_once("/verify/").map_or(target, |(_, rest)| rest);
        format!("{}/verify/{path}", self.base_url)
    }

    fn cookie_line(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub(crate) async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.header(COOKIE, self.cookie_line()).header("accept-language", "en");
        let answer = Answer::of(request.send().await.unwrap()).await;
        for set in answer.headers.get_all(SET_COOKIE) {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        if answer.status < 300 || answer.status == 422 {
            self.page = answer.text();
        }
        answer
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        let request = self.http.get(self.url(target));
        self.send(request).await
    }

    /// Goes through an entry to the page.
    pub(crate) async fn enter(&mut self, url: &str) -> Answer {
        let entered = self.get(url).await;
        assert_eq!(entered.status, 303, "{}", entered.text());
        entered.headers[LOCATION].to_str().unwrap().clone_into(&mut self.path);
        assert!(["ver_", "pag_"].iter().any(|of| self.path.contains(of)), "{}", self.path);
        let path = self.path.clone();
        let page = self.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = self.page.find(&format!("name=\"{name}\" value=\"")).expect("a hidden field");
        self.page[start..].split('"').nth(3).unwrap().to_owned()
    }

    pub(crate) async fn post(&mut self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.http.post(self.url(&format!("{}/{action}", self.path))).form(fields);
        self.send(request.header("sec-fetch-site", "same-origin")).await
    }

    pub(crate) async fn submit(&mut self, code: &str) -> Answer {
        let (csrf, request) = (self.hidden("csrf"), self.hidden("request"));
        self.post("check", &[("csrf", &csrf), ("request", &request), ("code", code)]).await
    }

    async fn resend(&mut self) -> Answer {
        let (csrf, request) = (self.hidden("csrf"), self.hidden("request"));
        self.post("resend", &[("csrf", &csrf), ("request", &request)]).await
    }

    pub(crate) async fn look(&mut self) -> String {
        let path = self.path.clone();
        self.get(&path).await.text()
    }
}

pub(crate) async fn shop_with_a_way_back(server: &Server) -> Shop {
    let unspaced = json!({ "spacing_s": 0, "per_ten_minutes": 20, "per_hour": 20, "per_day": 20 });
    let shop = server.test_shop_with(json!({ "phone_limits": unspaced })).await;
    shop.patch("/v1/app", json!({ "return_urls": [BACK], "origins": ["https://shop.example"] }))
        .await
        .expect(200);
    shop
}

fn on_the_page(body: Value) -> Value {
    with(body, "/presentation", json!({ "mode": "page", "return_url": BACK, "state": "s-1" }))
}

async fn start(shop: &Shop, body: Value) -> (String, String) {
    let started = shop.try_start(body).await.expect(201);
    let text = |member: &str| started[member].as_str().unwrap().to_owned();
    (text("id"), text("url"))
}

pub(crate) fn location(answer: &Answer) -> &str {
    answer.headers[LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn a_customer_without_script_types_the_code_and_goes_back_to_the_shop() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (id, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    let mut browser = Browser::new(&server);
    let page = browser.enter(&url).await;
    for shown in
        ["Approve your payment", "49.90 EUR", "Shop GmbH", "+44•••••••123", "<html lang=\"en\" dir=\"ltr\">"]
    {
        assert!(page.text().contains(shown), "{shown}: {}", page.text());
    }
    let amount_at = page.text().find("49.90 EUR").unwrap();
    assert!(amount_at < page.text().find("name=\"code\"").unwrap(), "what is paid stands before the code");
    let done = browser.submit(&server.code(PHONE).await).await;
    assert_eq!((done.status, location(&done)), (303, format!("{BACK}?verification={id}&state=s-1").as_str()));
    assert_eq!(shop.show(&id).await["status"], "approved");
    assert!(browser.look().await.contains("Done"));
}

/// Nothing in a history, a log or a referrer opens anything.
#[tokio::test]
async fn a_link_opens_once_and_only_for_who_came_first() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (_, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    let mut customer = Browser::new(&server);
    let looked = customer.http.head(customer.url(&url));
    assert_eq!(customer.send(looked).await.status, 503, "a look does not use it up");
    let ahead = customer.http.get(customer.url(&url)).header("sec-purpose", "prefetch");
    assert_eq!(customer.send(ahead).await.status, 503, "nor a prefetch");
    customer.enter(&url).await;
    assert_eq!(customer.get(&url).await.status, 303, "her own back button comes back to the page");
    let mut thief = Browser::new(&server);
    let closed = thief.get(&url).await;
    assert_eq!(closed.status, 404);
    assert!(closed.text().contains("This link no longer works"));
    let path = customer.path.clone();
    assert_eq!(thief.get(&path).await.status, 404, "nor does the address of the page");
    assert!(!customer.path.contains(url.rsplit('/').next().unwrap()));
}

#[tokio::test]
async fn many_at_once_at_a_link_let_one_in() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (_, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let browser = Browser::new(&server);
        let url = browser.url(&url);
        tasks.spawn(async move { browser.http.get(url).send().await.unwrap().status().as_u16() });
    }
    let statuses = tasks.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
}

#[tokio::test]
async fn a_link_of_nobody_opens_nothing() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (id, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    let mut browser = Browser::new(&server);
    let forged = format!("{}{}", &url[..url.len() - 1], if url.ends_with('A') { "B" } else { "A" });
    for wrong in [forged.as_str(), "/verify/x", "/verify/ver_x", &format!("/verify/{id}"), "/verify/%00"] {
        let closed = browser.get(wrong).await;
        assert_eq!(closed.status, 404, "{wrong}");
        assert!(closed.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    }
    browser.enter(&url).await;
}

#[tokio::test]
async fn a_cookie_of_one_verification_is_none_of_another() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let in_session = |session: &str| on_the_page(with(start_body(PHONE, "login"), "/session", session));
    let (_, own_url) = start(&shop, in_session("own")).await;
    let (other, _) = start(&shop, in_session("other")).await;
    let mut browser = Browser::new(&server);
    browser.enter(&own_url).await;
    let own_cookie = browser.cookies.values().next().unwrap().clone();
    browser.cookies.insert(format!("cs-{}", other.trim_start_matches("ver_")), own_cookie);
    assert_eq!(browser.get(&format!("/verify/{other}")).await.status, 404);
}

#[tokio::test]
async fn a_later_start_of_the_session_says_where_it_goes() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let body = with(start_body(PHONE, "login"), "/session", "sess-1");
    let (id, _) = start(&shop, on_the_page(body.clone())).await;
    let later = with(body, "/presentation", json!({ "mode": "page", "return_url": BACK, "state": "s-2" }));
    let again = shop.try_start(later).await.expect(200);
    let mut browser = Browser::new(&server);
    browser.enter(again["url"].as_str().unwrap()).await;
    let done = browser.submit(&server.code(PHONE).await).await;
    assert_eq!(location(&done), format!("{BACK}?verification={id}&state=s-2"));
}

#[tokio::test]
async fn an_old_link_opens_nothing_though_nobody_used_it() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (_, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    server.clock().advance(3600);
    assert_eq!(Browser::new(&server).get(&url).await.status, 404);
}

#[tokio::test]
async fn what_can_be_no_code_costs_no_try_and_a_wrong_code_does() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (id, url) = start(&shop, on_the_page(start_body(PHONE, "login"))).await;
    let mut browser = Browser::new(&server);
    browser.enter(&url).await;
    for (typed, words) in [
        ("", "Enter the code as it is in the message"),
        ("12345", "You have not entered the whole code"),
        ("1234567", "only digits or letters"),
        ("12345x", "digits or letters"),
        ("<script>", "digits or letters"),
    ] {
        let answer = browser.submit(typed).await;
        assert_eq!(answer.status, 422);
        assert!(
            answer.text().contains(words) && !answer.text().contains("<script>"),
            "{typed}: {}",
            answer.text()
        );
        assert!(answer.text().contains("aria-invalid=\"true\"") && answer.text().contains("<title>Error:"));
    }
    assert_eq!(shop.show(&id).await["attempts_remaining"], 5);
    let code = server.code(PHONE).await;
    let wrong = browser.submit(&other_than(&code)).await;
    assert!(wrong.status == 422 && wrong.text().contains("tries left"), "{}", wrong.text());
    assert_eq!(shop.show(&id).await["attempts_remaining"], 4);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    assert_eq!(browser.submit(&spaced).await.status, 303);
    assert_eq!(shop.show(&id).await["status"], "approved");
}

/// A double click, and a reload of the answer.
#[tokio::test]
async fn the_same_form_is_one_guess_and_one_message() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (id, url) = start(&shop, on_the_page(start_body(PHONE, "login"))).await;
    let mut browser = Browser::new(&server);
    browser.enter(&url).await;
    let wrong = other_than(&server.code(PHONE).await);
    let (csrf, request) = (browser.hidden("csrf"), browser.hidden("request"));
    for _ in 0..3 {
        let form = [("csrf", csrf.as_str()), ("request", &request), ("code", &wrong)];
        assert_eq!(browser.post("check", &form).await.status, 422);
    }
    assert_eq!(shop.show(&id).await["attempts_remaining"], 4);
    server.clock().advance(30);
    browser.look().await;
    let (csrf, request) = (browser.hidden("csrf"), browser.hidden("request"));
    for _ in 0..3 {
        let form = [("csrf", csrf.as_str()), ("request", request.as_str())];
        let sent = browser.post("resend", &form).await;
        assert_eq!((sent.status, location(&sent)), (303, format!("{}?resent", browser.path).as_str()));
    }
    server.text(PHONE, 2).await;
    assert_eq!(server.inbox(PHONE).len(), 2);
    let answer = browser.get(&format!("{}?resent", browser.path.clone())).await;
    assert!(answer.text().contains("We sent another message"));
    assert_eq!(location(&browser.resend().await), format!("{}?not-now", browser.path));
}

/// OWASP ASVS 3.5.1: forms of other sites, of other sessions and of nobody.
#[tokio::test]
async fn o13_a_form_that_is_not_this_pages_is_refused() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (id, url) = start(&shop, on_the_page(start_body(PHONE, "login"))).await;
    let mut browser = Browser::new(&server);
    browser.enter(&url).await;
    let code = server.code(PHONE).await;
    let csrf = browser.hidden("csrf");
    let form = [("csrf", csrf.as_str()), ("code", code.as_str())];

    let mut other = Browser::new(&server);
    let second = on_the_page(with(start_body(PHONE, "login"), "/session", "another"));
    let (_, other_url) = start(&shop, second).await;
    other.enter(&other_url).await;
    let replayed = other.hidden("csrf");
    for token in ["", "x", &replayed] {
        let refused = browser.post("check", &[("csrf", token), ("code", &code)]).await;
        assert_eq!(refused.status, 403, "{token}");
    }
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for action in ["check", "resend", "report"] {
            let request = browser.http.post(browser.url(&format!("{}/{action}", browser.path))).form(&form);
            assert_eq!(browser.send(request.header(name, value)).await.status, 403, "{name}: {value}");
        }
    }
    let mut nobody = Browser::new(&server);
    nobody.path.clone_from(&browser.path);
    assert_eq!(nobody.post("check", &form).await.status, 404);
    let shown = shop.show(&id).await;
    assert_eq!((&shown["status"], &shown["attempts_remaining"]), (&json!("pending"), &json!(5)));
}

#[tokio::test]
async fn o13_each_page_says_what_may_run_and_who_may_show_it() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (_, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    let mut browser = Browser::new(&server);
    let first = browser.enter(&url).await;
    let path = browser.path.clone();
    let second = browser.get(&path).await;
    let nonce = |answer: &Answer| {
        let policy = answer.header("content-security-policy").unwrap().to_owned();
        let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(answer.text().contains(&format!("nonce=\"{nonce}\"")));
        assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'")
                && policy.contains("require-trusted-types-for 'script'")
        );
        nonce
    };
    assert_ne!(nonce(&first), nonce(&second));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(first.header(name), Some(value));
    }
    for tag in first.text().split('<').filter(|tag| tag.starts_with("script") || tag.starts_with("style")) {
        assert!(tag.contains("nonce="), "{tag}");
    }
    for inline in [" onclick", " onload", " style=", "javascript:"] {
        assert!(!first.text().contains(inline), "{inline}");
    }
}

#[tokio::test]
async fn o13_over_tls_the_cookie_is_the_hosts_own() {
    let server = "public_url = \"https://verify.shop.example\"";
    let server = Setup { server, ..Setup::default() }.start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (_, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    assert!(url.starts_with("https://verify.shop.example/verify/"));
    let mut browser = Browser::new(&server);
    let entered = browser.get(&url).await;
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-cs-"), "{cookie}");
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(&format!("; {attribute}")), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert_eq!(entered.header("strict-transport-security"), Some("max-age=31536000"));
    assert!(server.text(PHONE, 1).await.contains("@verify.shop.example #"));

    let framed = json!({ "mode": "iframe", "origin": "https://shop.example" });
    let body = with(with(payment_body(PHONE), "/presentation", framed), "/session", "sess-2");
    let (_, url) = start(&shop, body).await;
    let mut framed = Browser::new(&server);
    let entered = framed.get(&url).await;
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("; Secure; SameSite=None; Partitioned"), "{cookie}");
    let path = location(&entered).to_owned();
    let page = framed.get(&path).await;
    assert!(
        page.header("content-security-policy").unwrap().contains("frame-ancestors https://shop.example;")
    );
    assert!(page.text().contains("data-countersign-embedder=\"https://shop.example\""));
    let text = server.text(PHONE, 2).await;
    assert!(text.contains("@shop.example #") && text.contains("@verify.shop.example"), "{text}");
}

#[tokio::test]
async fn every_end_has_its_page_and_a_way_back() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let in_session = |session: &str| on_the_page(with(start_body(PHONE, "login"), "/session", session));
    let mut pages = Vec::new();
    for session in ["canceled", "reported", "expired"] {
        let (id, url) = start(&shop, in_session(session)).await;
        let mut browser = Browser::new(&server);
        browser.enter(&url).await;
        pages.push((id, browser));
    }
    shop.cancel(&pages[0].0).await.expect(200);
    let csrf = pages[1].1.hidden("csrf");
    assert_eq!(pages[1].1.post("report", &[("csrf", &csrf)]).await.status, 303);
    assert_eq!(shop.show(&pages[1].0).await["status"], "denied");
    server.clock().advance(601);
    for ((id, browser), words) in
        pages.iter_mut().zip(["This was canceled", "Thank you for telling us", "The time is over"])
    {
        let page = browser.look().await;
        assert!(page.contains(words), "{words}: {page}");
        assert!(page.contains(&format!("{BACK}?verification={id}")), "{page}");
        assert!(!page.contains("name=\"code\""));
    }
}

#[tokio::test]
async fn p3_p4_a_payments_page_says_the_same_whatever_was_wrong() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (_, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    let mut browser = Browser::new(&server);
    browser.enter(&url).await;
    let code = server.code(PHONE).await;
    let mut said = Vec::new();
    let wrong = other_than(&code);
    let another = format!("{}{}", &wrong[..5], if wrong.ends_with('7') { "8" } else { "7" });
    for typed in [&wrong, &another, &wrong, &another, &code] {
        let answer = browser.submit(typed).await;
        assert_eq!(answer.status, 422);
        let page = answer.text();
        said.push(
            page.split("role=\"alert\" id=\"error\">").nth(1).unwrap().split('<').next().unwrap().to_owned(),
        );
    }
    assert!(said[0].contains('2') && said[1].contains('1') && said[0].contains("blocked"), "{said:?}");
    assert_eq!(said[2], said[3], "the last try and the next one");
    assert_eq!(said[3], said[4], "and the right code after it");
    assert!(!said[2].contains("left"));
}

#[tokio::test]
async fn what_a_shop_calls_itself_is_text() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let accent = json!({ "brand": "A&B's \"Shop\"", "branding": { "accent": "#ffee00" } });
    shop.patch("/v1/app", accent).await.expect(200);
    let body = on_the_page(with(payment_body(PHONE), "/transaction/payee", "<b>&\"'"));
    let (_, url) = start(&shop, body).await;
    let page = Browser::new(&server).enter(&url).await.text();
    assert!(page.contains("A&#38;B&#39;s &#34;Shop&#34;"), "{page}");
    assert!(page.contains("&#60;b&#62;&#38;&#34;&#39;") && !page.contains("<b>"), "{page}");
    assert!(page.contains("--accent: #ffee00; --on-accent: #000000;"), "{page}");
}

#[tokio::test]
async fn a_shop_says_it_in_its_own_words() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let own = json!({
        "heading": { "gift_card": "Redeem <your> gift card" }, "approved": "Your card is ready.",
        "back": "Back to your basket", "support": "Questions? Call 0800 555 0100.",
    });
    shop.patch("/v1/app", json!({ "branding": { "texts": { "en": own } } })).await.expect(200);
    let body = |purpose: &str, locale: &str| on_the_page(with(start_body(PHONE, purpose), "/locale", locale));
    let (_, url) = start(&shop, body("gift_card", "en-GB")).await;
    let mut browser = Browser::new(&server);
    let page = browser.enter(&url).await.text();
    assert!(page.contains("<h1>Redeem &#60;your&#62; gift card</h1>"), "{page}");
    assert!(page.contains("Back to your basket") && page.contains("Call 0800 555 0100."), "{page}");
    let code = server.code(PHONE).await;
    browser.submit(&code).await;
    let page = browser.look().await;
    assert!(page.contains("<p role=\"status\">Your card is ready.</p>"), "{page}");
    assert!(page.contains("Back to your basket") && page.contains("Call 0800 555 0100."), "{page}");

    let (_, url) = start(&shop, body("login", "en")).await;
    let page = Browser::new(&server).enter(&url).await.text();
    assert!(page.contains("<h1>Sign in to"), "what the shop does not say is said in our words: {page}");
    let (_, url) = start(&shop, body("gift_card", "fr")).await;
    let page = Browser::new(&server).enter(&url).await.text();
    assert!(!page.contains("gift card") && !page.contains("basket"), "and in the page's language: {page}");
}

#[tokio::test]
async fn the_pages_files_are_kept_for_good_and_nothing_else_is_there() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let (_, url) = start(&shop, on_the_page(payment_body(PHONE))).await;
    let mut browser = Browser::new(&server);
    let page = browser.enter(&url).await.text();
    let files: Vec<_> = page.split('"').filter(|part| part.starts_with("/verify/assets/")).collect();
    assert_eq!(files.len(), 2);
    let mut bytes = page.len();
    for file in files {
        let asset = browser.get(file).await;
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
        bytes += asset.bytes.len();
    }
    assert!(bytes <= 30_000, "{bytes} bytes in all");
    assert_eq!(browser.get("/verify/assets/page.css").await.status, 404);
}
