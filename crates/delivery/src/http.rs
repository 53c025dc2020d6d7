//! A plain HTTP provider: one signed JSON POST for each message to an endpoint that the operator
//! runs. `docs/http-provider.md` describes it from the endpoint's side.
//!
//! The URL comes from the operator's own file, so private addresses are allowed here.

pub(crate) mod answer;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::id::{AppId, DeliveryId};
use countersign_core::locale::Locale;
use countersign_core::message::Encoding;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde::{Serialize, Serializer};

use crate::provider::{Outgoing, Provider, ProviderKind, ProviderName, SecretText, Submission};
use crate::receipt::{Receipt, ReceiptError};
use crate::sender::SenderId;
use crate::signature::{SIGNATURE_HEADER, SigningKeys};

/// The header that repeats the delivery's id, the same on every try.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// Connections that are kept open between messages; more are opened when more messages are on their
/// way at once.
const MAX_IDLE_CONNECTIONS: usize = 256;

/// Shorter than the 5 s after which the commonest servers hang up: a message written onto a
/// connection that is just being closed ends in doubt ([`Submission::Unknown`]).
const IDLE_CONNECTION_LIFE: Duration = Duration::from_secs(4);

/// What an HTTP provider is made of.
#[derive(Clone)]
pub struct HttpSettings {
    /// Its name.
    pub name: ProviderName,
    /// The endpoint: `http` or `https`, no user name and no password in it.
    pub url: String,
    /// Which channels' messages it takes.
    pub channels: BTreeSet<Channel>,
    /// What messages are signed with, and receipts checked with.
    pub keys: SigningKeys,
    /// The sender of messages that bring none.
    pub sender: Option<SenderId>,
    /// Where the endpoint shall post receipts; passed on with each message.
    pub receipts_url: Option<String>,
    /// How long to wait.
    pub timeouts: HttpTimeouts,
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold a token.
        f.debug_struct("HttpSettings").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How long to wait for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpTimeouts {
    connect: Duration,
    answer: Duration,
}

impl Default for HttpTimeouts {
    /// 2 s and 4 s: carriers' APIs answer within that, and a customer waits no longer before she asks
    /// for another code.
    fn default() -> Self {
        HttpTimeouts { connect: Duration::from_secs(2), answer: Duration::from_secs(4) }
    }
}

impl HttpTimeouts {
    /// Longest wait for an answer.
    pub const MAX_ANSWER: Duration = Duration::from_secs(30);

    /// `connect` bounds look-up, connection and TLS; `answer` bounds the whole submission, is longer
    /// than `connect` and at most [`HttpTimeouts::MAX_ANSWER`].
    pub fn new(connect: Duration, answer: Duration) -> Result<Self, HttpSetupError> {
        // A submission that ends while it still connects would pass for one that was written.
        if connect.is_zero() || answer <= connect || answer > Self::MAX_ANSWER {
            return Err(HttpSetupError::Timeouts);
        }
        Ok(HttpTimeouts { connect, answer })
    }

    /// Longest wait for what a submission needs before its own request, such as a token: so short that one
    /// which is then not written says so within the time of an answer, connecting included.
    pub(crate) fn before_the_request(self) -> Duration {
        self.answer.saturating_sub(self.connect) / 2
    }
}

/// Why an HTTP provider cannot be made. Shows no URL: there may be a token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpSetupError {
    /// The endpoint or the receipts URL.
    #[error("expected an absolute http:// or https:// URL with a host and without a fragment")]
    Url,
    /// A user name or password in a URL ends up in other people's logs.
    #[error("the URL has a user name or a password in it; messages are signed, so remove them")]
    CredentialsInUrl,
    /// The time limits.
    #[error("the connect timeout is above zero and shorter than the answer timeout, which is at most {} s", HttpTimeouts::MAX_ANSWER.as_secs())]
    Timeouts,
    /// An https endpoint needs certificate authorities to be checked against.
    #[error(
        "this machine has no certificate authorities to check an https endpoint with; install them (package ca-certificates)"
    )]
    NoCertificateAuthorities,
}

/// A plain HTTP endpoint. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct HttpProvider {
    inner: Arc<Inner>,
}

struct Inner {
    name: ProviderName,
    url: Url,
    receipts_url: Option<Url>,
    channels: BTreeSet<Channel>,
    keys: SigningKeys,
    sender: Option<SenderId>,
    client: reqwest::Client,
}

impl HttpProvider {
    /// Prepares the provider; connects to nothing yet.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpSetupError> {
        let url = parse_url(&settings.url)?;
        let receipts_url = settings.receipts_url.as_deref().map(parse_url).transpose()?;
        let client = client_for(&url, settings.timeouts)?;
        let HttpSettings { name, channels, keys, sender, .. } = settings;
        let inner = Inner { name, url, receipts_url, channels, keys, sender, client };
        Ok(HttpProvider { inner: Arc::new(inner) })
    }

    /// Reads a receipt that the endpoint posted; see [`Receipt::from_callback`].
    pub fn receipt(&self, signature: &[u8], body: &[u8], now: Timestamp) -> Result<Receipt, ReceiptError> {
        Receipt::from_callback(&self.inner.keys, signature, body, now)
    }

    fn request(&self, message: &Outgoing<'_>, now: Timestamp) -> Option<Request> {
        let body = serde_json::to_vec(&Body::new(&self.inner, message)).ok()?;
        let mut request = Request::new(Method::POST, self.inner.url.clone());
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let signature = self.inner.keys.sign(&body, now);
        headers.insert(HeaderName::from_static(SIGNATURE_HEADER), HeaderValue::try_from(signature).ok()?);
        let reference = HeaderValue::try_from(message.delivery.to_string()).ok()?;
        headers.insert(HeaderName::from_static(IDEMPOTENCY_HEADER), reference);
        *request.body_mut() = Some(body.into());
        Some(request)
    }
}

impl Provider for HttpProvider {
    fn name(&self) -> &ProviderName {
        &self.inner.name
    }

    fn kind(&self) -> ProviderKind {
        ProviderKind::Http
    }

    fn carries(&self, channel: Channel) -> bool {
        self.inner.channels.contains(&channel)
    }

    async fn submit(&self, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        // Others decide both long before; these two must never reach a carrier whoever errs.
        if message.mode == Mode::Test {
            return Submission::permanent("test_message");
        }
        if message.expires_at <= now {
            return Submission::permanent("expired");
        }
        let Some(request) = self.request(message, now) else {
            return Submission::permanent("not_representable");
        };
        match self.inner.client.execute(request).await {
            Ok(response) => answer::read(response, now).await,
            Err(error) => answer::of_error(&error),
        }
    }
}

impl fmt::Debug for HttpProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpProvider").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

/// The body of a message, as documented.
#[derive(Serialize)]
struct Body<'a> {
    reference: DeliveryId,
    app: AppId,
    channel: Channel,
    to: &'a str,
    text: &'a str,
    /// Alone, where no text is read but a call made or a template filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dlt_entity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dlt_template_id: Option<&'a str>,
    locale: &'a Locale,
    encoding: Encoding,
    segments: usize,
    #[serde(serialize_with = "rfc3339")]
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<&'a str>,
}

impl<'a> Body<'a> {
    fn new(provider: &'a Inner, message: &Outgoing<'a>) -> Self {
        Body {
            reference: message.delivery,
            app: message.app,
            channel: message.channel,
            to: message.to.expose(),
            text: message.text.expose(),
            code: message.code.filter(|_| message.channel != Channel::Sms).map(SecretText::expose),
            from: message.sender.or(provider.sender.as_ref()).map(SenderId::as_str),
            dlt_entity_id: message.registered.map(|registered| registered.entity_id),
            dlt_template_id: message.registered.map(|registered| registered.template_id),
            locale: message.locale,
            encoding: message.measure.encoding,
            segments: message.measure.segments,
            expires_at: message.expires_at,
            callback_url: provider.receipts_url.as_ref().map(Url::as_str),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

pub(crate) fn parse_url(text: &str) -> Result<Url, HttpSetupError> {
    let url = Url::parse(text).map_err(|_| HttpSetupError::Url)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || url.fragment().is_some() {
        return Err(HttpSetupError::Url);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(HttpSetupError::CredentialsInUrl);
    }
    Ok(url)
}

/// A client for one API: it follows no redirect, tries nothing twice, and ends in time.
pub(crate) fn client_for(url: &Url, timeouts: HttpTimeouts) -> Result<reqwest::Client, HttpSetupError> {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let builder = reqwest::Client::builder()
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        // A message must not wander to where nobody sent it.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        // Whether a message is tried again, the outbox decides.
        .retry(reqwest::retry::never())
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.answer)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_CONNECTION_LIFE);
    // Without redirects an http endpoint never needs certificate authorities, and a bare container
    // has none: loading them there would fail.
    let builder = if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|_| HttpSetupError::NoCertificateAuthorities)
}

#[cfg(test)]
mod tests;
