//! What every provider does: take a message, and say what became of the hand-over.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use countersign_core::email::EmailAddress;
use countersign_core::id::{AppId, DeliveryId};
use countersign_core::locale::Locale;
use countersign_core::message::{CarrierAlphabet, Measure};
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use serde::{Deserialize, Serialize};

use crate::declared::{Carries, DeclaredProvider};
use crate::http::HttpProvider;
use crate::sender::SenderId;
use crate::simulated::SimulatedPhone;
use crate::smpp::SmppProvider;
use crate::smtp::SmtpProvider;

/// Something that accepts messages: an HTTP endpoint, an SMPP bind, an SMTP server, the simulated
/// phone.
///
/// A provider that learns of receipts by itself (a bind, the simulated phone) is built with the
/// sending half of a bounded channel of [`crate::receipt::CarrierReceipt`]; one whose receipts arrive by
/// callback is not.
pub trait Provider: Send + Sync {
    /// Its name in configuration, metrics and the timeline.
    fn name(&self) -> &ProviderName;

    /// What it is.
    fn kind(&self) -> ProviderKind;

    /// Whether it can carry messages of this channel: no other is ever handed to it.
    fn carries(&self, channel: Channel) -> bool;

    /// Hands one message over, once: a provider never retries by itself, because only the outbox
    /// knows whether the message is still wanted. Ends within the provider's own time limit.
    ///
    /// Dropping the future before it ends leaves the same doubt as [`Submission::Unknown`].
    fn submit(&self, message: &Outgoing<'_>, now: Timestamp) -> impl Future<Output = Submission> + Send;
}

/// What a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProviderKind {
    /// The simulated phone; reaches nobody.
    Simulated,
    /// A signed JSON POST to the operator's own endpoint.
    Http,
    /// A service centre by SMPP.
    Smpp,
    /// A vendor's HTTP API, described by a definition.
    Declared,
    /// An SMTP server.
    Smtp,
}

impl ProviderKind {
    /// Its word in configuration and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            ProviderKind::Simulated => "simulated",
            ProviderKind::Http => "http",
            ProviderKind::Smpp => "smpp",
            ProviderKind::Declared => "declared",
            ProviderKind::Smtp => "smtp",
        }
    }
}

/// A provider's name: 1 to 32 of `a-z 0-9 - _`, so that it can label a metric and stand in a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderName(String);

/// A provider's name that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a provider's name has 1 to 32 characters of a-z, 0-9, - and _")]
pub struct InvalidProviderName;

impl ProviderName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProviderName {
    type Error = InvalidProviderName;

    fn try_from(name: String) -> Result<Self, InvalidProviderName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if (1..=32).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(ProviderName(name))
        } else {
            Err(InvalidProviderName)
        }
    }
}

impl FromStr for ProviderName {
    type Err = InvalidProviderName;

    fn from_str(name: &str) -> Result<Self, InvalidProviderName> {
        name.to_owned().try_into()
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> String {
        name.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One message on its way to a provider. Holds the number and the code in clear: its Debug shows
/// neither.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// The delivery; every provider gets it as the client reference, the same on every retry.
    pub delivery: DeliveryId,
    /// The app that sends.
    pub app: AppId,
    /// Test messages reach the simulated phone only.
    pub mode: Mode,
    /// How it travels.
    pub channel: Channel,
    /// Whom it reaches.
    pub to: &'a E164,
    /// Whom the phone shows as its sender; none leaves it to the provider's own default.
    pub sender: Option<&'a SenderId>,
    /// What India's regulator knows its text by; see [`crate::sender_rules`].
    pub registered: Option<Registered<'a>>,
    /// The text, with the code.
    pub text: SecretText<'a>,
    /// The code alone, for channels that do not carry a text of ours: a call, a template that the vendor
    /// keeps. A notice has none.
    pub code: Option<SecretText<'a>>,
    /// What an e-mail has besides its text; nothing on other channels.
    pub email: Option<Envelope<'a>>,
    /// The language of the text.
    pub locale: &'a Locale,
    /// How the text is encoded on the air, and how many segments it fills.
    pub measure: Measure,
    /// Nobody may deliver it at or after this time.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("delivery", &self.delivery)
            .field("app", &self.app)
            .field("mode", &self.mode)
            .field("channel", &self.channel)
            .field("measure", &self.measure)
            .finish_non_exhaustive()
    }
}

/// What an e-mail has besides its text. Shows nothing of it.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    /// Whom it reaches.
    pub to: &'a EmailAddress,
    /// Its subject; one line, without the code.
    pub subject: &'a str,
    /// The text once more as HTML.
    pub html: SecretText<'a>,
}

/// A text registered with India's operators (DLT): both ids go with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered<'a> {
    /// The shop's own id, the principal entity's.
    pub entity_id: &'a str,
    /// That of the template.
    pub template_id: &'a str,
}

/// What a provider does with texts, as far as their form depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTraits {
    /// What it passes on in a text that is not UCS-2.
    pub alphabet: CarrierAlphabet,
    /// Whether it carries texts that need UCS-2.
    pub unicode: Carries,
    /// Whether it carries the text that it is given, and no text of its own in which it fills in the code.
    pub free_text: Carries,
}

impl Default for TextTraits {
    /// Any text, in all of GSM-7 or in UCS-2.
    fn default() -> Self {
        TextTraits { alphabet: CarrierAlphabet::Gsm, unicode: Carries::Yes, free_text: Carries::Yes }
    }
}

/// A text that carries a code. No Debug, no Display.
#[derive(Clone, Copy)]
pub struct SecretText<'a>(&'a str);

impl<'a> SecretText<'a> {
    /// Marks a text as secret.
    pub const fn new(text: &'a str) -> Self {
        SecretText(text)
    }

    /// The text, for the wire.
    pub const fn expose(self) -> &'a str {
        self.0
    }
}

/// Why something happened, in one short word for metrics and the timeline, such as `http_503`.
/// Never holds a code or a number, nor text that another party wrote but for an error code as short and plain as
/// [`crate::receipt::ReceiptReason`] bounds it.
pub type Reason = Cow<'static, str>;

/// What became of a hand-over. The classes differ in what may be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// The provider has it; a receipt may follow.
    Accepted {
        /// The provider's own id for it, as [`Reference`] bounds it.
        reference: Option<Reference>,
    },
    /// It surely was not sent: no connection came about. Another try costs nothing.
    NotWritten {
        /// Why.
        reason: Reason,
    },
    /// Refused for good: the same message will be refused again here.
    Permanent {
        /// Why.
        reason: Reason,
    },
    /// Refused because of the provider's own configuration: its credentials, its account, its sender, a
    /// template. Every message fails there until a person changes something, so its breaker opens at once
    /// and the operator is called. Another route may take the message.
    Misconfigured {
        /// Why.
        reason: Reason,
    },
    /// Refused for now.
    Transient {
        /// Why.
        reason: Reason,
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// Refused because there were too many.
    Throttled {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// Written and unanswered: it may have been sent, and may not be repeated on this route
    /// (design 6, Sending).
    Unknown {
        /// What was seen instead of an answer.
        reason: Reason,
    },
}

impl Submission {
    /// Its word in metrics and the timeline.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Submission::Accepted { .. } => "accepted",
            Submission::NotWritten { .. } => "not_written",
            Submission::Permanent { .. } => "permanent",
            Submission::Misconfigured { .. } => "misconfigured",
            Submission::Transient { .. } => "transient",
            Submission::Throttled { .. } => "throttled",
            Submission::Unknown { .. } => "unknown",
        }
    }

    /// How long the provider asks to wait before it is tried again.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Submission::Transient { retry_after, .. } | Submission::Throttled { retry_after } => *retry_after,
            _ => None,
        }
    }

    pub(crate) const fn permanent(reason: &'static str) -> Self {
        Submission::Permanent { reason: Cow::Borrowed(reason) }
    }
}

/// A provider's own id for a message: 1 to 128 visible ASCII characters. Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// A provider's id that is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a provider's id for a message has 1 to {} visible ASCII characters", Reference::MAX_BYTES)]
pub struct InvalidReference;

impl Reference {
    /// Longest id, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = InvalidReference;

    fn try_from(text: String) -> Result<Self, InvalidReference> {
        if (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Reference(text))
        } else {
            Err(InvalidReference)
        }
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.0
    }
}

/// Any of the providers that this version has.
#[derive(Clone, Debug)]
pub enum AnyProvider {
    /// The simulated phone.
    Simulated(SimulatedPhone),
    /// A plain HTTP endpoint.
    Http(HttpProvider),
    /// A service centre by SMPP.
    Smpp(SmppProvider),
    /// A vendor's API.
    Declared(DeclaredProvider),
    /// An SMTP server.
    Smtp(SmtpProvider),
}

impl AnyProvider {
    /// What it does with texts.
    pub fn text_traits(&self) -> TextTraits {
        match self {
            AnyProvider::Simulated(_) | AnyProvider::Http(_) | AnyProvider::Smtp(_) => TextTraits::default(),
            AnyProvider::Smpp(provider) => {
                TextTraits { alphabet: provider.carrier_alphabet(), ..TextTraits::default() }
            }
            AnyProvider::Declared(provider) => {
                let accepts = provider.definition().accepts();
                TextTraits { unicode: accepts.unicode, free_text: accepts.free_text, ..TextTraits::default() }
            }
        }
    }
}

impl Provider for AnyProvider {
    fn name(&self) -> &ProviderName {
        match self {
            AnyProvider::Simulated(provider) => provider.name(),
            AnyProvider::Http(provider) => provider.name(),
            AnyProvider::Smpp(provider) => provider.name(),
            AnyProvider::Declared(provider) => provider.name(),
            AnyProvider::Smtp(provider) => provider.name(),
        }
    }

    fn kind(&self) -> ProviderKind {
        match self {
            AnyProvider::Simulated(provider) => provider.kind(),
            AnyProvider::Http(provider) => provider.kind(),
            AnyProvider::Smpp(provider) => provider.kind(),
            AnyProvider::Declared(provider) => provider.kind(),
            AnyProvider::Smtp(provider) => provider.kind(),
        }
    }

    fn carries(&self, channel: Channel) -> bool {
        match self {
            AnyProvider::Simulated(provider) => provider.carries(channel),
            AnyProvider::Http(provider) => provider.carries(channel),
            AnyProvider::Smpp(provider) => provider.carries(channel),
            AnyProvider::Declared(provider) => provider.carries(channel),
            AnyProvider::Smtp(provider) => provider.carries(channel),
        }
    }

    async fn submit(&self, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        match self {
            AnyProvider::Simulated(provider) => provider.submit(message, now).await,
            AnyProvider::Http(provider) => provider.submit(message, now).await,
            AnyProvider::Smpp(provider) => provider.submit(message, now).await,
            AnyProvider::Declared(provider) => provider.submit(message, now).await,
            AnyProvider::Smtp(provider) => provider.submit(message, now).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::Example;

    #[test]
    fn names_and_references_are_bounded() {
        assert!("backup-sms_2".parse::<ProviderName>().is_ok());
        for wrong in ["", "Backup", "a b", "a/b", &"a".repeat(33), "ü"] {
            assert!(wrong.parse::<ProviderName>().is_err(), "{wrong}");
        }
        assert!(Reference::try_from("SM-1/2".to_owned()).is_ok());
        for wrong in ["", "a b", "a\n", &"a".repeat(129), "é"] {
            assert!(Reference::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn i12_debug_shows_neither_text_nor_number() {
        let example = Example::new("918273 is your code");
        let message = example.outgoing();
        let shown = format!("{message:?}");
        assert!(!shown.contains("918273") && !shown.contains("900123"), "{shown}");
        assert!(shown.contains("dlv_"));
    }
}
