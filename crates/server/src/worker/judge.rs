//! Judges routes by customers who did not type the code in time.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::routing::{self, Routing};

const INTERVAL: Duration = Duration::from_secs(1);

/// Judges at intervals until `stop`.
pub async fn run(routing: Arc<Routing>, metrics: Arc<Metrics>, clock: Clock, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        routing::announce(&routing.judge(clock.now()), &metrics);
    }
}
