//! Callbacks: what a vendor posts about messages that it took.
//!
//! Nothing of a callback is believed before its verification: signature, credential or token.

pub mod jwt;
pub mod keyed;
pub mod plivo;
pub mod report;
pub(crate) mod rules;
pub mod sns;
pub mod twilio;
pub mod vonage;

mod parse;
mod verify;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use countersign_core::time::Timestamp;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::provider::DeclaredProvider;
use crate::http::answer;
pub use report::{MccMnc, Report, Reports, Verdict};
use rules::VerifyPlan;

/// Longest callback body that is read, in bytes: SNS posts up to 256 KiB, and no other vendor near it.
pub const MAX_CALLBACK_BYTES: usize = 256 * 1_024;

/// The query parameter in which a callback URL carries the token that shows where it comes from.
pub(crate) struct Tokens;

impl Tokens {
    pub(crate) const QUERY: &'static str = "token";
}

/// A callback as it arrived.
#[derive(Clone, Copy)]
pub struct CallbackRequest<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The whole URL as the vendor was given it, with its query: signatures cover it.
    pub url: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, the bytes as they came.
    pub body: &'a [u8],
}

impl std::fmt::Debug for CallbackRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // URL and body hold numbers.
        f.debug_struct("CallbackRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// What a callback was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Words about messages.
    Reports(Reports),
    /// The vendor asks whether this URL is ours: answer 200 with this text as the body.
    Challenge {
        /// The body to answer with.
        answer: String,
    },
    /// Amazon SNS asks whether we want its topic: fetch this URL once, after looking at it. Its host is
    /// Amazon's.
    Confirm {
        /// The URL to fetch.
        url: String,
    },
}

/// Why a callback was not taken. Holds nothing of the callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// This provider gets none.
    #[error("this provider's definition has no callback")]
    NoCallback,
    /// The body is too long.
    #[error("a callback has at most {MAX_CALLBACK_BYTES} bytes")]
    TooLong,
    /// What should show where it comes from is missing or not of its form.
    #[error("the callback's signature or credential is missing or malformed")]
    Unsigned,
    /// It does not come from where it says.
    #[error("the callback's signature or credential does not belong to it")]
    Forged,
    /// Genuine, but from too long ago or too far ahead.
    #[error("the callback's time is too far from this server's")]
    OutsideWindow,
    /// A secret that is needed to check it was not given.
    #[error("the secret that this callback is checked with is not configured")]
    NoKey,
    /// The certificate could not be had.
    #[error("the certificate that signed the callback could not be fetched")]
    NoCertificate,
    /// SNS signed with SHA-1.
    #[error("the topic signs with SHA-1; set its attribute SignatureVersion to 2")]
    WeakSignature,
    /// Verified, and not of the documented shape.
    #[error("the callback is not of the shape that the definition describes")]
    Shape,
}

impl DeclaredProvider {
    /// The body to answer a callback that was taken with; often empty.
    pub fn callback_answer(&self) -> &str {
        self.inner.definition.callback.as_ref().map_or("", |callback| callback.answer.as_str())
    }

    /// Verifies and reads a callback. SNS's certificates are fetched from Amazon.
    pub async fn receive(
        &self,
        request: &CallbackRequest<'_>,
        now: Timestamp,
    ) -> Result<Received, CallbackError> {
        self.receive_with(request, now, |url| self.fetch(url)).await
    }

    /// Verifies and reads a callback. `fetch` gets a certificate as PEM from a URL whose host is Amazon's; it is
    /// asked only for a provider whose callbacks are signed by SNS, and once for each certificate.
    pub async fn receive_with<F, Fut>(
        &self,
        request: &CallbackRequest<'_>,
        now: Timestamp,
        fetch: F,
    ) -> Result<Received, CallbackError>
    where
        F: FnOnce(Url) -> Fut,
        Fut: Future<Output = Option<Vec<u8>>>,
    {
        let inner = &*self.inner;
        let rules = inner.definition.callback.as_ref().ok_or(CallbackError::NoCallback)?;
        if request.body.len() > MAX_CALLBACK_BYTES {
            return Err(CallbackError::TooLong);
        }
        if let Some(challenge) = &rules.challenge
            && let Some(answer) = verify::challenge(challenge, request, &inner.given)?
        {
            return Ok(Received::Challenge { answer });
        }
        if let VerifyPlan::Sns { topic_arn, max_skew_s } = &rules.verify {
            let envelope = sns::Envelope::parse(request.body)?;
            let url = envelope.certificate_url()?;
            let certificate = match inner.certificates.get(&url) {
                Some(certificate) => certificate,
                None => fetch(url.clone()).await.ok_or(CallbackError::NoCertificate)?,
            };
            envelope.verify(&certificate)?;
            inner.certificates.keep(&url, certificate);
            let topic = topic_arn.render(&inner.given).map_err(|_| CallbackError::NoKey)?;
            envelope.is_of(&topic, now, *max_skew_s)?;
            if let Some(url) = envelope.subscribe_url()? {
                return Ok(Received::Confirm { url });
            }
        } else {
            verify::verify(&rules.verify, request, &inner.given, now)?;
        }
        rules.read(request).map(Received::Reports)
    }

    /// Gets a certificate; bounded in size and time.
    async fn fetch(&self, url: Url) -> Option<Vec<u8>> {
        let request = reqwest::Request::new(reqwest::Method::GET, url);
        let mut response = self.inner.client().execute(request).await.ok()?;
        if response.status().is_success() { answer::body(&mut response).await } else { None }
    }
}

/// The pairs of a URL's query.
pub(crate) fn query_pairs(url: &str) -> Vec<(String, String)> {
    let query =
        url.split_once('#').map_or(url, |(before, _)| before).split_once('?').map_or("", |(_, query)| query);
    pairs(query.as_bytes())
}

pub(crate) fn pairs(form: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(form).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

impl CallbackRequest<'_> {
    pub(crate) fn has_type(&self, wanted: &str) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
    }

    pub(crate) fn is_form(&self) -> bool {
        self.has_type("application/x-www-form-urlencoded")
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        if self.is_form() { pairs(self.body) } else { Vec::new() }
    }

    /// Each field of the query, the form, or the top of a JSON body; of two with one name the later, so
    /// that what is signed and what is read are the same.
    pub(crate) fn fields(&self) -> BTreeMap<String, String> {
        let mut fields: BTreeMap<String, String> = query_pairs(self.url).into_iter().collect();
        if self.has_type("application/json") {
            if let Ok(Value::Object(members)) = serde_json::from_slice(self.body) {
                fields.extend(
                    members
                        .iter()
                        .filter_map(|(name, value)| Some((name.clone(), super::answer::word(value)?))),
                );
            }
        } else {
            fields.extend(self.form());
        }
        fields
    }
}

/// Certificates that have verified something, by their URL.
#[derive(Default)]
pub(crate) struct Certificates(Mutex<BTreeMap<String, Vec<u8>>>);

impl Certificates {
    /// Amazon changes them once in a few months.
    const MOST: usize = 8;

    fn get(&self, url: &Url) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(url.as_str()).cloned()
    }

    fn keep(&self, url: &Url, certificate: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= Self::MOST && !kept.contains_key(url.as_str()) {
            kept.clear();
        }
        kept.insert(url.as_str().to_owned(), certificate);
    }
}
