//! What operators see and do of providers while the server runs.

use countersign_delivery::provider::Provider as _;
use countersign_delivery::smpp::{BindReport, BindState, SmppProvider};

use super::{Services, UseCaseError};

/// Where the binds of one SMPP provider stand.
pub struct ProviderStatus {
    /// The provider.
    pub name: String,
    /// Its binds: what each is for, and where it stands.
    pub binds: Vec<(&'static str, BindState)>,
}

impl Services {
    /// The SMPP providers and their binds, by name.
    pub fn provider_status(&self) -> Vec<ProviderStatus> {
        let status = |provider: &SmppProvider| ProviderStatus {
            name: provider.name().to_string(),
            binds: provider.binds().iter().map(|bind| (bind.role.as_str(), bind.state)).collect(),
        };
        let mut all: Vec<_> = self.smpp.iter().map(status).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Lets binds that have stopped for their credentials try again.
    pub fn resume_provider(&self, name: &str) -> Result<(), UseCaseError> {
        let found = self.smpp.iter().find(|provider| provider.name().as_str() == name);
        let provider = found.ok_or(UseCaseError::NotFound("SMPP provider"))?;
        tracing::info!(provider = name, "an operator lets the binds of a provider try again");
        provider.resume();
        Ok(())
    }

    /// Whether a bind has stopped and waits for a person.
    pub fn has_stopped_binds(&self) -> bool {
        let stopped = |bind: &BindReport| matches!(bind.state, BindState::Stopped { .. });
        self.smpp.iter().any(|provider| provider.binds().iter().any(stopped))
    }
}
