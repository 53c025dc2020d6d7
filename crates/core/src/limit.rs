//! Counters that cross phones, kept in the store under keys.
//!
//! A limit looks at slots of time: one counter per key and slot, summed over the slots that the
//! window touches. The oldest slot counts whole although part of it has left the window, so a limit
//! is never exceeded and at worst is felt one slot longer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::email::EmailAddress;
use crate::id::AppId;
use crate::keyring::Keyring;
use crate::phone::E164;
use crate::subject::Mode;
use crate::time::Timestamp;
use crate::verification::Standing;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Sends to one phone over all apps: 10 in 24 hours (fraud.md B.2, row 2).
pub const INSTANCE_PHONE_PER_DAY: u64 = 10;
/// Sends to one phone over all apps: 30 in 7 days (fraud.md B.2, row 2).
pub const INSTANCE_PHONE_PER_WEEK: u64 = 30;

/// A part of a phone's allowance over all apps that others leave. Always kept: an app cannot know whom another one
/// knows (design 6, Lock-out).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of [`INSTANCE_PHONE_PER_DAY`].
    pub per_day: u64,
    /// Of [`INSTANCE_PHONE_PER_WEEK`].
    pub per_week: u64,
}

/// What is kept from somebody of this standing: two messages a week for customers who proved the phone, one a day for a
/// trusted device.
pub const fn kept_from(standing: Standing) -> Kept {
    match standing {
        Standing::Stranger => Kept { per_day: 2, per_week: 9 },
        Standing::KnownCustomer => Kept { per_day: 1, per_week: 7 },
        Standing::TrustedDevice => Kept { per_day: 0, per_week: 0 },
    }
}

/// E-mails of one app to one address in one day (UTC). Numbers cost a stranger nothing where no SMS leaves, so
/// the limits of a phone do not protect a mailbox.
pub const ADDRESS_PER_DAY: u64 = 10;

/// Names one counter. A one-way function of what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey(pub [u8; 16]);

/// Which limit it is, as the shop's server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitRule {
    /// Sends to one phone of one app, counted in its subject.
    PhoneSends,
    /// Sends to one phone over all apps in 24 hours.
    InstancePhonePerDay,
    /// Sends to one phone over all apps in 7 days.
    InstancePhonePerWeek,
    /// Messages of one app in one day (UTC).
    AppDailyMessages,
    /// E-mails of one app to one address in one day (UTC).
    AddressPerDay,
}

impl LimitRule {
    /// Whether what it refuses must look as if it had been allowed: what other apps do shows to none (I10; fraud.md B.2,
    /// row 2).
    pub const fn withholds(self) -> bool {
        matches!(self, LimitRule::InstancePhonePerDay | LimitRule::InstancePhonePerWeek)
    }

    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            LimitRule::PhoneSends => "phone_sends",
            LimitRule::InstancePhonePerDay => "instance_phone_per_day",
            LimitRule::InstancePhonePerWeek => "instance_phone_per_week",
            LimitRule::AppDailyMessages => "app_daily_messages",
            LimitRule::AddressPerDay => "address_per_day",
        }
    }
}

/// Slots `first..=last` of one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRange {
    /// The counter.
    pub key: CounterKey,
    /// The first slot.
    pub first: i64,
    /// The last slot.
    pub last: i64,
}

/// One limit: what is summed, and how much may be there after this reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Which one it is.
    pub rule: LimitRule,
    /// What is summed.
    pub reads: Vec<SlotRange>,
    /// The most that the sum may be after the reservation.
    pub max: u64,
    /// The length of a slot.
    pub slot: Duration,
    /// How long a slot counts after it has begun.
    pub counts_for: Duration,
}

/// One counter to raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Add {
    /// The counter.
    pub key: CounterKey,
    /// The slot.
    pub slot: i64,
    /// By how much.
    pub amount: u64,
    /// When the slot no longer matters to any limit and may be purged.
    pub expires_at: Timestamp,
}

/// What one command takes from keyed limits: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reservation {
    /// All must hold.
    pub limits: Vec<Limit>,
    /// Raised when they do.
    pub adds: Vec<Add>,
}

impl Reservation {
    /// What a message takes that is withheld: nothing, and it is not refused by what withheld it. Reads and writes the
    /// same counters and is refused by all others like one that leaves, so that nobody can tell it by that or by its time.
    #[must_use]
    pub fn withheld(mut self) -> Self {
        for limit in &mut self.limits {
            limit.max = if limit.rule.withholds() { u64::MAX } else { limit.max.saturating_sub(1) };
        }
        for add in &mut self.adds {
            add.amount = 0;
        }
        self
    }
}

/// A limit that did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which one.
    pub rule: LimitRule,
    /// When it has room again.
    pub retry_at: Timestamp,
}

impl Limit {
    /// Judges the sum of `slots` (slot and count, in any order, several of one slot allowed) with
    /// `amount` on top.
    pub fn judge(&self, slots: &[(i64, u64)], amount: u64) -> Result<(), Exceeded> {
        let mut used: u64 = slots.iter().map(|&(_, count)| count).sum();
        if used.saturating_add(amount) <= self.max {
            return Ok(());
        }
        let mut by_age = slots.to_vec();
        by_age.sort_unstable();
        let slot_ms = i64::try_from(self.slot.as_millis()).unwrap_or(i64::MAX);
        let mut retry_at = Timestamp::EPOCH;
        for (slot, count) in by_age {
            used -= count;
            retry_at = Timestamp::from_millis(slot.saturating_mul(slot_ms)).plus(self.counts_for);
            if used.saturating_add(amount) <= self.max {
                break;
            }
        }
        Err(Exceeded { rule: self.rule, retry_at })
    }
}

/// What a message is counted for.
#[derive(Clone, Copy)]
pub struct Sending<'a> {
    /// The app.
    pub app: AppId,
    /// Live or test.
    pub mode: Mode,
    /// The phone.
    pub phone: &'a E164,
    /// The address that it goes to, of an e-mail.
    pub email: Option<&'a EmailAddress>,
    /// For whom.
    pub standing: Standing,
    /// The app's allowance for a day.
    pub daily_messages: u32,
}

/// What one message takes: the instance-wide allowance of the phone, and the app's daily one. A test
/// message reaches no phone that could be flooded, so it takes the second alone.
pub fn message_reservation(keyring: &Keyring, sending: &Sending<'_>, now: Timestamp) -> Reservation {
    let mut reservation = daily_reservation(keyring, sending, now);
    if let Some(address) = sending.email {
        let of_address = address_reservation(keyring, sending, address, now);
        reservation.limits.extend(of_address.limits);
        reservation.adds.extend(of_address.adds);
    }
    if sending.mode == Mode::Live {
        let phone = instance_phone_reservation(keyring, sending, now);
        reservation.limits.extend(phone.limits);
        reservation.adds.extend(phone.adds);
    }
    reservation
}

fn daily_reservation(keyring: &Keyring, sending: &Sending<'_>, now: Timestamp) -> Reservation {
    let day = now.as_millis().div_euclid(DAY_MS);
    let key = CounterKey(keyring.tag("daily-messages", sending.app, sending.mode.as_str().as_bytes()).0);
    Reservation {
        limits: vec![Limit {
            rule: LimitRule::AppDailyMessages,
            reads: vec![SlotRange { key, first: day, last: day }],
            max: u64::from(sending.daily_messages),
            slot: hours(24),
            counts_for: hours(24),
        }],
        adds: vec![Add { key, slot: day, amount: 1, expires_at: now.plus(hours(48)) }],
    }
}

fn address_reservation(
    keyring: &Keyring,
    sending: &Sending<'_>,
    address: &EmailAddress,
    now: Timestamp,
) -> Reservation {
    let day = now.as_millis().div_euclid(DAY_MS);
    // One mailbox, however it is capitalised.
    let who = format!("{}:{}", sending.mode.as_str(), address.expose().to_ascii_lowercase());
    let key = CounterKey(keyring.tag("address-messages", sending.app, who.as_bytes()).0);
    Reservation {
        limits: vec![Limit {
            rule: LimitRule::AddressPerDay,
            reads: vec![SlotRange { key, first: day, last: day }],
            max: ADDRESS_PER_DAY,
            slot: hours(24),
            counts_for: hours(24),
        }],
        adds: vec![Add { key, slot: day, amount: 1, expires_at: now.plus(hours(48)) }],
    }
}

const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3600)
}

fn instance_phone_reservation(keyring: &Keyring, sending: &Sending<'_>, now: Timestamp) -> Reservation {
    let Sending { phone, standing, .. } = *sending;
    let kept = kept_from(standing);
    let hour = now.as_millis().div_euclid(HOUR_MS);
    let day = now.as_millis().div_euclid(DAY_MS);
    let day_key = |day: i64| CounterKey(keyring.instance_phone_tag(day.unsigned_abs(), phone));
    // A counter is kept under the key of its own day, and matters for 8 days (design 6, Retention).
    let keys: Vec<(i64, CounterKey)> = (day - 7..=day).map(|day| (day, day_key(day))).collect();
    let reads = |first_hour: i64| -> Vec<SlotRange> {
        keys.iter()
            .filter(|(day, _)| day * 24 + 23 >= first_hour)
            .map(|&(day, key)| SlotRange {
                key,
                first: first_hour.max(day * 24),
                last: hour.min(day * 24 + 23),
            })
            .collect()
    };
    let instance = |rule, window_hours: i64, max| Limit {
        rule,
        reads: reads(hour - window_hours),
        max,
        slot: hours(1),
        counts_for: hours(window_hours.unsigned_abs() + 1),
    };
    Reservation {
        limits: vec![
            instance(LimitRule::InstancePhonePerDay, 24, INSTANCE_PHONE_PER_DAY - kept.per_day),
            instance(LimitRule::InstancePhonePerWeek, 7 * 24, INSTANCE_PHONE_PER_WEEK - kept.per_week),
        ],
        adds: vec![Add { key: day_key(day), slot: hour, amount: 1, expires_at: now.plus(hours(8 * 24)) }],
    }
}
