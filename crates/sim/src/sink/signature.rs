//! The signature of messages and receipts, by the page `docs/http-provider.md` and not by the code under test.

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of `Countersign-Signature` for a body.
pub(super) fn sign(secret: &str, body: &[u8], now_s: i64) -> anyhow::Result<String> {
    use std::fmt::Write as _;
    let mut value = format!("t={now_s},v1=");
    for octet in keyed(secret, &now_s.to_string(), body)?.finalize().into_bytes() {
        let _ = write!(value, "{octet:02x}");
    }
    Ok(value)
}

/// Whether a body is signed with the secret.
pub(super) fn verify(secret: &str, header: Option<&str>, body: &[u8], now_ms: i64) -> anyhow::Result<()> {
    let (time, mac) =
        header.context("no signature")?.split_once(",v1=").context("a signature of another form")?;
    let time = time.strip_prefix("t=").context("a signature without time")?;
    let skew_s = now_ms / 1000 - time.parse::<i64>()?;
    anyhow::ensure!(skew_s.abs() <= 300, "a signature {skew_s} s old");
    let mut given = Vec::with_capacity(32);
    for pair in mac.as_bytes().chunks(2) {
        given.push(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    }
    keyed(secret, time, body)?.verify_slice(&given).context("a forged signature")
}

fn keyed(secret: &str, time: &str, body: &[u8]) -> anyhow::Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::server::SINK_SECRET;

    /// Computed with another implementation: `printf '1795428000.{}' | openssl dgst -sha256 -hmac …`.
    const GENUINE: &str = "t=1795428000,v1=3458a6fe46831d8acc20c3135cf7412baa3353a3bfabb428a69da74198b110c6";

    #[test]
    fn signatures_are_checked() {
        let check = |header: &str, body: &[u8], now_ms| verify(SINK_SECRET, Some(header), body, now_ms);
        assert!(check(GENUINE, b"{}", 1_795_428_001_000).is_ok());
        assert!(check(GENUINE, b"{} ", 1_795_428_001_000).is_err());
        assert!(check(GENUINE, b"{}", 1_795_428_301_000).is_err());
        assert!(check("t=1795428000,v1=", b"{}", 1_795_428_001_000).is_err());
        assert!(verify(SINK_SECRET, None, b"{}", 1_795_428_001_000).is_err());
    }

    #[test]
    fn signatures_are_made() {
        assert_eq!(sign(SINK_SECRET, b"{}", 1_795_428_000).unwrap(), GENUINE);
    }
}
