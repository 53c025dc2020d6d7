//! Vendors whose challenge may stand before a first message: Cloudflare Turnstile and hCaptcha.
//!
//! Both are asked the same way: the token goes with a secret to `siteverify`, and the answer says `success`
//! (<https://developers.cloudflare.com/turnstile/get-started/server-side-validation/>, <https://docs.hcaptcha.com/>). Both
//! take a token once, so it is good for one verification.

use std::fmt;
use std::time::Duration;

use countersign_core::challenge::ChallengeKind;
use countersign_core::step::Solution;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Longest time that a vendor may take, in milliseconds, and the usual one.
const TIMEOUT_MS: (u64, u64) = (10_000, 3_000);
/// The errors that say that we asked wrongly, and nothing about the customer.
const OUR_FAULT: [&str; 4] =
    ["missing-input-secret", "invalid-input-secret", "sitekey-secret-mismatch", "internal-error"];

/// Who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VendorName {
    /// Cloudflare Turnstile.
    Turnstile,
    /// hCaptcha.
    Hcaptcha,
}

/// What is done while the vendor does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenUnreachable {
    /// No solution is believed: nothing is counted, and it can be given again.
    #[default]
    Refuse,
    /// Every solution is believed.
    Accept,
}

/// What an operator writes about a vendor.
pub struct VendorSettings {
    /// Who it is.
    pub vendor: VendorName,
    /// The key that pages show.
    pub site_key: String,
    /// The key that belongs to it.
    pub secret: Zeroizing<String>,
    /// Where tokens are judged, instead of the vendor's own address.
    pub url: Option<String>,
    /// Longest time of an answer, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// What is done without one.
    pub when_unreachable: WhenUnreachable,
}

/// A vendor that can be asked.
#[derive(Clone)]
pub struct ChallengeVendor {
    vendor: VendorName,
    site_key: String,
    secret: Zeroizing<String>,
    url: Url,
    client: reqwest::Client,
    when_unreachable: WhenUnreachable,
}

impl fmt::Debug for ChallengeVendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChallengeVendor").field("vendor", &self.vendor).finish_non_exhaustive()
    }
}

/// The vendor did not say, and nothing is believed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the vendor of the challenge did not answer")]
pub struct Unanswered;

#[derive(Serialize)]
struct Question<'a> {
    secret: &'a str,
    response: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sitekey: Option<&'a str>,
}

#[derive(Deserialize)]
struct Verdict {
    success: bool,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
    /// Of Turnstile: what the page bound the token to.
    cdata: Option<String>,
}

impl ChallengeVendor {
    /// A vendor. Connects to nothing yet; says what of its settings is wrong.
    pub fn new(settings: VendorSettings) -> Result<Self, String> {
        let VendorSettings { vendor, site_key, secret, url, timeout_ms, when_unreachable } = settings;
        let is_plain =
            |text: &str| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_plain(&site_key) || !is_plain(&secret) {
            return Err("site_key and secret are 1 to 256 visible ASCII characters".to_owned());
        }
        let (longest, usual) = TIMEOUT_MS;
        let timeout_ms = timeout_ms.unwrap_or(usual);
        if !(100..=longest).contains(&timeout_ms) {
            return Err(format!("timeout_ms is 100 to {longest}"));
        }
        let own = match vendor {
            VendorName::Turnstile => "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            VendorName::Hcaptcha => "https://api.hcaptcha.com/siteverify",
        };
        let url = Url::parse(url.as_deref().unwrap_or(own)).map_err(|error| format!("url: {error}"))?;
        let is_here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
            return Err("url: write https, or an address of this machine".to_owned());
        }
        let timeout = Duration::from_millis(timeout_ms);
        let builder = reqwest::Client::builder()
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(timeout)
            .timeout(timeout);
        let builder = if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
        let client = builder.build().map_err(|_| "there are no certificate authorities on this machine")?;
        Ok(ChallengeVendor { vendor, site_key, secret, url, client, when_unreachable })
    }

    /// Its challenge.
    pub const fn kind(&self) -> ChallengeKind {
        match self.vendor {
            VendorName::Turnstile => ChallengeKind::Turnstile,
            VendorName::Hcaptcha => ChallengeKind::Hcaptcha,
        }
    }

    /// What its widget is shown with.
    pub fn site_key(&self) -> &str {
        &self.site_key
    }

    /// Whether a token is genuine, unused, and not bound to something else than `bound_to`.
    pub async fn judge(&self, token: &str, bound_to: &str) -> Result<Solution, Unanswered> {
        match self.ask(token).await {
            Some(verdict) if verdict.error_codes.iter().any(|code| OUR_FAULT.contains(&code.as_str())) => {
                let codes = verdict.error_codes.join(" ");
                tracing::error!(vendor = ?self.vendor, codes, "the vendor of the challenge does not take our question");
                self.without_an_answer()
            }
            Some(verdict) => {
                let is_elsewhere = verdict.cdata.is_some_and(|cdata| !cdata.is_empty() && cdata != bound_to);
                let is_right = verdict.success && !is_elsewhere;
                Ok(if is_right { Solution::Right } else { Solution::Wrong })
            }
            None => {
                tracing::warn!(vendor = ?self.vendor, "the vendor of the challenge did not answer");
                self.without_an_answer()
            }
        }
    }

    const fn without_an_answer(&self) -> Result<Solution, Unanswered> {
        match self.when_unreachable {
            WhenUnreachable::Refuse => Err(Unanswered),
            WhenUnreachable::Accept => Ok(Solution::Right),
        }
    }

    async fn ask(&self, token: &str) -> Option<Verdict> {
        let sitekey = (self.vendor == VendorName::Hcaptcha).then_some(self.site_key.as_str());
        let question = Question { secret: &self.secret, response: token, sitekey };
        let answer = self.client.post(self.url.clone()).form(&question).send().await.ok()?;
        if answer.status().is_server_error() {
            return None;
        }
        answer.json().await.ok()
    }
}
