//! Workflows' steps, taken without anybody asking.

use std::sync::Arc;

use countersign_core::id::VerificationId;
use countersign_core::step::{Advance, AdvanceCause, Command, Room};

use crate::engine::{Engine, EngineError, Job, Target};
use crate::tenant::App;

/// Takes the next step of a verification's workflow, if it is due, and ends what time has ended. Where a
/// limit that crosses phones has no room for its message, the workflow stops and its timeline says so.
pub(super) async fn advance(
    engine: &Engine,
    app: &Arc<App>,
    verification: VerificationId,
    cause: AdvanceCause,
) -> Result<(), EngineError> {
    let take = |room| {
        let command = Command::Advance(Advance { verification, cause, room });
        engine.run(Job {
            app: Arc::clone(app),
            target: Target::Verification(verification),
            command,
            permit: None,
        })
    };
    match take(Room::Open).await {
        Err(EngineError::Exceeded(_)) => take(Room::Full).await.map(|_| ()),
        taken => taken.map(|_| ()),
    }
}
