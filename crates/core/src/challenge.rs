//! What a customer's browser solves before its first message is sent.
//!
//! The proof of work is a price and no test for humans: 2 s of a phone's time for each message make a million of them
//! some 23 days (fraud.md B.2). It is memory-hard, asks nobody to read or hear anything (WCAG 2.2 SC 3.3.8) and no
//! third party.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::guard::KeyId;

use crate::id::{AppId, VerificationId};
use crate::keyring::Keyring;
use crate::time::Timestamp;

/// scrypt's cost N (RFC 7914 §2): with [`BLOCK_SIZE`] a try takes 1 MiB, which a phone has and a cheap circuit has not.
pub const COST: u32 = 1 << COST_LOG2;
const COST_LOG2: u8 = 10;
/// scrypt's block size r.
pub const BLOCK_SIZE: u32 = 8;
/// scrypt's parallelisation p.
pub const PARALLELISATION: u32 = 1;
/// The bytes of a try's hash.
const HASH_BYTES: usize = 32;
/// Zero bits that are asked for unless the policy says otherwise: 128 tries on average.
pub const DEFAULT_ZERO_BITS: u8 = 7;
/// The most zero bits that a policy may ask for: beyond, phones take minutes.
pub const MAX_ZERO_BITS: u8 = 12;
/// Wrong solutions after which a verification is denied.
pub const MAX_WRONG_SOLUTIONS: u8 = 5;
/// The most bytes of a solution: a vendor's token. Turnstile documents 2,048 characters, hCaptcha no number.
pub const MAX_SOLUTION_BYTES: usize = 8192;
/// The most bytes of the solution of a proof of work.
pub const MAX_WORK_BYTES: usize = 64;

const SALT: &str = "challenge/salt";

/// What is to be solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChallengeKind {
    /// A text whose scrypt hash begins with so many zero bits.
    ProofOfWork {
        /// How many.
        zero_bits: u8,
    },
    /// A token of Cloudflare Turnstile.
    Turnstile,
    /// A token of hCaptcha.
    Hcaptcha,
}

impl ChallengeKind {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            ChallengeKind::ProofOfWork { .. } => "proof_of_work",
            ChallengeKind::Turnstile => "turnstile",
            ChallengeKind::Hcaptcha => "hcaptcha",
        }
    }
}

/// A challenge that nobody has solved yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChallenge {
    /// What is to be solved.
    pub kind: ChallengeKind,
    /// Wrong solutions so far.
    pub wrong: u8,
    /// Where it was started from, as the guard names addresses and their networks: what is solved counts there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<(KeyId, KeyId)>,
}

/// What a start that has to be solved first was answered with, for its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengedAnswer {
    /// What is to be solved.
    pub kind: ChallengeKind,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it could be solved no more.
    pub expires_at: Timestamp,
    /// Guesses that it had.
    pub attempts_remaining: u8,
}

/// The salt of a proof of work: the verification's id and 128 bits that nobody knows before its start, so that a
/// solution is good for one verification and cannot be prepared. The same each time; stored nowhere.
pub fn salt(keyring: &Keyring, app: AppId, verification: VerificationId) -> String {
    let secret = keyring.tag(SALT, app, verification.as_bytes()).0;
    URL_SAFE_NO_PAD.encode([verification.as_bytes().as_slice(), &secret].concat())
}

/// Whether a solution's hash begins with enough zero bits: one evaluation of scrypt, some milliseconds and 1 MiB.
/// `salt` is hashed as the text that it is.
pub fn is_work_done(solution: &str, salt: &str, zero_bits: u8) -> bool {
    let plain =
        (1..=MAX_WORK_BYTES).contains(&solution.len()) && solution.bytes().all(|b| b.is_ascii_graphic());
    if !plain {
        return false;
    }
    let mut hash = [0; HASH_BYTES];
    // The parameters are constants that scrypt allows; if it did not, nothing would be solved.
    let hashed = scrypt::Params::new(COST_LOG2, BLOCK_SIZE, PARALLELISATION)
        .is_ok_and(|params| scrypt::scrypt(solution.as_bytes(), salt.as_bytes(), &params, &mut hash).is_ok());
    hashed && leading_zero_bits(&hash) >= u32::from(zero_bits)
}

fn leading_zero_bits(hash: &[u8]) -> u32 {
    let zero = hash.iter().take_while(|byte| **byte == 0).count();
    let rest = hash.get(zero).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(zero).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(salt: &str, zero_bits: u8) -> String {
        (0..100_000_u32).map(|n| n.to_string()).find(|text| is_work_done(text, salt, zero_bits)).unwrap()
    }

    #[test]
    fn zero_bits_are_counted_from_the_first() {
        for (hash, zeros) in [([0x80, 0], 0), ([0x01, 0xff], 7), ([0, 0x40], 9), ([0, 0], 16)] {
            assert_eq!(leading_zero_bits(&hash), zeros);
        }
    }

    #[test]
    fn a_solution_is_good_for_its_own_salt_alone() {
        let solution = solve("one", 4);
        assert!(is_work_done(&solution, "one", 4));
        // One in sixteen salts would take it too; of forty not all.
        let others = (0..40).filter(|n| is_work_done(&solution, &format!("other {n}"), 4)).count();
        assert!(others < 20, "{others}");
    }

    #[test]
    fn what_is_no_short_printable_text_is_not_hashed() {
        for wrong in ["", "a b", "\u{e4}", &"1".repeat(65)] {
            assert!(!is_work_done(wrong, "salt", 0), "{wrong:?}");
        }
        assert!(is_work_done(&"1".repeat(64), "salt", 0));
    }

    #[test]
    fn the_hash_is_the_one_of_the_standard() {
        // By OpenSSL's scrypt, N = 1024, r = 8, p = 1: the hashes of "20", "11" and "0" begin with 00bf, 03c2 and 1527.
        for (solution, zero_bits) in [("20", 8), ("11", 6), ("0", 3)] {
            assert!(is_work_done(solution, "salt", zero_bits), "{solution}");
            assert!(!is_work_done(solution, "salt", zero_bits + 1), "{solution}");
        }
    }
}
