//! Ends verifications whose time is over, so that timelines and listings say so without being asked.
//! No rule depends on it: every step settles what time has ended first.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::step::Command;
use countersign_store::{AnyStore, Store as _};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::directory::Directory;
use crate::engine::{Engine, Job, Target};

const INTERVAL: Duration = Duration::from_secs(1);
const BATCH: usize = 256;

/// Looks for overdue verifications at intervals until `stop`.
pub async fn run(
    store: Arc<AnyStore>,
    directory: Arc<Directory>,
    engine: Engine,
    clock: Clock,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        while round(&store, &directory, &engine, &clock).await == BATCH && !stop.is_cancelled() {}
    }
}

async fn round(store: &AnyStore, directory: &Directory, engine: &Engine, clock: &Clock) -> usize {
    let overdue = match store.overdue(clock.now(), BATCH).await {
        Ok(overdue) => overdue,
        Err(error) => {
            tracing::error!(%error, "overdue verifications cannot be read");
            return 0;
        }
    };
    let mut ended = 0;
    for verification in overdue {
        let Some(app) = directory.app(verification.app) else { continue };
        let job = Job { app, target: Target::Subject(verification.subject), command: Command::Expire };
        match engine.run(job).await {
            Ok(_) => ended += 1,
            Err(error) => tracing::warn!(%error, "a verification could not be ended"),
        }
    }
    ended
}
