//! Customers and routes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use countersign_core::time::Timestamp;
use countersign_delivery::route::conversion::{Evidence, JUDGED_AFTER};
use countersign_delivery::route::place::Place;

use super::policy::{PRICES_MICROS, Policy, ROUTES, Router, Situation, places};
use crate::torture::random::Random;

const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const DAY_MS: u64 = 86_400_000;
const OUTAGE_MS: u64 = 7_200_000;
const ASKS_AFTER_MS: u64 = 30_000;
/// Before it, routes learn and nothing is counted.
const WARM_UP_DAYS: u64 = 1;
/// Shares delivered, in ten-thousandths.
const DELIVERED: [u64; ROUTES.len()] = [9_500, 9_200, 8_800];
const DELIVERED_IN_OUTAGE: u64 = 500;
const TYPES_IT: u64 = 9_000;
const ASKS_AGAIN: u64 = 6_000;

/// Whether the best route fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outages {
    /// Never.
    None,
    /// For two hours, once a day.
    Daily,
}

/// One simulation.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Who decides.
    pub policy: Policy,
    /// Verifications a day.
    pub per_day: u32,
    /// Days that are counted, after one of warming up.
    pub days: u32,
    /// Whether the best route fails.
    pub outages: Outages,
    /// Where chance begins.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Verifications begun.
    pub begun: u64,
    /// Those that ended well.
    pub verified: u64,
    /// Those that began in an outage.
    pub begun_in_outages: u64,
    /// Those of them that ended well.
    pub verified_in_outages: u64,
    /// Spent on messages, in millionths of a euro.
    pub cost_micros: u64,
}

/// What a customer will do, whatever the policy: her luck is drawn before.
#[derive(Clone, Copy)]
struct Customer {
    place: Place,
    types_it: bool,
    asks_again: bool,
    /// For each route and message: what its delivery is drawn with.
    luck: [[u64; 2]; ROUTES.len()],
    typing_ms: [u64; 2],
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Arrives,
    Asks {
        first: usize,
    },
    Types {
        first: usize,
        second: Option<usize>,
    },
    /// The message that left by this route is as old as it takes to judge it.
    Judged {
        route: usize,
        nth: u8,
    },
}

#[derive(Clone, Copy, Default)]
struct Story {
    first_judged: bool,
    asked: bool,
    verified: bool,
}

struct World<'p> {
    plan: &'p Plan,
    router: Router,
    customers: Vec<Customer>,
    stories: Vec<Story>,
    begins_ms: Vec<u64>,
    outages: Vec<u64>,
    queue: BinaryHeap<Reverse<(u64, usize, Happening)>>,
    tally: Tally,
}

/// Simulates; an empty tally if the fixed names and numbers above could not be read.
pub fn run(plan: &Plan) -> Tally {
    World::new(plan).map(World::play).unwrap_or_default()
}

impl<'p> World<'p> {
    fn new(plan: &'p Plan) -> anyhow::Result<Self> {
        let places = places()?;
        let mut random = Random::new(plan.seed);
        let days = u64::from(plan.days) + WARM_UP_DAYS;
        let outages = (0..days).map(|day| day * DAY_MS + random.below(DAY_MS - OUTAGE_MS)).collect();
        let count = usize::try_from(u64::from(plan.per_day) * days)?;
        let mut begins_ms: Vec<u64> = (0..count).map(|_| random.below(days * DAY_MS)).collect();
        begins_ms.sort_unstable();
        let customers: Vec<Customer> = (0..count).map(|_| customer(&mut random, &places)).collect();
        let queue = begins_ms.iter().enumerate().map(|(id, &at)| Reverse((at, id, Happening::Arrives)));
        Ok(World {
            router: Router::new(plan.policy, plan.seed)?,
            stories: vec![Story::default(); count],
            queue: queue.collect(),
            plan,
            customers,
            begins_ms,
            outages,
            tally: Tally::default(),
        })
    }

    fn play(mut self) -> Tally {
        while let Some(Reverse((at, id, happening))) = self.queue.pop() {
            match happening {
                Happening::Arrives => self.arrives(at, id),
                Happening::Asks { first } => self.asks(at, id, first),
                Happening::Types { first, second } => self.types(at, id, first, second),
                Happening::Judged { route, nth } => self.judged(at, id, route, nth),
            }
        }
        self.tally
    }

    fn in_outage(&self, at: u64) -> bool {
        let begin = usize::try_from(at / DAY_MS).ok().and_then(|day| self.outages.get(day));
        self.plan.outages == Outages::Daily
            && begin.is_some_and(|&begin| (begin..begin + OUTAGE_MS).contains(&at))
    }

    fn counts(&self, id: usize) -> bool {
        self.begins_ms[id] >= WARM_UP_DAYS * DAY_MS
    }

    fn learn(&mut self, route: usize, id: usize, evidence: Evidence, at: u64) {
        self.router.learn(route, self.customers[id].place, evidence, time(at));
    }

    /// Sends a message; whether it arrives.
    fn send(&mut self, at: u64, id: usize, first: Option<usize>) -> (usize, bool) {
        let outage = self.in_outage(at);
        let customer = self.customers[id];
        let route = self.router.route(&Situation { place: customer.place, first, now: time(at), outage });
        if self.counts(id) {
            self.tally.cost_micros += PRICES_MICROS[route];
        }
        let share = if outage && route == 0 { DELIVERED_IN_OUTAGE } else { DELIVERED[route] };
        let nth = u8::from(first.is_some());
        let judged_at = at + u64::try_from(JUDGED_AFTER.as_millis()).unwrap_or(u64::MAX);
        self.queue.push(Reverse((judged_at, id, Happening::Judged { route, nth })));
        (route, customer.luck[route][usize::from(nth)] < share)
    }

    fn arrives(&mut self, at: u64, id: usize) {
        if self.counts(id) {
            self.tally.begun += 1;
            self.tally.begun_in_outages += u64::from(self.in_outage(at));
        }
        let customer = self.customers[id];
        let (first, arrived) = self.send(at, id, None);
        if arrived && customer.types_it {
            let types = Happening::Types { first, second: None };
            self.queue.push(Reverse((at + customer.typing_ms[0], id, types)));
        } else if !arrived && customer.asks_again {
            self.queue.push(Reverse((at + ASKS_AFTER_MS, id, Happening::Asks { first })));
        }
    }

    fn asks(&mut self, at: u64, id: usize, first: usize) {
        self.stories[id].asked = true;
        self.learn(first, id, Evidence::AskedAgain, at);
        let customer = self.customers[id];
        let (second, arrived) = self.send(at, id, Some(first));
        if arrived && customer.types_it {
            let types = Happening::Types { first, second: Some(second) };
            self.queue.push(Reverse((at + customer.typing_ms[1], id, types)));
        }
    }

    /// The last route that carried the code gets the credit; an earlier one is superseded and counts
    /// for nothing, whatever was said of it before.
    fn types(&mut self, at: u64, id: usize, first: usize, second: Option<usize>) {
        self.stories[id].verified = true;
        if self.counts(id) {
            self.tally.verified += 1;
            self.tally.verified_in_outages += u64::from(self.in_outage(self.begins_ms[id]));
        }
        let customer = self.customers[id];
        let late = Duration::from_millis(customer.typing_ms[usize::from(second.is_some())]) > JUDGED_AFTER;
        let good = if late { Evidence::VerifiedLate } else { Evidence::Verified };
        self.learn(second.unwrap_or(first), id, good, at);
        if second.is_some_and(|second| second != first) && self.stories[id].first_judged {
            self.learn(first, id, Evidence::Retracted, at);
        }
        if !late {
            self.learn(second.unwrap_or(first), id, Evidence::NeverAsked, at);
        }
    }

    fn judged(&mut self, at: u64, id: usize, route: usize, nth: u8) {
        let story = self.stories[id];
        if story.verified {
            return;
        }
        self.learn(route, id, Evidence::Unverified, at);
        if nth == 0 {
            self.stories[id].first_judged = true;
        }
        if nth == 1 || !story.asked {
            self.learn(route, id, Evidence::NeverAsked, at);
        }
    }
}

fn time(at_ms: u64) -> Timestamp {
    START.plus(Duration::from_millis(at_ms))
}

fn customer(random: &mut Random, places: &[Place]) -> Customer {
    let mut share = || random.below(10_000);
    let types_it = share() < TYPES_IT;
    let asks_again = share() < ASKS_AGAIN;
    let luck = std::array::from_fn(|_| std::array::from_fn(|_| share()));
    let third = usize::try_from(share()).unwrap_or(0) % places.len();
    Customer {
        place: places[third],
        types_it,
        asks_again,
        luck,
        typing_ms: [typing_ms(random), typing_ms(random)],
    }
}

/// Log-normal with a median of 17 s and σ 0.8 (fraud.md B.4), at most ten minutes.
fn typing_ms(random: &mut Random) -> u64 {
    let mut uniform = || {
        let high = u32::try_from(random.bits() >> 32).unwrap_or(u32::MAX);
        (f64::from(high) + 0.5) / 4_294_967_296.0
    };
    let radius = (-2.0 * uniform().ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * uniform()).cos();
    let seconds = (17.0 * (0.8 * normal).exp()).min(600.0);
    u64::try_from(Duration::from_secs_f64(seconds).as_millis()).unwrap_or(600_000)
}
