//! A shop's messages by SMPP, for tests and the benchmark.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use countersign_core::entropy::Entropy;
use countersign_core::id::{AppId, DeliveryId};
use countersign_core::locale::Locale;
use countersign_core::message::Measure;
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use countersign_delivery::provider::{Outgoing, Provider as _, SecretText, Submission};
use countersign_delivery::receipt::CarrierReceipt;
use countersign_delivery::smpp::config::SmppConfig;
use countersign_delivery::smpp::{SmppProvider, SmppRuntime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock;
use crate::smsc::{PASSWORD, SYSTEM_ID};

/// Receipts that wait for the test.
pub const RECEIPTS: usize = 1_024;

/// A client with its binds.
pub struct Client {
    /// The provider.
    pub provider: SmppProvider,
    /// What came back.
    pub receipts: mpsc::Receiver<CarrierReceipt>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// A provider's settings for a service centre of this machine; `more` is TOML.
pub fn config(address: SocketAddr, more: &str) -> anyhow::Result<SmppConfig> {
    config_with_password(address, more, PASSWORD)
}

fn config_with_password(address: SocketAddr, more: &str, password: &str) -> anyhow::Result<SmppConfig> {
    Ok(toml::from_str(&format!("{}{more}", file(address, password)))?)
}

/// The file of a provider with the right password.
pub fn account(address: SocketAddr) -> String {
    file(address, PASSWORD)
}

fn file(address: SocketAddr, password: &str) -> String {
    format!(
        "host = \"{}\"\nport = {}\nsystem_id = \"{SYSTEM_ID}\"\npassword = \"{password}\"\nsender = \"Shop\"\n",
        address.ip(),
        address.port()
    )
}

impl Client {
    /// Connects, and waits until its binds stand.
    pub async fn connect(address: SocketAddr, more: &str) -> anyhow::Result<Self> {
        let client = Self::start(address, more, RECEIPTS)?;
        client.settled().await?;
        Ok(client)
    }

    /// The same with another password.
    pub async fn connect_as(address: SocketAddr, more: &str, password: &str) -> anyhow::Result<Self> {
        let client = Self::with(&config_with_password(address, more, password)?, RECEIPTS)?;
        client.settled().await?;
        Ok(client)
    }

    /// Begins to connect; `room` receipts may wait.
    pub fn start(address: SocketAddr, more: &str, room: usize) -> anyhow::Result<Self> {
        Self::with(&config(address, more)?, room)
    }

    fn with(config: &SmppConfig, room: usize) -> anyhow::Result<Self> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (sender, receipts) = mpsc::channel(room);
        let runtime = SmppRuntime {
            tasks: tasks.clone(),
            shutdown: stop.clone(),
            receipts: sender,
            entropy: Entropy::from_seed([7; 32]),
        };
        let provider = SmppProvider::new("smpp".parse()?, config, runtime)?;
        Ok(Client { provider, receipts, tasks, stop })
    }

    /// Waits until its binds are bound or have stopped.
    pub async fn settled(&self) -> anyhow::Result<()> {
        let settled = tokio::time::timeout(Duration::from_secs(20), self.provider.settled());
        settled.await.with_context(|| format!("no bind: {:?}", self.provider.binds()))?;
        Ok(())
    }

    /// The next receipt.
    pub async fn receipt(&mut self) -> anyhow::Result<CarrierReceipt> {
        let receipt = tokio::time::timeout(Duration::from_secs(20), self.receipts.recv()).await;
        receipt.context("no receipt came")?.context("the provider has ended")
    }

    /// Says good-bye on all binds and waits for their ends.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(20), self.tasks.wait()).await.context("a bind did not end")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A message to a phone that nobody has.
pub struct Sms {
    to: E164,
    text: String,
    locale: Locale,
    measure: Measure,
}

impl Sms {
    /// A text to +44 7700 900123.
    pub fn new(text: &str) -> anyhow::Result<Self> {
        let to = E164::parse_fictional("+447700900123", None)?;
        Ok(Sms { to, text: text.to_owned(), locale: Locale::english(), measure: Measure::of(text) })
    }

    /// The delivery of a number.
    pub fn delivery(number: u64) -> DeliveryId {
        DeliveryId::from_bytes(u128::from(number).to_be_bytes())
    }

    /// Hands it over as the delivery of a number.
    pub async fn submit(&self, provider: &SmppProvider, number: u64) -> Submission {
        let now = Timestamp::from_millis(clock::unix_ms());
        self.submit_until(provider, number, now.plus(Duration::from_mins(10))).await
    }

    /// The same, for a code that expires at a time.
    pub async fn submit_until(
        &self,
        provider: &SmppProvider,
        number: u64,
        expires_at: Timestamp,
    ) -> Submission {
        let message = Outgoing {
            delivery: Self::delivery(number),
            app: AppId::from_bytes([2; 16]),
            mode: Mode::Live,
            channel: Channel::Sms,
            email: None,
            to: &self.to,
            sender: None,
            registered: None,
            text: SecretText::new(&self.text),
            code: None,
            locale: &self.locale,
            measure: self.measure,
            expires_at,
        };
        provider.submit(&message, Timestamp::from_millis(clock::unix_ms())).await
    }
}

/// Hands over the messages `numbers`, at most `at_once` at a time, and gives what became of each, in
/// the order of their ends.
pub async fn submit_all(
    provider: &SmppProvider,
    text: &str,
    numbers: std::ops::Range<u64>,
    at_once: usize,
) -> anyhow::Result<Vec<(u64, Submission)>> {
    let keep = |own: &mut Vec<(u64, Submission)>, number, done| own.push((number, done));
    Ok(submit_each(provider, text, numbers, at_once, keep).await?.into_iter().flatten().collect())
}

/// The same, and counts those that were accepted: a benchmark keeps nothing else.
pub async fn count_accepted(
    provider: &SmppProvider,
    text: &str,
    numbers: std::ops::Range<u64>,
    at_once: usize,
) -> anyhow::Result<u64> {
    let count = |own: &mut u64, _, done| *own += u64::from(matches!(done, Submission::Accepted { .. }));
    Ok(submit_each(provider, text, numbers, at_once, count).await?.into_iter().sum())
}

async fn submit_each<T: Default + Send + 'static>(
    provider: &SmppProvider,
    text: &str,
    numbers: std::ops::Range<u64>,
    at_once: usize,
    add: fn(&mut T, u64, Submission),
) -> anyhow::Result<Vec<T>> {
    let next = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(numbers.start));
    let mut submitters = JoinSet::new();
    for _ in 0..at_once {
        let (provider, next, sms) = (provider.clone(), std::sync::Arc::clone(&next), Sms::new(text)?);
        submitters.spawn(async move {
            let mut own = T::default();
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if number >= numbers.end {
                    return own;
                }
                add(&mut own, number, sms.submit(&provider, number).await);
            }
        });
    }
    let mut all = Vec::new();
    while let Some(own) = submitters.join_next().await {
        all.push(own?);
    }
    Ok(all)
}
