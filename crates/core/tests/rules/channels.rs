//! Channels: how a code travels, and what its proof may say.

use countersign_core::channel::Assurance;
use countersign_core::code::{Alphabet, CodeFormat, ShortCodes};
use countersign_core::delivery::DeliveryKind;
use countersign_core::event::EventKind;
use countersign_core::id::VerificationId;
use countersign_core::keyring::Place;
use countersign_core::policy::{ChannelProblem, ResendCode};
use countersign_core::proof::{Claims, Jwks};
use countersign_core::purpose::Purpose;
use countersign_core::step::{
    CheckResult, Command, OnFailure, Receipt, RedeemOutcome, Refusal, Start, Started,
};
use countersign_core::verification::{Channel, ReceiptStatus, Status};

use crate::world::{OTHER_PHONE, World};

const ADDRESS: &str = "ada@shop.example";

fn by(world: &mut World, channel: Channel) -> Start {
    Start { channel, email: Some(ADDRESS.parse().unwrap()), ..world.login() }
}

fn claims(world: &World, id: VerificationId) -> Claims {
    Claims::of(&world.shelf[&id], world.app, &world.phone, "https://id.example").unwrap().0
}

#[test]
fn nothing_but_sms_goes_out_unless_the_policy_says_so() {
    let mut world = World::new();
    for channel in Channel::ALL {
        let start = by(&mut world, channel);
        let refused = Err(Refusal::ChannelRefused(channel, ChannelProblem::NotInPolicy));
        if channel != Channel::Sms {
            assert_eq!(world.try_start(start), refused);
        }
    }
    let id = world.start_login();
    world.wait_s(30);
    let refused = Refusal::ChannelRefused(Channel::Voice, ChannelProblem::NotInPolicy);
    assert_eq!(world.resend_by(id, Channel::Voice), Err(refused));
    world.policy.channels.insert(Channel::Voice);
    world.resend_by(id, Channel::Voice).unwrap();
    assert_eq!(world.sent_by(), [Channel::Sms, Channel::Voice]);
}

#[test]
fn a_change_of_channel_is_a_resend_on_the_ladder_with_the_same_code_and_the_attempts_kept() {
    let mut world = World::new();
    world.with_all_channels();
    let id = world.start_login();
    let (code, expires_at) = (world.code(id), world.shelf[&id].expires_at);
    world.miss(id).unwrap();
    assert!(matches!(world.resend_by(id, Channel::Voice), Err(Refusal::ResendTooSoon { .. })));
    world.wait_s(30);
    world.resend_by(id, Channel::Voice).unwrap();
    let verification = &world.shelf[&id];
    assert_eq!((verification.attempts_used, verification.sends), (1, 2));
    assert_eq!((verification.channel, verification.expires_at), (Channel::Voice, expires_at));
    assert_eq!(world.code(id), code);
    assert!(matches!(
        world.last_events()[..],
        [EventKind::Resent { channel: Channel::Voice, generation: 0, .. }]
    ));
    world.wait_s(45);
    world.resend(id).unwrap();
    assert_eq!(world.sent_by().last(), Some(&Channel::Voice), "as before, unless another is named");
    for wait in [60, 120] {
        world.wait_s(wait);
        world.resend_by(id, Channel::Sms).unwrap();
    }
    world.wait_s(120);
    assert_eq!(world.resend_by(id, Channel::Telegram), Err(Refusal::NoSendsLeft));
}

#[test]
fn a_rotating_app_rotates_on_another_channel_too() {
    let mut world = World::new();
    world.with_all_channels().policy.resend = ResendCode::Rotate;
    let id = world.start_login();
    let old = world.code(id);
    world.wait_s(30);
    world.resend_by(id, Channel::Voice).unwrap();
    assert_eq!(world.guess(id, &old), CheckResult::Superseded);
}

#[test]
fn a_call_takes_no_code_with_letters() {
    let mut world = World::new();
    world.with_all_channels();
    let format = CodeFormat::new(8, Alphabet::Alphanumeric, ShortCodes::Refuse).unwrap();
    let refused = Refusal::ChannelRefused(Channel::Voice, ChannelProblem::NotForCode);
    let start = Start { format, ..by(&mut world, Channel::Voice) };
    assert_eq!(world.try_start(start), Err(refused));
    let start = Start { format, ..world.login() };
    let id = world.start(start);
    world.wait_s(30);
    assert_eq!(world.resend_by(id, Channel::Voice), Err(refused));
    world.resend_by(id, Channel::WhatsApp).unwrap();
}

#[test]
fn a_repeated_start_that_names_another_channel_changes_to_it() {
    let mut world = World::new();
    world.with_all_channels();
    let id = world.start_login();
    world.wait_s(30);
    let start = Start { channel: Channel::WhatsApp, ..world.login() };
    assert_eq!(world.try_start(start), Ok(Started::Found(id)));
    assert_eq!(world.sent_by(), [Channel::Sms, Channel::WhatsApp]);
}

#[test]
fn n10_a_code_that_went_by_email_proves_no_phone_whatever_else_carried_it() {
    let mut world = World::new();
    world.with_all_channels();
    for (first, second) in [(Channel::Sms, Channel::Email), (Channel::Email, Channel::Sms)] {
        let start = by(&mut world, first);
        let id = world.start(start);
        world.wait_s(30);
        world.resend_by(id, second).unwrap();
        world.approve(id);
        let claims = claims(&world, id);
        assert_eq!((claims.assurance, &claims.phone), (Assurance::Notification, &None));
        assert_eq!(claims.amr, ["otp"]);
        let signed = claims.sign(&world.keyring, &world.keyring.proof.current.active().name).unwrap();
        let jwks = Jwks::of(&world.keyring);
        assert!(Claims::verify(&signed, &jwks, world.app, world.clock).unwrap() == claims);
        world.wait_s(60);
    }
}

#[test]
fn r6_a_proof_names_the_methods_that_hold_whichever_message_the_code_was_read_from() {
    for (second, amr) in [(Channel::Sms, "sms otp"), (Channel::Voice, "otp"), (Channel::Telegram, "otp")] {
        let mut world = World::new();
        world.with_all_channels();
        let id = world.start_login();
        world.wait_s(30);
        world.resend_by(id, second).unwrap();
        world.approve(id);
        let claims = claims(&world, id);
        assert_eq!(claims.amr.join(" "), amr);
        assert_eq!(claims.phone.as_deref(), Some(world.phone.expose()));
    }
}

#[test]
fn n10_redeeming_asks_for_possession_unless_the_shop_says_otherwise() {
    let mut world = World::new();
    world.with_all_channels();
    let start = by(&mut world, Channel::Email);
    let id = world.start(start);
    world.approve(id);
    let redeem = world.redeem_of(id);
    assert_eq!(world.redeem(redeem.clone()), RedeemOutcome::TooWeak);
    assert_eq!(world.status(id), Status::Approved, "a weak proof is not a forged one");
    let content = countersign_core::step::Redeem { least: Assurance::Notification, ..redeem };
    assert_eq!(world.redeem(content), RedeemOutcome::Redeemed);
}

#[test]
fn n10_payments_and_changes_of_the_account_never_go_by_email() {
    let mut world = World::new();
    world.with_all_channels();
    let refused = Refusal::ChannelRefused(Channel::Email, ChannelProblem::NotForPurpose);
    let payment = world.payment();
    let change = Start { purpose: Purpose::AccountChange, ..world.login() };
    for start in [payment, change] {
        let address = Some(ADDRESS.parse().unwrap());
        let by_email = Start { channel: Channel::Email, email: address.clone(), ..start.clone() };
        assert_eq!(world.try_start(by_email), Err(refused));
        let later = Start {
            workflow: vec![Channel::Sms.into(), Channel::Email.into()],
            email: address.clone(),
            ..start.clone()
        };
        assert_eq!(world.try_start(later), Err(refused));
        let id = world.start(Start { email: address, ..start });
        world.wait_s(30);
        assert_eq!(world.resend_by(id, Channel::Email), Err(refused));
    }
}

#[test]
fn n7_an_approval_by_email_lets_go_of_no_phone() {
    let mut world = World::new();
    world.with_all_channels();
    let customer = Some("c_77".to_owned());
    let start = Start { customer, ..by(&mut world, Channel::Email) };
    let id = world.start(start);
    world.approve(id);
    // Even were it one for that purpose, as after a change of these rules.
    world.shelf.get_mut(&id).unwrap().purpose = Purpose::AccountChange;
    let digest = world.login().transaction.unwrap_or_default().digest(world.app, &Purpose::AccountChange);
    world.shelf.get_mut(&id).unwrap().digest = digest;
    let replacement = world.replacement(OTHER_PHONE, "c_77");
    let redeem = countersign_core::step::Redeem {
        least: Assurance::Notification,
        replacement: Some(replacement),
        ..world.redeem_of(id)
    };
    assert_eq!(world.redeem(redeem), RedeemOutcome::TooWeak);
    assert!(!world.sent.iter().any(|delivery| delivery.kind == DeliveryKind::PhoneChangeNotice));
}

#[test]
fn n10_an_approval_by_email_makes_nobody_known_and_takes_no_failure_away() {
    let mut world = World::new();
    world.with_all_channels();
    let start = Start { customer: Some("c_77".to_owned()), ..by(&mut world, Channel::Email) };
    let id = world.start(start);
    world.miss(id).unwrap();
    world.approve(id);
    assert!(world.record.known_customers.is_empty());
    assert_eq!((world.record.first_approved_at, world.record.last_approved_at), (None, None));
    assert_eq!(world.record.stranger_failures.consecutive, 1);
}

#[test]
fn an_email_address_is_sealed_for_its_verification_and_erased_when_that_ends() {
    let mut world = World::new();
    world.with_all_channels();
    let start = by(&mut world, Channel::Email);
    let id = world.start(start);
    let sealed = world.shelf[&id].email.clone().unwrap();
    let place = |verification| Place { app: world.app, verification };
    assert_eq!(world.keyring.open_email(place(id), &sealed).unwrap().expose(), ADDRESS);
    assert!(!serde_json::to_string(&world.shelf[&id]).unwrap().contains("ada"));
    let other = countersign_core::id::VerificationId::from_bytes([9; 16]);
    assert!(world.keyring.open_email(place(other), &sealed).is_err());
    world.cancel(id);
    assert_eq!(world.shelf[&id].email, None);
}

#[test]
fn a_code_on_its_way_never_goes_to_an_address_that_came_later() {
    let mut world = World::new();
    world.with_all_channels();
    let id = world.start_login();
    world.wait_s(30);
    let missing = Refusal::ChannelRefused(Channel::Email, ChannelProblem::NoAddress);
    assert_eq!(world.resend_by(id, Channel::Email), Err(missing));
    let without = Start { channel: Channel::Email, ..world.login() };
    assert_eq!(world.try_start(without), Err(missing));
    let start = by(&mut world, Channel::Email);
    let added = world.start(start);
    assert_eq!(world.status(id), Status::Canceled, "its code is void");
    world.wait_s(30);
    let start = by(&mut world, Channel::Email);
    assert_eq!(world.try_start(start), Ok(Started::Found(added)));
    world.wait_s(45);
    let other = Some("eve@shop.example".parse().unwrap());
    let start = Start { email: other, ..by(&mut world, Channel::Email) };
    assert!(matches!(world.try_start(start), Ok(Started::Created(_))));
}

#[test]
fn a_failed_receipt_repeats_the_channel_of_the_last_message_and_heeds_no_older_one() {
    let mut world = World::new();
    world.with_all_channels();
    let id = world.start_login();
    world.wait_s(30);
    world.resend_by(id, Channel::WhatsApp).unwrap();
    let fail = |world: &mut World, which: usize| {
        let delivery = world.sent[which].id;
        world.apply(&Command::Receipt(Receipt {
            verification: id,
            delivery,
            provider: "carrier".to_owned(),
            status: ReceiptStatus::Failed,
            on_failure: OnFailure::SendAgain,
        }));
    };
    fail(&mut world, 0);
    assert_eq!(world.sent.len(), 2, "what is on its way by WhatsApp may yet arrive");
    fail(&mut world, 1);
    assert_eq!(world.sent_by(), [Channel::Sms, Channel::WhatsApp, Channel::WhatsApp]);
}

#[test]
fn n7_the_notice_of_a_changed_number_goes_by_sms_whatever_carried_the_code() {
    let mut world = World::new();
    world.with_all_channels();
    let start = Start {
        purpose: Purpose::AccountChange,
        channel: Channel::Telegram,
        customer: Some("c_77".to_owned()),
        ..world.login()
    };
    let id = world.start(start);
    world.approve(id);
    let replacement = Some(world.replacement(OTHER_PHONE, "c_77"));
    let redeem = countersign_core::step::Redeem { replacement, ..world.redeem_of(id) };
    assert_eq!(world.redeem(redeem), RedeemOutcome::Redeemed);
    assert_eq!(world.sent_by(), [Channel::Telegram, Channel::Sms]);
}
