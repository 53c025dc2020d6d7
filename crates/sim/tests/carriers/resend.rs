//! What is lost in silence, or with a lie, the customer gets by the other carrier when she asks again.

use countersign_sim::phones;
use countersign_sim::sink::{Behaviour, Cut, Receipt};

use crate::world::{PATIENCE, World, route};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_message_comes_by_the_other_carrier_at_her_resend_whatever_its_receipt_said() {
    let world = World::new().await;
    let lie = vec![Receipt::of("delivered")];
    let on_its_way = vec![Receipt::of("buffered")];
    world.first.behave(Behaviour::Lose);
    let liar = phones::phone(1);
    let dawdler = phones::phone(2);
    world.first.promise_by(move |submission| match &submission.to {
        phone if *phone == liar => lie.clone(),
        phone if *phone == dawdler => on_its_way.clone(),
        _ => Vec::new(),
    });
    let customers = [world.start(0).await, world.start(1).await, world.start(2).await];
    for (customer, said) in customers.iter().zip([None, Some("delivered"), Some("buffered")]) {
        let accepted = world.event(customer, "delivery.accepted").await;
        assert_eq!(accepted["data"]["provider"], "sink0");
        if let Some(said) = said {
            assert_eq!(world.event(customer, "delivery.receipt").await["data"]["status"], said);
        }
    }
    for customer in &customers {
        world.resend(customer).await;
        let sent = world.second.wait_for(&customer.phone, 1, PATIENCE).await.unwrap();
        let accepted = world.wait_for(customer, "delivery.accepted", 2).await;
        assert_eq!(accepted[1]["data"]["provider"], "sink1");
        assert_eq!(route(&accepted[1]), ["another_route", "not sink0: already_used"]);
        assert_eq!(sent.code, world.first.to(&customer.phone)[0].code);
        assert_eq!(world.events(customer, "delivery.failed_over").await.len(), 0);
        assert_eq!(world.handed(customer), (1, 1));
        world.approve(customer, &sent).await;
    }
    world.close();
}

/// What she asks for leaves by a carrier that left nothing unanswered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resend_goes_round_a_carrier_that_left_a_message_unanswered() {
    let world = World::new().await;
    world.first.behave(Behaviour::Cut(Cut::Unanswered));
    world.second.behave(Behaviour::Lose);
    let customer = world.start(1).await;
    world.event(&customer, "delivery.unknown").await;
    world.event(&customer, "delivery.accepted").await;
    for sink in [&world.first, &world.second] {
        sink.behave(Behaviour::Accept);
    }
    world.resend(&customer).await;
    let accepted = world.wait_for(&customer, "delivery.accepted", 2).await;
    assert_eq!(accepted[1]["data"]["provider"], "sink1", "{accepted:?}");
    assert!(route(&accepted[1]).contains(&"not sink0: unanswered"), "{accepted:?}");
    let sent = world.second.wait_for(&customer.phone, 2, PATIENCE).await.unwrap();
    world.approve(&customer, &sent).await;
    assert_eq!(world.handed(&customer), (1, 2));
    world.close();
}
