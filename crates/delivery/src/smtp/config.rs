//! What an SMTP provider wants to know.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use countersign_core::email::EmailAddress;
use zeroize::Zeroizing;

/// An SMTP server and an account there.
#[derive(Clone)]
pub struct SmtpConfig {
    /// The server's name or address.
    pub host: String,
    /// Its port; none: 587, 465 or 25, as [`SmtpTls`] goes (RFC 8314 §7.3, RFC 6409 §3.1).
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// The name in the server's certificate, if it is not the host.
    pub server_name: Option<String>,
    /// A PEM file of the authorities to believe instead of the machine's own.
    pub ca_file: Option<PathBuf>,
    /// The account's name.
    pub user: Option<String>,
    /// The account's password.
    pub password: Option<Zeroizing<String>>,
    /// Whom the messages come from.
    pub from: EmailAddress,
    /// The name that readers of mail show for it; none: the address alone.
    pub from_name: Option<String>,
    /// What this machine calls itself to the server; none: the domain of `from`.
    pub hello: Option<String>,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// In clear until `STARTTLS`, and nothing of a message or an account before (RFC 3207).
    #[default]
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
    /// Not at all. For a relay on this machine or a private network; no account is used then, except here.
    None,
}

/// A setting that is not right. Shows no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmtpConfigError {
    /// The host.
    #[error("host is a name or an address, without a port or a scheme")]
    Host,
    /// Half an account.
    #[error("user and password belong together: give both or none")]
    HalfAnAccount,
    /// Characters of the account.
    #[error("user and password have 1 to 255 characters, no control characters among them")]
    Account,
    /// A password in clear.
    #[error("tls = \"none\" would show the password on the way to another machine: use starttls or implicit")]
    PasswordInClear,
    /// The sender.
    #[error("from is an e-mail address such as code@shop.example")]
    From,
    /// The sender's name.
    #[error("from_name has 1 to 64 characters, no control characters among them")]
    FromName,
    /// The machine's name.
    #[error("hello is a host name of letters, digits, dots and hyphens")]
    Hello,
}

impl SmtpConfig {
    /// Checks what serde cannot.
    pub fn check(&self) -> Result<(), SmtpConfigError> {
        let is_name = |text: &str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
            (1..=253).contains(&text.len()) && text.bytes().all(allowed)
        };
        if !is_name(&self.host) && self.host.parse::<IpAddr>().is_err() {
            return Err(SmtpConfigError::Host);
        }
        if self.hello.as_deref().is_some_and(|hello| !is_name(hello)) {
            return Err(SmtpConfigError::Hello);
        }
        let is_plain = |text: &str, most: usize| {
            (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        if self.from_name.as_deref().is_some_and(|name| !is_plain(name, 64)) {
            return Err(SmtpConfigError::FromName);
        }
        match (&self.user, &self.password) {
            (Some(user), Some(password)) if !is_plain(user, 255) || !is_plain(password, 255) => {
                Err(SmtpConfigError::Account)
            }
            (Some(_), Some(_)) if self.is_readable_on_the_way() => Err(SmtpConfigError::PasswordInClear),
            (None, None) | (Some(_), Some(_)) => Ok(()),
            (None, Some(_)) | (Some(_), None) => Err(SmtpConfigError::HalfAnAccount),
        }
    }

    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            SmtpTls::Starttls => 587,
            SmtpTls::Implicit => 465,
            SmtpTls::None => 25,
        })
    }

    /// Whether others on the way could read along.
    pub fn is_readable_on_the_way(&self) -> bool {
        let here = self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        self.tls == SmtpTls::None && !here
    }

    pub(super) fn login(&self) -> Option<(&str, &str)> {
        Some((self.user.as_deref()?, self.password.as_ref()?.as_str()))
    }
}

impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig").field("host", &self.host).field("tls", &self.tls).finish_non_exhaustive()
    }
}
