//! Secrets from the file or from files of their own.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::problem::Mistake;

/// Fewest characters: 32 of hexadecimal hold 128 bits.
pub const MIN_SECRET_CHARS: usize = 32;

/// Most characters.
pub const MAX_SECRET_CHARS: usize = 256;

/// The largest file that is read as a secret, in bytes: one secret and a line's end.
const MAX_FILE_BYTES: u64 = 4_096;

const HOW_TO_MAKE_ONE: &str = "make one with: openssl rand -hex 32";

/// A secret of the configuration. No Debug, no Display; wiped when dropped.
#[derive(Clone, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// The bytes as the operator wrote them, for signing.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Whether a text can be a secret; never quotes it.
pub(super) fn check_secret(text: &str) -> Result<(), Mistake> {
    if text.chars().any(|c| !c.is_ascii_graphic()) {
        return Err(Mistake::new(
            "the secret has blanks, control characters or letters outside ASCII in it",
            HOW_TO_MAKE_ONE,
        ));
    }
    if text.len() < MIN_SECRET_CHARS {
        return Err(Mistake::new(
            format!("the secret is shorter than {MIN_SECRET_CHARS} characters"),
            HOW_TO_MAKE_ONE,
        ));
    }
    if text.len() > MAX_SECRET_CHARS {
        return Err(Mistake::new(
            format!("the secret is longer than {MAX_SECRET_CHARS} characters"),
            HOW_TO_MAKE_ONE,
        ));
    }
    Ok(())
}

/// Who may read files that hold secrets.
#[derive(Clone, Debug, Default)]
pub(super) struct Privacy {
    /// The folder of systemd's credentials (`$CREDENTIALS_DIRECTORY`). What lies there is given to
    /// this service alone by an access list, which shows as a group permission.
    pub(super) credentials_dir: Option<PathBuf>,
}

impl Privacy {
    /// Refuses a file that others than its owner may read or change.
    pub(super) fn check(&self, path: &Path) -> Result<(), Mistake> {
        let metadata = fs::metadata(path).map_err(|error| {
            Mistake::new(
                format!("cannot read {}: {error}", path.display()),
                "name a file that the server's user can read",
            )
        })?;
        if !metadata.is_file() {
            return Err(Mistake::new(format!("{} is not a file", path.display()), "name a file"));
        }
        let mode = metadata.permissions().mode() & 0o777;
        let is_credential = self.credentials_dir.as_deref().is_some_and(|dir| path.starts_with(dir));
        let forbidden = if is_credential { 0o037 } else { 0o077 };
        if mode & forbidden != 0 {
            return Err(Mistake::new(
                format!("others may read {} (mode {mode:04o})", path.display()),
                format!("chmod 600 {}, and replace the secret if somebody had access", path.display()),
            ));
        }
        Ok(())
    }

    /// Reads the one secret that a file holds; a line's end after it is no part of it.
    pub(super) fn read_secret(&self, path: &Path) -> Result<SecretText, Mistake> {
        self.check(path)?;
        let unreadable = |error: std::io::Error| {
            Mistake::new(
                format!("cannot read {}: {error}", path.display()),
                "name a file that holds the secret alone",
            )
        };
        let mut bytes = Zeroizing::new(Vec::new());
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
        let text = std::str::from_utf8(&bytes).unwrap_or("\0").trim_end_matches(['\r', '\n']);
        check_secret(text).map_err(|mistake| {
            Mistake::new(format!("{}: {}", path.display(), mistake.wrong), mistake.right)
        })?;
        Ok(SecretText(text.to_owned()))
    }
}
