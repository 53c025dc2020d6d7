//! Tokens that vendors sign callbacks with: JWS compact form, HMAC only (RFC 7515 §7.1, RFC 7518 §3.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::time::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::keyed::{self, HashName};
use super::{CallbackError, CallbackRequest};
use crate::declared::hex;
use crate::declared::schema::Binds;

/// Longest token, in bytes.
const MAX_TOKEN_BYTES: usize = 4_096;

/// A token with these claims (a JSON object), signed with HS256.
pub fn token(key: &[u8], claims: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mac = keyed::mac(HashName::Sha256, key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    iat: Option<f64>,
    nbf: Option<f64>,
    exp: Option<f64>,
    payload_hash: Option<String>,
    url_hash: Option<String>,
}

/// What a token must say besides being signed.
pub(crate) struct Demands<'a> {
    pub(crate) issuer: Option<&'a str>,
    pub(crate) binds: &'a [Binds],
    pub(crate) max_skew_s: u32,
}

pub(crate) fn verify(
    token: &str,
    key: &[u8],
    demands: &Demands<'_>,
    request: &CallbackRequest<'_>,
    now: Timestamp,
) -> Result<(), CallbackError> {
    let claims = signed_claims(token, key)?;
    if demands.issuer.is_some_and(|issuer| claims.iss.as_deref() != Some(issuer)) {
        return Err(CallbackError::Forged);
    }
    for bind in demands.binds {
        let (claimed, bytes) = match bind {
            Binds::PayloadHash => (&claims.payload_hash, request.body),
            Binds::UrlHash => (&claims.url_hash, request.url.as_bytes()),
        };
        match claimed {
            Some(claimed) => {
                let right = hex::encode(&Sha256::digest(bytes));
                if !keyed::same(claimed.to_ascii_lowercase().as_bytes(), right.as_bytes()) {
                    return Err(CallbackError::Forged);
                }
            }
            // Without a body there is no hash of it.
            None if *bind == Binds::PayloadHash && bytes.is_empty() => {}
            None => return Err(CallbackError::Unsigned),
        }
    }
    claims.are_of(now, f64::from(demands.max_skew_s))
}

impl Claims {
    /// Of now: one of `iat` and `exp` must be there, and each that is must hold.
    fn are_of(&self, now: Timestamp, skew: f64) -> Result<(), CallbackError> {
        #[expect(clippy::cast_precision_loss, reason = "seconds are exact in a f64 for 285 million years")]
        let now = now.as_seconds() as f64;
        if self.iat.is_none() && self.exp.is_none() {
            return Err(CallbackError::Unsigned);
        }
        // Where the token says its own end, its beginning may lie back as far as it likes.
        let too_old = match (self.exp, self.iat) {
            (Some(exp), _) => now > exp + skew,
            (None, Some(iat)) => now > iat + skew,
            (None, None) => true,
        };
        let too_new = [self.nbf, self.iat].into_iter().flatten().any(|from| now < from - skew);
        if too_old || too_new { Err(CallbackError::OutsideWindow) } else { Ok(()) }
    }
}

fn signed_claims(token: &str, key: &[u8]) -> Result<Claims, CallbackError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(CallbackError::Unsigned);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(CallbackError::Unsigned)?;
    let (header, claims) = signed.split_once('.').ok_or(CallbackError::Unsigned)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| CallbackError::Unsigned);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| CallbackError::Unsigned)?;
    // Only these: "none" and the asymmetric ones must never be read as a MAC.
    let hash = match header.alg.as_str() {
        "HS256" => HashName::Sha256,
        "HS384" => HashName::Sha384,
        "HS512" => HashName::Sha512,
        _ => return Err(CallbackError::Unsigned),
    };
    if !keyed::fits(hash, key, signed.as_bytes(), &decode(signature)?) {
        return Err(CallbackError::Forged);
    }
    serde_json::from_slice(&decode(claims)?).map_err(|_| CallbackError::Unsigned)
}
