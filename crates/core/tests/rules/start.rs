//! Start: prove this phone.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_core::delivery::{DeliveryKind, DeliveryState};
use countersign_core::event::{ClientAddress, EventKind};
use countersign_core::phone::{E164, NumberType};
use countersign_core::policy::{MAX_LIFETIME, MAX_LIVE, PhoneLimits};
use countersign_core::purpose::Purpose;
use countersign_core::step::{CheckResult, PhoneWindow, Refusal, Start, Started};
use countersign_core::subject::Mode;
use countersign_core::verification::{CancelReason, CodeMaterial, Standing, State, Status};

use crate::world::{World, command_id, payment, session};

/// Windows that leave the other rules to themselves.
const WIDE: PhoneLimits = PhoneLimits { spacing_s: 0, per_ten_minutes: 50, per_hour: 50, per_day: 50 };

#[test]
fn a_start_asks_for_one_message_and_records_one_fact() {
    let mut world = World::new();
    let id = world.start_login();
    assert_eq!(world.status(id), Status::Pending);
    assert_eq!(world.sent.len(), 1);
    let delivery = &world.sent[0];
    assert_eq!((delivery.verification, delivery.mode), (id, Mode::Live));
    assert_eq!(delivery.kind, DeliveryKind::Code { generation: 0 });
    assert_eq!(delivery.state, DeliveryState::Due { at: world.clock });
    assert_eq!(delivery.expires_at, world.clock.plus(Duration::from_secs(600)));
    let started = EventKind::Started {
        purpose: Purpose::Login,
        channel: delivery.channel,
        country: Some("DE".parse().unwrap()),
        client_address: ClientAddress::Given,
        delivery: delivery.id,
        withheld: None,
    };
    assert_eq!(world.last_events(), [started]);
    assert_eq!(world.record.live, [id]);
}

#[test]
fn what_is_kept_of_a_verification_has_no_number_and_no_code() {
    let mut world = World::new();
    let id = world.start_login();
    let code = world.code(id);
    let kept = [
        serde_json::to_string(&world.shelf[&id]).unwrap(),
        serde_json::to_string(&world.record).unwrap(),
        serde_json::to_string(&world.events).unwrap(),
        serde_json::to_string(&world.sent).unwrap(),
        format!("{:?} {:?} {:?}", world.shelf[&id], world.record, world.last_effects),
    ]
    .concat();
    assert!(!kept.contains("15112345678"));
    assert!(!kept.contains(&code));
}

#[test]
fn n1_no_code_lives_longer_than_ten_minutes_whatever_the_caller_asks() {
    let mut world = World::new();
    let start = Start { lifetime: Duration::from_secs(3600), ..world.login() };
    let id = world.start(start);
    assert_eq!(world.shelf[&id].expires_at, world.clock.plus(MAX_LIFETIME));
}

#[test]
fn the_same_start_again_is_a_resend_of_the_same_verification() {
    let mut world = World::new();
    let id = world.start_payment();
    let code = world.code(id);
    world.wait_s(30);
    let again = world.payment();
    assert_eq!(world.try_start(again), Ok(Started::Found(id)));
    assert_eq!((world.sent.len(), world.sent[1].verification), (2, id));
    assert_eq!(world.code(id), code);
}

#[test]
fn the_same_start_again_too_soon_finds_it_and_sends_nothing() {
    let mut world = World::new();
    let id = world.start_payment();
    world.wait_ms(29_999);
    let again = world.payment();
    assert_eq!(world.try_start(again), Ok(Started::Found(id)));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn i2_another_transaction_takes_its_place_and_its_attempts_with_it() {
    let mut world = World::new();
    let old = world.start_payment();
    let old_code = world.code(old);
    world.miss(old).unwrap();
    world.miss(old).unwrap();
    world.wait_s(30);
    let start = Start { transaction: Some(payment("49.91")), ..world.payment() };
    let new = world.start(start);
    assert!(matches!(world.shelf[&old].state, State::Canceled { reason: CancelReason::Superseded, .. }));
    assert_eq!(world.shelf[&new].attempts_remaining(), 1);
    assert_ne!(world.code(new), old_code);
    assert_eq!(world.guess(old, &old_code), CheckResult::Superseded);
    assert_eq!(world.miss(new).unwrap().result, CheckResult::Incorrect);
    assert_eq!(world.status(new), Status::Exhausted);
}

#[test]
fn i2_attempts_are_carried_over_a_chain_of_transactions() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let mut evaluated = 0;
    for cents in 10..40 {
        let start = Start { transaction: Some(payment(&format!("49.{cents}"))), ..world.payment() };
        let id = world.start(start);
        if world.shelf[&id].attempts_used == 0 && evaluated > 0 {
            break;
        }
        world.miss(id).unwrap();
        evaluated += 1;
    }
    assert_eq!(evaluated, world.policy.payment_max_attempts, "guesses in one slot before it was exhausted");
}

#[test]
fn several_live_verifications_of_one_phone_do_not_touch_each_other() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    let login = world.start_login();
    let pay = world.start_payment();
    let start = Start { session: session("tablet"), ..world.payment() };
    let elsewhere = world.start(start);
    let codes: BTreeSet<String> = [login, pay, elsewhere].iter().map(|&id| world.code(id)).collect();
    assert_eq!(codes.len(), 3);
    world.miss(login).unwrap();
    let code = world.code(pay);
    assert_eq!(world.guess(elsewhere, &code), CheckResult::Incorrect);
    world.approve(pay);
    assert_eq!([login, elsewhere].map(|id| world.status(id)), [Status::Pending; 2]);
    assert_eq!([login, elsewhere].map(|id| world.shelf[&id].attempts_used), [1; 2]);
    world.approve(login);
    world.approve(elsewhere);
}

#[test]
fn a_stranger_who_starts_for_my_number_neither_cancels_mine_nor_spends_my_attempts() {
    let mut world = World::new();
    let mine = world.start_payment();
    world.wait_s(30);
    let start = Start { session: session("stranger"), transaction: Some(payment("1.00")), ..world.payment() };
    let theirs = world.start(start);
    for _ in 0..3 {
        world.miss(theirs).unwrap();
    }
    assert_eq!(world.status(theirs), Status::Exhausted);
    assert_eq!(world.shelf[&mine].attempts_used, 0);
    world.approve(mine);
}

#[test]
fn without_a_session_all_share_one_slot() {
    let mut world = World::new();
    let start = Start { session: None, ..world.payment() };
    let first = world.start(start);
    let again = Start { session: None, ..world.payment() };
    assert_eq!(world.try_start(again), Ok(Started::Found(first)));
}

fn fill(world: &mut World, count: usize, customer: Option<&str>) {
    for n in 0..count {
        let start = Start {
            session: session(&format!("{customer:?} {n}")),
            customer: customer.map(str::to_owned),
            ..world.login()
        };
        world.start(start);
    }
}

#[test]
fn the_last_place_for_a_live_verification_is_kept_for_a_known_customer() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    world.with_known_customer("c_77");
    fill(&mut world, MAX_LIVE - 1, None);
    let stranger = Start { session: session("one more"), ..world.login() };
    assert_eq!(world.try_start(stranger), Err(Refusal::TooManyLive));
    let stranger = Start { session: session("one more"), customer: Some("c_78".to_owned()), ..world.login() };
    assert_eq!(world.try_start(stranger), Err(Refusal::TooManyLive));
    let mine = Start { customer: Some("c_77".to_owned()), ..world.login() };
    let mine = world.start(mine);
    assert_eq!(world.shelf[&mine].standing, Standing::KnownCustomer);
    let another = Start { customer: Some("c_77".to_owned()), session: session("other"), ..world.login() };
    assert_eq!(world.try_start(another), Err(Refusal::TooManyLive));
}

#[test]
fn on_a_full_phone_a_new_transaction_still_takes_the_place_of_the_old_one() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    world.with_known_customer("c_77");
    let mine = world.start_payment();
    fill(&mut world, MAX_LIVE - 2, None);
    fill(&mut world, 1, Some("c_77"));
    let start = Start { transaction: Some(payment("50.00")), ..world.payment() };
    let new = world.start(start);
    assert_eq!((world.status(mine), world.status(new)), (Status::Canceled, Status::Pending));
}

#[test]
fn places_come_back_when_verifications_end() {
    let mut world = World::new();
    world.policy.phone_limits = WIDE;
    fill(&mut world, MAX_LIVE - 1, None);
    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::TooManyLive));
    world.wait_s(600);
    world.start_login();
    assert_eq!(world.record.live.len(), 1);
}

#[test]
fn with_less_than_a_minute_left_a_start_starts_anew_and_keeps_attempts() {
    let mut world = World::new();
    let old = world.start_payment();
    world.miss(old).unwrap();
    world.wait_s(300 - 60);
    let again = world.payment();
    assert_eq!(world.try_start(again), Ok(Started::Found(old)), "with a minute left it is a resend");
    world.wait_ms(30_001);
    assert_eq!(world.resend(old), Err(Refusal::TooLateToResend));
    let new = world.start_payment();
    assert_ne!(new, old);
    assert_eq!(world.status(old), Status::Canceled);
    assert_eq!(world.shelf[&new].attempts_used, 1);
}

#[test]
fn with_no_sends_left_a_start_starts_anew_and_keeps_attempts() {
    let mut world = World::new();
    world.policy.max_sends = 1;
    let old = world.start_payment();
    world.miss(old).unwrap();
    world.wait_s(30);
    assert_eq!(world.resend(old), Err(Refusal::NoSendsLeft));
    let new = world.start_payment();
    assert_eq!((world.status(old), world.shelf[&new].attempts_used), (Status::Canceled, 1));
}

#[test]
fn with_less_than_a_minute_left_and_no_room_for_another_the_old_one_is_found() {
    let mut world = World::new();
    world.policy.phone_limits.per_ten_minutes = 1;
    let old = world.start_payment();
    world.wait_s(250);
    let again = world.payment();
    assert_eq!(world.try_start(again), Ok(Started::Found(old)));
    assert_eq!(world.status(old), Status::Pending);
}

#[test]
fn messages_go_to_the_apps_countries_only() {
    let mut world = World::of("+33612345678", Mode::Live);
    let start = world.login();
    let france = Some("FR".parse().unwrap());
    assert_eq!(world.try_start(start), Err(Refusal::CountryNotAllowed(france)));
    assert!(world.shelf.is_empty() && world.sent.is_empty());
    world.policy.countries.insert("FR".parse().unwrap());
    world.start_login();
}

#[test]
fn an_app_without_countries_sends_nowhere() {
    let mut world = World::new();
    world.policy.countries.clear();
    let start = world.login();
    assert!(matches!(world.try_start(start), Err(Refusal::CountryNotAllowed(_))));
}

#[test]
fn premium_shared_cost_and_satellite_numbers_are_refused() {
    for (number, number_type) in [
        ("+499001234567", NumberType::PremiumRate),
        ("+491801123456", NumberType::SharedCost),
        ("+498001234567", NumberType::TollFree),
        ("+881612345678", NumberType::Satellite),
        ("+870773111632", NumberType::Satellite),
    ] {
        let mut world = World::of(number, Mode::Live);
        let start = world.login();
        assert_eq!(world.try_start(start), Err(Refusal::NumberTypeRefused(number_type)), "{number}");
    }
}

#[test]
fn a_number_that_no_plan_assigns_is_refused_in_live_mode_even_if_the_policy_would_take_it() {
    let mut world = World::of("+447700900123", Mode::Live);
    world.policy.countries.insert("GB".parse().unwrap());
    world.policy.refused_number_types.clear();
    let start = world.login();
    assert_eq!(world.try_start(start), Err(Refusal::NumberTypeRefused(NumberType::Unknown)));
}

#[test]
fn test_numbers_have_their_fixed_code_in_test_mode_only() {
    let numbers = [("+447700900123".to_owned(), "424242".to_owned())];
    let mut world = World::of("+447700900123", Mode::Test);
    world.policy.test_numbers = numbers.clone().into();
    let id = world.start_login();
    assert!(matches!(world.shelf[&id].state, State::Pending { code: CodeMaterial::TestNumber }));
    assert_eq!(world.guess(id, "424243"), CheckResult::Incorrect);
    assert_eq!(world.guess(id, "424242"), CheckResult::Approved);

    // A live number in the list is still a live number.
    let mut world = World::new();
    world.policy.test_numbers = [(world.phone.expose().to_owned(), "424242".to_owned())].into();
    let id = world.start_login();
    assert!(matches!(world.shelf[&id].state, State::Pending { code: CodeMaterial::Derived { .. } }));
    assert_ne!(world.code(id), "424242");
    assert_eq!(world.guess(id, "424242"), CheckResult::Incorrect);
}

#[test]
fn a_test_number_that_was_taken_off_the_list_has_no_code_any_more() {
    let mut world = World::of("+447700900123", Mode::Test);
    world.policy.test_numbers = [("+447700900123".to_owned(), "424242".to_owned())].into();
    let id = world.start_login();
    world.policy.test_numbers.clear();
    assert_eq!(world.guess(id, "424242"), CheckResult::Incorrect);
}

#[test]
fn in_test_mode_any_number_gets_a_derived_code_for_the_simulated_phone() {
    let mut world = World::of("+33612345678", Mode::Test);
    let id = world.start_login();
    assert_eq!(world.sent[0].mode, Mode::Test);
    world.approve(id);
}

#[test]
fn i10_live_and_test_and_two_apps_never_share_a_subject() {
    let world = World::new();
    let phone: &E164 = &world.phone;
    let keys: BTreeSet<_> = [1, 2]
        .into_iter()
        .flat_map(|app| [Mode::Live, Mode::Test].map(|mode| (app, mode)))
        .map(|(app, mode)| world.keyring.subject_key(crate::world::app(app), mode, phone))
        .collect();
    assert_eq!(keys.len(), 4);
}

#[test]
fn i15_a_retried_start_gets_its_first_answer_and_sends_nothing_more() {
    let mut world = World::new();
    let start = Start { command: command_id(1), ..world.payment() };
    let id = world.start(start.clone());
    for _ in 0..3 {
        world.wait_s(60);
        assert_eq!(world.try_start(start.clone()), Ok(Started::Created(id)));
    }
    assert_eq!(world.sent.len(), 1);
    world.approve(id);
    assert_eq!(world.try_start(start), Ok(Started::Created(id)), "even after it was approved");
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn i15_a_retried_start_that_found_one_finds_it_again_and_sends_nothing_more() {
    let mut world = World::new();
    let id = world.start_payment();
    world.wait_s(60);
    let again = Start { command: command_id(2), ..world.payment() };
    assert_eq!(world.try_start(again.clone()), Ok(Started::Found(id)));
    assert_eq!(world.sent.len(), 2);
    world.wait_s(60);
    assert_eq!(world.try_start(again), Ok(Started::Found(id)));
    assert_eq!(world.sent.len(), 2, "the retry sent again");
}

#[test]
fn a_refused_start_leaves_the_earlier_verification_alone() {
    let mut world = World::new();
    let mine = world.start_payment();
    world.wait_s(10);
    let other = Start { transaction: Some(payment("1.00")), ..world.payment() };
    assert!(matches!(world.try_start(other), Err(Refusal::PhoneLimit { window: PhoneWindow::Spacing, .. })));
    assert_eq!(world.status(mine), Status::Pending);
    world.approve(mine);
}
