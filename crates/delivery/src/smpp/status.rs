//! What a `command_status` means for a message and for a bind.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::provider::{Reason, Submission};

/// A `command_status` that is not success (SMPP 3.4 §5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u32);

impl Status {
    /// `ESME_RTHROTTLED`.
    pub const THROTTLED: Status = Status(0x58);
    /// `ESME_RX_T_APPN`: the receiver cannot take it just now.
    pub const RECEIVER_BUSY: Status = Status(0x64);
    /// `ESME_RINVCMDLEN`.
    pub const INVALID_LENGTH: Status = Status(0x02);
    /// `ESME_RINVCMDID`.
    pub const INVALID_COMMAND: Status = Status(0x03);
    /// `ESME_RALYBND`: a session of this client is still open over there.
    pub const ALREADY_BOUND: Status = Status(0x05);

    /// Whether a bind that was refused with it will be refused again until a person changes something:
    /// bind failed, wrong password, wrong system id, wrong system type.
    pub const fn stops_a_bind(self) -> bool {
        matches!(self.0, 0x0d | 0x0e | 0x0f | 0x53)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)
    }
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusClass {
    /// Too many at once.
    Throttled,
    /// Not now.
    Transient,
    /// Never: this message or this number.
    Permanent,
    /// Never: the route is set up wrongly, and every message will be refused.
    Config,
}

/// What refusals mean on one route: the specification's statuses, and what the operator says about
/// others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusTable(BTreeMap<u32, StatusClass>);

impl StatusTable {
    /// What a status means. Those of vendors (0x400 and above) and those that nobody knows are
    /// transient: the outbox tries a bounded number of times, by other routes too.
    pub fn class(&self, status: Status) -> StatusClass {
        if let Some(class) = self.0.get(&status.0) {
            return *class;
        }
        match status.0 {
            // Queue full; throttled.
            0x14 | 0x58 => StatusClass::Throttled,
            // Wrong bind state; wrong sender and its ton and npi; credentials; service and system types.
            0x04 | 0x05 | 0x0a | 0x0d..=0x0f | 0x15 | 0x48 | 0x49 | 0x53 => StatusClass::Config,
            // The length or kind of a PDU; its fields; the number, its ton and npi; the text.
            0x01..=0x03
            | 0x06
            | 0x07
            | 0x0b
            | 0x0c
            | 0x11
            | 0x13
            | 0x33
            | 0x34
            | 0x40
            | 0x42..=0x44
            | 0x50
            | 0x51
            | 0x54..=0x57
            | 0x61..=0x63
            | 0xc0..=0xc4 => StatusClass::Permanent,
            _ => StatusClass::Transient,
        }
    }

    /// A refusal, for the outbox.
    pub fn submission(&self, status: Status) -> Submission {
        let reason = |kind: &str| Reason::Owned(format!("smpp_{kind}0x{:02x}", status.0));
        match self.class(status) {
            StatusClass::Throttled => Submission::Throttled { retry_after: None },
            StatusClass::Transient => Submission::Transient { reason: reason(""), retry_after: None },
            StatusClass::Permanent => Submission::Permanent { reason: reason("") },
            StatusClass::Config => Submission::Misconfigured { reason: reason("") },
        }
    }
}

impl FromIterator<(u32, StatusClass)> for StatusTable {
    fn from_iter<T: IntoIterator<Item = (u32, StatusClass)>>(entries: T) -> Self {
        StatusTable(entries.into_iter().collect())
    }
}

impl<'de> Deserialize<'de> for StatusTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = BTreeMap::<String, StatusClass>::deserialize(deserializer)?;
        table
            .into_iter()
            .map(|(key, class)| match number(&key) {
                Some(status) if status != 0 => Ok((status, class)),
                _ => {
                    Err(de::Error::custom("a status is a number above zero, such as \"0x0400\" or \"1024\""))
                }
            })
            .collect()
    }
}

/// A number as `0x…` or in decimal digits.
pub(super) fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_their_class() {
        let table = StatusTable::default();
        for (status, class) in [
            (0x58, StatusClass::Throttled),
            (0x14, StatusClass::Throttled),
            (0x08, StatusClass::Transient),
            (0x45, StatusClass::Transient),
            (0x64, StatusClass::Transient),
            (0x66, StatusClass::Transient),
            (0x400, StatusClass::Transient),
            (0x0b, StatusClass::Permanent),
            (0x0a, StatusClass::Config),
            (0x0e, StatusClass::Config),
            (0x05, StatusClass::Config),
        ] {
            assert_eq!(table.class(Status(status)), class, "{status:#x}");
        }
        let reason = Reason::Borrowed("smpp_0x0a");
        assert_eq!(table.submission(Status(0x0a)), Submission::Misconfigured { reason });
    }

    #[test]
    fn an_operator_says_what_a_vendors_status_means() {
        #[derive(Deserialize)]
        struct Route {
            statuses: StatusTable,
        }
        let read = |text: &str| toml::from_str::<Route>(text).map(|route| route.statuses);
        let table = read("statuses = { \"0x0401\" = \"throttled\", \"1026\" = \"permanent\" }").unwrap();
        assert_eq!(table.class(Status(0x401)), StatusClass::Throttled);
        assert_eq!(table.class(Status(0x402)), StatusClass::Permanent);
        for wrong in ["\"0x0\" = \"throttled\"", "\"x\" = \"throttled\"", "\"1\" = \"odd\""] {
            assert!(read(&format!("statuses = {{ {wrong} }}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wrong_credentials_stop_a_bind_and_a_busy_centre_does_not() {
        for status in [0x0d, 0x0e, 0x0f] {
            assert!(Status(status).stops_a_bind());
        }
        for status in [0x05, 0x08, 0x14, 0x58, 0x400] {
            assert!(!Status(status).stops_a_bind());
        }
    }
}
