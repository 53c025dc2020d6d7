//! Carriers that hang, and carriers beside them.

use std::time::Duration;

use serde_json::json;

use crate::harness::{LIVE_PHONE, Mood, Server, Setup, Sink, pause, policy_of, start_body};

/// Two endpoints that may take one second to answer.
async fn impatient() -> (Server, [Sink; 2]) {
    let setup = Setup { delivery: "submit_timeout_s = 1", ..Setup::default() };
    let sinks = [Sink::new(&setup.clock).await, Sink::new(&setup.clock).await];
    let providers = vec![("first", sinks[0].url.clone()), ("second", sinks[1].url.clone())];
    (Setup { providers, ..setup }.start().await, sinks)
}

#[tokio::test]
async fn i5_an_unanswered_message_is_not_repeated_on_its_route() {
    let (server, [first, second]) = impatient().await;
    first.always(Mood::Hang);
    let shop = server.live_shop().await;
    shop.patch("/v1/app", json!({ "route": ["first"] })).await.expect(200);
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let unknown = shop.event(&id, "delivery.unknown").await;
    let message = json!({ "form": "full", "encoding": "gsm7", "segments": 1 });
    let reference = first.message(1).await.reference().to_owned();
    assert_eq!(unknown["data"], json!({ "delivery": reference, "provider": "first", "message": message }));
    server.clock().advance(120);
    pause(Duration::from_millis(1200)).await;
    assert_eq!((first.posted().len(), second.posted().len()), (1, 0));
    assert_eq!(shop.check(&id, &first.message(1).await.code()).await["result"], "approved");
}

#[tokio::test]
async fn a_customers_resend_goes_out_after_an_unanswered_message() {
    let (server, [first, _second]) = impatient().await;
    first.next(&[Mood::Hang]);
    let shop = server.live_shop().await;
    shop.patch("/v1/app", json!({ "route": ["first"] })).await.expect(200);
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    shop.event(&id, "delivery.unknown").await;
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    shop.event(&id, "delivery.accepted").await;
    let posted = first.posted();
    assert_ne!(posted[0].reference(), posted[1].reference());
    assert_eq!(posted[0].code(), posted[1].code());
}

#[tokio::test]
async fn i5_an_unanswered_message_takes_another_route_with_the_same_code() {
    let (server, [first, second]) = impatient().await;
    first.always(Mood::Hang);
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let accepted = shop.event(&id, "delivery.accepted").await;
    assert_eq!(
        (&accepted["data"]["provider"], &accepted["data"]["submissions"]),
        (&json!("second"), &json!(2))
    );
    let (one, two) = (first.message(1).await, second.message(1).await);
    assert_eq!((one.reference(), one.code()), (two.reference(), two.code()));
    assert_eq!(shop.count(&id, "delivery.unknown").await, 1);
}

#[tokio::test]
async fn what_one_carrier_refuses_for_good_another_takes() {
    let (server, [first, second]) = Server::with_two_sinks().await;
    first.always(Mood::Status(400));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let accepted = shop.event(&id, "delivery.accepted").await;
    assert_eq!(accepted["data"]["provider"], "second");
    assert_eq!((first.posted().len(), second.posted().len()), (1, 1));
}

#[tokio::test]
async fn what_every_carrier_refuses_for_good_fails() {
    let (server, [first, second]) = Server::with_two_sinks().await;
    first.always(Mood::Status(400));
    second.always(Mood::Status(403));
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    let failed = shop.event(&id, "delivery.failed").await;
    assert_eq!(
        (&failed["data"]["provider"], &failed["data"]["reason"]),
        (&json!("second"), &json!("http_403"))
    );
    assert_eq!((first.posted().len(), second.posted().len()), (1, 1));
}

#[tokio::test]
async fn a_failover_does_not_count_as_a_customers_request() {
    let (server, [first, second]) = Server::with_two_sinks().await;
    first.always(Mood::Status(400));
    let app = server.create_app("Shop", policy_of(json!({ "countries": ["DE"], "daily_messages": 1 }))).await;
    let shop = server
        .shop_of(&app, countersign_core::subject::Mode::Live, countersign_server::tenant::Scope::Server)
        .await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    second.message(1).await;
    shop.event(&id, "delivery.accepted").await;
    assert_eq!(shop.show(&id).await["resend_at"], "2026-11-23T10:00:30.000Z");
}

#[tokio::test]
async fn an_app_has_its_own_order_of_carriers() {
    let (server, [first, second]) = Server::with_two_sinks().await;
    let shop = server.live_shop().await;
    shop.patch("/v1/app", json!({ "route": ["second", "first"] })).await.expect(200);
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    assert_eq!(shop.event(&id, "delivery.accepted").await["data"]["provider"], "second");
    assert_eq!((first.posted().len(), second.posted().len()), (0, 1));
}
