//! Somebody with a copy of the database, a computer, and a list of numbers that may be in it.
//!
//! Where a salt of its own stands beside a value, the attacker is even told the right number or code
//! and only has to recognise it: who cannot do that cannot find it by trying all of them either.

use countersign_core::id::AppId;
use countersign_core::keyring::{
    CodeInput, Epoch, KeyName, Keyring, Place, ProofRing, Ring, RingKey, Secret,
};
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::{CodeMaterial, State, Verification};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};

use crate::leak::Leak;

/// One verification and the truth about it.
pub(crate) struct Truth {
    pub(crate) app: AppId,
    pub(crate) verification: Verification,
    /// The values of its row.
    pub(crate) parts: Vec<Vec<u8>>,
    pub(crate) phone: E164,
    pub(crate) code: String,
}

/// How a number may have been written before it was hashed.
fn spellings(phone: &E164) -> Vec<Vec<u8>> {
    let e164 = phone.expose();
    let digits = &e164[1..];
    let number: u64 = digits.parse().unwrap();
    let national = format!("0{}", &digits[2..]);
    vec![
        e164.as_bytes().to_vec(),
        digits.as_bytes().to_vec(),
        national.into_bytes(),
        number.to_be_bytes().to_vec(),
        number.to_le_bytes().to_vec(),
    ]
}

/// Every usual way to hash a value with a salt.
fn digests(value: &[u8], salt: &[u8]) -> Vec<Vec<u8>> {
    let hmac = |key: &[u8], parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    };
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    vec![
        Sha256::new().chain_update(salt).chain_update(value).finalize().to_vec(),
        Sha256::new().chain_update(value).chain_update(salt).finalize().to_vec(),
        Sha512::new().chain_update(salt).chain_update(value).finalize().to_vec(),
        Sha256::digest(Sha256::new().chain_update(salt).chain_update(value).finalize()).to_vec(),
        hmac(salt, &[value]),
        hmac(salt, &[&length, value]),
        hmac(value, &[salt]),
    ]
}

fn is_recognised(leak: &Leak, value: &[u8], salts: &[Vec<u8>]) -> bool {
    salts.iter().any(|salt| digests(value, salt).iter().any(|digest| leak.knows(digest)))
}

/// The salts that every row may share, none among them.
fn common_salts(leak: &Leak) -> Vec<Vec<u8>> {
    std::iter::once(Vec::new()).chain(leak.common.iter().cloned()).collect()
}

/// Numbers of the list that are recognised in the leak, by nothing but the leak.
pub(crate) fn numbers_by_trying(leak: &Leak, list: &[E164]) -> Vec<String> {
    let salts = common_salts(leak);
    let keyrings = guessable_keyrings(leak, &[]);
    let is_in_it = |phone: &&E164| {
        let in_clear = spellings(phone).iter().any(|spelling| leak.contains(spelling));
        let hashed = spellings(phone).iter().any(|spelling| is_recognised(leak, spelling, &salts));
        in_clear || hashed || keyrings.iter().any(|keyring| is_indexed(leak, keyring, phone))
    };
    list.iter().filter(is_in_it).map(|phone| phone.expose().to_owned()).collect()
}

/// Numbers that open, or are recognised by somebody who knows them, with what stands in their rows.
pub(crate) fn numbers_by_row(leak: &Leak, truths: &[Truth]) -> usize {
    let keyrings = guessable_keyrings(leak, truths);
    let opens = |truth: &Truth| {
        let place = Place { app: truth.app, verification: truth.verification.id };
        keyrings.iter().any(|keyring| keyring.open_phone(place, &truth.verification.phone).is_ok())
    };
    let is_known = |truth: &Truth| {
        spellings(&truth.phone).iter().any(|spelling| is_recognised(leak, spelling, &truth.parts))
    };
    truths.iter().filter(|truth| opens(truth) || is_known(truth)).count()
}

/// Codes that can be derived, or are recognised by somebody who knows them.
pub(crate) fn codes(leak: &Leak, truths: &[Truth]) -> usize {
    let common = common_salts(leak);
    let keyrings = guessable_keyrings(leak, truths);
    let is_recovered = |truth: &&Truth| {
        let code = truth.code.as_bytes();
        leak.contains(code)
            || is_recognised(leak, code, &common)
            || is_recognised(leak, code, &truth.parts)
            || keyrings.iter().any(|keyring| derive(keyring, truth).as_deref() == Some(truth.code.as_str()))
    };
    truths.iter().filter(is_recovered).count()
}

/// What the product itself derives, with these keys.
pub(crate) fn derive(keyring: &Keyring, truth: &Truth) -> Option<String> {
    let verification = &truth.verification;
    let State::Pending { code: CodeMaterial::Derived { key, nonce, generation } } = &verification.state
    else {
        return None;
    };
    let input = CodeInput {
        app: truth.app,
        verification: verification.id,
        nonce,
        phone: &truth.phone,
        purpose: &verification.purpose,
        transaction: verification.digest,
        epoch: verification.epoch,
        generation: *generation,
    };
    Some(keyring.code(key, &input, verification.format).ok()?.expose().to_owned())
}

fn is_indexed(leak: &Leak, keyring: &Keyring, phone: &E164) -> bool {
    let apps = leak.verifications.first().map(|(app, _)| AppId::from_bytes(*app));
    apps.is_some_and(|app| leak.knows(&keyring.subject_key(app, Mode::Live, phone).0))
}

/// The product's own algorithms under keys that somebody may guess: empty ones, and what stands in
/// the database.
fn guessable_keyrings(leak: &Leak, truths: &[Truth]) -> Vec<Keyring> {
    let mut secrets = vec![[0; 32], [0xff; 32]];
    for value in &leak.common {
        secrets.push(Sha256::digest(value).into());
        let mut padded = [0; 32];
        padded[..value.len()].copy_from_slice(value);
        secrets.push(padded);
    }
    let first = truths.first().map(|truth| &truth.verification);
    let sealing =
        first.map_or_else(|| KeyName("phone".to_owned()), |verification| verification.phone.key.clone());
    let deriving = match first.map(|verification| &verification.state) {
        Some(State::Pending { code: CodeMaterial::Derived { key, .. } }) => key.clone(),
        _ => KeyName("code".to_owned()),
    };
    secrets.into_iter().map(|secret| keyring(secret, &deriving, &sealing)).collect()
}

fn keyring(secret: [u8; 32], deriving: &KeyName, sealing: &KeyName) -> Keyring {
    let key = |name: &KeyName| RingKey {
        name: name.clone(),
        secret: Secret::from_bytes(secret),
        created_at: Timestamp::EPOCH,
    };
    Keyring {
        code: Ring::new(key(deriving), Vec::new()),
        phone: Ring::new(key(sealing), Vec::new()),
        index: Secret::from_bytes(secret),
        tag: Secret::from_bytes(secret),
        proof: ProofRing { current: Ring::new(key(deriving), Vec::new()), next: key(sealing) },
        epoch: Epoch(1),
    }
}

/// The attack finds what is to be found: else its finding nothing would mean nothing.
pub(crate) fn assert_the_attack_works(leak: &Leak, truths: &[Truth], list: &[E164]) {
    let recovered = |plant: &dyn Fn(&Truth) -> Vec<u8>| {
        let mut weak = leak.clone();
        truths.iter().take(3).for_each(|truth| weak.add(plant(truth)));
        (numbers_by_trying(&weak, list).len(), numbers_by_row(&weak, truths), codes(&weak, truths))
    };
    let app = truths[0].app;
    let e164 = |truth: &Truth| truth.phone.expose().as_bytes().to_vec();
    assert_eq!(recovered(&|truth| e164(truth)), (3, 0, 0), "in clear");
    assert_eq!(recovered(&|truth| Sha256::digest(e164(truth)).to_vec()).0, 3, "hashed");
    assert_eq!(recovered(&|truth| Sha512::digest(&e164(truth)[1..])[..16].to_vec()).0, 3, "a shortened hash");
    assert_eq!(
        recovered(&|truth| digests(&e164(truth), app.as_bytes())[4].clone()).0,
        3,
        "keyed with the app"
    );
    let indexed_with_nothing = |truth: &Truth| {
        let keyring = keyring([0; 32], &KeyName("a".to_owned()), &KeyName("b".to_owned()));
        keyring.subject_key(app, Mode::Live, &truth.phone).0.to_vec()
    };
    assert_eq!(recovered(&indexed_with_nothing).0, 3, "indexed under an empty key");
    let salted = |value: &dyn Fn(&Truth) -> Vec<u8>, truth: &Truth| {
        let salt = truth.parts.iter().find(|part| part.len() == 24).unwrap();
        digests(&value(truth), salt)[0].clone()
    };
    assert_eq!(recovered(&|truth| salted(&e164, truth)).1, 3, "salted with the row's nonce");
    let code = |truth: &Truth| truth.code.clone().into_bytes();
    assert_eq!(recovered(&|truth| code(truth)).2, 3, "a code in clear");
    assert_eq!(recovered(&|truth| salted(&code, truth)).2, 3, "a salted code");
}
