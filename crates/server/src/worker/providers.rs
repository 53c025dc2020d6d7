//! The providers of this instance.

use std::collections::HashMap;

use countersign_core::subject::Mode;
use countersign_delivery::provider::{AnyProvider, Provider as _, ProviderName};
use countersign_delivery::smpp::SmppProvider;

/// The providers of this instance. Those of test messages are apart: no live message reaches them, and no
/// test message a carrier.
pub struct Providers {
    live: HashMap<ProviderName, AnyProvider>,
    simulated: HashMap<ProviderName, AnyProvider>,
}

/// Whether any provider wants to know what became of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// One does.
    Wanted,
    /// None does.
    Unwanted,
}

impl Providers {
    /// Providers by name.
    pub fn new(live: Vec<AnyProvider>, simulated: Vec<AnyProvider>) -> Self {
        let by_name = |all: Vec<AnyProvider>| {
            all.into_iter().map(|provider| (provider.name().clone(), provider)).collect()
        };
        Providers { live: by_name(live), simulated: by_name(simulated) }
    }

    /// The names that a route may hold.
    pub fn names(&self) -> impl Iterator<Item = &ProviderName> {
        self.live.keys()
    }

    /// Those that are reached by SMPP.
    pub fn smpp(&self) -> Vec<SmppProvider> {
        let smpp = |provider: &AnyProvider| match provider {
            AnyProvider::Smpp(provider) => Some(provider.clone()),
            _ => None,
        };
        self.live.values().filter_map(smpp).collect()
    }

    /// A carrier of live messages.
    pub fn get(&self, name: &ProviderName) -> Option<&AnyProvider> {
        self.live.get(name)
    }

    /// Whether a carrier of live messages wants to know what became of codes.
    pub fn want_feedback(&self) -> Feedback {
        let wants =
            |provider: &AnyProvider| matches!(provider, AnyProvider::Declared(it) if it.wants_feedback());
        if self.live.values().any(wants) { Feedback::Wanted } else { Feedback::Unwanted }
    }

    /// Who carries messages of this mode under this name.
    pub fn of(&self, mode: Mode, name: &ProviderName) -> Option<&AnyProvider> {
        match mode {
            Mode::Live => self.live.get(name),
            Mode::Test => self.simulated.get(name),
        }
    }
}
