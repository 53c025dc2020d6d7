//! A right code is accepted once, a proof redeemed once.

use std::sync::Arc;

use countersign_sim::api::Request;

use crate::world::{World, a_few_at_a_time, count, roomy};

const VERIFICATIONS: usize = 1000;
const CHECKS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_a_thousand_verifications_times_eight_right_checks_are_a_thousand_approvals() {
    let world = Arc::new(World::new(roomy()).await);
    let started = world.start_many(VERIFICATIONS, "login").await;
    let approvals = a_few_at_a_time(VERIFICATIONS, 16, {
        let world = Arc::clone(&world);
        move |number| {
            let (world, one) = (Arc::clone(&world), started[number].clone());
            async move {
                let answers = world.send_at_once(vec![Request::check(&one.id, &one.code); CHECKS]).await;
                assert_eq!(count(&answers, "already_used"), CHECKS - 1, "{answers:?}");
                let proofs = answers.iter().filter(|answer| !answer.text("proof").is_empty()).count();
                assert_eq!(proofs, 1, "a proof came with another result than approved");
                assert_eq!(world.status(&one.id).await, "approved");
                count(&answers, "approved")
            }
        }
    })
    .await;
    assert!(approvals.iter().all(|approved| *approved == 1), "{approvals:?}");
    assert_eq!(approvals.iter().sum::<usize>(), VERIFICATIONS);
    world.assert_nothing_forged();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i1_of_parallel_redeems_of_one_proof_exactly_one_succeeds() {
    let world = Arc::new(World::new(roomy()).await);
    for (number, one) in world.start_many(60, "login").await.into_iter().enumerate() {
        let approved = world.send(&Request::check(&one.id, &one.code)).await;
        assert_eq!(approved.result(), "approved", "{approved:?}");
        let redeem = Request::redeem(approved.text("proof"), &one.phone, "login", &one.session);
        // Keys of their own make them requests of their own; without keys they are that anyway.
        let requests = (0..8)
            .map(|which| match number % 2 {
                0 => redeem.clone(),
                _ => redeem.clone().key(format!("{}-{which}", one.id)),
            })
            .collect();
        let answers = world.send_at_once(requests).await;
        assert_eq!(count(&answers, "redeemed"), 1, "{answers:?}");
        assert_eq!(
            answers.iter().filter(|answer| answer.is_problem("already_redeemed")).count(),
            7,
            "{answers:?}"
        );
        assert_eq!(world.events(&one.id, "proof.redeemed").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i15_a_right_check_and_its_repetitions_are_one_check() {
    let world = Arc::new(World::new(roomy()).await);
    for one in world.start_many(40, "login").await {
        let check =
            Request::check(&one.id, &one.code).key(format!("check of {}", one.phone).replace(' ', "-"));
        let answers = world.send_at_once(vec![check.clone(); 8]).await;
        let first = world.api.settle(&check).await.unwrap();
        assert_eq!(first.result(), "approved");
        for answer in answers {
            assert!(answer.body == first.body || answer.is_problem("idempotency_in_flight"), "{answer:?}");
        }
        assert_eq!(world.events(&one.id, "verification.approved").await, 1);
    }
}
