//! Parallel starts that mean the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use countersign_sim::api::{Answer, Request};

use crate::world::{PATIENCE, World, at_once, roomy};

/// Long enough for a second message to come if there were one.
const SETTLING: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i15_parallel_starts_with_one_key_are_one_verification_and_one_message() {
    let world = Arc::new(World::new(roomy()).await);
    let mut phones = Vec::new();
    for number in 0..50 {
        let phone = World::phone();
        let start = Request::start(&phone, "login", "s").key(format!("start-{number}"));
        let answers = world.send_at_once(vec![start.clone(); 16]).await;
        let first = world.api.settle(&start).await.unwrap();
        assert!(first.is_created(), "{first:?}");
        for answer in &answers {
            let same = answer.is_created() && answer.body == first.body;
            assert!(same || answer.is_problem("idempotency_in_flight"), "{answer:?} beside {first:?}");
        }
        assert!(answers.iter().any(Answer::is_created), "{answers:?}");
        world.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        phones.push(phone);
    }
    tokio::time::sleep(SETTLING).await;
    for phone in phones {
        assert_eq!(world.sink.to(&phone).len(), 1, "messages to {phone}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_starts_of_one_session_are_one_live_verification_and_one_message() {
    let world = Arc::new(World::new(roomy()).await);
    let mut phones = Vec::new();
    for _ in 0..50 {
        let phone = World::phone();
        let answers = world.send_at_once(vec![Request::start(&phone, "login", "s"); 16]).await;
        let ids: BTreeSet<&str> = answers.iter().map(Answer::id).collect();
        assert_eq!(ids.len(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.is_created()).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)), "{answers:?}");
        world.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        phones.push(phone);
    }
    tokio::time::sleep(SETTLING).await;
    for phone in phones {
        assert_eq!(world.sink.to(&phone).len(), 1, "messages to {phone}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i10_a_key_of_one_app_says_nothing_to_another() {
    let world = World::new(roomy()).await;
    let other_app = world.server.create_app("Other").unwrap();
    let other = world.api.with_key(&world.server.create_key(&other_app, "live").unwrap());
    let (mine, theirs) = (World::phone(), World::phone());
    let own = world.send(&Request::start(&mine, "login", "s").key("same")).await;
    let foreign = at_once(&other, vec![Request::start(&theirs, "login", "s").key("same")]).await.remove(0);
    assert!(own.is_created() && foreign.is_created(), "{own:?} {foreign:?}");
    assert_ne!(own.id(), foreign.id());
    let peek = other.send(&Request::show(own.id())).await.unwrap();
    assert!(peek.is_problem("not_found"), "{peek:?}");
}
