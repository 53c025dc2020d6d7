//! Where the server's time and randomness come from. Nothing else asks the system for either.

use std::sync::Arc;

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
        draw().ok_or(NoRandomness)?;
        Ok(Randomness(Arc::new(|| {
            draw().unwrap_or_else(|| {
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

fn draw() -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system for randomness"
    )]
    getrandom::fill(&mut seed).ok()?;
    Some(seed)
}
