//! Requests, and small worlds of honest and hostile traffic.

use std::time::Duration;

use countersign_core::guard::decide::{ChallengeState, RequestPurpose};
use countersign_core::guard::known::{Asker, Order};
use countersign_core::guard::probe::Draw;
use countersign_core::guard::score::Facts;
use countersign_core::guard::{
    Action, Asked, DestinationReader, Guard, GuardPolicy, Heed, KeyId, KeyKind, Keyer, Request, Ruling,
};
use countersign_core::time::Timestamp;

/// 2026-11-23T10:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);

/// Small pseudo-random numbers (xorshift64*), so that a failing world can be run again.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 16) % end
    }

    pub(crate) fn chance(&mut self, of_1000: u64) -> bool {
        self.below(1000) < of_1000
    }
}

/// A guard, and who asks it.
pub(crate) struct Scene {
    pub(crate) guard: Guard,
    reader: DestinationReader,
    requests: u64,
    dice: Dice,
}

/// A request in words.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) to: &'a str,
    pub(crate) ip: Option<&'a str>,
    pub(crate) device: Option<&'a str>,
    pub(crate) customer: Option<&'a str>,
    pub(crate) price_micros: u64,
}

impl<'a> Ask<'a> {
    pub(crate) fn to(to: &'a str) -> Self {
        Ask { to, price_micros: 50_000, ..Ask::default() }
    }
}

impl Scene {
    pub(crate) fn new(policy: GuardPolicy) -> Self {
        let guard = Guard::new(policy, Keyer::new([5; 16])).unwrap();
        Scene { guard, reader: DestinationReader::new(), requests: 0, dice: Dice::new(77) }
    }

    pub(crate) fn key(&self, kind: KeyKind, word: &str) -> KeyId {
        self.guard.keyer().id(kind, word.as_bytes())
    }

    pub(crate) fn ask(&mut self, ask: Ask<'_>, now: Timestamp) -> (KeyId, Ruling) {
        let asked = self.asked(ask);
        (asked.id, self.guard.ask(&asked, now))
    }

    /// A request of its own name.
    pub(crate) fn asked(&mut self, ask: Ask<'_>) -> Asked {
        self.requests += 1;
        let id = self.guard.keyer().id_of(KeyKind::Request, self.requests);
        let request = Request {
            destination: self.reader.read(ask.to).unwrap(),
            number_type: None,
            asker: Asker {
                device: ask.device.map(|device| self.key(KeyKind::Device, device)),
                customer: ask.customer.map(|customer| self.key(KeyKind::Customer, customer)),
            },
            session: None,
            network: None,
            purpose: RequestPurpose::Other,
            facts: Facts::UNKNOWN,
            challenge: ChallengeState::Unsolved,
            price_micros: ask.price_micros,
            draw: Draw((self.dice.next() >> 32) as u32),
        };
        let net = ask.ip.map(|ip| self.guard.keyer().net(ip.parse().unwrap()));
        Asked { id, net, request }
    }

    pub(crate) fn convert(&mut self, id: KeyId, now: Timestamp) -> Heed {
        self.guard.convert(id, Order::None, now)
    }

    pub(crate) fn allows(&mut self, ask: Ask<'_>, now: Timestamp) -> bool {
        self.ask(ask, now).1.action == Action::Allow
    }
}

pub(crate) fn after(start: Timestamp, ms: u64) -> Timestamp {
    start.plus(Duration::from_millis(ms))
}

/// A number of Germany in one of a thousand blocks of one range.
pub(crate) fn german(range: u64, rest: u64) -> String {
    format!("+49{}{:07}", 170 + range % 30, rest % 10_000_000)
}
