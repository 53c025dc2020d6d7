//! Apps and their API keys, as they are kept in the store.

use std::collections::BTreeSet;
use std::fmt;

use countersign_core::entropy::Entropy;
use countersign_core::id::{AppId, KeyId, Partition};
use countersign_core::origin::{Origin, ReturnUrl};
use countersign_core::policy::Policy;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::branding::Branding;

/// A tenant: one shop, or one environment of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// What operators call it.
    pub name: String,
    /// What customers know the shop as; stands in messages.
    pub brand: String,
    /// What it allows.
    pub policy: Policy,
    /// Providers to try, in this order; empty: the instance's order.
    pub route: Vec<String>,
    /// Origins whose pages may use the browser face and show the hosted page in a frame.
    #[serde(default)]
    pub origins: Vec<Origin>,
    /// Where customers may be sent back to.
    #[serde(default)]
    pub return_urls: Vec<ReturnUrl>,
    /// How the hosted page looks.
    #[serde(default)]
    pub branding: Branding,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read verifications, timelines and proofs that live.
    ReadOnly,
    /// What a shop's server needs: start, check, resend, cancel, report, redeem, and reading.
    Server,
    /// All of that, and the app's own settings and keys.
    Admin,
}

impl Scope {
    /// Its word in the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::ReadOnly => "read_only",
            Scope::Server => "server",
            Scope::Admin => "admin",
        }
    }
}

/// An API key without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id; stands in the key itself, so that a leaked key can be found and revoked.
    pub id: KeyId,
    /// The app it belongs to.
    pub app: AppId,
    /// What operators call it.
    pub name: String,
    /// Whether it moves real messages.
    pub mode: Mode,
    /// What it may do.
    pub scope: Scope,
    /// SHA-256 of the whole key. Its 160 random bits need no slow hash (OWASP ASVS 6.5.2 is about
    /// secrets that people choose).
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever: set by a rotation or a revocation.
    pub expires_at: Option<Timestamp>,
}

/// An API key in full. Shown once, kept nowhere.
pub struct ApiKeySecret(Zeroizing<String>);

impl ApiKeySecret {
    /// The text that goes into `Authorization: Bearer …`.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret(…)")
    }
}

const SECRET_BYTES: usize = 20;

impl ApiKey {
    /// A new key and its secret: `cs_live_` or `cs_test_`, the 26 characters of its id, and 160
    /// random bits as 40 hexadecimal digits.
    pub fn generate(
        app: AppId,
        name: &str,
        mode: Mode,
        scope: Scope,
        now: Timestamp,
        entropy: &mut Entropy,
    ) -> (Self, ApiKeySecret) {
        let id = KeyId::new(now, Partition(0), entropy);
        let secret = hex(&entropy.bytes::<SECRET_BYTES>());
        let body = id.to_string();
        let text = format!("cs_{}_{}{secret}", mode.as_str(), body.trim_start_matches("key_"));
        let key = ApiKey {
            id,
            app,
            name: name.to_owned(),
            mode,
            scope,
            hash: hash(&text),
            created_at: now,
            expires_at: None,
        };
        (key, ApiKeySecret(Zeroizing::new(text)))
    }

    /// The id that a presented key claims to have.
    pub fn claimed_id(presented: &str) -> Option<KeyId> {
        let rest = presented.strip_prefix("cs_live_").or_else(|| presented.strip_prefix("cs_test_"))?;
        if rest.len() != 26 + 2 * SECRET_BYTES || !rest.is_ascii() {
            return None;
        }
        format!("key_{}", &rest[..26]).parse().ok()
    }

    /// Whether this is the key, and it still works.
    pub fn accepts(&self, presented: &str, now: Timestamp) -> bool {
        let same: bool = self.hash.as_bytes().ct_eq(hash(presented).as_bytes()).into();
        same && self.expires_at.is_none_or(|end| now < end)
    }
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The modes in which an app has working keys at `now`.
pub fn modes_in_use(keys: &[ApiKey], app: AppId, now: Timestamp) -> BTreeSet<Mode> {
    keys.iter()
        .filter(|key| key.app == app && key.expires_at.is_none_or(|end| now < end))
        .map(|key| key.mode)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_accepted_whole_and_until_it_ends() {
        let mut entropy = Entropy::from_seed([9; 32]);
        let now = Timestamp::from_millis(1_795_428_000_000);
        let app = AppId::new(now, Partition(0), &mut entropy);
        let (mut key, secret) = ApiKey::generate(app, "server", Mode::Live, Scope::Server, now, &mut entropy);
        let text = secret.expose();
        assert!(text.starts_with("cs_live_"));
        assert_eq!(ApiKey::claimed_id(text), Some(key.id));
        assert!(key.accepts(text, now));
        assert!(!key.accepts(&text.replace("live", "test"), now));
        assert!(!key.accepts(&text[..text.len() - 1], now));
        key.expires_at = Some(now);
        assert!(!key.accepts(text, now));
        assert!(!serde_json::to_string(&key).unwrap().contains(&text[34..]));
    }

    #[test]
    fn strange_keys_claim_no_id() {
        for strange in ["", "cs_live_", "Bearer x", "cs_prod_0000", &format!("cs_live_{}", "ü".repeat(33))] {
            assert_eq!(ApiKey::claimed_id(strange), None);
        }
    }
}
