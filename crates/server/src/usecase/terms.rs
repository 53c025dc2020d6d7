//! What a start asks besides the phone: known before the phone is, where the customer gives it on the hosted page.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_core::code::CodeFormat;
use countersign_core::email::EmailAddress;
use countersign_core::locale::Locale;
use countersign_core::message::Reader;
use countersign_core::origin::ReturnTo;
use countersign_core::policy::{Address, Carried, Policy};
use countersign_core::presentation::{Host, Presentation};
use countersign_core::proof::SessionHash;
use countersign_core::purpose::Purpose;
use countersign_core::transaction::Transaction;
use countersign_core::verification::Channel;
use countersign_core::workflow::WorkflowStep;
use serde::{Deserialize, Serialize};

/// What is asked, every part well-formed and allowed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Terms {
    /// Why.
    pub purpose: Purpose,
    /// What is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Transaction>,
    /// The browser session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionHash>,
    /// The shop's reference for its customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The customer's e-mail address, where the code may go there.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "email_text")]
    pub email: Option<EmailAddress>,
    /// How the code travels.
    #[serde(default, skip_serializing_if = "Path::is_default")]
    pub path: Path,
    /// The language of the message.
    pub locale: Locale,
    /// Where the code is typed.
    pub presentation: Presentation,
    /// What reads the message's last line.
    #[serde(default, skip_serializing_if = "Reader::is_browser")]
    pub reader: Reader,
    /// Where the customer goes from the hosted page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<ReturnTo>,
    /// The form of the code.
    pub format: CodeFormat,
    /// The life of the code.
    pub lifetime: Duration,
    /// The shop's own words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// How a code travels.
#[derive(Clone, Default, Serialize, Deserialize)]
pub enum Path {
    /// As the app has set.
    #[default]
    Default,
    /// By one channel.
    Channel(Channel),
    /// By one channel after another.
    Workflow(Vec<WorkflowStep>),
}

impl Path {
    /// The channels that were asked for by name, the first one first.
    pub(super) fn asked(&self) -> Vec<Channel> {
        match self {
            Path::Default => Vec::new(),
            Path::Channel(channel) => vec![*channel],
            Path::Workflow(steps) => steps.iter().map(|step| step.channel).collect(),
        }
    }

    const fn is_default(&self) -> bool {
        matches!(self, Path::Default)
    }
}

impl Terms {
    /// What its code is, for the question of which channel may carry it.
    pub(super) fn carried(&self) -> Carried<'_> {
        let address = self.email.as_ref().map_or(Address::Missing, |_| Address::Known);
        Carried { purpose: &self.purpose, format: self.format, address }
    }

    /// The channel of the first message.
    pub fn first_channel(&self, policy: &Policy) -> Channel {
        let first = match &self.path {
            Path::Default => policy.default_workflow(&self.carried()).first().map(|step| step.channel),
            Path::Channel(channel) => Some(*channel),
            Path::Workflow(steps) => steps.first().map(|step| step.channel),
        };
        first.unwrap_or_default()
    }

    /// Whether its code may be typed on the hosted page of this server: its message is bound to that page, or to none.
    pub(super) fn is_hosted(presentation: &Presentation, issuer: &str) -> bool {
        match presentation {
            Presentation::Unbound => true,
            Presentation::Page { host } | Presentation::Iframe { embedded: host, .. } => {
                Host::of_origin(issuer).is_ok_and(|own| own == *host)
            }
            Presentation::Element { .. } | Presentation::App { .. } => false,
        }
    }
}

/// An address as its text. Only ever written under a seal.
mod email_text {
    use countersign_core::email::EmailAddress;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(
        email: &Option<EmailAddress>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        email.as_ref().map(EmailAddress::expose).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<EmailAddress>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}
