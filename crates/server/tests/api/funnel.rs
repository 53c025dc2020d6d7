//! `GET /v1/funnel`, and where its figures come from.

use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, LIVE_PHONE, Mood, PHONE, Server, Setup, Shop, eventually, other_than, policy_of, start_body, with,
};
use crate::page::Browser;

const SHOP_ORIGIN: &str = "https://shop.example";
const TODAY: &str = "2026-11-23";

async fn with_a_page(shop: Shop) -> Shop {
    shop.patch("/v1/app", json!({ "origins": [SHOP_ORIGIN] })).await.expect(200);
    shop
}

async fn shop(server: &Server) -> Shop {
    with_a_page(server.test_shop().await).await
}

/// A start, and its answer.
async fn start(shop: &Shop, phone: &str, presentation: Value) -> Value {
    let body = with(start_body(phone, "login"), "/presentation", presentation);
    shop.try_start(body).await.expect(201)
}

async fn start_in_element(shop: &Shop, phone: &str) -> Value {
    start(shop, phone, json!({ "mode": "element", "origin": SHOP_ORIGIN })).await
}

fn id(started: &Value) -> &str {
    started["id"].as_str().unwrap()
}

/// The element of a page of `origin` tells a step.
async fn tell_from(shop: &Shop, started: &Value, origin: &str, step: &str) -> Answer {
    let page = shop.with_key(started["client_secret"].as_str().unwrap());
    let request = page.request(Method::POST, "/v1/browser/verification/funnel").header("origin", origin);
    page.send(request.json(&json!({ "step": step }))).await
}

async fn tell(shop: &Shop, started: &Value, step: &str) {
    let heard = tell_from(shop, started, SHOP_ORIGIN, step).await;
    assert_eq!((heard.status, heard.text().as_str()), (204, ""));
}

async fn read(server: &Server, shop: &Shop, query: &str) -> Value {
    server.services.funnel.flush(&server.services.store).await.unwrap();
    shop.get(&format!("/v1/funnel{query}")).await.expect(200)
}

/// The numbers of a row or of the total, in the order of the steps.
fn numbers(figures: &Value) -> [u64; 5] {
    ["shown", "sent", "first_digit", "submitted", "approved"].map(|step| figures[step].as_u64().unwrap())
}

/// The rows, once so many verifications have been sent: that happens beside the requests.
async fn rows_once_sent(server: &Server, shop: &Shop, sent: u64) -> Vec<Value> {
    eventually("messages to be sent", async || {
        let figures = read(server, shop, "").await;
        (figures["total"]["sent"] == sent).then(|| figures["data"].as_array().unwrap().clone())
    })
    .await
}

#[tokio::test]
async fn every_step_of_an_element_counts_once_however_often_it_comes() {
    let server = Server::start().await;
    let shop = shop(&server).await;
    let started = start_in_element(&shop, PHONE).await;
    let code = server.code(PHONE).await;
    for _ in 0..2 {
        tell(&shop, &started, "shown").await;
        tell(&shop, &started, "first_digit").await;
        assert_eq!(shop.check(id(&started), &other_than(&code)).await["result"], "incorrect");
    }
    assert_eq!(shop.check(id(&started), &code).await["result"], "approved");
    assert_eq!(shop.check(id(&started), &code).await["result"], "already_used");
    tell(&shop, &started, "first_digit").await;
    let expected = json!({
        "day": TODAY, "presentation": "element", "country": "GB", "provider": "simulated",
        "shown": 1, "sent": 1, "first_digit": 1, "submitted": 1, "approved": 1
    });
    assert_eq!(rows_once_sent(&server, &shop, 1).await, [expected]);
}

#[tokio::test]
async fn the_hosted_page_counts_without_script_and_not_twice_with_it() {
    let server = Setup { server: "public_url = \"http://localhost:8080\"", ..Setup::default() }.start().await;
    let shop = shop(&server).await;
    let started = start(&shop, PHONE, json!({ "mode": "page" })).await;
    let mut browser = Browser::new(&server);
    browser.enter(started["url"].as_str().unwrap()).await;
    let csrf = browser.hidden("csrf");
    let announced = format!("data-countersign-funnel=\"{}/funnel\" data-csrf=\"{csrf}\"", browser.path);
    assert!(browser.look().await.contains(&announced));
    for step in ["shown", "first_digit", "first_digit"] {
        let heard = browser.post("funnel", &[("csrf", &csrf), ("step", step)]).await;
        assert_eq!((heard.status, heard.text().as_str()), (204, ""));
    }
    let strange = browser.post("funnel", &[("csrf", &csrf), ("step", "approved")]).await;
    assert_eq!(strange.status, 422);
    browser.look().await;
    let code = server.code(PHONE).await;
    assert_eq!(browser.submit(&other_than(&code)).await.status, 422);
    browser.submit(&code).await;
    assert!(browser.look().await.contains("Done"));
    let rows = rows_once_sent(&server, &shop, 1).await;
    assert_eq!(rows.iter().map(numbers).collect::<Vec<_>>(), [[1, 1, 1, 1, 1]]);
    assert_eq!(rows[0]["presentation"], "page");
}

#[tokio::test]
async fn a_page_that_nobody_sees_and_a_form_of_nobody_count_nothing() {
    let server = Server::start().await;
    let shop = shop(&server).await;
    let started = start(&shop, PHONE, json!({ "mode": "page" })).await;
    let mut browser = Browser::new(&server);
    // Through the entry, and no further.
    let entry = browser.http.get(browser.url(started["url"].as_str().unwrap()));
    assert_eq!(browser.send(entry).await.status, 303);
    let page = browser.url(&format!("/verify/{}", id(&started)));
    let ahead = browser.http.get(&page).header("sec-purpose", "prefetch");
    assert_eq!(browser.send(ahead).await.status, 200);
    let csrf = browser.hidden("csrf");
    let look = browser.http.head(&page);
    assert_eq!(browser.send(look).await.status, 200);
    let address = format!("{page}/funnel");
    for (site, token) in [("cross-site", csrf.as_str()), ("same-origin", "forged"), ("same-origin", "")] {
        let form = [("csrf", token), ("step", "first_digit")];
        let forged = browser.http.post(&address).form(&form).header("sec-fetch-site", site);
        assert_eq!(browser.send(forged).await.status, 403, "{site} {token}");
    }
    let mut stranger = Browser::new(&server);
    let form = [("csrf", csrf.as_str()), ("step", "shown")];
    let without_cookie = stranger.http.post(&address).form(&form).header("sec-fetch-site", "same-origin");
    assert_eq!(stranger.send(without_cookie).await.status, 404);
    let rows = rows_once_sent(&server, &shop, 1).await;
    assert_eq!(rows.iter().map(numbers).collect::<Vec<_>>(), [[0, 1, 0, 0, 0]]);
}

#[tokio::test]
async fn what_no_page_of_the_shop_tells_counts_nothing() {
    let server = Server::start().await;
    let shop = shop(&server).await;
    let started = start_in_element(&shop, PHONE).await;
    for origin in ["https://evil.example", "null", ""] {
        tell_from(&shop, &started, origin, "shown").await.problem("origin_not_allowed");
    }
    let no_secret = json!({ "client_secret": shop.key() });
    tell_from(&shop, &no_secret, SHOP_ORIGIN, "shown").await.problem("unauthorized");
    for step in ["approved", "sent", "submitted", "Shown", ""] {
        tell_from(&shop, &started, SHOP_ORIGIN, step).await.wrong_field("/step");
    }
    let rows = rows_once_sent(&server, &shop, 1).await;
    assert_eq!(rows.iter().map(numbers).collect::<Vec<_>>(), [[0, 1, 0, 0, 0]]);
}

#[tokio::test]
async fn a_step_after_the_codes_life_is_heard_and_not_counted() {
    let server = Server::start().await;
    let shop = shop(&server).await;
    let started = start_in_element(&shop, PHONE).await;
    rows_once_sent(&server, &shop, 1).await;
    server.clock().advance(600);
    tell(&shop, &started, "shown").await;
    assert_eq!(shop.check(id(&started), "123456").await["result"], "expired");
    assert_eq!(numbers(&read(&server, &shop, "").await["total"]), [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn a_start_that_says_nothing_of_its_presentation_counts_as_none() {
    let server = Server::start().await;
    let shop = shop(&server).await;
    server.approve(&shop, start_body(PHONE, "login")).await;
    let rows = rows_once_sent(&server, &shop, 1).await;
    assert_eq!(rows.iter().map(numbers).collect::<Vec<_>>(), [[0, 1, 0, 1, 1]]);
    assert_eq!(rows[0]["presentation"], "none");
}

/// All steps of a verification stand in one row, whether they came before its message left or after.
#[tokio::test]
async fn what_was_counted_before_the_message_left_goes_to_its_provider() {
    let (server, sink) = Server::with_sink().await;
    sink.next(&[Mood::Gate]);
    let shop = with_a_page(server.live_shop().await).await;
    let started = start_in_element(&shop, LIVE_PHONE).await;
    sink.message(1).await;
    tell(&shop, &started, "shown").await;
    let waiting = read(&server, &shop, "").await;
    assert_eq!(numbers(&waiting["total"]), [1, 0, 0, 0, 0]);
    assert_eq!(
        (&waiting["data"][0]["provider"], &waiting["data"][0]["country"]),
        (&json!(null), &json!("DE"))
    );
    sink.open_gate();
    let rows = rows_once_sent(&server, &shop, 1).await;
    assert_eq!(rows.iter().map(numbers).collect::<Vec<_>>(), [[1, 1, 0, 0, 0]]);
    assert_eq!(rows[0]["provider"], "gateway");
}

#[tokio::test]
async fn what_no_provider_takes_has_none() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Status(400));
    let shop = with_a_page(server.live_shop().await).await;
    let started = start_in_element(&shop, LIVE_PHONE).await;
    shop.event(id(&started), "delivery.failed").await;
    tell(&shop, &started, "shown").await;
    let figures = read(&server, &shop, "?provider=none").await;
    assert_eq!(
        figures["data"].as_array().unwrap().iter().map(numbers).collect::<Vec<_>>(),
        [[1, 0, 0, 0, 0]]
    );
    assert_eq!(read(&server, &shop, "?provider=gateway").await["data"], json!([]));
}

#[tokio::test]
async fn a_shop_sees_its_own_figures_of_one_mode() {
    let (server, sink) = Server::with_sink().await;
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["DE", "GB"] }))).await;
    let test = with_a_page(server.shop_of(&app, Mode::Test, Scope::Admin).await).await;
    let live = server.shop_of(&app, Mode::Live, Scope::ReadOnly).await;
    let other = shop(&server).await;
    let started = start_in_element(&test, PHONE).await;
    tell(&test, &started, "shown").await;
    assert_eq!(rows_once_sent(&server, &test, 1).await.len(), 1);
    for stranger in [&live, &other] {
        let figures = read(&server, stranger, "").await;
        assert_eq!((numbers(&figures["total"]), &figures["data"]), ([0; 5], &json!([])));
    }
    assert_eq!(sink.posted().len(), 0);
    shop_without_a_key(&test).await;
}

async fn shop_without_a_key(shop: &Shop) {
    shop.with_key("cs_live_x").get("/v1/funnel").await.problem("unauthorized");
}

#[tokio::test]
async fn days_and_filters_choose_the_rows() {
    let server = Server::start().await;
    let shop = shop(&server).await;
    start_in_element(&shop, PHONE).await;
    rows_once_sent(&server, &shop, 1).await;
    server.clock().advance(24 * 3600);
    start(&shop, "+447700900124", json!({ "mode": "page", "origin": "https://verify.shop.example" })).await;
    rows_once_sent(&server, &shop, 2).await;

    let all = read(&server, &shop, "").await;
    assert_eq!((&all["from"], &all["to"]), (&json!("2026-10-26"), &json!("2026-11-24")));
    let days: Vec<_> = all["data"].as_array().unwrap().iter().map(|row| &row["day"]).collect();
    assert_eq!(days, ["2026-11-23", "2026-11-24"]);
    for (query, sent) in [
        ("?from=2026-11-23&to=2026-11-23", 1),
        ("?from=2026-11-23&to=2026-11-24", 2),
        ("?from=2026-08-25&to=2026-11-24", 2),
        ("?from=2026-11-25&to=2026-11-25", 0),
        ("?to=2026-11-22", 0),
        ("?presentation=page", 1),
        ("?presentation=none", 0),
        ("?country=GB&provider=simulated", 2),
        ("?country=DE", 0),
        ("?country=none", 0),
        ("?provider=another", 0),
    ] {
        let figures = read(&server, &shop, query).await;
        assert_eq!(figures["total"]["sent"], sent, "{query}");
        assert_eq!(figures["data"].as_array().unwrap().len(), sent, "{query}");
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_told_why() {
    let server = Server::start().await;
    let shop = shop(&server).await;
    for (query, told) in [
        ("?from=yesterday", "from: expected a day such as 2026-11-23"),
        ("?to=2026-11-31", "to: expected a day"),
        ("?from=2026-11-02&to=2026-11-01", "from: not after `to`"),
        ("?from=2026-08-24&to=2026-11-24", "from: at most 92 days, these are 93"),
        ("?presentation=window", "presentation: expected page, element, iframe, app or none"),
        ("?country=de", "country: expected the two capital letters"),
        ("?provider=", "provider: a provider's name has 1 to 32 characters"),
        ("?days=3", "days"),
    ] {
        let problem = shop.get(&format!("/v1/funnel{query}")).await.problem("invalid_query");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{query}: {problem}");
    }
}

#[tokio::test]
async fn a_server_that_stops_in_good_order_keeps_its_figures() {
    let server = Setup::default().start().await;
    let shop = shop(&server).await;
    let started = start_in_element(&shop, PHONE).await;
    shop.event(id(&started), "delivery.accepted").await;
    tell(&shop, &started, "shown").await;
    let server = server.restart().await;
    let figures = shop.at(&server.url).get("/v1/funnel").await.expect(200);
    assert_eq!(numbers(&figures["total"]), [1, 1, 0, 0, 0]);
}
