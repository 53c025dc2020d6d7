//! Who sends: what a request carries to be let in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::time::Timestamp;
use form_urlencoded::Serializer;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Request, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::definition::{AuthPlan, Oauth2Plan, PlainHttp};
use super::request::{Secrecy, Unbuilt, append_query, insert_header, render_url};
use super::schema::CredentialsIn;
use super::sigv4;
use super::template::{Unrendered, Values};
use crate::http::answer;
use crate::provider::Submission;

/// A token is renewed this long before it ends, so that none ends on its way.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// How long a token lives that does not say so (RFC 6749 §5.1 leaves it open).
const DEFAULT_TOKEN_LIFE_S: u64 = 300;

/// The token of an OAuth 2.0 client, shared by all that send for it.
pub(crate) struct TokenCache {
    kept: Mutex<Option<Token>>,
    longest_wait: Duration,
}

struct Token {
    text: Zeroizing<String>,
    until: Timestamp,
}

impl TokenCache {
    /// No token yet, and no message that waits longer for one.
    pub(crate) fn new(longest_wait: Duration) -> Self {
        TokenCache { kept: Mutex::default(), longest_wait }
    }

    /// Forgets a token that was refused, so that the next message asks for another.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

/// Adds to a request what says who sends it.
pub(crate) async fn authorise(
    plan: &AuthPlan,
    request: &mut Request,
    values: &dyn ValuesInThreads,
    client: &reqwest::Client,
    tokens: &TokenCache,
    now: Timestamp,
) -> Result<(), Submission> {
    if let AuthPlan::Oauth2(plan) = plan {
        // The wait for others that ask for it is among it.
        let token = tokio::time::timeout(tokens.longest_wait, token(plan, values, client, tokens, now))
            .await
            .map_err(|_| Submission::NotWritten { reason: "token_timeout".into() })??;
        let header = format!("Bearer {}", token.as_str());
        return insert_header(request, &AUTHORIZATION, &header, Secrecy::Secret)
            .map_err(Unbuilt::into_submission);
    }
    at_once(plan, request, values, now).map_err(Unbuilt::into_submission)
}

/// Values that may be kept over a wait.
pub(crate) trait ValuesInThreads: Values + Send + Sync {}
impl<V: Values + Send + Sync> ValuesInThreads for V {}

/// Everything that needs to ask nobody.
pub(crate) fn at_once(
    plan: &AuthPlan,
    request: &mut Request,
    values: &dyn Values,
    now: Timestamp,
) -> Result<(), Unbuilt> {
    match plan {
        AuthPlan::None | AuthPlan::Oauth2(_) => Ok(()),
        AuthPlan::Basic { user, password } => {
            let pair = Zeroizing::new(format!("{}:{}", user.render(values)?, password.render(values)?));
            let header = format!("Basic {}", STANDARD.encode(pair.as_bytes()));
            insert_header(request, &AUTHORIZATION, &header, Secrecy::Secret)
        }
        AuthPlan::Bearer { token } => {
            let header = format!("Bearer {}", token.render(values)?);
            insert_header(request, &AUTHORIZATION, &header, Secrecy::Secret)
        }
        AuthPlan::Header { name, value } => {
            insert_header(request, name, &value.render(values)?, Secrecy::Secret)
        }
        AuthPlan::Query { name, value } => {
            let value = value.render(values)?;
            append_query(request.url_mut(), name, &value);
            Ok(())
        }
        AuthPlan::Sigv4(plan) => {
            let session_token = match &plan.session_token {
                Some(token) => match token.render(values) {
                    Ok(token) => Some(token),
                    Err(Unrendered::LeftOut) => None,
                    Err(unrendered) => return Err(unrendered.into()),
                },
                None => None,
            };
            let credentials = sigv4::Credentials {
                access_key: plan.access_key.render(values)?,
                secret_key: Zeroizing::new(plan.secret_key.render(values)?),
                session_token,
                region: plan.region.render(values)?,
                service: plan.service.render(values)?,
            };
            sigv4::sign(request, &credentials, now)
        }
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// The token, asked for if there is none that lives (RFC 6749 §4.4). Whatever goes wrong here, the
/// message itself was not written.
async fn token(
    plan: &Oauth2Plan,
    values: &dyn ValuesInThreads,
    client: &reqwest::Client,
    tokens: &TokenCache,
    now: Timestamp,
) -> Result<Zeroizing<String>, Submission> {
    // Held while it is asked for: many messages need one token.
    let mut kept = tokens.kept.lock().await;
    if let Some(token) = kept.as_ref().filter(|token| now < token.until) {
        return Ok(token.text.clone());
    }
    let request = token_request(plan, values).map_err(Unbuilt::into_submission)?;
    let not_written = |reason: &'static str| Submission::NotWritten { reason: reason.into() };
    let mut response = client.execute(request).await.map_err(|_| not_written("token_unreachable"))?;
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Submission::Throttled { retry_after: answer::retry_after(response.headers(), now) });
    }
    if status.is_client_error() {
        return Err(Submission::Misconfigured { reason: format!("token_http_{}", status.as_u16()).into() });
    }
    let body = answer::body(&mut response).await.ok_or_else(|| not_written("token_unreadable"))?;
    let answer: TokenAnswer = serde_json::from_slice(&body)
        .ok()
        .filter(|_| status.is_success())
        .ok_or_else(|| not_written("token_unreadable"))?;
    let life = Duration::from_secs(answer.expires_in.unwrap_or(DEFAULT_TOKEN_LIFE_S));
    let text = Zeroizing::new(answer.access_token);
    *kept = Some(Token { text: text.clone(), until: now.plus(life.saturating_sub(RENEW_BEFORE)) });
    Ok(text)
}

fn token_request(plan: &Oauth2Plan, values: &dyn Values) -> Result<Request, Unbuilt> {
    let url = render_url(&plan.token_url, PlainHttp::Loopback, values)?;
    let mut request = Request::new(reqwest::Method::POST, url);
    let (id, secret) = (plan.client_id.render(values)?, Zeroizing::new(plan.client_secret.render(values)?));
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if let Some(scope) = &plan.scope {
        form.append_pair("scope", &scope.render(values)?);
    }
    match plan.credentials_in {
        CredentialsIn::Body => {
            form.append_pair("client_id", &id).append_pair("client_secret", &secret);
        }
        CredentialsIn::Basic => {
            let pair = Zeroizing::new(format!("{}:{}", form_encoded(&id), form_encoded(&secret)));
            let header = format!("Basic {}", STANDARD.encode(pair.as_bytes()));
            insert_header(&mut request, &AUTHORIZATION, &header, Secrecy::Secret)?;
        }
    }
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    *request.body_mut() = Some(form.finish().into());
    Ok(request)
}

/// RFC 6749 §2.3.1 has both halves form-encoded before they are joined.
fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
