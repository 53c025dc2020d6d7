//! The signature over what Countersign and an HTTP endpoint send each other.
//!
//! `Countersign-Signature: t=<unix seconds>,v1=<hex>`, where `v1` is HMAC-SHA-256 (RFC 2104) over
//! the digits of `t`, a full stop, and the body exactly as it is sent. While a secret is replaced,
//! there is one `v1` for each of the two; one that fits is enough.

use std::fmt;
use std::time::Duration;

use countersign_core::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "countersign-signature";

/// How far a signature's time may be from ours, either way.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// Shortest secret, in bytes: 128 bits, if they are random.
pub const MIN_SECRET_BYTES: usize = 16;

/// Longest header that is read, in bytes: room for [`MAX_CANDIDATES`] and more.
const MAX_HEADER_BYTES: usize = 512;

/// Most `v1` values that are tried.
const MAX_CANDIDATES: usize = 4;

const MAC_BYTES: usize = 32;

/// The secret shared with an endpoint, ready to sign; and the one it replaces, while both are valid.
#[derive(Clone)]
pub struct SigningKeys {
    // The state after the key block: signing starts from a copy instead of hashing the key again.
    current: Hmac<Sha256>,
    previous: Option<Hmac<Sha256>>,
}

/// A secret that is too short to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret needs at least {MIN_SECRET_BYTES} bytes; 32 random ones are right")]
pub struct WeakSecret;

/// Why a signature was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is not of the documented form.
    #[error("the Countersign-Signature header is not of the form t=<unix seconds>,v1=<64 hex digits>")]
    Malformed,
    /// None of its values belongs to this body and secret.
    #[error("the signature does not belong to this body under this secret")]
    Forged,
    /// Genuine, but from too long ago or too far ahead.
    #[error("the signature's time is more than {} s away from this server's", TOLERANCE.as_secs())]
    OutsideWindow,
}

impl SigningKeys {
    /// Keys from the secrets as the operator wrote them; their bytes are the key. `previous` is
    /// still signed with and still accepted.
    pub fn new(current: &[u8], previous: Option<&[u8]>) -> Result<Self, WeakSecret> {
        Ok(SigningKeys { current: mac(current)?, previous: previous.map(mac).transpose()? })
    }

    /// The header's value for a body sent at `now`.
    pub fn sign(&self, body: &[u8], now: Timestamp) -> String {
        let time = now.as_seconds().to_string();
        let mut header = String::with_capacity(2 + time.len() + 2 * (4 + 2 * MAC_BYTES));
        header.push_str("t=");
        header.push_str(&time);
        for key in self.each() {
            header.push_str(",v1=");
            push_hex(&mut header, &over(key, &time, body).finalize().into_bytes());
        }
        header
    }

    /// Whether a header belongs to this body, and is of now (within [`TOLERANCE`]). Values are
    /// compared in constant time.
    pub fn verify(&self, header: &[u8], body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
        let claim = Claim::parse(header).ok_or(SignatureError::Malformed)?;
        let genuine = self.each().any(|key| {
            let mac = over(key, claim.time, body);
            claim.macs.iter().flatten().any(|given| mac.clone().verify_slice(given).is_ok())
        });
        if !genuine {
            return Err(SignatureError::Forged);
        }
        // Only now: the time is known to be the sender's own word.
        let seconds: i64 = claim.time.parse().map_err(|_| SignatureError::Malformed)?;
        if now.as_seconds().abs_diff(seconds) > TOLERANCE.as_secs() {
            return Err(SignatureError::OutsideWindow);
        }
        Ok(())
    }

    fn each(&self) -> impl Iterator<Item = &Hmac<Sha256>> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(secret)")
    }
}

fn mac(secret: &[u8]) -> Result<Hmac<Sha256>, WeakSecret> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(WeakSecret);
    }
    Hmac::new_from_slice(secret).map_err(|_| WeakSecret)
}

fn over(key: &Hmac<Sha256>, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// What a header says, before it is believed.
struct Claim<'a> {
    time: &'a str,
    macs: [Option<[u8; MAC_BYTES]>; MAX_CANDIDATES],
}

impl<'a> Claim<'a> {
    fn parse(header: &'a [u8]) -> Option<Self> {
        if header.len() > MAX_HEADER_BYTES {
            return None;
        }
        let mut time = None;
        let mut macs = [None; MAX_CANDIDATES];
        let mut found = 0;
        for part in std::str::from_utf8(header).ok()?.split(',') {
            match part.trim().split_once('=')? {
                ("t", digits) if time.is_none() && is_unix_time(digits) => time = Some(digits),
                ("t", _) => return None,
                ("v1", hex) => {
                    *macs.get_mut(found)? = Some(from_hex(hex)?);
                    found += 1;
                }
                // A later scheme may stand beside this one.
                _ => {}
            }
        }
        if found == 0 { None } else { Some(Claim { time: time?, macs }) }
    }
}

/// Twelve digits last until the year 33658; a sign or a blank would be another text than was signed.
fn is_unix_time(digits: &str) -> bool {
    (1..=12).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn from_hex(text: &str) -> Option<[u8; MAC_BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * MAC_BYTES {
        return None;
    }
    let mut bytes = [0; MAC_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &[u8] = br#"{"reference":"dlv_00000000000000000000000001","status":"delivered"}"#;

    fn keys() -> SigningKeys {
        SigningKeys::new(b"whsec_0123456789abcdef", None).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_signature_is_believed_for_its_body_key_and_time_only() {
        let header = keys().sign(BODY, at(1_795_428_000));
        let verify =
            |keys: &SigningKeys, body: &[u8], seconds| keys.verify(header.as_bytes(), body, at(seconds));
        assert_eq!(verify(&keys(), BODY, 1_795_428_000), Ok(()));
        assert_eq!(verify(&keys(), &BODY[1..], 1_795_428_000), Err(SignatureError::Forged));
        let others = SigningKeys::new(b"whsec_0123456789abcdeX", None).unwrap();
        assert_eq!(verify(&others, BODY, 1_795_428_000), Err(SignatureError::Forged));
        for (away, outcome) in [(300, Ok(())), (301, Err(SignatureError::OutsideWindow))] {
            assert_eq!(verify(&keys(), BODY, 1_795_428_000 + away), outcome);
            assert_eq!(verify(&keys(), BODY, 1_795_428_000 - away), outcome);
        }
    }

    #[test]
    fn another_time_is_another_signature() {
        let header = keys().sign(BODY, at(1_795_428_000)).replace("1795428000", "1795428299");
        assert_eq!(keys().verify(header.as_bytes(), BODY, at(1_795_428_299)), Err(SignatureError::Forged));
    }

    #[test]
    fn a_secret_can_be_replaced_without_a_gap() {
        let (old, new) = (b"old_0123456789abcdef".as_slice(), b"new_0123456789abcdef".as_slice());
        let now = at(1_795_428_000);
        let both = SigningKeys::new(new, Some(old)).unwrap();
        for known in [old, new] {
            let one = SigningKeys::new(known, None).unwrap();
            assert_eq!(one.verify(both.sign(BODY, now).as_bytes(), BODY, now), Ok(()));
            assert_eq!(both.verify(one.sign(BODY, now).as_bytes(), BODY, now), Ok(()));
        }
    }

    #[test]
    fn headers_of_another_form_are_refused() {
        let good = keys().sign(BODY, at(5));
        let mac = good.split_once(",v1=").unwrap().1.to_owned();
        for header in [
            String::new(),
            "t=5".to_owned(),
            format!("v1={mac}"),
            format!("t=5,t=5,v1={mac}"),
            format!("t=+5,v1={mac}"),
            format!("t=-5,v1={mac}"),
            format!("t=5,v1={}", &mac[1..]),
            format!("t=5,v1={}g", &mac[1..]),
            format!("t=5{}", format!(",v1={mac}").repeat(5)),
            format!("t=5,v1={mac},{}", "x=".repeat(300)),
        ] {
            assert_eq!(
                keys().verify(header.as_bytes(), BODY, at(5)),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
        let with_another_scheme = format!("t=5,v0=abc, v1={}", mac.to_uppercase());
        assert_eq!(keys().verify(with_another_scheme.as_bytes(), BODY, at(5)), Ok(()));
    }

    #[test]
    fn short_secrets_are_refused_and_none_is_shown() {
        assert_eq!(SigningKeys::new(b"fifteen bytes!!", None).err(), Some(WeakSecret));
        assert_eq!(SigningKeys::new(b"sixteen bytes!!!", Some(b"")).err(), Some(WeakSecret));
        assert_eq!(format!("{:?}", keys()), "SigningKeys(secret)");
    }

    proptest! {
        #[test]
        fn garbage_is_refused_and_never_panics(header: Vec<u8>, body: Vec<u8>, now: i64) {
            prop_assert!(keys().verify(&header, &body, Timestamp::from_millis(now)).is_err());
        }

        #[test]
        fn what_looks_like_a_header_never_panics(header in "(t=[0-9]{0,14},?)?(v1=[0-9a-f]{60,66},?){0,6}", now: i64) {
            prop_assert!(keys().verify(header.as_bytes(), BODY, Timestamp::from_millis(now)).is_err());
        }
    }
}
