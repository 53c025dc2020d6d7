//! HMAC (RFC 2104) under the hash that a vendor chose, and comparison in constant time.

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

pub use crate::declared::schema::HashName;

/// The MAC of a text.
pub fn mac(hash: HashName, key: &[u8], text: &[u8]) -> Vec<u8> {
    macro_rules! over {
        ($hash:ty) => {
            // A key of any length is a key (RFC 2104 §2); an error cannot come.
            Hmac::<$hash>::new_from_slice(key).map(|mut mac| {
                mac.update(text);
                mac.finalize().into_bytes().to_vec()
            })
        };
    }
    match hash {
        HashName::Md5 => over!(Md5),
        HashName::Sha1 => over!(Sha1),
        HashName::Sha256 => over!(Sha256),
        HashName::Sha384 => over!(Sha384),
        HashName::Sha512 => over!(Sha512),
    }
    .unwrap_or_default()
}

/// Whether a MAC belongs to a text. The time taken says nothing about where they differ.
pub(crate) fn fits(hash: HashName, key: &[u8], text: &[u8], given: &[u8]) -> bool {
    let right = mac(hash, key, text);
    !right.is_empty() && bool::from(right.as_slice().ct_eq(given))
}

/// Whether two credentials are the same; of their lengths the time says nothing either.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    bool::from(Sha256::digest(one).as_slice().ct_eq(Sha256::digest(other).as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declared::hex;

    /// RFC 2202 §2 and §3, RFC 4231 §4.3: test case 2 of each.
    #[test]
    fn macs_are_those_of_the_rfcs() {
        for (hash, expected) in [
            (HashName::Md5, "750c783e6ab0b503eaa86e310a5db738"),
            (HashName::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (HashName::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                HashName::Sha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                HashName::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let text = b"what do ya want for nothing?";
            let found = mac(hash, b"Jefe", text);
            assert_eq!(hex::encode(&found), expected);
            assert!(fits(hash, b"Jefe", text, &found));
            assert!(!fits(hash, b"Jefe", text, &found[1..]));
            assert!(!fits(hash, b"jefe", text, &found));
        }
    }
}
