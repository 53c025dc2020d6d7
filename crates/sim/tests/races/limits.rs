//! Limits on messages hold under parallel starts (I9: spend ≤ cap).

use std::time::Duration;

use countersign_core::limit::{INSTANCE_PHONE_PER_DAY, kept_from};
use countersign_core::verification::Standing;
use countersign_sim::api::{Answer, Request};
use serde_json::json;

use crate::world::{PATIENCE, World, at_once, roomy, roomy_with};

const SETTLING: Duration = Duration::from_secs(2);

fn created(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.is_created()).count()
}

fn refused(answers: &[Answer], codes: &[&str]) -> usize {
    answers.iter().filter(|answer| codes.iter().any(|code| answer.is_problem(code))).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i9_the_limit_of_a_phone_holds_under_parallel_starts() {
    let limits =
        json!({ "phone_limits": { "spacing_s": 0, "per_ten_minutes": 3, "per_hour": 5, "per_day": 8 } });
    let world = World::new(roomy_with(limits)).await;
    for _ in 0..10 {
        let phone = World::phone();
        let starts = (0..32).map(|n| Request::start(&phone, "login", &format!("session {n}"))).collect();
        let answers = world.send_at_once(starts).await;
        assert_eq!(created(&answers), 3, "{answers:?}");
        assert_eq!(refused(&answers, &["phone_limit"]), 29, "{answers:?}");
        world.sink.wait_for(&phone, 3, PATIENCE).await.unwrap();
        tokio::time::sleep(SETTLING / 10).await;
        assert_eq!(world.sink.to(&phone).len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i9_an_app_s_daily_messages_hold_under_parallel_starts() {
    let world = World::new(roomy_with(json!({ "daily_messages": 50 }))).await;
    let starts = (0..200).map(|_| Request::start(&World::phone(), "login", "s")).collect();
    let answers = world.send_at_once(starts).await;
    // All of the allowance is given out, and nothing above it. A day (UTC) that ends meanwhile begins
    // another one.
    assert_eq!(created(&answers), 50, "{answers:?}");
    assert_eq!(refused(&answers, &["limit_exceeded"]), 150, "{answers:?}");
    tokio::time::sleep(SETTLING).await;
    assert_eq!(world.sink.submissions().len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i9_the_limit_of_a_phone_over_all_apps_holds_under_parallel_starts() {
    let world = World::new(roomy()).await;
    let mut apis = vec![world.api.clone()];
    for number in 0..3 {
        let app = world.server.create_app(&format!("App {number}")).unwrap();
        apis.push(world.api.with_key(&world.server.create_key(&app, "live").unwrap()));
    }
    let most = usize::try_from(INSTANCE_PHONE_PER_DAY - kept_from(Standing::Stranger).per_day).unwrap();
    for _ in 0..5 {
        let phone = World::phone();
        // Six in each app: fewer than may live in one app, more than the phone may get over all.
        let starts = |_| (0..6).map(|n| Request::start(&phone, "login", &format!("session {n}"))).collect();
        let (a, b, c, d) = tokio::join!(
            at_once(&apis[0], starts(0)),
            at_once(&apis[1], starts(1)),
            at_once(&apis[2], starts(2)),
            at_once(&apis[3], starts(3)),
        );
        let answers = [a, b, c, d].concat();
        // Those above it look like the others, and do not leave (I16).
        assert_eq!(created(&answers), 24, "{answers:?}");
        world.sink.wait_for(&phone, most, PATIENCE).await.unwrap();
        tokio::time::sleep(SETTLING / 10).await;
        assert_eq!(world.sink.to(&phone).len(), most);
    }
}
