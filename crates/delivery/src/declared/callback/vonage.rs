//! Vonage's signed webhooks of the SMS API: an HMAC over the sorted fields, one of which is it.
//! Source: vonage-http-client 1.5.2, `Auth.sign_params`; Vonage, "Signing messages".

use std::collections::BTreeMap;

use countersign_core::time::Timestamp;

use super::keyed::{self, HashName};
use super::{CallbackError, CallbackRequest};
use crate::declared::hex;

/// The field that holds the signature.
pub const SIGNATURE_FIELD: &str = "sig";

/// The signature over fields; `sig` itself is left out.
pub fn signature(hash: HashName, secret: &[u8], fields: &BTreeMap<String, String>) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != SIGNATURE_FIELD) {
        text.push('&');
        text.push_str(name);
        text.push('=');
        text.push_str(&value.replace(['&', '='], "_"));
    }
    keyed::mac(hash, secret, text.as_bytes())
}

pub(crate) fn verify(
    hash: HashName,
    secret: &[u8],
    max_skew_s: u32,
    request: &CallbackRequest<'_>,
    now: Timestamp,
) -> Result<(), CallbackError> {
    let fields = request.fields();
    let given =
        fields.get(SIGNATURE_FIELD).and_then(|sig| hex::decode(sig)).ok_or(CallbackError::Unsigned)?;
    let right = signature(hash, secret, &fields);
    if !keyed::same(&right, &given) {
        return Err(CallbackError::Forged);
    }
    let seconds: i64 =
        fields.get("timestamp").and_then(|time| time.parse().ok()).ok_or(CallbackError::Unsigned)?;
    if now.as_seconds().abs_diff(seconds) > u64::from(max_skew_s) {
        return Err(CallbackError::OutsideWindow);
    }
    Ok(())
}
