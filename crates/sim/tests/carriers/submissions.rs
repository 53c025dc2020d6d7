//! What becomes of a message, whatever the first carrier does with it.

use countersign_sim::api::Request;
use countersign_sim::phones;
use countersign_sim::sink::{Behaviour, Body, Cut, Garbage, RetryAfter, Sink, Unread};
use serde_json::Value;

use crate::world::{Customer, PATIENCE, World, route};

/// Numbers of customers to whom nothing happens.
const WELL: u64 = 1_000_000;

/// She gets it by the other carrier, once by each, and her shop is told why.
async fn taken_over(world: &World, customer: &Customer, because: &str) {
    let sent = world.second.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
    let accepted = world.event(customer, "delivery.accepted").await;
    assert_eq!(accepted["data"]["provider"], "sink1");
    assert_eq!(route(&accepted), ["another_route", &format!("not sink0: {because}")], "{accepted}");
    for submission in world.first.to(&customer.phone) {
        let same = (&submission.delivery, &submission.code) == (&sent.delivery, &sent.code);
        assert!(same, "the same delivery and the same code");
    }
    world.approve(customer, &sent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_what_a_carrier_turns_away_leaves_by_the_other_at_once_and_the_carrier_is_used_again() {
    let world = World::new().await;
    let throttle = Behaviour::Throttle;
    let rows = [
        (Behaviour::Refuse, "http_422", "down"),
        (Behaviour::Answer(404, Body::Html), "http_404", "down"),
        (Behaviour::Answer(400, Body::Endless), "http_400", "down"),
        (Behaviour::Answer(403, Body::HalfJson), "http_403", "down"),
        (Behaviour::Answer(302, Body::Empty), "redirect_302", "down"),
        (Behaviour::Unavailable, "http_503", "away"),
        (Behaviour::Answer(502, Body::Html), "http_502", "away"),
        (Behaviour::Answer(500, Body::Oversized), "http_500", "away"),
        (Behaviour::Answer(500, Body::Trickle), "http_500", "away"),
        (Behaviour::Answer(500, Body::Json("{\"status\":\"accepted\",\"id\":\"SM-1\"}")), "http_500", "away"),
        (Behaviour::Answer(999, Body::Empty), "http_999", "away"),
        (Behaviour::Answer(408, Body::Empty), "throttled", "away"),
        (throttle(RetryAfter::Unsaid), "throttled", "away"),
        (throttle(RetryAfter::Seconds(300)), "throttled", "away"),
        (throttle(RetryAfter::Date(300)), "throttled", "away"),
        (throttle(RetryAfter::Unreadable), "throttled", "away"),
    ];
    let mut customers = Vec::new();
    for (number, (fault, reason, turned)) in (0..).zip(rows) {
        world.first.behave_for(&phones::phone(number), fault);
        let customer = world.start(number).await;
        let told = world.event(&customer, "delivery.retrying").await;
        assert_eq!(told["data"]["provider"], "sink0", "{fault:?}");
        assert_eq!(
            (&told["data"]["reason"], &told["data"]["turned"]),
            (&reason.into(), &turned.into()),
            "{fault:?}"
        );
        taken_over(&world, &customer, if turned == "down" { "refused" } else { "turned_away" }).await;
        world.start_well(WELL + number).await;
        customers.push(customer);
    }
    assert!(customers.iter().all(|customer| world.handed(customer) == (1, 1)), "one try by each");
    world.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_what_a_carrier_may_have_taken_is_not_repeated_there_and_leaves_by_the_other_at_once() {
    let world = World::new().await;
    let rows = [
        Behaviour::Cut(Cut::Unanswered),
        Behaviour::Cut(Cut::InStatus),
        Behaviour::Cut(Cut::InHead),
        Behaviour::Garbage(Garbage::OtherProtocol),
        Behaviour::Garbage(Garbage::Noise),
    ];
    let mut customers = Vec::new();
    for (number, fault) in (0..).zip(rows) {
        world.first.behave_for(&phones::phone(number), fault);
        let customer = world.start(number).await;
        let told = world.event(&customer, "delivery.unknown").await;
        assert_eq!(told["data"]["provider"], "sink0", "{fault:?}");
        taken_over(&world, &customer, "unanswered").await;
        world.start_well(WELL + number).await;
        customers.push(customer);
    }
    for customer in &customers {
        assert_eq!(world.handed(customer), (1, 1));
        assert_eq!(world.events(customer, "delivery.unknown").await.len(), 1);
    }
    world.close();
}

/// All at the same time, because each takes as long as a carrier may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_a_carrier_that_never_comes_to_an_end_is_left_in_time_and_not_asked_again() {
    let world = World::new().await;
    let rows = [
        Behaviour::Hang,
        Behaviour::Garbage(Garbage::EndlessHead),
        Behaviour::Garbage(Garbage::EndlessContinue),
    ];
    let mut customers = Vec::new();
    for (number, fault) in (0..).zip(rows) {
        world.first.behave_for(&phones::phone(number), fault);
        customers.push(world.start(number).await);
    }
    for customer in &customers {
        assert_eq!(world.event(customer, "delivery.unknown").await["data"]["provider"], "sink0");
        taken_over(&world, customer, "unanswered").await;
    }
    world.start_well(WELL).await;
    assert!(customers.iter().all(|customer| world.handed(customer) == (1, 1)));
    world.close();
}

/// An acceptance is one whatever comes with it: a second copy would be one too many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_2xx_is_an_acceptance_whatever_follows_and_no_copy_goes_to_the_other_carrier() {
    let world = World::new().await;
    let rejected = "{\"status\":\"rejected\",\"error\":42,\"id\":{\"no\":\"text\"}}";
    let rows = [
        Behaviour::Answer(202, Body::Empty),
        Behaviour::Answer(204, Body::Empty),
        Behaviour::Answer(299, Body::Html),
        Behaviour::Answer(200, Body::Html),
        Behaviour::Answer(200, Body::Binary),
        Behaviour::Answer(200, Body::HalfJson),
        Behaviour::Answer(200, Body::Json(rejected)),
        Behaviour::Answer(200, Body::Oversized),
        Behaviour::Answer(200, Body::Endless),
        Behaviour::Answer(200, Body::Trickle),
        Behaviour::Cut(Cut::InBody),
        Behaviour::Garbage(Garbage::TwoAnswers),
    ];
    let mut customers = Vec::new();
    for (number, fault) in (0..).zip(rows) {
        world.first.behave_for(&phones::phone(number), fault);
        let customer = world.start(number).await;
        let accepted = world.event(&customer, "delivery.accepted").await;
        assert_eq!(accepted["data"]["provider"], "sink0", "{fault:?}");
        let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        // The next message's answer is its own, whatever was left on the connection.
        world.start_well(WELL + number).await;
        world.approve(&customer, &sent).await;
        customers.push(customer);
    }
    assert!(customers.iter().all(|customer| world.handed(customer) == (1, 0)));
    world.close();
}

/// Whether anything of the message had left, the server cannot know: it believes that it may have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_a_connection_that_is_cut_before_anything_was_read_costs_nobody_the_code() {
    let world = World::new().await;
    for (number, unread) in [(1, Unread::AtOnce), (2, Unread::AtFirstOctet), (3, Unread::AtFirstOctet)] {
        world.first.cut_unread(move || Some(unread));
        let customer = world.start(number).await;
        let sent = world.second.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        assert_eq!(world.event(&customer, "delivery.unknown").await["data"]["provider"], "sink0");
        taken_over(&world, &customer, "unanswered").await;
        assert_eq!(world.handed(&customer), (0, 1), "{unread:?}: {sent:?}");
        world.first.cut_unread(|| None);
        world.start_well(WELL + number).await;
        assert_eq!(world.handed(&customer), (0, 1), "{unread:?}");
    }
    assert!(world.first.unread() >= 3);
    world.close();
}

/// Nothing was written: it may be handed over there once more, should the other carrier not take it either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_carrier_that_is_gone_never_saw_leaves_by_the_other_and_by_itself_when_it_is_back() {
    let World { first, second, api, server } = World::new().await;
    let address = first.address();
    drop(first);
    second.behave(Behaviour::Unavailable);
    let phone = phones::phone(1);
    let started = api.send(&Request::start(&phone, "login", "session")).await.unwrap();
    let customer = Customer { phone, id: started.id().to_owned() };
    second.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
    let first = Sink::start_at(address).await.unwrap();
    let world = World { first, second, api, server };
    let sent = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
    let turned = world.events(&customer, "delivery.retrying").await;
    let told = |event: &Value| (event["data"]["provider"].clone(), event["data"]["reason"].clone());
    assert_eq!(told(&turned[0]), ("sink0".into(), "connection_refused".into()));
    assert_eq!(told(&turned[1]), ("sink1".into(), "http_503".into()));
    let accepted = world.event(&customer, "delivery.accepted").await;
    assert_eq!(accepted["data"]["provider"], "sink0");
    world.approve(&customer, &sent).await;
    assert_eq!(world.first.to(&customer.phone).len(), 1);
    world.close();
}

/// Neither may be asked again without the customer's word; with it, both may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i5_where_both_carriers_leave_it_in_doubt_each_has_had_it_once_until_she_asks() {
    let world = World::new().await;
    for sink in [&world.first, &world.second] {
        sink.behave(Behaviour::Cut(Cut::Unanswered));
    }
    let customer = world.start(1).await;
    let unknown = world.wait_for(&customer, "delivery.unknown", 2).await;
    let by: Vec<_> = unknown.iter().map(|event| event["data"]["provider"].as_str().unwrap()).collect();
    assert_eq!(by, ["sink0", "sink1"]);
    for sink in [&world.first, &world.second] {
        sink.behave(Behaviour::Accept);
    }
    // Fifteen seconds in which nothing is repeated.
    world.resend(&customer).await;
    let accepted = world.event(&customer, "delivery.accepted").await;
    let (first, second) = world.handed(&customer);
    assert_eq!(first + second, 3, "{accepted}");
    let all = [world.first.to(&customer.phone), world.second.to(&customer.phone)].concat();
    assert!(all.iter().all(|submission| submission.code == all[0].code));
    let of_the_first = all.iter().filter(|submission| submission.delivery == all[0].delivery);
    assert_eq!(of_the_first.count(), 2);
    world.approve(&customer, &all[0]).await;
    world.close();
}
