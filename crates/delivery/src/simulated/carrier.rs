//! The carriers in front of the simulated phone: each can be broken on its own, so that a failover can be
//! watched.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::provider::ProviderName;

/// How a carrier is today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It carries.
    #[default]
    Works,
    /// No connection comes about.
    Unreachable,
    /// It answers that it will not.
    Refuses,
    /// It answers that there are too many.
    Throttles,
    /// It takes the message and the answer never comes.
    Hangs,
    /// It takes the message, loses it, and says nothing more.
    Silent,
    /// It takes the message; the receipt says that it failed.
    Fails,
    /// It takes the message and loses it; the receipt says that it was delivered.
    Lies,
}

impl Condition {
    /// All of them, the good one first.
    pub const ALL: [Condition; 8] = [
        Condition::Works,
        Condition::Unreachable,
        Condition::Refuses,
        Condition::Throttles,
        Condition::Hangs,
        Condition::Silent,
        Condition::Fails,
        Condition::Lies,
    ];
}

/// Carriers by name, in the order in which they are tried.
#[derive(Default)]
pub(super) struct Carriers {
    conditions: BTreeMap<ProviderName, Condition>,
}

impl Carriers {
    /// A carrier that works.
    pub(super) fn add(&mut self, name: ProviderName) {
        self.conditions.entry(name).or_default();
    }

    pub(super) fn condition(&self, name: &ProviderName) -> Condition {
        self.conditions.get(name).copied().unwrap_or_default()
    }

    /// Whether there is such a carrier.
    pub(super) fn set(&mut self, name: &ProviderName, condition: Condition) -> bool {
        self.conditions.get_mut(name).map(|current| *current = condition).is_some()
    }

    pub(super) fn all(&self) -> Vec<(ProviderName, Condition)> {
        self.conditions.iter().map(|(name, condition)| (name.clone(), *condition)).collect()
    }
}
