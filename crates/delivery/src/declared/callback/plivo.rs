//! Plivo's signature, version 3: HMAC-SHA256 over the URL with its sorted parameters, and a nonce.
//! Source: plivo-python 4.63.0, `utils/signature_v3.py`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keyed::{self, HashName};
use super::{CallbackError, CallbackRequest, query_pairs};

/// The signature's header; several signatures are separated by commas.
pub const SIGNATURE_HEADER: &str = "x-plivo-signature-v3";

/// The nonce's header.
pub const NONCE_HEADER: &str = "x-plivo-signature-v3-nonce";

/// The signature of a request; `form` are the fields of the body.
pub fn signature(token: &[u8], url: &str, form: &[(String, String)], nonce: &str) -> String {
    let base = url.split(['?', '#']).next().unwrap_or_default();
    let query = sorted(&query_pairs(url), "=", "&");
    let mut text = base.to_owned();
    if !query.is_empty() || !form.is_empty() {
        text.push('?');
        text.push_str(&query);
    }
    if !form.is_empty() {
        if !query.is_empty() {
            text.push('.');
        }
        text.push_str(&sorted(form, "", ""));
    }
    text.push('.');
    text.push_str(nonce);
    STANDARD.encode(keyed::mac(HashName::Sha256, token, text.as_bytes()))
}

fn sorted(pairs: &[(String, String)], equals: &str, and: &str) -> String {
    let mut pairs: Vec<&(String, String)> = pairs.iter().collect();
    pairs.sort();
    let joined: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}{equals}{value}")).collect();
    joined.join(and)
}

pub(crate) fn verify(token: &[u8], request: &CallbackRequest<'_>) -> Result<(), CallbackError> {
    let header = |name: &str| {
        request.headers.get(name).and_then(|value| value.to_str().ok()).ok_or(CallbackError::Unsigned)
    };
    let (given, nonce) = (header(SIGNATURE_HEADER)?, header(NONCE_HEADER)?);
    // Nothing covers a body that is neither form nor query.
    if !request.body.is_empty() && !request.is_form() {
        return Err(CallbackError::Unsigned);
    }
    let right = signature(token, request.url, &request.form(), nonce);
    let genuine = given.split(',').take(4).any(|one| keyed::same(one.trim().as_bytes(), right.as_bytes()));
    if genuine { Ok(()) } else { Err(CallbackError::Forged) }
}
