//! Devices that customers are known by: a value in a browser's cookie, handed out when a code was right there, and
//! another one at each use (fraud.md C.3).
//!
//! A cookie is no authenticator (NIST SP 800-63B-4 §3.2.1): it lowers risk and keeps places, and proves nothing. It is
//! bound to app, phone, customer and [`PurposeClass`].
//!
//! Of a device a *family* of values is known: a random name and a count. The value of each count is a MAC over both, so
//! that the store holds none, and a repeated request is answered with the same one. Of a family one value is good, and
//! the one before it once more for [`GRACE`]; whoever shows an older one has a copy, and the family ends.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::id::{AppId, VerificationId};
use crate::keyring::{Epoch, Keyring, Tag};
use crate::purpose::Purpose;
use crate::subject::SubjectKey;
use crate::time::Timestamp;
use crate::verification::CommandId;

/// How long a device is trusted, from the right code on and however often it is used (fraud.md C.3).
pub const DEVICE_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);
/// Devices of one phone at most; the oldest goes.
pub const MAX_DEVICES: usize = 8;
/// How long the value before the current one is still good, once: for two tabs that ask at the same time, and for an
/// answer that was lost.
pub const GRACE: Duration = Duration::from_secs(60);

const PREFIX: &str = "cvd_";
const VALUE: &str = "device/value";
const SEAL_NONCE: &str = "device/seal";
const SEAL_KEY: &str = "countersign/device.token/v1";
const NONCE_BYTES: usize = 24;
const MAC_BYTES: usize = 16;
const NAMES_BYTES: usize = 16 + 16 + 4;
const OPEN_BYTES: usize = NAMES_BYTES + 16;

/// The characters of every token.
pub const TOKEN_CHARS: usize = PREFIX.len() + ((NONCE_BYTES + OPEN_BYTES + MAC_BYTES) * 4).div_ceil(3);

/// What a device is trusted for: what it was proved for, and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurposeClass {
    /// `login` and `signup`.
    Access,
    /// `payment` and `order`.
    Payment,
    /// `account_change`.
    Account,
    /// The shop's own words.
    Other,
}

impl PurposeClass {
    /// The class of a purpose.
    pub const fn of(purpose: &Purpose) -> Self {
        match purpose {
            Purpose::Login | Purpose::Signup => PurposeClass::Access,
            Purpose::Payment | Purpose::Order => PurposeClass::Payment,
            Purpose::AccountChange => PurposeClass::Account,
            Purpose::Custom(_) => PurposeClass::Other,
        }
    }

    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            PurposeClass::Access => "access",
            PurposeClass::Payment => "payment",
            PurposeClass::Account => "account",
            PurposeClass::Other => "other",
        }
    }
}

/// Names one device: 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceFamily(#[serde(with = "crate::sealed::base64_array")] pub [u8; 16]);

/// One value of a device: which it is, and not the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceMark {
    /// The device.
    pub family: DeviceFamily,
    /// Counts its values.
    pub generation: u32,
}

/// What came of a token that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceUse {
    /// It is the customer's trusted device; this is its next value.
    Trusted(DeviceMark),
    /// Somebody has a copy of an old value: the device is trusted no more.
    Theft,
    /// It is no trusted device of this customer, phone and class of purposes.
    Unknown,
}

impl DeviceUse {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeviceUse::Trusted(_) => "trusted",
            DeviceUse::Theft => "theft",
            DeviceUse::Unknown => "unknown",
        }
    }
}

/// A token as it was shown: genuine by its seal, and not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct PresentedDevice {
    mark: DeviceMark,
    value: [u8; 16],
}

impl fmt::Debug for PresentedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedDevice(…)")
    }
}

/// A token to be given out. Wiped on drop, and no log shows it.
pub struct DeviceToken(Zeroizing<String>);

impl DeviceToken {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(…)")
    }
}

/// A trusted device, as the record of its phone keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedDevice {
    family: DeviceFamily,
    /// Whose it is.
    customer: Tag,
    /// What it is trusted for.
    purposes: PurposeClass,
    /// What a restore ends.
    epoch: Epoch,
    /// The verification whose code was typed there: its timeline tells of a theft.
    granted_by: VerificationId,
    trusted_at: Timestamp,
    /// Of the value that is good now.
    generation: u32,
    rotated_at: Timestamp,
    /// The request that was answered with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated_by: Option<CommandId>,
    /// Whether the value before it was shown since.
    previous: Previous,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Previous {
    Open,
    Shown,
}

impl TrustedDevice {
    /// Which one it is.
    pub const fn family(&self) -> DeviceFamily {
        self.family
    }

    /// The verification that it was granted by.
    pub const fn granted_by(&self) -> VerificationId {
        self.granted_by
    }

    fn is_live(&self, epoch: Epoch, now: Timestamp) -> bool {
        self.epoch == epoch && now < self.trusted_at.plus(DEVICE_LIFETIME)
    }

    const fn mark(&self) -> DeviceMark {
        DeviceMark { family: self.family, generation: self.generation }
    }
}

/// Who shows a token, for what, and when.
#[derive(Clone, Copy)]
pub struct Showing<'a> {
    /// The keys.
    pub keyring: &'a Keyring,
    /// The app.
    pub app: AppId,
    /// The phone.
    pub subject: SubjectKey,
    /// The customer, where one is named: nobody else has a trusted device.
    pub customer: Option<Tag>,
    /// What for.
    pub purposes: PurposeClass,
    /// The request, where it may be repeated.
    pub command: Option<CommandId>,
    /// When.
    pub now: Timestamp,
}

/// What a token is, before anything changes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The current value: the device gets its next one.
    Current(DeviceFamily),
    /// The one before, by the very request that rotated it, or once within the grace.
    Before(DeviceFamily),
    /// An older one.
    Stolen(DeviceFamily),
    /// None of these.
    Unknown,
}

impl Sight {
    /// Whether it makes who shows it the customer on her trusted device.
    pub const fn is_trusted(self) -> bool {
        matches!(self, Sight::Current(_) | Sight::Before(_))
    }
}

/// The trusted devices of one phone, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Devices(Vec<TrustedDevice>);

impl Devices {
    /// None.
    pub const NONE: Devices = Devices(Vec::new());

    /// All of them, dead ones included.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedDevice> {
        self.0.iter()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the phone has one whose time is not over. Those of before a restore count too: who judges by this only
    /// keeps places.
    pub fn any(&self, now: Timestamp) -> bool {
        self.0.iter().any(|device| now < device.trusted_at.plus(DEVICE_LIFETIME))
    }

    /// What a token is. An old value is a theft whoever shows it for what; a good one is good for its own customer and
    /// class of purposes only.
    pub fn look(&self, presented: &PresentedDevice, showing: &Showing<'_>) -> Sight {
        let Showing { keyring, app, subject, .. } = *showing;
        let PresentedDevice { mark: DeviceMark { family, generation }, value } = presented;
        let Some(device) = self.0.iter().find(|device| device.family == *family) else {
            return Sight::Unknown;
        };
        let genuine: bool = keyring.device_value(app, subject, presented.mark).ct_eq(value).into();
        if !genuine || !device.is_live(keyring.epoch, showing.now) || *generation > device.generation {
            return Sight::Unknown;
        }
        let is_current = *generation == device.generation;
        let is_before = generation.checked_add(1) == Some(device.generation);
        let is_repeated = showing.command.is_some() && showing.command == device.rotated_by;
        let has_grace = device.previous == Previous::Open && showing.now < device.rotated_at.plus(GRACE);
        if !is_current && !(is_before && (is_repeated || has_grace)) {
            return Sight::Stolen(*family);
        }
        if showing.customer != Some(device.customer) || showing.purposes != device.purposes {
            return Sight::Unknown;
        }
        if is_current { Sight::Current(*family) } else { Sight::Before(*family) }
    }

    /// Does what a sight asks for: the device gets its next value, or ends.
    pub fn take(&mut self, sight: Sight, command: Option<CommandId>, now: Timestamp) -> DeviceUse {
        let (Sight::Current(family) | Sight::Before(family) | Sight::Stolen(family)) = sight else {
            return DeviceUse::Unknown;
        };
        if sight == Sight::Stolen(family) {
            self.drop_family(family);
            return DeviceUse::Theft;
        }
        let Some(device) = self.0.iter_mut().find(|device| device.family == family) else {
            return DeviceUse::Unknown;
        };
        if sight == Sight::Current(family) {
            // A count that is full would begin anew with values that were handed out: no more of them.
            device.generation = device.generation.saturating_add(1);
            device.rotated_at = now;
            device.rotated_by = command;
            device.previous = Previous::Open;
        } else if command.is_none() || command != device.rotated_by {
            device.previous = Previous::Shown;
        }
        DeviceUse::Trusted(device.mark())
    }

    /// Trusts one more device; the oldest makes room.
    pub fn grant(&mut self, grant: Grant, epoch: Epoch, now: Timestamp) -> DeviceMark {
        self.0.retain(|device| device.is_live(epoch, now) && Some(device.family) != grant.replaces);
        if self.0.len() >= MAX_DEVICES {
            self.0.remove(0);
        }
        let device = TrustedDevice {
            family: grant.family,
            customer: grant.customer,
            purposes: grant.purposes,
            epoch,
            granted_by: grant.granted_by,
            trusted_at: now,
            generation: 0,
            rotated_at: now,
            rotated_by: None,
            previous: Previous::Shown,
        };
        let mark = device.mark();
        self.0.push(device);
        mark
    }

    /// Forgets one. Says whether it was there.
    pub fn drop_family(&mut self, family: DeviceFamily) -> bool {
        self.drop_where(|device| device.family == family) > 0
    }

    /// Forgets those of a customer; says how many.
    pub fn drop_customer(&mut self, customer: Tag) -> usize {
        self.drop_where(|device| device.customer == customer)
    }

    /// Forgets those that a verification granted; says how many.
    pub fn drop_granted_by(&mut self, verification: VerificationId) -> usize {
        self.drop_where(|device| device.granted_by == verification)
    }

    /// Forgets all; says how many.
    pub fn clear(&mut self) -> usize {
        self.drop_where(|_| true)
    }

    fn drop_where(&mut self, is_dropped: impl Fn(&TrustedDevice) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain(|device| !is_dropped(device));
        before - self.0.len()
    }
}

/// A device that is to be trusted.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// Its name, fresh and random.
    pub family: DeviceFamily,
    /// Whose it is.
    pub customer: Tag,
    /// What for.
    pub purposes: PurposeClass,
    /// The verification whose code was typed there.
    pub granted_by: VerificationId,
    /// What the same browser was known by before.
    pub replaces: Option<DeviceFamily>,
}

impl Keyring {
    /// The token of a value. The same each time.
    pub fn device_token(&self, app: AppId, subject: SubjectKey, mark: DeviceMark) -> DeviceToken {
        let value = self.device_value(app, subject, mark);
        let open = Zeroizing::new([&names(subject, mark)[..], &value].concat());
        let mut nonce = [0; NONCE_BYTES];
        // Two values never have the same one, so the seal's nonce is never used twice.
        nonce[..16].copy_from_slice(&self.tag(SEAL_NONCE, app, &value).0);
        let sealed = device_cipher(self, app)
            .encrypt(&XNonce::from(nonce), Payload { msg: &open, aad: PREFIX.as_bytes() })
            .unwrap_or_default();
        debug_assert!(!sealed.is_empty(), "encrypting a few bytes in memory cannot fail");
        let text = URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat());
        DeviceToken(Zeroizing::new(format!("{PREFIX}{text}")))
    }

    /// The phone and the value that a token names, if it is one of this app. Says nothing about whether it is good.
    pub fn read_device_token(&self, app: AppId, text: &str) -> Option<(SubjectKey, PresentedDevice)> {
        let text = text.strip_prefix(PREFIX).filter(|_| text.len() == TOKEN_CHARS)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: PREFIX.as_bytes() };
        let open = Zeroizing::new(device_cipher(self, app).decrypt(&XNonce::from(nonce), payload).ok()?);
        let (subject, rest) = open.split_at_checked(16)?;
        let (family, rest) = rest.split_at_checked(16)?;
        let (generation, value) = rest.split_at_checked(4)?;
        let mark = DeviceMark {
            family: DeviceFamily(family.try_into().ok()?),
            generation: u32::from_be_bytes(generation.try_into().ok()?),
        };
        let presented = PresentedDevice { mark, value: value.try_into().ok()? };
        Some((SubjectKey(subject.try_into().ok()?), presented))
    }

    fn device_value(&self, app: AppId, subject: SubjectKey, mark: DeviceMark) -> [u8; 16] {
        let named = [&names(subject, mark)[..], &self.epoch.0.to_be_bytes()].concat();
        self.tag(VALUE, app, &named).0
    }
}

fn names(subject: SubjectKey, mark: DeviceMark) -> [u8; NAMES_BYTES] {
    let mut bytes = [0; NAMES_BYTES];
    bytes[..16].copy_from_slice(&subject.0);
    bytes[16..32].copy_from_slice(&mark.family.0);
    bytes[32..].copy_from_slice(&mark.generation.to_be_bytes());
    bytes
}

/// Not of the ring that seals phones: a token outlives a key of that ring.
fn device_cipher(keyring: &Keyring, app: AppId) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(keyring.tag.expand(SEAL_KEY, app.as_bytes()).expose().into())
}
