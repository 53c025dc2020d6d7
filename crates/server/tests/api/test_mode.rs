//! Test keys: no carrier, fiction numbers, fixed codes.

use countersign_core::subject::Mode;
use countersign_server::tenant::Scope;
use serde_json::json;

use crate::harness::{LIVE_PHONE, PHONE, Server, payment_body, policy_of, start_body};

#[tokio::test]
async fn a_test_message_never_reaches_a_carrier() {
    let (server, sink) = Server::with_sink().await;
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["DE"] }))).await;
    let test = server.shop_of(&app, Mode::Test, Scope::Server).await;
    let id = test.start(start_body(LIVE_PHONE, "login")).await;
    server.text(LIVE_PHONE, 1).await;
    assert_eq!(test.event(&id, "delivery.accepted").await["data"]["provider"], "simulated");
    let live = server.shop_of(&app, Mode::Live, Scope::Server).await;
    live.start(start_body(LIVE_PHONE, "login")).await;
    sink.message(1).await;
    assert_eq!((sink.posted().len(), server.inbox(LIVE_PHONE).len()), (1, 1));
}

#[tokio::test]
async fn a_test_message_reaches_no_carrier_even_if_the_app_routes_to_one() {
    let (server, sink) = Server::with_sink().await;
    let shop = server.test_shop().await;
    shop.patch("/v1/app", json!({ "route": ["gateway"] })).await.expect(200);
    shop.start(start_body(PHONE, "login")).await;
    server.text(PHONE, 1).await;
    assert_eq!(sink.posted().len(), 0);
}

#[tokio::test]
async fn fiction_numbers_are_for_test_keys() {
    let (server, sink) = Server::with_sink().await;
    let live = server.live_shop().await;
    live.try_start(start_body(PHONE, "login")).await.wrong_field("/to");
    server.test_shop().await.start(start_body(PHONE, "login")).await;
    assert_eq!(sink.posted().len(), 0);
}

#[tokio::test]
async fn a_fixed_code_works_with_a_test_key() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "test_numbers": { PHONE: "424242" } })).await;
    let id = shop.start(payment_body(PHONE)).await;
    assert_eq!(server.code(PHONE).await, "424242");
    assert_eq!(shop.check(&id, "424243").await["result"], "incorrect");
    assert_eq!(shop.check(&id, "424242").await["result"], "approved");
}

#[tokio::test]
async fn a_fixed_code_never_works_with_a_live_key() {
    let (server, sink) = Server::with_sink().await;
    let live = server.live_shop_with(json!({ "test_numbers": { LIVE_PHONE: "424242" } })).await;
    let id = live.start(start_body(LIVE_PHONE, "login")).await;
    let code = sink.message(1).await.code();
    assert_ne!(code, "424242", "one in a million runs may fail here");
    assert_eq!(live.check(&id, "424242").await["result"], "incorrect");
    assert_eq!(live.check(&id, &code).await["result"], "approved");
}

#[tokio::test]
async fn a_fixed_code_that_was_taken_away_works_no_more() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "test_numbers": { PHONE: "424242" } })).await;
    let id = shop.start(payment_body(PHONE)).await;
    shop.patch("/v1/app", json!({ "policy": {} })).await.expect(200);
    assert_eq!(shop.check(&id, "424242").await["result"], "incorrect");
}

#[tokio::test]
async fn test_and_live_of_one_phone_do_not_meet() {
    let (server, sink) = Server::with_sink().await;
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["DE"] }))).await;
    let test = server.shop_of(&app, Mode::Test, Scope::Server).await;
    let live = server.shop_of(&app, Mode::Live, Scope::Server).await;
    let tested = test.start(start_body(LIVE_PHONE, "login")).await;
    let lived = live.start(start_body(LIVE_PHONE, "login")).await;
    for _ in 0..5 {
        test.check(&tested, "000000").await;
    }
    assert_eq!(live.show(&lived).await["attempts_remaining"], 5);
    assert_eq!(live.check(&lived, &sink.message(1).await.code()).await["result"], "approved");
}

#[tokio::test]
async fn lists_keep_the_modes_apart() {
    let (server, _sink) = Server::with_sink().await;
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["DE"] }))).await;
    let test = server.shop_of(&app, Mode::Test, Scope::Server).await;
    let live = server.shop_of(&app, Mode::Live, Scope::Server).await;
    let (tested, lived) = (
        test.start(start_body(LIVE_PHONE, "login")).await,
        live.start(start_body(LIVE_PHONE, "login")).await,
    );
    for (shop, id) in [(&test, tested), (&live, lived)] {
        let page = shop.get("/v1/verifications").await.expect(200);
        assert_eq!(
            page["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect::<Vec<_>>(),
            [&json!(id)]
        );
    }
}
