//! Where the server's time and randomness come from. Nothing else asks the system for either.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::entropy::Entropy;
use countersign_core::time::Timestamp;

/// Tells the time. Tests give their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Clock::from_fn(|| {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one place that reads the system's clock"
            )]
            let since_epoch =
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// Any clock.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Clock(Arc::new(now))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// A moment of the runtime's clock, to measure and to wait by; no rule depends on it.
pub fn instant() -> tokio::time::Instant {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the runtime's clock")]
    tokio::time::Instant::now()
}

/// Gives randomness. Tests give their own.
#[derive(Clone)]
pub struct Randomness(Arc<dyn Fn() -> [u8; 32] + Send + Sync>);

/// The system's random generator does not work: nothing may start.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system's random generator does not answer")]
pub struct NoRandomness;

impl Randomness {
    /// The operating system's generator (NIST SP 800-63B-4 §3.2.12). Asked once here, so that a
    /// system without one is found at start.
    pub fn system() -> Result<Self, NoRandomness> {
        let drawn = Mutex::new(Drawn::new().ok_or(NoRandomness)?);
        Ok(Randomness(Arc::new(move || {
            let next = drawn.lock().unwrap_or_else(PoisonError::into_inner).next();
            next.unwrap_or_else(|| {
                // getrandom(2) does not fail once it has worked; a code from known bytes would be worse
                // than no server.
                tracing::error!("the operating system's random generator has stopped answering");
                std::process::abort()
            })
        })))
    }

    /// Any source.
    pub fn from_fn(seed: impl Fn() -> [u8; 32] + Send + Sync + 'static) -> Self {
        Randomness(Arc::new(seed))
    }

    /// Fresh entropy for one step.
    pub fn entropy(&self) -> Entropy {
        Entropy::from_seed((self.0)())
    }
}

/// Seeds that the system gave and nobody has used yet: one call brings many. Each is handed out once
/// and wiped here.
struct Drawn {
    seeds: Box<[[u8; 32]; SEEDS]>,
    left: usize,
}

/// Seeds drawn at a time.
const SEEDS: usize = 32;

impl Drawn {
    fn new() -> Option<Self> {
        let mut drawn = Drawn { seeds: Box::new([[0; 32]; SEEDS]), left: 0 };
        drawn.fill()?;
        Some(drawn)
    }

    fn fill(&mut self) -> Option<()> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that asks the system for randomness"
        )]
        getrandom::fill(self.seeds.as_flattened_mut()).ok()?;
        self.left = SEEDS;
        Some(())
    }

    fn next(&mut self) -> Option<[u8; 32]> {
        if self.left == 0 {
            self.fill()?;
        }
        self.left -= 1;
        self.seeds.get_mut(self.left).map(std::mem::take)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn n3_no_seed_is_handed_out_twice_or_kept() {
        let mut drawn = Drawn::new().unwrap();
        let seeds: BTreeSet<[u8; 32]> = (0..3 * SEEDS).map(|_| drawn.next().unwrap()).collect();
        assert_eq!(seeds.len(), 3 * SEEDS);
        assert!(!seeds.contains(&[0; 32]));
        assert!(drawn.seeds.iter().all(|kept| *kept == [0; 32]), "what was handed out is gone here");
    }
}
