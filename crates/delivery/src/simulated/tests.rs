//! With simulated time.

use super::*;
use crate::example::{Example, NOW};
use crate::provider::Outgoing;

struct Bench {
    phone: SimulatedPhone,
    receipts: mpsc::Receiver<CarrierReceipt>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

fn bench(limits: SimulatedLimits) -> Bench {
    let (sender, receipts) = mpsc::channel(4);
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let runtime = SimulatedRuntime { tasks: tasks.clone(), shutdown: shutdown.clone(), receipts: sender };
    Bench { phone: SimulatedPhone::new("phone".parse().unwrap(), limits, runtime), receipts, tasks, shutdown }
}

fn good() -> Bench {
    bench(SimulatedLimits::default())
}

fn behaviour(fate: Fate, delay_s: u64, copies: u8) -> Behaviour {
    Behaviour::new(fate, Duration::from_secs(delay_s), copies).unwrap()
}

fn texts(phone: &SimulatedPhone, example: &Example) -> Vec<String> {
    phone.inbox(&example.to).iter().map(|message| message.text.clone()).collect()
}

impl Bench {
    async fn submit(&self, example: &Example) -> Submission {
        self.phone.submit(&example.outgoing(), NOW).await
    }

    fn receipt(&mut self) -> Option<(ReceiptStatus, Option<String>)> {
        let receipt = self.receipts.try_recv().ok()?;
        Some((receipt.status, receipt.reason.map(|reason| reason.to_string())))
    }
}

#[tokio::test]
async fn a_message_arrives_with_what_the_phone_shows() {
    let mut bench = good();
    let mut live = bench.phone.subscribe();
    let example = Example::new("123456 is your code.\n\n@shop.example #123456");
    let sender = "Example".parse().unwrap();
    let outcome = bench.phone.submit(&Outgoing { sender: Some(&sender), ..example.outgoing() }, NOW).await;
    assert_eq!(outcome.as_str(), "accepted");
    let [message] = bench.phone.inbox(&example.to).try_into().unwrap();
    assert_eq!(live.try_recv().unwrap(), message);
    assert_eq!(message.text, example.text);
    assert_eq!(message.sender.as_deref(), Some("Example"));
    assert_eq!((message.measure.segments, message.received_at, message.sequence), (1, NOW, 1));
    let autofill =
        Autofill::Origin { host: "shop.example".to_owned(), code: "123456".to_owned(), embedded: None };
    assert_eq!(message.autofill, Some(autofill));
    assert_eq!(bench.receipt(), Some((ReceiptStatus::Delivered, None)));
    assert!(!format!("{message:?} {:?} {:?}", bench.phone, message.autofill).contains("123456"));
}

#[tokio::test]
async fn a_lost_message_is_accepted_and_never_heard_of() {
    let mut bench = good();
    let (unlucky, lucky) = (Example::new("a"), Example::to("+44 7700 900124", "b"));
    bench.phone.set_behaviour(Scope::Number(&unlucky.to), behaviour(Fate::Lose, 0, 1)).unwrap();
    assert_eq!(bench.submit(&unlucky).await.as_str(), "accepted");
    assert_eq!((texts(&bench.phone, &unlucky), bench.receipt()), (vec![], None));
    bench.submit(&lucky).await;
    assert_eq!(texts(&bench.phone, &lucky), ["b"]);

    bench.phone.reset_behaviour(Scope::Number(&unlucky.to));
    bench.submit(&unlucky).await;
    assert_eq!(texts(&bench.phone, &unlucky), ["a"]);
}

#[tokio::test]
async fn a_failed_message_is_receipted_as_failed() {
    let mut bench = good();
    bench.phone.set_behaviour(Scope::Everyone, behaviour(Fate::Fail, 0, 1)).unwrap();
    let example = Example::new("a");
    bench.submit(&example).await;
    assert!(texts(&bench.phone, &example).is_empty());
    assert_eq!(bench.receipt(), Some((ReceiptStatus::Failed, Some("simulated_failure".to_owned()))));
}

#[tokio::test]
async fn a_number_s_own_behaviour_goes_before_the_general_one() {
    let bench = good();
    let example = Example::new("a");
    bench.phone.set_behaviour(Scope::Everyone, behaviour(Fate::Lose, 0, 1)).unwrap();
    assert_eq!(bench.phone.behaviour(Scope::Number(&example.to)), behaviour(Fate::Lose, 0, 1));
    bench.phone.set_behaviour(Scope::Number(&example.to), Behaviour::default()).unwrap();
    bench.submit(&example).await;
    assert_eq!(texts(&bench.phone, &example), ["a"]);
}

#[tokio::test]
async fn duplicates_arrive_with_one_receipt() {
    let mut bench = good();
    bench.phone.set_behaviour(Scope::Everyone, behaviour(Fate::Deliver, 0, 3)).unwrap();
    let example = Example::new("a");
    bench.submit(&example).await;
    let messages = bench.phone.inbox(&example.to);
    assert_eq!(messages.iter().map(|message| message.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(messages.iter().all(|message| message.delivery == example.outgoing().delivery));
    assert!(bench.receipt().is_some() && bench.receipt().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_delayed_message_arrives_when_its_time_has_come() {
    let mut bench = good();
    bench.phone.set_behaviour(Scope::Everyone, behaviour(Fate::Deliver, 60, 1)).unwrap();
    let example = Example::new("a");
    assert_eq!(bench.submit(&example).await.as_str(), "accepted");
    tokio::time::sleep(Duration::from_millis(59_900)).await;
    assert_eq!((texts(&bench.phone, &example), bench.receipt()), (vec![], None));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(bench.phone.inbox(&example.to)[0].received_at, NOW.plus(Duration::from_mins(1)));
    assert_eq!(bench.receipt(), Some((ReceiptStatus::Delivered, None)));
}

#[tokio::test(start_paused = true)]
async fn i3_nothing_arrives_at_or_after_its_expiry() {
    let mut bench = good();
    bench.phone.set_behaviour(Scope::Everyone, behaviour(Fate::Deliver, 600, 1)).unwrap();
    let example = Example::new("a");
    bench.submit(&example).await;
    tokio::time::sleep(Duration::from_secs(601)).await;
    assert!(texts(&bench.phone, &example).is_empty());
    assert_eq!(bench.receipt(), Some((ReceiptStatus::Failed, Some("validity_expired".to_owned()))));
    let late = bench.phone.submit(&example.outgoing(), example.outgoing().expires_at).await;
    assert_eq!(late, Submission::permanent("expired"));
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_delayed_messages() {
    let bench = good();
    bench.phone.set_behaviour(Scope::Everyone, behaviour(Fate::Deliver, 300, 1)).unwrap();
    let example = Example::new("a");
    bench.submit(&example).await;
    bench.tasks.close();
    bench.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(1), bench.tasks.wait()).await.unwrap();
    assert!(texts(&bench.phone, &example).is_empty());
}

#[tokio::test(start_paused = true)]
async fn waiting_messages_are_bounded() {
    let bench = bench(SimulatedLimits { delayed: 2, ..SimulatedLimits::default() });
    bench.phone.set_behaviour(Scope::Everyone, behaviour(Fate::Deliver, 10, 1)).unwrap();
    let example = Example::new("a");
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(bench.submit(&example).await.as_str());
    }
    assert_eq!(outcomes, ["accepted", "accepted", "throttled"]);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(bench.submit(&example).await.as_str(), "accepted");
    assert_eq!(texts(&bench.phone, &example).len(), 2);
}

#[tokio::test]
async fn an_inbox_keeps_the_newest_messages_and_the_busiest_numbers() {
    let bench = bench(SimulatedLimits { numbers: 2, messages_per_number: 3, ..SimulatedLimits::default() });
    let number = |n: u32, text: &str| Example::to(&format!("+44 7700 9001{n:02}"), text);
    for text in ["a", "b", "c", "d"] {
        bench.submit(&number(1, text)).await;
    }
    assert_eq!(texts(&bench.phone, &number(1, "")), ["b", "c", "d"]);
    bench.submit(&number(2, "e")).await;
    bench.submit(&number(1, "f")).await;
    bench.submit(&number(3, "g")).await;
    let left: Vec<(E164, usize)> =
        bench.phone.numbers().into_iter().map(|summary| (summary.number, summary.messages)).collect();
    assert_eq!(left, [(number(3, "").to, 1), (number(1, "").to, 3)]);
    assert!(texts(&bench.phone, &number(2, "")).is_empty());
}

#[tokio::test]
async fn behaviours_are_bounded() {
    let bench = bench(SimulatedLimits { numbers: 1, ..SimulatedLimits::default() });
    let (one, other) = (Example::new("a"), Example::to("+44 7700 900124", "b"));
    let lose = behaviour(Fate::Lose, 0, 1);
    assert_eq!(bench.phone.set_behaviour(Scope::Number(&one.to), lose), Ok(()));
    assert_eq!(bench.phone.set_behaviour(Scope::Number(&one.to), Behaviour::default()), Ok(()));
    assert_eq!(bench.phone.set_behaviour(Scope::Number(&other.to), lose), Err(TooManyNumbers));
    bench.phone.reset_behaviour(Scope::Number(&one.to));
    assert_eq!(bench.phone.set_behaviour(Scope::Number(&other.to), lose), Ok(()));

    let made = |delay_s, copies| Behaviour::new(Fate::Deliver, Duration::from_secs(delay_s), copies);
    assert!(made(600, 5).is_ok());
    for (delay_s, copies) in [(601, 1), (0, 0), (0, 6)] {
        assert_eq!(made(delay_s, copies), Err(InvalidBehaviour));
    }
}

#[tokio::test]
async fn receipts_beyond_the_channel_are_dropped_and_counted() {
    let mut bench = good();
    let example = Example::new("a");
    for _ in 0..6 {
        assert_eq!(bench.submit(&example).await.as_str(), "accepted");
    }
    assert_eq!(bench.phone.receipts_dropped(), 2);
    assert_eq!(std::iter::from_fn(|| bench.receipt()).count(), 4);
}

#[tokio::test]
async fn a_live_view_that_falls_behind_is_told_so() {
    let bench = bench(SimulatedLimits { live_backlog: 2, ..SimulatedLimits::default() });
    let mut live = bench.phone.subscribe();
    for _ in 0..5 {
        bench.submit(&Example::new("a")).await;
    }
    assert!(matches!(live.try_recv(), Err(broadcast::error::TryRecvError::Lagged(3))));
    assert_eq!(live.try_recv().unwrap().sequence, 4);
}

#[tokio::test(start_paused = true)]
async fn a_broken_carrier_breaks_nothing_of_the_other() {
    let mut bench = good();
    let other = bench.phone.named("other".parse().unwrap());
    let example = Example::new("123456 is your code.");
    let broken = bench.phone.name().clone();
    let said = [
        (Condition::Unreachable, "not_written", None),
        (Condition::Refuses, "permanent", None),
        (Condition::Throttles, "throttled", None),
        (Condition::Hangs, "unknown", None),
        (Condition::Silent, "accepted", None),
        (Condition::Fails, "accepted", Some(ReceiptStatus::Failed)),
        (Condition::Lies, "accepted", Some(ReceiptStatus::Delivered)),
    ];
    for (arrived, (condition, outcome, receipt)) in said.into_iter().enumerate() {
        assert!(bench.phone.set_condition(&broken, condition));
        assert_eq!(bench.submit(&example).await.as_str(), outcome, "{condition:?}");
        assert_eq!(bench.receipt().map(|(status, _)| status), receipt, "{condition:?}");
        assert_eq!(texts(&bench.phone, &example).len(), arrived, "{condition:?}");
        assert_eq!(other.submit(&example.outgoing(), NOW).await.as_str(), "accepted");
        assert_eq!(bench.receipt(), Some((ReceiptStatus::Delivered, None)));
        assert_eq!(texts(&bench.phone, &example).len(), arrived + 1);
    }
    assert!(bench.phone.set_condition(&broken, Condition::Works));
    assert_eq!(bench.submit(&example).await.as_str(), "accepted");
    assert_eq!(bench.receipt(), Some((ReceiptStatus::Delivered, None)));
    assert!(!bench.phone.set_condition(&"nobody".parse().unwrap(), Condition::Refuses));
}
