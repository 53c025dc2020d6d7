//! `countersign provider`

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use countersign_core::email::EmailAddress;
use countersign_core::id::{AppId, DeliveryId, Partition};
use countersign_core::locale::Locale;
use countersign_core::message::Measure;
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::verification::Channel;
use countersign_delivery::declared::{Definition, fixtures, shipped};
use countersign_delivery::provider::{
    AnyProvider, Envelope, Outgoing, Provider as _, ProviderName, SecretText, Submission,
};
use countersign_delivery::receipt::CarrierReceipt;
use countersign_delivery::simulated::{SimulatedLimits, SimulatedPhone, SimulatedRuntime};
use countersign_delivery::smpp::SmppRuntime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::remote::Remote;
use super::senders::ShowSenders;
use crate::carriers;
use crate::clock::{Clock, Randomness};
use crate::config::Carrier;
use crate::control::{BindBody, ProviderBody, ProvidersBody};

/// How long a bind may take before a test message is handed over.
const BIND_PATIENCE: Duration = Duration::from_secs(10);
/// What a call reads or a template shows, where a provider carries no free text.
const SAMPLE_CODE: &str = "123456";
/// Of Ofcom's range for fiction.
const NOBODYS_NUMBER: &str = "+447700900000";
/// How long a receipt is waited for.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(30);
/// For a phone to show whether a route keeps each of these (3GPP TS 23.038 has them at other places than
/// ASCII).
const ALPHABET_TEXT: &str =
    "Alphabet test: at @ underscore _ dollar $ braces { } euro \u{20ac}. Do all of them look right?";

/// Providers: who carries messages.
#[derive(Subcommand)]
pub(super) enum ProviderCommand {
    /// List the vendors whose APIs are described already
    List,
    /// Show where the binds of SMPP providers stand in the running server
    Status,
    /// Let binds that stopped for their credentials try again, when the carrier has been told
    Resume(Resume),
    /// Print a description, to start one of your own from
    Show(Show),
    /// Try a description against recorded answers, or send one message by a configured provider
    Test(Test),
    /// Show what countries do with senders, and which of yours is used where
    Senders(ShowSenders),
    /// Send `@ _ $ { } \u{20ac}` to your own phone: a wrong alphabet shows at once
    SelfTest(SelfTest),
}

#[derive(Args)]
pub(super) struct Show {
    /// Its name, as `provider list` prints it
    name: String,
}

#[derive(Args)]
pub(super) struct Resume {
    /// A configured provider of kind smpp
    name: String,
}

#[derive(Args)]
pub(super) struct Test {
    /// A configured provider; with --fixtures a described one, or the file of a description
    name: String,
    /// Try the description against recorded requests, answers and callbacks; nothing is sent
    #[arg(long, conflicts_with = "to")]
    fixtures: bool,
    /// Where they are recorded; those of the vendors that come along do so too
    #[arg(long, value_name = "FILE", requires = "fixtures")]
    recorded: Option<PathBuf>,
    /// Send one message to this phone, which costs money, or to this e-mail address
    #[arg(long, value_name = "NUMBER", required_unless_present = "fixtures")]
    to: Option<String>,
}

#[derive(Args)]
pub(super) struct SelfTest {
    /// A configured provider
    name: String,
    /// Your own phone
    #[arg(long, value_name = "NUMBER")]
    to: String,
}

impl ProviderCommand {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<()> {
        match self {
            ProviderCommand::List => list(),
            ProviderCommand::Status => status(config).await,
            ProviderCommand::Resume(Resume { name }) => resume(config, &name).await,
            ProviderCommand::Show(show) => {
                let text = shipped::definition(&show.name).with_context(|| {
                    format!("there is no description \"{}\"; see `countersign provider list`", show.name)
                })?;
                put(text)
            }
            ProviderCommand::Senders(senders) => put(&senders.text(config)?),
            ProviderCommand::Test(Test { name, fixtures: true, recorded, .. }) => {
                try_fixtures(&name, recorded.as_deref())
            }
            ProviderCommand::Test(Test { name, to, .. }) => {
                let to = to.context("--to is missing")?;
                send(config, &name, &to, "This is a test message of Countersign. It has no code.").await
            }
            ProviderCommand::SelfTest(SelfTest { name, to }) => send(config, &name, &to, ALPHABET_TEXT).await,
        }
    }
}

/// Prints a text that somebody may read the first lines of only.
fn put(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn list() -> anyhow::Result<()> {
    let mut lines = String::new();
    for name in shipped::names() {
        let definition = Definition::parse(shipped::definition(name).unwrap_or_default())
            .map_err(|mistakes| anyhow::anyhow!("{name}: {mistakes}"))?;
        let doubt = if definition.unverified().is_empty() { "" } else { "  (some of it unverified)" };
        let _ =
            writeln!(lines, "{name:<20} {:<9} {}{doubt}", definition.medium().as_str(), definition.title());
    }
    put(&lines)
}

async fn status(config: Option<&Path>) -> anyhow::Result<()> {
    let providers: ProvidersBody = Remote::running(config).await?.get("/providers").await?;
    let mut lines = String::new();
    for ProviderBody { name, binds } in providers.data {
        for BindBody { role, state, refused } in binds {
            let refused = refused.map(|status| format!("  refused with {status}")).unwrap_or_default();
            let _ = writeln!(lines, "{name:<32} {role:<11} {state}{refused}");
        }
    }
    put(&lines)
}

async fn resume(config: Option<&Path>, name: &str) -> anyhow::Result<()> {
    anyhow::ensure!(name.parse::<ProviderName>().is_ok(), "\"{name}\" is no provider's name");
    let path = format!("/providers/{name}/resume");
    Remote::running(config).await?.post::<Option<()>>(&path, &()).await?;
    println!("its stopped binds try again; see `countersign provider status`");
    Ok(())
}

fn try_fixtures(name: &str, file: Option<&Path>) -> anyhow::Result<()> {
    let read =
        |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let (definition, known) = match shipped::definition(name) {
        Some(text) => (text.to_owned(), shipped::fixtures(name)),
        None => (read(Path::new(name))?, None),
    };
    let recorded = match (file, known) {
        (Some(file), _) => read(file)?,
        (None, Some(known)) => known.to_owned(),
        (None, None) => anyhow::bail!("name the file of the fixtures: --recorded FILE (docs/providers.md)"),
    };
    let report = fixtures::run(&definition, &recorded)?;
    put(&report.to_string())?;
    let failed = report.failed();
    anyhow::ensure!(failed == 0, "{failed} of {} checks failed", report.checks.len());
    Ok(())
}

async fn send(config: Option<&Path>, name: &str, to: &str, text: &str) -> anyhow::Result<()> {
    let config = super::load(config)?;
    let configured = config.providers.iter().find(|provider| provider.name.as_str() == name);
    let configured = configured.with_context(|| format!("the configuration has no provider \"{name}\""))?;
    let (to, address) = recipient(&configured.carrier, to)?;
    let picked = config.senders.pick(&configured.name, to.country());
    let picked = picked.map_err(|problem| {
        anyhow::anyhow!("nothing leaves by \"{name}\" to this country: its sender {}", problem.told())
    })?;
    let (clock, randomness) = (Clock::system(), Randomness::system()?);
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let (receipts, mut received) = mpsc::channel(16);
    let runtime =
        SimulatedRuntime { tasks: tasks.clone(), shutdown: stop.clone(), receipts: receipts.clone() };
    let phone = SimulatedPhone::new(carriers::SIMULATED_NAME.parse()?, SimulatedLimits::default(), runtime);
    let smpp_runtime = || SmppRuntime {
        tasks: tasks.clone(),
        shutdown: stop.clone(),
        receipts: receipts.clone(),
        entropy: randomness.entropy(),
    };
    let provider = carriers::one(&config, configured, &phone, smpp_runtime)?;
    if let AnyProvider::Smpp(smpp) = &provider {
        let binds = tokio::time::timeout(BIND_PATIENCE, smpp.settled()).await;
        let binds = binds.unwrap_or_else(|_| smpp.binds());
        for bind in binds {
            println!("bind: {:?} {:?}", bind.role, bind.state);
        }
    }
    let now = clock.now();
    let delivery = DeliveryId::new(now, Partition(0), &mut randomness.entropy());
    let carried = Channel::ALL.into_iter().find(|channel| provider.carries(*channel));
    let channel = carried.unwrap_or_default();
    let message = Outgoing {
        delivery,
        app: AppId::from_bytes([0; 16]),
        mode: Mode::Live,
        channel,
        to: &to,
        sender: picked.sender,
        registered: None,
        text: SecretText::new(text),
        code: (channel != Channel::Sms).then(|| SecretText::new(SAMPLE_CODE)),
        email: address.as_ref().map(|to| Envelope {
            to,
            subject: "Test message of Countersign",
            html: SecretText::new(text),
        }),
        locale: &Locale::english(),
        measure: Measure::on(text, provider.text_traits().alphabet),
        expires_at: now.plus(Duration::from_secs(600)),
    };
    let submission = provider.submit(&message, now).await;
    println!("{}", told(&submission));
    let accepted = matches!(submission, Submission::Accepted { .. });
    match provider {
        AnyProvider::Smpp(_) | AnyProvider::Simulated(_) if accepted => follow(&mut received).await,
        AnyProvider::Smtp(_) if accepted => println!("there are no receipts for e-mail"),
        AnyProvider::Http(_) | AnyProvider::Declared(_) if accepted => {
            println!("its receipt goes to the running server: it logs what it cannot place");
        }
        _ => {}
    }
    stop.cancel();
    tasks.close();
    let _ = tokio::time::timeout(Duration::from_secs(5), tasks.wait()).await;
    anyhow::ensure!(accepted, "the message was not taken");
    Ok(())
}

/// Whom it reaches: a phone, or by an SMTP server an e-mail address; then the number is nobody's.
fn recipient(carrier: &Carrier, to: &str) -> anyhow::Result<(E164, Option<EmailAddress>)> {
    if let Carrier::Smtp(_) = carrier {
        let address = to.parse().context("this provider sends e-mail: give an address with --to")?;
        return Ok((E164::parse_fictional(NOBODYS_NUMBER, None)?, Some(address)));
    }
    let phone = E164::parse(to, None).with_context(|| format!("{to} is no number in international form"))?;
    Ok((phone, None))
}

fn told(submission: &Submission) -> String {
    match submission {
        Submission::Accepted { reference: Some(reference) } => format!("accepted as {}", reference.as_str()),
        Submission::Accepted { reference: None } => "accepted".to_owned(),
        Submission::NotWritten { reason } => format!("not written: {reason}"),
        Submission::Permanent { reason } => format!("refused for good: {reason}"),
        Submission::Misconfigured { reason } => {
            format!("refused because of the account, credentials or sender: {reason}")
        }
        Submission::Transient { reason, .. } => format!("refused for now: {reason}"),
        Submission::Throttled { .. } => "refused: too many at once".to_owned(),
        Submission::Unknown { reason } => format!("unknown whether it was sent: {reason}"),
    }
}

async fn follow(received: &mut mpsc::Receiver<CarrierReceipt>) {
    println!("waiting for its receipt, {} s at most", RECEIPT_PATIENCE.as_secs());
    match tokio::time::timeout(RECEIPT_PATIENCE, received.recv()).await {
        Ok(Some(receipt)) => {
            let reason = receipt.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            println!("receipt: {:?}{reason}", receipt.status);
        }
        _ => println!("no receipt came"),
    }
}
