//! One submission: render, choose, submit, settle.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::event::Event;
use countersign_core::id::EventId;
use countersign_core::keyring::Keyring;
use countersign_core::price::Price;
use countersign_core::step::AdvanceCause;
use countersign_core::time::Timestamp;
use countersign_delivery::backoff::{Backoff, Window};
use countersign_delivery::provider::{AnyProvider, Outgoing, Provider as _, ProviderName, Submission};
use countersign_delivery::route::attempt::{Attempt, AttemptResult, History};
use countersign_delivery::route::choose::{Cause, Choice, Decision};
use countersign_store::{AnyStore, NodeId, Settled, Settlement, Store as _};
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::outbox::Ready;
use super::outcome::{Outcome, Refused, Tried};
use super::prepare::{AllPrepared, Prepared};
use super::providers::Providers;
use super::recall::{Recall, Recalls};
use super::render::{Rendered, render};
use super::steps::advance;
use crate::clock::{Clock, Randomness};
use crate::engine::Engine;
use crate::funnel::Funnel;
use crate::metrics::Metrics;
use crate::routing::{self, Leaving, Offered, Routing};
use crate::senders::Senders;

/// Sends deliveries.
#[derive(Clone)]
pub struct Sender(Arc<SenderParts>);

/// How long a submission may take, and how one that failed is repeated.
pub struct Retries {
    /// Tries after the first, over all providers.
    pub most: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// Longest time of one submission; shorter than the lease.
    pub submit_timeout: Duration,
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
    /// Who of them carries which.
    pub routing: Arc<Routing>,
    /// Counts how far customers come.
    pub funnel: Arc<Funnel>,
    /// Whom messages say they come from.
    pub senders: Senders,
    /// Takes messages back that nobody needs any more.
    pub recalls: Recalls,
    /// Told when a delivery is due again at once.
    pub due: Arc<Notify>,
    /// This process.
    pub node: NodeId,
    /// How failures are repeated.
    pub retries: Retries,
}

/// What a verification has tried, and why it is tried now.
struct Situation {
    history: History,
    cause: Cause,
}

/// Who carries a message, and what for.
struct Chosen<'a> {
    name: &'a ProviderName,
    provider: &'a AnyProvider,
    prepared: &'a Prepared<'a>,
    cost: Option<Price>,
}

impl Sender {
    /// A sender.
    pub fn new(parts: SenderParts) -> Self {
        Sender(Arc::new(parts))
    }

    /// The figures.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(super) fn store(&self) -> &AnyStore {
        &self.0.store
    }

    pub(super) fn keyring(&self) -> Arc<Keyring> {
        self.0.engine.keyring()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(super) fn submit_timeout(&self) -> Duration {
        self.0.retries.submit_timeout
    }

    /// Has due deliveries looked for at once.
    pub(super) fn look_for_more(&self) {
        self.0.due.notify_one();
    }

    /// The providers.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// Submits one delivery under its lease and records what became of it. Its `place` among those that are
    /// submitted is free again once the provider has answered: the store's fsync is not the provider's time.
    pub async fn send(&self, ready: Ready, place: OwnedSemaphorePermit) {
        let delivery = &ready.delivery;
        let message = match render(&ready, &self.0.engine.keyring()) {
            Ok(Some(message)) => message,
            // It ended, or its code was replaced, between the lease and now.
            Ok(None) => return self.settle(&ready, Outcome::canceled(delivery)).await,
            Err(error) => {
                tracing::error!(delivery = %delivery.id, %error, "a message cannot be rendered");
                return self.settle(&ready, Outcome::unsendable(delivery, "key_missing")).await;
            }
        };
        let leaving = leaving(&ready, &message);
        let mut candidates = self.0.routing.candidates(&leaving, self.0.clock.now());
        let SenderParts { senders, providers, .. } = &*self.0;
        let prepared = AllPrepared::of(&ready, &message, senders, providers, &mut candidates);
        let offered = Offered { to: message.to(), candidates: &candidates };
        let mut situation = self.situation(&ready, &offered).await;
        let now = self.0.clock.now();
        if now >= ready.lease.until || now >= delivery.expires_at {
            // Whoever has the lease now sends it; nobody sends it after its time (I3).
            tracing::warn!(delivery = %delivery.id, "a lease ran out before its message was submitted");
            return;
        }
        let mut entropy = self.0.randomness.entropy();
        let choice = self.0.routing.choose(&offered, situation.cause, &situation.history, now, &mut entropy);
        let Some(Chosen { name, provider, prepared, cost }) = self.chosen(&ready, &choice, &prepared) else {
            let reason = match choice.decision {
                Decision::Hold(hold) => routing::hold_word(hold),
                Decision::Send { .. } => "no_provider",
            };
            return self.settle(&ready, Outcome::held(delivery, reason, routing::words(&choice))).await;
        };
        let submission = self.submit(provider, &prepared.outgoing(&ready, &message), now).await;
        drop(place);
        let ended = self.0.clock.now();
        self.0.metrics.submission(name.as_str(), submission.as_str(), ended.since(now));
        routing::announce(&self.0.routing.submitted(&leaving, name, &submission, ended), &self.0.metrics);
        let result = AttemptResult::of(&submission);
        if situation.cause == Cause::Resend {
            situation.history.set_aside();
        }
        situation.history.push(Attempt { provider: name.clone(), at: now, result, cost });
        let message = prepared.told();
        let tried = Tried { delivery, provider: name, cost, route: routing::words(&choice), message };
        let outcome = self.outcome(tried, submission, &offered, &situation.history);
        self.settle(&ready, outcome).await;
    }

    fn chosen<'a>(
        &'a self,
        ready: &Ready,
        choice: &'a Choice,
        prepared: &'a AllPrepared<'a>,
    ) -> Option<Chosen<'a>> {
        let Decision::Send { provider: name, cost } = &choice.decision else { return None };
        let provider = self.0.providers.of(ready.delivery.mode, name)?;
        Some(Chosen { name, provider, prepared: prepared.by(name)?, cost: *cost })
    }

    /// A first message has no history; of any other, the timeline tells.
    async fn situation(&self, ready: &Ready, offered: &Offered<'_>) -> Situation {
        let Ready { delivery, verification, .. } = ready;
        let is_first = verification.deliveries.first().is_none_or(|first| first.id == delivery.id)
            || delivery.kind == DeliveryKind::PhoneChangeNotice;
        if is_first && delivery.submissions == 0 {
            // Nothing is tried out with a warning: nobody who waits for it could ask again.
            let is_notice = delivery.kind == DeliveryKind::PhoneChangeNotice;
            let cause = if is_notice { Cause::Resend } else { Cause::First };
            return Situation { history: History::default(), cause };
        }
        let events = self.0.store.timeline(ready.app.id, verification.id).await.unwrap_or_else(|error| {
            tracing::warn!(delivery = %delivery.id, %error, "what was tried before cannot be read");
            Vec::new()
        });
        let unasked = routing::past(&events, None).failovers.contains(&delivery.id);
        let is_repeated = delivery.submissions > 0;
        // What a customer asked for may leave by a route that carries her first message, where another one
        // turned it away.
        let past = routing::past(&events, (is_repeated && !unasked).then_some(delivery.id));
        let mut history = past.history;
        if delivery.kind == DeliveryKind::PhoneChangeNotice {
            // No bound of the codes refuses it (N7).
            history.forget_set_aside();
        }
        let now = self.0.clock.now();
        if past.nameless > 0
            && let Some(provider) = offered.first_in_order()
        {
            // The node that died did not tell; its choice was most likely this one.
            history.push(Attempt { provider, at: now, result: AttemptResult::Unknown, cost: None });
        }
        let cause = match (is_repeated, unasked) {
            (false, false) => Cause::Resend,
            (true, _) if past.nameless > 0 => Cause::TakeOver,
            _ => Cause::Failover,
        };
        Situation { history, cause }
    }

    /// Whatever a provider does, a submission ends before its lease does.
    async fn submit(&self, provider: &AnyProvider, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        tokio::time::timeout(self.0.retries.submit_timeout, provider.submit(message, now))
            .await
            .unwrap_or(Submission::Unknown { reason: "answer_timeout".into() })
    }

    /// Another route takes over at once where there is one that was not tried; else the same is tried again
    /// later, unless it refused for good or may have sent it.
    fn outcome(
        &self,
        tried: Tried<'_>,
        submission: Submission,
        offered: &Offered<'_>,
        history: &History,
    ) -> Outcome {
        let now = self.0.clock.now();
        let another = self.0.routing.another(offered, history, now);
        let Some(refused) = Refused::of(&submission) else {
            return match submission {
                Submission::Accepted { reference } => tried.accepted(reference.map(Into::into)),
                _ => tried.unknown(another.is_some().then_some(now)),
            };
        };
        let untried = another.as_ref().is_some_and(|name| history.of(name).next().is_none());
        if let Submission::Misconfigured { reason } = &submission {
            let provider = tried.provider;
            tracing::error!(%provider, %reason, "a provider refuses whatever is sent: mend its configuration");
        }
        if untried {
            return tried.again(refused, now);
        }
        // Whoever is asked next has not asked for the wait that another one asks for.
        let waits = |name: &ProviderName| self.0.routing.asked_wait(name, offered.to, now);
        let refused = Refused { retry_after: another.as_ref().and_then(waits), ..refused };
        match another.and_then(|_| self.later(tried.delivery, &refused, now)) {
            Some(at) => tried.again(refused, at),
            None => tried.given_up(refused),
        }
    }

    fn later(&self, delivery: &Delivery, refused: &Refused, now: Timestamp) -> Option<Timestamp> {
        let tries = delivery.submissions + 1;
        let at = self.next_try(tries, refused, Window { now, expires_at: delivery.expires_at });
        at.filter(|_| tries <= self.0.retries.most)
    }

    pub(super) fn next_try(&self, tries: u32, refused: &Refused, window: Window) -> Option<Timestamp> {
        let random = self.0.randomness.entropy().bytes();
        self.0.retries.backoff.next_try(tries, refused.retry_after, random, window)
    }

    pub(super) async fn settle(&self, ready: &Ready, outcome: Outcome) {
        let now = self.0.clock.now();
        let event = |kind| Event {
            id: EventId::new(now, ready.delivery.id.partition(), &mut self.0.randomness.entropy()),
            app: ready.app.id,
            verification: ready.verification.id,
            at: now,
            kind,
        };
        let due_at_once = matches!(outcome.state, DeliveryState::Due { at } if at <= now);
        let accepted = outcome.state == DeliveryState::Accepted;
        let is_code = matches!(ready.delivery.kind, DeliveryKind::Code { .. });
        let carrier = outcome.provider.clone().filter(|_| accepted && is_code);
        let settlement = Settlement {
            id: ready.delivery.id,
            node: self.0.node,
            state: outcome.state,
            provider: outcome.provider,
            reference: outcome.reference,
            submissions: outcome.submissions,
            unknowns: outcome.unknowns,
            events: outcome.event.into_iter().map(event).collect(),
        };
        if let Some(carrier) = carrier {
            self.0.funnel.sent(ready.app.id, &ready.verification, &carrier, now);
        }
        match self.0.store.settle(vec![settlement]).await {
            Err(error) => {
                // The lease runs out and the delivery is taken over: a second copy of the same code.
                tracing::error!(delivery = %ready.delivery.id, %error, "a submission could not be recorded");
            }
            // Its verification may have ended while the carrier had not answered yet.
            Ok(settled) if accepted && settled.contains(&Settled::LeaseLost) => {
                let verification = ready.verification.id;
                self.0.recalls.ask(Recall { app: ready.app.id, verification });
            }
            Ok(_) if due_at_once => self.0.due.notify_one(),
            Ok(settled) if outcome.state == DeliveryState::Failed && settled == [Settled::Done] => {
                self.take_next_step(ready).await;
            }
            Ok(_) => {}
        }
    }

    /// A message that nobody takes brings the next step of its verification's workflow at once. Should this
    /// be lost, the step comes when its wait is over.
    async fn take_next_step(&self, ready: &Ready) {
        let Ready { app, verification, delivery, .. } = ready;
        if verification.workflow.is_none() {
            return;
        }
        let cause = AdvanceCause::Failed(delivery.id);
        if let Err(error) = advance(&self.0.engine, app, verification.id, cause).await {
            tracing::warn!(delivery = %delivery.id, %error, "the next step of a workflow is left to its time");
        }
    }
}

fn leaving<'a>(ready: &'a Ready, message: &'a Rendered) -> Leaving<'a> {
    Leaving {
        app: &ready.app,
        mode: ready.delivery.mode,
        verification: ready.verification.id,
        delivery: ready.delivery.id,
        kind: ready.delivery.kind,
        standing: ready.verification.standing,
        channel: ready.delivery.channel,
        to: message.to(),
    }
}
