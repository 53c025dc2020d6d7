//! A wrong guess that races a resend: the code on the phone still works.

use std::sync::Arc;
use std::time::Duration;

use countersign_sim::api::{Answer, Request};
use serde_json::json;

use crate::world::{PATIENCE, Started, World, roomy_with, wrong};

/// The shortest wait that a policy allows between two messages.
const WAIT: Duration = Duration::from_secs(15);

async fn race(world: &World, one: &Started) -> [Answer; 2] {
    let requests = vec![Request::check(&one.id, &wrong(&one.code, 0)), Request::resend(&one.id)];
    world.send_at_once(requests).await.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_a_wrong_guess_racing_a_resend_leaves_the_code_on_the_phone_working() {
    let world = Arc::new(World::new(roomy_with(json!({ "resend_ladder_s": [15] }))).await);
    let started = world.start_many(40, "login").await;
    tokio::time::sleep(WAIT).await;
    for one in started {
        let [guess, resend] = race(&world, &one).await;
        assert_eq!((guess.result(), guess.attempts_remaining()), ("incorrect", Some(4)), "{guess:?}");
        assert_eq!(resend.status, 200, "{resend:?}");
        let second = world.sink.wait_for(&one.phone, 2, PATIENCE).await.unwrap();
        assert_eq!(second.code, one.code, "another code in the second message");
        // The resend gave no attempt back.
        let again = world.send(&Request::check(&one.id, &wrong(&one.code, 1))).await;
        assert_eq!((again.result(), again.attempts_remaining()), ("incorrect", Some(3)), "{again:?}");
        let right = world.send(&Request::check(&one.id, &second.code)).await;
        assert_eq!(right.result(), "approved", "{right:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_the_same_where_a_resend_makes_a_new_code() {
    let policy = roomy_with(json!({ "resend_ladder_s": [15], "resend": "rotate" }));
    let world = Arc::new(World::new(policy).await);
    let started = world.start_many(30, "login").await;
    tokio::time::sleep(WAIT).await;
    for one in started {
        let [guess, resend] = race(&world, &one).await;
        assert_eq!((guess.status, resend.status), (200, 200), "{guess:?} {resend:?}");
        let second = world.sink.wait_for(&one.phone, 2, PATIENCE).await.unwrap();
        if second.code != one.code {
            let old = world.send(&Request::check(&one.id, &one.code)).await;
            assert_eq!((old.result(), old.attempts_remaining()), ("superseded", Some(3)), "{old:?}");
        }
        let right = world.send(&Request::check(&one.id, &second.code)).await;
        assert_eq!(right.result(), "approved", "{right:?}");
    }
}
