//! Twilio's request signature: HMAC over the URL and, for forms, the sorted fields.
//! Source: twilio-python 9.13.0, `request_validator.py`; Twilio, "Webhooks security".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::keyed::{self, HashName};
use super::{CallbackError, CallbackRequest, query_pairs};
use crate::declared::hex;

/// The signature's header.
pub const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// Says key and algorithm where a shared key signs: `key=…,algorithm=HMAC_SHA256`.
pub const SETTINGS_HEADER: &str = "x-twilio-webhooks-signature-settings";

/// The query parameter with the hash of a body that is no form.
const BODY_HASH: &str = "bodySHA256";

/// The signature of a request: `form` are the fields of a form body, none for any other body.
pub fn signature(hash: HashName, key: &[u8], url: &str, form: &[(String, String)]) -> String {
    let mut form: Vec<&(String, String)> = form.iter().collect();
    form.sort();
    form.dedup();
    let mut text = url.to_owned();
    for (name, value) in form {
        text.push_str(name);
        text.push_str(value);
    }
    STANDARD.encode(keyed::mac(hash, key, text.as_bytes()))
}

/// Checks a callback. `token` signs unless the request says that the shared key does.
pub(crate) fn verify(
    token: &[u8],
    shared_key: Option<&[u8]>,
    request: &CallbackRequest<'_>,
) -> Result<(), CallbackError> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let given = header(SIGNATURE_HEADER).ok_or(CallbackError::Unsigned)?;
    let (hash, key) = match algorithm(header(SETTINGS_HEADER).unwrap_or_default()) {
        "HMAC_SHA1" => (HashName::Sha1, token),
        "HMAC_SHA256" => (HashName::Sha256, shared_key.ok_or(CallbackError::NoKey)?),
        _ => return Err(CallbackError::Unsigned),
    };
    let form = request.form();
    if !request.body.is_empty() && !request.is_form() {
        body_is_bound(request)?;
    }
    // Twilio's own servers do not agree on the port, says its library: both forms are tried.
    let urls = [without_port(request.url), with_port(request.url)];
    let genuine = urls
        .into_iter()
        .flatten()
        .any(|url| keyed::same(signature(hash, key, &url, &form).as_bytes(), given.as_bytes()));
    if genuine { Ok(()) } else { Err(CallbackError::Forged) }
}

/// The algorithm that a settings header names; HMAC-SHA1 if it names none.
fn algorithm(settings: &str) -> &str {
    settings
        .split(',')
        .filter_map(|part| part.split_once('='))
        .find(|(name, value)| name.trim() == "algorithm" && !value.trim().is_empty())
        .map_or("HMAC_SHA1", |(_, value)| value.trim())
}

/// A body that is no form is signed by way of its hash in the URL. Twilio's library lets one without
/// pass; here it is refused, since then anybody could replace it.
fn body_is_bound(request: &CallbackRequest<'_>) -> Result<(), CallbackError> {
    let pairs = query_pairs(request.url);
    let given = pairs.iter().find(|(name, _)| name == BODY_HASH).ok_or(CallbackError::Unsigned)?;
    let right = hex::encode(&Sha256::digest(request.body));
    if keyed::same(given.1.as_bytes(), right.as_bytes()) { Ok(()) } else { Err(CallbackError::Forged) }
}

/// Scheme, host with port, and the rest.
fn split(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some((scheme, &rest[..end], &rest[end..]))
}

/// Where a port begins in an authority; colons in brackets belong to an address.
fn port_at(authority: &str) -> Option<usize> {
    let colon = authority.rfind(':')?;
    (!authority[colon..].contains(']')).then_some(colon)
}

fn without_port(url: &str) -> Option<String> {
    let (scheme, authority, rest) = split(url)?;
    let host = port_at(authority).map_or(authority, |colon| &authority[..colon]);
    Some(format!("{scheme}://{host}{rest}"))
}

fn with_port(url: &str) -> Option<String> {
    let (scheme, authority, rest) = split(url)?;
    if port_at(authority).is_some() {
        return Some(url.to_owned());
    }
    let port = if scheme == "https" { 443 } else { 80 };
    Some(format!("{scheme}://{authority}:{port}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_and_go() {
        let both = |url| (without_port(url).unwrap(), with_port(url).unwrap());
        assert_eq!(
            both("https://a.b/c?d=e:1"),
            ("https://a.b/c?d=e:1".into(), "https://a.b:443/c?d=e:1".into())
        );
        assert_eq!(both("https://a.b:8443/c"), ("https://a.b/c".into(), "https://a.b:8443/c".into()));
        assert_eq!(both("http://[::1]/c"), ("http://[::1]/c".into(), "http://[::1]:80/c".into()));
        assert_eq!(both("http://[::1]:8080"), ("http://[::1]".into(), "http://[::1]:8080".into()));
        assert_eq!(without_port("none"), None);
    }

    #[test]
    fn the_settings_header_names_the_algorithm() {
        assert_eq!(algorithm(""), "HMAC_SHA1");
        assert_eq!(algorithm("key=abc"), "HMAC_SHA1");
        assert_eq!(algorithm("key=abc, algorithm=HMAC_SHA256"), "HMAC_SHA256");
        assert_eq!(algorithm("algorithm=none"), "none");
    }
}
