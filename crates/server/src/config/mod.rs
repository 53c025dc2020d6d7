//! The configuration: one TOML file, with environment variables over it, checked whole before
//! anything starts.
//!
//! `schema` is the one list of keys. [`Config::load`] holds file and environment against it, so that
//! every mistake is told at once with its place; then it reads the typed structs of this module, and
//! `rules` looks at what concerns several keys. [`reference_markdown`] and [`example_toml`] are
//! written from the same list.

mod carrier_file;
mod challenge_file;
mod document;
mod environment;
mod form;
mod network;
mod problem;
mod reference;
mod rules;
mod schema;
mod secret;
mod sender_rules;
mod smtp_file;
mod source;
mod summary;
#[cfg(test)]
mod tests;
mod url;
mod value;

pub use carrier_file::DeclaredCarrier;
pub use environment::environment;
pub use network::Network;
pub use problem::{ConfigErrors, Mistake, Place, Problem};
pub use reference::{example_toml, reference_markdown};
pub use secret::{MAX_SECRET_CHARS, MIN_SECRET_CHARS, SecretText};
pub use smtp_file::SmtpCarrier;
pub use source::Excerpt;
pub use url::{ProviderUrl, PublicUrl};

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_core::money::Currency;
use countersign_core::price::Price;
use countersign_core::verification::Channel;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::route::attempt::Bounds;
use countersign_delivery::route::prices::PriceList;
use countersign_delivery::route::table::RouteTable;
use countersign_delivery::sender::SenderId;
use countersign_delivery::smpp::config::SmppConfig;
use serde::Deserialize;

use crate::challenge_vendor::ChallengeVendor;
use crate::guard::GuardSettings;
use crate::senders::Senders;
use document::Document;
use environment::Environment;
use secret::Privacy;
use source::Source;

/// A configuration that is right: every value within its bounds, every secret read, every name known.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server itself.
    pub server: Server,
    /// Key material.
    pub keys: Keys,
    /// Logs.
    pub log: Log,
    /// How messages leave.
    pub delivery: Delivery,
    /// Who carries messages, in the order of the file; names differ.
    pub providers: Vec<Provider>,
    /// Which of them carry which messages.
    pub routes: RouteTable,
    /// What they ask for it.
    pub prices: PriceList,
    /// Whom messages say they come from, and what they may say where texts are registered.
    pub senders: Senders,
    /// What the guards of all apps share.
    pub guard: GuardSettings,
    /// Whose challenge may stand before a first message, besides the proof of work.
    pub challenge: Option<ChallengeVendor>,
    /// The simulated phone.
    pub simulated_phone: SimulatedPhone,
    /// Figures for Prometheus.
    pub metrics: Metrics,
}

/// `[guard]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardKeys {
    /// Which network an address belongs to, as CSV.
    pub networks_file: Option<PathBuf>,
    /// The most that all apps spend in any 24 hours, as an amount of the currency of prices.
    pub daily_spend: Option<String>,
}

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where HTTP requests are taken.
    pub listen: SocketAddr,
    /// How others reach the server; the issuer of proofs.
    pub public_url: PublicUrl,
    /// The folder of the store.
    pub data_dir: PathBuf,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Most open connections.
    pub max_connections: usize,
    /// Most requests that are worked on at a time.
    pub max_in_flight_requests: usize,
    /// Longest time of one request, in seconds.
    pub request_timeout_s: u64,
    /// Longest time that the end may take, in seconds.
    pub shutdown_grace_s: u64,
}

impl Server {
    /// Longest time of one request.
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s)
    }

    /// Longest time that the end may take.
    pub const fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_s)
    }
}

/// `[keys]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The file that keeps the key material.
    pub file: PathBuf,
}

/// `[log]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The least important lines that are written.
    pub level: LogLevel,
    /// How lines look.
    pub format: LogFormat,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Something is broken.
    Error,
    /// Something needs eyes.
    Warn,
    /// What an operator wants to know.
    Info,
    /// For finding faults.
    Debug,
    /// Everything.
    Trace,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// `[delivery]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The providers that are tried, in this order; never empty while there are providers.
    pub route: Vec<ProviderName>,
    /// How long a node has a message to itself, in seconds.
    pub lease_s: u64,
    /// Longest time of one submission, in seconds; shorter than the lease.
    pub submit_timeout_s: u64,
    /// Most submissions in flight.
    pub concurrency: usize,
    /// Most tries after the first.
    pub max_retries: u32,
    /// Bound of the first wait, in milliseconds.
    pub retry_first_delay_ms: u64,
    /// Bound of every wait, in seconds.
    pub retry_longest_delay_s: u64,
    /// What providers ask for a segment, as CSV.
    pub prices_file: Option<PathBuf>,
    /// The currency of all prices.
    pub prices_currency: Currency,
    /// The most that one verification's messages may cost, as an amount of that currency.
    pub max_spend: Option<String>,
    /// What countries do with senders, as CSV, before the rules that come along.
    pub sender_rules_file: Option<PathBuf>,
}

impl Delivery {
    /// What one verification may use up.
    pub fn bounds(&self) -> Bounds {
        let amount = self.max_spend.as_deref();
        let max_spend = amount.and_then(|amount| Price::parse(amount, self.prices_currency).ok());
        Bounds { max_spend, ..Bounds::default() }
    }

    /// How long a node has a message to itself.
    pub const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_s)
    }

    /// Longest time of one submission.
    pub const fn submit_timeout(&self) -> Duration {
        Duration::from_secs(self.submit_timeout_s)
    }

    /// Bound of the first wait between tries.
    pub const fn retry_first_delay(&self) -> Duration {
        Duration::from_millis(self.retry_first_delay_ms)
    }

    /// Bound of every wait between tries; not below the first.
    pub const fn retry_longest_delay(&self) -> Duration {
        Duration::from_secs(self.retry_longest_delay_s)
    }
}

/// One of `[[providers]]`.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name.
    pub name: ProviderName,
    /// What it is.
    pub carrier: Carrier,
}

/// What a provider is.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// The simulated phone.
    Simulated,
    /// A signed JSON POST.
    Http(HttpCarrier),
    /// A service centre by SMPP.
    Smpp(Box<SmppConfig>),
    /// A vendor's API.
    Declared(Box<DeclaredCarrier>),
    /// An SMTP server.
    Smtp(Box<SmtpCarrier>),
}

impl Carrier {
    /// Whether it carries messages of a channel.
    pub fn carries(&self, channel: Channel) -> bool {
        match self {
            Carrier::Simulated => true,
            Carrier::Http(http) => http.channels.contains(&channel),
            Carrier::Smpp(_) => channel == Channel::Sms,
            Carrier::Smtp(_) => channel == Channel::Email,
            Carrier::Declared(declared) => declared.definition.medium().channel() == channel,
        }
    }
}

/// An HTTP endpoint that takes messages.
#[derive(Clone)]
pub struct HttpCarrier {
    /// Where messages are posted to.
    pub url: ProviderUrl,
    /// Which channels' messages it takes.
    pub channels: BTreeSet<Channel>,
    /// Signs messages and receipts.
    pub secret: SecretText,
    /// The secret that is being replaced.
    pub previous_secret: Option<SecretText>,
    /// Whom the phone shows as the sender; none leaves it to the endpoint.
    pub sender: Option<SenderId>,
    /// Longest time of one submission, in seconds; shorter than the lease.
    pub timeout_s: u64,
}

impl HttpCarrier {
    /// Longest time of one submission.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }
}

impl fmt::Debug for HttpCarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCarrier")
            .field("url", &self.url)
            .field("timeout_s", &self.timeout_s)
            .finish_non_exhaustive()
    }
}

/// `[simulated_phone]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedPhone {
    /// Whether its inbox is served.
    pub enabled: bool,
    /// Carriers in front of it for messages of test keys.
    pub carriers: u8,
}

/// `[metrics]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Whether `/metrics` is served.
    pub enabled: bool,
    /// An address of its own; none: at the server's.
    pub listen: Option<SocketAddr>,
}

impl Config {
    /// Reads and checks a configuration: the file's values, or those of the environment where it has
    /// any, else the defaults. No file: environment and defaults alone. Of two variables with one name
    /// the later counts, so a caller can chain its own after [`environment`].
    ///
    /// Reads the files of secrets too; creates nothing.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Config, ConfigErrors> {
        load(file, Environment::read(environment)).map(|(config, _)| config)
    }

    /// What is allowed and yet deserves a look: one sentence each.
    pub fn remarks(&self) -> Vec<String> {
        rules::remarks(self)
    }
}

/// What `countersign check-config` prints: every value that counts, with where it comes from and
/// secrets masked. It is TOML again.
pub fn check(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<String, ConfigErrors> {
    let (config, values) = load(file, Environment::read(environment))?;
    let from = file.map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
    let remarks = config.remarks().into_iter().map(|remark| format!("# note: {remark}"));
    let head: Vec<String> =
        std::iter::once(format!("# ok: {}", problem::printable(&from))).chain(remarks).collect();
    Ok(format!("{}\n{values}", head.join("\n")))
}

/// The configuration, and its values as text.
fn load(file: Option<&Path>, environment: Environment) -> Result<(Config, String), ConfigErrors> {
    let source = file.map(Source::read).transpose()?;
    let mut document = Document::read(source.as_ref(), &environment.variables);
    let privacy = Privacy { credentials_dir: environment.credentials_dir };
    let values = summary::values(&document, source.as_ref());
    let config = rules::apply(&mut document, &privacy, file);
    document.problems().extend(environment.problems);
    document.problems().sort_by_key(|problem| problem.place.order());
    match config {
        Some(config) if document.problems().is_empty() => Ok((config, values)),
        _ => Err(ConfigErrors::new(std::mem::take(document.problems()))),
    }
}
