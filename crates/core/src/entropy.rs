//! Randomness as an argument.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Random bytes for one step, drawn from a 256-bit seed.
///
/// The server fills the seed from the operating system's generator (NIST SP 800-63B-4 §3.2.12 asks
/// for an approved one); tests and the simulator fill it from theirs. Draws are HKDF-SHA-256
/// expansions (RFC 5869) with a counter, so that two draws never repeat and a seed can be replayed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Entropy {
    seed: [u8; 32],
    draws: u32,
}

impl Entropy {
    /// Entropy from a fresh random seed.
    pub const fn from_seed(seed: [u8; 32]) -> Self {
        Entropy { seed, draws: 0 }
    }

    /// The next `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= 255 * 32, "RFC 5869 §2.3 bounds one expansion") };
        let mut out = [0; N];
        let info = self.draws.to_be_bytes();
        self.draws += 1;
        // The two lengths that HKDF can refuse are excluded above and by the type of the seed.
        if let Ok(expander) = Hkdf::<Sha256>::from_prk(&self.seed) {
            let filled = expander.expand(&info, &mut out);
            debug_assert!(filled.is_ok());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_and_replay() {
        let mut first = Entropy::from_seed([3; 32]);
        let (a, b): ([u8; 16], [u8; 16]) = (first.bytes(), first.bytes());
        assert_ne!(a, b);
        assert_ne!(a, [0; 16]);
        let mut again = Entropy::from_seed([3; 32]);
        assert_eq!((a, b), (again.bytes(), again.bytes()));
    }
}
