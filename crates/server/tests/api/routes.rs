//! The failover drill: two simulated carriers, one of them broken, and a customer who wants her code.

use std::time::Duration;

use countersign_delivery::simulated::Condition;
use serde_json::{Value, json};

use crate::harness::{PHONE, Server, Setup, Shop, code_in, eventually, pause, start_body};

const FIRST: &str = "simulated";
const SECOND: &str = "simulated-2";

/// Long enough for anything that should not happen: due messages are looked for every half second.
const MEANWHILE: Duration = Duration::from_millis(1200);

async fn two_carriers(first: Condition, second: Condition) -> (Server, Shop) {
    let server = Server::with_two_carriers().await;
    server.set_carrier(FIRST, first);
    server.set_carrier(SECOND, second);
    let shop = server.test_shop().await;
    (server, shop)
}

fn data(event: &Value) -> (&str, Vec<&str>) {
    let route = event["data"]["route"].as_array().map_or(&[][..], Vec::as_slice);
    (event["data"]["provider"].as_str().unwrap(), route.iter().map(|word| word.as_str().unwrap()).collect())
}

/// The events of this kind, in which order they may be.
async fn of_kind(shop: &Shop, id: &str, kind: &str) -> Vec<Value> {
    shop.timeline(id).await.into_iter().filter(|event| event["type"] == kind).collect()
}

/// Waits for the `count`-th hand-over that a carrier took: by whom, and why.
async fn accepted(shop: &Shop, id: &str, count: usize) -> Value {
    let what = "a carrier that takes it";
    eventually(what, async || of_kind(shop, id, "delivery.accepted").await.get(count - 1).cloned()).await
}

/// The code in the only message that arrived; a second one would have come meanwhile.
async fn the_only_code(server: &Server, number: &str) -> String {
    let code = server.code(number).await;
    pause(MEANWHILE).await;
    assert_eq!(server.inbox(number).len(), 1, "one copy on the phone");
    code
}

/// A number of Ofcom's fiction range for each customer.
fn phone(customer: usize) -> String {
    format!("+4477009002{customer:02}")
}

/// Starts for another customer: who carried her message, and why.
async fn customer(server: &Server, shop: &Shop, number: usize) -> (String, Vec<String>) {
    let id = shop.start(start_body(&phone(number), "login")).await;
    let event = accepted(shop, &id, 1).await;
    assert_eq!(server.inbox(&phone(number)).len(), 1);
    let (provider, route) = data(&event);
    (provider.to_owned(), route.into_iter().map(ToOwned::to_owned).collect())
}

#[tokio::test]
async fn a_carrier_that_takes_no_message_is_failed_over_at_once_with_the_same_code() {
    for (condition, told, turned, because) in [
        (Condition::Unreachable, "simulated_unreachable", "away", "not simulated: turned_away"),
        (Condition::Throttles, "throttled", "away", "not simulated: turned_away"),
        (Condition::Refuses, "simulated_refusal", "down", "not simulated: refused"),
    ] {
        let (server, shop) = two_carriers(condition, Condition::Works).await;
        let id = shop.start(start_body(PHONE, "login")).await;
        let code = the_only_code(&server, PHONE).await;
        let retrying = shop.event(&id, "delivery.retrying").await;
        assert_eq!(data(&retrying), (FIRST, vec![]), "{condition:?}");
        assert_eq!(retrying["data"]["reason"], told);
        assert_eq!(retrying["data"]["turned"], turned);
        let event = accepted(&shop, &id, 1).await;
        assert_eq!(data(&event), (SECOND, vec!["another_route", because]), "{condition:?}");
        assert_eq!(event["data"]["submissions"], 2);
        assert_eq!(event["data"]["delivery"], retrying["data"]["delivery"]);
        assert_eq!(event["at"], retrying["at"], "at once: the clock stood still");
        assert_eq!(shop.check(&id, &code).await["result"], "approved");
    }
}

#[tokio::test]
async fn i5_a_carrier_that_hangs_is_not_asked_twice_and_the_other_sends() {
    let (server, shop) = two_carriers(Condition::Hangs, Condition::Works).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = the_only_code(&server, PHONE).await;
    assert_eq!(data(&shop.event(&id, "delivery.unknown").await), (FIRST, vec![]));
    let event = accepted(&shop, &id, 1).await;
    assert_eq!(data(&event), (SECOND, vec!["another_route", "not simulated: unanswered"]));
    server.set_carrier(FIRST, Condition::Works);
    server.clock().advance(120);
    pause(MEANWHILE).await;
    assert_eq!(server.inbox(PHONE).len(), 1, "an unanswered message is not repeated on its route");
    assert_eq!(shop.count(&id, "delivery.unknown").await, 1);
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
}

#[tokio::test]
async fn i5_when_both_hang_each_is_asked_once() {
    let (server, shop) = two_carriers(Condition::Hangs, Condition::Hangs).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    eventually("both", async || (shop.count(&id, "delivery.unknown").await == 2).then_some(())).await;
    for name in [FIRST, SECOND] {
        server.set_carrier(name, Condition::Works);
    }
    server.clock().advance(120);
    pause(MEANWHILE).await;
    assert_eq!(server.inbox(PHONE).len(), 0);
    assert_eq!(shop.count(&id, "delivery.failed").await, 0, "either may have sent it");
    shop.resend(&id).await.expect(200);
    assert_eq!(code_in(&server.text(PHONE, 1).await).len(), 6, "the customer decides");
}

#[tokio::test]
async fn a_failed_receipt_sends_the_same_code_by_the_other_carrier_and_costs_her_no_send() {
    let (server, _) = two_carriers(Condition::Fails, Condition::Works).await;
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let shop = server.test_shop_with(json!({ "phone_limits": limits })).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = the_only_code(&server, PHONE).await;
    let over = shop.event(&id, "delivery.failed_over").await;
    let failed = of_kind(&shop, &id, "delivery.receipt").await.into_iter();
    let failed = failed.into_iter().find(|event| event["data"]["status"] == "failed").unwrap();
    assert_eq!(over["data"]["after"], failed["data"]["delivery"]);
    assert_ne!(over["data"]["delivery"], over["data"]["after"]);
    let carried = of_kind(&shop, &id, "delivery.accepted").await;
    let by = |delivery: &Value| {
        let event = carried.iter().find(|event| event["data"]["delivery"] == *delivery);
        data(event.expect("it was handed over"))
    };
    assert_eq!(by(&over["data"]["after"]), (FIRST, vec![]));
    let why = vec!["another_route", "not simulated: receipt_failed"];
    assert_eq!(by(&over["data"]["delivery"]), (SECOND, why));
    assert_eq!(shop.show(&id).await["resend_at"], "2026-11-23T10:00:30.000Z");
    assert_eq!(shop.count(&id, "delivery.failed_over").await, 1);
    for (resends, wait) in [30, 45, 60, 120].into_iter().enumerate() {
        server.clock().advance(wait);
        shop.resend(&id).await.expect(200);
        assert_eq!(code_in(&server.text(PHONE, resends + 2).await), code);
    }
    server.clock().advance(120);
    shop.resend(&id).await.problem("no_sends_left");
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
}

#[tokio::test]
async fn a_failed_receipt_faster_than_the_settlement_finds_the_other_carrier_every_time() {
    let (server, shop) = two_carriers(Condition::Fails, Condition::Works).await;
    for number in 0..20 {
        let id = shop.start(start_body(&phone(number), "login")).await;
        server.code(&phone(number)).await;
        eventually("both", async || (shop.count(&id, "delivery.accepted").await == 2).then_some(())).await;
        assert_eq!(shop.count(&id, "delivery.failed_over").await, 1);
        let mut carriers: Vec<String> = Vec::new();
        for event in of_kind(&shop, &id, "delivery.accepted").await {
            carriers.push(data(&event).0.to_owned());
        }
        carriers.sort();
        assert_eq!(carriers, [FIRST, SECOND], "customer {number}");
    }
}

#[tokio::test]
async fn what_was_lost_in_silence_or_with_a_lie_comes_by_the_other_carrier_when_she_asks_again() {
    for condition in [Condition::Silent, Condition::Lies] {
        let (server, shop) = two_carriers(condition, Condition::Works).await;
        let id = shop.start(start_body(PHONE, "login")).await;
        let lost = accepted(&shop, &id, 1).await;
        assert_eq!(data(&lost), (FIRST, vec![]), "{condition:?}");
        pause(MEANWHILE).await;
        assert_eq!(server.inbox(PHONE).len(), 0, "{condition:?}: nobody knows yet");
        let receipts = of_kind(&shop, &id, "delivery.receipt").await;
        assert_eq!(receipts.len(), usize::from(condition == Condition::Lies));
        server.clock().advance(30);
        shop.resend(&id).await.expect(200);
        let code = the_only_code(&server, PHONE).await;
        let event = accepted(&shop, &id, 2).await;
        assert_eq!(data(&event), (SECOND, vec!["another_route", "not simulated: already_used"]));
        assert_ne!(event["data"]["delivery"], lost["data"]["delivery"]);
        assert_eq!(shop.check(&id, &code).await["result"], "approved");
    }
}

#[tokio::test]
async fn the_other_carrier_brings_the_same_code_on_a_resend() {
    let (server, shop) = two_carriers(Condition::Works, Condition::Works).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let first = server.text(PHONE, 1).await;
    accepted(&shop, &id, 1).await;
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    assert_eq!(server.text(PHONE, 2).await, first);
    let event = accepted(&shop, &id, 2).await;
    assert_eq!(data(&event), (SECOND, vec!["another_route", "not simulated: already_used"]));
    assert_eq!(shop.count(&id, "delivery.failed_over").await, 0);
}

#[tokio::test]
async fn a_resend_that_the_other_carrier_refuses_leaves_by_the_first_again() {
    let (server, shop) = two_carriers(Condition::Works, Condition::Refuses).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let first = server.text(PHONE, 1).await;
    accepted(&shop, &id, 1).await;
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    assert_eq!(server.text(PHONE, 2).await, first);
    let event = accepted(&shop, &id, 2).await;
    assert_eq!(data(&event), (FIRST, vec!["another_route", "not simulated-2: refused"]));
    assert_eq!(shop.count(&id, "delivery.failed").await, 0);
}

#[tokio::test]
async fn what_both_refuse_is_given_up_after_one_try_each() {
    let (server, shop) = two_carriers(Condition::Refuses, Condition::Refuses).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let failed = shop.event(&id, "delivery.failed").await;
    assert_eq!(data(&failed), (SECOND, vec!["another_route", "not simulated: refused"]));
    assert_eq!(failed["data"]["reason"], "simulated_refusal");
    assert_eq!(shop.count(&id, "delivery.retrying").await, 1);
    for name in [FIRST, SECOND] {
        server.set_carrier(name, Condition::Works);
    }
    server.clock().advance(60);
    pause(MEANWHILE).await;
    assert_eq!(server.inbox(PHONE).len(), 0, "given up is given up");
}

#[tokio::test]
async fn what_both_receipt_as_failed_is_given_up_after_one_delivery_each() {
    let (server, shop) = two_carriers(Condition::Fails, Condition::Fails).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let failed = shop.event(&id, "delivery.failed").await;
    assert_eq!(failed["data"]["reason"], "no_other_route");
    let mut route: Vec<String> = serde_json::from_value(failed["data"]["route"].clone()).unwrap();
    route.sort();
    assert_eq!(route, ["not simulated-2: receipt_failed", "not simulated: receipt_failed"]);
    pause(MEANWHILE).await;
    assert_eq!(shop.count(&id, "delivery.accepted").await, 2);
    assert_eq!(server.inbox(PHONE).len(), 0);
    assert_eq!(shop.show(&id).await["status"], "pending", "she may still ask again");
}

#[tokio::test]
async fn i3_unreachable_carriers_are_tried_a_bounded_number_of_times_and_not_after_expiry() {
    let setup = Setup { carriers: 2, delivery: "max_retries = 3", ..Setup::default() };
    let server = setup.start().await;
    for name in [FIRST, SECOND] {
        server.set_carrier(name, Condition::Unreachable);
    }
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let tries = async || shop.count(&id, "delivery.retrying").await;
    for known in 2..=3 {
        eventually("another try", async || (tries().await == known).then_some(())).await;
        server.clock().advance(5);
    }
    let failed = shop.event(&id, "delivery.failed").await;
    assert_eq!(failed["data"]["reason"], "simulated_unreachable");
    assert_eq!(tries().await, 3, "four tries in all");

    let id = shop.start(start_body(&phone(1), "login")).await;
    let tries = async || (shop.count(&id, "delivery.retrying").await == 2).then_some(());
    eventually("both turn it away", tries).await;
    for name in [FIRST, SECOND] {
        server.set_carrier(name, Condition::Works);
    }
    server.clock().advance(600);
    pause(MEANWHILE).await;
    assert_eq!(server.inbox(&phone(1)).len(), 0);
    assert_eq!(shop.show(&id).await["status"], "expired");
}

#[tokio::test]
async fn five_failures_open_a_breaker_and_a_probe_closes_it() {
    let (server, shop) = two_carriers(Condition::Unreachable, Condition::Works).await;
    for (number, because) in
        (1..=5).zip(["turned_away", "turned_away", "turned_away", "turned_away", "transport_open"])
    {
        let route = vec!["another_route".to_owned(), format!("not simulated: {because}")];
        assert_eq!(customer(&server, &shop, number).await, (SECOND.to_owned(), route));
    }
    let open = vec!["first_in_order".to_owned(), "not simulated: transport_open".to_owned()];
    assert_eq!(customer(&server, &shop, 6).await, (SECOND.to_owned(), open.clone()));

    // The first probe, 5 seconds later, fails: its customer is served by the other one all the same.
    server.clock().advance(5);
    let probed = shop.start(start_body(&phone(7), "login")).await;
    accepted(&shop, &probed, 1).await;
    assert_eq!(data(&shop.event(&probed, "delivery.retrying").await), (FIRST, vec!["probe"]));
    assert_eq!(server.inbox(&phone(7)).len(), 1);

    // The next one comes after twice that time.
    server.set_carrier(FIRST, Condition::Works);
    server.clock().advance(9);
    assert_eq!(customer(&server, &shop, 8).await, (SECOND.to_owned(), open));
    server.clock().advance(1);
    assert_eq!(customer(&server, &shop, 9).await, (FIRST.to_owned(), vec!["probe".to_owned()]));
    assert_eq!(customer(&server, &shop, 10).await, (FIRST.to_owned(), vec![]));

    let metrics = shop.get("/metrics").await.text();
    for (what, count) in [("transport_opened", 3), ("transport_closed", 3)] {
        let turns: u32 = metrics
            .lines()
            .filter(|line| line.starts_with("countersign_route_breakers_total{") && line.contains(what))
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u32>().unwrap())
            .sum();
        assert_eq!(turns, count, "one for each width: {what}");
    }
}

#[tokio::test]
async fn a_carrier_that_lies_is_passed_over_once_its_customers_stop_verifying() {
    let (server, shop) = two_carriers(Condition::Works, Condition::Works).await;
    // What is usual: more than the 30 messages that a breaker must have seen.
    for number in 0..40 {
        server.approve(&shop, start_body(&phone(number), "login")).await;
    }
    server.set_carrier(FIRST, Condition::Lies);
    for number in 40..60 {
        let id = shop.start(start_body(&phone(number), "login")).await;
        assert_eq!(data(&accepted(&shop, &id, 1).await), (FIRST, vec![]), "nobody knows yet");
    }
    server.clock().advance(90);
    let opened = async || shop.get("/metrics").await.text().contains("conversion_opened").then_some(());
    eventually("the breaker to open", opened).await;
    let mut carried = Vec::new();
    for number in 60..70 {
        let id = shop.start(start_body(&phone(number), "login")).await;
        let event = accepted(&shop, &id, 1).await;
        let (provider, route) = data(&event);
        assert!(provider == SECOND || route == ["probe"], "{event}");
        if provider == SECOND {
            assert_eq!(route, ["first_in_order", "not simulated: conversion_open"]);
            assert_eq!(server.inbox(&phone(number)).len(), 1);
        }
        carried.push(provider.to_owned());
    }
    // One of twenty probes, so all ten never do.
    assert!(carried.iter().any(|provider| provider == SECOND), "{carried:?}");
}

#[tokio::test]
async fn at_the_daily_cap_a_failed_receipt_is_recorded_and_sends_nothing() {
    let (server, _) = two_carriers(Condition::Fails, Condition::Works).await;
    let shop = server.test_shop_with(json!({ "daily_messages": 1 })).await;
    let id = shop.start(start_body(PHONE, "login")).await;
    assert_eq!(shop.event(&id, "delivery.receipt").await["data"]["status"], "failed");
    pause(MEANWHILE).await;
    assert_eq!(shop.count(&id, "delivery.failed_over").await, 0);
    assert_eq!(shop.count(&id, "delivery.receipt").await, 1);
    assert_eq!(server.inbox(PHONE).len(), 0);
}
