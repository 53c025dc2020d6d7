//! Guesses are bounded, and a wrong one in flight never spoils a right one.

use std::sync::Arc;

use countersign_sim::api::{Answer, Request};

use crate::world::{Started, World, count, roomy, wrong};

async fn guess_at_once(world: &World, one: &Started, limit: usize) {
    let guesses = (0..64).map(|which| Request::check(&one.id, &wrong(&one.code, which))).collect();
    let answers = world.send_at_once(guesses).await;
    assert_eq!(count(&answers, "incorrect"), limit, "{answers:?}");
    assert_eq!(count(&answers, "exhausted"), 64 - limit, "{answers:?}");
    // Each evaluated guess saw a count of its own: none was evaluated on the side.
    let mut left: Vec<u64> = answers
        .iter()
        .filter(|answer| answer.result() == "incorrect")
        .filter_map(Answer::attempts_remaining)
        .collect();
    left.sort_unstable();
    assert_eq!(left, (0..u64::try_from(limit).unwrap()).collect::<Vec<_>>());
    assert_eq!(world.events(&one.id, "check.incorrect").await, limit);
    assert_eq!(world.status(&one.id).await, "exhausted");
    let late = world.send(&Request::check(&one.id, &one.code)).await;
    assert_eq!(late.result(), "exhausted", "the right code after the last guess: {late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_of_64_parallel_wrong_guesses_exactly_the_limit_are_evaluated() {
    let world = Arc::new(World::new(roomy()).await);
    for one in world.start_many(24, "login").await {
        guess_at_once(&world, &one, 5).await;
    }
    for one in world.start_many(8, "payment").await {
        guess_at_once(&world, &one, 3).await;
    }
}

/// What `wrongs` wrong guesses and the right code, all in flight together, may come to.
///
/// "Accepted whenever an attempt was left": if the right code was refused, all five attempts were
/// spent before it, so at least five wrong guesses were asked before its answer came.
fn judge(answers: &[Answer], wrongs: usize) {
    let (right, wrong) = answers.split_last().unwrap();
    let incorrect = count(wrong, "incorrect");
    match right.result() {
        "approved" => {
            assert!(incorrect <= 4, "approved after all five attempts were spent: {answers:?}");
            assert_eq!(count(wrong, "already_used"), wrongs - incorrect, "{answers:?}");
        }
        "exhausted" => {
            assert_eq!(incorrect, 5, "refused although an attempt was left: {answers:?}");
            let asked_before = wrong
                .iter()
                .filter(|guess| guess.result() == "incorrect" && guess.asked_ms <= right.answered_ms)
                .count();
            assert_eq!(asked_before, 5, "refused before the attempts were spent: {answers:?}");
        }
        other => panic!("the right code came to {other}: {answers:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_the_right_code_is_accepted_beside_wrong_ones_whenever_an_attempt_is_left() {
    let world = Arc::new(World::new(roomy()).await);
    let (mut approved, mut refused) = (0, 0);
    for (number, one) in world.start_many(200, "login").await.into_iter().enumerate() {
        // With up to four wrong ones an attempt is always left; with more it is a race.
        let wrongs = 1 + number % 10;
        let mut requests: Vec<Request> =
            (0..wrongs).map(|which| Request::check(&one.id, &wrong(&one.code, which))).collect();
        requests.push(Request::check(&one.id, &one.code));
        let answers = world.send_at_once(requests).await;
        judge(&answers, wrongs);
        if answers.last().unwrap().result() == "approved" {
            approved += 1;
        } else {
            refused += 1;
        }
        if wrongs <= 4 {
            assert_eq!(answers.last().unwrap().result(), "approved", "{answers:?}");
        }
    }
    // Both endings must have been seen, or the race was none.
    assert!(approved > 80 && refused > 0, "approved {approved}, refused {refused}");
}
