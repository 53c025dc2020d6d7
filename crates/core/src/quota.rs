//! What is left of the limits on messages to one phone (fraud.md B.2, row 1).

use std::time::Duration;

use crate::policy::Policy;
use crate::step::PhoneWindow;
use crate::subject::{SubjectRecord, free_again_at};
use crate::time::Timestamp;
use crate::verification::Standing;

/// One window over customers' requests for messages to a phone, and what is left in it now. No promise:
/// others may ask meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The window.
    pub window: PhoneWindow,
    /// Requests that it allows.
    pub limit: usize,
    /// Its length.
    pub length: Duration,
    /// Requests that it would allow now.
    pub remaining: usize,
    /// When it allows one more than now; nothing when all are left.
    pub more_at: Option<Timestamp>,
}

/// The sliding windows, shortest first. The spacing between two starts is no window.
pub const SLIDING: [PhoneWindow; 3] = [PhoneWindow::TenMinutes, PhoneWindow::Hour, PhoneWindow::Day];

impl Quota {
    /// What is left for somebody of this standing.
    ///
    /// One place in each window (two in the day's) is kept for a customer who proved this phone before, so
    /// that strangers cannot keep her out (design 6, Lock-out; OWASP ASVS 6.1.1, O8). As many more are kept for her
    /// trusted device, where she has one: whoever learns her reference cannot take those.
    pub fn of(
        record: &SubjectRecord,
        policy: &Policy,
        standing: Standing,
        window: PhoneWindow,
        now: Timestamp,
    ) -> Self {
        let limits = policy.phone_limits;
        let (length_s, limit, kept) = match window {
            PhoneWindow::Spacing => (u64::from(limits.spacing_s), 1, 0),
            PhoneWindow::TenMinutes => (600, limits.per_ten_minutes, 1),
            PhoneWindow::Hour => (3600, limits.per_hour, 1),
            PhoneWindow::Day => (24 * 3600, limits.per_day, 2),
        };
        let limit = usize::from(limit.saturating_sub(kept * kept_shares(record, standing, now)).max(1));
        let length = Duration::from_secs(length_s);
        let inside = record.sends.iter().filter(|&&at| at > now.minus(length)).count();
        let remaining = limit.saturating_sub(inside);
        let more_at = if remaining == 0 {
            free_again_at(&record.sends, limit, length, now)
        } else {
            record.sends.iter().find(|&&at| at > now.minus(length)).map(|oldest| oldest.plus(length))
        };
        Quota { window, limit, length, remaining, more_at }
    }
}

/// For how many others places are kept from somebody of this standing. A phone that nobody proved yet has nobody to
/// keep places for.
fn kept_shares(record: &SubjectRecord, standing: Standing, now: Timestamp) -> u8 {
    let of_customer = standing < Standing::KnownCustomer && !record.known_customers.is_empty();
    let of_device = standing < Standing::TrustedDevice && record.devices.any(now);
    u8::from(of_customer) + u8::from(of_device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AppId;
    use crate::subject::{Subject, SubjectKey};

    const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    fn record(sent_before_s: &[u64]) -> SubjectRecord {
        let mut record = Subject::unseen(AppId::from_bytes([1; 16]), SubjectKey([0; 16])).record;
        record.sends = sent_before_s.iter().map(|&s| NOW.minus(Duration::from_secs(s))).collect();
        record
    }

    fn hour(record: &SubjectRecord) -> (usize, Option<u64>) {
        let quota = Quota::of(record, &Policy::default(), Standing::Stranger, PhoneWindow::Hour, NOW);
        (quota.remaining, quota.more_at.map(|at| at.since(NOW).as_secs()))
    }

    #[test]
    fn r3_a_window_tells_what_is_left_and_when_there_is_more() {
        assert_eq!(hour(&record(&[])), (5, None));
        assert_eq!(hour(&record(&[4000, 3000, 100])), (3, Some(600)));
        assert_eq!(hour(&record(&[3500, 3000, 2000, 900, 100])), (0, Some(100)));
        // More than the limit, since it was higher once: room comes when all but four have left.
        assert_eq!(hour(&record(&[3500, 3400, 3000, 2000, 900, 100])), (0, Some(200)));
    }

    #[test]
    fn o8_strangers_do_not_see_the_place_of_a_customer() {
        let mut record = record(&[100]);
        record.known_customers.push(crate::keyring::Tag([7; 16]));
        assert_eq!(hour(&record).0, 3);
        let customer =
            Quota::of(&record, &Policy::default(), Standing::KnownCustomer, PhoneWindow::Hour, NOW);
        assert_eq!(customer.remaining, 4);
    }
}
