//! Challenges of vendors: a server of this test answers as Turnstile and hCaptcha document their `siteverify`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::harness::{Answer, PHONE, Server, Setup, Shop, start_body, with};

const SECRET: &str = "0x4AAAAAAA-secret-of-this-test";

/// What a vendor was asked, and which tokens it has seen.
#[derive(Clone, Default)]
struct Vendor(Arc<Mutex<Vec<HashMap<String, String>>>>);

impl Vendor {
    async fn start() -> (Self, String) {
        let vendor = Vendor::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/siteverify", listener.local_addr().unwrap());
        let app = Router::new().route("/siteverify", post(judge)).with_state(vendor.clone());
        TaskTracker::new().spawn(async move { axum::serve(listener, app).await.unwrap() });
        (vendor, url)
    }
}

/// `good…` once, `bound:<cdata>` as Turnstile binds, `down` as a vendor that is not well, `wrongly` to a wrong secret.
async fn judge(
    State(vendor): State<Vendor>,
    Form(question): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let token = question["response"].clone();
    let is_used = vendor.0.lock().unwrap().iter().any(|earlier| earlier["response"] == token);
    let is_known = question["secret"] == SECRET;
    vendor.0.lock().unwrap().push(question);
    let failed = |code: &str| (StatusCode::OK, Json(json!({ "success": false, "error-codes": [code] })));
    match token.as_str() {
        "down" => (StatusCode::BAD_GATEWAY, Json(json!({}))),
        "wrongly" => failed("invalid-input-secret"),
        _ if !is_known => failed("invalid-input-secret"),
        _ if is_used => failed("timeout-or-duplicate"),
        token if token.starts_with("good") => {
            (StatusCode::OK, Json(json!({ "success": true, "error-codes": [], "hostname": "shop.example" })))
        }
        token => match token.strip_prefix("bound:") {
            Some(cdata) => (StatusCode::OK, Json(json!({ "success": true, "cdata": cdata, "action": "" }))),
            None => failed("invalid-input-response"),
        },
    }
}

async fn server_with(vendor: &str, url: &str, more: &str) -> Server {
    let setup = Setup { first: "[challenge]\nvendor_file = \"vendor.toml\"\n", ..Setup::default() };
    let mut options = fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).mode(0o600).open(setup.folder.join("vendor.toml")).unwrap();
    write!(
        file,
        "vendor = \"{vendor}\"\nsite_key = \"site-1\"\nsecret = \"{SECRET}\"\nurl = \"{url}\"\n{more}"
    )
    .unwrap();
    setup.start().await
}

async fn shop_of(server: &Server) -> Shop {
    server.test_shop_with(json!({ "challenge": { "when": "always", "by": "vendor" } })).await
}

/// A start for a page of the shop's own.
async fn challenged(shop: &Shop, session: &str) -> (String, Value) {
    let own = json!({ "mode": "page", "origin": "https://shop.example" });
    let body = with(with(start_body(PHONE, "login"), "/presentation", own), "/session", session);
    let started = shop.try_start(body).await.expect(201);
    (started["id"].as_str().unwrap().to_owned(), started["challenge"].clone())
}

async fn solve(shop: &Shop, id: &str, token: &str) -> Answer {
    shop.post(&format!("/v1/verifications/{id}/challenge"), json!({ "solution": token })).await
}

#[tokio::test]
async fn a_token_of_turnstile_solves_it_once_and_for_its_own_verification() {
    let (vendor, url) = Vendor::start().await;
    let server = server_with("turnstile", &url, "").await;
    let shop = shop_of(&server).await;
    let (id, challenge) = challenged(&shop, "a").await;
    let cdata = challenge["cdata"].as_str().unwrap().to_owned();
    assert_eq!(challenge, json!({ "type": "turnstile", "site_key": "site-1", "cdata": cdata }));
    let (other, others) = challenged(&shop, "b").await;
    solve(&shop, &other, &format!("bound:{cdata}")).await.problem("challenge_failed");
    assert_ne!(others["cdata"], cdata.as_str());
    assert_eq!(solve(&shop, &id, "good-1").await.expect(200)["status"], "pending");
    server.code(PHONE).await;
    server.clock().advance(30);
    solve(&shop, &other, "good-1").await.problem("challenge_failed");
    let bound = format!("bound:{}", others["cdata"].as_str().unwrap());
    assert_eq!(solve(&shop, &other, &bound).await.expect(200)["status"], "pending");
    let asked = vendor.0.lock().unwrap()[0].clone();
    assert_eq!((&*asked["secret"], asked.get("sitekey")), (SECRET, None));
}

#[tokio::test]
async fn hcaptcha_is_told_the_site_key() {
    let (vendor, url) = Vendor::start().await;
    let server = server_with("hcaptcha", &url, "").await;
    let shop = shop_of(&server).await;
    let (id, challenge) = challenged(&shop, "a").await;
    assert_eq!(challenge, json!({ "type": "hcaptcha", "site_key": "site-1" }));
    solve(&shop, &id, "bad").await.problem("challenge_failed");
    solve(&shop, &id, "good").await.expect(200);
    assert_eq!(vendor.0.lock().unwrap()[0]["sitekey"], "site-1");
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_counts_nothing_and_lets_through_only_if_the_operator_says_so() {
    let (_vendor, url) = Vendor::start().await;
    let server = server_with("turnstile", &url, "").await;
    let shop = shop_of(&server).await;
    let (id, _) = challenged(&shop, "a").await;
    for token in ["down", "wrongly", "down", "wrongly", "down", "wrongly"] {
        solve(&shop, &id, token).await.problem("challenge_unavailable");
    }
    assert_eq!(solve(&shop, &id, "good").await.expect(200)["status"], "pending");
    let gone =
        server_with("turnstile", "http://127.0.0.1:9/", "timeout_ms = 500\nwhen_unreachable = \"accept\"\n");
    let gone = gone.await;
    let shop = shop_of(&gone).await;
    let (id, _) = challenged(&shop, "a").await;
    assert_eq!(solve(&shop, &id, "whatever").await.expect(200)["status"], "pending");
}

#[tokio::test]
async fn the_hosted_page_and_the_element_solve_the_proof_of_work_whatever_the_policy_says() {
    let (_vendor, url) = Vendor::start().await;
    let server = server_with("turnstile", &url, "").await;
    let shop = shop_of(&server).await;
    let started = shop.try_start(start_body(PHONE, "login")).await.expect(201);
    assert_eq!(started["challenge"]["type"], "proof_of_work");
    // And so does a server without a vendor.
    let without = Server::start().await;
    let shop = shop_of(&without).await;
    assert_eq!(challenged(&shop, "a").await.1["type"], "proof_of_work");
}
