//! Whether a callback comes from where it says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::time::Timestamp;
use ed25519_dalek::{Signature, VerifyingKey};
use reqwest::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::rules::{ChallengePlan, Covered, HmacPlan, Place, SignaturePlace, Skew, VerifyPlan};
use super::{CallbackError, CallbackRequest, Tokens, jwt, keyed, plivo, query_pairs, twilio, vonage};
use crate::declared::given::Given;
use crate::declared::hex;
use crate::declared::schema::{Encoding, KeyIs};
use crate::declared::template::Template;

pub(super) fn verify(
    plan: &VerifyPlan,
    request: &CallbackRequest<'_>,
    given: &Given,
    now: Timestamp,
) -> Result<(), CallbackError> {
    match plan {
        VerifyPlan::None => Ok(()),
        VerifyPlan::UrlToken { token } => {
            let place = Place::Query(Tokens::QUERY.to_owned());
            same(&place.find(request).ok_or(CallbackError::Unsigned)?, &key(token, given)?)
        }
        VerifyPlan::Basic { user, password } => {
            let pair = format!("{}:{}", key(user, given)?.as_str(), key(password, given)?.as_str());
            let expected = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair)));
            same(&authorisation(request)?, &expected)
        }
        VerifyPlan::Bearer { token } => {
            let expected = Zeroizing::new(format!("Bearer {}", key(token, given)?.as_str()));
            same(&authorisation(request)?, &expected)
        }
        VerifyPlan::Hmac(plan) => hmac(plan, request, given, now),
        VerifyPlan::Ed25519 { key: public, over, signature, skew } => {
            let bytes: [u8; 32] = STANDARD
                .decode(key(public, given)?.as_bytes())
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or(CallbackError::NoKey)?;
            let public = VerifyingKey::from_bytes(&bytes).map_err(|_| CallbackError::NoKey)?;
            let signature = signature.find(request)?;
            let signature = Signature::from_slice(&signature).map_err(|_| CallbackError::Unsigned)?;
            public.verify_strict(&covered(over, request)?, &signature).map_err(|_| CallbackError::Forged)?;
            within(skew.as_ref(), request, now)
        }
        VerifyPlan::JwtHs(plan) => {
            let found = plan.token.find(request).ok_or(CallbackError::Unsigned)?;
            let token = found.strip_prefix(plan.prefix.as_str()).ok_or(CallbackError::Unsigned)?;
            let demands = jwt::Demands {
                issuer: plan.issuer.as_deref(),
                binds: &plan.binds,
                max_skew_s: plan.max_skew_s,
            };
            jwt::verify(token.trim(), key(&plan.key, given)?.as_bytes(), &demands, request, now)
        }
        VerifyPlan::Twilio { token, shared_key } => {
            let shared = shared_key.as_ref().and_then(|shared| key(shared, given).ok());
            let shared = shared.as_ref().map(|shared| shared.as_bytes());
            twilio::verify(key(token, given)?.as_bytes(), shared, request)
        }
        VerifyPlan::PlivoV3 { token } => plivo::verify(key(token, given)?.as_bytes(), request),
        VerifyPlan::VonageSig { secret, alg, max_skew_s } => {
            vonage::verify(*alg, key(secret, given)?.as_bytes(), *max_skew_s, request, now)
        }
        // Needs a certificate: the caller does it.
        VerifyPlan::Sns { .. } => Err(CallbackError::NoCertificate),
    }
}

/// The text to answer a challenge with, if the callback is one.
pub(super) fn challenge(
    plan: &ChallengePlan,
    request: &CallbackRequest<'_>,
    given: &Given,
) -> Result<Option<String>, CallbackError> {
    if request.method != "GET" {
        return Ok(None);
    }
    let pairs = query_pairs(request.url);
    let find = |pointer: &str| {
        pairs
            .iter()
            .find(|(name, _)| Some(name.as_str()) == pointer.strip_prefix('/'))
            .map(|(_, value)| value)
    };
    let Some(answer) = find(&plan.answer) else { return Ok(None) };
    let token = find(&plan.given).ok_or(CallbackError::Unsigned)?;
    same(token, &key(&plan.token, given)?)?;
    Ok(Some(answer.clone()))
}

fn hmac(
    plan: &HmacPlan,
    request: &CallbackRequest<'_>,
    given: &Given,
    now: Timestamp,
) -> Result<(), CallbackError> {
    let text = key(&plan.key, given)?;
    let key = match plan.key_is {
        KeyIs::Text => Zeroizing::new(text.as_bytes().to_vec()),
        KeyIs::Base64 => Zeroizing::new(STANDARD.decode(text.as_bytes()).map_err(|_| CallbackError::NoKey)?),
        KeyIs::Hex => Zeroizing::new(hex::decode(&text).ok_or(CallbackError::NoKey)?),
        KeyIs::Sha256OfText => Zeroizing::new(Sha256::digest(text.as_bytes()).to_vec()),
    };
    let signature = plan.signature.find(request)?;
    if !keyed::fits(plan.alg, &key, &covered(&plan.over, request)?, &signature) {
        return Err(CallbackError::Forged);
    }
    // Only now: the time is known to be the sender's own word.
    within(plan.skew.as_ref(), request, now)
}

fn key(template: &Template, given: &Given) -> Result<Zeroizing<String>, CallbackError> {
    template.render(given).map(Zeroizing::new).map_err(|_| CallbackError::NoKey)
}

fn same(given: &str, expected: &str) -> Result<(), CallbackError> {
    if keyed::same(given.as_bytes(), expected.as_bytes()) { Ok(()) } else { Err(CallbackError::Forged) }
}

fn authorisation(request: &CallbackRequest<'_>) -> Result<String, CallbackError> {
    Place::Header(AUTHORIZATION).find(request).ok_or(CallbackError::Unsigned)
}

fn covered(parts: &[Covered], request: &CallbackRequest<'_>) -> Result<Vec<u8>, CallbackError> {
    let mut bytes = Vec::with_capacity(request.body.len() + 64);
    for part in parts {
        match part {
            Covered::Literal(text) => bytes.extend_from_slice(text.as_bytes()),
            Covered::Body => bytes.extend_from_slice(request.body),
            Covered::Url => bytes.extend_from_slice(request.url.as_bytes()),
            Covered::Method => bytes.extend_from_slice(request.method.as_bytes()),
            Covered::Place(place) => {
                bytes.extend_from_slice(place.find(request).ok_or(CallbackError::Unsigned)?.as_bytes());
            }
        }
    }
    Ok(bytes)
}

fn within(skew: Option<&Skew>, request: &CallbackRequest<'_>, now: Timestamp) -> Result<(), CallbackError> {
    let Some(skew) = skew else { return Ok(()) };
    let text = skew.at.find(request).ok_or(CallbackError::Unsigned)?;
    let seconds = match text.parse::<i64>() {
        // No second of our time has so many digits, but its milliseconds do.
        Ok(number) if number.unsigned_abs() >= 100_000_000_000 => number / 1_000,
        Ok(number) => number,
        Err(_) => Timestamp::parse_rfc3339(&text).ok_or(CallbackError::Unsigned)?.as_seconds(),
    };
    if now.as_seconds().abs_diff(seconds) > u64::from(skew.max_s) {
        return Err(CallbackError::OutsideWindow);
    }
    Ok(())
}

impl Place {
    fn find(&self, request: &CallbackRequest<'_>) -> Option<String> {
        match self {
            Place::Header(name) => request.headers.get(name)?.to_str().ok().map(str::to_owned),
            Place::Query(name) => {
                query_pairs(request.url).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
        }
    }
}

impl SignaturePlace {
    fn find(&self, request: &CallbackRequest<'_>) -> Result<Vec<u8>, CallbackError> {
        let text = self.place.find(request).ok_or(CallbackError::Unsigned)?;
        let text = text.strip_prefix(self.prefix.as_str()).ok_or(CallbackError::Unsigned)?;
        let decoded = match self.enc {
            Encoding::Hex => hex::decode(text),
            Encoding::Base64 => STANDARD.decode(text).ok(),
        };
        decoded.ok_or(CallbackError::Unsigned)
    }
}
