//! What the customer reads.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{PHONE, Server, code_in, payment_body, start_body, with};

#[tokio::test]
async fn p7_a_payment_names_amount_and_payee_before_the_code() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    shop.start(payment_body(PHONE)).await;
    let text = server.text(PHONE, 1).await;
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text:?}"));
    assert!(at("49.90") < at(&code_in(&text)) && at("Shop GmbH") < at(&code_in(&text)), "{text}");
    assert!(text.contains("EUR") || text.contains('€'), "{text}");
}

#[tokio::test]
async fn purposes_look_different() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let mut texts = BTreeSet::new();
    for (n, purpose) in
        ["login", "signup", "payment", "account_change", "order", "gift_card"].into_iter().enumerate()
    {
        let phone = format!("+44770090000{n}");
        shop.start(start_body(&phone, purpose)).await;
        let text = server.text(&phone, 1).await;
        texts.insert(text.replace(&code_in(&text), "…"));
    }
    assert_eq!(texts.len(), 6, "{texts:?}");
}

#[tokio::test]
async fn a_locale_falls_back_to_its_language_and_then_to_the_apps() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "default_locale": "fr" })).await;
    for (n, (locale, word)) in [
        ("de-AT", "Ihr Code"),
        ("de", "Ihr Code"),
        ("pl", "kod"),
        ("xx", "Votre code"),
        ("en-GB", "your code"),
    ]
    .into_iter()
    .enumerate()
    {
        let phone = format!("+44770090000{n}");
        shop.start(with(start_body(&phone, "login"), "/locale", locale)).await;
        let text = server.text(&phone, 1).await;
        assert!(
            text.to_lowercase().contains(&word.to_lowercase())
                || word == "Votre code" && text.contains("code"),
            "{locale}: {text}"
        );
    }
    shop.start(start_body("+447700900009", "login")).await;
    let (own, fallback) = (server.text("+447700900009", 1).await, server.text("+447700900003", 1).await);
    assert_eq!(own.replace(&code_in(&own), ""), fallback.replace(&code_in(&fallback), ""));
}

#[tokio::test]
async fn an_apps_own_text_is_sent() {
    let server = Server::start().await;
    let templates = json!({ "login": { "de": "{code}: Ihr Schlüssel für {brand}." } });
    let shop = server.test_shop_with(json!({ "templates": templates })).await;
    shop.start(with(start_body(PHONE, "login"), "/locale", "de-CH")).await;
    let text = server.text(PHONE, 1).await;
    assert_eq!(text, format!("{}: Ihr Schlüssel für Shop.", code_in(&text)));
}

#[tokio::test]
async fn the_last_line_binds_the_code_to_where_it_is_typed() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let origin = "https://shop.example";
    let origins = [origin, "https://www.shop.example:8443", "https://verify.example"];
    shop.patch("/v1/app", json!({ "origins": origins })).await.expect(200);
    for (n, (presentation, expected)) in [
        (json!({ "mode": "page", "origin": origin }), "@shop.example #CODE"),
        (json!({ "mode": "element", "origin": "https://www.shop.example:8443" }), "@www.shop.example #CODE"),
        (
            json!({ "mode": "iframe", "origin": origin, "frame_origin": "https://verify.example" }),
            "@shop.example #CODE @verify.example",
        ),
        (json!({ "mode": "app", "app_hash": "FA+9qCX9VSu" }), "FA+9qCX9VSu"),
    ]
    .into_iter()
    .enumerate()
    {
        let phone = format!("+44770090000{n}");
        shop.start(with(start_body(&phone, "login"), "/presentation", presentation)).await;
        let text = server.text(&phone, 1).await;
        assert_eq!(text.lines().last().unwrap(), expected.replace("CODE", &code_in(&text)), "{text}");
    }
}

#[tokio::test]
async fn a_message_for_an_element_or_a_frame_where_none_can_be_never_goes_out() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (own, frame) = ("https://shop.example", "https://verify.example");
    shop.patch("/v1/app", json!({ "origins": [own, frame] })).await.expect(200);
    for (presentation, pointer) in [
        (json!({ "mode": "element", "origin": "https://evil.example" }), "/presentation/origin"),
        (json!({ "mode": "element", "origin": "https://shop.example:8443" }), "/presentation/origin"),
        (json!({ "mode": "element", "origin": "https://sub.shop.example" }), "/presentation/origin"),
        (
            json!({ "mode": "iframe", "origin": "https://evil.example", "frame_origin": frame }),
            "/presentation/origin",
        ),
        (
            json!({ "mode": "iframe", "origin": own, "frame_origin": "https://evil.example" }),
            "/presentation/frame_origin",
        ),
    ] {
        let body = with(start_body(PHONE, "login"), "/presentation", presentation);
        shop.try_start(body).await.wrong_field(pointer);
    }
    assert_eq!(server.inbox(PHONE).len(), 0);
    let body = with(start_body(PHONE, "login"), "/presentation", json!({ "mode": "element", "origin": own }));
    shop.start(body).await;
    server.text(PHONE, 1).await;
}

#[tokio::test]
async fn without_a_presentation_there_is_no_last_line() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    shop.start(start_body(PHONE, "login")).await;
    let text = server.text(PHONE, 1).await;
    assert!(text.lines().count() == 1 && !text.contains('@'), "{text}");
}

#[tokio::test]
async fn c4_a_payee_or_order_that_would_mislead_is_refused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (pointer, value) in [
        ("/transaction/payee", "https://evil.example/pay"),
        ("/transaction/payee", "evil.example"),
        ("/transaction/payee", "card 4111 1111 1111 1111"),
        ("/transaction/id", "4111111111111111"),
        ("/transaction/payee", "Shop\nYour code is 123456"),
    ] {
        shop.try_start(with(payment_body(PHONE), pointer, value)).await.wrong_field(pointer);
    }
    assert_eq!(server.inbox(PHONE).len(), 0);
}

#[tokio::test]
async fn an_alphanumeric_code_has_no_letters_that_are_confused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let code = json!({ "length": 10, "alphabet": "alphanumeric" });
    let id = shop.start(with(start_body(PHONE, "login"), "/code", code)).await;
    let text = server.text(PHONE, 1).await;
    let code = text.split(' ').find(|word| word.len() == 10).unwrap();
    assert!(code.bytes().all(|byte| b"34679ACDEFGHJKMNPQRTWXY".contains(&byte)), "{text}");
    assert_eq!(shop.check(&id, &code.to_lowercase()).await["result"], "approved");
}
