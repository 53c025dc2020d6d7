//! How a shop's server talks to Countersign: a handful of HTTPS calls with a bearer key.
//!
//! The whole integration is three calls:
//!
//! 1. [`Countersign::start`] when the customer wants something that matters. The code goes to the phone; the answer has
//!    the address of the hosted page, or the secret for the element.
//! 2. [`Countersign::get`] when the browser says that it is done, because the browser's word is not a proof. An
//!    approved verification has its proof here. The shop verifies it by itself (`shop/proof_check.rs`).
//! 3. [`Countersign::redeem`] with the proof and what *the shop's own records* say, just before it acts. Never with
//!    values that came through the browser.
//!
//! The key and the proof stay on the server. Every call that must not happen twice carries an
//! `Idempotency-Key` named after what the shop is doing, so a call that is repeated after a lost
//! answer counts once.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::proof::Jwks;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A client of Countersign's native API for one app.
#[derive(Clone)]
pub struct Countersign {
    http: reqwest::Client,
    base_url: String,
    api_key: String,
}

/// What the customer approves. Amounts are decimal strings with the currency's decimals: `"49.90"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Transaction {
    /// The shop's own number for it.
    pub id: String,
    /// How much, and of what (ISO 4217).
    #[serde(flatten)]
    pub money: Option<Amount>,
    /// Who receives it, as the customer knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee: Option<&'static str>,
    /// Whatever else must not change.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<&'static str, String>,
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Such as `"49.90"`.
    pub amount: String,
    /// Such as `EUR`.
    pub currency: &'static str,
}

impl Transaction {
    /// The digest that a proof of this transaction carries (`txn`), made by the shop from its own records: SHA-256 over
    /// a prefix and parts that each carry their length, so that no two transactions read alike. `None` is the digest
    /// of a start without a transaction.
    pub fn digest(transaction: Option<&Transaction>, app: &str, purpose: &str) -> String {
        let nothing = Transaction::default();
        let what = transaction.unwrap_or(&nothing);
        let minor_units = what.money.as_ref().map(|money| {
            let digits = money.amount.replace('.', "");
            let counted = digits.trim_start_matches('0');
            if counted.is_empty() { "0".to_owned() } else { counted.to_owned() }
        });
        let fields = what.fields.len().to_string();
        let mut parts = vec![
            Some(app),
            Some(purpose),
            transaction.map(|what| what.id.as_str()),
            minor_units.as_deref(),
            what.money.as_ref().map(|money| money.currency),
            what.payee,
            Some(fields.as_str()),
        ];
        parts.extend(what.fields.iter().flat_map(|(name, value)| [Some(*name), Some(value.as_str())]));
        let mut hash = Sha256::new_with_prefix(b"countersign/txn/v1");
        for part in parts {
            let length = part.map_or(u32::MAX, |text| u32::try_from(text.len()).unwrap_or(u32::MAX - 1));
            hash.update(length.to_be_bytes());
            hash.update(part.unwrap_or_default());
        }
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

/// A verification to start. No Debug: it holds a phone number.
#[derive(Serialize)]
pub struct StartRequest<'a> {
    /// The customer's phone.
    pub to: &'a str,
    /// Why: `payment`, `login`, …
    pub purpose: &'a str,
    /// What is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<&'a Transaction>,
    /// Names this customer's browser session; not the session cookie itself.
    pub session: &'a str,
    /// The shop's own reference for the customer.
    pub customer: &'a str,
    /// The language of the message.
    pub locale: &'a str,
    /// Where the code is typed, so that phones offer it there and nowhere else.
    pub presentation: Presentation<'a>,
}

/// Where the code is typed.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Presentation<'a> {
    /// On Countersign's own page, which sends the customer back.
    Page {
        /// Where to: one of the app's `return_urls`.
        return_url: &'a str,
        /// The shop's own word, which comes back too: ties the return to the session that began.
        state: &'a str,
    },
    /// In the element on the shop's own page.
    Element {
        /// That page's origin, one of the app's `origins`.
        origin: &'a str,
    },
    /// On Countersign's page in a frame of the shop's page.
    Iframe {
        /// The shop's page's origin, one of the app's `origins`.
        origin: &'a str,
    },
}

/// A verification as Countersign shows it to the shop's server. No Debug: it holds secrets.
#[derive(Clone, Deserialize)]
pub struct Verification {
    /// `ver_…`: keep it with the order.
    pub id: String,
    /// `pending`, `approved`, `expired`, `exhausted`, `canceled` or `denied`.
    pub status: String,
    /// The phone, masked.
    pub to: String,
    /// Of a start: for the page that shows the element, and for nobody else.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Of a start for the hosted page or a frame: the link that opens it, once.
    #[serde(default)]
    pub url: Option<String>,
    /// The proof, while it can be redeemed. For the shop's server alone.
    #[serde(default)]
    pub proof: Option<String>,
}

/// A proof to redeem, with everything that it must be for. No Debug: it holds a phone number.
#[derive(Serialize)]
pub struct RedeemRequest<'a> {
    /// The proof.
    pub proof: &'a str,
    /// The phone of the order.
    pub to: &'a str,
    /// The purpose.
    pub purpose: &'a str,
    /// The session that pays now.
    pub session: &'a str,
    /// What the shop is about to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<&'a Transaction>,
}

/// The answer to a redeem that succeeded. All others are problems.
#[derive(Deserialize)]
pub struct Redeemed {
    /// `redeemed`.
    pub result: String,
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

    /// Uses the proof: works once, and only for what it was made for.
    pub async fn redeem(&self, request: &RedeemRequest<'_>, key: &str) -> Result<Redeemed, CountersignError> {
        self.post("/v1/proofs/redeem", request, Some(key)).await
    }

    /// Gives the verification up. Cancelling twice is cancelling once, so it needs no key.
    pub async fn cancel(&self, id: &str) -> Result<Verification, CountersignError> {
        self.post(&format!("/v1/verifications/{id}/cancel"), &Empty {}, None).await
    }

    /// Reads a verification.
    pub async fn get(&self, id: &str) -> Result<Verification, CountersignError> {
        self.read(&format!("/v1/verifications/{id}")).await
    }

    /// The keys that proofs verify with. They are everybody's: this needs no API key, and no call for each proof.
    pub async fn keys(&self) -> Result<Jwks, CountersignError> {
        self.read("/.well-known/jwks.json").await
    }

    async fn read<A: DeserializeOwned>(&self, path: &str) -> Result<A, CountersignError> {
        let response =
            self.http.get(format!("{}{path}", self.base_url)).bearer_auth(&self.api_key).send().await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::entropy::Entropy;
    use countersign_core::id::{AppId, Partition};
    use countersign_core::money::Money;
    use countersign_core::time::Timestamp;

    /// The same by the rules that Countersign itself goes by.
    fn by_the_rules(transaction: Option<&Transaction>, app: AppId, purpose: &str) -> String {
        let what = transaction.map_or_else(countersign_core::transaction::Transaction::default, |what| {
            let money = what
                .money
                .as_ref()
                .map(|money| Money::parse(&money.amount, money.currency.parse().unwrap()).unwrap());
            let fields =
                what.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let payee = what.payee.map(str::to_owned);
            countersign_core::transaction::Transaction { id: Some(what.id.clone()), money, payee, fields }
        });
        what.digest(app, &purpose.parse().unwrap()).to_string()
    }

    #[test]
    fn the_shops_own_digest_is_countersigns() {
        let app = AppId::new(Timestamp::EPOCH, Partition(0), &mut Entropy::from_seed([7; 32]));
        let of_money = |amount: &str| Transaction {
            id: "BB-1".to_owned(),
            money: Some(Amount { amount: amount.to_owned(), currency: "EUR" }),
            payee: Some("Birch & Bolt"),
            fields: BTreeMap::new(),
        };
        let change = Transaction {
            id: "BB-2".to_owned(),
            fields: BTreeMap::from([("name", "Robin".to_owned()), ("address", "7 Elm Row, Łódź".to_owned())]),
            ..Transaction::default()
        };
        let (dear, cheap, free) = (of_money("179.90"), of_money("0.01"), of_money("0.00"));
        for (what, purpose) in [
            (Some(&dear), "payment"),
            (Some(&cheap), "order"),
            (Some(&free), "order"),
            (Some(&change), "account_change"),
            (None, "login"),
        ] {
            assert_eq!(
                Transaction::digest(what, &app.to_string(), purpose),
                by_the_rules(what, app, purpose)
            );
        }
    }
}
