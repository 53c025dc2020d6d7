//! What an app may set, and what it may not.

use countersign_core::code::{Alphabet, CodeFormat, ShortCodes};
use countersign_core::policy::Policy;
use countersign_core::purpose::Purpose;
use countersign_core::subject::Mode;

use crate::world::policy;

#[test]
fn the_defaults_are_those_of_the_design() {
    let policy = policy();
    assert_eq!(policy.validate(Mode::Live), Ok(()));
    assert_eq!(
        (policy.lifetime(&Purpose::Login).as_secs(), policy.lifetime(&Purpose::Payment).as_secs()),
        (600, 300)
    );
    assert_eq!((policy.attempts(&Purpose::Login), policy.attempts(&Purpose::Payment)), (5, 3));
    assert_eq!(policy.code, CodeFormat::DEFAULT);
    let waits: Vec<u64> = (1..=6).map(|sends| policy.resend_wait(sends).as_secs()).collect();
    assert_eq!(waits, [30, 45, 60, 120, 120, 120]);
}

#[test]
fn a_live_app_needs_its_countries_and_a_test_app_does_not() {
    let policy = Policy::default();
    assert_eq!(policy.validate(Mode::Live).unwrap_err().field, "countries");
    assert_eq!(policy.validate(Mode::Test), Ok(()));
}

#[test]
fn every_bound_is_held_at_both_ends() {
    type Set = fn(&mut Policy);
    let refused: &[(&str, Set)] = &[
        ("lifetime_s", |p| p.lifetime_s = 59),
        ("lifetime_s", |p| p.lifetime_s = 601),
        ("payment_lifetime_s", |p| p.payment_lifetime_s = 59),
        ("payment_lifetime_s", |p| p.payment_lifetime_s = 601),
        ("max_attempts", |p| p.max_attempts = 0),
        ("max_attempts", |p| p.max_attempts = 11),
        ("payment_max_attempts", |p| p.payment_max_attempts = 0),
        ("payment_max_attempts", |p| p.payment_max_attempts = 6),
        ("max_sends", |p| p.max_sends = 0),
        ("max_sends", |p| p.max_sends = 11),
        ("resend_ladder_s", |p| p.resend_ladder_s = vec![]),
        ("resend_ladder_s", |p| p.resend_ladder_s = vec![30, 14]),
        ("resend_ladder_s", |p| p.resend_ladder_s = vec![30; 11]),
        ("phone_limits", |p| p.phone_limits.per_ten_minutes = 0),
        ("phone_limits", |p| p.phone_limits.per_hour = 2),
        ("phone_limits", |p| p.phone_limits.per_day = 4),
        ("phone_limits", |p| p.phone_limits.per_day = 51),
        ("phone_limits", |p| p.phone_limits.spacing_s = 601),
        ("failure_limits", |p| p.failure_limits.per_hour = 0),
        ("failure_limits", |p| p.failure_limits.per_day = 9),
        ("failure_limits", |p| p.failure_limits.per_day = 101),
        ("daily_messages", |p| p.daily_messages = 0),
        ("test_numbers", |p| drop(p.test_numbers.insert("07700 900123".to_owned(), "424242".to_owned()))),
        ("test_numbers", |p| drop(p.test_numbers.insert("+447700900123".to_owned(), "424".to_owned()))),
        ("test_numbers", |p| drop(p.test_numbers.insert("+447700900123".to_owned(), "42 42 42".to_owned()))),
    ];
    for (at, (field, set)) in refused.iter().enumerate() {
        let mut policy = policy();
        set(&mut policy);
        assert_eq!(policy.validate(Mode::Live).map_err(|e| e.field), Err(*field), "case {at}");
    }
    let accepted: &[Set] = &[
        |p| p.lifetime_s = 60,
        |p| p.lifetime_s = 600,
        |p| p.max_attempts = 1,
        |p| p.max_attempts = 10,
        |p| p.payment_max_attempts = 5,
        |p| p.max_sends = 10,
        |p| p.resend_ladder_s = vec![15],
        |p| p.phone_limits.per_day = 50,
        |p| p.failure_limits.per_day = 100,
        |p| drop(p.test_numbers.insert("+447700900123".to_owned(), "424242".to_owned())),
    ];
    for (at, set) in accepted.iter().enumerate() {
        let mut policy = policy();
        set(&mut policy);
        assert_eq!(policy.validate(Mode::Live), Ok(()), "case {at}");
    }
}

#[test]
fn n3_short_codes_are_refused_without_an_explicit_consent() {
    let short = CodeFormat::new(4, Alphabet::Numeric, ShortCodes::AllowBelowNist).unwrap();
    let mut policy = Policy { code: short, ..policy() };
    let refused = policy.validate(Mode::Live).unwrap_err();
    assert_eq!(refused.field, "code");
    assert!(refused.reason.contains("allow_below_nist"), "it says how: {}", refused.reason);
    assert!(policy.code_format(Some(5), None).is_err());
    policy.short_codes = ShortCodes::AllowBelowNist;
    assert_eq!(policy.validate(Mode::Live), Ok(()));
    assert_eq!(policy.code_format(Some(5), None).map(CodeFormat::length), Ok(5));
    assert!(policy.code_format(Some(3), None).is_err());
}

#[test]
fn n3_a_stored_policy_cannot_smuggle_a_short_code_in() {
    let mut json = serde_json::to_value(policy()).unwrap();
    json["code"]["length"] = 4.into();
    let read: Policy = serde_json::from_value(json).unwrap();
    assert_eq!(read.validate(Mode::Live).unwrap_err().field, "code");
}

#[test]
fn an_unknown_setting_is_refused() {
    assert!(serde_json::from_str::<Policy>(r#"{"max_atempts": 50}"#).is_err());
    assert!(serde_json::from_str::<Policy>(r#"{"phone_limits": {"per_minute": 50}}"#).is_err());
    assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::default());
}
