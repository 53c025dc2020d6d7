//! What the operator gives to a definition: settings and secrets; and the values of one message.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use countersign_core::message::Encoding;
use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use zeroize::Zeroizing;

use super::definition::{Definition, SettingKind};
use super::schema::SecretReference;
use super::template::{Values, Variable};
use crate::provider::{Outgoing, Reference};
use crate::sender::SenderId;
use countersign_core::id::DeliveryId;

/// A secret in clear. No Debug; wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Longest secret, in bytes: a private key fits.
    pub const MAX_BYTES: usize = 8_192;

    /// Takes a secret over.
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }
}

/// Gets a secret: its name, and where the definition says that it is. `None`: there is none, which only an
/// optional one may be; an error says why, without the secret.
pub type Resolve<'a> = dyn FnMut(&str, &SecretReference) -> Result<Option<Secret>, String> + 'a;

/// Why a definition and what the operator gave make no provider. Shows no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GivenError {
    /// A setting without a default was not given.
    #[error("{definition} needs the setting {setting:?}")]
    SettingMissing {
        /// The definition.
        definition: String,
        /// The setting.
        setting: String,
    },
    /// A setting that the definition does not have.
    #[error("{definition} has no setting {setting:?}; it has: {known}")]
    UnknownSetting {
        /// The definition.
        definition: String,
        /// The setting.
        setting: String,
        /// Those there are.
        known: String,
    },
    /// A secret could not be had.
    #[error("{definition} needs the secret {secret:?}: {why}")]
    Secret {
        /// The definition.
        definition: String,
        /// The secret.
        secret: String,
        /// Why, in the words of whoever resolves references.
        why: String,
    },
}

/// Settings and secrets, complete.
#[derive(Clone)]
pub(crate) struct Given {
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
}

impl Given {
    /// `resolve` gets a secret's name and where the definition says that it is; it may look elsewhere.
    pub(crate) fn new(
        definition: &Definition,
        given: &BTreeMap<String, String>,
        resolve: &mut Resolve<'_>,
    ) -> Result<Self, GivenError> {
        let named = || definition.name().to_owned();
        if let Some(setting) = given.keys().find(|name| !definition.settings.contains_key(*name)) {
            let known: Vec<&str> = definition.settings.keys().map(String::as_str).collect();
            return Err(GivenError::UnknownSetting {
                definition: named(),
                setting: setting.clone(),
                known: known.join(", "),
            });
        }
        let mut settings = BTreeMap::new();
        for (name, kind) in &definition.settings {
            let value = match (given.get(name), kind) {
                (Some(value), _) | (None, SettingKind::Default(value)) => Some(value.clone()),
                (None, SettingKind::Optional) => None,
                (None, SettingKind::Required) => {
                    return Err(GivenError::SettingMissing { definition: named(), setting: name.clone() });
                }
            };
            settings.extend(value.map(|value| (name.clone(), value)));
        }
        let mut secrets = BTreeMap::new();
        for (name, reference) in &definition.secrets {
            let refused = |why: String| GivenError::Secret { definition: named(), secret: name.clone(), why };
            match resolve(name, reference).map_err(refused)? {
                Some(secret) if secret.0.is_empty() || secret.0.len() > Secret::MAX_BYTES => {
                    return Err(refused(format!("it has 1 to {} bytes", Secret::MAX_BYTES)));
                }
                Some(secret) => {
                    secrets.insert(name.clone(), secret);
                }
                None if matches!(reference, SecretReference::OptionalEnv(_)) => {}
                None => return Err(refused("there is none".to_owned())),
            }
        }
        Ok(Given { settings, secrets })
    }
}

impl Values for Given {
    fn value(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        let value = match variable {
            Variable::Secret(name) => self.secrets.get(name)?.0.as_str(),
            Variable::Setting(name) => self.settings.get(name)?.as_str(),
            Variable::Known(_) | Variable::Words(_) => return None,
        };
        (!value.is_empty()).then_some(Cow::Borrowed(value))
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(secret)")
    }
}

/// The values of one message.
pub(crate) struct MessageValues<'a> {
    pub(crate) given: &'a Given,
    pub(crate) definition: &'a Definition,
    pub(crate) message: &'a Outgoing<'a>,
    pub(crate) sender: Option<&'a SenderId>,
    pub(crate) callback: Option<&'a str>,
    pub(crate) now: Timestamp,
}

impl Values for MessageValues<'_> {
    fn value(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        let message = self.message;
        let name = match variable {
            Variable::Known(name) => *name,
            Variable::Words(name) => {
                let texts = self.definition.words.get(name)?;
                let spoken = message.locale.ladder().find_map(|locale| texts.get(locale.as_str()));
                return spoken.or_else(|| texts.get("en")).map(|text| Cow::Borrowed(text.as_str()));
            }
            _ => return self.given.value(variable),
        };
        let borrowed = |text: &'_ str| Cow::<str>::Owned(text.to_owned());
        let value: Cow<'_, str> = match name {
            "to" => Cow::Borrowed(message.to.expose()),
            "text" => Cow::Borrowed(message.text.expose()),
            // One of the two, so that a definition can send the encodings in different fields.
            "text_gsm7" if message.measure.encoding == Encoding::Gsm7 => Cow::Borrowed(message.text.expose()),
            "text_ucs2" if message.measure.encoding == Encoding::Ucs2 => Cow::Borrowed(message.text.expose()),
            "code" => Cow::Borrowed(message.code?.expose()),
            "sender" => Cow::Borrowed(self.sender?.as_str()),
            "ref" => message.delivery.to_string().into(),
            "app" => message.app.to_string().into(),
            "channel" => Cow::Borrowed(self.definition.medium.as_str()),
            "locale" => borrowed(message.locale.as_str()),
            "language" => borrowed(message.locale.language()),
            "encoding" => Cow::Borrowed(match message.measure.encoding {
                Encoding::Gsm7 => "gsm7",
                Encoding::Ucs2 => "ucs2",
            }),
            "segments" => message.measure.segments.to_string().into(),
            "ttl_s" => message.expires_at.since(self.now).as_secs().to_string().into(),
            "expires_at" => message.expires_at.to_string().into(),
            "dlt_entity" => Cow::Borrowed(message.registered?.entity_id),
            "dlt_template" => Cow::Borrowed(message.registered?.template_id),
            "callback" => Cow::Borrowed(self.callback?),
            "now" => self.now.to_string().into(),
            "now_s" => self.now.as_seconds().to_string().into(),
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    }
}

/// What became of a code, for the vendor whose message carried it.
#[derive(Clone, Copy)]
pub struct Conversion<'a> {
    /// The vendor's id of the message.
    pub id: &'a Reference,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Whom it reached.
    pub to: &'a E164,
    /// The code as the customer typed it, if it is still known.
    pub code: Option<crate::provider::SecretText<'a>>,
    /// What became of it.
    pub outcome: ConversionOutcome,
}

impl fmt::Debug for Conversion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversion")
            .field("delivery", &self.delivery)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// Whether the code of a message was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversionOutcome {
    /// The customer typed it.
    Used,
    /// It ran out.
    Unused,
}

impl ConversionOutcome {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            ConversionOutcome::Used => "used",
            ConversionOutcome::Unused => "unused",
        }
    }
}

/// The values of conversion feedback.
pub(crate) struct FeedbackValues<'a> {
    pub(crate) given: &'a Given,
    pub(crate) conversion: &'a Conversion<'a>,
    pub(crate) now: Timestamp,
}

impl Values for FeedbackValues<'_> {
    fn value(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        let Variable::Known(name) = variable else { return self.given.value(variable) };
        let conversion = self.conversion;
        let value: Cow<'_, str> = match *name {
            "id" => Cow::Borrowed(conversion.id.as_str()),
            "ref" => conversion.delivery.to_string().into(),
            "to" => Cow::Borrowed(conversion.to.expose()),
            "code" => Cow::Borrowed(conversion.code?.expose()),
            "outcome" => Cow::Borrowed(conversion.outcome.as_str()),
            "now" => self.now.to_string().into(),
            "now_s" => self.now.as_seconds().to_string().into(),
            "now_plain" => jiff::Timestamp::from_second(self.now.as_seconds())
                .ok()?
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
                .into(),
            _ => return None,
        };
        (!value.is_empty()).then_some(value)
    }
}

/// Stands for every message where only the shape of a URL is looked at.
pub(crate) struct AnyMessage<'a>(pub(crate) &'a Given);

impl Values for AnyMessage<'_> {
    fn value(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        match variable {
            Variable::Known(_) | Variable::Words(_) => Some(Cow::Borrowed("0")),
            _ => self.0.value(variable),
        }
    }
}
