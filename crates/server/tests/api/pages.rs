//! Pages that ask for the number. `./test browser` drives them in a real browser.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use serde_json::{Value, json};

use crate::harness::{
    Answer, LIVE_PHONE, PHONE, Server, Setup, Shop, code_in, other_than, redeem_body, start_body, together,
    transaction, with, without,
};
use crate::page::{BACK, Browser, location, shop_with_a_way_back};

const OTHER: &str = "+447700900456";

fn signup() -> Value {
    let presentation = json!({ "mode": "page", "return_url": BACK, "state": "s-1" });
    json!({ "purpose": "signup", "session": "sess-1", "presentation": presentation })
}

async fn create(shop: &Shop, body: Value) -> Value {
    shop.post("/v1/pages", body).await.expect(201)
}

async fn opened(server: &Server, shop: &Shop, body: Value) -> Browser {
    let page = create(shop, body).await;
    let mut browser = Browser::new(server);
    browser.enter(page["url"].as_str().unwrap()).await;
    browser
}

/// Gives a number on the page that the browser is on.
async fn give(browser: &mut Browser, number: &str) -> Answer {
    let csrf = browser.hidden("csrf");
    browser.post("number", &[("csrf", &csrf), ("phone", number)]).await
}

/// The same, and goes where it leads: the verification's id.
async fn begin(browser: &mut Browser, number: &str) -> String {
    let given = give(browser, number).await;
    assert_eq!(given.status, 303, "{}", given.text());
    location(&given).clone_into(&mut browser.path);
    let page = browser.look().await;
    assert!(page.contains("name=\"code\""), "{page}");
    browser.path.trim_start_matches("/verify/").to_owned()
}

/// By the link on the code's page.
async fn use_another_number(browser: &mut Browser) {
    let page = browser.look().await;
    let link = page.split('"').find(|part| part.starts_with("/verify/pag_")).expect("a link to the number");
    link.clone_into(&mut browser.path);
    assert!(browser.look().await.contains("Your phone number"));
}

async fn verifications(shop: &Shop) -> Vec<Value> {
    shop.get("/v1/verifications").await.expect(200)["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_customer_gives_her_number_and_the_shop_gets_a_proof_of_it() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let page = create(&shop, with(signup(), "/customer", "c_77")).await;
    assert!(page["id"].as_str().unwrap().starts_with("pag_"));
    assert_eq!(page["expires_at"], "2026-11-23T11:00:00.000Z");
    let mut browser = Browser::new(&server);
    let form = browser.enter(page["url"].as_str().unwrap()).await.text();
    for shown in [
        "Create your account with Shop",
        "for=\"phone\">Your phone number",
        "type=\"tel\" inputmode=\"tel\" autocomplete=\"tel\"",
        "Start with + and the country code",
        "We will send a code to it in a text message",
        &format!("{BACK}?state=s-1"),
    ] {
        assert!(form.contains(shown), "{shown}: {form}");
    }
    assert!(verifications(&shop).await.is_empty(), "nothing is begun before she gives a number");
    let id = begin(&mut browser, "+44 7700 900-123").await;
    let started = shop.event(&id, "verification.started").await;
    assert_eq!(started["data"]["client_address"], "given", "{started}");
    let done = browser.submit(&server.code(PHONE).await).await;
    assert_eq!(location(&done), format!("{BACK}?verification={id}&state=s-1"));
    let proof = shop.show(&id).await["proof"].as_str().unwrap().to_owned();
    let expected = with(start_body(PHONE, "signup"), "/session", "sess-1");
    shop.post("/v1/proofs/redeem", redeem_body(&proof, &expected)).await.expect(200);
    // Whatever she typed stands in the proof: that is the number that the shop takes.
    let payload = URL_SAFE_NO_PAD.decode(proof.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((&claims["phone"], &claims["sub"]), (&json!(PHONE), &json!("c_77")), "{claims}");
}

#[tokio::test]
async fn what_a_start_would_refuse_is_refused_before_a_customer_meets_it() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let back = |body: Value| with(body, "/presentation/mode", "page");
    for (pointer, wrong) in [
        ("/purpose", json!("No purpose")),
        ("/session", json!("x".repeat(257))),
        ("/transaction", json!({ "amount": "1.00" })),
        ("/transaction", json!({ "payee": "see https://evil.example" })),
        ("/channel", json!("pigeon")),
        ("/channel", json!("whatsapp")),
        ("/channel", json!("email")),
        ("/workflow", json!([])),
        ("/workflow", json!(["sms", "voice"])),
        ("/email", json!("ada@shop.example")),
        ("/locale", json!("klingonish")),
        ("/code", json!({ "length": 3 })),
        ("/expires_in", json!(601)),
        ("/customer", json!("")),
        ("/metadata", json!({ "": "x" })),
        ("/presentation/return_url", json!("https://evil.example/")),
        ("/presentation/state", json!("")),
        ("/presentation/origin", json!("http://shop.example")),
        ("/nonsense", json!(1)),
    ] {
        let page = shop.post("/v1/pages", with(back(signup()), pointer, wrong.clone())).await;
        let start = shop.try_start(with(with(signup(), "/to", PHONE), pointer, wrong.clone())).await;
        assert!(start.status >= 400, "{pointer} {wrong}: {}", start.text());
        let said = |answer: &Answer| {
            let problem = answer.json();
            let detail = problem["detail"].as_str().unwrap_or_default();
            // What may stand in a body is listed there.
            let detail = detail.split(", expected").next().unwrap_or_default().to_owned();
            (problem["code"].clone(), problem["pointer"].clone(), detail)
        };
        assert_eq!(said(&page), said(&start), "{pointer} {wrong}");
    }
    assert!(verifications(&shop).await.is_empty());
}

#[tokio::test]
async fn what_only_a_page_can_have_wrong_is_pointed_at() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let ask = async |body| shop.post("/v1/pages", body).await;
    assert!(
        ask(without(signup(), "session")).await.wrong_field("")["detail"].to_string().contains("session")
    );
    ask(with(signup(), "/to", PHONE)).await.wrong_field("/to");
    ask(with(signup(), "/region", "Germany")).await.wrong_field("/region");
    for mode in ["element", "app"] {
        ask(with(signup(), "/presentation/mode", mode)).await.wrong_field("/presentation/mode");
    }
    ask(with(signup(), "/presentation/origin", "https://shop.example")).await.wrong_field("/presentation");
    let many = |length: usize| json!({ "a": "x".repeat(length), "b": "y".repeat(256), "c": "z".repeat(256) });
    create(&shop, with(signup(), "/metadata", many(256))).await;
    let fields: Value = (0..16).map(|n| (format!("field {n}"), json!("x".repeat(200)))).collect();
    let long = with(with(signup(), "/metadata", many(256)), "/transaction", json!({ "fields": fields }));
    ask(long).await.wrong_field("/transaction");
    ask(with(signup(), "/metadata", fields)).await.wrong_field("/metadata");

    let app = server.create_app("Other", crate::harness::policy_of(json!({ "countries": ["DE"] }))).await;
    let live = server.shop_of(&app, Mode::Live, Scope::Server).await;
    let body = json!({ "purpose": "signup", "session": "s" });
    create(&live, with(body.clone(), "/region", "DE")).await;
    let abroad = live.post("/v1/pages", with(body.clone(), "/region", "FR")).await;
    assert_eq!(abroad.problem("country_not_allowed")["pointer"], "/region");
    let reader = server.shop_of(&app, Mode::Test, Scope::ReadOnly).await;
    reader.post("/v1/pages", body).await.problem("forbidden");
}

#[tokio::test]
async fn a_link_opens_once_and_only_for_who_came_first() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let url = create(&shop, signup()).await["url"].as_str().unwrap().to_owned();
    let mut customer = Browser::new(&server);
    let looked = customer.http.head(customer.url(&url));
    assert_eq!(customer.send(looked).await.status, 503, "a look does not use it up");
    let ahead = customer.http.get(customer.url(&url)).header("sec-purpose", "prefetch");
    assert_eq!(customer.send(ahead).await.status, 503, "nor a prefetch");
    let opens = together((0..12).map(|_| {
        let browser = Browser::new(&server);
        let request = browser.http.get(browser.url(&url));
        async { Answer::of(request.send().await.unwrap()).await }
    }));
    let (first, others): (Vec<_>, Vec<_>) = opens.await.into_iter().partition(|answer| answer.status == 303);
    assert!(first.len() == 1 && others.iter().all(|answer| answer.status == 404), "{}", first.len());
    let (name, value) = first[0].header("set-cookie").unwrap().split_once('=').unwrap();
    customer.cookies.insert(name.to_owned(), value.split(';').next().unwrap().to_owned());
    assert_eq!(customer.get(&url).await.status, 303, "her own back button comes back to the page");
    let clean = location(&first[0]).to_owned();
    assert_eq!(customer.get(&clean).await.status, 200);
    assert_eq!(Browser::new(&server).get(&clean).await.status, 404, "its address opens nothing");
    // What a log has of the link is no cookie.
    let mut thief = Browser::new(&server);
    thief.cookies.insert(name.to_owned(), url.rsplit('/').next().unwrap().to_owned());
    assert_eq!(thief.get(&clean).await.status, 404);
}

#[tokio::test]
async fn an_edited_link_or_cookie_opens_nothing() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let url = create(&shop, signup()).await["url"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&server);
    let start = url.rfind('/').unwrap() + 1;
    for at in [start, start + 30, start + 60, url.len() - 2] {
        let other = if &url[at..=at] == "B" { "C" } else { "B" };
        let edited = format!("{}{other}{}", &url[..at], &url[at + 1..]);
        assert_eq!(browser.get(&edited).await.status, 404, "{at}");
    }
    browser.enter(&url).await;
    let clean = browser.path.clone();
    let own = browser.cookies.clone();
    for value in browser.cookies.values_mut() {
        let end = value.split_off(value.len() - 8);
        value.push_str(if end.starts_with('A') { "BBBBBBBB" } else { "AAAAAAAA" });
    }
    assert_eq!(browser.get(&clean).await.status, 404);
    // The cookie of one page is none of another.
    let mut second = opened(&server, &shop, signup()).await;
    let other = second.path.clone();
    let name = second.cookies.keys().next().unwrap().clone();
    second.cookies.insert(name, own.values().next().unwrap().clone());
    assert_eq!(second.get(&other).await.status, 404);
}

#[tokio::test]
async fn a_page_lives_for_an_hour() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let url = create(&shop, signup()).await["url"].as_str().unwrap().to_owned();
    let mut browser = opened(&server, &shop, signup()).await;
    let csrf = browser.hidden("csrf");
    server.clock().advance(3599);
    assert!(browser.look().await.contains("Your phone number"));
    server.clock().advance(1);
    assert_eq!(Browser::new(&server).get(&url).await.status, 404);
    let late = browser.post("number", &[("csrf", &csrf), ("phone", PHONE)]).await;
    assert_eq!(late.status, 404);
    assert!(server.inbox(PHONE).is_empty() && verifications(&shop).await.is_empty());
}

#[tokio::test]
async fn what_is_no_number_costs_nothing_and_stays_in_the_field() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    for (typed, shown, words) in [
        ("", "", "That is not a phone number"),
        ("hello", "hello", "That is not a phone number"),
        ("\"><script>", "&#34;&#62;&#60;script&#62;", "That is not a phone number"),
        ("+44 12", "+44 12", "That is not a phone number"),
        ("0170 1234567", "0170 1234567", "Start the number with + and the country code"),
        ("+49 170 1234567 ext. 5", "+49 170 1234567 ext. 5", "That is not a phone number"),
    ] {
        let answer = give(&mut browser, typed).await;
        let page = answer.text();
        assert_eq!(answer.status, 422, "{typed}");
        assert!(page.contains(words) && page.contains(&format!("value=\"{shown}\"")), "{typed}: {page}");
        assert!(page.contains("role=\"alert\" id=\"error\"") && page.contains("aria-invalid=\"true\""));
        assert!(page.contains("<title>Error:") && page.contains("aria-describedby=\"error hint next\""));
    }
    assert!(verifications(&shop).await.is_empty());
    for number in 0..3 {
        begin(&mut browser, &format!("+44770090020{number}")).await;
        use_another_number(&mut browser).await;
    }
}

#[tokio::test]
async fn a_number_may_be_written_as_at_home() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    for typed in ["0170 1234567", "+49 (170) 123-4567", "００４９ １７０ １２３４５６７", "٠١٧٠١٢٣٤٥٦٧"]
    {
        let session = format!("s {typed}");
        let body = with(with(signup(), "/region", "DE"), "/session", session);
        let mut browser = opened(&server, &shop, body).await;
        assert!(browser.look().await.contains("it is taken as a number with +49"));
        let id = begin(&mut browser, typed).await;
        assert_eq!(shop.show(&id).await["to"], "+49•••••••567", "{typed}");
    }
}

/// A double click, a reload, a second tab, and the back button.
#[tokio::test]
async fn the_same_number_is_one_verification_and_one_message() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    let form = browser.path.clone();
    let csrf = browser.hidden("csrf");
    let posts: Vec<_> = (0..8)
        .map(|_| {
            let cookie = browser.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            let fields = [("csrf", csrf.as_str()), ("phone", PHONE)];
            let request = browser.http.post(browser.url(&format!("{form}/number"))).form(&fields);
            request.header("cookie", cookie.collect::<Vec<_>>().join("; "))
        })
        .collect();
    let answers =
        together(posts.into_iter().map(async |post| Answer::of(post.send().await.unwrap()).await)).await;
    let first = location(&answers[0]).to_owned();
    assert!(answers.iter().all(|answer| answer.status == 303 && location(answer) == first));
    server.clock().advance(60);
    let id = begin(&mut browser, PHONE).await;
    assert_eq!(format!("/verify/{id}"), first);
    server.code(PHONE).await;
    assert_eq!((server.inbox(PHONE).len(), verifications(&shop).await.len()), (1, 1));
}

#[tokio::test]
async fn another_number_ends_the_verification_of_the_one_before() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    let first = begin(&mut browser, PHONE).await;
    let old_code = server.code(PHONE).await;
    use_another_number(&mut browser).await;
    assert_eq!(shop.show(&first).await["status"], "pending", "a look back ends nothing");
    let wrong = give(&mut browser, "nonsense").await;
    assert_eq!((wrong.status, &shop.show(&first).await["status"]), (422, &json!("pending")));
    let second = begin(&mut browser, OTHER).await;
    assert_ne!(first, second);
    assert_eq!(shop.show(&first).await["status"], "canceled");
    assert_eq!(shop.check(&first, &old_code).await["result"], "canceled");
    // Back to the first one: it begins anew.
    use_another_number(&mut browser).await;
    let third = begin(&mut browser, PHONE).await;
    assert!(third != first && third != second);
    assert_eq!(shop.show(&second).await["status"], "canceled");
    let text = server.text(PHONE, 2).await;
    let done = browser.submit(&code_in(&text)).await;
    assert_eq!(location(&done), format!("{BACK}?verification={third}&state=s-1"));
    // What was approved stays so: whatever is given now leads to it.
    browser.path = format!("/verify/{}", browser_page(&browser));
    browser.look().await;
    let again = give(&mut browser, OTHER).await;
    assert_eq!(location(&again), format!("/verify/{third}"));
    assert_eq!(shop.show(&third).await["status"], "approved");
}

/// The page that a browser has the cookie of.
fn browser_page(browser: &Browser) -> String {
    let name = browser.cookies.keys().find_map(|name| name.strip_prefix("cs-page-")).unwrap();
    format!("pag_{name}")
}

#[tokio::test]
async fn only_what_was_begun_on_a_page_offers_another_number() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    begin(&mut browser, PHONE).await;
    assert!(browser.look().await.contains("Use another number"));
    let body = with(with(signup(), "/to", OTHER), "/session", "another");
    let started = shop.try_start(body).await.expect(201);
    let page = browser.enter(started["url"].as_str().unwrap()).await.text();
    assert!(!page.contains("Use another number") && !page.contains("/verify/pag_"));
}

#[tokio::test]
async fn a_code_that_came_too_late_leads_back_to_the_number() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    let first = begin(&mut browser, PHONE).await;
    server.clock().advance(601);
    let page = browser.look().await;
    assert!(page.contains("The time is over") && page.contains("Use another number"), "{page}");
    use_another_number(&mut browser).await;
    assert_ne!(begin(&mut browser, PHONE).await, first, "the same number, anew");
    server.text(PHONE, 2).await;
}

/// Three numbers in one session (fraud.md B.2), however many come at once; the fourth looks like any refusal.
#[tokio::test]
async fn three_numbers_may_be_given_and_no_more_however_many_come_at_once() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    let csrf = browser.hidden("csrf");
    let cookie: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let number = |n: usize| format!("+4477009003{n:02}");
    let posts = (0..16).map(|n| {
        let fields = [("csrf", csrf.clone()), ("phone", number(n))];
        let request = browser.http.post(browser.url(&format!("{}/number", browser.path))).form(&fields);
        request.header("cookie", cookie.join("; "))
    });
    let answers = together(posts.map(async |post| Answer::of(post.send().await.unwrap()).await)).await;
    let given: Vec<_> = (0..16).filter(|n| answers[*n].status == 303).collect();
    assert_eq!(given.len(), 3, "{given:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status == 422).count(), 13);
    let statuses: Vec<_> = verifications(&shop).await.iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == "pending").count(), 1, "{statuses:?}");
    assert_eq!(statuses.len(), 3);
    let fourth = give(&mut browser, OTHER).await;
    assert!(fourth.status == 422 && fourth.text().contains("We cannot send a code to this number"));
    assert!(server.inbox(OTHER).is_empty());
    begin(&mut browser, &number(given[0])).await;
    // Another page changes nothing, another session does.
    let mut next = opened(&server, &shop, signup()).await;
    assert_eq!(give(&mut next, OTHER).await.status, 422);
    begin(&mut next, &number(given[0])).await;
    let mut next = opened(&server, &shop, with(signup(), "/session", "another one")).await;
    begin(&mut next, OTHER).await;
}

#[tokio::test]
async fn there_is_an_end_to_going_back_and_forth() {
    let server = Server::start().await;
    let loose =
        json!({ "phone_limits": { "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 } });
    let shop = server.test_shop_with(loose).await;
    let body = json!({ "purpose": "signup", "session": "s" });
    let mut browser = opened(&server, &shop, body).await;
    for turn in 0..16 {
        begin(&mut browser, if turn % 2 == 0 { PHONE } else { OTHER }).await;
        use_another_number(&mut browser).await;
    }
    assert_eq!(give(&mut browser, PHONE).await.status, 422);
    assert_eq!(verifications(&shop).await.len(), 16);
}

/// P3, P4: a browser gives itself no new tries, and does not learn by asking again whether the old ones are used up.
#[tokio::test]
async fn p4_the_same_number_brings_no_new_tries() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    for (purpose, tries) in [("payment", 3), ("signup", 5)] {
        let asked = with(with(signup(), "/purpose", purpose), "/session", purpose);
        let mut browser = opened(&server, &shop, with(asked, "/transaction", transaction())).await;
        let page = browser.path.clone();
        let id = begin(&mut browser, PHONE).await;
        let wrong = other_than(&server.code(PHONE).await);
        for _ in 0..tries {
            browser.submit(&wrong).await;
        }
        assert_eq!(shop.show(&id).await["status"], "exhausted");
        let messages = server.inbox(PHONE).len();
        browser.path = page;
        browser.look().await;
        let again = give(&mut browser, PHONE).await;
        assert_eq!((again.status, location(&again)), (303, format!("/verify/{id}").as_str()), "{purpose}");
        assert_eq!(server.inbox(PHONE).len(), messages, "{purpose}");
    }
}

#[tokio::test]
async fn who_said_that_it_was_not_her_is_not_asked_again() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    let page = browser.path.clone();
    let id = begin(&mut browser, PHONE).await;
    shop.post(&format!("/v1/verifications/{id}/report"), json!({})).await.expect(200);
    browser.path = page;
    browser.look().await;
    let again = give(&mut browser, PHONE).await;
    assert_eq!((again.status, location(&again)), (303, format!("/verify/{id}").as_str()));
    assert_eq!(server.inbox(PHONE).len(), 1);
}

#[tokio::test]
async fn what_a_limit_refused_costs_no_number() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let policy = shop.get("/v1/app").await.expect(200)["policy"].clone();
    let policy = |messages: u32| with(policy.clone(), "/daily_messages", messages);
    shop.patch("/v1/app", json!({ "policy": policy(1) })).await.expect(200);
    shop.start(start_body(PHONE, "login")).await;
    let mut browser = opened(&server, &shop, signup()).await;
    let number = |n: usize| format!("+4477009004{n:02}");
    for n in 0..6 {
        assert_eq!(give(&mut browser, &number(n)).await.status, 422);
    }
    assert_eq!(verifications(&shop).await.len(), 1);
    shop.patch("/v1/app", json!({ "policy": policy(100) })).await.expect(200);
    for n in [5, 0, 8] {
        let id = begin(&mut browser, &number(n)).await;
        assert_eq!(shop.show(&id).await["status"], "pending");
        use_another_number(&mut browser).await;
    }
    assert_eq!(give(&mut browser, &number(9)).await.status, 422);
}

/// Design 6, "What looks alike": nobody learns from this page what the shop knows of a number.
#[tokio::test]
async fn every_refusal_of_a_number_looks_the_same() {
    let (server, _sink) = Server::with_sink().await;
    let shop = server
        .live_shop_with(json!({ "max_attempts": 3, "failure_limits": { "per_hour": 3, "per_day": 3 } }))
        .await;
    let body = json!({ "purpose": "signup", "session": "s", "region": "DE" });
    let locked = "+491701234500";
    let id = shop.start(start_body(locked, "login")).await;
    for _ in 0..3 {
        shop.try_check(&id, &other_than("000000")).await;
    }
    shop.try_start(with(start_body(locked, "signup"), "/session", "s")).await.problem("phone_locked");
    shop.start(with(start_body(LIVE_PHONE, "login"), "/session", "elsewhere")).await;
    shop.try_start(with(start_body(LIVE_PHONE, "signup"), "/session", "s")).await.problem("phone_limit");

    let mut said = Vec::new();
    let mut browser = opened(&server, &shop, body).await;
    for (why, number) in [
        ("a country that it does not sell to", "+33612345678"),
        ("a premium number", "+499001123456"),
        ("a satellite phone", "+881612345678"),
        ("a locked phone", locked),
        ("a phone that was sent to a moment ago", LIVE_PHONE),
    ] {
        said.push((why, seen(&give(&mut browser, number).await, number)));
    }
    for number in ["+491701234511", "+491701234512", "+491701234513"] {
        begin(&mut browser, number).await;
        use_another_number(&mut browser).await;
    }
    let one_more = "+491701234514";
    said.push(("one number too many", seen(&give(&mut browser, one_more).await, one_more)));
    for (why, answer) in &said {
        assert_eq!(*answer, said[0].1, "{why}");
    }
    assert!(said[0].1.2.contains("We cannot send a code to this number. Check it, or use another one."));
    // Whoever runs the server sees which rule it was.
    let metrics = shop.get("/metrics").await.text();
    for rule in ["country_not_allowed", "number_type_refused", "phone_locked", "phone_limit", "page_numbers"]
    {
        assert!(metrics.contains(&format!("\"{rule}\"")), "{rule}: {metrics}");
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_loses_nothing_that_was_typed() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    server.services.store.close().await;
    let answer = give(&mut browser, PHONE).await;
    assert_eq!(answer.status, 503);
    let page = answer.text();
    assert!(
        page.contains("The number is still here") && page.contains(&format!("value=\"{PHONE}\"")),
        "{page}"
    );
    assert!(!page.contains("aria-invalid"), "the number is not what is wrong");
}

/// Everything of an answer but what is random in every answer, and the number that was typed.
fn seen(answer: &Answer, typed: &str) -> (u16, Vec<(String, String)>, String) {
    let page = answer.text();
    let nonce = page.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let clean = |text: &str| text.replace(&nonce, "NONCE").replace(typed, "NUMBER");
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), clean(value.to_str().unwrap())))
        .collect();
    headers.sort();
    (answer.status, headers, clean(&page))
}

/// OWASP ASVS 3.5.1: forms of other sites, of other pages and of nobody.
#[tokio::test]
async fn o13_a_form_that_is_not_this_pages_is_refused() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let mut browser = opened(&server, &shop, signup()).await;
    let csrf = browser.hidden("csrf");
    let replayed = opened(&server, &shop, signup()).await.hidden("csrf");
    for token in ["", "x", &replayed] {
        let refused = browser.post("number", &[("csrf", token), ("phone", PHONE)]).await;
        assert_eq!(refused.status, 403, "{token}");
    }
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let form = [("csrf", csrf.as_str()), ("phone", PHONE)];
        let request = browser.http.post(browser.url(&format!("{}/number", browser.path))).form(&form);
        assert_eq!(browser.send(request.header(name, value)).await.status, 403, "{name}: {value}");
    }
    let mut nobody = Browser::new(&server);
    nobody.path.clone_from(&browser.path);
    assert_eq!(nobody.post("number", &[("csrf", &csrf), ("phone", PHONE)]).await.status, 404);
    assert!(verifications(&shop).await.is_empty() && server.inbox(PHONE).is_empty());
}

#[tokio::test]
async fn o13_over_tls_the_cookies_are_the_hosts_own_and_a_frames_are_kept_apart() {
    let setup = Setup { server: "public_url = \"https://verify.shop.example\"", ..Setup::default() };
    let server = setup.start().await;
    let shop = shop_with_a_way_back(&server).await;
    let framed = json!({ "mode": "iframe", "origin": "https://shop.example" });
    for (body, attributes, ancestors) in [
        (signup(), "; Secure; SameSite=Lax", "frame-ancestors 'none'"),
        (
            with(signup(), "/presentation", framed),
            "; Secure; SameSite=None; Partitioned",
            "frame-ancestors https://shop.example",
        ),
    ] {
        let url = create(&shop, body).await["url"].as_str().unwrap().to_owned();
        assert!(url.starts_with("https://verify.shop.example/verify/"));
        let mut browser = Browser::new(&server);
        let entered = browser.get(&url).await;
        let cookie = entered.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-cs-page-") && cookie.ends_with(attributes), "{cookie}");
        assert!(cookie.contains("; Path=/; HttpOnly; Max-Age=3600") && !cookie.contains("Domain"));
        location(&entered).clone_into(&mut browser.path);
        let path = browser.path.clone();
        let page = browser.get(&path).await;
        assert!(page.header("content-security-policy").unwrap().contains(ancestors));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let given = give(&mut browser, PHONE).await;
        let cookie = given.header("set-cookie").unwrap();
        assert!(cookie.starts_with("__Host-cs-0") && cookie.ends_with(attributes), "{cookie}");
    }
}

#[tokio::test]
async fn what_is_approved_stands_before_the_number() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let body = with(with(signup(), "/purpose", "order"), "/transaction", transaction());
    let mut browser = opened(&server, &shop, body).await;
    let page = browser.look().await;
    let amount = page.find("49.90 EUR").unwrap();
    assert!(amount < page.find("name=\"phone\"").unwrap() && page.contains("Shop GmbH"));
    let id = begin(&mut browser, PHONE).await;
    assert_eq!(shop.show(&id).await["transaction"], transaction());
}

/// A shop's own start in the same session meets the verification, as every second start does.
#[tokio::test]
async fn a_number_that_the_session_verifies_already_is_that_verification() {
    let server = Server::start().await;
    let shop = shop_with_a_way_back(&server).await;
    let elsewhere = shop.start(with(signup(), "/to", PHONE)).await;
    let mut browser = opened(&server, &shop, with(signup(), "/presentation/state", "s-2")).await;
    assert_eq!(begin(&mut browser, PHONE).await, elsewhere);
    assert!(browser.look().await.contains("state=s-2"), "the last word says where it goes");
    use_another_number(&mut browser).await;
    begin(&mut browser, OTHER).await;
    assert_eq!(shop.show(&elsewhere).await["status"], "canceled");
}
