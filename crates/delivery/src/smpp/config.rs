//! What an operator says about an SMPP provider.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::message_id::IdForm;
use super::pdu::Role;
use super::status::{StatusTable, number};
use super::text::{Alphabet, Concatenation, TextRules};
use super::validity::Validity;
use crate::backoff::Backoff;

/// An SMPP provider: one service centre, one account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmppConfig {
    /// Its host name or address.
    pub host: String,
    /// Its port; 2775 is usual without TLS, 3550 with it.
    pub port: u16,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// The account; 1 to 15 characters.
    pub system_id: String,
    /// Its password; 8 characters by the specification, up to 64 are sent.
    pub password: Password,
    /// What some service centres want to know about the client; up to 12 characters.
    #[serde(default)]
    pub system_type: String,
    /// The version that is offered.
    #[serde(default)]
    pub interface_version: InterfaceVersion,
    /// Which binds are made.
    #[serde(default)]
    pub bind: BindMode,
    /// How many of them, 1 to 16.
    #[serde(default = "one")]
    pub binds: u8,
    /// Submissions that may be unanswered at once on each bind, 1 to 1000.
    #[serde(default = "ten")]
    pub window: u16,
    /// Submissions a second on each bind, 1 to 100,000; unlimited if absent.
    #[serde(default)]
    pub max_per_second: Option<u32>,
    /// What the service centre takes octets for.
    #[serde(default)]
    pub alphabet: Alphabet,
    /// The `data_coding` of that alphabet, if it is not 0 for `gsm`, 1 for `ascii` and 3 for `latin1`.
    #[serde(default)]
    pub data_coding: Option<u8>,
    /// How long texts travel.
    #[serde(default)]
    pub concatenation: Concatenation,
    /// How the service centre is told when a message expires.
    #[serde(default)]
    pub validity: Validity,
    /// Types of number and numbering plans.
    #[serde(default)]
    pub addresses: AddressRules,
    /// The sender of messages that bring none: a number or a name.
    #[serde(default)]
    pub sender: Option<crate::sender::SenderId>,
    /// `service_type`; up to 5 characters.
    #[serde(default)]
    pub service_type: String,
    /// Parameters of the vendor's own that go with every message.
    #[serde(default)]
    pub tlvs: Vec<TlvConfig>,
    /// Whether receipts are asked for.
    #[serde(default)]
    pub receipts: Receipts,
    /// Whether messages are taken back by `cancel_sm` when their verification has ended or their code was
    /// replaced. Some service centres refuse every one, and some charge for it.
    #[serde(default)]
    pub cancel: bool,
    /// Whether the service centre is asked by `query_sm` about a message whose receipt is overdue. Some know
    /// none of their messages, and some charge for it.
    #[serde(default)]
    pub query: bool,
    /// How receipts write the ids of messages.
    #[serde(default)]
    pub receipt_ids: IdForm,
    /// What statuses of the vendor's own mean, as `"0x0401" = "throttled"`.
    #[serde(default)]
    pub statuses: StatusTable,
    /// How long to wait.
    #[serde(default)]
    pub timing: Timing,
}

fn one() -> u8 {
    1
}

fn ten() -> u16 {
    10
}

/// A password. No Debug; wiped when dropped.
#[derive(Clone, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// From what was read elsewhere, such as a file of its own.
    pub fn new(password: String) -> Self {
        Password(password)
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// How a connection is encrypted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The name in the service centre's certificate, if it is not the host.
    #[serde(default)]
    pub server_name: Option<String>,
    /// A PEM file of the authorities to believe instead of the machine's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum InterfaceVersion {
    /// 3.4, which carriers speak.
    #[default]
    #[serde(rename = "3.4")]
    V3_4,
    /// 5.0.
    #[serde(rename = "5.0")]
    V5_0,
}

impl InterfaceVersion {
    pub(super) const fn octet(self) -> u8 {
        match self {
            InterfaceVersion::V3_4 => 0x34,
            InterfaceVersion::V5_0 => 0x50,
        }
    }
}

/// Which binds are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindMode {
    /// One connection both ways.
    #[default]
    Transceiver,
    /// One connection for messages and one for receipts.
    Separate,
}

impl BindMode {
    /// The connections that it takes.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            BindMode::Transceiver => &[Role::Transceiver],
            BindMode::Separate => &[Role::Transmitter, Role::Receiver],
        }
    }
}

/// Whether receipts are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipts {
    /// For success and failure.
    #[default]
    All,
    /// For failure only.
    Failures,
    /// None.
    None,
}

impl Receipts {
    /// `registered_delivery` (SMPP 3.4 §5.2.17).
    pub(super) const fn octet(self) -> u8 {
        match self {
            Receipts::None => 0,
            Receipts::All => 1,
            Receipts::Failures => 2,
        }
    }
}

/// Types of number and numbering plans (SMPP 3.4 §5.2.5, §5.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddressRules {
    /// Of senders that are names.
    pub name_ton: u8,
    /// Of senders that are names.
    pub name_npi: u8,
    /// Of senders that are telephone numbers.
    pub number_ton: u8,
    /// Of senders that are telephone numbers.
    pub number_npi: u8,
    /// Of senders that are short codes: at most 8 digits without a plus.
    pub short_code_ton: u8,
    /// Of senders that are short codes.
    pub short_code_npi: u8,
    /// Of phones.
    pub destination_ton: u8,
    /// Of phones.
    pub destination_npi: u8,
}

impl Default for AddressRules {
    /// What most service centres expect: names 5/0, numbers 1/1, short codes 3/0.
    fn default() -> Self {
        AddressRules {
            name_ton: 5,
            name_npi: 0,
            number_ton: 1,
            number_npi: 1,
            short_code_ton: 3,
            short_code_npi: 0,
            destination_ton: 1,
            destination_npi: 1,
        }
    }
}

/// A parameter of a vendor's own, such as India's DLT entity (0x1400) and template (0x1401).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlvConfig {
    /// Its tag, as `"0x1400"` or a number.
    #[serde(deserialize_with = "tag")]
    pub tag: u16,
    /// Its value.
    #[serde(flatten)]
    pub value: TlvValue,
}

/// The value of a vendor's parameter.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlvValue {
    /// ASCII without an end mark.
    Text(String),
    /// ASCII with a NUL behind it.
    CString(String),
    /// Octets in hexadecimal.
    Hex(String),
}

impl TlvValue {
    /// Its octets.
    pub(super) fn octets(&self) -> Option<Vec<u8>> {
        match self {
            TlvValue::Text(text) if text.is_ascii() => Some(text.as_bytes().to_vec()),
            TlvValue::CString(text) if text.is_ascii() && !text.contains('\0') => {
                Some(text.bytes().chain([0]).collect())
            }
            TlvValue::Hex(hex) if hex.is_ascii() && hex.len().is_multiple_of(2) => hex
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect(),
            TlvValue::Text(_) | TlvValue::CString(_) | TlvValue::Hex(_) => None,
        }
    }
}

fn tag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Tag {
        Number(u16),
        Text(String),
    }
    match Tag::deserialize(deserializer)? {
        Tag::Number(tag) => Ok(tag),
        Tag::Text(text) => number(&text)
            .and_then(|tag| u16::try_from(tag).ok())
            .ok_or_else(|| de::Error::custom("a tag is a number up to 0xFFFF, such as \"0x1400\"")),
    }
}

/// How long to wait, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// For a connection, TLS included.
    pub connect_ms: u64,
    /// For the answer to a bind.
    pub bind_ms: u64,
    /// For the answer to a submission; then it is unknown what became of it.
    pub response_ms: u64,
    /// For a place in the window; then the message was not written.
    pub queue_ms: u64,
    /// Silence after which the peer is asked whether it is there.
    pub idle_ms: u64,
    /// For the answer to that. Two missed ones end the connection.
    pub enquire_link_ms: u64,
    /// How long submissions pause after the peer said that there were too many.
    pub throttle_pause_ms: u64,
    /// The first bound of the wait before another connection is tried; it doubles with every failure.
    pub reconnect_first_ms: u64,
    /// Its last bound.
    pub reconnect_longest_ms: u64,
    /// How long a shutdown waits for answers, and again for the answer to its unbind.
    pub shutdown_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            connect_ms: 3_000,
            bind_ms: 5_000,
            response_ms: 5_000,
            queue_ms: 1_000,
            idle_ms: 15_000,
            enquire_link_ms: 5_000,
            throttle_pause_ms: 500,
            // After a service centre has come back, messages flow again within 5 s (issue 3, "It must
            // show" 4).
            reconnect_first_ms: 250,
            reconnect_longest_ms: 4_000,
            shutdown_ms: 2_000,
        }
    }
}

impl Timing {
    pub(super) fn backoff(&self) -> Option<Backoff> {
        Backoff::new(
            Duration::from_millis(self.reconnect_first_ms),
            Duration::from_millis(self.reconnect_longest_ms),
        )
        .ok()
    }

    fn makes_sense(&self) -> bool {
        let hour = 1..=3_600_000;
        let waits = [
            self.connect_ms,
            self.bind_ms,
            self.response_ms,
            self.queue_ms,
            self.idle_ms,
            self.enquire_link_ms,
        ];
        let pauses = [self.throttle_pause_ms, self.shutdown_ms];
        waits.iter().all(|ms| hour.contains(ms))
            && pauses.iter().all(|ms| *ms <= 60_000)
            && self.backoff().is_some()
    }
}

/// A setting that cannot be. Shows no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmppSetupError {
    /// A field has a value that it may not have.
    #[error("{field} {expected}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// The file of certificate authorities.
    #[error("tls.ca_file cannot be read, or holds no certificates in PEM")]
    Authorities,
    /// The machine has no certificate authorities.
    #[error(
        "this machine has no certificate authorities to check a TLS connection with; install them (package ca-certificates) or set tls.ca_file"
    )]
    NoAuthorities,
}

impl SmppConfig {
    /// Whether all of it can be; says the first thing that cannot.
    pub fn check(&self) -> Result<(), SmppSetupError> {
        let text =
            |text: &str, max: usize| text.len() <= max && text.bytes().all(|b| (0x20..0x7f).contains(&b));
        let tls_name = self.tls.as_ref().and_then(|tls| tls.server_name.as_ref());
        let tlvs = self.tlvs.iter().all(|tlv| tlv.value.octets().is_some_and(|octets| octets.len() <= 1_024));
        let checks = [
            ("host", !self.host.is_empty(), "is a host name or an address"),
            ("port", self.port != 0, "is 1 to 65535"),
            (
                "system_id",
                text(&self.system_id, 15) && !self.system_id.is_empty(),
                "has 1 to 15 ASCII characters",
            ),
            ("password", text(self.password.expose(), 64), "has at most 64 ASCII characters"),
            ("system_type", text(&self.system_type, 12), "has at most 12 ASCII characters"),
            ("service_type", text(&self.service_type, 5), "has at most 5 ASCII characters"),
            ("binds", (1..=16).contains(&self.binds), "is 1 to 16"),
            ("window", (1..=1_000).contains(&self.window), "is 1 to 1000"),
            (
                "max_per_second",
                self.max_per_second.is_none_or(|n| (1..=100_000).contains(&n)),
                "is 1 to 100000",
            ),
            (
                "tls.server_name",
                tls_name.is_none_or(|name| !name.is_empty()),
                "is the name in the certificate",
            ),
            (
                "tlvs",
                tlvs && self.tlvs.len() <= 16,
                "are at most 16, of at most 1024 octets, ASCII or pairs of hexadecimal digits",
            ),
            (
                "timing",
                self.timing.makes_sense(),
                "has waits of 1 ms to an hour, pauses of at most a minute, and reconnect_first_ms no longer than reconnect_longest_ms, which is at most ten minutes",
            ),
        ];
        match checks.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, expected)) => Err(SmppSetupError::Field { field, expected }),
            None => Ok(()),
        }
    }

    /// How this route writes texts; its measure says what a text costs here.
    pub fn text_rules(&self) -> TextRules {
        TextRules {
            alphabet: self.alphabet,
            data_coding: self.data_coding,
            concatenation: self.concatenation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str =
        "host = \"smsc.example\"\nport = 2775\nsystem_id = \"shop\"\npassword = \"secret08\"\n";

    fn read(more: &str) -> Result<SmppConfig, toml::de::Error> {
        toml::from_str(&format!("{SMALLEST}{more}"))
    }

    #[test]
    fn four_lines_are_enough() {
        let config = read("").unwrap();
        assert_eq!(config.check(), Ok(()));
        assert_eq!((config.binds, config.window, config.bind), (1, 10, BindMode::Transceiver));
        assert!(!format!("{config:?}").contains("secret08"));
    }

    #[test]
    fn the_file_of_the_documentation_is_one() {
        let page = include_str!("../../../../docs/smpp.md");
        let file = page.split_once("```toml carrier\n").unwrap().1.split_once("\n```").unwrap().0;
        let config: SmppConfig = toml::from_str(file).unwrap();
        assert_eq!(config.check(), Ok(()));
        let (told, default) =
            (format!("{config:?}"), read("max_per_second = 30\nsender = \"Shop\"\n").unwrap());
        assert_eq!(
            (config.window, config.binds, config.alphabet),
            (default.window, default.binds, default.alphabet)
        );
        assert!(!told.contains("secret12"));
    }

    #[test]
    fn everything_can_be_said() {
        let config = read(
            "tls = { server_name = \"x\" }\nbind = \"separate\"\nalphabet = \"latin1\"\ndata_coding = 0\n\
             concatenation = \"udh_16bit\"\ninterface_version = \"5.0\"\nvalidity = \"absolute\"\n\
             receipts = \"failures\"\nreceipt_ids = \"receipt_hex\"\nmax_per_second = 30\nsender = \"Shop\"\n\
             statuses = { \"0x401\" = \"throttled\" }\naddresses = { name_ton = 0 }\ntiming = { idle_ms = 5 }\n\
             tlvs = [{ tag = \"0x1400\", text = \"1101\" }, { tag = 5121, hex = \"00ff\" }, { tag = 1, c_string = \"a\" }]\n",
        )
        .unwrap();
        assert_eq!(config.check(), Ok(()));
        let octets: Vec<_> = config.tlvs.iter().map(|tlv| (tlv.tag, tlv.value.octets().unwrap())).collect();
        assert_eq!(octets, [(0x1400, b"1101".to_vec()), (0x1401, vec![0, 255]), (1, b"a\0".to_vec())]);
        assert_eq!((config.addresses.name_ton, config.addresses.number_ton), (0, 1));
    }

    #[test]
    fn what_cannot_be_is_pointed_at() {
        assert!(read("windw = 3").is_err());
        assert!(read("timing = { idle = 3 }").is_err());
        assert!(read("tlvs = [{ tag = \"0x10000\", text = \"\" }]").is_err());
        for (more, field) in [
            ("window = 0", "window"),
            ("binds = 17", "binds"),
            ("max_per_second = 0", "max_per_second"),
            ("system_type = \"1234567890123\"", "system_type"),
            ("tlvs = [{ tag = 1, hex = \"0\" }]", "tlvs"),
            ("timing = { response_ms = 0 }", "timing"),
            ("timing = { reconnect_longest_ms = 1 }", "timing"),
        ] {
            let error = read(more).unwrap().check().unwrap_err();
            assert!(matches!(error, SmppSetupError::Field { field: found, .. } if found == field), "{more}");
        }
    }
}
