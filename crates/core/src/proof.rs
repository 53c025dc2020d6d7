//! The signed proof: a JWS that the shop's server verifies and redeems.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::channel::{self, Assurance};
use crate::id::{AppId, VerificationId};
use crate::keyring::{Epoch, KeyError, KeyName, Keyring};
use crate::phone::E164;
use crate::policy::PROOF_LIFETIME;
use crate::purpose::Purpose;
use crate::subject::Mode;
use crate::time::Timestamp;
use crate::transaction::TransactionDigest;
use crate::verification::{State, Verification};

/// The `typ` of a proof: explicit, so that no other token of the same issuer passes for one
/// (RFC 8725 §3.11).
pub const PROOF_TYPE: &str = "countersign-proof+jwt";
/// The longest proof that is read.
pub const MAX_PROOF_BYTES: usize = 4096;

/// SHA-256 of the session that a verification was started for. The session itself is not kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash([u8; 32]);

impl SessionHash {
    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of a session id as the shop sent it.
    pub fn of(session: &str) -> Self {
        SessionHash(Sha256::digest(session.as_bytes()).into())
    }
}

impl fmt::Display for SessionHash {
    /// Base64url without padding, as in the proof's `sid` claim.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SessionHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::sealed::base64_array::deserialize(deserializer).map(SessionHash)
    }
}

/// What a proof says. Never claims strong customer authentication or phishing resistance
/// (NIST SP 800-63B-4 §3.1.3, N11).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer: this instance's public URL.
    pub iss: String,
    /// The app it is for.
    pub aud: AppId,
    /// The verification; a proof is redeemed once, so this is its `jti` too.
    pub jti: VerificationId,
    /// The shop's own reference for the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Seconds since the Unix epoch at which the code was accepted.
    pub iat: i64,
    /// Seconds since the Unix epoch after which it is worth nothing: `iat` + 300.
    pub exp: i64,
    /// The phone that was proved, E.164. Absent where none was: whoever compares it and knows nothing of
    /// [`Claims::assurance`] then refuses the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What for.
    pub purpose: Purpose,
    /// Base64url of the SHA-256 of the session that it was started for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionHash>,
    /// The digest of the transaction; see [`crate::transaction::Transaction::digest`].
    pub txn: TransactionDigest,
    /// Counts restores of the instance.
    pub epoch: Epoch,
    /// How it was proved (RFC 8176): what holds whichever of its messages the code was typed from.
    pub amr: Vec<String>,
    /// What it proves: `possession` of the phone, or `notification` alone, where the code went by e-mail too
    /// (NIST SP 800-63B-4 §3.1.3.1, N10). Proofs of before there were other channels do not say it.
    #[serde(default)]
    pub assurance: Assurance,
    /// `test` proofs were typed from a simulated phone: worth nothing in production.
    pub mode: Mode,
}

/// Why a proof is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not a compact JWS of this type.
    #[error("this is not a Countersign proof")]
    Malformed,
    /// Signed with a key that is unknown or no longer published.
    #[error("the proof names the signing key \"{0}\", which is not published")]
    UnknownKey(KeyName),
    /// The signature is wrong.
    #[error("the proof's signature is wrong")]
    WrongSignature,
    /// Its time is over.
    #[error("the proof expired at {0} (Unix time)")]
    Expired(i64),
    /// It is for another app.
    #[error("the proof is for another app")]
    WrongAudience,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: KeyName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

/// One public key as a JWK (RFC 8037 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// `EdDSA`.
    pub alg: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The key's name.
    pub kid: KeyName,
    /// The public key, base64url.
    pub x: String,
}

/// The public keys that proofs verify with (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl Jwks {
    /// The public half of a ring: active, retired and next.
    pub fn of(keyring: &Keyring) -> Self {
        let keys = keyring.proof_keys().map(|(name, key)| Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            kid: name.clone(),
            x: URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
        });
        Jwks { keys: keys.collect() }
    }

    fn find(&self, name: &KeyName) -> Option<VerifyingKey> {
        let jwk = self.keys.iter().find(|jwk| &jwk.kid == name && jwk.crv == "Ed25519")?;
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(&jwk.x).ok()?.try_into().ok()?;
        VerifyingKey::from_bytes(&bytes).ok()
    }
}

impl Claims {
    /// What the proof of an approved verification says; nothing for any other.
    pub fn of(
        verification: &Verification,
        app: AppId,
        phone: &E164,
        issuer: &str,
    ) -> Option<(Self, KeyName)> {
        let State::Approved { at, proof_key, .. } = &verification.state else { return None };
        let lifetime = i64::try_from(PROOF_LIFETIME.as_secs()).unwrap_or(0);
        let assurance = verification.assurance();
        let claims = Claims {
            iss: issuer.to_owned(),
            aud: app,
            jti: verification.id,
            sub: verification.customer.clone(),
            iat: at.as_seconds(),
            exp: at.as_seconds() + lifetime,
            phone: (assurance == Assurance::Possession).then(|| phone.expose().to_owned()),
            purpose: verification.purpose.clone(),
            sid: verification.session,
            txn: verification.digest,
            epoch: verification.epoch,
            amr: channel::methods(verification.channels()),
            assurance,
            mode: verification.mode,
        };
        Some((claims, proof_key.clone()))
    }

    /// Signs the claims: a compact JWS (RFC 7515 §3.1) with EdDSA (RFC 8037 §3.1). The same claims
    /// and key always give the same bytes.
    pub fn sign(&self, keyring: &Keyring, key: &KeyName) -> Result<String, KeyError> {
        let signing_key: &SigningKey = keyring
            .proof_keys()
            .find(|(name, _)| *name == key)
            .map(|(_, signing_key)| signing_key)
            .ok_or_else(|| KeyError::Missing(key.clone()))?;
        let header =
            Header { alg: "EdDSA".to_owned(), typ: PROOF_TYPE.to_owned(), kid: key.clone(), crit: None };
        let encode = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
        // Serialising these plain structs cannot fail.
        let mut jws = encode(serde_json::to_vec(&header).unwrap_or_default());
        jws.push('.');
        jws.push_str(&encode(serde_json::to_vec(self).unwrap_or_default()));
        let signature = signing_key.sign(jws.as_bytes());
        jws.push('.');
        jws.push_str(&URL_SAFE_NO_PAD.encode(signature.to_bytes()));
        Ok(jws)
    }

    /// Believes a proof only if it is well-formed, of this type, signed by one of `keys`, for `app`
    /// and not expired at `now`. What it was for, the caller must compare.
    pub fn verify(proof: &str, keys: &Jwks, app: AppId, now: Timestamp) -> Result<Self, ProofError> {
        let claims = Self::verify_signature(proof, keys)?;
        if claims.aud != app {
            return Err(ProofError::WrongAudience);
        }
        if now.as_seconds() >= claims.exp {
            return Err(ProofError::Expired(claims.exp));
        }
        Ok(claims)
    }

    /// Believes who signed, and nothing else: neither time nor audience.
    pub fn verify_signature(proof: &str, keys: &Jwks) -> Result<Self, ProofError> {
        if proof.len() > MAX_PROOF_BYTES {
            return Err(ProofError::Malformed);
        }
        let (signed, signature) = proof.rsplit_once('.').ok_or(ProofError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(ProofError::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| ProofError::Malformed);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| ProofError::Malformed)?;
        if header.alg != "EdDSA" || header.typ != PROOF_TYPE || header.crit.is_some() {
            return Err(ProofError::Malformed);
        }
        let key = keys.find(&header.kid).ok_or(ProofError::UnknownKey(header.kid))?;
        let signature = Signature::from_slice(&decode(signature)?).map_err(|_| ProofError::Malformed)?;
        key.verify_strict(signed.as_bytes(), &signature).map_err(|_| ProofError::WrongSignature)?;
        serde_json::from_slice(&decode(payload)?).map_err(|_| ProofError::Malformed)
    }
}
