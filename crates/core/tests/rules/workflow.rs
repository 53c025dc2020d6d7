//! Workflows: one channel after another.

use std::time::Duration;

use countersign_core::code::CodeFormat;
use countersign_core::event::EventKind;
use countersign_core::id::VerificationId;
use countersign_core::policy::{Address, Carried, ChannelProblem, MIN_LIFE_FOR_RESEND};
use countersign_core::purpose::Purpose;
use countersign_core::step::{
    Advance, AdvanceCause, Command, OnFailure, Outcome, Receipt, Refusal, Room, Start, Started, StepCause,
    StopReason,
};
use countersign_core::subject::Mode;
use countersign_core::verification::{Channel, ReceiptStatus};
use countersign_core::workflow::WorkflowStep;
use proptest::prelude::*;

use crate::world::World;

const STEPS: [(Channel, u16); 3] = [(Channel::WhatsApp, 20), (Channel::Sms, 40), (Channel::Voice, 30)];

fn steps(steps: &[(Channel, u16)]) -> Vec<WorkflowStep> {
    steps.iter().map(|&(channel, wait_s)| WorkflowStep { channel, wait_s }).collect()
}

fn started(world: &mut World) -> VerificationId {
    world.with_all_channels();
    let start = Start { workflow: steps(&STEPS), ..world.login() };
    world.start(start)
}

fn advance(world: &mut World, verification: VerificationId, cause: AdvanceCause, room: Room) {
    let taken = world.apply(&Command::Advance(Advance { verification, cause, room }));
    assert_eq!(taken, Outcome::Settled);
}

fn due(world: &mut World, id: VerificationId) {
    advance(world, id, AdvanceCause::Due, Room::Open);
}

fn stopped(reason: StopReason) -> Vec<EventKind> {
    vec![EventKind::WorkflowStopped { reason }]
}

#[test]
fn each_step_is_taken_when_the_wait_of_the_one_before_is_over_and_not_a_moment_sooner() {
    let mut world = World::new();
    let id = started(&mut world);
    let (code, expires_at) = (world.code(id), world.shelf[&id].expires_at);
    for (wait, step, channel) in [(20, 2, Channel::Sms), (40, 3, Channel::Voice)] {
        assert_eq!(world.shelf[&id].wakes_at(), world.clock.plus(Duration::from_secs(wait)));
        world.wait_ms(wait * 1000 - 1);
        due(&mut world, id);
        assert_eq!(world.last_events(), []);
        world.wait_ms(1);
        due(&mut world, id);
        let delivery = world.sent.last().unwrap().id;
        let because = StepCause::Waited;
        assert_eq!(
            world.last_events(),
            [EventKind::NextStep { delivery, channel, step, because, withheld: None }]
        );
    }
    assert_eq!(world.sent_by(), [Channel::WhatsApp, Channel::Sms, Channel::Voice]);
    assert_eq!((world.code(id), world.shelf[&id].sends), (code, 3));
    assert_eq!(world.shelf[&id].expires_at, expires_at, "the clock runs from the first send");
    assert_eq!(world.shelf[&id].wakes_at(), expires_at, "nothing but its end is left");
    world.wait_s(300);
    due(&mut world, id);
    assert_eq!(world.sent.len(), 3);
}

#[test]
fn a_round_that_comes_twice_or_late_takes_one_step() {
    let mut world = World::new();
    let id = started(&mut world);
    world.wait_s(200);
    due(&mut world, id);
    due(&mut world, id);
    assert_eq!(world.sent_by(), [Channel::WhatsApp, Channel::Sms]);
    assert_eq!(world.shelf[&id].wakes_at(), world.clock.plus(Duration::from_secs(40)));
}

#[test]
fn nothing_is_sent_for_a_verification_that_has_ended() {
    for end in [World::approve, World::cancel, World::report] {
        let mut world = World::new();
        let id = started(&mut world);
        world.wait_s(20);
        end(&mut world, id);
        due(&mut world, id);
        assert_eq!(world.sent.len(), 1);
    }
    let mut world = World::new();
    let id = started(&mut world);
    world.wait_s(600);
    due(&mut world, id);
    assert_eq!(world.last_events(), [EventKind::Expired]);
}

#[test]
fn a_resend_takes_the_next_step_early_and_repeats_the_last_one_in_the_end() {
    let mut world = World::new();
    let id = started(&mut world);
    world.wait_s(20);
    assert!(matches!(world.resend(id), Err(Refusal::ResendTooSoon { .. })), "the ladder holds");
    due(&mut world, id);
    for wait in [45, 60, 120] {
        // Not by itself: the customer asks first.
        world.wait_s(wait);
        world.resend(id).unwrap();
        let step = (wait == 45).then_some(3);
        assert!(matches!(world.last_events()[..], [EventKind::Resent { step: told, .. }] if told == step));
    }
    assert_eq!(
        world.sent_by(),
        [Channel::WhatsApp, Channel::Sms, Channel::Voice, Channel::Voice, Channel::Voice]
    );
}

#[test]
fn a_resend_by_a_channel_of_her_choice_gives_that_one_its_time() {
    let mut world = World::new();
    world.policy.resend_ladder_s = vec![15];
    let id = started(&mut world);
    world.wait_s(15);
    world.resend_by(id, Channel::Telegram).unwrap();
    assert_eq!(world.shelf[&id].wakes_at(), world.clock.plus(Duration::from_secs(20)));
    world.wait_s(20);
    due(&mut world, id);
    world.wait_s(15);
    world.resend_by(id, Channel::Voice).unwrap();
    assert_eq!(world.shelf[&id].wakes_at(), world.shelf[&id].expires_at, "voice was the last step");
    assert_eq!(world.sent_by(), [Channel::WhatsApp, Channel::Telegram, Channel::Sms, Channel::Voice]);
}

#[test]
fn a_repeated_start_takes_the_next_step() {
    let mut world = World::new();
    let id = started(&mut world);
    world.wait_s(30);
    let start = Start { workflow: steps(&STEPS), ..world.login() };
    assert_eq!(world.try_start(start), Ok(Started::Found(id)));
    assert_eq!(world.sent_by(), [Channel::WhatsApp, Channel::Sms]);
}

#[test]
fn a_message_that_nobody_takes_brings_the_next_step_at_once() {
    let mut world = World::new();
    let id = started(&mut world);
    let first = world.sent[0].id;
    advance(&mut world, id, AdvanceCause::Failed(first), Room::Open);
    let delivery = world.sent[1].id;
    let because = StepCause::Failed;
    assert_eq!(
        world.last_events(),
        [EventKind::NextStep { delivery, channel: Channel::Sms, step: 2, because, withheld: None }]
    );
    // Said again, or of an earlier message: nothing.
    advance(&mut world, id, AdvanceCause::Failed(first), Room::Open);
    assert_eq!(world.sent.len(), 2);
}

#[test]
fn a_failed_receipt_brings_the_next_step_at_once_where_the_channel_has_no_other_route() {
    let mut world = World::new();
    let id = started(&mut world);
    let receipt = |world: &World, which: usize, on_failure| {
        Command::Receipt(Receipt {
            verification: id,
            delivery: world.sent[which].id,
            provider: "carrier".to_owned(),
            status: ReceiptStatus::Failed,
            on_failure,
        })
    };
    let failed = receipt(&world, 0, OnFailure::NextStep);
    world.apply(&failed);
    assert_eq!(world.sent_by(), [Channel::WhatsApp, Channel::Sms]);
    world.apply(&failed);
    assert_eq!(world.sent.len(), 2, "a receipt that comes twice is one");
    let failed = receipt(&world, 1, OnFailure::SendAgain);
    world.apply(&failed);
    assert_eq!(world.sent_by(), [Channel::WhatsApp, Channel::Sms, Channel::Sms], "another route of the step");
    let failed = receipt(&world, 2, OnFailure::NextStep);
    world.apply(&failed);
    assert_eq!(world.sent_by().last(), Some(&Channel::Voice));
    assert_eq!(world.shelf[&id].sends, 3, "a failover is nobody's send, a step is");
}

#[test]
fn what_stands_in_the_way_of_a_step_stops_the_workflow_and_is_said_once() {
    type Obstacle = fn(&mut World, VerificationId);
    let obstacles: [(Obstacle, Room, StopReason); 5] = [
        (|world, _| world.policy.max_sends = 1, Room::Open, StopReason::NoSendsLeft),
        (
            |world, _| {
                world.wait_s(600 - MIN_LIFE_FOR_RESEND.as_secs() + 1);
            },
            Room::Open,
            StopReason::TooLate,
        ),
        (|world, _| world.policy.phone_limits.per_hour = 1, Room::Open, StopReason::PhoneLimit),
        (
            |world, id| {
                world.policy.failure_limits.per_hour = 1;
                world.miss(id).unwrap();
            },
            Room::Open,
            StopReason::PhoneLocked,
        ),
        (|_, _| {}, Room::Full, StopReason::Limit),
    ];
    for (obstacle, room, reason) in obstacles {
        let mut world = World::new();
        let id = started(&mut world);
        world.wait_s(20);
        obstacle(&mut world, id);
        advance(&mut world, id, AdvanceCause::Due, room);
        assert_eq!(world.last_events(), stopped(reason));
        assert_eq!(world.shelf[&id].wakes_at(), world.shelf[&id].expires_at);
        advance(&mut world, id, AdvanceCause::Due, room);
        assert_eq!((world.last_events(), world.sent.len()), (vec![], 1));
    }
}

#[test]
fn each_step_counts_in_the_phones_hour() {
    let mut world = World::new();
    let id = started(&mut world);
    world.policy.phone_limits.per_ten_minutes = 2;
    world.policy.phone_limits.per_hour = 2;
    world.wait_s(20);
    due(&mut world, id);
    assert_eq!(world.sent.len(), 2);
    world.wait_s(40);
    due(&mut world, id);
    assert_eq!(world.last_events(), stopped(StopReason::PhoneLimit));
}

#[test]
fn every_channel_of_a_workflow_must_be_allowed_at_its_start() {
    let mut world = World::new();
    world.policy.channels.insert(Channel::WhatsApp);
    let start = Start { workflow: steps(&STEPS), ..world.login() };
    let refused = Refusal::ChannelRefused(Channel::Voice, ChannelProblem::NotInPolicy);
    assert_eq!(world.try_start(start), Err(refused));
}

#[test]
fn a_step_goes_out_by_the_workflow_of_its_start_whatever_the_app_allows_by_then() {
    let mut world = World::new();
    let id = started(&mut world);
    world.policy.channels = [Channel::Sms].into();
    world.wait_s(20);
    due(&mut world, id);
    world.wait_s(40);
    due(&mut world, id);
    assert_eq!(world.sent_by().last(), Some(&Channel::Voice));
}

#[test]
fn the_apps_own_workflow_leaves_out_what_may_not_carry_this_code() {
    let mut world = World::new();
    let channels = [Channel::WhatsApp, Channel::Email, Channel::Sms];
    world.with_all_channels().policy.workflow = channels.map(WorkflowStep::from).into();
    world.policy.validate(Mode::Live).unwrap();
    let of = |purpose: &Purpose, address| {
        let carried = Carried { purpose, format: CodeFormat::DEFAULT, address };
        let steps = world.policy.default_workflow(&carried);
        steps.into_iter().map(|step| step.channel).collect::<Vec<_>>()
    };
    assert_eq!(of(&Purpose::Login, Address::Known), channels);
    assert_eq!(of(&Purpose::Login, Address::Missing), [Channel::WhatsApp, Channel::Sms]);
    assert_eq!(of(&Purpose::Payment, Address::Known), [Channel::WhatsApp, Channel::Sms]);
    world.policy.workflow.clear();
    world.policy.channels = [Channel::WhatsApp, Channel::Voice].into();
    let carried =
        Carried { purpose: &Purpose::Login, format: CodeFormat::DEFAULT, address: Address::Missing };
    let first = world.policy.default_workflow(&carried);
    assert_eq!(first, [Channel::Voice.into()]);
}

#[test]
fn a_policy_names_channels_and_its_workflow_keeps_to_them() {
    let mut world = World::new();
    let wrong = |world: &World| world.policy.validate(Mode::Live).unwrap_err().field;
    world.policy.workflow = vec![Channel::Voice.into()];
    assert_eq!(wrong(&world), "workflow");
    world.policy.channels.insert(Channel::Voice);
    world.policy.validate(Mode::Live).unwrap();
    world.policy.workflow[0].wait_s = 14;
    assert_eq!(wrong(&world), "workflow");
    world.policy.workflow.clear();
    world.policy.channels.clear();
    assert_eq!(wrong(&world), "channels");
}

fn channel() -> impl Strategy<Value = Channel> {
    proptest::sample::select(vec![Channel::Sms, Channel::Voice, Channel::WhatsApp, Channel::Telegram])
}

proptest! {
    /// Whatever the steps, and however late or often the worker comes: each step goes out once, in its order,
    /// never before its wait is over, and no more of them than sends.
    #[test]
    fn steps_go_out_once_in_order_and_in_time(
        given in proptest::collection::vec((channel(), 15_u16..=300), 1..=5),
        max_sends in 1_u8..=10,
        rounds in proptest::collection::vec(0_u64..120, 0..40),
    ) {
        let mut world = World::new();
        world.with_all_channels().policy.max_sends = max_sends;
        let start = Start { workflow: steps(&given), ..world.login() };
        let id = world.start(start);
        let mut sent_at = vec![world.clock];
        for wait in rounds {
            world.wait_s(wait);
            due(&mut world, id);
            sent_at.extend((sent_at.len() < world.sent.len()).then_some(world.clock));
        }
        let expected: Vec<Channel> = given.iter().map(|step| step.0).take(world.sent.len()).collect();
        prop_assert_eq!(world.sent_by(), expected);
        prop_assert!(world.sent.len() <= usize::from(max_sends));
        prop_assert_eq!(sent_at.len(), world.sent.len());
        for (pair, step) in sent_at.windows(2).zip(&given) {
            prop_assert!(pair[1].since(pair[0]) >= Duration::from_secs(u64::from(step.1)));
        }
    }
}
