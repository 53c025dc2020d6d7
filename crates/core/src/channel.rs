//! How a code travels, and what typing it then shows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::code::{Alphabet, CodeFormat};
use crate::purpose::Purpose;

/// How a code travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A text message.
    #[default]
    Sms,
    /// A call that reads the code aloud.
    Voice,
    /// A WhatsApp message.
    WhatsApp,
    /// A message of Telegram's verification account.
    Telegram,
    /// An e-mail. It reaches a mailbox and no phone, so it proves no possession of one (NIST SP 800-63B-4
    /// §3.1.3.1, N10).
    Email,
}

/// A word that names no channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one of sms, voice, whatsapp, telegram, email")]
pub struct UnknownChannel;

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 5] =
        [Channel::Sms, Channel::Voice, Channel::WhatsApp, Channel::Telegram, Channel::Email];

    /// Its word in the API, in configuration and in stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::Sms => "sms",
            Channel::Voice => "voice",
            Channel::WhatsApp => "whatsapp",
            Channel::Telegram => "telegram",
            Channel::Email => "email",
        }
    }

    /// What typing a code shows that travelled by it.
    pub const fn assurance(self) -> Assurance {
        match self {
            Channel::Sms | Channel::Voice | Channel::WhatsApp | Channel::Telegram => Assurance::Possession,
            Channel::Email => Assurance::Notification,
        }
    }

    /// Whether a code for this purpose may travel by it. Payments and changes of the account stand on the
    /// possession of the phone, and an e-mail shows none (N10, N7).
    pub fn may_carry(self, purpose: &Purpose) -> bool {
        self.assurance() >= Assurance::needed_for(purpose)
    }

    /// Whether it can carry codes of this form. Vendors' calls read digits, and Telegram's Gateway takes 4 to 8
    /// of them (its API's `code` parameter).
    pub const fn may_show(self, format: CodeFormat) -> bool {
        match self {
            Channel::Sms | Channel::WhatsApp | Channel::Email => true,
            Channel::Voice => matches!(format.alphabet(), Alphabet::Numeric),
            Channel::Telegram => matches!(format.alphabet(), Alphabet::Numeric) && format.length() <= 8,
        }
    }

    /// The authentication methods that it is (RFC 8176 §2).
    const fn methods(self) -> &'static [&'static str] {
        match self {
            Channel::Sms => &["sms", "otp"],
            Channel::Voice => &["tel", "otp"],
            Channel::WhatsApp | Channel::Telegram | Channel::Email => &["otp"],
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(word: &str) -> Result<Self, UnknownChannel> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word).ok_or(UnknownChannel)
    }
}

/// What a typed code shows. Ordered: the weaker one first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// That somebody reads a mailbox: the customer was notified, and no more (N10).
    Notification,
    /// That somebody holds the phone.
    #[default]
    Possession,
}

impl Assurance {
    /// Its word in proofs and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Assurance::Notification => "notification",
            Assurance::Possession => "possession",
        }
    }

    /// The least that a purpose asks for.
    pub const fn needed_for(purpose: &Purpose) -> Self {
        match purpose {
            Purpose::Payment | Purpose::AccountChange => Assurance::Possession,
            _ => Assurance::Notification,
        }
    }

    /// What a code shows that went out by all these channels. Nobody knows from which of them it was
    /// typed, so the weakest counts. Nothing sent shows nothing.
    pub fn of(channels: impl IntoIterator<Item = Channel>) -> Self {
        channels.into_iter().map(Channel::assurance).min().unwrap_or(Assurance::Notification)
    }
}

/// The authentication methods (RFC 8176 §2) of a code that went out by all these channels: those that
/// hold whichever of them it was typed from.
pub fn methods(channels: impl IntoIterator<Item = Channel>) -> Vec<String> {
    let mut channels = channels.into_iter();
    let mut common: Vec<&str> = channels.next().map_or(&["otp"][..], Channel::methods).to_vec();
    for channel in channels {
        common.retain(|method| channel.methods().contains(method));
    }
    common.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::ShortCodes;

    #[test]
    fn words_are_read_as_they_are_written() {
        for channel in Channel::ALL {
            assert_eq!(channel.as_str().parse(), Ok(channel));
            assert_eq!(serde_json::to_string(&channel).unwrap(), format!("\"{channel}\""));
        }
        assert_eq!("SMS".parse::<Channel>(), Err(UnknownChannel));
    }

    #[test]
    fn r6_methods_hold_whichever_channel_the_code_was_typed_from() {
        let of = |channels: &[Channel]| methods(channels.iter().copied()).join(" ");
        assert_eq!(of(&[Channel::Sms]), "sms otp");
        assert_eq!(of(&[Channel::Sms, Channel::Sms]), "sms otp");
        assert_eq!(of(&[Channel::Voice]), "tel otp");
        assert_eq!(of(&[Channel::Sms, Channel::Voice]), "otp");
        for channel in [Channel::WhatsApp, Channel::Telegram, Channel::Email] {
            assert_eq!(of(&[channel]), "otp");
            assert_eq!(of(&[Channel::Sms, channel]), "otp");
        }
    }

    #[test]
    fn calls_and_telegram_carry_digits_alone() {
        let format = |length, alphabet| CodeFormat::new(length, alphabet, ShortCodes::Refuse).unwrap();
        let carried = |format| Channel::ALL.map(|channel| channel.may_show(format));
        assert_eq!(carried(format(8, Alphabet::Numeric)), [true; 5]);
        assert_eq!(carried(format(9, Alphabet::Numeric)), [true, true, true, false, true]);
        assert_eq!(carried(format(8, Alphabet::Alphanumeric)), [true, false, true, false, true]);
    }

    #[test]
    fn n10_one_email_among_all_messages_leaves_a_notification() {
        for channel in Channel::ALL {
            let mixed = Assurance::of([channel, Channel::Email, channel]);
            assert_eq!(mixed, Assurance::Notification);
            let alone =
                if channel == Channel::Email { Assurance::Notification } else { Assurance::Possession };
            assert_eq!(Assurance::of([Channel::Sms, channel]), alone);
        }
        assert_eq!(Assurance::of([]), Assurance::Notification);
        assert!(!Channel::Email.may_carry(&Purpose::Payment));
        assert!(!Channel::Email.may_carry(&Purpose::AccountChange));
        assert!(Channel::Email.may_carry(&Purpose::Login));
        assert!(Channel::Voice.may_carry(&Purpose::Payment));
    }
}
