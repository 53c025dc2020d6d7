//! Workflows: the next channel by itself, early, and after a restart.

use std::time::Duration;

use countersign_core::verification::Channel;
use countersign_delivery::simulated::{Condition, Fate};
use serde_json::{Value, json};

use crate::channels::shop_of_all_channels;
use crate::harness::{PHONE, Server, Shop, eventually, pause, start_body, with};

/// Steps are looked for every second.
const MEANWHILE: Duration = Duration::from_millis(2500);

fn body() -> Value {
    let workflow = json!([{ "channel": "whatsapp", "wait_s": 20 }, "sms", "voice"]);
    with(start_body(PHONE, "login"), "/workflow", workflow)
}

fn channels(server: &Server) -> Vec<Channel> {
    server.inbox(PHONE).iter().map(|message| message.channel).collect()
}

async fn arrived(server: &Server, expected: &[Channel]) {
    eventually("the messages", async || (channels(server) == expected).then_some(())).await;
}

async fn step(shop: &Shop, id: &str, count: usize) -> Value {
    let of_kind = async || {
        let events = shop.timeline(id).await;
        events.into_iter().filter(|event| event["type"] == "verification.next_step").nth(count - 1)
    };
    let event = eventually("a step", of_kind).await;
    json!([event["data"]["step"], event["data"]["channel"], event["data"]["because"]])
}

#[tokio::test]
async fn the_next_step_comes_by_itself_when_its_time_has_come_with_the_same_code() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let started = shop.try_start(body()).await.expect(201);
    let id = started["id"].as_str().unwrap();
    assert_eq!(
        started["workflow"],
        json!({
            "steps": [
                { "channel": "whatsapp", "wait_s": 20 },
                { "channel": "sms", "wait_s": 30 },
                { "channel": "voice", "wait_s": 30 },
            ],
            "taken": 1, "next_at": "2026-11-23T10:00:20.000Z",
        })
    );
    let code = server.code(PHONE).await;
    server.clock().advance(19);
    pause(MEANWHILE).await;
    assert_eq!(channels(&server), [Channel::WhatsApp], "not before its time");
    server.clock().advance(1);
    arrived(&server, &[Channel::WhatsApp, Channel::Sms]).await;
    assert_eq!(step(&shop, id, 1).await, json!([2, "sms", "waited"]));
    server.clock().advance(30);
    arrived(&server, &[Channel::WhatsApp, Channel::Sms, Channel::Voice]).await;
    let shown = shop.show(id).await;
    assert_eq!((&shown["channel"], &shown["workflow"]["next_at"]), (&json!("voice"), &Value::Null));
    assert_eq!(shown["expires_at"], started["expires_at"], "the clock runs from the first message");
    assert_eq!(shop.check(id, &code).await["result"], "approved");
}

#[tokio::test]
async fn i3_nothing_more_comes_once_the_code_was_typed() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let id = shop.start(body()).await;
    let code = server.code(PHONE).await;
    shop.check(&id, &code).await;
    server.clock().advance(60);
    pause(MEANWHILE).await;
    assert_eq!(channels(&server), [Channel::WhatsApp]);
}

#[tokio::test]
async fn i4_a_step_outlives_a_kill_and_comes_once() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let id = shop.start(body()).await;
    arrived(&server, &[Channel::WhatsApp]).await;
    shop.event(&id, "delivery.receipt").await;
    let setup = server.kill();
    setup.clock.advance(20);
    let server = setup.start().await;
    let shop = shop.at(&server.url);
    assert_eq!(step(&shop, &id, 1).await, json!([2, "sms", "waited"]));
    arrived(&server, &[Channel::Sms]).await;
    pause(MEANWHILE).await;
    assert_eq!(shop.count(&id, "verification.next_step").await, 1);
    assert_eq!(channels(&server), [Channel::Sms], "its phone is new, and got one message");
}

#[tokio::test]
async fn a_resend_takes_the_next_step_early() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let workflow = json!([{ "channel": "whatsapp", "wait_s": 300 }, "voice"]);
    let id = shop.start(with(start_body(PHONE, "login"), "/workflow", workflow)).await;
    shop.resend(&id).await.problem("resend_too_soon");
    server.clock().advance(30);
    assert_eq!(shop.resend(&id).await.expect(200)["channel"], "voice");
    arrived(&server, &[Channel::WhatsApp, Channel::Voice]).await;
    server.clock().advance(300);
    pause(MEANWHILE).await;
    assert_eq!(channels(&server).len(), 2, "it was the last");
}

#[tokio::test]
async fn a_channel_that_takes_no_message_makes_way_at_once() {
    let server = Server::with_two_carriers().await;
    let shop = shop_of_all_channels(&server).await;
    for carrier in ["simulated", "simulated-2"] {
        server.set_carrier(carrier, Condition::Refuses);
    }
    let id = shop.start(body()).await;
    assert_eq!(step(&shop, &id, 1).await, json!([2, "sms", "failed"]));
    assert_eq!(step(&shop, &id, 2).await, json!([3, "voice", "failed"]));
    let failed = async || (shop.count(&id, "delivery.failed").await == 3).then_some(());
    eventually("the last refusal", failed).await;
    assert_eq!(channels(&server), []);
}

#[tokio::test]
async fn a_failed_receipt_brings_another_route_of_the_channel_and_then_the_next_one() {
    let server = Server::with_two_carriers().await;
    let shop = shop_of_all_channels(&server).await;
    server.set_carrier("simulated", Condition::Fails);
    server.set_carrier("simulated-2", Condition::Fails);
    let workflow = json!([{ "channel": "whatsapp", "wait_s": 300 }, "voice"]);
    let id = shop.start(with(start_body(PHONE, "login"), "/workflow", workflow)).await;
    assert_eq!(step(&shop, &id, 1).await, json!([2, "voice", "failed"]));
    let kinds: Vec<Value> = shop.timeline(&id).await.iter().map(|event| event["type"].clone()).collect();
    let first = |kind: &str| kinds.iter().position(|known| known == kind).unwrap();
    assert!(first("delivery.failed_over") < first("verification.next_step"), "{kinds:?}");
}

#[tokio::test]
async fn a_step_that_no_limit_has_room_for_stops_the_workflow() {
    let server = Server::start().await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let policy = json!({ "phone_limits": limits, "channels": ["sms", "voice"], "daily_messages": 1 });
    let shop = server.test_shop_with(policy).await;
    let id = shop.start(with(start_body(PHONE, "login"), "/workflow", json!(["sms", "voice"]))).await;
    server.clock().advance(30);
    let stopped = shop.event(&id, "verification.workflow_stopped").await;
    assert_eq!(stopped["data"]["reason"], "limit");
    assert_eq!(shop.show(&id).await["status"], "pending");
    pause(MEANWHILE).await;
    assert_eq!(shop.count(&id, "verification.workflow_stopped").await, 1);
}

#[tokio::test]
async fn an_app_may_have_a_workflow_of_its_own() {
    let server = Server::start().await;
    let workflow = json!([{ "channel": "telegram", "wait_s": 15 }, "email", "sms"]);
    let channels = json!(["sms", "telegram", "email"]);
    let shop = server.test_shop_with(json!({ "channels": channels, "workflow": workflow })).await;
    let steps = async |body: Value| {
        let started = shop.try_start(body).await.expect(201);
        let steps = started["workflow"]["steps"].as_array().unwrap().clone();
        steps.into_iter().map(|step| step["channel"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps(start_body(PHONE, "login")).await, ["telegram", "sms"], "no address, no e-mail");
    let known = with(start_body("+447700900124", "login"), "/email", "ada@shop.example");
    assert_eq!(steps(known).await, ["telegram", "email", "sms"]);
    let payment = with(crate::harness::payment_body("+447700900125"), "/email", "ada@shop.example");
    assert_eq!(steps(payment).await, ["telegram", "sms"], "N10");
    let named = with(start_body("+447700900126", "login"), "/channel", "sms");
    assert_eq!(shop.try_start(named).await.expect(201).get("workflow"), None);
}

#[tokio::test]
async fn a_workflow_is_bounded_and_told_where_it_is_wrong() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    for (workflow, pointer) in [
        (json!([]), "/workflow"),
        (json!(["sms", "sms", "sms", "sms", "sms", "sms"]), "/workflow"),
        (json!(["sms", "fax"]), "/workflow/1"),
        (json!(["sms", { "channel": "fax" }]), "/workflow/1/channel"),
        (json!([{ "channel": "sms", "wait_s": 14 }]), "/workflow/0/wait_s"),
        (json!(["sms", { "channel": "voice", "wait_s": 301 }]), "/workflow/1/wait_s"),
    ] {
        let body = with(start_body(PHONE, "login"), "/workflow", workflow);
        shop.try_start(body).await.wrong_field(pointer);
    }
    let payment = with(crate::harness::payment_body(PHONE), "/workflow", json!(["sms", "email"]));
    let payment = with(payment, "/email", "ada@shop.example");
    assert_eq!(shop.try_start(payment).await.problem("channel_not_allowed")["pointer"], "/workflow");
    let both = with(body(), "/channel", "sms");
    shop.try_start(both).await.wrong_field("/channel");
}

#[tokio::test]
async fn a_lost_message_does_not_hold_the_workflow_up() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    server.set_carrier("simulated", Condition::Silent);
    let id = shop.start(body()).await;
    eventually("the hand-over", async || (shop.count(&id, "delivery.accepted").await == 1).then_some(()))
        .await;
    server.set_carrier("simulated", Condition::Works);
    assert_eq!(
        server.phone.behaviour(countersign_delivery::simulated::Scope::Everyone).fate(),
        Fate::Deliver
    );
    server.clock().advance(20);
    arrived(&server, &[Channel::Sms]).await;
}
