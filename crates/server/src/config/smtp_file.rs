//! The file of an SMTP provider.

use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_delivery::provider::ProviderName;
use countersign_delivery::smtp::{SmtpConfig, SmtpProvider, SmtpSetupError, SmtpTls};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::carrier_file::{SecretEntry, at, beside, read};
use super::problem::Mistake;

/// An SMTP server with an account there.
#[derive(Clone, Debug)]
pub struct SmtpCarrier {
    /// The server and the account.
    pub config: SmtpConfig,
    /// Longest time of one submission, in seconds.
    pub timeout_s: u64,
}

impl SmtpCarrier {
    /// The provider. Connects to nothing yet.
    pub fn provider(&self, name: ProviderName) -> Result<SmtpProvider, SmtpSetupError> {
        SmtpProvider::new(name, &self.config, Duration::from_secs(self.timeout_s))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmtpFile {
    host: String,
    port: Option<u16>,
    #[serde(default)]
    tls: SmtpTls,
    server_name: Option<String>,
    ca_file: Option<PathBuf>,
    user: Option<String>,
    password: Option<SecretEntry>,
    from: String,
    from_name: Option<String>,
    hello: Option<String>,
}

/// Reads the file of an SMTP provider.
pub(super) fn smtp(path: &Path, name: &ProviderName, timeout_s: u64) -> Result<SmtpCarrier, Mistake> {
    let file: SmtpFile = read(path)?;
    let from = file.from.parse().map_err(|error| at(path, &format!("from: {error}")))?;
    let password = file.password.map(|entry| entry.text(path)).transpose()?;
    let config = SmtpConfig {
        host: file.host,
        port: file.port,
        tls: file.tls,
        server_name: file.server_name,
        ca_file: file.ca_file.map(|file| beside(path, &file)),
        user: file.user,
        password: password.map(Zeroizing::new),
        from,
        from_name: file.from_name,
        hello: file.hello,
    };
    let carrier = SmtpCarrier { config, timeout_s };
    carrier.provider(name.clone()).map_err(|error| at(path, &error.to_string()))?;
    Ok(carrier)
}
