//! One phone number inside one app: the consistency domain.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::device::Devices;
use crate::guard::known::Successes;
use crate::id::{AppId, VerificationId};
use crate::keyring::Tag;
use crate::policy::{FailureLimits, MAX_CONSECUTIVE_FAILURES};
use crate::time::Timestamp;
use crate::verification::{CommandId, Standing, Verification};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Starts remembered as having found their verification.
pub const MAX_FOUND: usize = 8;
/// Customers remembered as having proved the phone.
pub const MAX_KNOWN_CUSTOMERS: usize = 4;

/// Whether a key moves real messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Messages reach carriers and cost money.
    Live,
    /// Messages reach the simulated phone only.
    Test,
}

impl Mode {
    /// Its word in keys, ids and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Live => "live",
            Mode::Test => "test",
        }
    }
}

/// The blind index of a phone in an app: all that is kept of the number in clear.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubjectKey(#[serde(with = "crate::sealed::base64_array")] pub [u8; 16]);

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// One phone number inside one app: its counters, and the verifications that a step may need.
///
/// A store keeps the counters and each verification apart and brings together, on load, the live
/// verifications and the one that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The app.
    pub app: AppId,
    /// The blind index of the phone.
    pub key: SubjectKey,
    /// What is kept of the phone itself.
    pub record: SubjectRecord,
    /// Every live verification, and the one that a command names. Shared: a step copies the one that it
    /// changes.
    pub verifications: Vec<Arc<Verification>>,
}

/// What is kept of a phone in an app: counters and dates, no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// The time of the last step: no clock goes back behind it (design 6, Time; I13).
    pub last_step_at: Timestamp,
    /// The pending verifications.
    pub live: Vec<VerificationId>,
    /// Sends that customers asked for in the last 24 hours, oldest first.
    pub sends: Vec<Timestamp>,
    /// Wrong guesses of strangers.
    pub stranger_failures: Failures,
    /// Wrong guesses in verifications of known customers, which strangers cannot add to.
    pub customer_failures: Failures,
    /// Wrong guesses on trusted devices, which nobody else can add to.
    #[serde(default)]
    pub device_failures: Failures,
    /// Customers who proved this phone, most recent last.
    pub known_customers: Vec<Tag>,
    /// Devices that a right code was typed on, trusted since.
    #[serde(default, skip_serializing_if = "Devices::is_empty")]
    pub devices: Devices,
    /// The last starts that found their verification instead of making one, where they may be retried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<FoundStart>,
    /// The first approval ever.
    pub first_approved_at: Option<Timestamp>,
    /// The last one.
    pub last_approved_at: Option<Timestamp>,
    /// When it was verified, and by whom: what makes it a known number to the guard.
    #[serde(default, skip_serializing_if = "Successes::is_none")]
    pub successes: Successes,
    /// Whether the shop put it on a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
}

/// The list of an app that a number is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// The detectors do not judge it. The limits of a phone and the caps on spend hold.
    Allowed,
    /// It gets no message.
    Blocked,
}

impl Listed {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Listed::Allowed => "allowed",
            Listed::Blocked => "blocked",
        }
    }
}

/// A start that found its verification: its retry finds the same one, even if that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundStart {
    /// The start.
    pub command: CommandId,
    /// What it found.
    pub verification: VerificationId,
}

/// Wrong guesses on a phone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// In a row: only a success clears them (NIST SP 800-63B-4 §3.2.2, N6).
    pub consecutive: u32,
    /// Those of the last 24 hours, oldest first; at most as many as any limit counts.
    pub recent: Vec<Timestamp>,
}

/// Whether guesses on a phone are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// They are.
    Open,
    /// Not before this time.
    Until(Timestamp),
    /// Not before the phone is bound anew (NIST SP 800-63B-4 §3.2.2, N5).
    Disabled,
}

impl Failures {
    const MAX_RECENT: usize = 100;

    /// Counts a wrong guess.
    pub fn add(&mut self, now: Timestamp) {
        self.consecutive = self.consecutive.saturating_add(1);
        self.recent.retain(|&at| at > now.minus(DAY));
        if self.recent.len() >= Self::MAX_RECENT {
            self.recent.remove(0);
        }
        self.recent.push(now);
    }

    /// Forgets all of them after a success (N6).
    pub fn clear(&mut self) {
        *self = Failures::default();
    }

    /// Whether guesses are evaluated now (fraud.md B.2: 10 in an hour, 25 in 24 hours, 100 in a row).
    pub fn lock(&self, limits: FailureLimits, now: Timestamp) -> Lock {
        if self.consecutive >= MAX_CONSECUTIVE_FAILURES {
            return Lock::Disabled;
        }
        let until = [(limits.per_hour, HOUR), (limits.per_day, DAY)]
            .into_iter()
            .filter_map(|(limit, window)| free_again_at(&self.recent, usize::from(limit), window, now))
            .max();
        until.map_or(Lock::Open, Lock::Until)
    }
}

/// When a sliding window of `limit` occurrences has room again; nothing when it has room now.
pub(crate) fn free_again_at(
    occurrences: &[Timestamp],
    limit: usize,
    window: Duration,
    now: Timestamp,
) -> Option<Timestamp> {
    let inside = occurrences.iter().filter(|&&at| at > now.minus(window)).count();
    if inside < limit {
        return None;
    }
    // Room comes when all but `limit - 1` of them have left the window.
    let leaves_last = occurrences.len().checked_sub(limit.max(1))?;
    occurrences.get(leaves_last).map(|at| at.plus(window))
}

impl SubjectRecord {
    /// The verification that a start of this name found before.
    pub fn found_by(&self, command: Option<CommandId>) -> Option<VerificationId> {
        let command = command?;
        self.found.iter().find(|found| found.command == command).map(|found| found.verification)
    }
}

impl Subject {
    /// A phone that was never seen.
    pub const fn unseen(app: AppId, key: SubjectKey) -> Self {
        Subject {
            app,
            key,
            record: SubjectRecord {
                last_step_at: Timestamp::EPOCH,
                live: Vec::new(),
                sends: Vec::new(),
                stranger_failures: Failures { consecutive: 0, recent: Vec::new() },
                customer_failures: Failures { consecutive: 0, recent: Vec::new() },
                device_failures: Failures { consecutive: 0, recent: Vec::new() },
                known_customers: Vec::new(),
                devices: Devices::NONE,
                found: Vec::new(),
                first_approved_at: None,
                last_approved_at: None,
                successes: Successes::NONE,
                listed: None,
            },
            verifications: Vec::new(),
        }
    }

    /// A verification that was loaded with it.
    pub fn verification(&self, id: VerificationId) -> Option<&Verification> {
        self.shared(id).map(Arc::as_ref)
    }

    /// The same, to be kept.
    pub fn shared(&self, id: VerificationId) -> Option<&Arc<Verification>> {
        self.verifications.iter().find(|v| v.id == id)
    }

    pub(crate) fn verification_mut(&mut self, id: VerificationId) -> Option<&mut Verification> {
        self.verifications.iter_mut().find(|v| v.id == id).map(Arc::make_mut)
    }

    /// The failures that a verification of this standing is judged by and adds to.
    pub const fn failures(&self, standing: Standing) -> &Failures {
        match standing {
            Standing::Stranger => &self.record.stranger_failures,
            Standing::KnownCustomer => &self.record.customer_failures,
            Standing::TrustedDevice => &self.record.device_failures,
        }
    }

    pub(crate) const fn failures_mut(&mut self, standing: Standing) -> &mut Failures {
        match standing {
            Standing::Stranger => &mut self.record.stranger_failures,
            Standing::KnownCustomer => &mut self.record.customer_failures,
            Standing::TrustedDevice => &mut self.record.device_failures,
        }
    }
}
