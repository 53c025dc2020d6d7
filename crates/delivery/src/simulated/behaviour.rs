//! How the simulated carrier treats messages.

use std::collections::HashMap;
use std::time::Duration;

use countersign_core::phone::E164;

/// What becomes of a message that was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It arrives; the receipt says delivered.
    #[default]
    Deliver,
    /// It never arrives, and no receipt says so.
    Lose,
    /// It never arrives; the receipt says failed.
    Fail,
    /// It never arrives; the receipt says delivered.
    Lie,
}

/// How messages fare: their fate, after a delay, in so many copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    fate: Fate,
    delay: Duration,
    copies: u8,
}

/// A behaviour outside its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delay is at most {} s, and there are 1 to {} copies", Behaviour::MAX_DELAY.as_secs(), Behaviour::MAX_COPIES)]
pub struct InvalidBehaviour;

/// More numbers with behaviours of their own than are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many numbers have a behaviour of their own; reset one first")]
pub struct TooManyNumbers;

/// To whom a behaviour applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All numbers without a behaviour of their own.
    Everyone,
    /// One number.
    Number(&'a E164),
}

impl Default for Behaviour {
    /// One copy, delivered at once.
    fn default() -> Self {
        Behaviour { fate: Fate::Deliver, delay: Duration::ZERO, copies: 1 }
    }
}

impl Behaviour {
    /// Longest delay: no code lives longer (design 5).
    pub const MAX_DELAY: Duration = Duration::from_mins(10);

    /// Most copies of one message.
    pub const MAX_COPIES: u8 = 5;

    /// A behaviour. A message whose delay outlasts its validity is dropped with a failed receipt, as
    /// carriers do.
    pub fn new(fate: Fate, delay: Duration, copies: u8) -> Result<Self, InvalidBehaviour> {
        if delay > Self::MAX_DELAY || !(1..=Self::MAX_COPIES).contains(&copies) {
            return Err(InvalidBehaviour);
        }
        Ok(Behaviour { fate, delay, copies })
    }

    /// This fate, at once.
    pub(super) const fn fated(fate: Fate) -> Self {
        Behaviour { fate, delay: Duration::ZERO, copies: 1 }
    }

    /// What becomes of the message.
    pub const fn fate(self) -> Fate {
        self.fate
    }

    /// How long that takes.
    pub const fn delay(self) -> Duration {
        self.delay
    }

    /// How often it arrives.
    pub const fn copies(self) -> u8 {
        self.copies
    }
}

pub(super) struct Behaviours {
    max_numbers: usize,
    everyone: Behaviour,
    by_number: HashMap<E164, Behaviour>,
}

impl Behaviours {
    pub(super) fn new(max_numbers: usize) -> Self {
        Behaviours {
            max_numbers: max_numbers.max(1),
            everyone: Behaviour::default(),
            by_number: HashMap::new(),
        }
    }

    pub(super) fn set(&mut self, scope: Scope<'_>, behaviour: Behaviour) -> Result<(), TooManyNumbers> {
        match scope {
            Scope::Everyone => self.everyone = behaviour,
            Scope::Number(number) => {
                if self.by_number.len() >= self.max_numbers && !self.by_number.contains_key(number) {
                    return Err(TooManyNumbers);
                }
                self.by_number.insert(number.clone(), behaviour);
            }
        }
        Ok(())
    }

    pub(super) fn reset(&mut self, scope: Scope<'_>) {
        match scope {
            Scope::Everyone => self.everyone = Behaviour::default(),
            Scope::Number(number) => {
                self.by_number.remove(number);
            }
        }
    }

    pub(super) fn effective(&self, scope: Scope<'_>) -> Behaviour {
        match scope {
            Scope::Everyone => self.everyone,
            Scope::Number(number) => self.by_number.get(number).copied().unwrap_or(self.everyone),
        }
    }
}
