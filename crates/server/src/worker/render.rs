//! What a delivery says, derived while it is sent.

use countersign_core::code::Code;
use countersign_core::delivery::DeliveryKind;
use countersign_core::email::EmailAddress;
use countersign_core::keyring::{KeyError, Keyring, Place};
use countersign_core::message::{
    self, Budget, Considered, Message, MessageInput, PhoneChangeInput, Plan, Verdict,
};
use countersign_core::phone::{E164, PhoneEnding};
use countersign_core::sealed::SealedEnding;
use countersign_core::subject::Mode;
use countersign_core::verification::{Channel, CodeMaterial, State, Verification};
use countersign_delivery::provider::SecretText;
use countersign_delivery::sender::SenderId;

use super::outbox::Ready;

/// What a message says and whom it goes to, in clear, while it is sent.
pub(super) struct Rendered {
    phone: E164,
    content: Content,
    shown_sender: Option<SenderId>,
    email: Option<EmailAddress>,
}

enum Content {
    Code(Code),
    PhoneChange(PhoneEnding),
}

impl Rendered {
    /// Whom it reaches.
    pub(super) const fn to(&self) -> &E164 {
        &self.phone
    }

    /// The code alone; a notice has none.
    pub(super) fn code(&self) -> Option<SecretText<'_>> {
        match &self.content {
            Content::Code(code) => Some(SecretText::new(code.expose())),
            Content::PhoneChange(_) => None,
        }
    }

    /// Whom an e-mail reaches.
    pub(super) const fn email(&self) -> Option<&EmailAddress> {
        self.email.as_ref()
    }

    /// What the simulated phone shows as the sender of test messages.
    pub(super) const fn shown_sender(&self) -> Option<&SenderId> {
        self.shown_sender.as_ref()
    }

    /// The text within a budget, among the forms that `admits` has nothing against.
    pub(super) fn plan(
        &self,
        ready: &Ready,
        budget: &Budget,
        admits: &dyn Fn(&Message) -> Result<(), Verdict>,
    ) -> Result<Plan, Vec<Considered>> {
        match &self.content {
            Content::Code(code) if ready.delivery.channel == Channel::Sms => {
                message::plan_admitted(&code_message(ready, code), budget, admits)
            }
            // What is no SMS has no segments to save.
            Content::Code(code) => {
                let message = message::render_for(ready.delivery.channel, &code_message(ready, code));
                message::plan_as_it_is(message, budget, admits)
            }
            Content::PhoneChange(ending) => {
                let message = phone_change_notice(ready, ending).on(budget.alphabet);
                message::plan_as_it_is(message, budget, admits)
            }
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
        DeliveryKind::Code { .. } => code(ready, keyring, &phone)?.map(Content::Code),
        DeliveryKind::ConversionFeedback => None,
        DeliveryKind::PhoneChangeNotice => {
            let ending = new_ending(verification).map(|ending| keyring.open_ending(place, ending));
            ending.transpose()?.map(Content::PhoneChange)
        }
    };
    let shown_sender = (verification.mode == Mode::Test).then(|| shown_sender(&ready.app.brand)).flatten();
    let email = match &verification.email {
        Some(sealed) if ready.delivery.channel == Channel::Email => Some(keyring.open_email(place, sealed)?),
        _ => None,
    };
    Ok(content.map(|content| Rendered { phone, content, shown_sender, email }))
}

/// The last digits of the phone that takes, or is to take, this one's place.
const fn new_ending(verification: &Verification) -> Option<&SealedEnding> {
    match (&verification.phone_change, &verification.state) {
        (Some(change), _) => Some(&change.ending),
        (None, State::Recovering { ending, .. }) => Some(ending),
        (None, _) => None,
    }
}

fn code(ready: &Ready, keyring: &Keyring, phone: &E164) -> Result<Option<Code>, KeyError> {
    let Ready { app, verification, .. } = ready;
    let State::Pending { code } = &verification.state else { return Ok(None) };
    match code {
        CodeMaterial::TestNumber => Ok(app.policy.test_code(phone).map(Code::fixed)),
        // The core derives none for a ghost.
        CodeMaterial::Derived { .. } | CodeMaterial::Ghost { .. } => {
            countersign_core::step::derive_code(keyring, app.id, verification, phone)
        }
    }
}

fn code_message<'a>(ready: &'a Ready, code: &'a Code) -> MessageInput<'a> {
    let Ready { app, verification, .. } = ready;
    let minutes = verification.expires_at.since(verification.created_at).as_secs().div_ceil(60);
    MessageInput {
        brand: &app.brand,
        purpose: &verification.purpose,
        transaction: verification.transaction.as_ref(),
        locale: &verification.locale,
        default_locale: &app.policy.default_locale,
        templates: &app.policy.templates,
        presentation: &verification.presentation,
        code,
        minutes: u16::try_from(minutes).unwrap_or(10),
    }
}

fn phone_change_notice(ready: &Ready, ending: &PhoneEnding) -> Message {
    message::render_phone_change(&PhoneChangeInput {
        brand: &ready.app.brand,
        locale: &ready.verification.locale,
        default_locale: &ready.app.policy.default_locale,
        ending,
    })
}

/// The app's name as far as a phone can show it as a sender. For the simulated phone alone: what a
/// carrier lets through is the provider's configuration.
fn shown_sender(brand: &str) -> Option<SenderId> {
    let shown = |c: &char| c.is_ascii_alphanumeric() || " .-&".contains(*c);
    let name: String = brand.chars().filter(shown).take(SenderId::MAX_NAME_CHARS).collect();
    name.trim().parse().ok()
}
