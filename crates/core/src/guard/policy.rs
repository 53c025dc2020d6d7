//! What the guard allows. Every default is that of fraud.md B, or says that it is ours.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::asn::NetworkKind;
use super::budget::Tolerated;
use super::credit::CreditLimits;
use super::cusum::CusumPolicy;
use super::loss::{KeyBound, Share, WorstCase, worst_case_loss};
use super::score::{Points, Weights};
use super::thousandths::Thousandths;
use super::window::{LONGEST_S, MOST_KEPT, Window};
use crate::money::Currency;
use crate::phone::{Country, NumberType};
use crate::price::Price;

/// How far the guard acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardMode {
    /// The app has no guard: nothing is judged, written to the journal or learnt, and neither caps on spend nor the list
    /// of blocked numbers hold. What is not the guard's stays: the limits of a phone, the app's messages of a day, its
    /// countries ([`crate::quota`], [`crate::limit`]). For measuring what the guard costs; not recommended.
    Off,
    /// Only caps on money, the limits of a phone and lists act. The rest is learnt and recorded.
    Shadow,
    /// The same, and what would have been done is told to the shop.
    Monitor,
    /// Everything acts.
    #[default]
    Enforce,
}

impl GuardMode {
    const fn of_new_app() -> Self {
        GuardMode::Shadow
    }

    /// Whether the guard looks at messages at all.
    pub const fn looks(self) -> bool {
        !matches!(self, GuardMode::Off)
    }

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            GuardMode::Off => "off",
            GuardMode::Shadow => "shadow",
            GuardMode::Monitor => "monitor",
            GuardMode::Enforce => "enforce",
        }
    }
}

/// An amount in the policy's currency, in millionths of its unit; written as a decimal string, `"250.00"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub u64);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Price::parse_micros(&text).map(Amount).map_err(serde::de::Error::custom)
    }
}

/// Credit of the three kinds of keys (B.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CreditPolicy {
    /// A range: a number without its last 6 digits, 7 where national numbers have ten or more.
    #[serde(deserialize_with = "range_limits")]
    pub range: CreditLimits,
    /// A country.
    #[serde(deserialize_with = "country_limits")]
    pub country: CreditLimits,
    /// All ranges of a country that never converted, together.
    #[serde(deserialize_with = "unseen_limits")]
    pub unseen: CreditLimits,
}

/// What a file says about one kind of key; the rest is as it is by default.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GivenLimits {
    start: Option<u32>,
    ceiling: Option<u32>,
    refill_per_hour: Option<Thousandths>,
    gain: Option<Thousandths>,
}

impl GivenLimits {
    fn over(self, by_default: CreditLimits) -> CreditLimits {
        CreditLimits {
            start: self.start.unwrap_or(by_default.start),
            ceiling: self.ceiling.unwrap_or(by_default.ceiling),
            refill_per_hour: self.refill_per_hour.unwrap_or(by_default.refill_per_hour),
            gain: self.gain.unwrap_or(by_default.gain),
        }
    }
}

fn range_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CreditLimits, D::Error> {
    Ok(GivenLimits::deserialize(deserializer)?.over(CreditPolicy::default().range))
}

fn country_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CreditLimits, D::Error> {
    Ok(GivenLimits::deserialize(deserializer)?.over(CreditPolicy::default().country))
}

fn unseen_limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CreditLimits, D::Error> {
    Ok(GivenLimits::deserialize(deserializer)?.over(CreditPolicy::default().unseen))
}

/// Refused messages that are sent anyway, so that keys recover and what the guard does can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbePolicy {
    /// How many of a hundred.
    pub percent: Thousandths,
    /// To one range on one day (UTC) at most.
    pub range_per_day: u16,
    /// To one country on one day (UTC) at most.
    pub country_per_day: u16,
}

/// Limits by key (B.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitPolicy {
    /// Seconds to wait after the n-th message to a phone in ten minutes; the last one repeats.
    pub phone_ladder_s: Vec<u16>,
    /// Messages to one phone of the app.
    pub phone: Vec<Window>,
    /// Messages to one phone over all apps.
    pub instance_phone: Vec<Window>,
    /// New numbers from one IPv4 address or IPv6 /64.
    pub address: Vec<Window>,
    /// New numbers from one IPv4 /24 or IPv6 /48.
    pub network: Vec<Window>,
    /// Addresses and networks of mobile carriers have so many times the room.
    pub mobile_factor: u16,
    /// Above its limit an address is challenged; above so many times of it, refused. The challenge does not raise the
    /// count until it is solved. Ours; B.2 says "PoW, then deny".
    pub refuse_factor: u16,
    /// New numbers from one hosting network in an hour.
    pub hosting_per_hour: u16,
    /// New numbers from one other network in an hour: so many times its usual (the 99th percentile of 7 days).
    pub usual_factor: u16,
    /// A network's limit is never below this. Ours: a network without history would have none.
    pub network_least: u16,
    /// Numbers of one device, and of one session.
    pub device_numbers: Vec<Window>,
    /// Verifications started by one device, and by one session.
    pub device_starts: Vec<Window>,
    /// Numbers of one customer.
    pub customer_numbers: Vec<Window>,
    /// Changes of one customer's number.
    pub customer_changes: Vec<Window>,
    /// Numbers of one block that never converted.
    pub block: Vec<Window>,
}

/// When the score of a request acts (B.3.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScorePolicy {
    /// Points from which a request is challenged. Ours.
    pub challenge_from: Points,
    /// Points from which it is refused. Ours.
    pub refuse_from: Points,
    /// What each signal weighs.
    pub weights: Weights,
}

/// Caps on spend (B.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapPolicy {
    /// The most that the app spends on new numbers in any 24 hours. None: only the credit bounds the loss.
    pub daily: Option<Amount>,
    /// Known numbers go on until so many percent of it.
    pub known_percent: u16,
    /// The most that all apps spend in any 24 hours.
    pub instance_daily: Option<Amount>,
}

/// How much is remembered. What is more makes room, and comes back strict ([`super::table`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryPolicy {
    /// Phones.
    pub phones: u32,
    /// Ranges.
    pub ranges: u32,
    /// Blocks.
    pub blocks: u32,
    /// Addresses, and as many networks.
    pub addresses: u32,
    /// Devices, and as many sessions.
    pub devices: u32,
    /// Customers.
    pub customers: u32,
    /// Messages that are not yet judged or may still convert.
    pub pending: u32,
    /// Ranges with more than 2,000 new numbers in half a day whose numbers are kept for the near-number test.
    pub maps: u32,
    /// Autonomous systems.
    pub systems: u32,
}

/// What the guard allows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardPolicy {
    /// How far it acts. What is read without it begins in the shadow.
    #[serde(default = "GuardMode::of_new_app")]
    pub mode: GuardMode,
    /// The currency of prices and caps.
    pub currency: Currency,
    /// Countries to send to; empty: all.
    pub countries: BTreeSet<Country>,
    /// Kinds of numbers that never get a message, where the kind is known.
    pub refused_number_types: BTreeSet<NumberType>,
    /// Whether a known number passes the detectors with the device or customer that proved it.
    pub known_bypass: KnownBypass,
    /// Seconds after a message in which its code can be typed.
    pub conversion_window_s: u32,
    /// Limits by key.
    pub limits: LimitPolicy,
    /// Credit.
    pub credit: CreditPolicy,
    /// Probes.
    pub probes: ProbePolicy,
    /// The cumulative sum on conversions.
    pub cusum: CusumPolicy,
    /// Whether the near-number test acts.
    pub near: Switch,
    /// The score of a request.
    pub score: ScorePolicy,
    /// Caps on spend.
    pub caps: CapPolicy,
    /// The takeovers in any 24 hours that wrong guesses may be expected to make, all together. Holds in every mode.
    pub guess_budget: Tolerated,
    /// How much is remembered.
    pub memory: MemoryPolicy,
}

/// Whether a control acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It does.
    On,
    /// It does not.
    Off,
}

/// What known numbers may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBypass {
    /// Pass the detectors together with the device or customer that proved them before.
    Tied,
    /// Nothing: they are only the control group.
    Never,
}

impl Default for CreditPolicy {
    fn default() -> Self {
        let gain = Thousandths::of(2500);
        let refill = |per_hour: u32| Thousandths::of(per_hour * 1000);
        CreditPolicy {
            range: CreditLimits { start: 20, ceiling: 1000, refill_per_hour: refill(2), gain },
            country: CreditLimits { start: 200, ceiling: 10_000, refill_per_hour: refill(20), gain },
            unseen: CreditLimits { start: 40, ceiling: 60, refill_per_hour: refill(10), gain },
        }
    }
}

impl Default for ProbePolicy {
    fn default() -> Self {
        ProbePolicy { percent: Thousandths::of(2000), range_per_day: 10, country_per_day: 100 }
    }
}

impl Default for LimitPolicy {
    fn default() -> Self {
        let (hour, day) = (|max| Window::of(3600, max), |max| Window::of(86_400, max));
        LimitPolicy {
            phone_ladder_s: vec![30, 45, 60, 120],
            phone: vec![Window::of(600, 3), hour(5), day(8)],
            instance_phone: vec![day(10), Window::of(7 * 86_400, 30)],
            address: vec![hour(5), day(15)],
            network: vec![hour(20), day(60)],
            mobile_factor: 5,
            refuse_factor: 3,
            hosting_per_hour: 10,
            usual_factor: 5,
            network_least: 50,
            device_numbers: vec![day(3)],
            device_starts: vec![hour(5)],
            customer_numbers: vec![day(3)],
            customer_changes: vec![Window::of(7 * 86_400, 1)],
            block: vec![hour(5), day(15)],
        }
    }
}

impl Default for ScorePolicy {
    fn default() -> Self {
        ScorePolicy { challenge_from: Points(3000), refuse_from: Points(6000), weights: Weights::default() }
    }
}

impl Default for CapPolicy {
    fn default() -> Self {
        CapPolicy { daily: None, known_percent: 120, instance_daily: None }
    }
}

impl Default for MemoryPolicy {
    fn default() -> Self {
        MemoryPolicy {
            phones: 2_000_000,
            ranges: 100_000,
            blocks: 1_000_000,
            addresses: 1_000_000,
            devices: 1_000_000,
            customers: 1_000_000,
            pending: 500_000,
            maps: 32,
            systems: 20_000,
        }
    }
}

impl Default for GuardPolicy {
    fn default() -> Self {
        GuardPolicy {
            mode: GuardMode::Enforce,
            currency: Currency::US_DOLLAR,
            countries: BTreeSet::new(),
            refused_number_types: BTreeSet::new(),
            known_bypass: KnownBypass::Tied,
            conversion_window_s: 3600,
            limits: LimitPolicy::default(),
            credit: CreditPolicy::default(),
            probes: ProbePolicy::default(),
            cusum: CusumPolicy::default(),
            near: Switch::On,
            score: ScorePolicy::default(),
            caps: CapPolicy::default(),
            guess_budget: Tolerated::DEFAULT,
            memory: MemoryPolicy::default(),
        }
    }
}

/// A policy that is not allowed, with the key that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct InvalidGuardPolicy {
    /// The key, as it is written in the file.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// What a figure is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditKey {
    /// A range.
    Range,
    /// A country.
    Country,
    /// The never-seen ranges of a country.
    Unseen,
}

/// Bounded and never [`f64::NAN`]: [`GuardPolicy::validate`] refuses it, and so does JSON.
impl Eq for GuardPolicy {}

impl GuardPolicy {
    /// Of an app that says nothing about it: it learns before it acts.
    pub fn of_new_app() -> Self {
        GuardPolicy { mode: GuardMode::of_new_app(), ..GuardPolicy::default() }.without_phone_limits()
    }

    /// Without the limits of a phone: in an app they are its subject's, counted in the commit of each message
    /// ([`crate::quota`], [`crate::limit`]).
    #[must_use]
    pub fn without_phone_limits(self) -> Self {
        let (phone_ladder_s, phone, instance_phone) = (Vec::new(), Vec::new(), Vec::new());
        GuardPolicy { limits: LimitPolicy { phone_ladder_s, phone, instance_phone, ..self.limits }, ..self }
    }

    /// Checks every bound, and that nothing is said which an app's policy says elsewhere.
    pub fn validate_for_app(&self) -> Result<(), InvalidGuardPolicy> {
        self.validate()?;
        let usual = LimitPolicy::default();
        let own = |given: &Vec<Window>, usual: &Vec<Window>| !given.is_empty() && given != usual;
        if !self.countries.is_empty() || !self.refused_number_types.is_empty() {
            return wrong("countries", "set countries and refused_number_types beside guard, not in it");
        }
        let limits = &self.limits;
        let ladder = !limits.phone_ladder_s.is_empty() && limits.phone_ladder_s != usual.phone_ladder_s;
        if ladder || own(&limits.phone, &usual.phone) {
            return wrong("limits.phone", "set phone_limits and resend_ladder_s beside guard, not in it");
        }
        if own(&limits.instance_phone, &usual.instance_phone) {
            return wrong(
                "limits.instance_phone",
                "the limits of a phone over all apps are those of the instance",
            );
        }
        if self.caps.instance_daily.is_some() {
            return wrong("caps.instance_daily", "the instance's cap stands in its configuration file");
        }
        Ok(())
    }

    /// Checks every bound. Whoever accepts a policy from outside calls this.
    pub fn validate(&self) -> Result<(), InvalidGuardPolicy> {
        self.validate_credit()?;
        self.validate_limits()?;
        self.validate_detectors()?;
        if !(60..=86_400).contains(&self.conversion_window_s) {
            return wrong("conversion_window_s", "60 to 86400");
        }
        if !(100..=200).contains(&self.caps.known_percent) {
            return wrong("caps.known_percent", "100 to 200");
        }
        if self.score.challenge_from > self.score.refuse_from {
            return wrong("score.challenge_from", "not above score.refuse_from");
        }
        let memory = &self.memory;
        for (key, size) in [
            ("phones", memory.phones),
            ("ranges", memory.ranges),
            ("blocks", memory.blocks),
            ("addresses", memory.addresses),
            ("devices", memory.devices),
            ("customers", memory.customers),
            ("pending", memory.pending),
            ("systems", memory.systems),
        ] {
            if !(100..=100_000_000).contains(&size) {
                return wrong(&format!("memory.{key}"), "100 to 100000000");
            }
        }
        Ok(())
    }

    fn validate_credit(&self) -> Result<(), InvalidGuardPolicy> {
        let credit = &self.credit;
        for (name, limits) in
            [("range", credit.range), ("country", credit.country), ("unseen", credit.unseen)]
        {
            let key = |field: &str| format!("credit.{name}.{field}");
            if limits.start == 0 || limits.start > 1_000_000 {
                return wrong(&key("start"), "1 to 1000000: with 0 nobody there is ever served");
            }
            if limits.ceiling < limits.start || limits.ceiling > 100_000_000 {
                return wrong(&key("ceiling"), "at least start, and at most 100000000");
            }
            if limits.gain < Thousandths::of(1000) || limits.gain > Thousandths::of(100_000) {
                return wrong(&key("gain"), "1 to 100: below 1 a customer who converts costs credit");
            }
            if limits.refill_per_hour > Thousandths::of(100_000_000) {
                return wrong(&key("refill_per_hour"), "at most 100000");
            }
        }
        if self.probes.percent > Thousandths::of(50_000) {
            return wrong("probes.percent", "at most 50");
        }
        Ok(())
    }

    fn validate_limits(&self) -> Result<(), InvalidGuardPolicy> {
        let limits = &self.limits;
        for (name, windows, factor) in [
            ("phone", &limits.phone, 1),
            ("instance_phone", &limits.instance_phone, 1),
            ("address", &limits.address, limits.mobile_factor.saturating_mul(limits.refuse_factor)),
            ("network", &limits.network, limits.mobile_factor),
            ("device_numbers", &limits.device_numbers, 1),
            ("device_starts", &limits.device_starts, 1),
            ("customer_numbers", &limits.customer_numbers, 1),
            ("customer_changes", &limits.customer_changes, 1),
            ("block", &limits.block, 1),
        ] {
            let key = format!("limits.{name}");
            for window in windows {
                let most = usize::from(window.max) * usize::from(factor);
                if window.max == 0 || most > MOST_KEPT {
                    return wrong(
                        &key,
                        &format!("max is 1 or more, and at most {MOST_KEPT} with its factors"),
                    );
                }
                let longest_s = if matches!(name, "address" | "network" | "block" | "device_numbers") {
                    86_400
                } else {
                    LONGEST_S
                };
                if window.length_s == 0 || window.length_s > longest_s {
                    return wrong(&key, &format!("length_s is 1 to {longest_s}"));
                }
            }
        }
        if limits.mobile_factor == 0 || limits.refuse_factor == 0 {
            return wrong("limits.mobile_factor", "factors are 1 or more");
        }
        Ok(())
    }

    fn validate_detectors(&self) -> Result<(), InvalidGuardPolicy> {
        let cusum = &self.cusum;
        for (key, value, least, most) in [
            ("cusum.range_threshold", cusum.range_threshold, 3.0, 1000.0),
            ("cusum.country_threshold", cusum.country_threshold, 3.0, 1000.0),
            ("cusum.false_alarm_days", cusum.false_alarm_days, 1.0, 100_000.0),
            ("cusum.attack_ratio", cusum.attack_ratio, 0.01, 0.9),
            ("cusum.learn_below", cusum.learn_below, 0.0, 1000.0),
            ("cusum.clean_share", cusum.clean_share, 0.05, 0.95),
        ] {
            if !(least..=most).contains(&value) {
                return wrong(key, &format!("{least} to {most}"));
            }
        }
        Ok(())
    }

    /// What is allowed and yet worth a second thought.
    pub fn lint(&self) -> Vec<String> {
        let mut told = Vec::new();
        if self.caps.daily.is_none() {
            told.push(
                "caps.daily is not set: an attacker who types a share of 1/gain of the codes himself is bounded by nothing"
                    .to_owned(),
            );
        }
        match self.mode {
            GuardMode::Off => told.push(
                "mode is off: nothing bounds what fraud costs but daily_messages; caps on spend, those of the instance \
                 included, and the list of blocked numbers do not hold, and nothing is learnt"
                    .to_owned(),
            ),
            GuardMode::Shadow | GuardMode::Monitor => {
                told.push("mode is not enforce: only caps, lists and the limits of a phone act".to_owned());
            }
            GuardMode::Enforce => {}
        }
        if self.credit.range.gain > Thousandths::of(4000) {
            told.push(
                "credit.range.gain above 4 lets a quarter of fake conversions pay for themselves".to_owned(),
            );
        }
        told
    }

    /// What bounds the messages to one key that was quiet before.
    pub fn bound(&self, key: CreditKey) -> KeyBound {
        let probes = |per_day: u16| {
            if self.probes.percent == Thousandths::of(0) { 0 } else { u32::from(per_day) }
        };
        let (range, country) = (self.probes.range_per_day, self.probes.country_per_day);
        match key {
            CreditKey::Range => KeyBound::quiet(self.credit.range, probes(range)),
            CreditKey::Country => KeyBound::quiet(self.credit.country, probes(country)),
            CreditKey::Unseen => KeyBound::quiet(self.credit.unseen, probes(country)),
        }
    }

    /// The most that is spent in any 24 hours, known numbers included.
    pub fn daily_cap(&self) -> Option<Price> {
        let own = self.caps.daily.map(|cap| cap.0.saturating_mul(u64::from(self.caps.known_percent)) / 100);
        let instance = self.caps.instance_daily.map(|cap| cap.0);
        let least = own.into_iter().chain(instance).min()?;
        Some(Price::from_micros(least, self.currency))
    }

    /// The most that a key can cost: see [`worst_case_loss`].
    pub fn worst_case(&self, bound: &KeyBound, price: Price, window: Duration, share: Share) -> WorstCase {
        worst_case_loss(bound, self.daily_cap(), price, window, share)
    }

    /// How many times the room an address has that belongs to such a network.
    pub fn address_factor(&self, kind: Option<NetworkKind>) -> u16 {
        if kind == Some(NetworkKind::Mobile) { self.limits.mobile_factor } else { 1 }
    }
}

fn wrong(key: &str, problem: &str) -> Result<(), InvalidGuardPolicy> {
    Err(InvalidGuardPolicy { key: key.to_owned(), problem: problem.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: impl FnOnce(&mut GuardPolicy)) -> Result<(), InvalidGuardPolicy> {
        let mut policy = GuardPolicy::default();
        change(&mut policy);
        policy.validate()
    }

    #[test]
    fn the_defaults_are_allowed_and_those_of_the_reference() {
        let policy = GuardPolicy::default();
        assert_eq!(policy.validate(), Ok(()));
        assert_eq!(policy.currency.code(), "USD");
        assert_eq!(policy.bound(CreditKey::Range).break_even(), Share::percent(40));
        assert_eq!(policy.lint().len(), 1);
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<GuardPolicy>(&json).unwrap(), policy);
    }

    #[test]
    fn a_guard_that_is_off_says_what_no_longer_holds() {
        let off = GuardPolicy { mode: GuardMode::Off, ..GuardPolicy::default() };
        assert_eq!(off.validate(), Ok(()));
        assert!(off.lint().iter().any(|told| told.contains("mode is off") && told.contains("caps on spend")));
        assert_eq!(serde_json::to_string(&off.mode).unwrap(), "\"off\"");
    }

    #[test]
    fn what_would_defeat_a_rule_is_refused_by_its_key() {
        type Change = fn(&mut GuardPolicy);
        let changes: [(&str, Change); 9] = [
            ("credit.range.start", |policy| policy.credit.range.start = 0),
            ("credit.country.ceiling", |policy| policy.credit.country.ceiling = 10),
            ("credit.unseen.gain", |policy| policy.credit.unseen.gain = Thousandths::of(900)),
            ("probes.percent", |policy| policy.probes.percent = Thousandths::of(60_000)),
            ("limits.address", |policy| policy.limits.address = vec![Window::of(3600, 100)]),
            ("limits.block", |policy| policy.limits.block = vec![Window::of(604_800, 5)]),
            ("cusum.clean_share", |policy| policy.cusum.clean_share = f64::NAN),
            ("score.challenge_from", |policy| policy.score.challenge_from = Points(9000)),
            ("memory.phones", |policy| policy.memory.phones = 0),
        ];
        for (key, change) in changes {
            assert_eq!(changed(change).unwrap_err().key, key);
        }
    }

    #[test]
    fn the_cap_is_the_lesser_one_and_holds_known_numbers_too() {
        let mut policy = GuardPolicy::default();
        assert_eq!(policy.daily_cap(), None);
        policy.caps.daily = Some(Amount(100_000_000));
        assert_eq!(policy.daily_cap().unwrap().amount(), "120.000000");
        policy.caps.instance_daily = Some(Amount(50_000_000));
        assert_eq!(policy.daily_cap().unwrap().amount(), "50.000000");
    }
}
