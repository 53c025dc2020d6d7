//! What is wrong with a request is said so that it can be put right: RFC 9457 (R2).

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{PHONE, Server, Shop, payment_body, start_body, with};

const START: &str = "/v1/verifications";

async fn shop() -> (Server, Shop) {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    (server, shop)
}

#[tokio::test]
async fn an_unknown_field_is_pointed_at_at_every_depth() {
    let (_server, shop) = shop().await;
    let full = with(payment_body(PHONE), "/code", json!({}));
    let full = with(
        with(full, "/client", json!({})),
        "/presentation",
        json!({ "mode": "app", "app_hash": "FA+9qCX9VSu" }),
    );
    for pointer in ["/phone", "/transaction/total", "/code/len", "/client/ipv4", "/presentation/host"] {
        let problem = shop.try_start(with(full.clone(), pointer, "x")).await.wrong_field(pointer);
        assert!(problem["detail"].as_str().unwrap().contains("unknown field"), "{problem}");
    }
}

#[tokio::test]
async fn unknown_fields_are_refused_on_every_route() {
    let (server, shop) = shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    for (path, body) in [
        (format!("{START}/{id}/check"), json!({ "code": "123456" })),
        (format!("{START}/{id}/resend"), json!({})),
        ("/v1/proofs/redeem".to_owned(), json!({ "proof": "x", "to": PHONE, "purpose": "login" })),
        ("/v1/phones/rebind".to_owned(), json!({ "to": PHONE })),
        ("/v1/keys".to_owned(), json!({ "name": "x", "mode": "test", "scope": "server" })),
        (format!("/v1/keys/{}/rotate", shop.key_id()), json!({ "overlap_s": 0 })),
    ] {
        shop.post(&path, with(body, "/a~b~0c", 1)).await.wrong_field("/a~0b~00c");
    }
    shop.patch("/v1/app", json!({ "brandt": "x" })).await.wrong_field("/brandt");
    shop.patch("/v1/app", json!({ "policy": { "countrys": [] } })).await.wrong_field("/policy/countrys");
    shop.patch("/v1/app", json!({ "policy": { "phone_limits": { "x": 1 } } }))
        .await
        .wrong_field("/policy/phone_limits/x");
    assert_eq!(shop.show(&id).await["attempts_remaining"], 5);
    drop(server);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let (_server, shop) = shop().await;
    for (body, field) in [(json!({ "to": PHONE }), "purpose"), (json!({ "purpose": "login" }), "to")] {
        let problem = shop.try_start(body).await.problem("invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
    }
}

#[tokio::test]
async fn wrong_types_are_pointed_at() {
    let (_server, shop) = shop().await;
    for (pointer, value) in [
        ("/to", json!(447_700_900_123_u64)),
        ("/purpose", json!(null)),
        ("/purpose", json!(["login"])),
        ("/session", json!(7)),
        ("/transaction", json!("49.90 EUR")),
        ("/transaction/amount", json!(49.9)),
        ("/transaction/fields", json!([])),
        ("/transaction/fields/a", json!(1)),
        ("/expires_in", json!("300")),
        ("/expires_in", json!(300.5)),
        ("/expires_in", json!(-1)),
        ("/code", json!(6)),
        ("/metadata", json!("x")),
        ("/metadata/a", json!({})),
        ("/client/ip", json!(1)),
    ] {
        let mut body = with(with(payment_body(PHONE), "/client", json!({})), "/metadata", json!({}));
        body["transaction"]["fields"] = json!({});
        shop.try_start(with(body, pointer, value)).await.wrong_field(pointer);
    }
}

#[tokio::test]
async fn numbers_out_of_range_are_refused() {
    let (_server, shop) = shop().await;
    for length in ["256", "-6", "6.0", "1e2", "18446744073709551616"] {
        let body = format!(r#"{{"to":"{PHONE}","purpose":"login","code":{{"length":{length}}}}}"#);
        shop.post_bytes(START, body).await.wrong_field("/code/length");
    }
    for seconds in ["1e400", "01", "+1", "0x10", "NaN", "Infinity", "."] {
        let body = format!(r#"{{"to":"{PHONE}","purpose":"login","expires_in":{seconds}}}"#);
        shop.post_bytes(START, body).await.problem("malformed_json");
    }
    let digits = "9".repeat(20_000);
    let body = format!(r#"{{"to":"{PHONE}","purpose":"login","expires_in":{digits}}}"#);
    assert!(matches!(shop.post_bytes(START, body).await.status, 400 | 422));
}

#[tokio::test]
async fn optional_members_may_be_null() {
    let (_server, shop) = shop().await;
    let nothing = json!({
        "to": PHONE, "purpose": "login", "transaction": null, "session": null, "channel": null, "locale": null,
        "code": null, "expires_in": null, "client": null, "customer": null, "presentation": null,
    });
    shop.start(nothing).await;
}

#[tokio::test]
async fn values_out_of_their_bounds_are_pointed_at() {
    let (_server, shop) = shop().await;
    let many: Value =
        (0..17).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    for (pointer, value) in [
        ("/purpose", json!("Log In")),
        ("/purpose", json!("")),
        ("/session", json!("")),
        ("/session", json!("s".repeat(257))),
        ("/customer", json!("a\nb")),
        ("/channel", json!("pigeon")),
        ("/locale", json!("not a locale")),
        ("/metadata", many.clone()),
        ("/transaction/fields", many),
        ("/transaction/payee", json!("")),
        ("/transaction/id", json!("i".repeat(257))),
    ] {
        shop.try_start(with(payment_body(PHONE), pointer, value)).await.wrong_field(pointer);
    }
    for (member, inner, pointer) in [
        ("metadata", json!({ "a/b": "" }), "/metadata/a~1b"),
        ("client", json!({ "ip": "203.0.113.7:80" }), "/client/ip"),
        ("client", json!({ "user_agent": "u".repeat(1025) }), "/client/user_agent"),
        ("client", json!({ "device": "d".repeat(257) }), "/client/device"),
        ("presentation", json!({ "mode": "element" }), "/presentation/origin"),
        ("presentation", json!({ "mode": "page", "origin": "http://shop.example" }), "/presentation/origin"),
        ("presentation", json!({ "mode": "iframe", "origin": "https://a.example" }), "/presentation/origin"),
        ("presentation", json!({ "mode": "app", "app_hash": "short" }), "/presentation/app_hash"),
        ("presentation", json!({ "mode": "app" }), "/presentation/app_hash"),
    ] {
        shop.try_start(with(payment_body(PHONE), &format!("/{member}"), inner)).await.wrong_field(pointer);
    }
}

#[tokio::test]
async fn a_member_that_comes_twice_is_refused() {
    let (_server, shop) = shop().await;
    for body in [
        format!(r#"{{"to":"{PHONE}","to":"+447700900124","purpose":"login"}}"#),
        format!(r#"{{"to":"{PHONE}","purpose":"payment","transaction":{{"payee":"A","payee":"B"}}}}"#),
        format!(
            r#"{{"to":"{PHONE}","purpose":"payment","transaction":{{"fields":{{"iban":"A","iban":"B"}}}}}}"#
        ),
        format!(r#"{{"to":"{PHONE}","purpose":"login","metadata":{{"a":"1","a":"2"}}}}"#),
    ] {
        let problem = shop.post_bytes(START, body.clone()).await.problem("invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains("duplicate"), "{body}: {problem}");
    }
}

#[tokio::test]
async fn what_is_not_json_is_400() {
    let (_server, shop) = shop().await;
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let deep_value = format!(r#"{{"metadata":{{"a":{deep}}}}}"#);
    for body in [
        b"".to_vec(),
        b"{".to_vec(),
        format!("{}{{}}", start_body(PHONE, "login")).into_bytes(),
        b"{\"to\":\"\xff\xfe\"}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{'to':'x'}".to_vec(),
        b"{\"to\":\"\\ud800\"}".to_vec(),
        b"{\"to\":\"a\nb\"}".to_vec(),
        b"// x\n{}".to_vec(),
        vec![0; 10],
    ] {
        let problem = shop.post_bytes(START, body).await.problem("malformed_json");
        assert!(problem["detail"].as_str().unwrap().contains("line"), "{problem}");
    }
    for body in [deep, deep_value, "null".to_owned(), "[]".to_owned(), "\"x\"".to_owned(), "1".to_owned()] {
        assert!(matches!(shop.post_bytes(START, body).await.status, 400 | 422));
    }
}

#[tokio::test]
async fn a_body_has_64_kib_at_most() {
    let (_server, shop) = shop().await;
    let body = start_body(PHONE, "login").to_string();
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    shop.post_bytes(START, padded(64 * 1024 + 1)).await.problem("body_too_large");
    shop.post_bytes(START, padded(64 * 1024)).await.expect(201);
    let endless = reqwest::Body::from(vec![b' '; 300_000]);
    let request = shop.request(Method::POST, START).header("Content-Type", "application/json").body(endless);
    shop.send(request).await.problem("body_too_large");
}

#[tokio::test]
async fn a_body_is_declared_as_json() {
    let (_server, shop) = shop().await;
    let body = start_body(PHONE, "login").to_string();
    for declared in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
        "application/json-patch+json",
    ] {
        let request = shop.request(Method::POST, START).header("Content-Type", declared).body(body.clone());
        shop.send(request).await.problem("unsupported_media_type");
    }
    let undeclared = shop.request(Method::POST, START).body(body.clone());
    shop.send(undeclared).await.problem("unsupported_media_type");
    let request = shop
        .request(Method::POST, START)
        .header("Content-Type", "Application/JSON; charset=utf-8")
        .body(body);
    shop.send(request).await.expect(201);
}

#[tokio::test]
async fn a_path_that_is_not_there_is_404() {
    let (_server, shop) = shop().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/verifications/",
        "/v2/Services",
        "/v1/verifications/ver_x/approve",
        "//v1/verifications",
    ] {
        shop.get(path).await.problem("not_found");
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_405_and_says_which_are() {
    let (_server, shop) = shop().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/verifications", "GET,HEAD,POST"),
        (Method::OPTIONS, "/v1/verifications", "GET,HEAD,POST"),
        (Method::GET, "/v1/proofs/redeem", "POST"),
        (Method::POST, "/.well-known/jwks.json", "GET,HEAD"),
        (Method::PUT, "/v1/app", "GET,HEAD,PATCH"),
        (Method::TRACE, "/livez", "GET,HEAD"),
    ] {
        let answer = shop.send(shop.request(method, path)).await;
        answer.problem("method_not_allowed");
        let mut methods: Vec<&str> = answer.header("allow").unwrap().split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let (_server, shop) = shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    for path in
        [format!("{START}/{id}"), START.to_owned(), "/livez".to_owned(), "/.well-known/jwks.json".to_owned()]
    {
        let answer = shop.send(shop.request(Method::HEAD, &path)).await;
        assert_eq!((answer.status, answer.bytes.len()), (200, 0), "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let (_server, shop) = shop().await;
    let mut ids = std::collections::BTreeSet::new();
    for path in ["/livez", "/v1/app", "/nowhere", "/v1/verifications?limit=0"] {
        ids.insert(shop.get(path).await.header("x-request-id").unwrap().to_owned());
    }
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn refusals_never_repeat_what_was_sent() {
    let (_server, shop) = shop().await;
    let answer = shop.try_start(with(start_body(PHONE, "login"), "/code", json!({ "length": 4 }))).await;
    assert!(!answer.text().contains("7700900123"));
    let answer = shop.try_check("ver_00000000000000000000000000", "918273").await;
    assert!(!answer.text().contains("918273"));
}
