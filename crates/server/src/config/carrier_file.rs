//! A provider's own file: what an SMPP service centre or a vendor's API wants to know, secrets among it.
//! Nobody but the server's user may read it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_delivery::declared::{
    DeclaredProvider, DeclaredSettings, Definition, Secret, SecretReference, shipped,
};
use countersign_delivery::http::HttpTimeouts;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::sender::SenderId;
use countersign_delivery::smpp::config::SmppConfig;
use serde::Deserialize;

use super::problem::Mistake;
use super::sender_rules;

/// A vendor's API with what an operator gives to it.
#[derive(Clone)]
pub struct DeclaredCarrier {
    /// How the API works.
    pub definition: Definition,
    /// The definition's settings.
    pub settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    /// Whom the phone shows as the sender; none leaves it to the vendor.
    pub sender: Option<SenderId>,
    /// Longest time of one submission, in seconds.
    pub timeout_s: u64,
}

impl fmt::Debug for DeclaredCarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclaredCarrier").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl DeclaredCarrier {
    /// The provider, with receipts to `callback_url`. Connects to nothing yet.
    pub fn provider(
        &self,
        name: ProviderName,
        callback_url: Option<String>,
    ) -> Result<DeclaredProvider, String> {
        let timeout = Duration::from_secs(self.timeout_s);
        let connect = (timeout / 2).min(Duration::from_secs(2));
        let timeouts = HttpTimeouts::new(connect, timeout).map_err(|error| error.to_string())?;
        let mut resolve = |secret: &str, reference: &SecretReference| match self.secrets.get(secret) {
            Some(given) => Ok(Some(given.clone())),
            None if matches!(reference, SecretReference::OptionalEnv(_)) => Ok(None),
            None => {
                Err(format!("write it below [secret], as {secret} = \"…\" or {secret} = {{ file = \"…\" }}"))
            }
        };
        DeclaredProvider::new(DeclaredSettings {
            name,
            definition: self.definition.clone(),
            settings: self.settings.clone(),
            resolve: &mut resolve,
            sender: self.sender.clone(),
            callback_url,
            timeouts,
        })
        .map_err(|error| error.to_string())
    }
}

/// The file of a declared provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredFile {
    /// The name of one that comes along.
    definition: Option<String>,
    /// One of the operator's own.
    definition_file: Option<PathBuf>,
    sender: Option<SenderId>,
    #[serde(default)]
    setting: BTreeMap<String, String>,
    #[serde(default)]
    secret: BTreeMap<String, SecretEntry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum SecretEntry {
    Text(String),
    File { file: PathBuf },
}

impl SecretEntry {
    /// The secret; a relative path counts from the folder of the file that names it.
    pub(super) fn text(self, path: &Path) -> Result<String, Mistake> {
        match self {
            SecretEntry::Text(text) => Ok(text),
            SecretEntry::File { file } => {
                let file = beside(path, &file);
                let text = fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }
}

/// Reads the file of an SMPP provider. `outer` ends every submission, unless it is not known.
pub(super) fn smpp(path: &Path, outer: Option<Duration>) -> Result<SmppConfig, Mistake> {
    let config: SmppConfig = read(path)?;
    config.check().map_err(|error| at(path, &error.to_string()))?;
    check_sender(path, config.sender.as_ref())?;
    let (queue, response) = (config.timing.queue_ms, config.timing.response_ms);
    let longest = Duration::from_millis(queue.saturating_add(response));
    // As with timeout_s: what never left the queue would pass for written, and a late answer be lost.
    if let Some(outer) = outer.filter(|outer| longest > *outer) {
        let key = if queue > response { "queue_ms" } else { "response_ms" };
        let place = line_of(path, &["timing", key]).map(|line| format!("line {line}: ")).unwrap_or_default();
        let wrong = format!(
            "{}: {place}queue_ms and response_ms, {queue} and {response} ms, are together longer than delivery.submit_timeout_s, {} s, which ends every submission",
            path.display(),
            outer.as_secs(),
        );
        return Err(Mistake::new(wrong, "make them shorter, or submit_timeout_s longer"));
    }
    Ok(config)
}

/// Reads the file of a declared provider, and its definition.
pub(super) fn declared(path: &Path, name: &ProviderName, timeout_s: u64) -> Result<DeclaredCarrier, Mistake> {
    let file: DeclaredFile = read(path)?;
    let (title, text) = match (&file.definition, &file.definition_file) {
        (Some(known), None) => {
            let text = shipped::definition(known).ok_or_else(|| {
                let all: Vec<&str> = shipped::names().collect();
                let wrong = format!("{}: there is no definition \"{known}\"", path.display());
                Mistake::new(wrong, format!("write one of: {}", all.join(", ")))
            })?;
            (known.clone(), text.to_owned())
        }
        (None, Some(own)) => {
            let own = beside(path, own);
            let text = fs::read_to_string(&own).map_err(|error| unreadable(&own, &error))?;
            (own.display().to_string(), text)
        }
        _ => {
            let wrong = format!("{}: it names no definition, or two", path.display());
            return Err(Mistake::new(
                wrong,
                "write definition = \"twilio\", or definition_file = \"own.toml\"",
            ));
        }
    };
    let definition = Definition::parse(&text)
        .map_err(|mistakes| Mistake::new(format!("{title}: {mistakes}"), "see docs/providers.md"))?;
    check_sender(path, file.sender.as_ref())?;
    let mut secrets = BTreeMap::new();
    for (secret, entry) in file.secret {
        secrets.insert(secret, Secret::new(entry.text(path)?));
    }
    let carrier =
        DeclaredCarrier { definition, settings: file.setting, secrets, sender: file.sender, timeout_s };
    let tried = carrier.provider(name.clone(), None);
    tried.map_err(|error| at(path, &error)).map(|_| carrier)
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Mistake> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    toml::from_str(&text).map_err(|error| {
        // The error's own text quotes the line, and some messages the value: either may be a secret.
        let line = line_at(&text, error.span().map_or(0, |span| span.start));
        let message = error.message();
        let is_about_a_value = message.starts_with("invalid type") || message.starts_with("invalid value");
        let told =
            if is_about_a_value { "the value has another type or form than this key takes" } else { message };
        at(path, &format!("line {line}: {told}"))
    })
}

/// A word that any shop could use is told with its line.
fn check_sender(path: &Path, sender: Option<&SenderId>) -> Result<(), Mistake> {
    let Some(mistake) = sender.and_then(sender_rules::generic) else { return Ok(()) };
    let line = line_of(path, &["sender"]).unwrap_or(1);
    Err(Mistake::new(format!("{}: line {line}: {}", path.display(), mistake.wrong), mistake.right))
}

/// Where a key of a file that was read before stands in it; nothing for one that is left to its default.
fn line_of(path: &Path, key: &[&str]) -> Option<usize> {
    let text = fs::read_to_string(path).ok()?;
    let mut table = toml::de::DeTable::parse(&text).ok()?.into_inner();
    let (last, tables) = key.split_last()?;
    for name in tables {
        match table.remove(*name)?.into_inner() {
            toml::de::DeValue::Table(inner) => table = inner,
            _ => return None,
        }
    }
    let (name, _) = table.get_key_value(*last)?;
    Some(line_at(&text, name.span().start))
}

fn line_at(text: &str, position: usize) -> usize {
    1 + text.as_bytes().iter().take(position).filter(|byte| **byte == b'\n').count()
}

pub(super) fn at(path: &Path, what: &str) -> Mistake {
    Mistake::new(format!("{}: {what}", path.display()), "see docs/configuration.md and docs/providers.md")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Mistake {
    Mistake::new(
        format!("cannot read {}: {error}", path.display()),
        "name a text file that the server's user can read",
    )
}

/// A relative path counts from the folder of the file that names it.
pub(super) fn beside(file: &Path, named: &Path) -> PathBuf {
    file.parent().map_or_else(|| named.to_owned(), |folder| folder.join(named))
}
