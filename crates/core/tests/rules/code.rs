//! The code: what it depends on, and that nothing else gives it away.

use std::collections::BTreeSet;

use countersign_core::code::{Alphabet, Code, CodeFormat, Guess, ShortCodes};
use countersign_core::id::VerificationId;
use countersign_core::keyring::{CodeInput, Epoch, KeyError, KeyName, Keyring, Place, Ring};
use countersign_core::phone::E164;
use countersign_core::purpose::Purpose;
use countersign_core::transaction::Transaction;
use proptest::prelude::*;

use crate::world::{OTHER_PHONE, PHONE, app, key, keyring, payment, phone};

fn format(length: u8, alphabet: Alphabet) -> CodeFormat {
    CodeFormat::new(length, alphabet, ShortCodes::AllowBelowNist).unwrap()
}

fn base(phone: &E164) -> CodeInput<'_> {
    CodeInput {
        app: app(0xA1),
        verification: VerificationId::from_bytes([7; 16]),
        nonce: &[9; 16],
        phone,
        purpose: &Purpose::Login,
        transaction: Transaction::default().digest(app(0xA1), &Purpose::Login),
        epoch: Epoch(1),
        generation: 0,
    }
}

fn derive(keys: &Keyring, input: &CodeInput<'_>, format: CodeFormat) -> String {
    keys.code(&KeyName("code-1".to_owned()), input, format).unwrap().expose().to_owned()
}

/// Computed apart from this code, with another language's HMAC.
#[test]
fn codes_are_those_of_an_independent_computation() {
    let (keys, phone) = (keyring(1), phone(PHONE));
    for (generation, length, alphabet, code) in [
        (0, 6, Alphabet::Numeric, "907491"),
        (0, 10, Alphabet::Numeric, "5362907491"),
        (0, 8, Alphabet::Alphanumeric, "KDX7AXH3"),
        (1, 6, Alphabet::Numeric, "603349"),
        (1, 10, Alphabet::Numeric, "3825603349"),
        (1, 8, Alphabet::Alphanumeric, "Y696MC3G"),
    ] {
        let input = CodeInput { generation, ..base(&phone) };
        assert_eq!(derive(&keys, &input, format(length, alphabet)), code);
    }
}

#[test]
fn p7_i6_every_part_of_what_it_is_bound_to_changes_the_code() {
    let (keys, mine, other) = (keyring(1), phone(PHONE), phone(OTHER_PHONE));
    let digest = payment("49.90").digest(app(0xA1), &Purpose::Login);
    let inputs = [
        base(&mine),
        CodeInput { app: app(0xA2), ..base(&mine) },
        CodeInput { verification: VerificationId::from_bytes([8; 16]), ..base(&mine) },
        CodeInput { nonce: &[10; 16], ..base(&mine) },
        base(&other),
        CodeInput { purpose: &Purpose::Payment, ..base(&mine) },
        CodeInput { transaction: digest, ..base(&mine) },
        CodeInput { epoch: Epoch(2), ..base(&mine) },
        CodeInput { generation: 1, ..base(&mine) },
    ];
    let long = format(10, Alphabet::Numeric);
    let mut codes: BTreeSet<String> = inputs.iter().map(|input| derive(&keys, input, long)).collect();
    codes.insert(derive(&keyring(2), &base(&mine), long));
    assert_eq!(codes.len(), inputs.len() + 1);
}

#[test]
fn a_retired_key_still_derives_and_a_lost_one_says_so() {
    let phone = phone(PHONE);
    let before = keyring(1);
    let mut after = keyring(1);
    after.code = Ring::new(key("code-2", 99), vec![key("code-1", 17)]);
    let six = CodeFormat::DEFAULT;
    assert_eq!(derive(&after, &base(&phone), six), derive(&before, &base(&phone), six));
    let lost = KeyName("code-0".to_owned());
    assert_eq!(after.code(&lost, &base(&phone), six).err(), Some(KeyError::Missing(lost)));
}

#[test]
fn every_format_has_its_length_and_its_characters_only() {
    for alphabet in [Alphabet::Numeric, Alphabet::Alphanumeric] {
        for length in 4..=10 {
            for bits in [0, 1, u128::MAX, u128::MAX / 3] {
                let code = Code::from_bits(bits, format(length, alphabet));
                assert_eq!(code.expose().len(), usize::from(length));
                assert!(code.expose().bytes().all(|b| alphabet.characters().contains(&b)));
            }
        }
    }
}

#[test]
fn leading_zeros_are_part_of_the_code() {
    let code = Code::from_bits(42, CodeFormat::DEFAULT);
    assert_eq!(code.expose(), "000042");
    assert!(code.matches(&Guess::parse("000042").unwrap()));
    assert!(!code.matches(&Guess::parse("42").unwrap()));
}

#[test]
fn o3_every_value_of_the_space_is_a_code_of_its_own() {
    for (format, size) in
        [(format(4, Alphabet::Numeric), 10_u128.pow(4)), (format(4, Alphabet::Alphanumeric), 23_u128.pow(4))]
    {
        let codes: BTreeSet<String> =
            (0..size).map(|bits| Code::from_bits(bits, format).expose().to_owned()).collect();
        assert_eq!(codes.len() as u128, size);
    }
}

#[test]
fn a_sealed_phone_opens_only_where_it_was_sealed() {
    let (keys, phone) = (keyring(1), phone(PHONE));
    let place = Place { app: app(1), verification: VerificationId::from_bytes([1; 16]) };
    let sealed = keys.seal_phone(place, &phone, [5; 24]);
    assert!(keys.open_phone(place, &sealed) == Ok(phone));
    let elsewhere = [
        Place { app: app(2), ..place },
        Place { verification: VerificationId::from_bytes([2; 16]), ..place },
    ];
    for place in elsewhere {
        assert_eq!(keys.open_phone(place, &sealed).err(), Some(KeyError::Unsealing));
    }
    assert_eq!(keyring(2).open_phone(place, &sealed).err(), Some(KeyError::Unsealing));
    for at in 0..sealed.ciphertext.len() {
        let mut flipped = sealed.clone();
        flipped.ciphertext[at] ^= 1;
        assert_eq!(keys.open_phone(place, &flipped).err(), Some(KeyError::Unsealing));
    }
    let mut renamed = sealed.clone();
    renamed.nonce[0] ^= 1;
    assert_eq!(keys.open_phone(place, &renamed).err(), Some(KeyError::Unsealing));
    renamed = sealed;
    renamed.key = KeyName("phone-0".to_owned());
    assert_eq!(
        keys.open_phone(place, &renamed).err(),
        Some(KeyError::Missing(KeyName("phone-0".to_owned())))
    );
}

#[test]
fn two_rings_have_one_fingerprint_only_if_they_hold_the_same_keys() {
    let base = keyring(1).fingerprint();
    assert_eq!(base, keyring(1).fingerprint());
    let other = keyring(2).fingerprint();
    assert!(base.iter().zip(&other).all(|(one, two)| one.print != two.print));
    let secrets: BTreeSet<&str> = base.iter().map(|print| print.print.as_str()).collect();
    assert_eq!(secrets.len(), base.len());
    // The same secret under two uses has two prints.
    let mut same = keyring(1);
    same.phone = Ring::new(key("phone-1", 17), Vec::new());
    let prints = same.fingerprint();
    assert_ne!(prints[0].print, prints[1].print);
}

proptest! {
    #[test]
    fn a_guess_is_right_only_if_it_is_the_code(bits: u128, typed in "[0-9]{6}") {
        let code = Code::from_bits(bits, CodeFormat::DEFAULT);
        prop_assert_eq!(code.matches(&Guess::parse(&typed).unwrap()), code.expose() == typed);
        prop_assert!(code.matches(&Guess::parse(code.expose()).unwrap()));
    }

    #[test]
    fn reading_a_guess_never_panics(typed: String) {
        let _ = Guess::parse(&typed);
    }
}
