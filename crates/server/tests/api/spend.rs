//! What messages cost: told for each delivery, and bounded for each verification.

use std::time::Duration;

use countersign_delivery::simulated::Condition;
use serde_json::json;

use crate::harness::{PHONE, Server, Setup, Shop, eventually, pause, start_body, with};

/// Two carriers, a segment of which costs 0.04 and 0.05, and a bound for each verification.
async fn priced(max_spend: &'static str) -> (Server, Shop) {
    let setup = Setup { carriers: 2, delivery: max_spend, ..Setup::default() };
    let prices = "provider,prefix,price,currency,valid_from\n\
                  simulated,44,0.04,EUR,2026-01-01\nsimulated-2,44,0.05,EUR,2026-01-01\n";
    std::fs::write(setup.folder.join("prices.csv"), prices).unwrap();
    let server = setup.start().await;
    let shop = server.test_shop().await;
    (server, shop)
}

async fn costs(shop: &Shop, id: &str, count: usize) -> Vec<serde_json::Value> {
    eventually("so many deliveries", async || {
        let timeline = shop.timeline(id).await;
        let accepted = timeline.into_iter().filter(|event| event["type"] == "delivery.accepted");
        let costs: Vec<_> = accepted.map(|event| event["data"]["cost"].clone()).collect();
        (costs.len() == count).then_some(costs)
    })
    .await
}

#[tokio::test]
async fn the_timeline_tells_what_each_delivery_costs() {
    let (server, shop) = priced("prices_file = \"prices.csv\"").await;
    let id = shop.start(start_body(PHONE, "login")).await;
    server.text(PHONE, 1).await;
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    let expected = [
        json!({ "amount": "0.040000", "currency": "EUR" }),
        json!({ "amount": "0.050000", "currency": "EUR" }),
    ];
    assert_eq!(costs(&shop, &id, 2).await, expected);
}

#[tokio::test]
async fn no_message_leaves_that_would_cost_a_verification_more_than_its_bound() {
    let (server, shop) = priced("prices_file = \"prices.csv\"\nmax_spend = \"0.08\"").await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    costs(&shop, &id, 1).await;
    server.clock().advance(30);
    // The other carrier would be next: together they cost a cent too much, and the first one does not.
    shop.resend(&id).await.expect(200);
    costs(&shop, &id, 2).await;
    server.clock().advance(45);
    shop.resend(&id).await.expect(200);
    let failed = shop.event(&id, "delivery.failed").await;
    assert_eq!(failed["data"]["reason"], "spend_used_up");
    assert_eq!(server.inbox(PHONE).len(), 2);
    assert_eq!(shop.check(&id, &code).await["result"], "approved");
}

#[tokio::test]
async fn what_a_carrier_turned_away_costs_nothing() {
    let (server, shop) = priced("prices_file = \"prices.csv\"\nmax_spend = \"0.05\"").await;
    server.set_carrier("simulated", Condition::Refuses);
    let id = shop.start(start_body(PHONE, "login")).await;
    server.text(PHONE, 1).await;
    assert_eq!(costs(&shop, &id, 1).await, [json!({ "amount": "0.050000", "currency": "EUR" })]);
}

#[tokio::test]
async fn a_resend_that_fails_over_counts_what_the_first_message_cost() {
    let (server, shop) =
        priced("prices_file = \"prices.csv\"\nmax_spend = \"0.09\"\nsubmit_timeout_s = 1").await;
    let id = shop.start(start_body(PHONE, "login")).await;
    costs(&shop, &id, 1).await;
    server.set_carrier("simulated-2", Condition::Hangs);
    server.clock().advance(30);
    shop.resend(&id).await.expect(200);
    // It may have sent it, for five cents: the other one's four are not there any more.
    let unanswered = shop.event(&id, "delivery.unknown").await;
    assert_eq!(unanswered["data"]["cost"]["amount"], "0.050000");
    pause(Duration::from_millis(1200)).await;
    assert_eq!(server.inbox(PHONE).len(), 1);
    assert_eq!(shop.count(&id, "delivery.accepted").await, 1);
}

#[tokio::test]
async fn n7_no_bound_of_the_codes_refuses_the_notice_even_where_another_carrier_takes_it() {
    let (server, shop) = priced("prices_file = \"prices.csv\"\nmax_spend = \"0.05\"").await;
    let old = with(start_body(PHONE, "account_change"), "/customer", "c_77");
    let (id, proof) = server.approve(&shop, old).await;
    server.set_carrier("simulated", Condition::Refuses);
    let new = with(start_body("+447700900456", "account_change"), "/customer", "c_77");
    shop.try_start(with(new, "/replaces", json!({ "proof": proof }))).await.expect(201);
    server.text(PHONE, 2).await;
    let expected = ["0.040000", "0.050000"].map(|amount| json!({ "amount": amount, "currency": "EUR" }));
    assert_eq!(costs(&shop, &id, 2).await, expected, "nine cents of five");
}
