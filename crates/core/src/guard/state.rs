//! What the guard keeps of each key.

use serde::{Deserialize, Serialize};

use super::credit::{Credit, CreditLimits};
use super::cusum::{Cusum, Strikes};
use super::distinct::LastDay;
use super::known::Successes;
use super::near::Near;
use super::policy::GuardPolicy;
use super::probe::Probed;
use super::table::Kept;
use super::verdict::Groups;
use super::window::{Distinct, LONGEST_S, Times};
use crate::subject::{Listed, SubjectRecord};
use crate::time::Timestamp;

const DAY_S: u32 = 86_400;

/// Of a phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneState {
    /// Messages to it in the last 7 days.
    pub sends: Times,
    /// When it was verified, and by whom.
    pub successes: Successes,
    /// The list of the app that it is on.
    pub listed: Option<Listed>,
}

impl Kept for PhoneState {
    fn matters_until(&self) -> Timestamp {
        self.sends.empty_at(LONGEST_S).max(self.successes.known_until())
    }

    /// A phone that may have been forgotten is not known.
    fn take_over(&mut self, forgotten: &Self) {
        self.sends.take_over(&forgotten.sends);
    }

    fn heap_bytes(&self) -> usize {
        self.sends.heap_bytes()
    }
}

/// What an app keeps of a number besides what the guard itself counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberRecord {
    /// When it was verified, and by whom.
    pub successes: Successes,
    /// The list that it is on.
    pub listed: Option<Listed>,
}

impl From<&SubjectRecord> for NumberRecord {
    fn from(record: &SubjectRecord) -> Self {
        NumberRecord { successes: record.successes, listed: record.listed }
    }
}

/// Distinct numbers of the last 24 hours: of an address, a network or a block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NumbersOfDay(pub Distinct);

impl Kept for NumbersOfDay {
    fn matters_until(&self) -> Timestamp {
        self.0.empty_at(DAY_S)
    }

    fn take_over(&mut self, forgotten: &Self) {
        self.0.take_over(&forgotten.0);
    }

    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

/// Of a device, or of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceState {
    /// Its numbers of the last 24 hours.
    pub numbers: Distinct,
    /// Verifications that it started in the last 24 hours.
    pub starts: Times,
}

impl Kept for DeviceState {
    fn matters_until(&self) -> Timestamp {
        self.numbers.empty_at(DAY_S).max(self.starts.empty_at(LONGEST_S))
    }

    fn take_over(&mut self, forgotten: &Self) {
        self.numbers.take_over(&forgotten.numbers);
        self.starts.take_over(&forgotten.starts);
    }

    fn heap_bytes(&self) -> usize {
        self.numbers.heap_bytes() + self.starts.heap_bytes()
    }
}

/// Of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerState {
    /// Her numbers of the last 7 days.
    pub numbers: Distinct,
    /// Changes of her number in the last 7 days.
    pub changes: Times,
}

impl Kept for CustomerState {
    fn matters_until(&self) -> Timestamp {
        self.numbers.empty_at(LONGEST_S).max(self.changes.empty_at(LONGEST_S))
    }

    fn take_over(&mut self, forgotten: &Self) {
        self.numbers.take_over(&forgotten.numbers);
        self.changes.take_over(&forgotten.changes);
    }

    fn heap_bytes(&self) -> usize {
        self.numbers.heap_bytes() + self.changes.heap_bytes()
    }
}

/// Whether a number of the range ever converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Converted {
    /// One did.
    Yes,
    /// None did: its messages also take from the pool of its country.
    Never,
}

/// Of a range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeState {
    /// Its credit.
    pub credit: Credit,
    /// How its credit grows, as it was when it was last used.
    pub limits: CreditLimits,
    /// Whether it is still in the pool.
    pub converted: Converted,
    /// The sum on its conversions.
    pub cusum: Cusum,
    /// Alarms of the sum.
    pub strikes: Strikes,
    /// Its new numbers.
    pub near: Near,
    /// Alarms of the near-number test.
    pub near_strikes: Strikes,
    /// How many distinct new numbers it had.
    pub distinct: LastDay,
    /// Its probes.
    pub probed: Probed,
}

impl RangeState {
    /// Of a range that was never seen.
    pub fn unseen(policy: &GuardPolicy) -> Self {
        let limits = policy.credit.range;
        RangeState {
            credit: Credit::unseen(&limits, Timestamp::EPOCH),
            limits,
            converted: Converted::Never,
            cusum: Cusum::NEW,
            strikes: Strikes::NONE,
            near: Near::default(),
            near_strikes: Strikes::NONE,
            distinct: LastDay::default(),
            probed: Probed::default(),
        }
    }
}

impl Kept for RangeState {
    fn matters_until(&self) -> Timestamp {
        let near = if self.near.count() > 0 { self.near.empty_at() } else { Timestamp::EPOCH };
        self.credit
            .full_at(&self.limits)
            .max(self.cusum.stale_at())
            .max(self.strikes.forgotten_at())
            .max(self.near_strikes.forgotten_at())
            .max(near)
    }

    /// Its credit, its alarms and its sum are kept to; the numbers that it was asked for are not. They feed the
    /// near-number test, which bounds nothing.
    fn take_over(&mut self, forgotten: &Self) {
        self.credit = self.credit.stricter(forgotten.credit, &self.limits);
        self.cusum = self.cusum.stricter(forgotten.cusum);
        self.strikes = self.strikes.stricter(forgotten.strikes);
        self.near_strikes = self.near_strikes.stricter(forgotten.near_strikes);
        self.probed = self.probed.stricter(forgotten.probed);
    }

    fn heap_bytes(&self) -> usize {
        self.near.heap_bytes() + self.distinct.heap_bytes()
    }

    fn maps(&self) -> u32 {
        self.near.maps()
    }
}

/// Of a country. There are few, and none is ever forgotten.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountryState {
    /// Its credit.
    pub credit: Credit,
    /// The credit of its ranges that never converted, together.
    pub unseen: Credit,
    /// The sum on its conversions.
    pub cusum: Cusum,
    /// Alarms of the sum.
    pub strikes: Strikes,
    /// Known numbers and new ones.
    pub groups: Groups,
    /// Its probes.
    pub probed: Probed,
}

impl CountryState {
    /// Of a country that was never seen.
    pub const fn unseen(policy: &GuardPolicy) -> Self {
        CountryState {
            credit: Credit::unseen(&policy.credit.country, Timestamp::EPOCH),
            unseen: Credit::unseen(&policy.credit.unseen, Timestamp::EPOCH),
            cusum: Cusum::NEW,
            strikes: Strikes::NONE,
            groups: Groups::NONE,
            probed: Probed::NONE,
        }
    }
}
