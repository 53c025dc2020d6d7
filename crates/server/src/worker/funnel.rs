//! Adds what was counted of the funnel to the store.

use std::sync::Arc;
use std::time::Duration;

use countersign_store::AnyStore;
use tokio_util::sync::CancellationToken;

use crate::funnel::Funnel;

const INTERVAL: Duration = Duration::from_secs(3);

/// Adds at intervals until `stop`. Whoever stops the server adds the rest, when nobody counts any more.
pub async fn run(funnel: Arc<Funnel>, store: Arc<AnyStore>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        if let Err(error) = funnel.flush(&store).await {
            tracing::warn!(%error, "figures of the funnel wait for the store");
        }
    }
}
