//! Who decides: the guard as it is by default, its limits alone, and the rule that shops write first.

use std::collections::VecDeque;

use countersign_core::guard::credit::CreditLimits;
use countersign_core::guard::decide::{ChallengeState, RequestPurpose};
use countersign_core::guard::known::{Asker, Import, InvalidImport, Order};
use countersign_core::guard::policy::{InvalidGuardPolicy, Switch};
use countersign_core::guard::probe::{Draw, Lot};
use countersign_core::guard::score::{Facts, Points};
use countersign_core::guard::thousandths::Thousandths;
use countersign_core::guard::{
    Action, Asked, DestinationReader, Guard, GuardPolicy, KeyKind, Keyer, Request, Rule,
};
use countersign_core::time::{Day, Timestamp};

use super::country::COUNTRIES;

/// When worlds begin: 2026-11-23T00:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_795_392_000_000);

/// A policy to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The guard as it is by default, enforced.
    Guard,
    /// Its limits by key alone: no credit, no detector, no score.
    LimitsOnly,
    /// Those, and: of 50 new numbers or more that a country got in an hour less than 25 % typed, so none for an hour.
    CountryRatio,
}

impl Policy {
    /// All, in the order of the table.
    pub const ALL: [Policy; 3] = [Policy::LimitsOnly, Policy::CountryRatio, Policy::Guard];

    /// Its name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Policy::Guard => "guard, default",
            Policy::LimitsOnly => "limits only",
            Policy::CountryRatio => "country ratio < 25 %",
        }
    }
}

/// A request as the worlds make it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Counts requests.
    pub id: u64,
    /// Which of the countries.
    pub country: usize,
    /// The number.
    pub to: String,
    /// The address.
    pub ip: u32,
    /// Who it is, of the country's customers who come back.
    pub who: Option<u32>,
    /// Decides whether it is a probe.
    pub draw: u32,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Whether the message left.
    pub sent: bool,
    /// Whether it took credit.
    pub credit: bool,
    /// What the lot said.
    pub lot: Lot,
    /// The guard's rule that spoke, if one did.
    pub rule: Option<Rule>,
}

/// A policy with its memory.
pub struct Defender {
    /// The guard that decides, or whose limits do.
    pub guard: Guard,
    reader: DestinationReader,
    ratio: Option<Vec<Ratio>>,
}

/// The guard with nothing but its limits by key.
fn limits_only() -> GuardPolicy {
    let mut policy = GuardPolicy::default();
    let endless = CreditLimits {
        start: 1_000_000,
        ceiling: 1_000_000,
        refill_per_hour: Thousandths::of(100_000_000),
        gain: Thousandths::of(100_000),
    };
    for limits in [&mut policy.credit.range, &mut policy.credit.country, &mut policy.credit.unseen] {
        *limits = endless;
    }
    (policy.cusum.range_threshold, policy.cusum.country_threshold) = (1000.0, 1000.0);
    policy.near = Switch::Off;
    (policy.score.challenge_from, policy.score.refuse_from) = (Points(100_000), Points(100_000));
    policy
}

impl Defender {
    /// Begins.
    pub fn new(policy: Policy) -> Result<Self, InvalidGuardPolicy> {
        let rules = if policy == Policy::Guard { GuardPolicy::default() } else { limits_only() };
        let ratio =
            (policy == Policy::CountryRatio).then(|| COUNTRIES.iter().map(|_| Ratio::default()).collect());
        let guard = Guard::new(rules, Keyer::new([11; 16]))?;
        Ok(Defender { guard, reader: DestinationReader::new(), ratio })
    }

    /// Takes over a number that was verified before the world begins.
    pub fn import(&mut self, to: &str) -> Result<(), InvalidImport> {
        let Ok(destination) = self.reader.read(to) else { return Ok(()) };
        let day = |before: i32| Day::from_number(START.day().number() - before);
        let import = Import { first: day(120), last: day(20), order: Order::Paid };
        self.guard.import(&destination, import, START)
    }

    /// Decides about a request.
    pub fn ask(&mut self, ask: &Ask, now_ms: u64) -> Option<Answer> {
        let now = at(now_ms);
        let keyer = self.guard.keyer();
        let customer =
            ask.who.map(|who| keyer.id_of(KeyKind::Customer, (ask.country as u64) << 32 | u64::from(who)));
        let id = keyer.id_of(KeyKind::Request, ask.id);
        let net = Some(keyer.net(std::net::IpAddr::V4(ask.ip.into())));
        let request = Request {
            destination: self.reader.read(&ask.to).ok()?,
            number_type: None,
            asker: Asker { device: None, customer },
            session: None,
            network: None,
            purpose: RequestPurpose::Other,
            facts: Facts::UNKNOWN,
            challenge: ChallengeState::Unsolved,
            price_micros: COUNTRIES[ask.country].price_micros,
            draw: Draw(ask.draw),
        };
        let ratio = self.ratio.as_mut().and_then(|ratios| ratios.get_mut(ask.country));
        if let Some(ratio) = ratio {
            // Who passes the detectors of the guard passes this one.
            let known = ask.who.is_some();
            if !known && ratio.blocks(now_ms) {
                return Some(Answer { sent: false, credit: false, lot: Lot::None, rule: None });
            }
            if !known {
                ratio.sent.push_back(Sent { at_ms: now_ms, id: ask.id, typed: false });
            }
        }
        let ruling = self.guard.ask(&Asked { id, net, request }, now);
        let sent = ruling.action == Action::Allow;
        let credit = sent && !ruling.bypasses(self.guard.policy());
        let rule = ruling.objection.map(|objection| objection.rule);
        Some(Answer { sent, credit, lot: ruling.lot, rule })
    }

    /// The code of a message was typed.
    pub fn convert(&mut self, id: u64, country: usize, now_ms: u64) {
        let request = self.guard.keyer().id_of(KeyKind::Request, id);
        self.guard.convert(request, Order::None, at(now_ms));
        if let Some(ratio) = self.ratio.as_mut().and_then(|ratios| ratios.get_mut(country)) {
            ratio.typed(id);
        }
    }

    /// Time passes.
    pub fn advance(&mut self, now_ms: u64) {
        self.guard.advance(at(now_ms));
    }
}

/// A time of a world.
pub fn at(ms: u64) -> Timestamp {
    START.plus(std::time::Duration::from_millis(ms))
}

const HOUR_MS: u64 = 3_600_000;
/// Messages younger than that are not yet counted.
const JUDGED_MS: u64 = 90_000;

/// The rule on one country.
#[derive(Default)]
struct Ratio {
    sent: VecDeque<Sent>,
    /// How many of `sent` are counted, from the front on, and how many of those were typed.
    counted: usize,
    typed: usize,
    blocked_until_ms: u64,
}

struct Sent {
    at_ms: u64,
    id: u64,
    typed: bool,
}

impl Ratio {
    fn blocks(&mut self, now_ms: u64) -> bool {
        while let Some(next) = self.sent.get(self.counted).filter(|one| one.at_ms + JUDGED_MS <= now_ms) {
            self.typed += usize::from(next.typed);
            self.counted += 1;
        }
        while self.counted > 0
            && let Some(first) = self.sent.pop_front_if(|one| one.at_ms + HOUR_MS + JUDGED_MS < now_ms)
        {
            self.typed -= usize::from(first.typed);
            self.counted -= 1;
        }
        if now_ms < self.blocked_until_ms {
            return true;
        }
        let falls = self.counted >= 50 && self.typed * 4 < self.counted;
        if falls {
            self.blocked_until_ms = now_ms + HOUR_MS;
        }
        falls
    }

    fn typed(&mut self, id: u64) {
        if let Ok(at) = self.sent.binary_search_by_key(&id, |one| one.id)
            && at >= self.counted
            && let Some(sent) = self.sent.get_mut(at)
        {
            sent.typed = true;
        }
    }
}
