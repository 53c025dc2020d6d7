//! Which numbers are *known*, strictly (fraud.md B.2, last paragraph).
//!
//! Verified for this app in the last 180 days, for the first time at least 7 days ago, and tied to a paid order or to
//! successes on two days: else an attacker who can read codes buys the status with one conversion for each number.
//! Known numbers are the control group that tells an outage from fraud. They pass the detectors only together with
//! the device or the customer that proved them before.

use serde::{Deserialize, Serialize};

use super::key::KeyId;
use crate::time::{Day, Timestamp};

/// A number stays known for so many days after it was last verified.
pub const KNOWN_FOR_DAYS: i32 = 180;
/// It becomes known so many days after it was first verified.
pub const KNOWN_AFTER_DAYS: i64 = 7;
const DAY_MS: i64 = 86_400_000;
/// Devices and customers remembered of each number.
const TIES: usize = 2;

/// What is remembered of a number's successes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successes {
    span: Option<Span>,
    /// Tags of the last devices, 0 where there is none.
    devices: [u32; TIES],
    /// Tags of the last customers.
    customers: [u32; TIES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    first: Timestamp,
    last: Timestamp,
    backing: Backing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Backing {
    OneDay,
    TwoDays,
    PaidOrder,
}

/// A number that was verified elsewhere, as the shop says when it imports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// The day of its first verification.
    pub first: Day,
    /// The day of its last one.
    pub last: Day,
    /// Whether an order was paid with it.
    pub order: Order,
}

/// Whether a success is tied to an order that was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// It is.
    Paid,
    /// It is not, or nobody said so.
    None,
}

/// Dates of an import that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidImport {
    /// The first is after the last.
    #[error("the first verification is later than the last")]
    Reversed,
    /// The last is in the future.
    #[error("the last verification lies in the future")]
    Future,
}

/// What a number is to the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acquaintance {
    /// Not known.
    New,
    /// Known, but nothing says that whoever asks is who proved it: still judged like a new one.
    Known,
    /// On the app's list of allowed numbers: passes the detectors.
    Allowed,
    /// Known, and asked for by a device or customer that proved it before: passes the detectors.
    Tied,
}

/// Who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The device.
    pub device: Option<KeyId>,
    /// The shop's customer.
    pub customer: Option<KeyId>,
}

impl Asker {
    /// Whether nothing is known of who asks.
    pub const fn is_nobody(&self) -> bool {
        self.device.is_none() && self.customer.is_none()
    }
}

impl Successes {
    /// No success.
    pub const NONE: Successes = Successes { span: None, devices: [0; TIES], customers: [0; TIES] };

    /// After a success at `now`.
    #[must_use]
    pub fn with(mut self, asker: Asker, order: Order, now: Timestamp) -> Self {
        let span = self.span.unwrap_or(Span { first: now, last: now, backing: Backing::OneDay });
        let backing = match (span.backing, order) {
            (_, Order::Paid) | (Backing::PaidOrder, _) => Backing::PaidOrder,
            (Backing::TwoDays, Order::None) => Backing::TwoDays,
            (Backing::OneDay, Order::None) if now.day() != span.first.day() => Backing::TwoDays,
            (Backing::OneDay, Order::None) => Backing::OneDay,
        };
        self.span = Some(Span { backing, last: span.last.max(now), ..span });
        remember(&mut self.devices, asker.device);
        remember(&mut self.customers, asker.customer);
        self
    }

    /// After an import. Dates are days, so each is taken as its end: nothing is known earlier than it was. A last
    /// day other than the first is a second day of success; nobody is tied to it until a customer proves it here.
    pub fn imported(self, import: Import, now: Timestamp) -> Result<Self, InvalidImport> {
        if import.last.since(import.first) < 0 {
            return Err(InvalidImport::Reversed);
        }
        if import.last.since(now.day()) > 0 {
            return Err(InvalidImport::Future);
        }
        let end_of = |day: Day| Timestamp::from_millis((i64::from(day.number()) + 1) * DAY_MS - 1).min(now);
        let backing = match import.order {
            Order::Paid => Backing::PaidOrder,
            Order::None if import.first != import.last => Backing::TwoDays,
            Order::None => Backing::OneDay,
        };
        let (first, last) = (end_of(import.first), end_of(import.last));
        let span = match self.span {
            None => Span { first, last, backing },
            Some(own) => {
                let days_differ = own.first.day() != first.day();
                let two_days = if days_differ { Backing::TwoDays } else { Backing::OneDay };
                let stronger = own.backing.max_with(backing).max_with(two_days);
                Span { first: own.first.min(first), last: own.last.max(last), backing: stronger }
            }
        };
        Ok(Successes { span: Some(span), ..self })
    }

    /// What the number is to the guard when `asker` asks for a message to it.
    pub fn acquaintance(&self, asker: Asker, now: Timestamp) -> Acquaintance {
        if !self.is_known(now) {
            return Acquaintance::New;
        }
        let tied = |ties: &[u32; TIES], who: Option<KeyId>| who.is_some_and(|who| ties.contains(&who.tag()));
        if tied(&self.devices, asker.device) || tied(&self.customers, asker.customer) {
            Acquaintance::Tied
        } else {
            Acquaintance::Known
        }
    }

    /// Whether it is known by the definition.
    pub fn is_known(&self, now: Timestamp) -> bool {
        self.span.is_some_and(|span| {
            let old_enough =
                now.as_millis().saturating_sub(span.first.as_millis()) >= KNOWN_AFTER_DAYS * DAY_MS;
            let fresh_enough = now <= self.known_until();
            old_enough && fresh_enough && span.backing != Backing::OneDay
        })
    }

    /// Whether it was ever verified.
    pub const fn any(&self) -> bool {
        self.span.is_some()
    }

    /// Whether it never was.
    pub const fn is_none(&self) -> bool {
        self.span.is_none()
    }

    /// When the last success no longer counts.
    pub fn known_until(&self) -> Timestamp {
        let days = i64::from(KNOWN_FOR_DAYS);
        self.span.map_or(Timestamp::EPOCH, |span| {
            Timestamp::from_millis(span.last.as_millis().saturating_add(days * DAY_MS))
        })
    }
}

impl Backing {
    const fn max_with(self, other: Backing) -> Backing {
        match (self, other) {
            (Backing::PaidOrder, _) | (_, Backing::PaidOrder) => Backing::PaidOrder,
            (Backing::TwoDays, _) | (_, Backing::TwoDays) => Backing::TwoDays,
            _ => Backing::OneDay,
        }
    }
}

fn remember(ties: &mut [u32; TIES], who: Option<KeyId>) {
    if let Some(tag) = who.map(KeyId::tag)
        && !ties.contains(&tag)
    {
        ties.rotate_right(1);
        ties[0] = tag;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);
    const HER: Asker = Asker { device: Some(KeyId(7 << 40)), customer: None };

    fn day(number: u64) -> Timestamp {
        START.plus(Duration::from_secs(number * 86_400))
    }

    #[test]
    fn one_conversion_or_two_on_one_day_do_not_make_a_number_known() {
        let once = Successes::NONE.with(HER, Order::None, START);
        let twice = once.with(HER, Order::None, START.plus(Duration::from_secs(60)));
        for later in [0, 1, 7, 30, 200] {
            assert_eq!(twice.acquaintance(HER, day(later)), Acquaintance::New);
        }
    }

    #[test]
    fn two_days_or_a_paid_order_do_after_a_week_and_for_180_days() {
        let two_days = Successes::NONE.with(HER, Order::None, START).with(HER, Order::None, day(1));
        let paid = Successes::NONE.with(HER, Order::Paid, START);
        for (known, last) in [(two_days, 1), (paid, 0)] {
            let of = |at| known.acquaintance(HER, at);
            assert_eq!(of(day(7).minus(Duration::from_millis(1))), Acquaintance::New);
            assert_eq!(of(day(7)), Acquaintance::Tied);
            assert_eq!(of(day(last + 180)), Acquaintance::Tied);
            assert_eq!(of(day(last + 180).plus(Duration::from_millis(1))), Acquaintance::New);
        }
    }

    #[test]
    fn a_known_number_passes_only_with_who_proved_it() {
        let known = Successes::NONE.with(HER, Order::Paid, START);
        let stranger = Asker { device: Some(KeyId(9 << 40)), customer: Some(KeyId(7 << 40)) };
        assert_eq!(known.acquaintance(stranger, day(8)), Acquaintance::Known);
        assert_eq!(known.acquaintance(Asker::default(), day(8)), Acquaintance::Known);
        let customer = Asker { device: None, customer: Some(KeyId(5 << 40)) };
        let both = known.with(customer, Order::None, day(8));
        assert_eq!(both.acquaintance(customer, day(8)), Acquaintance::Tied);
        assert_eq!(both.acquaintance(HER, day(8)), Acquaintance::Tied);
    }

    #[test]
    fn an_import_counts_by_its_dates_and_ties_nobody() {
        let date = |text: &str| text.parse::<Day>().unwrap();
        let import = |first, last, order| {
            Successes::NONE.imported(Import { first: date(first), last: date(last), order }, START)
        };
        let good = import("2026-06-01", "2026-11-01", Order::None).unwrap();
        assert_eq!(good.acquaintance(HER, START), Acquaintance::Known);
        assert_eq!(good.with(HER, Order::None, START).acquaintance(HER, START), Acquaintance::Tied);
        let old = import("2025-01-01", "2026-01-01", Order::Paid).unwrap();
        assert!(!old.is_known(START));
        let one_day = import("2026-06-01", "2026-06-01", Order::None).unwrap();
        assert!(!one_day.is_known(START));
        assert!(one_day.with(HER, Order::None, START).is_known(START), "the second day");
        let recent = import("2026-11-20", "2026-11-22", Order::Paid).unwrap();
        assert!(!recent.is_known(START), "{START}");
        assert_eq!(import("2026-06-02", "2026-06-01", Order::Paid), Err(InvalidImport::Reversed));
        assert_eq!(import("2026-06-02", "2026-11-24", Order::Paid), Err(InvalidImport::Future));
    }
}
