//! The message as it goes over the wire (RFC 5322, MIME).

use countersign_core::time::Timestamp;
use lettre::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use zeroize::Zeroizing;

use super::SmtpConfig;
use crate::provider::Outgoing;

/// A message and whom it is for. Holds the code; wiped when dropped.
pub(super) struct Letter {
    pub(super) to: Address,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// Tells machines that nobody wrote it: no out-of-office answer comes back (RFC 3834 §5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Writes the message; nothing, if it is no e-mail. Every try of one delivery has the same Message-ID, so that
/// a reader of mail that gets two copies shows one.
///
/// What stands in headers comes from types that hold no line break ([`countersign_core::email::EmailAddress`])
/// or is encoded by the library (RFC 2047): nothing can end a header.
pub(super) fn write(config: &SmtpConfig, message: &Outgoing<'_>, now: Timestamp) -> Option<Letter> {
    let email = message.email?;
    let to: Address = email.to.expose().parse().ok()?;
    let from: Address = config.from.expose().parse().ok()?;
    let id = format!("<{}@{}>", message.delivery, from.domain());
    let millis = u64::try_from(now.as_millis()).ok()?;
    let date = std::time::SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::from_millis(millis))?;
    let parts =
        MultiPart::alternative_plain_html(message.text.expose().to_owned(), email.html.expose().to_owned());
    let written = Message::builder()
        .from(Mailbox::new(config.from_name.clone(), from))
        .to(Mailbox::new(None, to.clone()))
        .subject(one_line(email.subject))
        .date(date)
        .message_id(Some(id))
        .header(AutoSubmitted)
        .multipart(parts)
        .ok()?;
    Some(Letter { to, bytes: Zeroizing::new(written.formatted()) })
}

/// Whoever made the subject: it is one line.
fn one_line(subject: &str) -> String {
    subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
