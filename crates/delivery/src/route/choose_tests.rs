use std::time::Duration;

use countersign_core::entropy::Entropy;
use countersign_core::phone::E164;
use countersign_core::price::Price;
use countersign_core::time::Timestamp;
use countersign_core::verification::Standing;
use proptest::prelude::*;

use super::attempt::{Attempt, AttemptResult, Bounds, History};
use super::choose::{Asked, Cause, Choice, Decision, Hold, PassedOver, Reason, choose};
use super::conversion::Evidence;
use super::health::{Health, HealthSettings, Observed};
use super::place::Place;
use super::prices::{Quote, QuoteBasis};
use super::table::{Candidate, Candidates, Fit, Order};
use super::transport::Transport;
use crate::provider::ProviderName;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn place() -> Place {
    Place::of(&E164::parse_fictional("+447700900123", None).unwrap())
}

fn name(name: &str) -> ProviderName {
    name.parse().unwrap()
}

fn euros(micros: u64) -> Price {
    Price::from_micros(micros, "EUR".parse().unwrap())
}

/// A verification on its way, and all that a choice depends on.
struct Scene {
    candidates: Candidates,
    health: Health,
    history: History,
    bounds: Bounds,
    now: Timestamp,
    seed: u8,
}

impl Scene {
    fn new(count: usize) -> Self {
        let quote = Some(Quote { price: euros(10_000), basis: QuoteBasis::Listed });
        let routes = NAMES[..count]
            .iter()
            .map(|text| Candidate { provider: name(text), quote, fit: Fit::Fits { segments: 2 } })
            .collect();
        Scene {
            candidates: Candidates { routes, order: Order::Listed, thompson: None },
            health: Health::new(HealthSettings::default()),
            history: History::default(),
            bounds: Bounds::default(),
            now: START,
            seed: 1,
        }
    }

    fn choose(&mut self, cause: Cause) -> Choice {
        self.now = self.now.plus(Duration::from_secs(1));
        self.seed = self.seed.wrapping_add(1);
        let asked = Asked { cause, place: place(), history: &self.history, bounds: &self.bounds };
        choose(&self.candidates, &self.health, &asked, self.now, &mut Entropy::from_seed([self.seed; 32]))
    }

    fn provider(&mut self, cause: Cause) -> String {
        match self.choose(cause).decision {
            Decision::Send { provider, .. } => provider.to_string(),
            Decision::Hold(hold) => format!("{hold:?}"),
        }
    }

    fn attempt(&mut self, provider: &str, result: AttemptResult) {
        let attempt = Attempt { provider: name(provider), at: self.now, result, cost: Some(euros(20_000)) };
        self.history.push(attempt);
    }

    fn send(&mut self, cause: Cause, result: AttemptResult) -> String {
        let provider = self.provider(cause);
        if provider.len() == 1 {
            self.attempt(&provider, result);
        }
        provider
    }

    fn break_transport(&mut self, provider: &str) {
        self.health.transport(&name(provider), place(), Transport::Misconfigured, self.now);
    }

    fn break_conversion(&mut self, provider: &str) {
        let provider = name(provider);
        let seen = Observed { provider: &provider, place: place(), standing: Standing::Stranger };
        for _ in 0..200 {
            self.health.evidence(&seen, Evidence::Verified, self.now);
        }
        for _ in 0..30 {
            self.health.evidence(&seen, Evidence::Unverified, self.now);
        }
        assert!(self.health.state(&provider, place(), self.now).conversion_since.is_some());
    }
}

#[test]
fn a_resend_leaves_by_another_route_and_then_alternates() {
    let mut scene = Scene::new(3);
    let first = scene.send(Cause::First, AttemptResult::Accepted);
    let sent: String = (0..5).map(|_| scene.send(Cause::Resend, AttemptResult::Delivered)).collect();
    assert_eq!(first + &sent, "abcabc");
    assert!(scene.choose(Cause::Resend).reasons.contains(&Reason::SameRouteAgain { times: 2 }));
}

#[test]
fn a_used_healthy_route_is_better_than_an_unused_one_that_is_known_to_be_bad() {
    let mut scene = Scene::new(2);
    scene.break_conversion("b");
    scene.attempt("a", AttemptResult::Accepted);
    assert_eq!(scene.provider(Cause::Resend), "a");
}

#[test]
fn a_refusal_a_failed_receipt_and_an_open_breaker_fail_over_at_once() {
    for result in [AttemptResult::TurnedAway, AttemptResult::Refused, AttemptResult::Failed] {
        let mut scene = Scene::new(2);
        scene.attempt("a", result);
        assert_eq!(scene.provider(Cause::Failover), "b", "{result:?}");
    }
    let mut scene = Scene::new(2);
    scene.break_transport("a");
    let choice = scene.choose(Cause::First);
    let because = PassedOver::TransportOpen;
    assert!(choice.reasons.contains(&Reason::PassedOver { provider: name("a"), because }));
    assert!(matches!(choice.decision, Decision::Send { provider, .. } if provider == name("b")));
}

#[test]
fn a_route_that_asks_for_time_is_tried_again_after_those_that_ask_for_less() {
    let mut scene = Scene::new(3);
    for (provider, wait_s) in [("a", 300), ("b", 0), ("c", 60)] {
        scene.attempt(provider, AttemptResult::TurnedAway);
        scene.health.asks_to_wait(&name(provider), scene.now.plus(Duration::from_secs(wait_s)));
        scene.now = scene.now.plus(Duration::from_millis(1));
    }
    assert_eq!(scene.provider(Cause::Failover), "b");
    // What the customer asks for, and what was never asked there, is worth a question.
    assert_eq!(
        (scene.provider(Cause::Resend), Scene::new(3).provider(Cause::First)),
        ("a".into(), "a".into())
    );
    scene.attempt("b", AttemptResult::Refused);
    assert_eq!(scene.provider(Cause::Failover), "c");
    scene.health.transport(&name("a"), place(), Transport::Answered, scene.now);
    assert_eq!(scene.provider(Cause::Failover), "a", "it takes messages again");
}

#[test]
fn a_route_without_a_bind_is_passed_over_never_probed_and_used_when_it_is_back() {
    let mut scene = Scene::new(2);
    scene.health.bind_lost(&name("a"), scene.now);
    // Long after every pause between probes.
    scene.now = scene.now.plus(std::time::Duration::from_secs(3_600));
    for _ in 0..3 {
        let choice = scene.choose(Cause::First);
        let because = PassedOver::NotBound;
        assert!(choice.reasons.contains(&Reason::PassedOver { provider: name("a"), because }));
        assert!(matches!(choice.decision, Decision::Send { provider, .. } if provider == name("b")));
    }
    scene.health.bind_restored(&name("a"));
    assert_eq!(scene.provider(Cause::First), "a");
}

#[test]
fn nobody_gets_a_second_copy_that_she_did_not_ask_for() {
    let mut scene = Scene::new(2);
    scene.attempt("a", AttemptResult::Accepted);
    scene.attempt("b", AttemptResult::Failed);
    assert_eq!(scene.provider(Cause::Failover), format!("{:?}", Hold::NoOtherRoute));
    assert_eq!(scene.provider(Cause::Resend), "a");
}

#[test]
fn a_route_that_turned_it_away_is_tried_again_after_all_others() {
    let mut scene = Scene::new(2);
    let sent: String = (0..5).map(|_| scene.send(Cause::Failover, AttemptResult::TurnedAway)).collect();
    assert_eq!(sent, "ababa");
    assert!(scene.choose(Cause::Failover).reasons.contains(&Reason::TriedAgain));
}

#[test]
fn what_is_unanswered_is_repeated_there_only_if_she_asks_and_no_other_route_exists() {
    let mut scene = Scene::new(1);
    scene.attempt("a", AttemptResult::Unknown);
    assert_eq!(scene.provider(Cause::Failover), "NoOtherRoute");
    assert_eq!(scene.provider(Cause::Resend), "a");
    assert_eq!(scene.provider(Cause::TakeOver), "a");
    let mut scene = Scene::new(2);
    scene.attempt("a", AttemptResult::Unknown);
    scene.break_transport("b");
    for cause in [Cause::Failover, Cause::Resend, Cause::TakeOver] {
        assert_eq!(scene.provider(cause), "b", "{cause:?}");
    }
}

#[test]
fn when_all_are_open_the_least_bad_one_is_tried_and_says_so() {
    let mut scene = Scene::new(3);
    scene.break_transport("a");
    scene.break_conversion("b");
    scene.break_transport("c");
    let choice = scene.choose(Cause::First);
    assert!(matches!(choice.decision, Decision::Send { provider, .. } if provider == name("b")));
    assert_eq!(choice.reasons[0], Reason::AllOpenLeastBad);
}

#[test]
fn a_twentieth_of_first_messages_probes_and_no_resend_does() {
    let mut scene = Scene::new(2);
    scene.break_conversion("a");
    let mut entropy = Entropy::from_seed([7; 32]);
    let mut probes = |cause| {
        let asked = Asked { cause, place: place(), history: &scene.history, bounds: &scene.bounds };
        let probe = |_: &u32| {
            let choice = choose(&scene.candidates, &scene.health, &asked, scene.now, &mut entropy);
            choice.reasons[0] == Reason::Probe
        };
        (0..4000).filter(probe).count()
    };
    assert!((150..=250).contains(&probes(Cause::First)), "far from 5 % of 4000");
    assert_eq!(probes(Cause::Resend), 0);
}

#[test]
fn a_dead_transport_is_probed_by_one_message_at_a_time() {
    let mut scene = Scene::new(2);
    scene.break_transport("a");
    assert_eq!(scene.provider(Cause::First), "b");
    scene.now = scene.now.plus(Duration::from_secs(5));
    assert_eq!(scene.provider(Cause::First), "a");
    scene.health.begun(&name("a"), place(), scene.now);
    assert_eq!(scene.provider(Cause::First), "b");
    scene.health.transport(&name("a"), place(), Transport::Answered, scene.now);
    assert_eq!(scene.provider(Cause::First), "a");
}

#[test]
fn the_lowest_cost_is_per_verified_customer() {
    let mut scene = Scene::new(2);
    scene.candidates.order = Order::Cost;
    scene.candidates.routes[0].quote = Some(Quote { price: euros(10_000), basis: QuoteBasis::Listed });
    scene.candidates.routes[1].quote = Some(Quote { price: euros(12_000), basis: QuoteBasis::Listed });
    assert_eq!(scene.choose(Cause::First).reasons, [Reason::LowestCost]);
    assert_eq!(scene.provider(Cause::First), "a");
    let provider = name("a");
    let seen = Observed { provider: &provider, place: place(), standing: Standing::Stranger };
    for round in 0..300 {
        let evidence = if round % 2 == 0 { Evidence::Verified } else { Evidence::Unverified };
        scene.health.evidence(&seen, evidence, scene.now);
    }
    assert!(scene.health.state(&provider, place(), scene.now).is_healthy());
    assert_eq!(scene.provider(Cause::First), "b", "half verify by a, so a customer costs twice its price");
}

#[test]
fn thompson_sampling_needs_volume_and_fair_prices() {
    let explored = |volume: u32, price: u64| {
        let mut scene = Scene::new(2);
        scene.candidates.thompson = Some(super::thompson::ThompsonSettings::default());
        scene.candidates.routes[1].quote = Some(Quote { price: euros(price), basis: QuoteBasis::Listed });
        for provider in ["a", "b"].map(name) {
            let seen = Observed { provider: &provider, place: place(), standing: Standing::Stranger };
            for round in 0..volume {
                let good = round % 10 != 0;
                let evidence = if good { Evidence::Verified } else { Evidence::Unverified };
                scene.health.evidence(&seen, evidence, scene.now);
            }
        }
        let mut entropy = Entropy::from_seed([3; 32]);
        let asked =
            Asked { cause: Cause::First, place: place(), history: &scene.history, bounds: &scene.bounds };
        let explores = |_: &u32| {
            let choice = choose(&scene.candidates, &scene.health, &asked, scene.now, &mut entropy);
            choice.reasons[0] == Reason::Exploration
        };
        (0..1000).filter(explores).count()
    };
    let at_volume = explored(600, 10_000);
    assert!((10..=110).contains(&at_volume), "{at_volume} of 1000, the cap is a tenth");
    assert_eq!(explored(100, 10_000), 0, "the volume does not carry it");
    assert_eq!(explored(600, 20_000), 0, "the price is very different");
}

#[test]
fn no_route_is_told_from_no_money() {
    let mut scene = Scene::new(0);
    assert_eq!(scene.provider(Cause::First), "NoRoute");
    let mut scene = Scene::new(2);
    scene.bounds.max_spend = Some(euros(19_999));
    assert_eq!(scene.provider(Cause::First), "SpendUsedUp");
    scene.bounds.max_spend = Some(euros(20_000));
    assert_eq!(scene.provider(Cause::First), "a");
}

#[test]
fn attempts_that_are_set_aside_bar_no_route_and_use_up_the_bounds() {
    for (bounds, result, hold) in [
        (Bounds { max_sends: 1, ..Bounds::default() }, AttemptResult::Accepted, "SendsUsedUp"),
        (Bounds { max_tries: 1, ..Bounds::default() }, AttemptResult::TurnedAway, "TriesUsedUp"),
        (
            Bounds { max_spend: Some(euros(39_999)), ..Bounds::default() },
            AttemptResult::Accepted,
            "SpendUsedUp",
        ),
    ] {
        let mut scene = Scene::new(1);
        scene.attempt("a", result);
        scene.history.set_aside();
        assert_eq!(scene.provider(Cause::Resend), "a");
        scene.bounds = bounds;
        assert_eq!(scene.provider(Cause::Resend), hold);
        scene.history.forget_set_aside();
        assert_eq!(scene.provider(Cause::Resend), "a");
    }
}

fn results() -> impl Strategy<Value = AttemptResult> {
    prop_oneof![
        Just(AttemptResult::Accepted),
        Just(AttemptResult::Delivered),
        Just(AttemptResult::Failed),
        Just(AttemptResult::TurnedAway),
        Just(AttemptResult::Refused),
        Just(AttemptResult::Unknown),
    ]
}

fn causes() -> impl Strategy<Value = Cause> {
    prop_oneof![Just(Cause::Resend), Just(Cause::Failover), Just(Cause::TakeOver)]
}

#[test]
fn a_route_that_must_not_carry_the_message_is_passed_over_for_any_cause() {
    for cause in [Cause::First, Cause::Resend, Cause::Failover, Cause::TakeOver] {
        let mut scene = Scene::new(2);
        scene.candidates.routes[0].fit = Fit::Unfit(PassedOver::SenderNotRegistered);
        let choice = scene.choose(cause);
        assert!(matches!(&choice.decision, Decision::Send { provider, .. } if provider.as_str() == "b"));
        let because = PassedOver::SenderNotRegistered;
        assert!(choice.reasons.contains(&Reason::PassedOver { provider: name("a"), because }), "{cause:?}");
        scene.candidates.routes[1].fit = Fit::Unfit(PassedOver::TextNotRegistered);
        let choice = scene.choose(cause);
        assert_eq!(choice.decision, Decision::Hold(Hold::Unfit(PassedOver::SenderNotRegistered)));
        assert_eq!(choice.reasons.len(), 2);
    }
}

#[test]
fn each_route_is_priced_by_its_own_segments() {
    let mut scene = Scene::new(2);
    scene.candidates.order = Order::Cost;
    scene.candidates.routes[1].fit = Fit::Fits { segments: 1 };
    let choice = scene.choose(Cause::First);
    let Decision::Send { provider, cost } = choice.decision else { panic!("held") };
    assert_eq!((provider.as_str(), cost), ("b", Some(euros(10_000))));
}

proptest! {
    #[test]
    fn no_story_exceeds_the_bounds_or_repeats_what_is_unanswered(
        count in 1_usize..=4,
        story in proptest::collection::vec((causes(), results()), 1..40),
        broken in proptest::collection::vec(any::<bool>(), 4),
        max_sends in 1_u16..12, max_tries in 1_u16..20, max_spend in 1_u64..200_000,
    ) {
        let mut scene = Scene::new(count);
        scene.bounds = Bounds { max_sends, max_tries, max_spend: Some(euros(max_spend)) };
        for (provider, _) in NAMES.iter().zip(&broken).filter(|(_, broken)| **broken).take(count) {
            scene.break_transport(provider);
        }
        let mut cause = Cause::First;
        for (next, result) in story {
            let before = scene.history.clone();
            let choice = scene.choose(cause);
            if let Decision::Send { provider, cost } = &choice.decision {
                let unanswered = |provider: &ProviderName| {
                    before.of(provider).any(|attempt| attempt.result == AttemptResult::Unknown)
                };
                let refused = |provider: &ProviderName| {
                    before.of(provider).next_back().is_some_and(|a| a.result == AttemptResult::Refused)
                };
                if cause == Cause::Failover {
                    prop_assert!(!before.of(provider).any(|attempt| attempt.result.may_arrive()));
                }
                if unanswered(provider) && !refused(provider) {
                    prop_assert!(cause != Cause::Failover);
                    let other = scene.candidates.routes.iter().map(|route| &route.provider)
                        .find(|other| !unanswered(other) && !refused(other));
                    prop_assert_eq!(other, None, "repeated although there is another");
                }
                let fresh = scene.candidates.routes.iter().map(|route| &route.provider).find(|other| {
                    before.of(other).count() == 0 && scene.health.state(other, place(), scene.now).is_healthy()
                });
                if cause == Cause::Resend && before.of(provider).count() > 0 {
                    prop_assert_eq!(fresh, None, "a used route although a healthy one is unused");
                }
                scene.history.push(Attempt { provider: provider.clone(), at: scene.now, result, cost: *cost });
            }
            prop_assert!(scene.history.sends() <= usize::from(max_sends));
            prop_assert!(scene.history.attempts().len() <= usize::from(max_tries));
            prop_assert!(scene.history.spent_micros(euros(0)) <= max_spend);
            prop_assert!(choice.reasons.len() <= 1 + count);
            let json = serde_json::to_string(&choice).unwrap();
            prop_assert_eq!(serde_json::from_str::<Choice>(&json).unwrap(), choice);
            cause = next;
        }
    }
}
