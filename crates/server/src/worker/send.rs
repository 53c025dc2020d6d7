//! One submission: render, submit, settle.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryState};
use countersign_core::event::{Event, EventKind};
use countersign_core::id::EventId;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_delivery::backoff::{Backoff, Window};
use countersign_delivery::provider::{AnyProvider, Outgoing, Provider as _, ProviderName, Submission};
use countersign_store::{AnyStore, NodeId, Settlement, Store as _};

use super::outbox::Ready;
use super::render::render;
use crate::clock::{Clock, Randomness};
use crate::engine::Engine;
use crate::metrics::Metrics;

/// Sends deliveries.
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

struct Inner {
    store: Arc<AnyStore>,
    engine: Engine,
    clock: Clock,
    randomness: Randomness,
    metrics: Arc<Metrics>,
    providers: Providers,
    node: NodeId,
    retries: Retries,
}

/// How long a submission may take, and how one that failed is repeated.
pub struct Retries {
    /// Tries after the first, over all providers.
    pub most: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// Longest time of one submission; shorter than the lease.
    pub submit_timeout: Duration,
}

/// The providers of this instance.
pub struct Providers {
    by_name: HashMap<ProviderName, AnyProvider>,
    route: Vec<ProviderName>,
    simulated: Vec<AnyProvider>,
}

impl Providers {
    /// Providers by name, the order for apps that set none, and the simulated carriers of test messages.
    pub fn new(all: Vec<AnyProvider>, route: Vec<ProviderName>, simulated: Vec<AnyProvider>) -> Self {
        let by_name = all.into_iter().map(|provider| (provider.name().clone(), provider)).collect();
        Providers { by_name, route, simulated }
    }

    /// The provider for the `tried`-th submission: each in turn, so that a repeated submission goes
    /// by another route if there is one (design 6, Sending). Test messages never reach a carrier.
    fn choose(&self, mode: Mode, app_route: &[String], tried: u32) -> Option<&AnyProvider> {
        let route: Vec<&AnyProvider> = if mode == Mode::Test {
            self.simulated.iter().collect()
        } else if app_route.is_empty() {
            self.route.iter().filter_map(|name| self.by_name.get(name)).collect()
        } else {
            app_route.iter().filter_map(|name| self.by_name.get(&name.parse().ok()?)).collect()
        };
        route.get(usize::try_from(tried).unwrap_or(0) % route.len().max(1)).copied()
    }

    /// How many providers a live message can try.
    fn routes(&self, mode: Mode, app_route: &[String]) -> u32 {
        let count = match mode {
            Mode::Test => self.simulated.len(),
            Mode::Live if app_route.is_empty() => self.route.len(),
            Mode::Live => app_route.len(),
        };
        u32::try_from(count).unwrap_or(1)
    }

    /// The names that a route may hold.
    pub fn names(&self) -> impl Iterator<Item = &ProviderName> {
        self.by_name.keys()
    }

    /// One provider.
    pub fn get(&self, name: &ProviderName) -> Option<&AnyProvider> {
        self.by_name.get(name)
    }
}

/// What a sender is built from.
pub struct SenderParts {
    /// The store.
    pub store: Arc<AnyStore>,
    /// For its keys.
    pub engine: Engine,
    /// The time.
    pub clock: Clock,
    /// The randomness.
    pub randomness: Randomness,
    /// The figures.
    pub metrics: Arc<Metrics>,
    /// Who carries messages.
    pub providers: Providers,
    /// This process.
    pub node: NodeId,
    /// How failures are repeated.
    pub retries: Retries,
}

impl Sender {
    /// A sender.
    pub fn new(parts: SenderParts) -> Self {
        Sender(Arc::new(Inner {
            store: parts.store,
            engine: parts.engine,
            clock: parts.clock,
            randomness: parts.randomness,
            metrics: parts.metrics,
            providers: parts.providers,
            node: parts.node,
            retries: parts.retries,
        }))
    }

    /// The figures.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The providers.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// Submits one delivery under its lease and records what became of it.
    pub async fn send(&self, ready: Ready) {
        let delivery = &ready.delivery;
        let Some(provider) = self.0.providers.choose(delivery.mode, &ready.app.route, delivery.submissions)
        else {
            let reason = "no_provider".to_owned();
            self.settle(&ready, Outcome::failed(delivery, None, reason)).await;
            return;
        };
        let message = match render(&ready, &self.0.engine.keyring()) {
            Ok(Some(message)) => message,
            // It ended, or its code was replaced, between the lease and now.
            Ok(None) => return self.settle(&ready, Outcome::canceled(delivery)).await,
            Err(error) => {
                tracing::error!(delivery = %delivery.id, %error, "a message cannot be rendered");
                self.settle(&ready, Outcome::failed(delivery, None, "key_missing".to_owned())).await;
                return;
            }
        };
        let now = self.0.clock.now();
        if now >= ready.lease.until || now >= delivery.expires_at {
            // Whoever has the lease now sends it; nobody sends it after its time (I3).
            tracing::warn!(delivery = %delivery.id, "a lease ran out before its message was submitted");
            return;
        }
        let submission = self.submit(provider, &message.outgoing(&ready), now).await;
        let took = self.0.clock.now().since(now);
        self.0.metrics.submission(provider.name().as_str(), submission.as_str(), took);
        let outcome = self.outcome(&ready, provider.name(), submission);
        self.settle(&ready, outcome).await;
    }

    /// Whatever a provider does, a submission ends before its lease does.
    async fn submit(&self, provider: &AnyProvider, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        tokio::time::timeout(self.0.retries.submit_timeout, provider.submit(message, now))
            .await
            .unwrap_or(Submission::Unknown { reason: "answer_timeout".into() })
    }

    /// Where a delivery stands after a submission, and what is told about it.
    fn outcome(&self, ready: &Ready, provider: &ProviderName, submission: Submission) -> Outcome {
        let delivery = &ready.delivery;
        let submissions = delivery.submissions + 1;
        let name = provider.as_str().to_owned();
        match submission {
            Submission::Accepted { .. } => Outcome {
                state: DeliveryState::Accepted,
                submissions,
                unknowns: delivery.unknowns,
                provider: Some(name.clone()),
                event: Some(EventKind::DeliveryAccepted {
                    delivery: delivery.id,
                    provider: name,
                    submissions,
                }),
            },
            Submission::Unknown { .. } => {
                // Never again on this route; another one may take it, if there is one (design 6).
                let another = submissions < self.0.providers.routes(delivery.mode, &ready.app.route);
                Outcome {
                    state: if another {
                        DeliveryState::Due { at: self.0.clock.now() }
                    } else {
                        DeliveryState::Unknown
                    },
                    submissions,
                    unknowns: delivery.unknowns + 1,
                    provider: Some(name.clone()),
                    event: Some(EventKind::DeliveryUnknown { delivery: delivery.id, provider: Some(name) }),
                }
            }
            Submission::Permanent { reason } => self.another_route(ready, name, reason.into_owned()),
            Submission::Misconfigured { reason } => {
                // No message gets through there until a person has changed something.
                tracing::error!(provider = name, %reason, "a provider refuses everything: look at its configuration");
                self.another_route(ready, name, reason.into_owned())
            }
            Submission::NotWritten { reason } => self.back_off(delivery, &name, reason.into_owned(), None),
            Submission::Transient { reason, retry_after } => {
                self.back_off(delivery, &name, reason.into_owned(), retry_after)
            }
            Submission::Throttled { retry_after } => {
                self.back_off(delivery, &name, "throttled".to_owned(), retry_after)
            }
        }
    }

    /// Refused for good on this route: tried on another while there is one.
    fn another_route(&self, ready: &Ready, provider: String, reason: String) -> Outcome {
        let delivery = &ready.delivery;
        if delivery.submissions + 1 < self.0.providers.routes(delivery.mode, &ready.app.route) {
            Outcome::retry(delivery, &provider, reason, self.0.clock.now())
        } else {
            Outcome::failed(delivery, Some(provider), reason)
        }
    }

    fn back_off(
        &self,
        delivery: &Delivery,
        provider: &str,
        reason: String,
        asked: Option<Duration>,
    ) -> Outcome {
        let tries = delivery.submissions + 1;
        let window = Window { now: self.0.clock.now(), expires_at: delivery.expires_at };
        let random = self.0.randomness.entropy().bytes();
        match self.0.retries.backoff.next_try(tries, asked, random, window) {
            Some(at) if tries <= self.0.retries.most => Outcome::retry(delivery, provider, reason, at),
            _ => Outcome::failed(delivery, Some(provider.to_owned()), reason),
        }
    }

    async fn settle(&self, ready: &Ready, outcome: Outcome) {
        let now = self.0.clock.now();
        let event = |kind| Event {
            id: EventId::new(now, ready.delivery.id.partition(), &mut self.0.randomness.entropy()),
            app: ready.app.id,
            verification: ready.verification.id,
            at: now,
            kind,
        };
        let settlement = Settlement {
            id: ready.delivery.id,
            node: self.0.node,
            state: outcome.state,
            provider: outcome.provider,
            submissions: outcome.submissions,
            unknowns: outcome.unknowns,
            events: outcome.event.into_iter().map(event).collect(),
        };
        if let Err(error) = self.0.store.settle(vec![settlement]).await {
            // The lease runs out and the delivery is taken over: a second copy of the same code.
            tracing::error!(delivery = %ready.delivery.id, %error, "a submission could not be recorded");
        }
    }
}

struct Outcome {
    state: DeliveryState,
    submissions: u32,
    unknowns: u32,
    provider: Option<String>,
    event: Option<EventKind>,
}

impl Outcome {
    fn retry(delivery: &Delivery, provider: &str, reason: String, at: Timestamp) -> Outcome {
        let provider = provider.to_owned();
        Outcome {
            state: DeliveryState::Due { at },
            submissions: delivery.submissions + 1,
            unknowns: delivery.unknowns,
            provider: Some(provider.clone()),
            event: Some(EventKind::DeliveryRetrying {
                delivery: delivery.id,
                provider,
                reason,
                retry_at: at,
            }),
        }
    }

    fn failed(delivery: &Delivery, provider: Option<String>, reason: String) -> Outcome {
        tracing::warn!(delivery = %delivery.id, provider, reason, "a message was given up");
        Outcome {
            state: DeliveryState::Failed,
            submissions: delivery.submissions + 1,
            unknowns: delivery.unknowns,
            provider: provider.clone(),
            event: Some(EventKind::DeliveryFailed { delivery: delivery.id, provider, reason }),
        }
    }

    fn canceled(delivery: &Delivery) -> Self {
        Outcome {
            state: DeliveryState::Canceled,
            submissions: delivery.submissions,
            unknowns: delivery.unknowns,
            provider: delivery.provider.clone(),
            event: None,
        }
    }
}
