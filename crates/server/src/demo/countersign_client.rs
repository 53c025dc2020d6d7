//! How a shop's server talks to Countersign: a handful of HTTPS calls with a bearer key.
//!
//! The whole integration is three calls:
//!
//! 1. [`Countersign::start`] when the customer wants to pay. The code goes to the phone.
//! 2. [`Countersign::check`] with what the customer typed. The right code gives a proof.
//! 3. [`Countersign::redeem`] with the proof and what *the shop's own records* say, just before the
//!    money moves. Never with values that came through the browser.
//!
//! The key and the proof stay on the server. Every call that must not happen twice carries an
//! `Idempotency-Key` named after what the shop is doing, so a call that is repeated after a lost
//! answer counts once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A client of Countersign's native API for one app.
#[derive(Clone)]
pub struct Countersign {
    http: reqwest::Client,
    base_url: String,
    api_key: String,
}

/// What the customer approves. Amounts are decimal strings with the currency's decimals: `"49.90"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// The shop's order number.
    pub id: String,
    /// How much.
    pub amount: String,
    /// ISO 4217, such as `EUR`.
    pub currency: &'static str,
    /// Who receives it, as the customer knows them.
    pub payee: &'static str,
}

/// A verification to start. No Debug: it holds a phone number.
#[derive(Serialize)]
pub struct StartRequest<'a> {
    /// The customer's phone.
    pub to: &'a str,
    /// Why: `payment`, `login`, …
    pub purpose: &'a str,
    /// What is approved.
    pub transaction: &'a Transaction,
    /// Names this customer's browser session; not the session cookie itself.
    pub session: &'a str,
    /// The shop's own reference for the customer.
    pub customer: &'a str,
    /// The language of the message.
    pub locale: &'a str,
    /// Where the code is typed, so that phones offer it there and nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presentation: Option<Presentation<'a>>,
}

/// Where the code is typed.
#[derive(Serialize)]
pub struct Presentation<'a> {
    /// `element`: a field on the shop's own page.
    pub mode: &'a str,
    /// The origin of that page, such as `https://shop.example`.
    pub origin: &'a str,
}

/// A verification as Countersign shows it to the shop's server. Times are RFC 3339.
#[derive(Clone, Deserialize)]
pub struct Verification {
    /// `ver_…`: keep it with the order.
    pub id: String,
    /// `pending`, `approved`, `expired`, `exhausted`, `canceled` or `denied`.
    pub status: String,
    /// The phone, masked.
    pub to: String,
    /// When the code stops working.
    pub expires_at: String,
    /// When another message may be asked for; absent when none is left.
    #[serde(default)]
    pub resend_at: Option<String>,
}

/// The answer to a check.
#[derive(Deserialize)]
pub struct CheckAnswer {
    /// The verification's status now.
    pub status: String,
    /// `approved`, `incorrect`, `expired`, `exhausted`, `transaction_mismatch`, …
    pub result: String,
    /// Guesses that are left.
    #[serde(default)]
    pub attempts_remaining: u8,
    /// The proof, if approved. For the shop's server alone.
    #[serde(default)]
    pub proof: Option<String>,
}

/// A proof to redeem, with everything that it must be for. No Debug: it holds a phone number.
#[derive(Serialize)]
pub struct RedeemRequest<'a> {
    /// The proof from the check.
    pub proof: &'a str,
    /// The phone of the order.
    pub to: &'a str,
    /// The purpose.
    pub purpose: &'a str,
    /// The session that pays now.
    pub session: &'a str,
    /// What is about to be charged.
    pub transaction: &'a Transaction,
}

/// The answer to a redeem that succeeded. All others are problems.
#[derive(Deserialize)]
pub struct Redeemed {
    /// The verification behind the proof.
    pub verification: Verification,
}

/// A problem document (RFC 9457) and the status it came with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// The stable word to branch on.
    #[serde(default)]
    pub code: String,
    /// A short English summary.
    #[serde(default)]
    pub title: String,
    /// What happened this time, in English, for the shop's developers.
    #[serde(default)]
    pub detail: Option<String>,
    /// The field that is wrong, as a JSON pointer.
    #[serde(default)]
    pub pointer: Option<String>,
    /// Seconds to wait before trying again, from `Retry-After`.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
}

/// A call that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CountersignError {
    /// Countersign refused; nothing changed.
    #[error("Countersign answered {} {}: {}", .0.status, .0.code, .0.detail.as_deref().unwrap_or(&.0.title))]
    Refused(Problem),
    /// No answer, or none that can be read. Safe to repeat with the same `Idempotency-Key`.
    #[error("Countersign gave no answer")]
    NoAnswer,
}

impl Countersign {
    /// A client that speaks to `base_url` with `api_key`.
    pub fn new(http: reqwest::Client, base_url: &str, api_key: String) -> Self {
        Countersign { http, base_url: base_url.trim_end_matches('/').to_owned(), api_key }
    }

    /// Sends a code to the phone.
    pub async fn start(
        &self,
        request: &StartRequest<'_>,
        key: &str,
    ) -> Result<Verification, CountersignError> {
        self.post("/v1/verifications", request, Some(key)).await
    }

    /// Sends the message again. The code stays the same.
    pub async fn resend(&self, id: &str, key: &str) -> Result<Verification, CountersignError> {
        self.post(&format!("/v1/verifications/{id}/resend"), &Empty {}, Some(key)).await
    }

    /// Is this the code? Repeating the transaction makes Countersign compare it with what the
    /// customer was told.
    pub async fn check(
        &self,
        id: &str,
        code: &str,
        transaction: &Transaction,
        key: &str,
    ) -> Result<CheckAnswer, CountersignError> {
        self.post(&format!("/v1/verifications/{id}/check"), &Check { code, transaction }, Some(key)).await
    }

    /// Uses the proof: works once, and only for what it was made for.
    pub async fn redeem(&self, request: &RedeemRequest<'_>, key: &str) -> Result<Redeemed, CountersignError> {
        self.post("/v1/proofs/redeem", request, Some(key)).await
    }

    /// Gives the verification up. Cancelling twice is cancelling once, so it needs no key.
    pub async fn cancel(&self, id: &str) -> Result<Verification, CountersignError> {
        self.post(&format!("/v1/verifications/{id}/cancel"), &Empty {}, None).await
    }

    /// The customer says "this was not me": voids the verification, even an approved one.
    pub async fn report(&self, id: &str) -> Result<Verification, CountersignError> {
        self.post(&format!("/v1/verifications/{id}/report"), &Empty {}, None).await
    }

    /// Reads a verification.
    pub async fn get(&self, id: &str) -> Result<Verification, CountersignError> {
        let url = format!("{}/v1/verifications/{id}", self.base_url);
        let response = self.http.get(url).bearer_auth(&self.api_key).send().await;
        read(response.map_err(|_| CountersignError::NoAnswer)?).await
    }

    /// Posts, and once more with the same key when no answer came.
    async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        idempotency_key: Option<&str>,
    ) -> Result<A, CountersignError> {
        let body = serde_json::to_vec(body).map_err(|_| CountersignError::NoAnswer)?;
        let send = || {
            let mut request = self
                .http
                .post(format!("{}{path}", self.base_url))
                .bearer_auth(&self.api_key)
                .header(CONTENT_TYPE, "application/json");
            if let Some(key) = idempotency_key {
                request = request.header("idempotency-key", key);
            }
            request.body(body.clone()).send()
        };
        let response = match send().await {
            Ok(response) => response,
            Err(_) => send().await.map_err(|_| CountersignError::NoAnswer)?,
        };
        read(response).await
    }
}

#[derive(Serialize)]
struct Check<'a> {
    code: &'a str,
    transaction: &'a Transaction,
}

#[derive(Serialize)]
struct Empty {}

async fn read<A: DeserializeOwned>(response: reqwest::Response) -> Result<A, CountersignError> {
    let status = response.status();
    let retry_after_s = retry_after_s(response.headers());
    let body = response.bytes().await.map_err(|_| CountersignError::NoAnswer)?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|_| CountersignError::NoAnswer);
    }
    // A proxy in between may answer something else than a problem document; the status still counts.
    let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
    Err(CountersignError::Refused(Problem { status: status.as_u16(), retry_after_s, ..problem }))
}

fn retry_after_s(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

/// What a proof says, as indented JSON. For showing only: believe a proof because its signature was
/// verified or because it was redeemed.
pub fn readable_claims(proof: &str) -> Option<String> {
    let payload = proof.split('.').nth(1)?;
    let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    serde_json::to_string_pretty(&claims).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_from_a_proof_and_from_nothing_else() {
        let proof = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(r#"{"purpose":"payment"}"#));
        assert_eq!(readable_claims(&proof).as_deref(), Some("{\n  \"purpose\": \"payment\"\n}"));
        for wrong in ["", "a.b.c", "e30", "..", "a.eyJ9.c"] {
            assert_eq!(readable_claims(wrong), None, "{wrong}");
        }
    }
}
