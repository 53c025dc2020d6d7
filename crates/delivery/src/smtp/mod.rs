//! E-mail by SMTP (RFC 5321), for codes that travel by [`Channel::Email`].
//!
//! A connection for each message: e-mail is the way for a few, and a fresh connection has no doubt in it.
//! Until the server has asked for the message's text (354), nothing was sent, whatever goes wrong; after
//! that, silence leaves it unknown. The library's transport does not tell the two apart, so its commands are
//! used one by one.

mod config;
mod letter;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsVersion,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;

use crate::provider::{Outgoing, Provider, ProviderKind, ProviderName, Reason, Submission};

pub use config::{SmtpConfig, SmtpConfigError, SmtpTls};

/// How long the farewell may take at most: whatever comes of it, the message has its answer.
const FAREWELL: Duration = Duration::from_millis(500);

/// What the time of one submission is spent on.
struct Times {
    /// Until the server asks for the text, and once more until it has answered to it.
    half: Duration,
    /// For the farewell, and once more unspent: whoever bounds a submission by the same time must not cut one
    /// that has its answer.
    farewell: Duration,
}

impl Times {
    fn of(timeout: Duration) -> Self {
        let farewell = FAREWELL.min(timeout / 8);
        Times { half: (timeout / 2).saturating_sub(farewell), farewell }
    }
}

/// Why an SMTP provider cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] SmtpConfigError),
    /// The authorities to check the server's certificate with.
    #[error("ca_file cannot be read, or holds no certificates in PEM: {0}")]
    Authorities(io::Error),
    /// The machine has none.
    #[error(
        "this machine has no certificate authorities to check a TLS connection with; install them (package ca-certificates) or set ca_file"
    )]
    NoAuthorities,
}

/// An SMTP server that takes messages. Cheap to clone.
#[derive(Clone)]
pub struct SmtpProvider {
    inner: Arc<Inner>,
}

struct Inner {
    name: ProviderName,
    config: SmtpConfig,
    sender: Address,
    tls: Option<TlsParameters>,
    hello: ClientId,
    timeout: Duration,
}

impl SmtpProvider {
    /// Prepares the provider; connects to nothing yet. `timeout` bounds one submission, a little less than half
    /// of it until the server asks for the text, as much for its answer to that, and the rest for the farewell.
    pub fn new(name: ProviderName, config: &SmtpConfig, timeout: Duration) -> Result<Self, SmtpSetupError> {
        config.check()?;
        let sender = config.from.expose().parse().map_err(|_| SmtpConfigError::From)?;
        let domain = config.from.expose().rsplit('@').next().unwrap_or_default();
        let hello = ClientId::Domain(config.hello.clone().unwrap_or_else(|| domain.to_owned()));
        let tls = match config.tls {
            SmtpTls::None => None,
            SmtpTls::Starttls | SmtpTls::Implicit => Some(tls_parameters(config)?),
        };
        let config = config.clone();
        Ok(SmtpProvider { inner: Arc::new(Inner { name, config, sender, tls, hello, timeout }) })
    }
}

fn tls_parameters(config: &SmtpConfig) -> Result<TlsParameters, SmtpSetupError> {
    let name = config.server_name.clone().unwrap_or_else(|| config.host.clone());
    let mut builder = TlsParameters::builder(name).set_min_tls_version(TlsVersion::Tlsv12);
    if let Some(file) = &config.ca_file {
        let pem = std::fs::read(file).map_err(SmtpSetupError::Authorities)?;
        let bad = |error: Error| SmtpSetupError::Authorities(io::Error::other(error));
        let certificate = Certificate::from_pem(&pem).map_err(bad)?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|_| SmtpSetupError::NoAuthorities)
}

impl Provider for SmtpProvider {
    fn name(&self) -> &ProviderName {
        &self.inner.name
    }

    fn kind(&self) -> ProviderKind {
        ProviderKind::Smtp
    }

    fn carries(&self, channel: Channel) -> bool {
        channel == Channel::Email
    }

    async fn submit(&self, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        // Others decide both long before; these two must never reach a carrier whoever errs.
        if message.mode == Mode::Test {
            return Submission::permanent("test_message");
        }
        if message.expires_at <= now {
            return Submission::permanent("expired");
        }
        let inner = &*self.inner;
        let Some(letter) = letter::write(&inner.config, message, now) else {
            return Submission::permanent("not_representable");
        };
        let Times { half, farewell } = Times::of(inner.timeout);
        let mut connection = match tokio::time::timeout(half, inner.until_asked_for(&letter.to)).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(refused)) => return refused,
            Err(_) => return Submission::NotWritten { reason: "connect_timeout".into() },
        };
        let answer = tokio::time::timeout(half, connection.message(&letter.bytes)).await;
        let submission = match answer {
            Ok(Ok(_)) => Submission::Accepted { reference: None },
            Ok(Err(error)) => answered(&error, Blame::Message)
                .unwrap_or_else(|| Submission::Unknown { reason: "connection_lost".into() }),
            Err(_) => Submission::Unknown { reason: "answer_timeout".into() },
        };
        let _ = tokio::time::timeout(farewell, connection.quit()).await;
        submission
    }
}

/// Whose fault a refusal for good is.
#[derive(Clone, Copy)]
enum Blame {
    /// The account, the sender or the connection: every message fails there.
    Setup,
    /// This message or whom it is for.
    Message,
}

impl Inner {
    /// All that comes before the text: connect, encrypt, sign in, name both ends, and be asked for it.
    async fn until_asked_for(&self, to: &Address) -> Result<AsyncSmtpConnection, Submission> {
        let config = &self.config;
        let implicit = self.tls.clone().filter(|_| config.tls == SmtpTls::Implicit);
        let server = (config.host.as_str(), config.port());
        let connecting = AsyncSmtpConnection::connect_tokio1(server, None, &self.hello, implicit, None);
        let mut connection = connecting.await.map_err(|error| refused(&error, Blame::Setup))?;
        if let (SmtpTls::Starttls, Some(tls)) = (config.tls, &self.tls) {
            if !connection.can_starttls() {
                // Somebody on the way may have taken the offer out: nothing is said in clear.
                return Err(Submission::Misconfigured { reason: "no_starttls".into() });
            }
            let upgraded = connection.starttls(tls.clone(), &self.hello).await;
            upgraded.map_err(|error| refused(&error, Blame::Setup))?;
        }
        if let Some((user, password)) = config.login() {
            let credentials = Credentials::new(user.to_owned(), password.to_owned());
            let signed_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            signed_in.map_err(|error| {
                // The library's own word: the server offers no way to sign in that it knows.
                if error.is_client() {
                    Submission::Misconfigured { reason: "no_auth".into() }
                } else {
                    refused(&error, Blame::Setup)
                }
            })?;
        }
        let from = connection.command(Mail::new(Some(self.sender.clone()), Vec::new())).await;
        from.map_err(|error| refused(&error, Blame::Setup))?;
        let to = connection.command(Rcpt::new(to.clone(), Vec::new())).await;
        to.map_err(|error| refused(&error, Blame::Message))?;
        let asked = connection.command(Data).await;
        asked.map_err(|error| refused(&error, Blame::Message))?;
        Ok(connection)
    }
}

/// Before the text: whatever it is, nothing was sent.
fn refused(error: &Error, blame: Blame) -> Submission {
    answered(error, blame).unwrap_or_else(|| {
        let reason = if error.is_tls() { "tls_failed" } else { "unreachable" };
        Submission::NotWritten { reason: reason.into() }
    })
}

/// What a reply says (RFC 5321 §4.2.1: 4yz for now, 5yz for good); nothing, if there was none.
fn answered(error: &Error, blame: Blame) -> Option<Submission> {
    let reason = || Reason::from(error.status().map_or_else(String::new, |code| format!("smtp_{code}")));
    if error.is_transient() {
        return Some(Submission::Transient { reason: reason(), retry_after: None });
    }
    error.is_permanent().then(|| match blame {
        Blame::Setup => Submission::Misconfigured { reason: reason() },
        Blame::Message => Submission::Permanent { reason: reason() },
    })
}

impl fmt::Debug for SmtpProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpProvider").field("name", &self.inner.name).finish_non_exhaustive()
    }
}
