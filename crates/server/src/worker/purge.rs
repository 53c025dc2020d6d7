//! Drops what no rule can need any more: old counters, idempotency keys, finished deliveries.

use std::sync::Arc;
use std::time::Duration;

use countersign_store::{AnyStore, Store as _};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

const INTERVAL: Duration = Duration::from_secs(60);
const BATCH: usize = 500;

/// Purges at intervals until `stop`, in small bites so that no commit waits long.
pub async fn run(store: Arc<AnyStore>, clock: Clock, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        loop {
            match store.purge(clock.now(), BATCH).await {
                Ok(dropped) if dropped >= BATCH && !stop.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "old entries could not be purged");
                    break;
                }
            }
        }
    }
}
