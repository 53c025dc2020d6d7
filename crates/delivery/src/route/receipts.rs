//! Messages whose receipts are awaited: tells when one is overdue, and when none came at all.
//!
//! Only what left by this process a moment ago is awaited. What is forgotten for lack of room, or at a
//! restart, is never called overdue.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use countersign_core::id::{DeliveryId, VerificationId};
use countersign_core::time::Timestamp;

use super::place::Place;
use crate::provider::ProviderName;

/// After this long no receipt is awaited any more: no code lives longer (N1).
const AWAITED_FOR: Duration = Duration::from_secs(600);

/// A message that a provider took.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The verification.
    pub verification: VerificationId,
    /// Who carries it.
    pub provider: ProviderName,
    /// Where to.
    pub place: Place,
    /// When it left.
    pub at: Timestamp,
}

/// A receipt that did not come.
#[derive(Clone, Debug, PartialEq)]
pub enum Silence {
    /// Most receipts of this route have come after so long, and this one has not.
    Overdue {
        /// The delivery.
        delivery: DeliveryId,
        /// Its message.
        sent: Sent,
    },
    /// It is not awaited any more.
    Missing(Sent),
}

/// Messages whose receipts are awaited.
pub struct AwaitedReceipts {
    capacity: usize,
    awaited: HashMap<DeliveryId, Awaited>,
    due: BTreeSet<(Timestamp, DeliveryId)>,
}

struct Awaited {
    sent: Sent,
    due: Timestamp,
}

impl AwaitedReceipts {
    /// Awaits so many receipts; the one whose turn comes first makes room.
    pub fn new(capacity: usize) -> Self {
        AwaitedReceipts { capacity: capacity.max(1), awaited: HashMap::new(), due: BTreeSet::new() }
    }

    /// A provider took a message. `patience` is how long most of its receipts take, where that is known.
    pub fn sent(&mut self, delivery: DeliveryId, sent: Sent, patience: Option<Duration>) {
        self.forget(delivery);
        if self.awaited.len() >= self.capacity
            && let Some((_, first)) = self.due.pop_first()
        {
            self.awaited.remove(&first);
        }
        let due = sent.at.plus(patience.map_or(AWAITED_FOR, |patience| patience.min(AWAITED_FOR)));
        self.due.insert((due, delivery));
        self.awaited.insert(delivery, Awaited { sent, due });
    }

    /// The final receipt of a message came.
    pub fn came(&mut self, delivery: DeliveryId) -> Option<Sent> {
        self.forget(delivery)
    }

    /// What has not come by now. Each message is overdue once, and missing once.
    pub fn silent(&mut self, now: Timestamp) -> Vec<Silence> {
        let mut all = Vec::new();
        while let Some(&(due, delivery)) = self.due.first()
            && due <= now
        {
            self.due.pop_first();
            let Some(awaited) = self.awaited.get_mut(&delivery) else { continue };
            let end = awaited.sent.at.plus(AWAITED_FOR);
            if due < end {
                all.push(Silence::Overdue { delivery, sent: awaited.sent.clone() });
                awaited.due = end;
                self.due.insert((end, delivery));
            } else if let Some(awaited) = self.awaited.remove(&delivery) {
                all.push(Silence::Missing(awaited.sent));
            }
        }
        all
    }

    fn forget(&mut self, delivery: DeliveryId) -> Option<Sent> {
        let awaited = self.awaited.remove(&delivery)?;
        self.due.remove(&(awaited.due, delivery));
        Some(awaited.sent)
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::entropy::Entropy;
    use countersign_core::id::Partition;
    use countersign_core::phone::E164;
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);
    const PATIENCE: Option<Duration> = Some(Duration::from_secs(8));

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn id(number: u8) -> DeliveryId {
        DeliveryId::new(START, Partition(0), &mut Entropy::from_seed([number; 32]))
    }

    fn message(at: Timestamp) -> Sent {
        Sent {
            verification: VerificationId::new(START, Partition(0), &mut Entropy::from_seed([0; 32])),
            provider: "a".parse().unwrap(),
            place: Place::of(&E164::parse_fictional("+447700900123", None).unwrap()),
            at,
        }
    }

    fn overdue(number: u8) -> Silence {
        Silence::Overdue { delivery: id(number), sent: message(START) }
    }

    #[test]
    fn a_receipt_is_overdue_once_and_then_missing_once() {
        let mut awaited = AwaitedReceipts::new(10);
        awaited.sent(id(1), message(START), PATIENCE);
        assert_eq!(awaited.silent(after(7)), []);
        assert_eq!(awaited.silent(after(8)), [overdue(1)]);
        assert_eq!(awaited.silent(after(599)), []);
        assert_eq!(awaited.silent(after(600)), [Silence::Missing(message(START))]);
        assert_eq!(awaited.silent(after(9999)), []);
    }

    #[test]
    fn nothing_is_overdue_while_nobody_knows_how_long_receipts_take() {
        let mut awaited = AwaitedReceipts::new(10);
        awaited.sent(id(1), message(START), None);
        assert_eq!(awaited.silent(after(599)), []);
        assert_eq!(awaited.silent(after(600)), [Silence::Missing(message(START))]);
    }

    #[test]
    fn what_came_is_awaited_no_more_even_when_it_was_overdue() {
        let mut awaited = AwaitedReceipts::new(10);
        for number in [1, 2] {
            awaited.sent(id(number), message(START), PATIENCE);
        }
        assert_eq!(awaited.came(id(1)), Some(message(START)));
        assert_eq!(awaited.came(id(1)), None);
        assert_eq!(awaited.silent(after(8)), [overdue(2)]);
        assert_eq!(awaited.came(id(2)), Some(message(START)));
        assert_eq!(awaited.silent(after(9999)), []);
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_both_sides_agree(
            steps in proptest::collection::vec((0_u8..40, 0_u64..5, 0_u8..3), 0..200),
        ) {
            let mut awaited = AwaitedReceipts::new(7);
            let mut now = 0;
            for (number, wait, what) in steps {
                now += wait;
                match what {
                    0 => awaited.sent(id(number), message(after(now)), PATIENCE),
                    1 => drop(awaited.came(id(number))),
                    _ => drop(awaited.silent(after(now))),
                }
                prop_assert!(awaited.awaited.len() <= 7);
                prop_assert_eq!(awaited.awaited.len(), awaited.due.len());
            }
        }
    }
}
