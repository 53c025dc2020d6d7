//! Time for timers.

use tokio::time::Instant;

/// Now, on the clock that this crate's sleeps run on: monotonic, and simulated in tests.
pub(in crate::smpp) fn monotonic() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "a connection's timers need the very clock that tokio's sleeps use; tests pause that one"
    )]
    Instant::now()
}
