//! A message for tests.

use countersign_core::id::{AppId, DeliveryId};
use countersign_core::locale::Locale;
use countersign_core::message::Measure;
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;

use crate::provider::{Outgoing, SecretText};

/// 2026-11-23T10:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_000);

pub(crate) struct Example {
    pub(crate) to: E164,
    pub(crate) text: String,
    locale: Locale,
}

impl Example {
    pub(crate) fn new(text: &str) -> Self {
        Self::to("+44 7700 900123", text)
    }

    pub(crate) fn to(number: &str, text: &str) -> Self {
        Example {
            to: E164::parse_fictional(number, None).unwrap(),
            text: text.to_owned(),
            locale: "de-AT".parse().unwrap(),
        }
    }

    /// Expires in ten minutes.
    pub(crate) fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            delivery: DeliveryId::from_bytes([1; 16]),
            app: AppId::from_bytes([2; 16]),
            mode: Mode::Live,
            channel: Channel::Sms,
            email: None,
            to: &self.to,
            sender: None,
            registered: None,
            text: SecretText::new(&self.text),
            code: Some(SecretText::new("918273")),
            locale: &self.locale,
            measure: Measure::of(&self.text),
            expires_at: NOW.plus(std::time::Duration::from_mins(10)),
        }
    }
}
