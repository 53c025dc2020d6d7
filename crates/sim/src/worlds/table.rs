//! What many worlds came to, in one row for each policy.

use std::collections::BTreeMap;
use std::fmt;

use countersign_core::guard::Rule;

use super::campaign::Kind;
use super::defender::Policy;
use super::run::{Customers, Days, Outcome, Plan, Story, tell};
use crate::clock;

/// Campaigns together.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    asked: u64,
    sent: u64,
    asked_micros: u64,
    sent_micros: u64,
}

impl Sum {
    fn add(&mut self, outcome: &Outcome) {
        self.asked += outcome.asked;
        self.sent += outcome.sent;
        self.asked_micros += outcome.asked_micros;
        self.sent_micros += outcome.sent_micros;
    }
}

/// All worlds under one policy.
#[derive(Clone, Debug)]
pub struct Row {
    /// The policy.
    pub policy: Policy,
    clean: Customers,
    attacked: Customers,
    rules: BTreeMap<(Days, Rule), u64>,
    classic: Sum,
    all: Sum,
    kinds: BTreeMap<Kind, Sum>,
    /// The campaign that cost most.
    pub worst: Option<Outcome>,
    /// The one that came nearest to its bound.
    pub nearest: Option<Outcome>,
    /// Messages above the printed bound.
    pub broken: u64,
    seeds: u32,
    /// Worlds in which the interval of the estimate held the truth: money saved, customers hurt.
    held: (u32, u32),
    requests: u64,
    micros: u64,
}

/// Lets the worlds of `seeds` seeds happen.
pub fn row(policy: Policy, plan: Plan, seeds: u32) -> anyhow::Result<Row> {
    let mut row = Row {
        policy,
        clean: Customers::default(),
        attacked: Customers::default(),
        rules: BTreeMap::new(),
        classic: Sum::default(),
        all: Sum::default(),
        kinds: BTreeMap::new(),
        worst: None,
        nearest: None,
        broken: 0,
        seeds,
        held: (0, 0),
        requests: 0,
        micros: 0,
    };
    for seed in 0..u64::from(seeds) {
        let from = clock::instant();
        let story = tell(Plan { seed: plan.seed + seed, ..plan }, policy)?;
        row.micros += clock::micros_since(from);
        row.add(&story);
    }
    Ok(row)
}

impl Row {
    fn add(&mut self, story: &Story) {
        for (sum, one) in [(&mut self.clean, story.clean), (&mut self.attacked, story.attacked)] {
            sum.asked += one.asked;
            sum.touched += one.touched;
        }
        for (&rule, count) in &story.rules {
            *self.rules.entry(rule).or_default() += count;
        }
        for outcome in &story.campaigns {
            self.all.add(outcome);
            if outcome.kind.is_classic() {
                self.classic.add(outcome);
            }
            self.kinds.entry(outcome.kind).or_default().add(outcome);
            if self.worst.is_none_or(|worst| worst.sent_micros < outcome.sent_micros) {
                self.worst = Some(*outcome);
            }
            let of_bound = |one: &Outcome| share(one.sent_micros, one.bound_micros);
            if self.nearest.is_none_or(|nearest| of_bound(&nearest) < of_bound(outcome)) {
                self.nearest = Some(*outcome);
            }
        }
        let truth = story.truth;
        let whole = |value: u64| share(value, 1);
        let (saved, hurt) = (story.probes.saved_micros(), story.probes.hurt());
        self.held.0 += u32::from(saved.is_some_and(|saved| saved.holds(whole(truth.saved_micros))));
        self.held.1 += u32::from(hurt.is_some_and(|hurt| hurt.holds(whole(truth.hurt))));
        self.broken += if self.policy == Policy::Guard { story.broken } else { 0 };
        self.requests += story.requests;
    }

    /// Of the cost of the four classic kinds of campaigns what was not spent, in percent.
    pub fn saved(&self) -> f64 {
        100.0 - 100.0 * share(self.classic.sent_micros, self.classic.asked_micros)
    }

    /// The same of all campaigns.
    pub fn saved_of_all(&self) -> f64 {
        100.0 - 100.0 * share(self.all.sent_micros, self.all.asked_micros)
    }

    /// Of customers' requests in days under attack those that were challenged or refused, in percent.
    pub fn touched_attacked(&self) -> f64 {
        100.0 * share(self.attacked.touched, self.attacked.asked)
    }

    /// The same in clean days.
    pub fn touched_clean(&self) -> f64 {
        100.0 * share(self.clean.touched, self.clean.asked)
    }

    /// Requests decided in a second, with the making of the world.
    pub fn per_second(&self) -> f64 {
        share(self.requests, self.micros) * 1e6
    }

    /// Fraudulent requests among those of the attacked days, in percent.
    pub fn hostile(&self) -> f64 {
        100.0 * share(self.all.asked, self.all.asked + self.attacked.asked)
    }

    /// How often the estimates held, if the policy makes any.
    pub fn coverage(&self) -> String {
        format!(
            "money saved {} of {} worlds, customers hurt {} of {}",
            self.held.0, self.seeds, self.held.1, self.seeds
        )
    }

    /// The heads of the table.
    pub const HEADS: &str = "| policy | saved, B.4's kinds | saved, all | touched, attacked | touched, clean | \
        worst campaign, USD | its bound | requests/s |\n|---|---|---|---|---|---|---|---|";

    /// Which rules touched customers, under attack or not, in percent of their requests.
    pub fn touching(&self, days: Days) -> String {
        let asked = match days {
            Days::Clean => self.clean.asked,
            Days::Attacked => self.attacked.asked,
        };
        let of = self.rules.iter().filter(|((of_days, _), _)| *of_days == days);
        let rules =
            of.map(|((_, rule), count)| format!("{} {:.4}", rule.as_str(), 100.0 * share(*count, asked)));
        rules.collect::<Vec<_>>().join(", ")
    }

    /// What was spent on each kind of campaign, in dollars.
    pub fn costs(&self) -> String {
        let kinds = self
            .kinds
            .iter()
            .map(|(kind, sum)| format!("{} {:.0}", kind.word(), share(sum.sent_micros, 1_000_000)));
        kinds.collect::<Vec<_>>().join(", ")
    }

    /// Recall of each kind of campaign, in percent.
    pub fn recalls(&self) -> String {
        let kinds = self
            .kinds
            .iter()
            .map(|(kind, sum)| format!("{} {:.1}", kind.word(), 100.0 - 100.0 * share(sum.sent, sum.asked)));
        kinds.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = |micros: u64| share(micros, 1_000_000);
        let bound = |worst: &Outcome| match self.policy {
            Policy::Guard => format!("{:.0}", dollars(worst.bound_micros)),
            Policy::LimitsOnly | Policy::CountryRatio => "none".to_owned(),
        };
        let (cost, bound) = self.worst.map_or((0.0, String::new()), |worst| {
            (dollars(worst.sent_micros), format!("{} ({})", bound(&worst), worst.kind.word()))
        });
        write!(
            f,
            "| {} | {:.1} | {:.1} | {:.2} | {:.4} | {cost:.0} | {bound} | {:.0} |",
            self.policy.as_str(),
            self.saved(),
            self.saved_of_all(),
            self.touched_attacked(),
            self.touched_clean(),
            self.per_second(),
        )
    }
}

fn share(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts and money of a simulation are far below 2^53")]
    let (part, whole) = (part as f64, whole.max(1) as f64);
    part / whole
}
