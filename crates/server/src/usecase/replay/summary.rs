//! What a run came to, in counts and money.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use countersign_core::guard::loss::{BoundBy, KeyBound, Share};
use countersign_core::guard::memory::Alarms;
use countersign_core::guard::policy::CreditKey;
use countersign_core::guard::probe::ProbeCount;
use countersign_core::guard::table::{Footprint, Forgotten};
use countersign_core::guard::{Action, Guard, GuardPolicy, Heed, Rule, Ruling};
use countersign_core::price::Price;
use countersign_core::time::Timestamp;

/// What a run came to.
pub struct Summary {
    policy: GuardPolicy,
    first_at: Option<Timestamp>,
    last_at: Timestamp,
    allowed: Tally,
    challenged: Tally,
    refused: Tally,
    probes: Tally,
    rules: BTreeMap<Rule, Tally>,
    without_price: u64,
    dearest_micros: u64,
    conversions: u64,
    conversions_not_sent: u64,
    conversions_again: u64,
    most_memory: Footprint,
    memory: Footprint,
    forgotten: Forgotten,
    lot: ProbeCount,
    alarms: Alarms,
    highest_caps: (u64, u64),
}

/// Requests, and what their messages cost.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: u64,
    micros: u64,
}

impl Tally {
    fn add(&mut self, micros: u64) {
        self.count += 1;
        self.micros = self.micros.saturating_add(micros);
    }
}

impl Summary {
    pub(super) fn new(policy: GuardPolicy) -> Self {
        Summary {
            policy,
            first_at: None,
            last_at: Timestamp::EPOCH,
            allowed: Tally::default(),
            challenged: Tally::default(),
            refused: Tally::default(),
            probes: Tally::default(),
            rules: BTreeMap::new(),
            without_price: 0,
            dearest_micros: 0,
            conversions: 0,
            conversions_not_sent: 0,
            conversions_again: 0,
            most_memory: Footprint::default(),
            memory: Footprint::default(),
            forgotten: Forgotten::default(),
            lot: ProbeCount::default(),
            alarms: Alarms::default(),
            highest_caps: (0, 0),
        }
    }

    pub(super) fn saw(&mut self, at: Timestamp) {
        self.first_at.get_or_insert(at);
        self.last_at = at;
    }

    pub(super) fn ruled(&mut self, ruling: &Ruling, price_micros: u64) {
        self.dearest_micros = self.dearest_micros.max(price_micros);
        match ruling.action {
            Action::Allow => self.allowed.add(price_micros),
            Action::Challenge => self.challenged.add(price_micros),
            Action::Refuse => self.refused.add(price_micros),
        }
        if ruling.is_probe() {
            self.probes.add(price_micros);
        }
        if let Some(objection) = &ruling.objection {
            self.rules.entry(objection.rule).or_default().add(price_micros);
        }
    }

    pub(super) fn unpriced(&mut self) {
        self.without_price += 1;
    }

    pub(super) fn converted(&mut self, heed: Heed) {
        match heed {
            Heed::Counted => self.conversions += 1,
            Heed::NotSent => self.conversions_not_sent += 1,
            Heed::Again => self.conversions_again += 1,
        }
    }

    pub(super) fn measured(&mut self, footprint: Footprint) {
        self.memory = footprint;
        if footprint.bytes > self.most_memory.bytes {
            self.most_memory = footprint;
        }
    }

    pub(super) fn end(&mut self, guard: &Guard) {
        self.forgotten = guard.forgotten();
        self.lot = guard.probes();
        self.alarms = guard.alarms();
        self.highest_caps = guard.highest_caps();
    }

    /// Requests decided.
    pub const fn requests(&self) -> u64 {
        self.allowed.count + self.challenged.count + self.refused.count
    }

    /// Requests that were allowed.
    pub const fn allowed(&self) -> u64 {
        self.allowed.count
    }

    /// The most bytes per active key that were measured.
    pub const fn most_bytes_per_key(&self) -> usize {
        self.most_memory.bytes / if self.most_memory.keys == 0 { 1 } else { self.most_memory.keys }
    }

    fn price(&self, micros: u64) -> Price {
        Price::from_micros(micros, self.policy.currency)
    }

    fn write_decisions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.first_at.map_or(0, |first| self.last_at.since(first).as_secs()) / 86_400;
        writeln!(f, "requests     {} over {days} days", self.requests())?;
        for (word, tally) in [
            ("allowed", self.allowed),
            ("  probes", self.probes),
            ("challenged", self.challenged),
            ("refused", self.refused),
        ] {
            writeln!(f, "{word:<12} {:>10}  {}", tally.count, self.price(tally.micros))?;
        }
        if self.without_price > 0 {
            writeln!(f, "{} requests had no price: the highest one before counts", self.without_price)?;
        }
        writeln!(
            f,
            "conversions  {} counted, {} of messages that were not sent or too old, {} told twice",
            self.conversions, self.conversions_not_sent, self.conversions_again
        )?;
        writeln!(f, "\nrule                    requests  cost of their messages")?;
        for (rule, tally) in &self.rules {
            writeln!(f, "{:<20} {:>11}  {}", rule.as_str(), tally.count, self.price(tally.micros))?;
        }
        let alarms = self.alarms;
        writeln!(
            f,
            "\nalarms       {} range conversion, {} country conversion, {} near numbers; {} were outages",
            alarms.range_conversion, alarms.country_conversion, alarms.near_numbers, alarms.outages
        )
    }

    /// What the probes say of what was refused (fraud.md B.3.1).
    fn write_estimate(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lot = self.lot;
        writeln!(
            f,
            "\nprobes       {} sent and judged, {} converted. They stand for {} requests that were refused and not drawn; \
             {} more were in no lot, since the probes of the day were used up or a cap was reached",
            lot.drawn, lot.converted, lot.not_drawn, lot.used_up
        )?;
        let (Some(share), Some(hurt), Some(saved)) = (lot.customers(), lot.hurt(), lot.saved_micros()) else {
            return writeln!(f, "             none was judged: nothing is known of who was refused");
        };
        writeln!(
            f,
            "             customers hurt {:.0} (95 %: {:.0} to {:.0}), {:.2} % of them (95 %: {:.2} to {:.2})",
            hurt.value,
            hurt.low,
            hurt.high,
            share.value * 100.0,
            share.low * 100.0,
            share.high * 100.0
        )?;
        let [value, low, high] = saved.prices(self.policy.currency);
        writeln!(f, "             money saved {value} (95 %: {low} to {high})")
    }

    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.most_memory;
        writeln!(
            f,
            "\nmemory       {} active keys, {} bytes, {} bytes per active key at most; now {} keys, {} bytes",
            most.keys,
            most.bytes,
            self.most_bytes_per_key(),
            self.memory.keys,
            self.memory.bytes
        )?;
        let Forgotten { idle, pressed } = self.forgotten;
        writeln!(
            f,
            "             {idle} idle keys made room, {pressed} that still counted (they come back strict)"
        )
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_decisions(f)?;
        self.write_estimate(f)?;
        self.write_memory(f)?;
        let (range, country) = self.highest_caps;
        f.write_str(&bounds(&self.policy, self.price(self.dearest_micros), range, country))
    }
}

/// The most that one key can cost, as a table. `price`: the highest one. `range_cap`, `country_cap`: the highest cap
/// of credit of any such key, in units; at least that of a quiet one counts.
pub fn bounds(policy: &GuardPolicy, price: Price, range_cap: u64, country_cap: u64) -> String {
    use fmt::Write as _;
    let mut text = format!("\nworst case of one key, at {price} a message\n");
    let raised = |key: CreditKey, cap: u64| {
        let quiet = policy.bound(key);
        KeyBound { cap_units: quiet.cap_units.max(cap), ..quiet }
    };
    let keys = [
        ("range", raised(CreditKey::Range, range_cap)),
        ("country", raised(CreditKey::Country, country_cap)),
        ("never-seen ranges", raised(CreditKey::Unseen, policy.bound(CreditKey::Unseen).cap_units)),
    ];
    let _ =
        writeln!(text, "{:<18} {:>5} {:>12} {:>24} {:>24}", "", "", "no codes", "10 % typed", "25 % typed");
    for (name, bound) in keys {
        for (span, hours) in [("1 h", 1), ("24 h", 24), ("7 d", 168)] {
            let window = Duration::from_secs(hours * 3600);
            let _ = write!(text, "{name:<18} {span:>5}");
            for share in [Share::NONE, Share::percent(10), Share::percent(25)] {
                let worst = policy.worst_case(&bound, price, window, share);
                let money = worst.money.map_or("unbounded".to_owned(), |money| money.to_money().to_string());
                let by = match worst.bound_by {
                    BoundBy::SpendCap => " (cap)",
                    BoundBy::Credit | BoundBy::Nothing => "",
                };
                let messages =
                    bound.messages(window, share).map_or(String::new(), |count| format!("{count} = "));
                let _ = write!(text, "  {:>22}", format!("{messages}{money}{by}"));
            }
            text.push('\n');
        }
    }
    let even = f64::from(keys[0].1.break_even().0) / 10_000.0;
    let cap = policy.daily_cap().map_or("no cap is set (caps.daily)".to_owned(), |cap| {
        format!("the cap is {} in any 24 hours", cap.to_money())
    });
    let _ = writeln!(text, "From {even} % of codes typed on, conversions pay for themselves: {cap}.");
    text
}
