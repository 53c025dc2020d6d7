//! Trusted devices (fraud.md C.3): one good value each, theft, what they are bound to, and what ends them.

use std::time::Duration;

use countersign_core::device::{
    DEVICE_LIFETIME, DeviceFamily, DeviceMark, DeviceUse, Devices, GRACE, Grant, MAX_DEVICES, PurposeClass,
    Showing, Sight,
};
use countersign_core::event::{EventKind, RevokeReason};
use countersign_core::guard::budget::{GuessTerms, OverBudget, Stage};
use countersign_core::id::{AppId, VerificationId};
use countersign_core::keyring::{Epoch, Keyring, Tag};
use countersign_core::policy::{MAX_CONSECUTIVE_FAILURES, PhoneLimits};
use countersign_core::purpose::Purpose;
use countersign_core::step::{
    Check, CheckResult, Command, Outcome, Recognize, Redeem, RedeemOutcome, Refusal, Start, Trust,
};
use countersign_core::subject::SubjectKey;
use countersign_core::time::Timestamp;
use countersign_core::verification::{CommandId, Standing};
use proptest::prelude::*;

use crate::world::{NOON, OTHER_PHONE, World, app, command_id, guess, keyring, session};

const HER: &str = "c_77";
const WIDE: PhoneLimits = PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 };

/// One of her logins.
fn hers(world: &mut World, name: &str) -> Start {
    Start { customer: Some(HER.to_owned()), session: session(name), ..world.login() }
}

/// A login of hers that is approved and trusts the device, two days before now.
fn trusted(world: &mut World) -> (VerificationId, String) {
    let start = hers(world, "long ago");
    let id = world.start(start);
    let token = approve_and_trust(world, id);
    world.wait_s(2 * 24 * 3600);
    (id, token)
}

fn approve_and_trust(world: &mut World, id: VerificationId) -> String {
    let check = Check { trust: Trust::Asked, ..guess(id, &world.code(id)) };
    assert_eq!(world.try_check(check).unwrap().result, CheckResult::Approved);
    world.token(world.shelf[&id].granted.unwrap())
}

fn recognize_as(world: &mut World, token: &str, customer: &str, purpose: Purpose) -> DeviceUse {
    recognize(world, token, customer, purpose, None)
}

fn recognize(
    world: &mut World,
    token: &str,
    customer: &str,
    purpose: Purpose,
    command: Option<CommandId>,
) -> DeviceUse {
    let device = world.present(token).unwrap();
    let recognize = Recognize { device, customer: customer.to_owned(), purpose, command };
    match world.apply(&Command::Recognize(Box::new(recognize))) {
        Outcome::Recognized(used) => used,
        other => panic!("a recognize came to {other:?}"),
    }
}

/// The next token; it must be trusted.
fn used(world: &mut World, token: &str) -> String {
    match recognize_as(world, token, HER, Purpose::Login) {
        DeviceUse::Trusted(mark) => world.token(mark),
        other => panic!("expected a trusted device: {other:?}"),
    }
}

#[test]
fn o7_her_device_goes_on_when_the_apps_guess_budget_is_spent() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    world.guesses = GuessTerms { stage: Stage::Spent, room: Err(OverBudget { retry_at: None }) };
    let start = Start { device: world.present(&token), ..hers(&mut world, "now") };
    let id = world.start(start);
    assert_eq!((world.code(id).len(), world.shelf[&id].max_attempts), (6, 5));
    world.miss(id).unwrap();
    world.approve(id);
    let start = hers(&mut world, "elsewhere");
    world.wait_s(31);
    assert!(matches!(world.try_start(start), Err(Refusal::GuessBudget(_))), "her reference alone does not");
}

#[test]
fn c_3_a_right_code_makes_a_device_trusted_if_the_shop_asks() {
    let mut world = World::new();
    let start = hers(&mut world, "one");
    let plain = world.start(start);
    world.approve(plain);
    assert_eq!(world.shelf[&plain].granted, None);
    assert!(world.record.devices.is_empty());
    let (id, token) = trusted(&mut world);
    assert!(world.events.iter().any(|event| event.verification == id
        && event.kind == EventKind::DeviceTrusted { purposes: PurposeClass::Access }));
    let device = world.present(&token);
    let start = Start { device, ..hers(&mut world, "two") };
    let id = world.start(start);
    assert_eq!(world.shelf[&id].standing, Standing::TrustedDevice);
    assert!(matches!(world.shelf[&id].device, Some(DeviceUse::Trusted(DeviceMark { generation: 1, .. }))));
}

#[test]
fn a_code_that_names_no_customer_can_trust_no_device_and_costs_no_attempt() {
    let mut world = World::new();
    let id = world.start_login();
    let check = Check { trust: Trust::Asked, ..guess(id, &world.code(id)) };
    assert_eq!(world.try_check(check), Err(Refusal::NobodyToTrust));
    assert_eq!(world.shelf[&id].attempts_used, 0);
}

#[test]
fn n10_a_code_that_went_by_email_trusts_no_device() {
    let mut world = World::new();
    world.with_all_channels();
    let channel = countersign_core::verification::Channel::Email;
    let email = Some("ada@shop.example".parse().unwrap());
    let start = Start { channel, email, ..hers(&mut world, "mail") };
    let id = world.start(start);
    let check = Check { trust: Trust::Asked, ..guess(id, &world.code(id)) };
    assert_eq!(world.try_check(check).unwrap().result, CheckResult::Approved);
    assert_eq!((world.shelf[&id].granted, world.record.devices.is_empty()), (None, true));
}

#[test]
fn each_use_gives_another_value_and_an_old_one_is_a_theft() {
    let mut world = World::new();
    let (granted_by, first) = trusted(&mut world);
    let second = used(&mut world, &first);
    assert_ne!(first, second);
    world.wait_s(GRACE.as_secs());
    assert_eq!(recognize_as(&mut world, &first, HER, Purpose::Login), DeviceUse::Theft);
    let stolen = EventKind::DeviceRevoked { reason: RevokeReason::Theft, devices: 1 };
    let told = world.events.last().unwrap();
    assert_eq!((told.verification, &told.kind), (granted_by, &stolen));
    assert_eq!(recognize_as(&mut world, &second, HER, Purpose::Login), DeviceUse::Unknown);
    // A start tells its own timeline too, and goes on as anybody's.
    let (granted_by, first) = trusted(&mut world);
    used(&mut world, &first);
    world.wait_s(61);
    let device = world.present(&first);
    let start = Start { device, ..hers(&mut world, "thief") };
    let id = world.start(start);
    assert_eq!(world.shelf[&id].device, Some(DeviceUse::Theft));
    assert_eq!(world.shelf[&id].standing, Standing::KnownCustomer);
    assert!(
        world
            .events
            .iter()
            .any(|event| event.verification == id && event.kind == EventKind::DeviceTheft { granted_by })
    );
}

#[test]
fn within_the_grace_the_value_before_counts_once_and_gives_the_same_next_one() {
    let mut world = World::new();
    let (_, first) = trusted(&mut world);
    let second = used(&mut world, &first);
    world.wait_ms(59_999);
    assert_eq!(used(&mut world, &first), second, "the other tab");
    assert_eq!(recognize_as(&mut world, &first, HER, Purpose::Login), DeviceUse::Theft);
}

#[test]
fn r4_a_repeated_request_gets_the_same_value_however_late() {
    let mut world = World::new();
    let (_, first) = trusted(&mut world);
    let once = recognize(&mut world, &first, HER, Purpose::Login, command_id(1));
    world.wait_s(3600);
    assert_eq!(recognize(&mut world, &first, HER, Purpose::Login, command_id(1)), once);
    assert_eq!(recognize(&mut world, &first, HER, Purpose::Login, command_id(2)), DeviceUse::Theft);

    let (_, first) = trusted(&mut world);
    let device = world.present(&first);
    let start = Start { device, command: command_id(3), ..hers(&mut world, "again") };
    let id = world.start(start.clone());
    let once = world.shelf[&id].device;
    world.wait_s(300);
    world.try_start(start).unwrap();
    assert_eq!(world.shelf[&id].device, once);
    assert_eq!(world.record.devices.iter().count(), 1, "and it was no theft");
}

#[test]
fn a_refused_start_uses_no_value_up() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    world.policy.phone_limits = PhoneLimits { spacing_s: 0, per_ten_minutes: 1, per_hour: 1, per_day: 1 };
    let device = world.present(&token);
    let start = Start { device: device.clone(), ..hers(&mut world, "one") };
    let id = world.start(start);
    let Some(DeviceUse::Trusted(mark)) = world.shelf[&id].device else { panic!("trusted") };
    let next = world.token(mark);
    let device = world.present(&next);
    let start = Start { device, ..hers(&mut world, "two") };
    assert!(matches!(world.try_start(start), Err(Refusal::PhoneLimit { .. })));
    world.wait_s(3600);
    used(&mut world, &next);
}

#[test]
fn a_device_that_is_trusted_anew_takes_its_own_place() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    let device = world.present(&token);
    let start = Start { device, ..hers(&mut world, "again") };
    let id = world.start(start);
    approve_and_trust(&mut world, id);
    assert_eq!(world.record.devices.iter().count(), 1);
}

#[test]
fn a_phone_has_eight_devices_and_the_oldest_goes() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let mut tokens = Vec::new();
    for n in 0..=MAX_DEVICES {
        let start = hers(&mut world, &format!("{n}"));
        let id = world.start(start);
        tokens.push(approve_and_trust(&mut world, id));
    }
    assert_eq!(world.record.devices.iter().count(), MAX_DEVICES);
    assert_eq!(recognize_as(&mut world, &tokens[0], HER, Purpose::Login), DeviceUse::Unknown);
    for token in &tokens[1..] {
        used(&mut world, token);
    }
}

#[test]
fn n5_a_device_is_forgotten_when_the_phone_is_bound_anew() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    world.apply(&Command::Rebind);
    assert_eq!(recognize_as(&mut world, &token, HER, Purpose::Login), DeviceUse::Unknown);
}

#[test]
fn n7_a_device_is_forgotten_when_the_customers_number_changes() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    let start = Start { purpose: Purpose::AccountChange, ..hers(&mut world, "change") };
    let id = world.start(start);
    world.approve(id);
    let replacement = Some(world.replacement(OTHER_PHONE, HER));
    let redeem = Redeem { replacement, ..world.redeem_of(id) };
    assert_eq!(world.redeem(redeem), RedeemOutcome::Redeemed);
    assert!(
        world
            .last_events()
            .contains(&EventKind::DeviceRevoked { reason: RevokeReason::PhoneChanged, devices: 1 })
    );
    assert_eq!(recognize_as(&mut world, &token, HER, Purpose::Login), DeviceUse::Unknown);
}

#[test]
fn i6_a_device_is_forgotten_whose_proof_was_shown_for_something_else() {
    let mut world = World::new();
    let start = hers(&mut world, "one");
    let id = world.start(start);
    let token = approve_and_trust(&mut world, id);
    let redeem = Redeem { session: session("another"), ..world.redeem_of(id) };
    assert!(matches!(world.redeem(redeem), RedeemOutcome::Mismatch(_)));
    assert_eq!(recognize_as(&mut world, &token, HER, Purpose::Login), DeviceUse::Unknown);
}

#[test]
fn a_report_of_a_code_that_was_right_ends_all_devices() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    let start = Start { customer: Some("c_thief".to_owned()), ..hers(&mut world, "thief") };
    let id = world.start(start);
    world.approve(id);
    world.report(id);
    assert_eq!(recognize_as(&mut world, &token, HER, Purpose::Login), DeviceUse::Unknown);
}

#[test]
fn o8_a_stranger_who_reports_a_verification_of_his_own_ends_no_device() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    let start = Start { session: session("stranger"), ..world.login() };
    let id = world.start(start);
    world.report(id);
    let next = used(&mut world, &token);
    // One that was started by the device itself ends it: somebody else has the browser.
    let device = world.present(&next);
    let start = Start { device, ..hers(&mut world, "mine") };
    let id = world.wait_s(30).start(start);
    world.report(id);
    assert!(world.record.devices.is_empty());
}

/// Wrong guesses of somebody who has her reference too, until the phone is disabled for him.
fn hammer_as(world: &mut World, customer: Option<&str>) {
    let failures = |world: &World| match customer {
        None => world.record.stranger_failures.consecutive,
        Some(_) => world.record.customer_failures.consecutive,
    };
    let mut round = 0;
    while failures(world) < MAX_CONSECUTIVE_FAILURES {
        round += 1;
        let customer = customer.map(str::to_owned);
        let start = Start { customer, session: session(&format!("bad {round}")), ..world.login() };
        let id = world.start(start);
        for _ in 0..5 {
            world.miss(id).unwrap();
        }
        world.wait_s(6 * 3600);
    }
}

#[test]
fn o8_n5_a_hundred_wrong_guesses_of_others_end_no_device_and_keep_none_out() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let (_, token) = trusted(&mut world);
    hammer_as(&mut world, None);
    hammer_as(&mut world, Some(HER));
    let start = hers(&mut world, "without her device");
    assert_eq!(world.try_start(start), Err(Refusal::PhoneDisabled));
    let device = world.present(&token);
    let start = Start { device, ..hers(&mut world, "with it") };
    let id = world.start(start);
    world.approve(id);
}

#[test]
fn n5_a_hundred_wrong_guesses_on_trusted_devices_end_them() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let (_, mut token) = trusted(&mut world);
    while world.record.device_failures.consecutive < MAX_CONSECUTIVE_FAILURES {
        let device = world.present(&token);
        let start = Start { device, ..hers(&mut world, &format!("{token:.20}")) };
        let id = world.start(start);
        let Some(DeviceUse::Trusted(mark)) = world.shelf[&id].device else { panic!("trusted") };
        token = world.token(mark);
        for _ in 0..5 {
            world.miss(id).unwrap();
        }
        world.wait_s(6 * 3600);
    }
    assert!(world.record.devices.is_empty());
    assert!(
        world
            .last_events()
            .contains(&EventKind::DeviceRevoked { reason: RevokeReason::Disabled, devices: 1 })
    );
}

#[test]
fn o8_places_of_a_trusted_device_are_kept_from_whoever_has_her_reference() {
    let mut world = World::new();
    let (_, mut token) = trusted(&mut world);
    // As fast as he may, in sessions of his own: first without her reference, then with it.
    let mut starts = [0, 0];
    for round in 0..30 {
        for (which, customer) in [None, Some(HER.to_owned())].into_iter().enumerate() {
            let start = Start { customer, session: session(&format!("{which} {round}")), ..world.login() };
            starts[which] += u32::from(world.try_start(start).is_ok());
        }
        world.wait_s(15);
    }
    assert_eq!(starts, [1, 1], "one place each of three in ten minutes; the third is kept");
    let device = world.present(&token);
    let start = Start { device, ..hers(&mut world, "mine") };
    let id = world.start(start);
    let Some(DeviceUse::Trusted(mark)) = world.shelf[&id].device else { panic!("trusted") };
    token = world.token(mark);
    world.approve(id);
    assert!(world.present(&token).is_some());
}

#[test]
fn o8_the_last_live_place_is_kept_for_the_trusted_device() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let (_, token) = trusted(&mut world);
    for (customer, places) in [(None, 6), (Some(HER.to_owned()), 1)] {
        for n in 0..places {
            let name = session(&format!("{customer:?} {n}"));
            let start = Start { customer: customer.clone(), session: name, ..world.login() };
            world.start(start);
        }
        let start = Start { customer, session: session("one more"), ..world.login() };
        assert_eq!(world.try_start(start), Err(Refusal::TooManyLive));
    }
    let device = world.present(&token);
    let start = Start { device, ..hers(&mut world, "mine") };
    let id = world.start(start);
    world.approve(id);
}

#[test]
fn o8_without_sessions_strangers_do_not_meet_the_verification_of_a_trusted_device() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let (_, token) = trusted(&mut world);
    let his = Start { session: None, ..world.login() };
    let his = world.start(his);
    world.miss(his).unwrap();
    let device = world.present(&token);
    let mine = Start { session: None, device, ..hers(&mut world, "") };
    let mine = world.start(mine);
    assert_eq!(world.shelf[&mine].attempts_used, 0);
    let transaction = Some(crate::world::payment("1.00"));
    let again = Start { session: None, transaction, ..world.login() };
    world.start(again);
    world.approve(mine);
}

#[test]
fn a_verification_of_the_same_session_counts_as_the_devices_once_its_token_is_shown() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let (_, token) = trusted(&mut world);
    let start = hers(&mut world, "mine");
    let id = world.start(start);
    assert_eq!(world.shelf[&id].standing, Standing::KnownCustomer);
    let device = world.present(&token);
    let start = Start { device, ..hers(&mut world, "mine") };
    world.wait_s(30).try_start(start).unwrap();
    assert_eq!(world.shelf[&id].standing, Standing::TrustedDevice);
}

#[test]
fn a_token_shows_nothing_and_opens_in_its_own_app_only() {
    let mut world = World::new();
    let (_, token) = trusted(&mut world);
    let (own, other) = (&world.keyring, keyring(2));
    assert!(own.read_device_token(app(0xA2), &token).is_none());
    assert!(other.read_device_token(world.app, &token).is_none());
    for (at, _) in token.char_indices() {
        let forged =
            format!("{}{}{}", &token[..at], if &token[at..=at] == "A" { "B" } else { "A" }, &token[at + 1..]);
        assert!(own.read_device_token(world.app, &forged).is_none(), "{at}");
    }
    for strange in ["", "cvd_", &token[4..], &format!("{token}A"), &token.replace("cvd_", "cvs_")] {
        assert!(own.read_device_token(world.app, strange).is_none());
    }
    assert_eq!(format!("{:?}", world.present(&token).unwrap()), "PresentedDevice(…)");
    let kept = serde_json::to_string(&world.record).unwrap();
    assert!(!kept.contains(&token[4..28]) && !kept.contains(&token[60..84]));
}

/// What one device should be, told without the code under test.
struct Known {
    customer: u8,
    class: PurposeClass,
    place: (u8, u8),
    granted_at: Timestamp,
    values: Vec<String>,
    rotated_at: Timestamp,
    rotated_by: Option<u8>,
    has_grace: bool,
    is_dropped: bool,
}

#[derive(Clone, Debug)]
enum Move {
    Grant {
        place: u8,
        customer: u8,
        class: usize,
    },
    /// A value of a device is shown, the newest first, mostly by whom it belongs to.
    Show {
        device: usize,
        back: usize,
        other: Option<u8>,
        command: Option<u8>,
    },
    Wait {
        seconds: u64,
    },
    Restore,
}

const CLASSES: [PurposeClass; 4] =
    [PurposeClass::Access, PurposeClass::Payment, PurposeClass::Account, PurposeClass::Other];

fn moves() -> impl Strategy<Value = Move> {
    let back = prop_oneof![6 => Just(0_usize), 3 => Just(1), 1 => 2_usize..5];
    let other = prop_oneof![5 => Just(None), 1 => (0_u8..4).prop_map(Some)];
    prop_oneof![
        2 => (0_u8..2, 0_u8..2, 0_usize..4).prop_map(|(place, customer, class)| Move::Grant { place, customer, class }),
        9 => (0_usize..12, back, other, proptest::option::of(0_u8..3))
            .prop_map(|(device, back, other, command)| Move::Show { device, back, other, command }),
        6 => proptest::sample::select(vec![1, 10, 59, 60, 3600, 20 * 86_400, 60 * 86_400])
            .prop_map(|seconds| Move::Wait { seconds }),
        1 => Just(Move::Restore),
    ]
}

const fn customer(number: u8) -> Tag {
    Tag([number; 16])
}

/// The records of two phones of one app.
struct Phones {
    keyring: Keyring,
    app: AppId,
    records: [Devices; 2],
    now: Timestamp,
    named: u8,
}

impl Phones {
    const KEYS: [SubjectKey; 2] = [SubjectKey([1; 16]), SubjectKey([2; 16])];

    fn grant(&mut self, place: u8, who: u8, class: PurposeClass) -> (DeviceMark, String) {
        self.named += 1;
        let grant = Grant {
            family: DeviceFamily([self.named; 16]),
            customer: customer(who),
            purposes: class,
            granted_by: VerificationId::from_bytes([self.named; 16]),
            replaces: None,
        };
        let place = usize::from(place);
        let mark = self.records[place].grant(grant, self.keyring.epoch, self.now);
        (mark, self.keyring.device_token(self.app, Self::KEYS[place], mark).expose().to_owned())
    }

    /// Shows a token for a phone of an app, to that phone's record.
    fn show(
        &mut self,
        token: &str,
        (place, app): (u8, AppId),
        (who, class): (u8, PurposeClass),
        command: Option<u8>,
    ) -> (Sight, DeviceUse) {
        let place = usize::from(place);
        let Some((key, presented)) = self.keyring.read_device_token(app, token) else {
            return (Sight::Unknown, DeviceUse::Unknown);
        };
        if key != Self::KEYS[place] {
            return (Sight::Unknown, DeviceUse::Unknown);
        }
        let command = command.map(|byte| CommandId([byte; 16]));
        let (keyring, subject, now) = (&self.keyring, Self::KEYS[place], self.now);
        let customer = Some(customer(who));
        let showing = Showing { keyring, app, subject, customer, purposes: class, command, now };
        let record = &mut self.records[place];
        let sight = record.look(&presented, &showing);
        (sight, record.take(sight, command, now))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// At most one good value of a device beyond the grace; an old one always ends it; none outlives 90 days or a
    /// restore; none works for another customer, app, phone or class of purposes.
    #[test]
    fn c_3_of_a_device_one_value_is_good_for_its_own_and_an_old_one_ends_it(
        moves in proptest::collection::vec(moves(), 1..80),
    ) {
        let mut phones = Phones {
            keyring: keyring(1), app: app(0xA1), records: [Devices::NONE, Devices::NONE], now: NOON, named: 0,
        };
        let mut known: Vec<Known> = Vec::new();
        for one in moves {
            match one {
                Move::Wait { seconds } => phones.now = phones.now.plus(Duration::from_secs(seconds)),
                Move::Restore => {
                    phones.keyring.epoch = Epoch(phones.keyring.epoch.0 + 1);
                    for device in &mut known {
                        device.is_dropped = true;
                    }
                }
                Move::Grant { place, customer, class } => {
                    let now = phones.now;
                    let is_live = |device: &Known| !device.is_dropped && now < device.granted_at.plus(DEVICE_LIFETIME);
                    let live: Vec<usize> = (0..known.len())
                        .filter(|&at| known[at].place.0 == place && is_live(&known[at])).collect();
                    if live.len() >= MAX_DEVICES {
                        known[live[0]].is_dropped = true;
                    }
                    let (_, token) = phones.grant(place, customer, CLASSES[class]);
                    known.push(Known {
                        customer, class: CLASSES[class], place: (place, 0), granted_at: now, values: vec![token],
                        rotated_at: now, rotated_by: None, has_grace: false, is_dropped: false,
                    });
                }
                Move::Show { device, back, other, command } => {
                    if known.is_empty() {
                        continue;
                    }
                    let at = known.len() - 1 - device % known.len();
                    let device = &mut known[at];
                    let (place, mut app_of, mut who, mut class) =
                        (device.place.0, phones.app, device.customer, device.class);
                    let mut shown_at = place;
                    match other {
                        Some(0) => who = 1 - who,
                        Some(1) => app_of = app(0xA2),
                        Some(2) => shown_at = 1 - place,
                        Some(_) => class = if class == CLASSES[0] { CLASSES[1] } else { CLASSES[0] },
                        None => {}
                    }
                    let newest = device.values.len() - 1;
                    let which = newest - back % device.values.len();
                    let token = device.values[which].clone();
                    let (sight, used) = phones.show(&token, (shown_at, app_of), (who, class), command);
                    let is_there = app_of == phones.app && shown_at == place;
                    let is_live = !device.is_dropped && phones.now < device.granted_at.plus(DEVICE_LIFETIME);
                    let repeats = command.is_some() && command == device.rotated_by;
                    let graced = device.has_grace && phones.now < device.rotated_at.plus(GRACE);
                    let good = which == newest || (which + 1 == newest && (repeats || graced));
                    let own = who == device.customer && class == device.class;
                    if !is_there || !is_live {
                        prop_assert_eq!(used, DeviceUse::Unknown);
                    } else if !good {
                        prop_assert_eq!(used, DeviceUse::Theft);
                        device.is_dropped = true;
                    } else if !own {
                        prop_assert_eq!(used, DeviceUse::Unknown);
                    } else {
                        prop_assert!(sight.is_trusted());
                        let DeviceUse::Trusted(mark) = used else { panic!("{used:?}") };
                        let next = phones.keyring.device_token(phones.app, Phones::KEYS[usize::from(place)], mark);
                        if which == newest {
                            prop_assert!(!device.values.contains(&next.expose().to_owned()), "a value came back");
                            device.values.push(next.expose().to_owned());
                            device.rotated_at = phones.now;
                            device.rotated_by = command;
                            device.has_grace = true;
                        } else {
                            prop_assert_eq!(next.expose(), &device.values[newest]);
                            device.has_grace &= repeats;
                        }
                    }
                }
            }
            for record in &phones.records {
                prop_assert!(record.iter().count() <= MAX_DEVICES);
            }
        }
    }
}
