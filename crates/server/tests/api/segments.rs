//! How large a message gets, and what the timeline tells of it.

use std::fs;

use countersign_core::message::{Encoding, Measure};
use serde_json::{Value, json};

use crate::harness::{
    LIVE_PHONE, PHONE, Server, Setup, Shop, Sink, code_in, payment_body, policy_of, start_body, with,
};
use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;

const ORIGIN: &str = "https://shop.example.com";

async fn shop_with(server: &Server, message: Value) -> Shop {
    server.test_shop_with(json!({ "message": message })).await
}

/// A start whose code is typed on a page.
fn on_a_page(phone: &str, locale: &str) -> Value {
    let body = with(start_body(phone, "login"), "/locale", locale);
    with(body, "/presentation", json!({ "mode": "page", "origin": ORIGIN }))
}

/// What the timeline tells of the message that was taken.
async fn told(shop: &Shop, id: &str) -> Value {
    shop.event(id, "delivery.accepted").await["data"]["message"].clone()
}

#[tokio::test]
async fn a_text_is_shortened_when_the_apps_limit_says_so_and_the_timeline_tells() {
    let server = Server::start().await;
    let shop = shop_with(&server, json!({ "max_segments": 1 })).await;
    let id = shop.start(on_a_page(PHONE, "ar")).await;
    let text = server.text(PHONE, 1).await;
    let expected = json!({
        "form": "short", "encoding": "ucs2", "segments": 1, "sender": "Shop",
        "because": ["not full: too_many_segments"],
    });
    assert_eq!(told(&shop, &id).await, expected);
    assert_eq!(server.inbox(PHONE)[0].measure.segments, 1);
    assert!(text.ends_with(&format!("@shop.example.com #{}", code_in(&text))), "{text}");
    assert_eq!(shop.check(&id, &code_in(&text)).await["result"], "approved");

    let generous = server.test_shop().await;
    let id = generous.start(on_a_page("+447700900124", "ar")).await;
    let full = server.text("+447700900124", 1).await;
    let expected = json!({ "form": "full", "encoding": "ucs2", "segments": 2, "sender": "Shop" });
    assert_eq!(told(&generous, &id).await, expected);
    assert!(full.chars().count() > text.chars().count());
}

#[tokio::test]
async fn accents_go_where_the_app_allows_it() {
    let server = Server::start().await;
    let limits = json!({ "max_segments": 1, "short_text": "refused", "accent_free": "allowed" });
    let shop = shop_with(&server, limits).await;
    let id = shop.start(on_a_page(PHONE, "pt")).await;
    let text = server.text(PHONE, 1).await;
    assert!(text.contains("codigo") && Measure::of(&text).encoding == Encoding::Gsm7, "{text}");
    let told = told(&shop, &id).await;
    assert_eq!((&told["form"], &told["encoding"]), (&json!("full_plain"), &json!("gsm7")));
    assert_eq!(told["because"], json!(["not full: too_many_segments", "not short: not_allowed"]));
}

#[tokio::test]
async fn the_origin_line_goes_only_where_no_browser_reads_it() {
    let server = Server::start().await;
    let limits = json!({ "max_segments": 1, "short_text": "refused" });
    let shop = shop_with(&server, limits).await;
    let id = shop.start(on_a_page(PHONE, "ar")).await;
    assert!(server.text(PHONE, 1).await.contains("@shop.example.com #"));
    let kept = told(&shop, &id).await;
    assert_eq!((&kept["form"], &kept["segments"]), (&json!("full"), &json!(2)));
    assert_eq!(kept["because"], json!(["fewest_segments"]), "nothing that is allowed fits");

    let other = with(on_a_page("+447700900124", "ar"), "/presentation/reader", "other");
    let id = shop.start(other).await;
    let text = server.text("+447700900124", 1).await;
    assert!(!text.contains('@'), "{text}");
    assert_eq!(told(&shop, &id).await["form"], "full_unbound");
    let wrong = with(on_a_page("+447700900125", "ar"), "/presentation/reader", "nobody");
    assert_eq!(shop.try_start(wrong).await.status, 422);
}

#[tokio::test]
async fn p7_a_short_payment_keeps_amount_and_payee_and_a_resend_says_the_same() {
    let server = Server::start().await;
    let shop = shop_with(&server, json!({ "max_segments": 1 })).await;
    let page = json!({ "mode": "page", "origin": ORIGIN });
    let body = with(with(payment_body(PHONE), "/locale", "hi"), "/presentation", page);
    let id = shop.start(body).await;
    let text = server.text(PHONE, 1).await;
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text:?}"));
    assert!(at("EUR 49.90") < at(&code_in(&text)) && at("Shop GmbH") < at(&code_in(&text)), "{text}");
    assert_eq!(told(&shop, &id).await["form"], "short");
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    assert_eq!(server.text(PHONE, 2).await, text);
}

#[tokio::test]
async fn the_price_of_the_route_bounds_a_message_and_the_endpoint_gets_what_the_timeline_tells() {
    let setup = Setup::default();
    let prices = "provider,prefix,price,currency,valid_from\ngateway,49,0.0750,EUR,2026-01-01\n";
    fs::write(setup.folder.join("prices.csv"), prices).unwrap();
    let sink = Sink::new(&setup.clock).await;
    let providers = vec![("gateway", sink.url.clone())];
    let server = Setup { providers, delivery: "prices_file = \"prices.csv\"", ..setup }.start().await;
    let limits = json!({ "max_segments": 3, "max_price": { "amount": "0.10", "currency": "EUR" } });
    let shop = server.live_shop_with(json!({ "message": limits })).await;
    let id = shop.start(on_a_page(LIVE_PHONE, "ar")).await;
    let posted = sink.message(1).await.body;
    let told = told(&shop, &id).await;
    assert_eq!(told["because"], json!(["not full: too_dear"]));
    let accepted = shop.event(&id, "delivery.accepted").await;
    assert_eq!(accepted["data"]["cost"], json!({ "amount": "0.075000", "currency": "EUR" }));
    for field in ["encoding", "segments"] {
        assert_eq!(posted[field], told[field], "{field}");
    }
    let measure = Measure::of(posted["text"].as_str().unwrap());
    assert_eq!(posted["segments"], measure.segments, "promised as sent");
}

#[tokio::test]
async fn senseless_limits_are_refused() {
    let server = Server::start().await;
    let app = server.create_app("Shop", policy_of(json!({}))).await;
    let shop = server.shop_of(&app, Mode::Test, Scope::Admin).await;
    let policy = |message: Value| json!({ "policy": { "message": message } });
    for max_segments in [0, 7] {
        let answer = shop.patch("/v1/app", policy(json!({ "max_segments": max_segments }))).await;
        answer.wrong_field("/policy/message");
    }
    assert_eq!(shop.patch("/v1/app", policy(json!({ "max_segment": 1 }))).await.status, 422);
    shop.patch("/v1/app", policy(json!({ "max_segments": 1 }))).await.expect(200);
}
