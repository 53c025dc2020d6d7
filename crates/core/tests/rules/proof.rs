//! The proof: what it says, who believes it and until when.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::keyring::{Epoch, KeyName, Keyring, Ring};
use countersign_core::proof::{Claims, Jwks, MAX_PROOF_BYTES, ProofError, SessionHash};
use countersign_core::purpose::Purpose;
use countersign_core::step::Start;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use ed25519_dalek::Signer as _;
use serde_json::{Value, json};

use crate::world::{World, app, key, keyring, payment, session};

const ISSUER: &str = "https://verify.shop.example";

struct Proved {
    world: World,
    claims: Claims,
    key: KeyName,
    proof: String,
}

/// An approved payment and its proof.
fn proved() -> Proved {
    let mut world = World::new();
    world.wait_ms(700);
    let start = Start { customer: Some("c_77".to_owned()), ..world.payment() };
    let id = world.start(start);
    world.wait_ms(5_250);
    world.approve(id);
    let (claims, key) = Claims::of(&world.shelf[&id], world.app, &world.phone, ISSUER).unwrap();
    let proof = claims.sign(&world.keyring, &key).unwrap();
    Proved { world, claims, key, proof }
}

impl Proved {
    fn verify(&self, proof: &str) -> Result<Claims, ProofError> {
        Claims::verify(proof, &Jwks::of(&self.world.keyring), self.world.app, self.world.clock)
    }
}

fn decoded(proof: &str, part: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(proof.split('.').nth(part).unwrap()).unwrap()).unwrap()
}

fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token signed with the current proof key, whatever it says.
fn forged(keys: &Keyring, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let (_, signing_key) = keys.proof_keys().next().unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signing_key.sign(signed.as_bytes()).to_bytes()))
}

#[test]
fn r6_r7_n11_a_proof_says_what_was_proved_and_no_more() {
    let Proved { world, claims, proof, .. } = proved();
    assert_eq!(decoded(&proof, 0), json!({"alg": "EdDSA", "typ": "countersign-proof+jwt", "kid": "proof-1"}));
    let approved_at = world.clock.as_seconds();
    assert_eq!(
        decoded(&proof, 1),
        json!({
            "iss": ISSUER,
            "aud": world.app.to_string(),
            "jti": claims.jti.to_string(),
            "sub": "c_77",
            "iat": approved_at,
            "exp": approved_at + 300,
            "phone": world.phone.expose(),
            "purpose": "payment",
            "sid": SessionHash::of("mine").to_string(),
            "txn": payment("49.90").digest(world.app, &Purpose::Payment).to_string(),
            "epoch": 1,
            "amr": ["sms", "otp"],
            "assurance": "possession",
            "mode": "live",
        })
    );
}

#[test]
fn a_proof_is_believed_and_is_the_same_every_time() {
    let proved = proved();
    assert!(proved.verify(&proved.proof) == Ok(proved.claims.clone()));
    assert_eq!(proved.claims.sign(&proved.world.keyring, &proved.key).unwrap(), proved.proof);
    assert!(proved.proof.len() < MAX_PROOF_BYTES / 2);
}

#[test]
fn only_an_approved_verification_has_a_proof() {
    let mut world = World::new();
    let id = world.start_login();
    let claims = |world: &World| Claims::of(&world.shelf[&id], world.app, &world.phone, ISSUER).is_some();
    assert!(!claims(&world));
    world.approve(id);
    assert!(claims(&world));
    world.report(id);
    assert!(!claims(&world));
}

#[test]
fn i7_a_proof_is_refused_from_its_expiry_second_on() {
    let proved = proved();
    let keys = Jwks::of(&proved.world.keyring);
    let exp = proved.claims.exp;
    for (at_ms, expected) in [
        (exp * 1000 - 1, None),
        (exp * 1000, Some(ProofError::Expired(exp))),
        (exp * 1000 + 1, Some(ProofError::Expired(exp))),
        (i64::MAX, Some(ProofError::Expired(exp))),
    ] {
        let verified = Claims::verify(&proved.proof, &keys, proved.world.app, Timestamp::from_millis(at_ms));
        assert_eq!(verified.err(), expected, "at {at_ms}");
    }
}

#[test]
fn i7_a_proof_never_outlives_what_redeem_allows() {
    let proved = proved();
    // Offline the second decides, at redeem the millisecond: offline is never later.
    let approved_at = proved.world.clock;
    assert!(proved.claims.exp * 1000 <= approved_at.as_millis() + 300_000);
    assert!(proved.claims.exp * 1000 > approved_at.as_millis() + 299_000);
}

#[test]
fn i6_another_app_does_not_believe_it() {
    let proved = proved();
    let keys = Jwks::of(&proved.world.keyring);
    let verified = Claims::verify(&proved.proof, &keys, app(0xA2), proved.world.clock);
    assert_eq!(verified.err(), Some(ProofError::WrongAudience));
}

#[test]
fn flipping_any_byte_in_any_bit_breaks_it() {
    let proved = proved();
    let keys = Jwks::of(&proved.world.keyring);
    for at in 0..proved.proof.len() {
        for bit in 0..7 {
            let mut bytes = proved.proof.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let flipped = String::from_utf8(bytes).unwrap();
            assert!(Claims::verify_signature(&flipped, &keys).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn cutting_or_adding_anything_breaks_it() {
    let proved = proved();
    let proof = &proved.proof;
    for at in 0..proof.len() {
        assert!(proved.verify(&proof[..at]).is_err());
    }
    for longer in [
        format!("{proof}A"),
        format!("{proof}="),
        format!("{proof}."),
        format!("{proof} "),
        format!(".{proof}"),
    ] {
        assert!(proved.verify(&longer).is_err(), "{longer}");
    }
    assert_eq!(proved.verify(&"a".repeat(MAX_PROOF_BYTES + 1)).err(), Some(ProofError::Malformed));
}

#[test]
fn r7_o14_a_header_of_another_kind_is_refused_even_with_a_good_signature() {
    let proved = proved();
    let claims = decoded(&proved.proof, 1);
    let good = json!({"alg": "EdDSA", "typ": "countersign-proof+jwt", "kid": "proof-1"});
    let keys = &proved.world.keyring;
    assert!(proved.verify(&forged(keys, &good, &claims)).is_ok(), "the forger's own tool works");
    for (field, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("alg", json!("eddsa")),
        ("alg", json!("EdDSA ")),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!("countersign-proof+JWT")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
    ] {
        let mut header = good.clone();
        header[field] = value.clone();
        let token = forged(keys, &header, &claims);
        assert_eq!(proved.verify(&token).err(), Some(ProofError::Malformed), "{field} {value}");
    }
    for field in ["alg", "typ", "kid"] {
        let mut header = good.clone();
        header.as_object_mut().unwrap().remove(field);
        assert_eq!(proved.verify(&forged(keys, &header, &claims)).err(), Some(ProofError::Malformed));
    }
}

#[test]
fn r7_no_signature_and_a_signature_with_the_public_key_are_refused() {
    use hmac::{KeyInit as _, Mac as _};
    let proved = proved();
    let claims = decoded(&proved.proof, 1);
    for typ in ["countersign-proof+jwt", "JWT"] {
        let header = json!({"alg": "none", "typ": typ, "kid": "proof-1"});
        let unsigned = format!("{}.{}.", encoded(&header), encoded(&claims));
        assert_eq!(proved.verify(&unsigned).err(), Some(ProofError::Malformed));
    }
    // The classic confusion: the public key, used as a shared secret.
    let public = URL_SAFE_NO_PAD.decode(&Jwks::of(&proved.world.keyring).keys[0].x).unwrap();
    for alg in ["HS256", "EdDSA"] {
        let header = json!({"alg": alg, "typ": "countersign-proof+jwt", "kid": "proof-1"});
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&public).unwrap();
        mac.update(signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        assert_eq!(proved.verify(&token).err(), Some(ProofError::Malformed), "{alg}");
    }
}

#[test]
fn a_key_that_the_token_brings_along_is_not_used() {
    let proved = proved();
    let attacker = keyring(9);
    let jwk = serde_json::to_value(&Jwks::of(&attacker).keys[0]).unwrap();
    let header = json!({
        "alg": "EdDSA", "typ": "countersign-proof+jwt", "kid": "proof-1",
        "jwk": jwk, "jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/x",
    });
    let token = forged(&attacker, &header, &decoded(&proved.proof, 1));
    assert_eq!(proved.verify(&token).err(), Some(ProofError::WrongSignature));
    let header = json!({"alg": "EdDSA", "typ": "countersign-proof+jwt", "kid": "mine"});
    let token = forged(&attacker, &header, &decoded(&proved.proof, 1));
    assert_eq!(proved.verify(&token).err(), Some(ProofError::UnknownKey(KeyName("mine".to_owned()))));
}

#[test]
fn keys_overlap_a_retired_one_still_verifies_and_the_next_one_is_published_before_it_signs() {
    let proved = proved();
    let published = Jwks::of(&proved.world.keyring);
    let names: Vec<&str> = published.keys.iter().map(|jwk| jwk.kid.0.as_str()).collect();
    assert_eq!(names, ["proof-1", "proof-2"]);

    let mut rotated = keyring(1);
    rotated.proof.current = Ring::new(rotated.proof.next.clone(), vec![key("proof-1", 21)]);
    rotated.proof.next = key("proof-3", 99);
    let keys = Jwks::of(&rotated);
    let verified = Claims::verify(&proved.proof, &keys, proved.world.app, proved.world.clock);
    assert!(verified == Ok(proved.claims.clone()), "the retired key");
    let newer = proved.claims.sign(&rotated, &KeyName("proof-2".to_owned())).unwrap();
    assert!(proved.verify(&newer).is_ok(), "a shop with yesterday's key set knows it already");

    rotated.proof.current = Ring::new(key("proof-2", 22), Vec::new());
    let verified = Claims::verify(&proved.proof, &Jwks::of(&rotated), proved.world.app, proved.world.clock);
    assert_eq!(verified.err(), Some(ProofError::UnknownKey(KeyName("proof-1".to_owned()))));
}

#[test]
fn the_key_set_holds_no_secret() {
    let keys = keyring(1);
    let published = serde_json::to_value(Jwks::of(&keys)).unwrap();
    for (jwk, (_, signing_key)) in published["keys"].as_array().unwrap().iter().zip(keys.proof_keys()) {
        let mut fields: Vec<&String> = jwk.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(
            (&jwk["kty"], &jwk["crv"], &jwk["alg"], &jwk["use"]),
            (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
        );
        assert!(!published.to_string().contains(&URL_SAFE_NO_PAD.encode(signing_key.to_bytes())));
    }
}

#[test]
fn a_test_proof_says_so() {
    let mut world = World::of("+447700900123", Mode::Test);
    let id = world.start_login();
    world.approve(id);
    let (claims, _) = Claims::of(&world.shelf[&id], world.app, &world.phone, ISSUER).unwrap();
    assert_eq!((claims.mode, claims.epoch, claims.sub), (Mode::Test, Epoch(1), None));
}

#[test]
fn the_session_itself_is_not_in_the_proof() {
    let proved = proved();
    let claims = decoded(&proved.proof, 1);
    assert_eq!(claims["sid"], json!(session("mine").unwrap().to_string()));
    assert!(!claims.to_string().contains("\"mine\""));
}
