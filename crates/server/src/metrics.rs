//! Figures for Prometheus. Labels come from closed sets and hold no personal data.

mod smpp;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use countersign_core::event::EventKind;
use countersign_core::guard::{Action, Objection};
use countersign_delivery::smpp::SmppProvider;
use countersign_store::Stats;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Seconds: from a cache hit to the patience of a customer.
const BUCKETS_S: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// A word of a closed set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    result: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRule {
    rule: Word,
    action: Word,
    taken: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySubmission {
    /// From the operator's configuration: as many values as it has providers.
    provider: String,
    outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRequest {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRoute {
    route: String,
}

/// Every figure of the server.
pub struct Metrics {
    registry: Registry,
    verifications: Family<ByResult, Counter>,
    checks: Family<ByResult, Counter>,
    refusals: Family<ByResult, Counter>,
    objections: Family<ByRule, Counter>,
    guess_alarms: Family<ByResult, Counter>,
    devices: Family<ByResult, Counter>,
    decisions: Family<ByResult, Counter>,
    withheld: Family<ByResult, Counter>,
    submissions: Family<BySubmission, Counter>,
    submission_seconds: Family<ByResult, Histogram>,
    breakers: Family<BySubmission, Counter>,
    conversion_feedback: Family<BySubmission, Counter>,
    recalls: Family<BySubmission, Counter>,
    queries: Family<BySubmission, Counter>,
    requests: Family<ByRequest, Counter>,
    request_seconds: Family<ByRoute, Histogram>,
    outbox_queue: Gauge,
    store: StoreGauges,
    smpp: Arc<smpp::Smpp>,
}

#[derive(Default)]
struct StoreGauges {
    batches: Gauge<u64, AtomicU64>,
    batched_requests: Gauge<u64, AtomicU64>,
    conflicts: Gauge<u64, AtomicU64>,
    queue_depth: Gauge<u64, AtomicU64>,
    wal_bytes: Gauge<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = || Histogram::new(BUCKETS_S);
        let mut metrics = Metrics {
            registry: Registry::with_prefix("countersign"),
            verifications: Family::default(),
            checks: Family::default(),
            refusals: Family::default(),
            objections: Family::default(),
            guess_alarms: Family::default(),
            devices: Family::default(),
            decisions: Family::default(),
            withheld: Family::default(),
            submissions: Family::default(),
            submission_seconds: Family::new_with_constructor(histogram),
            breakers: Family::default(),
            conversion_feedback: Family::default(),
            recalls: Family::default(),
            queries: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
            outbox_queue: Gauge::default(),
            store: StoreGauges::default(),
            smpp: Arc::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("verifications", "Verifications by what became of them", self.verifications.clone());
        r.register("checks", "Evaluated guesses by result", self.checks.clone());
        r.register(
            "guard_objections",
            "Messages that the guard objected to, by rule, what the rule would do, and what was done",
            self.objections.clone(),
        );
        r.register(
            "guess_alarms",
            "Alarms about wrong codes in a whole app, by what was reached",
            self.guess_alarms.clone(),
        );
        r.register(
            "messages_withheld",
            "Messages that did not leave although it looks as if, by rule",
            self.withheld.clone(),
        );
        r.register("refusals", "Requests that a rule refused, by rule", self.refusals.clone());
        r.register(
            "trusted_devices",
            "Devices that became trusted, and why others are no more",
            self.devices.clone(),
        );
        r.register("decisions", "Step-up decisions by what they say", self.decisions.clone());
        r.register(
            "conversion_feedback",
            "Codes that providers were told the fate of, by their answer",
            self.conversion_feedback.clone(),
        );
        r.register("submissions", "Submissions by provider and outcome", self.submissions.clone());
        r.register(
            "submission_seconds",
            "Time that a provider took to answer",
            self.submission_seconds.clone(),
        );
        r.register(
            "route_breakers",
            "Route breakers that opened or closed, and suspicions, by provider",
            self.breakers.clone(),
        );
        let help = "Messages that carriers were asked not to deliver any more, by their answer";
        r.register("recalls", help, self.recalls.clone());
        let help = "Messages with an overdue receipt that carriers were asked about, by their answer";
        r.register("queries", help, self.queries.clone());
        r.register("http_requests", "Requests by route and status", self.requests.clone());
        r.register("http_request_seconds", "Time that a request took", self.request_seconds.clone());
        r.register(
            "outbox_queue",
            "Messages that wait for a free sender on this node",
            self.outbox_queue.clone(),
        );
        r.register("store_batches", "Transactions written since the start", self.store.batches.clone());
        r.register(
            "store_batched_requests",
            "Requests written in these transactions: divided by them, the batch size",
            self.store.batched_requests.clone(),
        );
        r.register("store_conflicts", "Commits that found another version", self.store.conflicts.clone());
        r.register("store_queue_depth", "Requests that wait for the writer", self.store.queue_depth.clone());
        r.register("store_wal_bytes", "Size of the write-ahead log", self.store.wal_bytes.clone());
        r.register_collector(Box::new(Arc::clone(&self.smpp)));
    }

    /// Counts a committed fact.
    pub fn event(&self, event: &EventKind) {
        let verification = |result| {
            self.verifications.get_or_create(&ByResult { result: Word(result) }).inc();
        };
        let check = |result| {
            self.checks.get_or_create(&ByResult { result: Word(result) }).inc();
        };
        let device = |result| {
            self.devices.get_or_create(&ByResult { result: Word(result) }).inc();
        };
        if let EventKind::Started { withheld: Some(rule), .. }
        | EventKind::ChallengeSolved { withheld: Some(rule), .. }
        | EventKind::Resent { withheld: Some(rule), .. }
        | EventKind::NextStep { withheld: Some(rule), .. } = event
        {
            self.withheld(rule.as_str());
        }
        match event {
            EventKind::Started { .. } => verification("started"),
            EventKind::ChallengeRequired { .. } => verification("challenge_required"),
            EventKind::ChallengeSolved { .. } => verification("challenge_solved"),
            EventKind::ChallengeFailed { .. } => verification("challenge_failed"),
            EventKind::Resent { .. } => verification("resent"),
            EventKind::NextStep { .. } => verification("next_step"),
            EventKind::WorkflowStopped { .. } => verification("workflow_stopped"),
            EventKind::Approved => {
                verification("approved");
                check("approved");
            }
            EventKind::Expired => verification("expired"),
            EventKind::Exhausted => verification("exhausted"),
            EventKind::Canceled { .. } => verification("canceled"),
            EventKind::Denied { .. } => verification("denied"),
            EventKind::Reported => verification("reported"),
            EventKind::Redeemed => verification("redeemed"),
            EventKind::PhoneChangeAuthorized { .. } => verification("replaced"),
            EventKind::RecoveryRequested { .. } => verification("recovery_requested"),
            EventKind::CheckIncorrect { .. } => check("incorrect"),
            EventKind::CheckSuperseded { .. } => check("superseded"),
            EventKind::PhoneLocked { .. } => self.refused("phone_locked"),
            EventKind::PhoneDisabled => self.refused("phone_disabled"),
            EventKind::DeviceTrusted { .. } => device("trusted"),
            EventKind::DeviceRevoked { reason, .. } => device(reason.as_str()),
            EventKind::Decided(decision) => {
                let result = Word(decision.action.as_str());
                self.decisions.get_or_create(&ByResult { result }).inc();
            }
            EventKind::DeviceTheft { .. }
            | EventKind::DeliveryAccepted { .. }
            | EventKind::DeliveryRetrying { .. }
            | EventKind::DeliveryUnknown { .. }
            | EventKind::DeliveryFailed { .. }
            | EventKind::FailedOver { .. }
            | EventKind::DeliveryRecalled { .. }
            | EventKind::Receipt { .. } => {}
        }
    }

    /// Counts a message that did not leave although it looks as if.
    fn withheld(&self, rule: &'static str) {
        self.withheld.get_or_create(&ByResult { result: Word(rule) }).inc();
    }

    /// Counts a refusal.
    pub fn refused(&self, rule: &'static str) {
        self.refusals.get_or_create(&ByResult { result: Word(rule) }).inc();
    }

    /// Counts a message that the guard objected to, and what it did about it.
    pub fn objection(&self, objection: &Objection, taken: Action) {
        let (rule, action) = (Word(objection.rule.as_str()), Word(objection.action.as_str()));
        self.objections.get_or_create(&ByRule { rule, action, taken: Word(taken.as_str()) }).inc();
    }

    /// Counts an alarm about wrong guesses in a whole app.
    pub fn guess_alarm(&self, alarm: &'static str) {
        self.guess_alarms.get_or_create(&ByResult { result: Word(alarm) }).inc();
    }

    /// Counts a provider's answer to what became of its code.
    pub fn conversion_feedback(&self, provider: &str, outcome: &'static str) {
        self.conversion_feedback
            .get_or_create(&BySubmission { provider: provider.to_owned(), outcome: Word(outcome) })
            .inc();
    }

    /// Counts a submission and the time it took.
    pub fn submission(&self, provider: &str, outcome: &'static str, took: Duration) {
        self.submissions
            .get_or_create(&BySubmission { provider: provider.to_owned(), outcome: Word(outcome) })
            .inc();
        self.submission_seconds
            .get_or_create(&ByResult { result: Word(outcome) })
            .observe(took.as_secs_f64());
    }

    /// Counts a request and the time it took. `route` is the path's pattern.
    pub fn request(&self, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&ByRequest { route: route.to_owned(), status }).inc();
        self.request_seconds.get_or_create(&ByRoute { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// Counts a breaker that opened or closed, or a suspicion.
    pub fn breaker(&self, provider: &str, what: &'static str) {
        self.breakers
            .get_or_create(&BySubmission { provider: provider.to_owned(), outcome: Word(what) })
            .inc();
    }

    /// Counts a message that a carrier was asked not to deliver.
    pub fn recall(&self, provider: &str, outcome: &'static str) {
        self.recalls
            .get_or_create(&BySubmission { provider: provider.to_owned(), outcome: Word(outcome) })
            .inc();
    }

    /// Counts a message that a carrier was asked about.
    pub fn query(&self, provider: &str, outcome: &'static str) {
        self.queries
            .get_or_create(&BySubmission { provider: provider.to_owned(), outcome: Word(outcome) })
            .inc();
    }

    /// A message waits for a free sender, or no longer does.
    pub fn outbox_waits(&self, change: i64) {
        self.outbox_queue.inc_by(change);
    }

    /// Shows the figures of these providers too. The first call decides.
    pub fn observe_smpp(&self, providers: Vec<SmppProvider>) {
        self.smpp.observe(providers);
    }

    /// All figures in the Prometheus text format.
    pub fn render(&self, store: Stats) -> String {
        self.store.batches.set(store.batches);
        self.store.batched_requests.set(store.batched_requests);
        self.store.conflicts.set(store.conflicts);
        self.store.queue_depth.set(store.queue_depth);
        self.store.wal_bytes.set(store.wal_bytes);
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rendered_by_name_and_label() {
        let metrics = Metrics::default();
        metrics.event(&EventKind::Approved);
        metrics.submission("backup", "accepted", Duration::from_millis(3));
        let text = metrics.render(Stats { wal_bytes: 4096, ..Stats::default() });
        assert!(text.contains("countersign_checks_total{result=\"approved\"} 1"), "{text}");
        assert!(text.contains("countersign_submissions_total{provider=\"backup\",outcome=\"accepted\"} 1"));
        assert!(text.contains("countersign_store_wal_bytes 4096"));
    }
}
