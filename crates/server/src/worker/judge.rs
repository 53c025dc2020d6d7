//! Judges routes by customers who did not type the code in time, and by receipts that did not come.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::query::Queries;
use crate::routing;
use crate::usecase::Services;

const INTERVAL: Duration = Duration::from_secs(1);

/// Judges at intervals until `stop`.
pub async fn run(services: Services, tasks: TaskTracker, stop: CancellationToken) {
    let queries = Queries::new(services.clone(), tasks, stop.clone());
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        let now = services.clock.now();
        routing::announce(&services.routing.judge(now), &services.metrics);
        for (delivery, sent) in services.routing.overdue(now) {
            queries.overdue(delivery, sent).await;
        }
    }
}
