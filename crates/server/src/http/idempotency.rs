//! The `Idempotency-Key` header.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;

use super::problem::{Code, Problem};
use crate::usecase::idempotency::{Asker, Retryable};

/// The longest key.
const MAX_KEY_BYTES: usize = 255;

/// How the description shows the header.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyHeader {
    /// Makes a repetition safe for 24 hours: it gets the first one's answer. 1–255 visible ASCII characters without a
    /// double quote, or the same in double quotes without a backslash.
    #[expect(dead_code, reason = "the header is read by IdempotencyKey; this only describes it")]
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 257,
        pattern = r#"^([!#-~]{1,255}|"[!#-\[\]-~]{1,255}")$"#
    )]
    idempotency_key: Option<String>,
}

/// An `Idempotency-Key`, where the request has one, with the method and path it came to.
pub struct IdempotencyKey {
    key: Option<String>,
    target: String,
}

impl IdempotencyKey {
    /// The request that may come again: the key, bound to method, path and body.
    pub fn bind(self, body: &[u8]) -> Option<Retryable> {
        let mut request = self.target.into_bytes();
        request.push(b'\n');
        request.extend_from_slice(body);
        self.key.map(|key| Retryable { asker: Asker::Shop, key, request })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let target = format!("{} {}", parts.method, parts.uri.path());
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let invalid = || Problem::new(Code::InvalidIdempotencyKey);
        let key = match (values.next(), values.next()) {
            (None, _) => None,
            (Some(value), None) => Some(parse(value.to_str().map_err(|_| invalid())?).ok_or_else(invalid)?),
            (Some(_), Some(_)) => return Err(invalid().detail("there are two of them")),
        };
        Ok(IdempotencyKey { key, target })
    }
}

/// The draft wants a structured-field string in quotes (RFC 9651 §3.3.3); most clients send it bare.
fn parse(value: &str) -> Option<String> {
    let value = value.trim();
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\']))?,
        None => value,
    };
    let visible = inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    (visible && (1..=MAX_KEY_BYTES).contains(&inner.len())).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_bare_or_quoted() {
        assert_eq!(parse("order-1042").as_deref(), Some("order-1042"));
        assert_eq!(parse("\"order-1042\"").as_deref(), Some("order-1042"));
        for wrong in ["", "\"\"", "\"a", "a\"", "a b", "é", &"a".repeat(256)] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
