//! One world under one policy, from its first request to its last code.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use anyhow::Context as _;
use countersign_core::guard::Rule;
use countersign_core::guard::policy::CreditKey;
use countersign_core::guard::probe::{Lot, ProbeCount};

use super::campaign::{Campaign, Kind, campaigns};
use super::country::{COUNTRIES, RANGES};
use super::defender::{Answer, Ask, Defender, Policy};
use super::dice::Dice;
use super::honest::{DAY_MS, Honest};
use super::ledger::Ledger;

/// Days before anything is counted: known customers prove themselves, ranges are learnt.
const WARM_UP_DAYS: u32 = 3;

/// A world.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where chance begins.
    pub seed: u64,
    /// Clean days that are counted, and as many under attack after them.
    pub days: u32,
    /// Requests of customers on a day.
    pub per_day: u32,
}

/// Which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Days {
    /// Without campaigns.
    Clean,
    /// Those after them.
    Attacked,
}

/// Requests of customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Customers {
    /// All.
    pub asked: u64,
    /// Challenged or refused.
    pub touched: u64,
}

/// What a campaign came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it did.
    pub kind: Kind,
    /// Its requests, and what their messages would have cost in millionths of a dollar.
    pub asked: u64,
    /// The cost of all.
    pub asked_micros: u64,
    /// Those that were sent.
    pub sent: u64,
    /// Their cost.
    pub sent_micros: u64,
    /// The most that it could cost, by the keys that it touched.
    pub bound_micros: u64,
}

/// What became of what was refused by lot, as only the worlds know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Would have been typed.
    pub hurt: u64,
    /// The cost of the rest, in millionths.
    pub saved_micros: u64,
}

/// What a world came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// Customers in clean days.
    pub clean: Customers,
    /// And under attack.
    pub attacked: Customers,
    /// Which of the guard's rules touched customers: under attack or not.
    pub rules: BTreeMap<(Days, Rule), u64>,
    /// Campaigns in their order.
    pub campaigns: Vec<Outcome>,
    /// What the guard knows of its refusals.
    pub probes: ProbeCount,
    /// What is so.
    pub truth: Truth,
    /// Messages above the printed bound.
    pub broken: u64,
    /// Requests decided.
    pub requests: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Typed { id: u64, country: usize, key: u32, credit: bool },
    Visit,
    Attempt(usize),
}

struct World {
    plan: Plan,
    honest: Honest,
    campaigns: Vec<Campaign>,
    defender: Defender,
    due: BinaryHeap<Reverse<(u64, u64, Event)>>,
    count: u64,
    visitors: Dice,
    ranges: Ledger,
    countries: Ledger,
    story: Story,
}

/// A request of anybody.
struct Made {
    country: usize,
    range: u16,
    offset: u32,
    who: Option<u32>,
    typed_after_ms: Option<u64>,
    campaign: Option<usize>,
}

/// Customers and campaigns of a plan.
pub fn people(plan: &Plan) -> (Honest, Vec<Campaign>) {
    let honest = Honest::new(plan.seed, plan.per_day, WARM_UP_DAYS + 2 * plan.days);
    let from_ms = u64::from(WARM_UP_DAYS + plan.days) * DAY_MS;
    let campaigns = campaigns(plan.seed, from_ms, plan.days, &honest);
    (honest, campaigns)
}

/// When a world ends.
pub fn end_ms(plan: &Plan) -> u64 {
    u64::from(WARM_UP_DAYS + 2 * plan.days) * DAY_MS
}

/// Lets a world happen under a policy.
pub fn tell(plan: Plan, policy: Policy) -> anyhow::Result<Story> {
    let (honest, campaigns) = people(&plan);
    let mut defender = Defender::new(policy)?;
    for (country, range, offset) in honest.known() {
        defender.import(&COUNTRIES[country].number(range, offset)).context("a made-up import")?;
    }
    let bound = |key| defender.guard.policy().bound(key);
    let nothing = |campaign: &Campaign| Outcome {
        kind: campaign.kind,
        asked: 0,
        asked_micros: 0,
        sent: 0,
        sent_micros: 0,
        bound_micros: 0,
    };
    let story = Story {
        clean: Customers::default(),
        attacked: Customers::default(),
        rules: BTreeMap::new(),
        campaigns: campaigns.iter().map(nothing).collect(),
        probes: ProbeCount::default(),
        truth: Truth::default(),
        broken: 0,
        requests: 0,
    };
    let mut world = World {
        plan,
        ranges: Ledger::new(bound(CreditKey::Range)),
        countries: Ledger::new(bound(CreditKey::Country)),
        honest,
        campaigns,
        defender,
        due: BinaryHeap::new(),
        count: 0,
        visitors: Dice::new(plan.seed, 2),
        story,
    };
    world.run()?;
    Ok(world.story)
}

impl World {
    fn run(&mut self) -> anyhow::Result<()> {
        let first_ms = self.honest.next_after(0);
        self.plan_at(first_ms, Event::Visit);
        for at in 0..self.campaigns.len() {
            self.plan_at(self.campaigns[at].start_ms, Event::Attempt(at));
        }
        let end_ms = end_ms(&self.plan);
        while let Some(Reverse((now_ms, _, event))) = self.due.pop() {
            match event {
                Event::Visit if now_ms < end_ms => self.visit(now_ms)?,
                Event::Visit => {}
                Event::Attempt(at) => self.attempt(at, now_ms)?,
                Event::Typed { id, country, key, credit } => {
                    self.defender.convert(id, country, now_ms);
                    if credit {
                        self.ranges.typed(key, now_ms);
                        self.countries.typed(u32::try_from(country).unwrap_or(0), now_ms);
                    }
                }
            }
        }
        self.defender.advance(end_ms + DAY_MS);
        self.story.probes = self.defender.guard.probes();
        self.story.broken = self.ranges.broken + self.countries.broken;
        for (at, outcome) in self.story.campaigns.iter_mut().enumerate() {
            outcome.bound_micros = self.ranges.bound_micros(at).min(self.countries.bound_micros(at));
            self.story.broken += u64::from(outcome.sent_micros > outcome.bound_micros);
        }
        Ok(())
    }

    fn plan_at(&mut self, at_ms: u64, event: Event) {
        self.count += 1;
        self.due.push(Reverse((at_ms, self.count, event)));
    }

    fn visit(&mut self, now_ms: u64) -> anyhow::Result<()> {
        let visit = self.honest.visit(now_ms);
        let made = Made {
            country: visit.country,
            range: visit.range,
            offset: visit.offset,
            who: visit.who,
            typed_after_ms: visit.typed_after_ms,
            campaign: None,
        };
        let answer = self.ask(&made, now_ms)?;
        let day = now_ms / DAY_MS;
        let clean_from = u64::from(WARM_UP_DAYS);
        let customers = if day < clean_from {
            None
        } else if day < clean_from + u64::from(self.plan.days) {
            Some(&mut self.story.clean)
        } else {
            Some(&mut self.story.attacked)
        };
        if let Some(customers) = customers {
            customers.asked += 1;
            customers.touched += u64::from(!answer.sent);
            if let Some(rule) = answer.rule.filter(|_| !answer.sent) {
                let attacked = day >= clean_from + u64::from(self.plan.days);
                let days = if attacked { Days::Attacked } else { Days::Clean };
                *self.story.rules.entry((days, rule)).or_default() += 1;
            }
        }
        let next_ms = self.honest.next_after(now_ms);
        self.plan_at(next_ms, Event::Visit);
        Ok(())
    }

    fn attempt(&mut self, at: usize, now_ms: u64) -> anyhow::Result<()> {
        let attempt = self.campaigns[at].attempt();
        let made = Made {
            country: attempt.country,
            range: attempt.range,
            offset: attempt.offset,
            who: None,
            typed_after_ms: attempt.typed_after_ms,
            campaign: Some(at),
        };
        let answer = self.ask(&made, now_ms)?;
        let sent = answer.sent;
        let price_micros = COUNTRIES[attempt.country].price_micros;
        let outcome = &mut self.story.campaigns[at];
        outcome.asked += 1;
        outcome.asked_micros += price_micros;
        outcome.sent += u64::from(sent);
        outcome.sent_micros += if sent { price_micros } else { 0 };
        self.campaigns[at].told(&attempt, &answer);
        if let Some(next_ms) = self.campaigns[at].next_after(now_ms) {
            self.plan_at(next_ms, Event::Attempt(at));
        }
        Ok(())
    }

    fn ask(&mut self, made: &Made, now_ms: u64) -> anyhow::Result<Answer> {
        self.story.requests += 1;
        let country = &COUNTRIES[made.country];
        let ask = Ask {
            id: self.story.requests,
            country: made.country,
            to: country.number(made.range, made.offset),
            ip: self.visitors.bits(),
            who: made.who,
            draw: self.visitors.bits(),
        };
        let answer = self.defender.ask(&ask, now_ms).context("a made-up number")?;
        if answer.lot == Lot::NotDrawn {
            match made.typed_after_ms {
                Some(_) => self.story.truth.hurt += 1,
                None => self.story.truth.saved_micros += country.price_micros,
            }
        }
        let key = u32::try_from(made.country).unwrap_or(0);
        let range_key = key * u32::from(RANGES) + u32::from(made.range);
        if answer.credit {
            self.ranges.sent(range_key, made.campaign, country.price_micros, now_ms);
            self.countries.sent(key, made.campaign, country.price_micros, now_ms);
        }
        if let Some(after_ms) = made.typed_after_ms.filter(|_| answer.sent) {
            let typed =
                Event::Typed { id: ask.id, country: made.country, key: range_key, credit: answer.credit };
            self.plan_at(now_ms + after_ms, typed);
        }
        Ok(answer)
    }
}
