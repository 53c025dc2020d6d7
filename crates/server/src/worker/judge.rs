//! Judges routes by customers who did not type the code in time, and by receipts that did not come.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::routing;
use crate::usecase::Services;

const INTERVAL: Duration = Duration::from_secs(1);

/// Judges at intervals until `stop`.
pub async fn run(services: Services, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        let now = services.clock.now();
        routing::announce(&services.routing.judge(now), &services.metrics);
        for (delivery, sent) in services.routing.overdue(now) {
            if let Err(error) = services.overdue(delivery, &sent).await {
                tracing::warn!(%delivery, %error, "an overdue message could not be sent again");
            }
        }
    }
}
