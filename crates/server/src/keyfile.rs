//! The file that keeps the key material: beside the store, never in it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use countersign_core::entropy::Entropy;
use countersign_core::keyring::{Epoch, KeyName, KeyPrint, Keyring, ProofRing, Ring, RingKey, Secret};
use countersign_core::sealed::base64_array;
use countersign_core::time::Timestamp;
use countersign_store::{AnyStore, Setting, SettingKind, Store as _, StoreError, Version};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

const FORMAT_VERSION: u32 = 1;
const SETTING_ID: &str = "keyring";

/// Why there is no key ring.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The store was used with keys, and they are not there.
    #[error(
        "{path} does not exist, but the store was used with keys: put the key file back. Without it no number in the store can be read and no code that is on its way is right"
    )]
    Gone {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file lacks keys that the store was used with.
    #[error(
        "{path} lacks the {usage} key \"{name}\" that the store was used with: it is not this store's key file, or an old copy of it"
    )]
    Lacks {
        /// The file.
        path: PathBuf,
        /// What the key is for.
        usage: String,
        /// The key.
        name: KeyName,
    },
    /// Others may read the file.
    #[error(
        "{path} may be read by others (mode {mode:o}): chmod 600 it, and rotate its keys if somebody had access"
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file cannot be read as what it is.
    #[error("{path} is not a key file of this version: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The disk did not do it.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    #[zeroize(skip)]
    name: KeyName,
    #[serde(with = "base64_array")]
    secret: [u8; 32],
    #[zeroize(skip)]
    created_at: Timestamp,
}

/// The file's form: rings newest first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKeyring {
    version: u32,
    epoch: Epoch,
    code: Vec<StoredKey>,
    phone: Vec<StoredKey>,
    index: StoredKey,
    tag: StoredKey,
    proof: Vec<StoredKey>,
    proof_next: StoredKey,
}

/// What the store knows of the keys it was used with.
#[derive(Serialize, Deserialize)]
struct StoredFingerprint {
    epoch: Epoch,
    keys: Vec<KeyPrint>,
}

/// Opens the keys of a store, making them if the store is new; brings both to one epoch.
///
/// The epoch lives in the store and in the file. A difference means that one of them comes from
/// another time, so both move past the later one, and what was issued before is dead (design 6).
pub async fn open(
    path: &Path,
    store: &AnyStore,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Result<Keyring, KeyFileError> {
    let setting =
        store.settings(SettingKind::Instance).await?.into_iter().find(|setting| setting.id == SETTING_ID);
    let known: Option<StoredFingerprint> = setting
        .as_ref()
        .map(|setting| serde_json::from_str(&setting.body))
        .transpose()
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let mut keyring = match (path.try_exists().map_err(|source| io_error(path, source))?, &known) {
        (true, _) => read(path)?,
        (false, None) => {
            let keyring = generate(now, entropy);
            write(path, &keyring)?;
            keyring
        }
        (false, Some(_)) => return Err(KeyFileError::Gone { path: path.to_owned() }),
    };
    if let Some(known) = &known {
        check_complete(path, known, &keyring)?;
        if known.epoch != keyring.epoch {
            keyring.epoch = Epoch(known.epoch.0.max(keyring.epoch.0) + 1);
            tracing::warn!(
                epoch = keyring.epoch.0,
                "the store and the key file are of different epochs: codes and proofs from before are dead"
            );
            write(path, &keyring)?;
        }
    }
    record(store, &keyring, setting.map_or(Version(0), |setting| setting.version)).await?;
    Ok(keyring)
}

/// Bumps the epoch in the file alone; the next [`open`] carries it into the store. Everything issued
/// before is dead.
pub fn bump_epoch(path: &Path) -> Result<Epoch, KeyFileError> {
    let mut keyring = read(path)?;
    keyring.epoch = Epoch(keyring.epoch.0 + 1);
    write(path, &keyring)?;
    Ok(keyring.epoch)
}

/// Makes new code, phone and proof keys: the published next proof key becomes active, and a new next
/// one is published. Old keys stay for what they closed.
pub async fn rotate(
    path: &Path,
    store: &AnyStore,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Result<Keyring, KeyFileError> {
    let old = read(path)?;
    let keyring = Keyring {
        code: add(&old.code, new_key("code", now, entropy)),
        phone: add(&old.phone, new_key("phone", now, entropy)),
        proof: ProofRing {
            current: add(&old.proof.current, old.proof.next.clone()),
            next: new_key("proof", now, entropy),
        },
        ..old
    };
    write(path, &keyring)?;
    let version = recorded_version(store).await?;
    record(store, &keyring, version).await?;
    Ok(keyring)
}

/// The store was restored by other tools: moves file and store to a new epoch together.
pub async fn restored(path: &Path, store: &AnyStore) -> Result<Keyring, KeyFileError> {
    let mut keyring = read(path)?;
    keyring.epoch = Epoch(keyring.epoch.0 + 1);
    write(path, &keyring)?;
    let version = recorded_version(store).await?;
    record(store, &keyring, version).await?;
    Ok(keyring)
}

async fn recorded_version(store: &AnyStore) -> Result<Version, StoreError> {
    let settings = store.settings(SettingKind::Instance).await?;
    Ok(settings
        .into_iter()
        .find(|setting| setting.id == SETTING_ID)
        .map_or(Version(0), |setting| setting.version))
}

async fn record(store: &AnyStore, keyring: &Keyring, version: Version) -> Result<(), KeyFileError> {
    let fingerprint = StoredFingerprint { epoch: keyring.epoch, keys: keyring.fingerprint() };
    let body = serde_json::to_string(&fingerprint).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let setting = Setting { id: SETTING_ID.to_owned(), version, body };
    if store.put_setting(SettingKind::Instance, setting).await? {
        Ok(())
    } else {
        Err(StoreError::Unavailable(
            "another node changed the key ring's record at the same time; start again".to_owned(),
        )
        .into())
    }
}

fn check_complete(path: &Path, known: &StoredFingerprint, keyring: &Keyring) -> Result<(), KeyFileError> {
    let present = keyring.fingerprint();
    match known.keys.iter().find(|key| !present.contains(key)) {
        None => Ok(()),
        Some(lacking) => Err(KeyFileError::Lacks {
            path: path.to_owned(),
            usage: lacking.usage.clone(),
            name: lacking.name.clone(),
        }),
    }
}

fn generate(now: Timestamp, entropy: &mut Entropy) -> Keyring {
    Keyring {
        code: Ring::new(new_key("code", now, entropy), Vec::new()),
        phone: Ring::new(new_key("phone", now, entropy), Vec::new()),
        index: Secret::from_bytes(entropy.bytes()),
        tag: Secret::from_bytes(entropy.bytes()),
        proof: ProofRing {
            current: Ring::new(new_key("proof", now, entropy), Vec::new()),
            next: new_key("proof", now, entropy),
        },
        epoch: Epoch(1),
    }
}

fn new_key(usage: &str, now: Timestamp, entropy: &mut Entropy) -> RingKey {
    let suffix = u64::from_be_bytes(entropy.bytes());
    RingKey {
        name: KeyName(format!("{usage}-{suffix:016x}")),
        secret: Secret::from_bytes(entropy.bytes()),
        created_at: now,
    }
}

fn add(ring: &Ring, newest: RingKey) -> Ring {
    Ring::new(newest, ring.iter().cloned().collect())
}

fn io_error(path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), source }
}

fn read(path: &Path) -> Result<Keyring, KeyFileError> {
    let malformed = |reason: String| KeyFileError::Malformed { path: path.to_owned(), reason };
    let mode = fs::metadata(path).map_err(|source| io_error(path, source))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Permissions { path: path.to_owned(), mode });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(|source| io_error(path, source))?);
    let stored: StoredKeyring = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    if stored.version != FORMAT_VERSION {
        return Err(malformed(format!("version {}, expected {FORMAT_VERSION}", stored.version)));
    }
    let ring = |keys: &[StoredKey]| {
        let mut keys = keys.iter().map(ring_key);
        keys.next().map(|active| Ring::new(active, keys.collect()))
    };
    let empty = || malformed("a ring is empty".to_owned());
    Ok(Keyring {
        code: ring(&stored.code).ok_or_else(empty)?,
        phone: ring(&stored.phone).ok_or_else(empty)?,
        index: Secret::from_bytes(stored.index.secret),
        tag: Secret::from_bytes(stored.tag.secret),
        proof: ProofRing {
            current: ring(&stored.proof).ok_or_else(empty)?,
            next: ring_key(&stored.proof_next),
        },
        epoch: stored.epoch,
    })
}

fn ring_key(key: &StoredKey) -> RingKey {
    RingKey { name: key.name.clone(), secret: Secret::from_bytes(key.secret), created_at: key.created_at }
}

/// Replaces the file at once: a crash leaves the old keys or the new ones, never half.
fn write(path: &Path, keyring: &Keyring) -> Result<(), KeyFileError> {
    let stored = |key: &RingKey| StoredKey {
        name: key.name.clone(),
        secret: *key.secret.expose(),
        created_at: key.created_at,
    };
    let lone = |usage: &str, secret: &Secret| StoredKey {
        name: KeyName(usage.to_owned()),
        secret: *secret.expose(),
        created_at: Timestamp::EPOCH,
    };
    let file = StoredKeyring {
        version: FORMAT_VERSION,
        epoch: keyring.epoch,
        code: keyring.code.iter().map(stored).collect(),
        phone: keyring.phone.iter().map(stored).collect(),
        index: lone("index", &keyring.index),
        tag: lone("tag", &keyring.tag),
        proof: keyring.proof.current.iter().map(stored).collect(),
        proof_next: stored(&keyring.proof.next),
    };
    let mut text = serde_json::to_string_pretty(&file)
        .map_err(|error| KeyFileError::Malformed { path: path.to_owned(), reason: error.to_string() })?;
    let written = replace(path, text.as_bytes());
    text.zeroize();
    written.map_err(|source| io_error(path, source))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let temporary = path.with_extension("new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    fs::File::open(directory)?.sync_all()
}
