//! Does what time does to verifications: ends those whose life is over, so that timelines and listings say so
//! without being asked (no rule depends on it: every command settles what time has ended first), and takes
//! the steps of workflows that are due. What is due is in the store, so a node that died forgets none.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::step::AdvanceCause;
use countersign_store::{AnyStore, Store as _};
use tokio_util::sync::CancellationToken;

use super::steps::advance;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::engine::Engine;

const INTERVAL: Duration = Duration::from_secs(1);
const BATCH: usize = 256;

/// Looks for verifications whose time has come, at intervals until `stop`.
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
        match advance(engine, &app, verification.verification, AdvanceCause::Due).await {
            Ok(()) => ended += 1,
            Err(error) => tracing::warn!(%error, "a verification whose time has come is left as it is"),
        }
    }
    ended
}
