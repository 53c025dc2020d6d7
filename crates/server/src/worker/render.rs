//! What a delivery says, derived while it is sent.

use countersign_core::code::Code;
use countersign_core::delivery::DeliveryKind;
use countersign_core::keyring::{KeyError, Keyring, Place};
use countersign_core::message::{self, Message, MessageInput, PhoneChangeInput};
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::verification::{CodeMaterial, State};
use countersign_delivery::provider::{Outgoing, SecretText};
use countersign_delivery::sender::SenderId;

use super::outbox::Ready;

/// A message and whom it goes to, in clear, while it is sent.
pub(super) struct Rendered {
    phone: E164,
    message: Message,
    code: Option<Code>,
    sender: Option<SenderId>,
}

impl Rendered {
    /// Whom it reaches.
    pub(super) const fn to(&self) -> &E164 {
        &self.phone
    }

    /// Segments of its text.
    pub(super) const fn segments(&self) -> usize {
        self.message.measure().segments
    }

    /// What a provider gets.
    pub(super) fn outgoing<'a>(&'a self, ready: &'a Ready) -> Outgoing<'a> {
        Outgoing {
            delivery: ready.delivery.id,
            app: ready.app.id,
            mode: ready.delivery.mode,
            channel: ready.delivery.channel,
            to: &self.phone,
            sender: self.sender.as_ref(),
            text: SecretText::new(self.message.expose()),
            code: self.code.as_ref().map(|code| SecretText::new(code.expose())),
            locale: &ready.verification.locale,
            measure: self.message.measure(),
            expires_at: ready.delivery.expires_at,
        }
    }
}

/// The message, unless nobody wants it any more.
pub(super) fn render(ready: &Ready, keyring: &Keyring) -> Result<Option<Rendered>, KeyError> {
    let verification = &ready.verification;
    if !verification.wants(ready.delivery.kind) {
        return Ok(None);
    }
    let place = Place { app: ready.app.id, verification: verification.id };
    let phone = keyring.open_phone(place, &verification.phone)?;
    let content = match ready.delivery.kind {
        DeliveryKind::Code { .. } => {
            code(ready, keyring, &phone)?.map(|code| (code_message(ready, &code), Some(code)))
        }
        DeliveryKind::ConversionFeedback => None,
        DeliveryKind::PhoneChangeNotice => {
            phone_change_notice(ready, keyring, place)?.map(|message| (message, None))
        }
    };
    let sender = (verification.mode == Mode::Test).then(|| shown_sender(&ready.app.brand)).flatten();
    Ok(content.map(|(message, code)| Rendered { phone, message, code, sender }))
}

fn code(ready: &Ready, keyring: &Keyring, phone: &E164) -> Result<Option<Code>, KeyError> {
    let Ready { app, verification, .. } = ready;
    let State::Pending { code } = &verification.state else { return Ok(None) };
    match code {
        CodeMaterial::TestNumber => Ok(app.policy.test_code(phone).map(Code::fixed)),
        CodeMaterial::Derived { .. } => {
            countersign_core::step::derive_code(keyring, app.id, verification, phone)
        }
    }
}

fn code_message(ready: &Ready, code: &Code) -> Message {
    let Ready { app, verification, .. } = ready;
    let minutes = verification.expires_at.since(verification.created_at).as_secs().div_ceil(60);
    message::render(&MessageInput {
        brand: &app.brand,
        purpose: &verification.purpose,
        transaction: verification.transaction.as_ref(),
        locale: &verification.locale,
        default_locale: &app.policy.default_locale,
        templates: &app.policy.templates,
        presentation: &verification.presentation,
        code,
        minutes: u16::try_from(minutes).unwrap_or(10),
    })
}

fn phone_change_notice(ready: &Ready, keyring: &Keyring, place: Place) -> Result<Option<Message>, KeyError> {
    let verification = &ready.verification;
    let ending = match (&verification.phone_change, &verification.state) {
        (Some(change), _) => &change.ending,
        (None, State::Recovering { ending, .. }) => ending,
        (None, _) => return Ok(None),
    };
    let ending = keyring.open_ending(place, ending)?;
    Ok(Some(message::render_phone_change(&PhoneChangeInput {
        brand: &ready.app.brand,
        locale: &ready.verification.locale,
        default_locale: &ready.app.policy.default_locale,
        ending: &ending,
    })))
}

/// The app's name as far as a phone can show it as a sender. For the simulated phone alone: what a
/// carrier lets through is the provider's configuration.
fn shown_sender(brand: &str) -> Option<SenderId> {
    let shown = |c: &char| c.is_ascii_alphanumeric() || " .-&".contains(*c);
    let name: String = brand.chars().filter(shown).take(SenderId::MAX_NAME_CHARS).collect();
    name.trim().parse().ok()
}
