//! Key material, and everything that is derived from it.
//!
//! Every key of the ring has an id (`kid`), so that a new key can be introduced while values made
//! under an old one still live. Per-app keys are HKDF-SHA-256 expansions (RFC 5869) of a ring key,
//! so that two apps cannot be joined through their blind indexes.

use std::fmt;
use std::sync::OnceLock;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::code::{Code, CodeFormat};
use crate::email::EmailAddress;
use crate::guard::Keyer;
use crate::id::{AppId, Partition, VerificationId};
use crate::phone::{E164, PhoneEnding};
use crate::purpose::Purpose;
use crate::sealed::{SealedEmail, SealedEnding, SealedJournal, SealedPhone};
use crate::subject::{Mode, SubjectKey};
use crate::time::Timestamp;
use crate::transaction::TransactionDigest;

/// Counts restores: what was issued in an earlier epoch is dead (crypto-and-testing.md F.1), so that
/// a restored backup cannot revive a consumed code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// Names one key of a ring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyName(pub String);

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 256 secret bits. No Debug, wiped on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret {
    bytes: [u8; 32],
    /// Expanding an Ed25519 seed costs as much as a signature: done once. Wipes itself.
    #[zeroize(skip)]
    signing: OnceLock<Box<SigningKey>>,
}

impl Secret {
    /// From 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Secret { bytes, signing: OnceLock::new() }
    }

    /// The bytes, for the file that keeps them.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    fn signing_key(&self) -> &SigningKey {
        self.signing.get_or_init(|| Box::new(SigningKey::from_bytes(&self.bytes)))
    }

    pub(crate) fn expand(&self, label: &str, context: &[u8]) -> Secret {
        let mut out = [0; 32];
        if let Ok(expander) = Hkdf::<Sha256>::from_prk(&self.bytes) {
            let filled = expander.expand_multi_info(&[label.as_bytes(), b"\0", context], &mut out);
            debug_assert!(filled.is_ok());
        }
        Secret::from_bytes(out)
    }

    fn mac(&self) -> Hmac<Sha256> {
        // HMAC pads a key shorter than its 64-byte block with zeros (RFC 2104 §2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.bytes);
        let mac = Hmac::<Sha256>::new(&block.into());
        block.zeroize();
        mac
    }
}

/// One key of a ring, with its name and the time it was made.
#[derive(Clone)]
pub struct RingKey {
    /// Its name.
    pub name: KeyName,
    /// Its secret.
    pub secret: Secret,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Keys of one use, newest first. The first one is active; the others still open what they closed.
#[derive(Clone)]
pub struct Ring {
    active: RingKey,
    retired: Vec<RingKey>,
}

impl Ring {
    /// A ring with one active key and those that came before it.
    pub const fn new(active: RingKey, retired: Vec<RingKey>) -> Self {
        Ring { active, retired }
    }

    /// The key that new values are made with.
    pub const fn active(&self) -> &RingKey {
        &self.active
    }

    /// Every key, the active one first.
    pub fn iter(&self) -> impl Iterator<Item = &RingKey> {
        std::iter::once(&self.active).chain(&self.retired)
    }

    fn find(&self, name: &KeyName) -> Option<&RingKey> {
        self.iter().find(|key| &key.name == name)
    }
}

/// The proof keys: those of [`Ring`], and the next one, published before it signs anything.
#[derive(Clone)]
pub struct ProofRing {
    /// Signs; the retired ones still verify.
    pub current: Ring,
    /// Signs after the next rotation; is in the JWKS already.
    pub next: RingKey,
}

/// All key material of an instance. Lives beside the store, never in it.
#[derive(Clone)]
pub struct Keyring {
    /// Derives codes.
    pub code: Ring,
    /// Seals phone numbers.
    pub phone: Ring,
    /// Finds phone numbers without storing them (blind index).
    pub index: Secret,
    /// Everything that is only ever compared: sessions, customer references, idempotency keys.
    pub tag: Secret,
    /// Signs proofs.
    pub proof: ProofRing,
    /// Counts restores.
    pub epoch: Epoch,
}

/// Something that needs a key that the ring does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key is not in the ring.
    #[error("the key ring has no key \"{0}\"; was it restored with the database it belongs to?")]
    Missing(KeyName),
    /// The sealed value was made under other keys or moved from its place.
    #[error("a sealed phone number does not open with the key it names")]
    Unsealing,
}

/// 128 bits that stand for a value which is only ever compared: a session, a customer reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(#[serde(with = "crate::sealed::base64_array")] pub [u8; 16]);

/// What a code is derived from besides its key (design 4).
pub struct CodeInput<'a> {
    /// The app.
    pub app: AppId,
    /// The verification.
    pub verification: VerificationId,
    /// 128 bits from the operating system's generator (N3), made at start.
    pub nonce: &'a [u8; 16],
    /// The phone.
    pub phone: &'a E164,
    /// The purpose.
    pub purpose: &'a Purpose,
    /// The transaction.
    pub transaction: TransactionDigest,
    /// The epoch.
    pub epoch: Epoch,
    /// Counts rotations of the code within its verification.
    pub generation: u8,
}

/// What is under a seal: part of what it authenticates, so that one value never passes for another.
const PHONE: &str = "countersign/verification.phone/v1";
const NEW_ENDING: &str = "countersign/verification.new-ending/v1";
const JOURNAL: &str = "countersign/guard.journal/v1";
const EMAIL: &str = "countersign/verification.email/v1";

fn truncate(mac: Hmac<Sha256>) -> [u8; 16] {
    let full: [u8; 32] = mac.finalize().into_bytes().into();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}

fn update_part(mac: &mut Hmac<Sha256>, part: &[u8]) {
    mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    mac.update(part);
}

impl Keyring {
    /// The code of one generation: 128 bits of HMAC-SHA-256, reduced to the format.
    pub fn code(&self, key: &KeyName, input: &CodeInput<'_>, format: CodeFormat) -> Result<Code, KeyError> {
        let key = self.code.find(key).ok_or_else(|| KeyError::Missing(key.clone()))?;
        let mut mac = key.secret.mac();
        mac.update(b"countersign/code/v1");
        update_part(&mut mac, input.app.as_bytes());
        update_part(&mut mac, input.verification.as_bytes());
        update_part(&mut mac, input.nonce);
        update_part(&mut mac, input.phone.expose().as_bytes());
        update_part(&mut mac, input.purpose.as_str().as_bytes());
        update_part(&mut mac, input.transaction.as_bytes());
        update_part(&mut mac, &input.epoch.0.to_be_bytes());
        update_part(&mut mac, &[input.generation]);
        Ok(Code::from_bits(u128::from_be_bytes(truncate(mac)), format))
    }

    /// The blind index of a phone in one app and mode.
    pub fn subject_key(&self, app: AppId, mode: Mode, phone: &E164) -> SubjectKey {
        let mut mac = self.index.expand("countersign/index/v1", app.as_bytes()).mac();
        update_part(&mut mac, mode.as_str().as_bytes());
        update_part(&mut mac, phone.expose().as_bytes());
        SubjectKey(truncate(mac))
    }

    /// The key under which one phone is counted over all apps on one day. A new key every day, so
    /// that apps can be linked through it for no longer than the counters live (fraud.md B.2, design 6).
    pub fn instance_phone_tag(&self, day: u64, phone: &E164) -> [u8; 16] {
        let mut mac = self.index.expand("countersign/instance-phone/v1", &day.to_be_bytes()).mac();
        update_part(&mut mac, phone.expose().as_bytes());
        truncate(mac)
    }

    /// The tag of a value of one app that is only ever compared. `label` keeps uses apart.
    pub fn tag(&self, label: &str, app: AppId, value: &[u8]) -> Tag {
        let mut mac = self.tag.mac();
        update_part(&mut mac, label.as_bytes());
        update_part(&mut mac, app.as_bytes());
        update_part(&mut mac, value);
        Tag(truncate(mac))
    }

    /// Makes the guard's ids of one app.
    pub fn guard_keyer(&self, app: AppId) -> Keyer {
        Keyer::new(self.tag("guard", app, &[]).0)
    }

    /// Seals an entry of the guard's journal.
    pub fn seal_journal(&self, app: AppId, entry: &str, nonce: [u8; 24]) -> SealedJournal {
        SealedJournal(self.seal(JOURNAL, Place::of_app(app), entry.as_bytes(), nonce))
    }

    /// Opens an entry of the guard's journal.
    pub fn open_journal(
        &self,
        app: AppId,
        sealed: &SealedJournal,
    ) -> Result<zeroize::Zeroizing<String>, KeyError> {
        self.open(JOURNAL, Place::of_app(app), &sealed.0)
    }

    /// The tag under which a customer who proved a phone is remembered.
    pub fn customer_tag(&self, app: AppId, customer: &str) -> Tag {
        self.tag("customer", app, customer.as_bytes())
    }

    /// Seals a phone for the one place where it may be opened again.
    pub fn seal_phone(&self, place: Place, phone: &E164, nonce: [u8; 24]) -> SealedPhone {
        self.seal(PHONE, place, phone.to_record().as_bytes(), nonce)
    }

    /// Opens a sealed phone in the place it was sealed for.
    pub fn open_phone(&self, place: Place, sealed: &SealedPhone) -> Result<E164, KeyError> {
        E164::from_record(&self.open(PHONE, place, sealed)?).ok_or(KeyError::Unsealing)
    }

    /// Seals the last digits of the phone that takes the place of `place`'s own.
    pub fn seal_ending(&self, place: Place, new: &E164, nonce: [u8; 24]) -> SealedEnding {
        SealedEnding(self.seal(NEW_ENDING, place, new.ending().expose().as_bytes(), nonce))
    }

    /// Opens sealed last digits in the place they were sealed for.
    pub fn open_ending(&self, place: Place, sealed: &SealedEnding) -> Result<PhoneEnding, KeyError> {
        PhoneEnding::from_record(&self.open(NEW_ENDING, place, &sealed.0)?).ok_or(KeyError::Unsealing)
    }

    /// Seals an e-mail address for a place.
    pub fn seal_email(&self, place: Place, email: &EmailAddress, nonce: [u8; 24]) -> SealedEmail {
        SealedEmail(self.seal(EMAIL, place, email.expose().as_bytes(), nonce))
    }

    /// Opens a sealed e-mail address in the place it was sealed for.
    pub fn open_email(&self, place: Place, sealed: &SealedEmail) -> Result<EmailAddress, KeyError> {
        self.open(EMAIL, place, &sealed.0)?.parse().map_err(|_| KeyError::Unsealing)
    }

    fn seal(&self, label: &str, place: Place, value: &[u8], nonce: [u8; 24]) -> SealedPhone {
        let key = self.phone.active();
        let ciphertext = cipher(&key.secret, place.app)
            .encrypt(
                &XNonce::from(nonce),
                Payload { msg: value, aad: &place.associated_data(label, &key.name) },
            )
            .unwrap_or_default();
        debug_assert!(!ciphertext.is_empty(), "encrypting a few bytes in memory cannot fail");
        SealedPhone { key: key.name.clone(), nonce, ciphertext }
    }

    fn open(
        &self,
        label: &str,
        place: Place,
        sealed: &SealedPhone,
    ) -> Result<zeroize::Zeroizing<String>, KeyError> {
        let key = self.phone.find(&sealed.key).ok_or_else(|| KeyError::Missing(sealed.key.clone()))?;
        let value = cipher(&key.secret, place.app)
            .decrypt(
                &XNonce::from(sealed.nonce),
                Payload { msg: &sealed.ciphertext, aad: &place.associated_data(label, &key.name) },
            )
            .map_err(|_| KeyError::Unsealing)?;
        Ok(zeroize::Zeroizing::new(String::from_utf8(value).map_err(|_| KeyError::Unsealing)?))
    }

    /// The proof keys that verify now: active, retired and next.
    pub fn proof_keys(&self) -> impl Iterator<Item = (&KeyName, &SigningKey)> {
        self.proof
            .current
            .iter()
            .chain(std::iter::once(&self.proof.next))
            .map(|key| (&key.name, key.secret.signing_key()))
    }

    /// Stands for the whole ring: two rings with the same fingerprint hold the same keys. Lists the
    /// names with a digest of each secret under a label of its own, so that it tells nothing else.
    pub fn fingerprint(&self) -> Vec<KeyPrint> {
        let ring_keys = [("code", &self.code), ("phone", &self.phone), ("proof", &self.proof.current)]
            .into_iter()
            .flat_map(|(usage, ring)| ring.iter().map(move |key| (usage, key)))
            .chain(std::iter::once(("proof", &self.proof.next)))
            .map(|(usage, key)| KeyPrint::of(usage, &key.name, &key.secret));
        let lone_keys = [("index", &self.index), ("tag", &self.tag)]
            .into_iter()
            .map(|(usage, secret)| KeyPrint::of(usage, &KeyName(usage.to_owned()), secret));
        ring_keys.chain(lone_keys).collect()
    }
}

/// One key's part of a [`Keyring::fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyPrint {
    /// What the key is for.
    pub usage: String,
    /// Its name.
    pub name: KeyName,
    /// 64 bits of a one-way function of the secret, in hexadecimal.
    pub print: String,
}

impl KeyPrint {
    fn of(usage: &str, name: &KeyName, secret: &Secret) -> Self {
        let print = secret.expand("countersign/fingerprint/v1", usage.as_bytes());
        let mut short = [0; 8];
        short.copy_from_slice(&Sha256::digest(print.expose())[..8]);
        KeyPrint {
            usage: usage.to_owned(),
            name: name.clone(),
            print: format!("{:016x}", u64::from_be_bytes(short)),
        }
    }
}

/// Where a sealed phone lives. Part of what the seal authenticates, so that nobody can move one
/// customer's number into another's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The app.
    pub app: AppId,
    /// The verification that the number belongs to.
    pub verification: VerificationId,
}

impl Place {
    /// Of what belongs to an app and to none of its verifications.
    const fn of_app(app: AppId) -> Self {
        Place { app, verification: VerificationId::from_bytes([0; 16]) }
    }

    fn associated_data(&self, label: &str, key: &KeyName) -> Vec<u8> {
        let mut data = label.as_bytes().to_vec();
        data.extend_from_slice(self.app.as_bytes());
        data.extend_from_slice(self.verification.as_bytes());
        data.extend_from_slice(key.0.as_bytes());
        data
    }
}

fn cipher(secret: &Secret, app: AppId) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(secret.expand("countersign/phone/v1", app.as_bytes()).expose().into())
}

impl SubjectKey {
    /// The partition of the subject: the first bits of its blind index, which is as good as random.
    pub const fn partition(&self) -> Partition {
        Partition(u16::from_be_bytes([self.0[0], self.0[1]]))
    }
}
