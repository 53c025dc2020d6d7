//! A carrier that asks for time gets it.

use std::collections::HashSet;

use countersign_sim::server::Setup;
use countersign_sim::sink::{Behaviour, RetryAfter, Sink};

use crate::world::{PATIENCE, World};

const ASKED_S: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_carrier_that_throttles_is_left_alone_as_long_as_it_asks() {
    for when in [RetryAfter::Seconds(ASKED_S), RetryAfter::Date(ASKED_S)] {
        let (first, second) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
        let setup = Setup { sinks: vec![first.address()], ..World::setup(&first) };
        let world = World::of(first, second, setup).await;
        world.first.behave(Behaviour::Throttle(when));
        let customer = world.start(1).await;
        let throttled = world.first.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        world.first.behave(Behaviour::Accept);
        let sent = world.first.wait_for(&customer.phone, 2, PATIENCE).await.unwrap();
        // A date has whole seconds only.
        let least_ms = i64::from(ASKED_S - 1) * 1000;
        assert!(sent.begun_ms - throttled.begun_ms >= least_ms, "{when:?}: {throttled:?} {sent:?}");
        assert_eq!((&sent.delivery, &sent.code), (&throttled.delivery, &throttled.code));
        assert_eq!(world.event(&customer, "delivery.accepted").await["data"]["provider"], "sink0");
        world.approve(&customer, &sent).await;
        assert_eq!(world.first.to(&customer.phone).len(), 2);
        world.close();
    }
}

/// Her code does not wait for the carrier that is full, and that one has its peace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_that_asks_for_time_holds_nothing_up_that_another_one_may_take_soon() {
    let world = World::new().await;
    world.first.behave(Behaviour::Throttle(RetryAfter::Seconds(300)));
    let mut seen = HashSet::new();
    world.second.behave_by(move |phone| {
        if seen.insert(phone.to_owned()) { Behaviour::Unavailable } else { Behaviour::Accept }
    });
    let customer = world.start(1).await;
    let sent = world.second.wait_for(&customer.phone, 2, PATIENCE).await.unwrap();
    assert_eq!(world.event(&customer, "delivery.accepted").await["data"]["provider"], "sink1");
    world.approve(&customer, &sent).await;
    assert_eq!(world.handed(&customer), (1, 2));
    world.close();
}
