//! API keys: who may ask what.

use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{PHONE, Server, Shop, payment_body, policy_of, start_body};

/// The status of each kind of request.
async fn statuses(shop: &Shop, id: &str) -> Vec<u16> {
    vec![
        shop.get(&format!("/v1/verifications/{id}")).await.status,
        shop.get("/v1/verifications").await.status,
        shop.get("/v1/app").await.status,
        shop.try_start(start_body("+447700900124", "login")).await.status,
        shop.try_check(id, "000000").await.status,
        shop.cancel(id).await.status,
        shop.redeem("x", &payment_body(PHONE)).await.status,
        shop.get("/v1/keys").await.status,
        shop.patch("/v1/app", json!({})).await.status,
        shop.post("/v1/phones/rebind", json!({ "to": PHONE })).await.status,
    ]
}

async fn revoke(shop: &Shop, id: &str) -> crate::harness::Answer {
    shop.send(shop.request(Method::POST, &format!("/v1/keys/{id}/revoke"))).await
}

#[tokio::test]
async fn o14_a_key_does_what_its_scope_says() {
    let server = Server::start().await;
    let app = server.create_app("Shop", policy_of(json!({}))).await;
    let admin = server.shop_of(&app, Mode::Test, Scope::Admin).await;
    let id = admin.start(payment_body(PHONE)).await;
    for (scope, expected) in [
        (Scope::ReadOnly, [200, 200, 200, 403, 403, 403, 403, 403, 403, 403]),
        (Scope::Server, [200, 200, 200, 201, 200, 200, 422, 403, 403, 403]),
        (Scope::Admin, [200, 200, 200, 200, 200, 200, 422, 200, 200, 200]),
    ] {
        let shop = server.shop_of(&app, Mode::Test, scope).await;
        assert_eq!(statuses(&shop, &id).await, expected, "{scope:?}");
    }
}

#[tokio::test]
async fn a_scope_that_is_too_small_is_named() {
    let server = Server::start().await;
    let app = server.create_app("Shop", policy_of(json!({}))).await;
    let reader = server.shop_of(&app, Mode::Test, Scope::ReadOnly).await;
    let problem = reader.try_start(start_body(PHONE, "login")).await.problem("forbidden");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("server") && detail.contains("read_only"), "{detail}");
}

#[tokio::test]
async fn without_a_working_key_everything_is_401() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let mut other = shop.key().to_owned();
    other.replace_range(60.., if other.ends_with('0') { "1111111" } else { "0000000" });
    let live = shop.key().replace("cs_test_", "cs_live_");
    for key in ["", "x", "cs_test_", &other, &live, &shop.key()[..shop.key().len() - 1], "cs_live_\u{fc}"] {
        let answer = shop.with_key(key).get("/v1/app").await;
        answer.problem("unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"countersign\""));
    }
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    for header in ["Basic Og==", "cs_test_x", "Bearer"] {
        let request = bare.get(format!("{}/v1/app", server.url)).header("Authorization", header);
        shop.send(request).await.problem("unauthorized");
    }
    shop.send(bare.get(format!("{}/v1/app", server.url))).await.problem("unauthorized");
}

#[tokio::test]
async fn a_key_is_shown_once_and_kept_nowhere() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let made =
        shop.post("/v1/keys", json!({ "name": "till", "mode": "test", "scope": "server" })).await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("cs_test_"));
    shop.with_key(secret).start(start_body(PHONE, "login")).await;
    let listed = shop.get("/v1/keys").await;
    let listed_json = listed.json();
    let till = listed_json["data"].as_array().unwrap().iter().find(|key| key["id"] == made["id"]).unwrap();
    assert_eq!((&till["name"], till.get("secret")), (&json!("till"), None));
    assert!(!listed.text().contains(&secret[34..]));
    let folder = server.data_dir();
    let _setup = server.stop().await;
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let kept = files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect::<String>();
    assert!(kept.contains(made["id"].as_str().unwrap()) && !kept.contains(&secret[34..]));
}

#[tokio::test]
async fn rotation_has_no_downtime() {
    let server = Server::start().await;
    let old = server.test_shop().await;
    let id = old.start(payment_body(PHONE)).await;
    let made = old
        .post(&format!("/v1/keys/{}/rotate", old.key_id()), json!({ "overlap_s": 3600 }))
        .await
        .expect(201);
    let new = old.with_key(made["secret"].as_str().unwrap());
    assert_eq!(
        (&made["scope"], &made["mode"], &made["expires_at"]),
        (&json!("admin"), &json!("test"), &Value::Null)
    );
    server.clock().advance(3599);
    assert_eq!(old.show(&id).await, new.show(&id).await);
    server.clock().advance(1);
    old.get("/v1/app").await.problem("unauthorized");
    new.get("/v1/app").await.expect(200);
    let server = server.restart().await;
    new.at(&server.url).get("/v1/app").await.expect(200);
    old.at(&server.url).get("/v1/app").await.problem("unauthorized");
}

#[tokio::test]
async fn an_overlap_has_30_days_at_most() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let path = format!("/v1/keys/{}/rotate", shop.key_id());
    shop.post(&path, json!({ "overlap_s": 30 * 24 * 3600 + 1 })).await.wrong_field("/overlap_s");
    shop.post(&path, json!({ "overlap_s": 30 * 24 * 3600 })).await.expect(201);
}

#[tokio::test]
async fn a_revoked_key_ends_at_once_and_cannot_be_rotated() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let made =
        shop.post("/v1/keys", json!({ "name": "till", "mode": "test", "scope": "admin" })).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(revoke(&shop, id).await.expect(200)["expires_at"], "2026-11-23T10:00:00.000Z");
    shop.with_key(made["secret"].as_str().unwrap()).get("/v1/app").await.problem("unauthorized");
    server.clock().advance(60);
    assert_eq!(revoke(&shop, id).await.expect(200)["expires_at"], "2026-11-23T10:00:00.000Z");
    shop.post(&format!("/v1/keys/{id}/rotate"), json!({ "overlap_s": 0 })).await.problem("invalid_request");
}

#[tokio::test]
async fn a_live_key_needs_countries() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let live = json!({ "name": "till", "mode": "live", "scope": "server" });
    let problem = shop.post("/v1/keys", live.clone()).await.wrong_field("/mode");
    assert!(problem["detail"].as_str().unwrap().contains("countries"), "{problem}");
    shop.patch("/v1/app", json!({ "policy": { "countries": ["DE"] } })).await.expect(200);
    shop.post("/v1/keys", live).await.expect(201);
}

#[tokio::test]
async fn countries_stay_while_a_live_key_works() {
    let server = Server::start().await;
    let shop = server.live_shop().await;
    shop.patch("/v1/app", json!({ "policy": {} })).await.wrong_field("/policy/countries");
    assert_eq!(shop.get("/v1/app").await.expect(200)["policy"]["countries"], json!(["DE", "GB"]));
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (body, pointer) in [
        (json!({ "name": " ", "mode": "test", "scope": "server" }), "/name"),
        (json!({ "name": "n".repeat(101), "mode": "test", "scope": "server" }), "/name"),
        (json!({ "name": "n", "mode": "prod", "scope": "server" }), "/mode"),
        (json!({ "name": "n", "mode": "test", "scope": "root" }), "/scope"),
    ] {
        shop.post("/v1/keys", body).await.wrong_field(pointer);
    }
    for id in ["key_00000000000000000000000000", "x"] {
        revoke(&shop, id).await.problem("not_found");
    }
}

#[tokio::test]
async fn keys_of_an_app_are_bounded() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let body = json!({ "name": "n", "mode": "test", "scope": "server" });
    for _ in 1..100 {
        shop.post("/v1/keys", body.clone()).await.expect(201);
    }
    shop.post("/v1/keys", body).await.problem("invalid_request");
}
