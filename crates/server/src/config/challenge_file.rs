//! The file of a challenge's vendor: its keys, the secret among them. Nobody but the server's user may read it.

use std::path::Path;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::carrier_file::{SecretEntry, at, read};
use super::problem::Mistake;
use crate::challenge_vendor::{ChallengeVendor, VendorName, VendorSettings, WhenUnreachable};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChallengeFile {
    vendor: VendorName,
    site_key: String,
    secret: SecretEntry,
    url: Option<String>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    when_unreachable: WhenUnreachable,
}

/// Reads the file of a challenge's vendor.
pub(super) fn challenge(path: &Path) -> Result<ChallengeVendor, Mistake> {
    let file: ChallengeFile = read(path)?;
    let settings = VendorSettings {
        vendor: file.vendor,
        site_key: file.site_key,
        secret: Zeroizing::new(file.secret.text(path)?),
        url: file.url,
        timeout_ms: file.timeout_ms,
        when_unreachable: file.when_unreachable,
    };
    ChallengeVendor::new(settings).map_err(|error| at(path, &error))
}
