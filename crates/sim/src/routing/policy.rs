//! Who decides by which route a message leaves.

use countersign_core::entropy::Entropy;
use countersign_core::phone::E164;
use countersign_core::price::Price;
use countersign_core::time::Timestamp;
use countersign_core::verification::Standing;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::route::attempt::{Attempt, AttemptResult, Bounds, History};
use countersign_delivery::route::choose::{Asked, Cause, Decision, choose};
use countersign_delivery::route::conversion::{self, Evidence};
use countersign_delivery::route::health::{Health, HealthSettings, Observed};
use countersign_delivery::route::place::Place;
use countersign_delivery::route::prices::{Quote, QuoteBasis};
use countersign_delivery::route::table::{Candidate, Candidates, Fit, Order};
use countersign_delivery::route::thompson::ThompsonSettings;

use crate::torture::random::Random;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Always the best route on paper.
    Static,
    /// That, and a resend by the second.
    ResendElsewhere,
    /// One after the other.
    RoundRobin,
    /// Discounted Thompson sampling without cap or breakers.
    Thompson,
    /// What the server does: breakers, probes, resends by another route.
    Ours,
    /// Knows of every outage as it begins.
    Oracle,
}

impl Policy {
    /// In the order of the report.
    pub const ALL: [Policy; 6] = [
        Policy::Static,
        Policy::ResendElsewhere,
        Policy::RoundRobin,
        Policy::Thompson,
        Policy::Ours,
        Policy::Oracle,
    ];

    /// Its name in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Policy::Static => "static",
            Policy::ResendElsewhere => "static, resend on another route",
            Policy::RoundRobin => "round robin",
            Policy::Thompson => "discounted Thompson",
            Policy::Ours => "ours",
            Policy::Oracle => "oracle",
        }
    }
}

/// Routes, the best on paper first.
pub(super) const ROUTES: [&str; 3] = ["alpha", "beta", "gamma"];
/// What a message costs by each, in millionths of a euro.
pub(super) const PRICES_MICROS: [u64; 3] = [80_000, 75_000, 70_000];

/// What a policy may know when it decides.
#[derive(Clone, Copy)]
pub(super) struct Situation {
    pub(super) place: Place,
    /// By which route this customer's first message left, if it did.
    pub(super) first: Option<usize>,
    pub(super) now: Timestamp,
    /// Only the oracle looks.
    pub(super) outage: bool,
}

/// A policy with its memory.
pub(super) struct Router {
    policy: Policy,
    turn: usize,
    candidates: Candidates,
    names: Vec<ProviderName>,
    health: Health,
    bounds: Bounds,
    random: Random,
}

impl Router {
    pub(super) fn new(policy: Policy, seed: u64) -> anyhow::Result<Self> {
        let euro = "EUR".parse()?;
        let names: Vec<ProviderName> =
            ROUTES.iter().map(|name| Ok(name.parse()?)).collect::<anyhow::Result<_>>()?;
        let routes = names.iter().zip(PRICES_MICROS).map(|(name, micros)| Candidate {
            provider: name.clone(),
            quote: Some(Quote { price: Price::from_micros(micros, euro), basis: QuoteBasis::Listed }),
            fit: Fit::ONE_SEGMENT,
        });
        let plain_thompson =
            ThompsonSettings { max_explored_percent: 100, min_per_day: 0, max_price_above_percent: 100 };
        let never = conversion::Settings { trip: f64::MAX, ..conversion::Settings::default() };
        let mut settings = HealthSettings::default();
        if policy == Policy::Thompson {
            settings.conversion = never;
        }
        Ok(Router {
            policy,
            turn: 0,
            candidates: Candidates {
                routes: routes.collect(),
                order: Order::Listed,
                thompson: (policy == Policy::Thompson).then_some(plain_thompson),
            },
            names,
            health: Health::new(settings),
            bounds: Bounds::default(),
            random: Random::new(seed),
        })
    }

    /// The route for one message.
    pub(super) fn route(&mut self, situation: &Situation) -> usize {
        match (self.policy, situation.first) {
            (Policy::Static, _) | (Policy::ResendElsewhere, None) => 0,
            (Policy::ResendElsewhere, Some(_)) => 1,
            (Policy::RoundRobin, None) => {
                self.turn += 1;
                self.turn % ROUTES.len()
            }
            (Policy::RoundRobin, Some(first)) => (first + 1) % ROUTES.len(),
            (Policy::Oracle, first) => {
                let best = usize::from(situation.outage);
                if first == Some(best) { best + 1 } else { best }
            }
            (Policy::Thompson | Policy::Ours, _) => self.choose(situation),
        }
    }

    fn choose(&mut self, situation: &Situation) -> usize {
        let mut history = History::default();
        if let Some(first) = situation.first {
            history.push(Attempt {
                provider: self.names[first].clone(),
                at: situation.now,
                result: AttemptResult::Accepted,
                cost: None,
            });
        }
        let asked = Asked {
            cause: if situation.first.is_some() { Cause::Resend } else { Cause::First },
            place: situation.place,
            history: &history,
            bounds: &self.bounds,
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.random.bits().to_be_bytes());
        let choice =
            choose(&self.candidates, &self.health, &asked, situation.now, &mut Entropy::from_seed(seed));
        let Decision::Send { provider, .. } = choice.decision else { return 0 };
        self.names.iter().position(|name| *name == provider).unwrap_or(0)
    }

    /// Tells what a customer did.
    pub(super) fn learn(&mut self, route: usize, place: Place, evidence: Evidence, now: Timestamp) {
        if matches!(self.policy, Policy::Thompson | Policy::Ours) {
            let seen = Observed { provider: &self.names[route], place, standing: Standing::Stranger };
            self.health.evidence(&seen, evidence, now);
        }
    }
}

/// Three groups of one country's numbers.
pub(super) fn places() -> anyhow::Result<Vec<Place>> {
    let numbers = ["+447400123456", "+447700900123", "+447911123456"];
    numbers.iter().map(|number| Ok(Place::of(&E164::parse_fictional(number, None)?))).collect()
}
