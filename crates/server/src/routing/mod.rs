//! By whom messages leave on this node: asks the rules of [`countersign_delivery::route`], and feeds them
//! with what becomes of messages and customers.
//!
//! What is learnt lives in this process. Each node learns by itself, and a new one begins with the order of
//! its routes; nothing that must not be exceeded depends on it.

mod history;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::delivery::DeliveryKind;
use countersign_core::entropy::Entropy;
use countersign_core::event::{Event, EventKind};
use countersign_core::id::{DeliveryId, VerificationId};
use countersign_core::phone::E164;
use countersign_core::price::Price;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::{Channel, ReceiptStatus, Standing};
use countersign_delivery::backoff::MAX_ASKED;
use countersign_delivery::provider::{ProviderName, Submission};
use countersign_delivery::route::attempt::{Bounds, History};
use countersign_delivery::route::choose::{self, Asked, Cause, Choice, Decision, Hold, Reason};
use countersign_delivery::route::health::{Change, Health, HealthSettings, Observed, ReceiptSeen, What};
use countersign_delivery::route::place::{Place, Scope};
use countersign_delivery::route::prices::PriceList;
use countersign_delivery::route::receipts::{AwaitedReceipts, Sent, Silence};
use countersign_delivery::route::table::{Candidate, Candidates, Destination, Fit, Order, RouteTable};
use countersign_delivery::route::transport::Transport;
use countersign_delivery::route::watch::{Told, Watch};

use crate::tenant::App;

pub use history::{Past, past};

/// Verifications whose outcome is waited for: some 300 bytes each.
const WATCHED: usize = 50_000;

/// Chooses, and learns.
pub struct Routing {
    settings: RoutingSettings,
    learnt: Mutex<Learnt>,
}

/// What a routing is built from.
pub struct RoutingSettings {
    /// Rules by destination.
    pub table: RouteTable,
    /// For messages that no rule covers and whose app names no route of its own.
    pub route: Vec<ProviderName>,
    /// What each provider carries.
    pub carried: HashMap<ProviderName, BTreeSet<Channel>>,
    /// For test messages: they never reach a carrier.
    pub simulated: Vec<ProviderName>,
    /// What messages cost.
    pub prices: PriceList,
    /// What one verification may use up.
    pub bounds: Bounds,
}

struct Learnt {
    health: Health,
    watch: Watch,
    receipts: AwaitedReceipts,
}

/// A message that is to leave.
#[derive(Clone, Copy)]
pub struct Leaving<'a> {
    /// The app that sends.
    pub app: &'a App,
    /// Live or test.
    pub mode: Mode,
    /// The verification.
    pub verification: VerificationId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// What it says.
    pub kind: DeliveryKind,
    /// Who asked for the code.
    pub standing: Standing,
    /// How it travels.
    pub channel: Channel,
    /// Whom it reaches.
    pub to: &'a E164,
}

/// A message, and who may carry it in which form.
#[derive(Clone, Copy)]
pub struct Offered<'a> {
    /// Whom it reaches.
    pub to: &'a E164,
    /// Who may carry it.
    pub candidates: &'a Candidates,
}

impl Offered<'_> {
    /// Who would carry it first, all being well: what a node that died is taken to have tried.
    pub fn first_in_order(&self) -> Option<ProviderName> {
        let mut fitting =
            self.candidates.routes.iter().filter(|candidate| matches!(candidate.fit, Fit::Fits { .. }));
        fitting.next().map(|candidate| candidate.provider.clone())
    }
}

impl Routing {
    /// A routing that has learnt nothing yet.
    pub fn new(settings: RoutingSettings) -> Self {
        let learnt = Learnt {
            health: Health::new(HealthSettings::default()),
            watch: Watch::new(WATCHED),
            receipts: AwaitedReceipts::new(WATCHED),
        };
        Routing { settings, learnt: Mutex::new(learnt) }
    }

    /// By whom a message leaves, and why. Whoever is told to send by a provider does.
    pub fn choose(
        &self,
        leaving: &Offered<'_>,
        cause: Cause,
        history: &History,
        now: Timestamp,
        entropy: &mut Entropy,
    ) -> Choice {
        let place = Place::of(leaving.to);
        let asked = Asked { cause, place, history, bounds: &self.settings.bounds };
        let mut learnt = self.learnt();
        let choice = choose::choose(leaving.candidates, &learnt.health, &asked, now, entropy);
        if let Decision::Send { provider, .. } = &choice.decision {
            learnt.health.begun(provider, place, now);
        }
        choice
    }

    /// Who would carry it after all that, without anybody asking; nobody when no route is left.
    pub fn another(&self, leaving: &Offered<'_>, history: &History, now: Timestamp) -> Option<ProviderName> {
        let place = Place::of(leaving.to);
        let asked = Asked { cause: Cause::Failover, place, history, bounds: &self.settings.bounds };
        // Only first messages are drawn by lot.
        let mut entropy = Entropy::from_seed([0; 32]);
        let choice = choose::choose(leaving.candidates, &self.learnt().health, &asked, now, &mut entropy);
        match choice.decision {
            Decision::Send { provider, .. } => Some(provider),
            Decision::Hold(_) => None,
        }
    }

    /// Whether there is anybody at all to carry messages of this channel to this phone.
    pub fn reaches(&self, app: &App, mode: Mode, channel: Channel, to: &E164, now: Timestamp) -> bool {
        !self.all_candidates(app, mode, channel, to, now).routes.is_empty()
    }

    /// Who may carry a message, in the order of the list. Nobody has looked yet whether it fits them.
    pub fn candidates(&self, message: &Leaving<'_>, now: Timestamp) -> Candidates {
        let Leaving { app, mode, channel, to, .. } = *message;
        self.all_candidates(app, mode, channel, to, now)
    }

    /// The highest price of a segment that any provider lists.
    pub fn highest_listed_price(&self, now: Timestamp) -> Option<Price> {
        self.settings.prices.highest(now)
    }

    /// The highest price of a segment to a phone by any provider; nothing where no price is listed.
    pub fn highest_price(&self, to: &E164, now: Timestamp) -> Option<Price> {
        self.settings.prices.highest_quote(to, now)
    }

    /// Whoever may carry it; nobody who does not carry its channel at all.
    fn all_candidates(
        &self,
        app: &App,
        mode: Mode,
        channel: Channel,
        to: &E164,
        now: Timestamp,
    ) -> Candidates {
        let RoutingSettings { table, route, simulated, prices, carried, .. } = &self.settings;
        let listed = |names: &mut dyn Iterator<Item = ProviderName>| Candidates {
            routes: names
                .map(|provider| {
                    let quote = prices.quote(&provider, to, now);
                    Candidate { provider, quote, fit: Fit::ONE_SEGMENT }
                })
                .collect(),
            order: Order::Listed,
            thompson: None,
        };
        let carries = |name: &ProviderName| carried.get(name).is_some_and(|all| all.contains(&channel));
        if mode == Mode::Test {
            return listed(&mut simulated.iter().cloned());
        }
        if !app.route.is_empty() {
            let named = app.route.iter().filter_map(|name| name.parse().ok());
            return listed(&mut named.filter(carries));
        }
        let destination = Destination { app: app.id, channel, to };
        let everybody = || listed(&mut route.iter().filter(|name| carries(name)).cloned());
        table.candidates(&destination, prices, now).unwrap_or_else(everybody)
    }

    /// Within what time 19 of 20 customers at this destination typed their code lately, by the first route that
    /// knows.
    pub fn usually_verified_within(
        &self,
        app: &App,
        mode: Mode,
        channel: Channel,
        to: &E164,
        now: Timestamp,
    ) -> Option<Duration> {
        let candidates = self.all_candidates(app, mode, channel, to, now);
        let learnt = self.learnt();
        let known = |route: &Candidate| learnt.health.usually_verified_within(&route.provider, Place::of(to));
        candidates.routes.iter().find_map(known)
    }

    /// What became of a hand-over.
    pub fn submitted(
        &self,
        message: &Leaving<'_>,
        provider: &ProviderName,
        submission: &Submission,
        now: Timestamp,
    ) -> Vec<Change> {
        let place = Place::of(message.to);
        let mut learnt = self.learnt();
        let left = matches!(submission, Submission::Accepted { .. } | Submission::Unknown { .. });
        // Nobody types a notice: its silence says nothing about its route.
        if left && matches!(message.kind, DeliveryKind::Code { .. }) {
            learnt.watch.left(message.verification, provider.clone(), place, message.standing, now);
        }
        if matches!(submission, Submission::Accepted { .. }) {
            let patience = learnt.health.receipt_patience(provider, place, now);
            let verification = message.verification;
            let sent = Sent { verification, provider: provider.clone(), place, at: now };
            learnt.receipts.sent(message.delivery, sent, patience);
        }
        if let Some(wait) = submission.retry_after() {
            learnt.health.asks_to_wait(provider, now.plus(wait.min(MAX_ASKED)));
        }
        learnt.health.transport(provider, place, Transport::of(submission), now)
    }

    /// How long a provider still asks to be left alone.
    pub fn asked_wait(&self, provider: &ProviderName, to: &E164, now: Timestamp) -> Option<Duration> {
        let until = self.learnt().health.state(provider, Place::of(to), now).waits_until?;
        Some(until.since(now))
    }

    /// The last bind of a provider is gone.
    pub fn bind_lost(&self, provider: &ProviderName, now: Timestamp) -> Option<Change> {
        self.learnt().health.bind_lost(provider, now)
    }

    /// A provider has a bind again.
    pub fn bind_restored(&self, provider: &ProviderName) -> Vec<Change> {
        self.learnt().health.bind_restored(provider)
    }

    /// A receipt came for a message.
    pub fn receipt(&self, delivery: DeliveryId, status: ReceiptStatus, now: Timestamp) {
        if status == ReceiptStatus::Buffered {
            return;
        }
        let mut learnt = self.learnt();
        if let Some(sent) = learnt.receipts.came(delivery) {
            let seen = ReceiptSeen::Came { status, after: now.since(sent.at) };
            learnt.health.receipt(&sent.provider, sent.place, seen, now);
        }
    }

    /// Messages whose receipts are overdue by now.
    pub fn overdue(&self, now: Timestamp) -> Vec<(DeliveryId, Sent)> {
        let mut learnt = self.learnt();
        let mut overdue = Vec::new();
        for silence in learnt.receipts.silent(now) {
            match silence {
                Silence::Overdue { delivery, sent } => overdue.push((delivery, sent)),
                Silence::Missing(sent) => {
                    learnt.health.receipt(&sent.provider, sent.place, ReceiptSeen::Missing, now);
                }
            }
        }
        overdue
    }

    /// Heeds what was committed.
    pub fn heed(&self, events: &[Event], now: Timestamp) -> Vec<Change> {
        let mut learnt = self.learnt();
        let mut told = Vec::new();
        for event in events {
            let id = event.verification;
            match event.kind {
                EventKind::Approved => told.extend(learnt.watch.verified(id, now)),
                EventKind::Resent { withheld: None, .. } => told.extend(learnt.watch.asked_again(id)),
                EventKind::Canceled { .. } | EventKind::Denied { .. } => told.extend(learnt.watch.ended(id)),
                _ => {}
            }
        }
        learnt.learn(told, now)
    }

    /// Judges messages whose customers did not type the code in time.
    pub fn judge(&self, now: Timestamp) -> Vec<Change> {
        let mut learnt = self.learnt();
        let told = learnt.watch.judge(now);
        learnt.learn(told, now)
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Learnt {
    fn learn(&mut self, told: Vec<Told>, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for Told { provider, place, standing, evidence, after } in told {
            let seen = Observed { provider: &provider, place, standing };
            changes.extend(self.health.evidence(&seen, evidence, now));
            if let Some(after) = after {
                self.health.verified_after(&seen, after, now);
            }
        }
        changes
    }
}

/// Says a change where operators read it.
pub fn announce(changes: &[Change], metrics: &crate::metrics::Metrics) {
    for Change { cell, what } in changes {
        let place = match cell.scope {
            Scope::Provider => "everywhere".to_owned(),
            Scope::Country(Some(country)) => country.to_string(),
            Scope::Country(None) => "international networks".to_owned(),
            Scope::Group(_) => "one group of numbers".to_owned(),
        };
        let provider = cell.provider.as_str();
        metrics.breaker(provider, what_word(*what));
        match what {
            What::BindLost => tracing::warn!(provider, "a provider has no bind: it is passed over"),
            What::BindRestored => tracing::info!(provider, "a provider is bound again"),
            What::TransportClosed | What::ConversionClosed => {
                tracing::info!(provider, place, "a route works again");
            }
            What::TransportOpened => {
                tracing::warn!(provider, place, "a provider does not answer as it should");
            }
            What::ConversionOpened => {
                tracing::warn!(
                    provider,
                    place,
                    "customers stopped verifying by a provider: it is passed over"
                );
            }
            What::FraudSuspected => {
                tracing::warn!(provider, place, "strangers stopped verifying, known customers did not");
            }
        }
    }
}

const fn what_word(what: What) -> &'static str {
    match what {
        What::TransportOpened => "transport_opened",
        What::TransportClosed => "transport_closed",
        What::BindLost => "bind_lost",
        What::BindRestored => "bind_restored",
        What::ConversionOpened => "conversion_opened",
        What::ConversionClosed => "conversion_closed",
        What::FraudSuspected => "fraud_suspected",
    }
}

/// The reasons of a choice in words for the timeline, the decisive one first. Nothing when the first of
/// the list was taken because it is the first: that needs no explanation.
pub fn words(choice: &Choice) -> Vec<String> {
    if matches!(choice.reasons.as_slice(), [Reason::FirstInOrder]) {
        return Vec::new();
    }
    choice.reasons.iter().map(word).collect()
}

fn word(reason: &Reason) -> String {
    match reason {
        Reason::FirstInOrder => "first_in_order".to_owned(),
        Reason::LowestCost => "lowest_cost".to_owned(),
        Reason::AnotherRoute => "another_route".to_owned(),
        Reason::SameRouteAgain { .. } => "same_route_again".to_owned(),
        Reason::TriedAgain => "tried_again".to_owned(),
        Reason::Probe => "probe".to_owned(),
        Reason::Exploration => "exploration".to_owned(),
        Reason::BestRecord => "best_record".to_owned(),
        Reason::AllOpenLeastBad => "all_open_least_bad".to_owned(),
        Reason::PassedOver { provider, because } => {
            format!("not {provider}: {}", because.as_str())
        }
    }
}

/// Why nothing is sent, in one word for metrics and the timeline.
pub const fn hold_word(hold: Hold) -> &'static str {
    match hold {
        Hold::NoRoute => "no_provider",
        Hold::SendsUsedUp => "sends_used_up",
        Hold::TriesUsedUp => "tries_used_up",
        Hold::SpendUsedUp => "spend_used_up",
        Hold::NoOtherRoute => "no_other_route",
        Hold::Unfit(because) => because.as_str(),
    }
}
