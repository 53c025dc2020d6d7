//! What becomes of a submission, whatever the service centre does with it.

use std::time::Duration;

use countersign_core::time::Timestamp;
use countersign_delivery::provider::Submission;
use countersign_sim::clock;
use countersign_sim::smpp_load::{Client, Sms, submit_all};
use countersign_sim::smsc::{Answer, Faults, Smsc};

const QUICK: &str = "timing = { response_ms = 400, queue_ms = 200, throttle_pause_ms = 0, reconnect_first_ms = 20, reconnect_longest_ms = 50 }";

async fn one(faults: Faults, more: &str) -> Submission {
    let smsc = Smsc::start(faults).await.unwrap();
    let client = Client::connect(smsc.address(), more).await.unwrap();
    Sms::new("918273 is your code").unwrap().submit(&client.provider, 1).await
}

fn count(all: &[(u64, Submission)], word: &str) -> usize {
    all.iter().filter(|(_, submission)| submission.as_str() == word).count()
}

fn reference(submission: &Submission) -> &str {
    match submission {
        Submission::Accepted { reference: Some(reference) } => reference.as_str(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_is_of_the_class_that_its_status_has() {
    let statuses = "statuses = { \"0x0400\" = \"permanent\" }\ntiming = { throttle_pause_ms = 0 }";
    for (answer, expected) in [
        (Answer::Refuse(0x58), "throttled"),
        (Answer::Refuse(0x14), "throttled"),
        (Answer::Refuse(0x08), "transient"),
        (Answer::Refuse(0x45), "transient"),
        (Answer::Refuse(0x0b), "permanent"),
        (Answer::Refuse(0x0a), "misconfigured"),
        (Answer::Refuse(0x400), "permanent"),
        (Answer::Refuse(0x401), "transient"),
        (Answer::Nack(0x03), "permanent"),
    ] {
        assert_eq!(one(Faults::always(answer.clone()), statuses).await.as_str(), expected, "{answer:?}");
    }
}

#[tokio::test]
async fn a_success_without_an_id_is_a_success() {
    assert_eq!(one(Faults::always(Answer::WithoutId), "").await, Submission::Accepted { reference: None });
}

#[tokio::test]
async fn silence_is_unknown() {
    let unknown = Submission::Unknown { reason: "smpp_unanswered".into() };
    assert_eq!(one(Faults::always(Answer::Silent), QUICK).await, unknown);
}

#[tokio::test]
async fn a_cut_after_the_write_is_unknown_and_the_next_message_goes() {
    let smsc = Smsc::start(Faults::always(Answer::Cut)).await.unwrap();
    let client = Client::connect(smsc.address(), QUICK).await.unwrap();
    let sms = Sms::new("918273").unwrap();
    let unknown = Submission::Unknown { reason: "smpp_connection_lost".into() };
    assert_eq!(sms.submit(&client.provider, 1).await, unknown);
    // Nothing is bound any more: this one was surely not written.
    assert_eq!(sms.submit(&client.provider, 2).await.as_str(), "not_written");
    smsc.behave(Faults::default());
    smsc.wait_for(|counts| counts.binds == 2).await.unwrap();
    client.settled().await.unwrap();
    assert_eq!(reference(&sms.submit(&client.provider, 3).await), "1");
    assert_eq!(smsc.counts().submitted, 2, "an unknown one is not written again");
}

#[tokio::test]
async fn every_submission_is_either_received_or_not_written_when_the_connection_is_cut() {
    // Cut in the midst of a burst: what was taken is accepted or unknown, what was not is not written.
    let faults = Faults::choosing(|n| if n == 40 { Answer::Cut } else { Answer::Accept });
    let smsc = Smsc::start(faults).await.unwrap();
    let timing = "timing = { reconnect_first_ms = 10000, reconnect_longest_ms = 10000, queue_ms = 2000 }";
    let client = Client::connect(smsc.address(), &format!("window = 16\n{timing}")).await.unwrap();
    let all = submit_all(&client.provider, "918273", 0..200, 64).await.unwrap();
    let (accepted, unknown) = (count(&all, "accepted"), count(&all, "unknown"));
    assert!(accepted <= 40, "{accepted}");
    assert!((1..=16).contains(&unknown), "{unknown}");
    assert_eq!(accepted + unknown + count(&all, "not_written"), 200);
    let received = smsc.received().len();
    assert!(received <= accepted + unknown, "{received} received, {accepted} accepted, {unknown} unknown");
}

#[tokio::test]
async fn no_more_are_unanswered_than_the_window_allows() {
    let smsc = Smsc::start(Faults::always(Answer::Silent)).await.unwrap();
    let client = Client::connect(smsc.address(), &format!("window = 7\n{QUICK}")).await.unwrap();
    let all = submit_all(&client.provider, "918273", 0..20, 20).await.unwrap();
    let counts = smsc.counts();
    assert_eq!((counts.submitted, counts.most_unanswered), (7, 7));
    // The others waited for a place in vain, and were not written.
    assert_eq!((count(&all, "unknown"), count(&all, "throttled")), (7, 13));
}

#[tokio::test]
async fn the_window_is_used_to_its_full() {
    let smsc = Smsc::start(Faults::always(Answer::AcceptAfter(Duration::from_millis(30)))).await.unwrap();
    let client = Client::connect(smsc.address(), "window = 25\ntiming = { queue_ms = 20000 }").await.unwrap();
    let all = submit_all(&client.provider, "918273", 0..200, 100).await.unwrap();
    assert_eq!(count(&all, "accepted"), 200);
    assert_eq!(smsc.counts().most_unanswered, 25);
}

#[tokio::test]
async fn the_rate_is_kept() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let more = "window = 100\nmax_per_second = 50\ntiming = { queue_ms = 20000 }";
    let client = Client::connect(smsc.address(), more).await.unwrap();
    let began = clock::instant();
    let all = submit_all(&client.provider, "918273", 0..40, 40).await.unwrap();
    assert_eq!(count(&all, "accepted"), 40);
    // Two may have been saved up.
    let least = Duration::from_secs(1) * (40 - 2) / 50;
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
}

#[tokio::test]
async fn answers_that_come_twice_or_in_another_order_belong_to_their_submissions() {
    for answer in [Answer::Twice, Answer::AfterTheNext, Answer::AcceptAfter(Duration::from_millis(5))] {
        let odd = answer.clone();
        let faults = Faults::choosing(move |n| if n % 2 == 0 { odd.clone() } else { Answer::Accept });
        let smsc = Smsc::start(faults).await.unwrap();
        let client = Client::connect(smsc.address(), "window = 10").await.unwrap();
        let all = submit_all(&client.provider, "918273", 0..100, 10).await.unwrap();
        let mut ids: Vec<u64> = all.iter().map(|(_, done)| reference(done).parse().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..100).collect::<Vec<_>>(), "{answer:?}");
    }
}

#[tokio::test]
async fn throttled_submissions_pause_the_bind() {
    let faults = Faults::choosing(|n| if n == 0 { Answer::Refuse(0x58) } else { Answer::Accept });
    let smsc = Smsc::start(faults).await.unwrap();
    let client = Client::connect(smsc.address(), "timing = { throttle_pause_ms = 300 }").await.unwrap();
    let sms = Sms::new("918273").unwrap();
    assert_eq!(sms.submit(&client.provider, 0).await.as_str(), "throttled");
    let began = clock::instant();
    assert_eq!(sms.submit(&client.provider, 1).await.as_str(), "accepted");
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
}

#[tokio::test]
async fn i3_a_message_that_expires_while_it_waits_is_not_written() {
    let smsc = Smsc::start(Faults::always(Answer::Silent)).await.unwrap();
    let timing = "window = 1\ntiming = { response_ms = 2000, queue_ms = 5000 }";
    let client = Client::connect(smsc.address(), timing).await.unwrap();
    let (first, second) = (Sms::new("918273").unwrap(), Sms::new("918273").unwrap());
    let soon = Timestamp::from_millis(clock::unix_ms()).plus(Duration::from_millis(300));
    let (unknown, expired) = tokio::join!(first.submit(&client.provider, 1), async {
        smsc.wait_for(|counts| counts.submitted == 1).await.unwrap();
        second.submit_until(&client.provider, 2, soon).await
    });
    assert_eq!(unknown.as_str(), "unknown");
    assert_eq!(expired, Submission::Permanent { reason: "expired".into() });
    assert_eq!(smsc.counts().submitted, 1);
}

#[tokio::test]
async fn a_message_that_nobody_waits_for_any_more_is_not_written() {
    let smsc = Smsc::start(Faults::always(Answer::AcceptAfter(Duration::from_millis(200)))).await.unwrap();
    let client = Client::connect(smsc.address(), "window = 1").await.unwrap();
    let (first, second) = (Sms::new("918273").unwrap(), Sms::new("918273").unwrap());
    let (accepted, dropped) = tokio::join!(
        first.submit(&client.provider, 1),
        tokio::time::timeout(Duration::from_millis(50), async {
            smsc.wait_for(|counts| counts.submitted == 1).await.unwrap();
            second.submit(&client.provider, 2).await
        })
    );
    assert_eq!(accepted.as_str(), "accepted");
    assert!(dropped.is_err());
    assert_eq!(Sms::new("918273").unwrap().submit(&client.provider, 3).await.as_str(), "accepted");
    assert_eq!(smsc.counts().submitted, 2);
}

#[tokio::test]
async fn a_message_in_parts_is_accepted_when_all_of_them_are() {
    let text = "a".repeat(400);
    let three = |second: Answer| {
        let faults = Faults::choosing(move |n| if n == 1 { second.clone() } else { Answer::Accept });
        let text = text.clone();
        async move {
            let smsc = Smsc::start(faults).await.unwrap();
            let client = Client::connect(smsc.address(), &format!("window = 1\n{QUICK}")).await.unwrap();
            let submission = Sms::new(&text).unwrap().submit(&client.provider, 1).await;
            (submission, smsc.received().len())
        }
    };
    let (accepted, parts) = three(Answer::Accept).await;
    assert_eq!((reference(&accepted), parts), ("2", 3));
    let (unknown, parts) = three(Answer::Silent).await;
    assert_eq!((unknown.as_str(), parts), ("unknown", 2), "what is left is of no use");
    let (refused, parts) = three(Answer::Refuse(0x0b)).await;
    assert_eq!((refused.as_str(), parts), ("permanent", 2));
    let (cut, _) = three(Answer::Cut).await;
    assert_eq!(cut.as_str(), "unknown");
}
