//! Random commands at random times, judged by [`crate::invariants`] after every step and, for checks,
//! by a model that predicts the answer from the rules as design.md and requirements.md word them.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_core::challenge::ChallengeKind;
use countersign_core::channel::Assurance;
use countersign_core::code::Guess;
use countersign_core::device::{DeviceUse, PresentedDevice};
use countersign_core::event::EventKind;
use countersign_core::gate::{Gate, GateRule, Passage};
use countersign_core::id::VerificationId;
use countersign_core::keyring::Epoch;
use countersign_core::limit::LimitRule;
use countersign_core::policy::{FailureLimits, OnOverdueReceipt, PhoneLimits, ResendCode};
use countersign_core::purpose::Purpose;
use countersign_core::step::{
    Advance, AdvanceCause, Check, CheckResult, Checked, Command, GivesWayTo, OnFailure, Outcome, Overdue,
    Receipt, Recognize, Recover, Redeem, RedeemOutcome, Refusal, Replacement, Resend, Room, Solution, Solve,
    Start, Started, Trust,
};
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::transaction::Transaction;
use countersign_core::verification::{Channel, CommandId, ReceiptStatus, Standing, State, Status};
use countersign_core::workflow::WorkflowStep;
use proptest::prelude::*;

use crate::world::{OTHER_PHONE, World, payment, phone, session};

/// Phones that recoveries are for.
const NEW_NUMBERS: [&str; 2] = [OTHER_PHONE, "+4915112345680"];

/// What a customer types.
#[derive(Clone, Copy, Debug)]
enum Typed {
    Right,
    Wrong,
    OfTheFirstGeneration,
    OfAnother(usize),
}

/// One thing that may happen. Numbers choose among the verifications there are.
#[derive(Clone, Debug)]
enum Action {
    Start {
        slot: u8,
        cents: u8,
        customer: Option<u8>,
        shown: Option<usize>,
        gate: Gate,
        command: Option<u8>,
    },
    /// A solution of a challenge.
    Solve {
        which: usize,
        solution: Solution,
        passage: Passage,
    },
    Resend {
        which: usize,
        channel: Option<Channel>,
        passage: Passage,
        command: Option<u8>,
    },
    /// A round of the worker, or a provider's last word about the last message.
    Advance {
        which: usize,
        failed: bool,
        room: Room,
    },
    Check {
        which: usize,
        typed: Typed,
        cents: Option<u8>,
        trust: bool,
        command: Option<u8>,
    },
    /// A token is shown without a start.
    Recognize {
        shown: usize,
        slot: u8,
        customer: u8,
    },
    /// Wrong guesses one after another.
    Hammer {
        which: usize,
        times: u8,
    },
    Cancel {
        which: usize,
    },
    Expire,
    Receipt {
        which: usize,
        status: ReceiptStatus,
    },
    Overdue {
        which: usize,
    },
    Redeem {
        which: usize,
        cents: Option<u8>,
        command: Option<u8>,
    },
    /// Redeems for the change to another phone, for the verification's own customer unless for another.
    Replace {
        which: usize,
        another: Option<u8>,
        command: Option<u8>,
    },
    /// Another phone is to take this one's place, this one being lost.
    Recover {
        customer: u8,
        another: bool,
    },
    /// A start for that other phone.
    UseRecovery {
        which: usize,
        another: bool,
    },
    Report {
        which: usize,
    },
    Rebind,
    Restore,
    Wait {
        millis: i64,
    },
}

fn which() -> impl Strategy<Value = usize> {
    // Mostly a recent one: those are alive.
    prop_oneof![3 => 0_usize..3, 1 => 0_usize..40]
}

fn command() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![2 => Just(None), 1 => (0_u8..6).prop_map(Some)]
}

fn channel() -> impl Strategy<Value = Option<Channel>> {
    prop_oneof![2 => Just(None), 1 => proptest::sample::select(Channel::ALL.to_vec()).prop_map(Some)]
}

const WORK: ChallengeKind = ChallengeKind::ProofOfWork { zero_bits: 7 };
const RULE: GateRule = GateRule::Limit(LimitRule::InstancePhonePerDay);

fn gate() -> impl Strategy<Value = Gate> {
    prop_oneof![
        6 => Just(Gate::Open),
        2 => Just(Gate::Challenge { kind: WORK, rule: GateRule::Policy }),
        1 => Just(Gate::Ghost { rule: RULE, challenge: None }),
        1 => Just(Gate::Ghost { rule: RULE, challenge: Some(WORK) }),
    ]
}

fn passage() -> impl Strategy<Value = Passage> {
    prop_oneof![6 => Just(Passage::Sent), 1 => Just(Passage::Withheld(RULE))]
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![
        2 => Just(Typed::Right),
        5 => Just(Typed::Wrong),
        4 => Just(Typed::OfTheFirstGeneration),
        1 => (0_usize..4).prop_map(Typed::OfAnother),
    ]
}

fn wait() -> impl Strategy<Value = i64> {
    let short = vec![1, 14_999, 15_000, 29_999, 30_000, 30_000, 45_000, 60_000];
    let long = vec![120_000, 299_999, 300_000, 540_001, 599_999, 600_000, 3_600_000, 24 * 3_600_000];
    prop_oneof![
        16 => proptest::sample::select(short),
        2 => proptest::sample::select(long),
        1 => 0_i64..900_000,
        2 => -900_000_i64..0,
        1 => Just(-24 * 3_600_000),
    ]
}

fn cents() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![12 => Just(None), 1 => (0_u8..3).prop_map(Some)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0_u8..9, 0_u8..3, proptest::option::of(0_u8..3), proptest::option::of(which()), gate(), command())
            .prop_map(|(slot, cents, customer, shown, gate, command)| Action::Start { slot, cents, customer, shown, gate, command }),
        3 => (which(), 0_u8..9, 0_u8..3)
            .prop_map(|(shown, slot, customer)| Action::Recognize { shown, slot, customer }),
        3 => (which(), prop_oneof![3 => Just(Solution::Right), 2 => Just(Solution::Wrong)], passage())
            .prop_map(|(which, solution, passage)| Action::Solve { which, solution, passage }),
        8 => (which(), channel(), passage(), command())
            .prop_map(|(which, channel, passage, command)| Action::Resend { which, channel, passage, command }),
        4 => (which(), any::<bool>(), prop_oneof![2 => Just(Room::Open), 1 => Just(Room::Full)])
            .prop_map(|(which, failed, room)| Action::Advance { which, failed, room }),
        2 => (which(), 1_u8..8).prop_map(|(which, times)| Action::Hammer { which, times }),
        10 => (which(), typed(), cents(), any::<bool>(), command())
            .prop_map(|(which, typed, cents, trust, command)| Action::Check { which, typed, cents, trust, command }),
        1 => which().prop_map(|which| Action::Cancel { which }),
        1 => Just(Action::Expire),
        1 => (which(), proptest::sample::select(vec![ReceiptStatus::Buffered, ReceiptStatus::Failed, ReceiptStatus::Delivered]))
            .prop_map(|(which, status)| Action::Receipt { which, status }),
        1 => which().prop_map(|which| Action::Overdue { which }),
        3 => (which(), cents(), command()).prop_map(|(which, cents, command)| Action::Redeem { which, cents, command }),
        2 => (which(), cents(), command()).prop_map(|(which, another, command)| Action::Replace { which, another, command }),
        1 => (0_u8..2, any::<bool>()).prop_map(|(customer, another)| Action::Recover { customer, another }),
        1 => (which(), any::<bool>()).prop_map(|(which, another)| Action::UseRecovery { which, another }),
        1 => which().prop_map(|which| Action::Report { which }),
        1 => prop_oneof![1 => Just(Action::Rebind), 1 => Just(Action::Restore), 10 => Just(Action::Expire)],
        9 => wait().prop_map(|millis| Action::Wait { millis }),
    ]
}

/// What the rules say about checks, kept apart from the code under test.
#[derive(Default)]
struct Model {
    /// The order in which verifications were started.
    order: Vec<VerificationId>,
    /// The outcome that each command had.
    answered: BTreeMap<(VerificationId, [u8; 16]), Checked>,
    misses: BTreeMap<Standing, Vec<Timestamp>>,
    /// Every token that was handed out.
    tokens: Vec<String>,
    recoveries: Vec<VerificationId>,
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Model {
    fn token(&self, world: &World, which: usize) -> Option<PresentedDevice> {
        let newest_first = self.tokens.len().checked_sub(1 + which % self.tokens.len().max(1))?;
        world.present(self.tokens.get(newest_first)?)
    }

    fn pick(&self, which: usize) -> Option<VerificationId> {
        let newest_first = self.order.len().checked_sub(1 + which % self.order.len().max(1))?;
        self.order.get(newest_first).copied()
    }

    /// Whether the phone is locked for verifications of this standing.
    fn is_locked(&self, world: &World, standing: Standing, now: Timestamp) -> bool {
        let misses = self.misses.get(&standing).map_or(&[][..], Vec::as_slice);
        let within = |window| misses.iter().filter(|&&at| at > now.minus(window)).count();
        let limits = world.policy.failure_limits;
        misses.len() >= 100
            || within(HOUR) >= usize::from(limits.per_hour)
            || within(DAY) >= usize::from(limits.per_day)
    }

    /// The answer to a check; none where it must be refused because the phone is locked.
    fn answer(&self, world: &World, check: &Check, typed: Typed) -> Option<CheckResult> {
        if let Some(checked) = check.command.and_then(|c| self.answered.get(&(check.verification, c.0))) {
            return Some(checked.result);
        }
        let now = world.clock.max(world.record.last_step_at);
        let verification = &world.shelf[&check.verification];
        match verification.status() {
            Status::Pending | Status::ChallengeRequired => {}
            Status::Approved => return Some(CheckResult::AlreadyUsed),
            Status::Expired => return Some(CheckResult::Expired),
            Status::Exhausted => return Some(CheckResult::Exhausted),
            Status::Denied => return Some(CheckResult::Denied),
            Status::Recovered => unreachable!("what has a code is no recovery"),
            Status::Canceled => {
                let superseded = world.events.iter().any(|event| {
                    event.verification == check.verification
                        && matches!(
                            event.kind,
                            EventKind::Canceled {
                                reason: countersign_core::verification::CancelReason::Superseded
                            }
                        )
                });
                return Some(if superseded { CheckResult::Superseded } else { CheckResult::Canceled });
            }
        }
        if now >= verification.expires_at || verification.epoch != world.keyring.epoch {
            return Some(CheckResult::Expired);
        }
        if verification.challenge().is_some() || self.is_locked(world, verification.standing, now) {
            return None;
        }
        if check.transaction.is_some() && check.transaction != verification.transaction {
            return Some(CheckResult::TransactionMismatch);
        }
        Some(match typed {
            _ if verification.is_ghost() => CheckResult::Incorrect,
            Typed::Right => CheckResult::Approved,
            Typed::OfTheFirstGeneration if verification.generation() == 0 => CheckResult::Approved,
            Typed::OfTheFirstGeneration => CheckResult::Superseded,
            Typed::Wrong | Typed::OfAnother(_) => CheckResult::Incorrect,
        })
    }

    /// Notes a check that was answered for the first time.
    fn note(&mut self, world: &World, check: &Check, checked: Checked) {
        let verification = &world.shelf[&check.verification];
        if let Some(command) = check.command {
            // An answer about what had ended already is the same every time, until a report changes it.
            let kept = verification.remembered.iter().any(|known| known.command == command);
            if kept {
                self.answered.insert((check.verification, command.0), checked);
            }
        }
        let standing = verification.standing;
        let now = world.clock.max(world.record.last_step_at);
        for kind in world.last_events() {
            match kind {
                EventKind::CheckIncorrect { .. } | EventKind::CheckSuperseded { .. } => {
                    self.misses.entry(standing).or_default().push(now);
                }
                EventKind::Approved if verification.assurance() == Assurance::Possession => {
                    self.misses.remove(&standing);
                }
                _ => {}
            }
        }
    }
}

fn text_of(world: &World, model: &Model, id: VerificationId, typed: Typed) -> String {
    let wrong = world.wrong_code(id);
    if !world.shelf[&id].is_pending() {
        return wrong;
    }
    match typed {
        Typed::Right => world.code(id),
        Typed::Wrong => wrong,
        Typed::OfTheFirstGeneration => world.code_of(id, 0),
        Typed::OfAnother(which) => {
            let other = model.pick(which).filter(|&other| other != id && world.shelf[&other].is_pending());
            let own: Vec<String> =
                (0..=world.shelf[&id].generation()).map(|g| world.code_of(id, g)).collect();
            other.map(|other| world.code(other)).filter(|code| !own.contains(code)).unwrap_or(wrong)
        }
    }
}

fn act(world: &mut World, model: &mut Model, action: &Action) {
    // A key that comes with another request is refused before it gets here (R4).
    let command_id = |command: Option<u8>| command.map(|byte| CommandId([kind(action) << 4 | byte; 16]));
    let amount = |cents: u8| payment(&format!("49.9{cents}"));
    match action {
        Action::Wait { millis } => world.clock = Timestamp::from_millis(world.clock.as_millis() + millis),
        Action::Restore => world.keyring.epoch = Epoch(world.keyring.epoch.0 + 1),
        Action::Start { slot, cents, customer, shown, gate, command } => {
            let customer = customer.map(|n| format!("c_{n}"));
            let start = start_of(world, *slot, amount(*cents), customer);
            let device = shown.and_then(|which| model.token(world, which));
            begin(world, model, Start { device, gate: *gate, command: command_id(*command), ..start });
        }
        Action::Recognize { shown, slot, customer } => recognize(world, model, *shown, *slot, *customer),
        Action::Solve { which, solution, passage } => {
            let Some(verification) = model.pick(*which) else { return };
            let (kind, solution, passage) = (WORK, *solution, *passage);
            world.apply(&Command::Solve(Solve { verification, kind, solution, passage }));
        }
        Action::Resend { which, channel, passage, command } => {
            let Some(verification) = model.pick(*which) else { return };
            let (channel, passage) = (*channel, *passage);
            let resend = Resend { verification, channel, passage, command: command_id(*command) };
            world.apply(&Command::Resend(resend));
        }
        Action::Advance { which, failed, room } => {
            let Some(verification) = model.pick(*which) else { return };
            let last = world.shelf[&verification].deliveries.last().map(|last| last.id);
            let cause = last.filter(|_| *failed).map_or(AdvanceCause::Due, AdvanceCause::Failed);
            world.apply(&Command::Advance(Advance { verification, cause, room: *room }));
        }
        Action::Check { which, typed, cents, trust, command } => {
            let Some(verification) = model.pick(*which) else { return };
            let check = Check {
                verification,
                guess: Guess::parse(&text_of(world, model, verification, *typed)).unwrap(),
                transaction: cents.map(amount),
                trust: if *trust { Trust::Asked } else { Trust::NotAsked },
                command: command_id(*command),
            };
            check_against(world, model, &check, *typed);
        }
        Action::Hammer { which, times } => {
            let Some(verification) = model.pick(*which) else { return };
            hammer(world, model, verification, *times);
        }
        Action::Cancel { which } => {
            world.cancel(if let Some(id) = model.pick(*which) { id } else { return });
        }
        Action::Expire => world.expire(),
        Action::Receipt { which, status } => {
            let Some(verification) = model.pick(*which) else { return };
            receive(world, verification, *which, *status);
        }
        Action::Overdue { which } => {
            let Some(verification) = model.pick(*which) else { return };
            hear_nothing(world, verification);
        }
        Action::Redeem { which, cents, command } => {
            let Some(id) = model.pick(*which) else { return };
            redeem_of(world, id, cents.map(amount), command_id(*command));
        }
        Action::Replace { which, another, command } => {
            let Some(id) = model.pick(*which) else { return };
            replace(world, id, *another, command_id(*command));
        }
        Action::Recover { customer, another } => {
            recover(world, model, *customer, NEW_NUMBERS[usize::from(*another)]);
        }
        Action::UseRecovery { which, another } => {
            let Some(&id) = model.recoveries.iter().rev().nth(*which) else { return };
            use_recovery(world, id, NEW_NUMBERS[usize::from(*another)]);
        }
        Action::Report { which } => {
            let Some(id) = model.pick(*which) else { return };
            world.report(id);
        }
        Action::Rebind => {
            world.apply(&Command::Rebind);
            model.misses.clear();
        }
    }
}

fn begin(world: &mut World, model: &mut Model, start: Start) {
    let Ok(started) = world.try_start(start) else { return };
    if !model.order.contains(&started.id()) {
        model.order.push(started.id());
    }
    if let Some(DeviceUse::Trusted(mark)) = world.shelf[&started.id()].device {
        model.tokens.push(world.token(mark));
    }
}

fn recognize(world: &mut World, model: &mut Model, shown: usize, slot: u8, customer: u8) {
    let Some(device) = model.token(world, shown) else { return };
    let purpose = start_of(world, slot, payment("1.00"), None).purpose;
    let recognize = Recognize { device, customer: format!("c_{customer}"), purpose, command: None };
    match world.apply(&Command::Recognize(Box::new(recognize))) {
        Outcome::Recognized(DeviceUse::Trusted(mark)) => model.tokens.push(world.token(mark)),
        Outcome::Recognized(DeviceUse::Theft | DeviceUse::Unknown) => {}
        other => panic!("a recognize came to {other:?}"),
    }
}

/// A start for one of three purposes, in one of two sessions or in none.
fn start_of(world: &mut World, slot: u8, transaction: Transaction, customer: Option<String>) -> Start {
    let base = match slot % 3 {
        0 => world.login(),
        1 => world.payment(),
        _ => Start { purpose: Purpose::AccountChange, ..world.login() },
    };
    Start {
        session: if slot / 3 == 2 { None } else { session(&format!("{}", slot / 3)) },
        transaction: base.transaction.is_some().then_some(transaction),
        customer,
        email: slot.is_multiple_of(2).then(|| "ada@shop.example".parse().unwrap()),
        workflow: workflow(slot % 4, world),
        ..base
    }
}

/// Now and then, where the app sends by all channels.
fn workflow(which: u8, world: &World) -> Vec<WorkflowStep> {
    let steps = match which {
        _ if world.policy.channels.len() == 1 => return Vec::new(),
        0 => vec![Channel::WhatsApp, Channel::Sms, Channel::Email],
        1 => vec![Channel::Sms, Channel::Sms, Channel::Voice],
        _ => return Vec::new(),
    };
    steps.into_iter().map(WorkflowStep::from).collect()
}

fn hammer(world: &mut World, model: &mut Model, verification: VerificationId, times: u8) {
    for _ in 0..times {
        let guess = Guess::parse(&world.wrong_code(verification)).unwrap();
        let check = Check { verification, guess, transaction: None, trust: Trust::NotAsked, command: None };
        check_against(world, model, &check, Typed::Wrong);
    }
}

fn receive(world: &mut World, verification: VerificationId, which: usize, status: ReceiptStatus) {
    let traces = &world.shelf[&verification].deliveries;
    if traces.is_empty() {
        return;
    }
    let delivery = traces[which % traces.len()].id;
    let provider = "carrier".to_owned();
    let on_failure = if which.is_multiple_of(2) { OnFailure::SendAgain } else { OnFailure::NextStep };
    world.apply(&Command::Receipt(Receipt { verification, delivery, provider, status, on_failure }));
}

fn hear_nothing(world: &mut World, verification: VerificationId) {
    let Some(last) = world.shelf[&verification].deliveries.last() else { return };
    let delivery = last.id;
    world.apply(&Command::Overdue(Overdue { verification, delivery }));
}

fn recover(world: &mut World, model: &mut Model, customer: u8, number: &str) {
    let recover = Recover {
        verification: world.new_id(),
        phone: world.phone.clone(),
        replacement: phone(number),
        mode: Mode::Live,
        customer: format!("c_{customer}"),
        locale: world.policy.default_locale.clone(),
        metadata: BTreeMap::new(),
    };
    if let Outcome::Started(Started::Created(id)) = world.apply(&Command::Recover(Box::new(recover))) {
        model.recoveries.push(id);
    }
}

fn use_recovery(world: &mut World, id: VerificationId, number: &str) {
    let customer = world.shelf[&id].customer.clone().unwrap();
    let new = world.replacement(number, &customer);
    let replacement = Some(Replacement { by: GivesWayTo::Recovery, ..new });
    let redeem = Redeem { replacement, ..world.redeem_of(id) };
    let before = world.shelf[&id].state.clone();
    if world.redeem(redeem) == RedeemOutcome::Redeemed {
        let State::Recovering { ready_at, .. } = before else { panic!("N7: {before:?} was used") };
        assert!(world.clock.max(world.record.last_step_at) >= ready_at, "N7: used before its time");
    }
}

fn redeem_of(
    world: &mut World,
    id: VerificationId,
    transaction: Option<Transaction>,
    command: Option<CommandId>,
) {
    let mut redeem = world.redeem_of(id);
    redeem.command = command;
    if transaction.is_some() {
        redeem.transaction = transaction;
    }
    let wrong = redeem.transaction != world.shelf[&id].transaction;
    let retried = world.shelf[&id].recall(redeem.command).is_some();
    let outcome = world.redeem(redeem);
    assert!(
        !(wrong && !retried && outcome == RedeemOutcome::Redeemed),
        "I6: another transaction was redeemed"
    );
}

fn replace(world: &mut World, id: VerificationId, another: Option<u8>, command: Option<CommandId>) {
    let own = world.shelf[&id].customer.clone();
    let customer = another.map(|n| format!("c_{n}")).or(own.clone()).unwrap_or_default();
    let replacement = world.replacement(OTHER_PHONE, &customer);
    let redeem = Redeem { command, replacement: Some(replacement), ..world.redeem_of(id) };
    let retried = world.shelf[&id].recall(redeem.command).is_some();
    let fits = own.as_ref() == Some(&customer) && world.shelf[&id].purpose == Purpose::AccountChange;
    let outcome = world.redeem(redeem);
    assert!(fits || retried || outcome != RedeemOutcome::Redeemed, "N7: another's phone was replaced");
}

/// Tells apart what may carry an idempotency key.
const fn kind(action: &Action) -> u8 {
    match action {
        Action::Start { .. } => 0,
        Action::Resend { .. } => 1,
        Action::Check { .. } => 2,
        _ => 3,
    }
}

fn check_against(world: &mut World, model: &mut Model, check: &Check, typed: Typed) {
    let expected = model.answer(world, check, typed);
    let fresh = check.command.is_none_or(|c| !model.answered.contains_key(&(check.verification, c.0)));
    match world.apply(&Command::Check(check.clone())) {
        Outcome::Checked(checked) => {
            assert_eq!(Some(checked.result), expected);
            if let Some(mark) = world.shelf[&check.verification].granted {
                model.tokens.push(world.token(mark));
            }
            if fresh {
                model.note(world, check, checked);
            }
        }
        Outcome::Refused(Refusal::NobodyToTrust) => {
            assert_eq!((check.trust, &world.shelf[&check.verification].customer), (Trust::Asked, &None));
        }
        Outcome::Refused(Refusal::PhoneLocked { .. } | Refusal::PhoneDisabled | Refusal::ChallengeOpen) => {
            assert_eq!(expected, None);
        }
        other => panic!("a check came to {other:?}"),
    }
}

/// Policies under which different rules decide.
fn policies(world: &mut World, which: u8) {
    world.policy.recovery_delay_h = 24;
    let wide = PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 };
    match which {
        0 => {}
        1 => world.policy.phone_limits = wide,
        2 => {
            world.policy.phone_limits = wide;
            world.policy.resend = ResendCode::Rotate;
            world.policy.on_overdue_receipt = OnOverdueReceipt::SendAgain;
            world.policy.max_sends = 10;
            world.policy.resend_ladder_s = vec![15];
        }
        3 => {
            world.with_all_channels();
            world.policy.resend_ladder_s = vec![15];
        }
        _ => {
            world.policy.phone_limits = wide;
            world.policy.resend = ResendCode::Rotate;
            world.policy.max_attempts = 10;
            world.policy.failure_limits = FailureLimits { per_hour: 100, per_day: 100 };
        }
    }
}

/// That the random commands really get everywhere: a generator that only ever refuses proves nothing.
#[test]
fn the_random_commands_reach_every_end() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let actions = proptest::collection::vec(action(), 100..120);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for round in 0..700_u16 {
        let mut world = World::new();
        policies(&mut world, u8::try_from(round % 5).unwrap());
        let mut model = Model::default();
        for action in actions.new_tree(&mut runner).unwrap().current() {
            act(&mut world, &mut model, &action);
        }
        for event in &world.events {
            let json = serde_json::to_value(&event.kind).unwrap();
            *seen.entry(format!("{}{}", json["type"], json["reason"])).or_default() += 1;
        }
    }
    for wanted in [
        "\"verification.started\"null",
        "\"verification.resent\"null",
        "\"verification.challenge_required\"null",
        "\"verification.challenge_solved\"null",
        "\"verification.challenge_failed\"null",
        "\"verification.next_step\"null",
        "\"verification.workflow_stopped\"\"limit\"",
        "\"verification.approved\"null",
        "\"verification.expired\"null",
        "\"verification.exhausted\"null",
        "\"verification.canceled\"\"requested\"",
        "\"verification.canceled\"\"superseded\"",
        "\"verification.denied\"\"reported\"",
        "\"verification.denied\"\"transaction_mismatch\"",
        "\"verification.reported\"null",
        "\"check.incorrect\"null",
        "\"check.superseded\"null",
        "\"proof.redeemed\"null",
        "\"phone.change_authorized\"null",
        "\"phone.locked\"null",
        "\"delivery.receipt\"null",
        "\"device.trusted\"null",
        "\"device.revoked\"\"theft\"",
        "\"device.revoked\"\"reported\"",
        "\"device.revoked\"\"voided\"",
        "\"device.revoked\"\"phone_changed\"",
    ] {
        assert!(seen.get(wanted).is_some_and(|&count| count >= 10), "{wanted} in {seen:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn i1_i2_i3_i5_i6_i13_whatever_happens_in_whatever_order_the_invariants_hold(
        which_policy in 0_u8..5,
        actions in proptest::collection::vec(action(), 1..120),
    ) {
        let mut world = World::new();
        policies(&mut world, which_policy);
        let mut model = Model::default();
        for action in &actions {
            act(&mut world, &mut model, action);
        }
    }
}
