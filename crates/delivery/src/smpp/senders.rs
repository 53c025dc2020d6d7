//! The senders that messages left with, for those that may be taken back or asked about: a service centre
//! knows a message by its id and its sender together (SMPP 3.4 §4.8.1, §4.9.1).

use std::collections::{HashMap, VecDeque};

use countersign_core::id::DeliveryId;

use crate::sender::SenderId;

/// Messages that are remembered, some 100 bytes each; the oldest make room.
const MOST: usize = 20_000;

/// Senders of the last messages that did not leave with the provider's own.
#[derive(Default)]
pub(super) struct Senders {
    known: HashMap<DeliveryId, SenderId>,
    oldest_first: VecDeque<DeliveryId>,
}

impl Senders {
    pub(super) fn remember(&mut self, delivery: DeliveryId, sender: &SenderId) {
        if self.known.insert(delivery, sender.clone()).is_some() {
            return;
        }
        self.oldest_first.push_back(delivery);
        if self.oldest_first.len() > MOST
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn of(&self, delivery: DeliveryId) -> Option<SenderId> {
        self.known.get(&delivery).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let delivery = |number: usize| DeliveryId::from_bytes((number as u128).to_be_bytes());
        let mut senders = Senders::default();
        let sender: SenderId = "Shop".parse().unwrap();
        for number in 0..=MOST {
            senders.remember(delivery(number), &sender);
        }
        assert_eq!((senders.of(delivery(0)), senders.of(delivery(MOST))), (None, Some(sender)));
        assert_eq!((senders.known.len(), senders.oldest_first.len()), (MOST, MOST));
    }
}
