//! Figures of SMPP providers, read when somebody asks: one set of lines for each configured provider.

use std::fmt;
use std::sync::OnceLock;

use countersign_delivery::provider::Provider as _;
use countersign_delivery::smpp::pdu::Quirk;
use countersign_delivery::smpp::{SmppCounts, SmppProvider};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Word;

/// Every word of `BindState::as_str`: a state that no bind has shows as 0, so that alarms see it go.
const STATES: [&str; 5] = ["connecting", "bound", "waiting", "stopped", "ended"];

/// The SMPP providers, once they are there.
#[derive(Debug, Default)]
pub(super) struct Smpp(OnceLock<Vec<SmppProvider>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByProvider {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    provider: String,
    state: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    provider: String,
    kind: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    provider: String,
    result: Word,
}

/// A figure without further labels: its name, its help, and its value.
type Simple = (&'static str, &'static str, fn(&SmppCounts) -> u64);

/// What is told of one provider at one time.
struct Seen {
    provider: String,
    states: [u64; STATES.len()],
    unanswered: u64,
    places: u64,
    counts: SmppCounts,
}

impl Seen {
    fn of(provider: &SmppProvider) -> Self {
        let binds = provider.binds();
        let in_state = |state: &&str| binds.iter().filter(|bind| bind.state.as_str() == *state).count();
        let window = provider.window();
        Seen {
            provider: provider.name().to_string(),
            states: STATES.each_ref().map(|state| count(in_state(state))),
            unanswered: count(window.unanswered),
            places: count(window.places),
            counts: provider.counts(),
        }
    }
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

impl Smpp {
    /// Says which providers there are; only the first call counts.
    pub(super) fn observe(&self, providers: Vec<SmppProvider>) {
        // Only an instance says this, once.
        let _ = self.0.set(providers);
    }
}

impl Collector for Smpp {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let all: Vec<Seen> = self.0.get().into_iter().flatten().map(Seen::of).collect();
        if all.is_empty() {
            return Ok(());
        }
        let encoder = &mut encoder;
        gauge(encoder, "smpp_binds", "Connections of SMPP providers by their state", &all, |seen| {
            let states = STATES.into_iter().zip(seen.states);
            let labels = |state| ByState { provider: seen.provider.clone(), state: Word(state) };
            states.map(|(state, value)| (labels(state), value)).collect()
        })?;
        gauge(encoder, "smpp_unanswered", "SMPP requests that wait for their answer", &all, |seen| {
            seen.one(seen.unanswered)
        })?;
        gauge(encoder, "smpp_window", "SMPP requests that may wait for their answer", &all, |seen| {
            seen.one(seen.places)
        })?;
        let simple: [Simple; 6] = [
            ("smpp_bound", "Connections bound, the first ones and all later ones", |counts| counts.binds),
            ("smpp_connections_lost", "Bound connections that ended", |counts| counts.connections_lost),
            ("smpp_enquire_links_unanswered", "enquire_links without an answer in time", |counts| {
                counts.enquire_links_unanswered
            }),
            ("smpp_framing_errors", "Connections given up over lengths that make no sense", |counts| {
                counts.framing_errors
            }),
            ("smpp_late_responses", "Answers after their request was given up", |counts| {
                counts.late_responses
            }),
            ("smpp_messages_from_phones", "Messages that customers wrote back", |counts| {
                counts.messages_from_phones
            }),
        ];
        for (name, help, value) in simple {
            counter(encoder, name, help, &all, |seen| seen.one(value(&seen.counts)))?;
        }
        let help = "Receipts that came by SMPP, by what was done with them";
        counter(encoder, "smpp_receipts", help, &all, |seen| {
            let SmppCounts { receipts, receipts_refused, receipts_dropped, .. } = seen.counts;
            let results = [("taken", receipts), ("put_off", receipts_refused), ("dropped", receipts_dropped)];
            let labels = |result| ByResult { provider: seen.provider.clone(), result: Word(result) };
            results.into_iter().map(|(result, value)| (labels(result), value)).collect()
        })?;
        let help = "PDUs that were not as SMPP has them and were read all the same, by kind";
        counter(encoder, "smpp_odd_pdus", help, &all, |seen| {
            let labels = |kind: Quirk| ByKind { provider: seen.provider.clone(), kind: Word(kind.as_str()) };
            seen.counts.quirks.iter().map(|(kind, value)| (labels(*kind), *value)).collect()
        })
    }
}

impl Seen {
    fn one(&self, value: u64) -> Vec<(ByProvider, u64)> {
        vec![(ByProvider { provider: self.provider.clone() }, value)]
    }
}

fn gauge<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    all: &[Seen],
    lines: impl Fn(&Seen) -> Vec<(L, u64)>,
) -> Result<(), fmt::Error> {
    let kind = ConstGauge::new(0_u64).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, value) in all.iter().flat_map(lines) {
        ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn counter<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    all: &[Seen],
    lines: impl Fn(&Seen) -> Vec<(L, u64)>,
) -> Result<(), fmt::Error> {
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, value) in all.iter().flat_map(lines) {
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
