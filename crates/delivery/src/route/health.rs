//! What is known about every route: plain state that is fed with what happens and asked before each
//! choice.
//!
//! Everything is kept per cell, at three widths: provider, its country, its group of numbers. A small
//! shop's groups see too little to judge; then the country does, and then the provider. A cell judges
//! by itself once it has seen enough; evidence that opened a narrow cell is taken out of the wider ones,
//! so that one country's outage does not close all others.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_core::time::Timestamp;
use countersign_core::verification::{ReceiptStatus, Standing};
use serde::{Deserialize, Serialize};

use super::conversion::{self, ConversionBreaker, Evidence, Fell, Rates, Sight};
use super::discounted::{Discounted, Observation};
use super::latency::Latencies;
use super::place::{CellKey, Place};
use super::transport::{self, Transport, TransportBreaker};
use crate::provider::ProviderName;

/// Half-life of what was seen lately: for rates that are shown, the alarm about receipts, and Thompson
/// sampling.
pub const LATELY: Duration = Duration::from_secs(3 * 3600);

/// How health is judged, and how much of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthSettings {
    /// The conversion breakers.
    pub conversion: conversion::Settings,
    /// The most cells; the least recently used ones go first.
    pub max_cells: usize,
}

impl Default for HealthSettings {
    /// 8192 cells are some 8 MB.
    fn default() -> Self {
        HealthSettings { conversion: conversion::Settings::default(), max_cells: 8192 }
    }
}

/// All cells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Health {
    settings: HealthSettings,
    #[serde(with = "as_pairs")]
    cells: BTreeMap<CellKey, Cell>,
    /// Providers without a bind, each since when.
    #[serde(default)]
    unbound: BTreeMap<ProviderName, Timestamp>,
    /// Until when providers ask to be left alone.
    #[serde(default)]
    waits: BTreeMap<ProviderName, Timestamp>,
}

/// One cell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cell {
    transport: TransportBreaker,
    conversion: ConversionBreaker,
    /// Verified (good) or not, lately.
    outcomes: Discounted,
    /// Receipts that came in time (good) or did not.
    presence: Discounted,
    /// Final receipts: delivered (good) or failed.
    delivered: Discounted,
    receipt_latencies: Latencies,
    verify_latencies: Latencies,
    used_at: Option<Timestamp>,
}

/// A breaker that opened or closed, or a suspicion: for alarms, metrics and the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where.
    pub cell: CellKey,
    /// What.
    pub what: What,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The transport breaker opened.
    TransportOpened,
    /// The transport breaker closed.
    TransportClosed,
    /// The last bind to the provider is gone.
    BindLost,
    /// A bind is back.
    BindRestored,
    /// Too few customers verify: an outage that the provider does not report.
    ConversionOpened,
    /// Customers verify again.
    ConversionClosed,
    /// Only strangers stopped verifying: fraud, for the guard.
    FraudSuspected,
}

/// Which breakers of a route are open, over all its widths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteState {
    /// Why the transport breaker is open, if it is.
    pub transport: Option<Transport>,
    /// Since when the provider has no bind, if it has none.
    pub unbound_since: Option<Timestamp>,
    /// Whether a message may probe the transport now. Never while there is no bind: what is not bound is not
    /// written, and the bind itself is the probe.
    pub transport_probe_due: bool,
    /// Since when the conversion breaker is open, if it is.
    pub conversion_since: Option<Timestamp>,
    /// Until when the provider asks to be left alone, if it does. What it has turned away is not tried there
    /// earlier while another one may be asked.
    #[serde(default)]
    pub waits_until: Option<Timestamp>,
}

impl RouteState {
    /// Whether no breaker is open.
    pub const fn is_healthy(&self) -> bool {
        !self.is_transport_open() && self.conversion_since.is_none()
    }

    /// Whether it has no bind, or does not answer as it should.
    pub const fn is_transport_open(&self) -> bool {
        self.transport.is_some() || self.unbound_since.is_some()
    }
}

/// One attempt, as evidence is told about it.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Who carried it.
    pub provider: &'a ProviderName,
    /// Where to.
    pub place: Place,
    /// Who asked for the code.
    pub standing: Standing,
}

/// A final receipt, or its absence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptSeen {
    /// It came.
    Came {
        /// What it says.
        status: ReceiptStatus,
        /// How long after the provider took the message.
        after: Duration,
    },
    /// None came while the code lived.
    Missing,
}

/// Outage or fraud (fraud.md B.3.6), over all routes of one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing fell.
    Healthy,
    /// These routes do not deliver: another one carries the traffic.
    Outage(Vec<ProviderName>),
    /// Strangers stopped converting, known customers did not, or nobody converts on any route.
    Fraud,
}

/// Numbers of one cell, to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellFigures {
    /// Share of attempts that verify, as it usually is.
    pub baseline_verified: f64,
    /// Share of attempts that verified lately; none when few were seen.
    pub recent_verified: Option<f64>,
    /// 95 % of receipts come within.
    pub receipt_p95: Option<Duration>,
    /// Share of messages that got a receipt lately.
    pub receipt_presence: Option<f64>,
    /// 95 % of those who verify do it within.
    pub verify_p95: Option<Duration>,
    /// Receipts go on saying "delivered" while customers stopped verifying.
    pub receipts_lie: bool,
}

impl Health {
    /// Nothing known yet.
    pub const fn new(settings: HealthSettings) -> Self {
        Health { settings, cells: BTreeMap::new(), unbound: BTreeMap::new(), waits: BTreeMap::new() }
    }

    /// Cells kept.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Which breakers are open for a route.
    pub fn state(&self, provider: &ProviderName, place: Place, now: Timestamp) -> RouteState {
        let mut state = RouteState::default();
        let mut due = true;
        for cell in CellKey::ladder(provider, place).iter().filter_map(|key| self.cells.get(key)) {
            if let Some(cause) = cell.transport.cause() {
                state.transport = Some(cause);
                due &= cell.transport.probe_is_due(now);
            }
            state.conversion_since = state.conversion_since.or(cell.conversion.open_since());
        }
        state.unbound_since = self.unbound.get(provider).copied();
        state.waits_until = self.waits.get(provider).copied().filter(|until| *until > now);
        state.transport_probe_due = state.transport.is_some() && due && state.unbound_since.is_none();
        state
    }

    /// The share of attempts that verify by this route, as far as is known: of the narrowest cell that
    /// has seen anything, drawn towards the wider ones.
    pub fn verified_rate(&self, provider: &ProviderName, place: Place) -> f64 {
        let ladder = CellKey::ladder(provider, place);
        let rates = ladder.iter().filter_map(|key| self.cells.get(key));
        rates.fold(Rates::UNKNOWN, |prior, cell| cell.conversion.rates(prior)).verified
    }

    /// The share that verified lately, of the country's cell: what a last resort goes by.
    pub fn recent_rate(&self, provider: &ProviderName, place: Place, now: Timestamp) -> f64 {
        let [_, country, _] = CellKey::ladder(provider, place);
        let lately = self.cells.get(&country).map(|cell| cell.outcomes.at(LATELY, now));
        lately.unwrap_or_default().rate(Rates::UNKNOWN.verified, 2.0)
    }

    /// Recent outcomes in the country's cell, for Thompson sampling.
    pub(super) fn outcomes(&self, provider: &ProviderName, place: Place, now: Timestamp) -> Discounted {
        let [_, country, _] = CellKey::ladder(provider, place);
        self.cells.get(&country).map(|cell| cell.outcomes.at(LATELY, now)).unwrap_or_default()
    }

    /// A message leaves by this route: if its transport is to be probed, this is the probe.
    pub fn begun(&mut self, provider: &ProviderName, place: Place, now: Timestamp) {
        for key in CellKey::ladder(provider, place) {
            self.cell(key, now).transport.probing(now);
        }
    }

    /// The provider answered, or did not. A wrong configuration concerns all that it carries; anything else
    /// each width by itself. Failures while there is no bind are the lost bind's, and count for nothing more.
    pub fn transport(
        &mut self,
        provider: &ProviderName,
        place: Place,
        transport: Transport,
        now: Timestamp,
    ) -> Vec<Change> {
        let widths = match transport {
            Transport::Failed if self.unbound.contains_key(provider) => 0,
            Transport::Misconfigured => 1,
            Transport::Answered | Transport::Throttled | Transport::Failed => 3,
        };
        if transport == Transport::Answered {
            self.waits.remove(provider);
        }
        let mut changes = Vec::new();
        for key in CellKey::ladder(provider, place).into_iter().take(widths) {
            let turn = self.cell(key.clone(), now).transport.observe(transport, now);
            let what = turn.map(|turn| match turn {
                transport::Turn::Opened => What::TransportOpened,
                transport::Turn::Closed => What::TransportClosed,
            });
            changes.extend(what.map(|what| Change { cell: key, what }));
        }
        changes
    }

    /// A provider that turned a message away asks to be left alone until then. An answer to another message ends it.
    pub fn asks_to_wait(&mut self, provider: &ProviderName, until: Timestamp) {
        self.waits.insert(provider.clone(), until);
    }

    /// The last bind to a provider is gone: all that it carries takes another route at once.
    pub fn bind_lost(&mut self, provider: &ProviderName, now: Timestamp) -> Option<Change> {
        let is_news = self.unbound.insert(provider.clone(), now).is_none();
        is_news.then(|| everywhere(provider, What::BindLost))
    }

    /// A bind is back: the whole provider may be used again, and breakers that the lost one's failures
    /// opened close.
    pub fn bind_restored(&mut self, provider: &ProviderName) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.unbound.remove(provider).is_some() {
            changes.push(everywhere(provider, What::BindRestored));
        }
        for (key, cell) in self.cells.iter_mut().filter(|(key, _)| key.provider == *provider) {
            let closed = cell.transport.begin_anew().is_some();
            changes.extend(closed.then(|| Change { cell: key.clone(), what: What::TransportClosed }));
        }
        changes
    }

    /// What the customer did after an attempt.
    pub fn evidence(&mut self, seen: &Observed<'_>, evidence: Evidence, now: Timestamp) -> Vec<Change> {
        let ladder = CellKey::ladder(seen.provider, seen.place);
        let mut expected = Rates::UNKNOWN;
        let mut any_open = false;
        for key in &ladder {
            let cell = self.cell(key.clone(), now);
            cell.count(evidence, now);
            expected = cell.conversion.rates(expected);
            any_open |= cell.conversion.open_since().is_some();
        }
        let sight = Sight { standing: seen.standing, expected, now };
        let settings = self.settings.conversion;
        let mut changes = Vec::new();
        let mut explained = false;
        for key in ladder.into_iter().rev() {
            let conversion = &mut self.cell(key.clone(), now).conversion;
            // While one width is open, probes are for closing it and say nothing about the others.
            if any_open && conversion.open_since().is_none() {
                continue;
            }
            if explained {
                conversion.explained(settings.trip);
            }
            let turn = conversion.observe(evidence, &sight, &settings);
            explained |= matches!(turn, Some(conversion::Turn::Opened | conversion::Turn::FraudSuspected));
            changes.extend(turn.map(|turn| Change { cell: key, what: what_turned(turn) }));
        }
        changes
    }

    /// How long a customer took from the message to the code.
    pub fn verified_after(&mut self, seen: &Observed<'_>, after: Duration, now: Timestamp) {
        for key in CellKey::ladder(seen.provider, seen.place) {
            self.cell(key, now).verify_latencies.add(after);
        }
    }

    /// A final receipt came, or none did.
    pub fn receipt(&mut self, provider: &ProviderName, place: Place, receipt: ReceiptSeen, now: Timestamp) {
        for key in CellKey::ladder(provider, place) {
            let cell = self.cell(key, now);
            match receipt {
                ReceiptSeen::Missing => cell.presence.add(Observation::Bad, LATELY, now),
                ReceiptSeen::Came { status: ReceiptStatus::Buffered, .. } => {}
                ReceiptSeen::Came { status, after } => {
                    let delivered = match status {
                        ReceiptStatus::Delivered => Observation::Good,
                        ReceiptStatus::Buffered | ReceiptStatus::Failed => Observation::Bad,
                    };
                    cell.presence.add(Observation::Good, LATELY, now);
                    cell.delivered.add(delivered, LATELY, now);
                    cell.receipt_latencies.add(after);
                }
            }
        }
    }

    /// How long to wait for a receipt before its silence means something: p95 of the narrowest cell
    /// that knows, and only where four of five messages get one at all.
    pub fn receipt_patience(
        &self,
        provider: &ProviderName,
        place: Place,
        now: Timestamp,
    ) -> Option<Duration> {
        let ladder = CellKey::ladder(provider, place);
        let cells = ladder.iter().rev().filter_map(|key| self.cells.get(key));
        cells.into_iter().find_map(|cell| {
            let usual = share(cell.presence.at(LATELY, now)).is_some_and(|share| share >= 0.8);
            cell.receipt_latencies.percentile(95).filter(|_| usual)
        })
    }

    /// Within what time 19 of 20 codes were typed lately, from the message on: of the narrowest cell that knows.
    pub fn usually_verified_within(&self, provider: &ProviderName, place: Place) -> Option<Duration> {
        let ladder = CellKey::ladder(provider, place);
        let cells = ladder.iter().rev().filter_map(|key| self.cells.get(key));
        cells.into_iter().find_map(|cell| cell.verify_latencies.percentile(95))
    }

    /// Outage or fraud, for a destination and all routes to it.
    pub fn verdict(&self, providers: &[ProviderName], place: Place) -> Verdict {
        let mut outage = Vec::new();
        let mut only_strangers = false;
        let mut known_are_fine = false;
        for provider in providers {
            let fell = self.fell(provider, place);
            let open = CellKey::ladder(provider, place)
                .iter()
                .filter_map(|key| self.cells.get(key))
                .any(|cell| cell.conversion.open_since().is_some());
            known_are_fine |= fell.known == Some(false);
            only_strangers |= fell.strangers == Some(true) && fell.known == Some(false);
            if open || fell.known == Some(true) {
                outage.push(provider.clone());
            }
        }
        let everywhere = providers.len() > 1 && outage.len() == providers.len();
        let known_fell = providers.iter().any(|provider| self.fell(provider, place).known == Some(true));
        match () {
            () if only_strangers => Verdict::Fraud,
            // Carriers do not fail all at once; a wave of numbers that never convert does that.
            () if everywhere && !known_fell && !known_are_fine => Verdict::Fraud,
            () if outage.is_empty() => Verdict::Healthy,
            () => Verdict::Outage(outage),
        }
    }

    fn fell(&self, provider: &ProviderName, place: Place) -> Fell {
        let mut prior = Rates::UNKNOWN;
        let mut fell = Fell { known: None, strangers: None };
        for key in CellKey::ladder(provider, place) {
            if let Some(cell) = self.cells.get(&key) {
                let own = cell.conversion.fell(prior);
                fell = Fell { known: own.known.or(fell.known), strangers: own.strangers.or(fell.strangers) };
                prior = cell.conversion.rates(prior);
            }
        }
        fell
    }

    /// Numbers of one cell, if it is kept.
    pub fn figures(&self, key: &CellKey, now: Timestamp) -> Option<CellFigures> {
        let cell = self.cells.get(key)?;
        let baseline_verified = cell.conversion.rates(Rates::UNKNOWN).verified;
        let recent_verified = share(cell.outcomes.at(LATELY, now));
        let delivered = share(cell.delivered.at(LATELY, now));
        let fell = cell.conversion.open_since().is_some()
            || recent_verified.is_some_and(|recent| recent < 0.5 * baseline_verified);
        Some(CellFigures {
            baseline_verified,
            recent_verified,
            receipt_p95: cell.receipt_latencies.percentile(95),
            receipt_presence: share(cell.presence.at(LATELY, now)),
            verify_p95: cell.verify_latencies.percentile(95),
            receipts_lie: fell && delivered.is_some_and(|delivered| delivered >= 0.8),
        })
    }

    fn cell(&mut self, key: CellKey, now: Timestamp) -> &mut Cell {
        if self.cells.len() >= self.settings.max_cells.max(8) && !self.cells.contains_key(&key) {
            self.make_room();
        }
        let cell = self.cells.entry(key).or_default();
        cell.used_at = cell.used_at.max(Some(now));
        cell
    }

    /// Drops the eighth that was used least recently: one walk makes room for many.
    fn make_room(&mut self) {
        let mut used: Vec<Option<Timestamp>> = self.cells.values().map(|cell| cell.used_at).collect();
        let drop = (used.len() / 8).max(1);
        let (_, &mut limit, _) = used.select_nth_unstable(drop - 1);
        let mut left = drop;
        self.cells.retain(|_, cell| {
            let goes = left > 0 && cell.used_at <= limit;
            left -= usize::from(goes);
            !goes
        });
    }
}

impl Cell {
    fn count(&mut self, evidence: Evidence, now: Timestamp) {
        match evidence {
            Evidence::Verified => self.outcomes.add(Observation::Good, LATELY, now),
            Evidence::Unverified => self.outcomes.add(Observation::Bad, LATELY, now),
            Evidence::Retracted => self.outcomes.take_back(Observation::Bad),
            Evidence::VerifiedLate => {
                self.outcomes.take_back(Observation::Bad);
                self.outcomes.add(Observation::Good, LATELY, now);
            }
            Evidence::AskedAgain | Evidence::NeverAsked => {}
        }
    }
}

fn everywhere(provider: &ProviderName, what: What) -> Change {
    Change { cell: CellKey { provider: provider.clone(), scope: super::place::Scope::Provider }, what }
}

const fn what_turned(turn: conversion::Turn) -> What {
    match turn {
        conversion::Turn::Opened => What::ConversionOpened,
        conversion::Turn::Closed => What::ConversionClosed,
        conversion::Turn::FraudSuspected => What::FraudSuspected,
    }
}

/// The share of good ones; none when fewer than ten are left.
fn share(counts: Discounted) -> Option<f64> {
    (counts.total() >= 10.0).then(|| counts.good() / counts.total())
}

/// JSON has no maps with keys of two parts.
mod as_pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Cell, CellKey};

    pub(super) fn serialize<S: Serializer>(
        cells: &BTreeMap<CellKey, Cell>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(cells)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<CellKey, Cell>, D::Error> {
        Ok(Vec::<(CellKey, Cell)>::deserialize(deserializer)?.into_iter().collect())
    }
}
