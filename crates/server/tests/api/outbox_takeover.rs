//! A node that dies, and the one that takes its messages over.

use std::time::Duration;

use serde_json::json;

use crate::harness::{LIVE_PHONE, Mood, Server, Setup, Sink, pause, start_body};

/// A server that was killed while its carrier had a message and had not answered: what is left of it.
async fn killed() -> (Setup, Sink, crate::harness::Shop, String) {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Hang);
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    sink.message(1).await;
    (server.kill(), sink, shop, id)
}

#[tokio::test]
async fn i4_i5_a_dead_nodes_message_is_sent_once_more_with_the_same_code() {
    let (setup, sink, shop, id) = killed().await;
    sink.always(Mood::Accept);
    let clock = setup.clock.clone();
    let server = setup.start().await;
    let shop = shop.at(&server.url);
    assert_eq!(shop.show(&id).await["status"], "pending");
    clock.advance(30);
    let accepted = shop.event(&id, "delivery.accepted").await;
    assert_eq!(accepted["data"]["submissions"], 2);
    let posted = sink.posted();
    assert_eq!(
        (posted.len(), posted[0].reference(), posted[0].code()),
        (2, posted[1].reference(), posted[1].code())
    );
    let unknown = shop.event(&id, "delivery.unknown").await;
    assert_eq!(unknown["data"], json!({ "delivery": posted[0].reference(), "provider": null }));
    assert_eq!(shop.count(&id, "delivery.unknown").await, 1);
    assert_eq!(shop.check(&id, &posted[1].code()).await["result"], "approved");
}

#[tokio::test]
async fn a_living_lease_is_respected() {
    let (setup, sink, _shop, _) = killed().await;
    let clock = setup.clock.clone();
    let _server = setup.start().await;
    clock.advance_ms(29_999);
    pause(Duration::from_millis(1200)).await;
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn i3_what_ended_before_the_take_over_is_not_sent() {
    let (setup, sink, shop, id) = killed().await;
    sink.always(Mood::Accept);
    let clock = setup.clock.clone();
    let server = setup.start().await;
    shop.at(&server.url).cancel(&id).await.expect(200);
    clock.advance(60);
    pause(Duration::from_millis(1200)).await;
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn i3_what_expired_before_the_take_over_is_not_sent() {
    let (setup, sink, shop, id) = killed().await;
    sink.always(Mood::Accept);
    setup.clock.advance(600);
    let server = setup.start().await;
    pause(Duration::from_millis(1200)).await;
    assert_eq!(sink.posted().len(), 1);
    assert_eq!(shop.at(&server.url).show(&id).await["status"], "expired");
}

#[tokio::test]
async fn a_take_over_uses_another_route_if_there_is_one() {
    let (setup, sink, shop, id) = killed().await;
    let other = Sink::new(&setup.clock).await;
    let clock = setup.clock.clone();
    let providers = vec![("gateway", sink.url.clone()), ("other", other.url.clone())];
    let server = Setup { providers, ..setup }.start().await;
    clock.advance(30);
    let accepted = shop.at(&server.url).event(&id, "delivery.accepted").await;
    assert_eq!((&accepted["data"]["provider"], sink.posted().len()), (&json!("other"), 1));
}

#[tokio::test]
async fn a_stop_waits_for_the_message_on_its_way() {
    let (server, sink) = Server::with_sink().await;
    sink.always(Mood::Gate);
    let shop = server.live_shop().await;
    let id = shop.start(start_body(LIVE_PHONE, "login")).await;
    sink.message(1).await;
    let (setup, ()) = tokio::join!(server.stop(), async {
        pause(Duration::from_millis(300)).await;
        sink.open_gate();
    });
    let server = setup.start().await;
    assert_eq!(shop.at(&server.url).count(&id, "delivery.accepted").await, 1);
    assert_eq!(sink.posted().len(), 1);
}

#[tokio::test]
async fn i4_what_was_answered_is_there_after_a_kill() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (approved, proof) = server.approve(&shop, start_body("+447700900001", "login")).await;
    let pending = shop.start(start_body("+447700900002", "login")).await;
    let code = server.code("+447700900002").await;
    let server = server.kill().start().await;
    let shop = shop.at(&server.url);
    assert_eq!(shop.show(&approved).await["proof"], proof.as_str());
    shop.redeem(&proof, &start_body("+447700900001", "login")).await.expect(200);
    assert_eq!(shop.check(&pending, &code).await["result"], "approved");
}
