//! Tells the routes whether a provider has a bind: without one nothing can be written, and messages take
//! another route at once instead of finding out one by one.

use std::sync::Arc;

use countersign_delivery::provider::Provider as _;
use countersign_delivery::smpp::SmppProvider;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::routing::{self, Routing};

/// Follows the binds of one provider until `stop`.
pub async fn run(
    provider: SmppProvider,
    routing: Arc<Routing>,
    metrics: Arc<Metrics>,
    clock: Clock,
    stop: CancellationToken,
) {
    let name = provider.name().clone();
    let mut bound = provider.bound();
    let mut was_bound = *bound.borrow_and_update() > 0;
    if !was_bound {
        // At the start this is no news for operators, but messages need not try it.
        let _ = routing.bind_lost(&name, clock.now());
    }
    // Binds end at a shutdown too, and that is no alarm.
    while let Some(Ok(())) = stop.run_until_cancelled(bound.changed()).await {
        let is_bound = *bound.borrow_and_update() > 0;
        let changes = if is_bound {
            routing.bind_restored(&name)
        } else {
            routing.bind_lost(&name, clock.now()).into_iter().collect()
        };
        if was_bound {
            routing::announce(&changes, &metrics);
        }
        was_bound |= is_bound;
    }
}
