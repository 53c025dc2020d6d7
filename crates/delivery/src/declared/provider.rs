//! A provider made of a definition and what the operator gave to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use reqwest::{Request, StatusCode, Url};

use super::answer::{Answer, HandOver};
use super::auth::{self, TokenCache, ValuesInThreads};
use super::callback::{Certificates, Tokens};
use super::definition::{AlsoOnFailure, AnswerRules, AuthPlan, Call, Definition, PlainHttp};
use super::given::{
    AnyMessage, Conversion, ConversionOutcome, FeedbackValues, Given, GivenError, MessageValues, Resolve,
};
use super::request::render_url;
use super::schema::Medium;
use crate::http::{HttpSetupError, HttpTimeouts, answer, client_for, parse_url};
use crate::provider::{Outgoing, Provider, ProviderKind, ProviderName, Submission};
use crate::sender::SenderId;

/// What a declared provider is made of.
pub struct DeclaredSettings<'a> {
    /// Its name.
    pub name: ProviderName,
    /// How its API works.
    pub definition: Definition,
    /// The definition's settings, by name.
    pub settings: BTreeMap<String, String>,
    /// Gets each secret.
    pub resolve: &'a mut Resolve<'a>,
    /// The sender of messages that bring none.
    pub sender: Option<SenderId>,
    /// Where the vendor shall post receipts: a URL of this server.
    pub callback_url: Option<String>,
    /// How long to wait.
    pub timeouts: HttpTimeouts,
}

impl fmt::Debug for DeclaredSettings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclaredSettings").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a declared provider cannot be made. Shows no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclaredSetupError {
    /// Settings or secrets.
    #[error(transparent)]
    Given(#[from] GivenError),
    /// The API's or the callback's URL, or the certificates to check the API's with.
    #[error(transparent)]
    Http(#[from] HttpSetupError),
    /// The URL that the definition and its settings make.
    #[error(
        "{definition}: its settings make no https:// URL; http:// is only for this machine, unless the definition says why"
    )]
    Url {
        /// The definition.
        definition: String,
    },
}

/// A provider whose API a definition describes. Cheap to clone; clones share connections and tokens.
#[derive(Clone)]
pub struct DeclaredProvider {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) name: ProviderName,
    pub(crate) definition: Definition,
    pub(crate) given: Given,
    sender: Option<SenderId>,
    callback_url: Option<Url>,
    client: reqwest::Client,
    tokens: TokenCache,
    pub(crate) certificates: Certificates,
}

impl DeclaredProvider {
    /// Prepares the provider; connects to nothing yet.
    pub fn new(settings: DeclaredSettings<'_>) -> Result<Self, DeclaredSetupError> {
        let DeclaredSettings { name, definition, settings, resolve, sender, callback_url, timeouts } =
            settings;
        let given = Given::new(&definition, &settings, resolve)?;
        let bad_url = || DeclaredSetupError::Url { definition: definition.name().to_owned() };
        let mut urls = Vec::new();
        for call in [Some(&definition.request), definition.feedback.as_ref().map(|feedback| &feedback.call)] {
            let Some(call) = call else { continue };
            urls.push(render_url(&call.url, call.plain_http, &AnyMessage(&given)).map_err(|_| bad_url())?);
            if let Some(AuthPlan::Oauth2(plan)) = &call.auth {
                let url = render_url(&plan.token_url, PlainHttp::Loopback, &given).map_err(|_| bad_url())?;
                urls.push(url);
            }
        }
        let mut callback_url = callback_url.as_deref().map(parse_url).transpose()?;
        if let (Some(url), Some(callback)) = (&mut callback_url, &definition.callback)
            && let Some(token) = callback.verify.url_token(&given)
        {
            url.query_pairs_mut().append_pair(Tokens::QUERY, &token);
        }
        // One client for all: if one of them needs certificate authorities, it has them.
        let url = urls.iter().find(|url| url.scheme() == "https").or(urls.first()).ok_or_else(bad_url)?;
        let client = client_for(url, timeouts)?;
        Ok(DeclaredProvider {
            inner: Arc::new(Inner {
                name,
                definition,
                given,
                sender,
                callback_url,
                client,
                tokens: TokenCache::new(timeouts.before_the_request()),
                certificates: Certificates::default(),
            }),
        })
    }

    /// The definition that it is made of.
    pub fn definition(&self) -> &Definition {
        &self.inner.definition
    }

    /// Whether the vendor wants to know what became of codes.
    pub fn wants_feedback(&self) -> bool {
        self.inner.definition.has_feedback()
    }

    /// How its messages travel.
    pub fn medium(&self) -> Medium {
        self.inner.definition.medium
    }

    /// Hands a message over as [`Provider::submit`] does, and tells all that was said.
    pub async fn hand_over(&self, message: &Outgoing<'_>, now: Timestamp) -> HandOver {
        // Others decide both long before; these two must never reach a carrier whoever errs.
        if message.mode == Mode::Test {
            return Submission::permanent("test_message").into();
        }
        if message.expires_at <= now {
            return Submission::permanent("expired").into();
        }
        if message.code.is_none() && self.medium() != Medium::Sms {
            return Submission::permanent("not_a_code").into();
        }
        let inner = &*self.inner;
        let values = inner.message_values(message, now);
        let reference = message.delivery.to_string();
        inner.call(&inner.definition.request, &inner.definition.answer, &values, &reference, now).await
    }

    /// Tells the vendor what became of a code. Nothing if it does not want to know: its definition has
    /// no feedback, or the code was not used and it asks about used ones only.
    pub async fn feedback(&self, conversion: &Conversion<'_>, now: Timestamp) -> Option<Submission> {
        let inner = &*self.inner;
        let rules = inner.definition.feedback.as_ref()?;
        if conversion.outcome == ConversionOutcome::Unused && rules.also_on_failure == AlsoOnFailure::No {
            return None;
        }
        let values = FeedbackValues { given: &inner.given, conversion, now };
        let reference = conversion.delivery.to_string();
        Some(inner.call(&rules.call, &rules.answer, &values, &reference, now).await.submission)
    }

    /// The request of a message, unsent: for whoever wants to look at it.
    pub(crate) fn request(&self, message: &Outgoing<'_>, now: Timestamp) -> Result<Request, Submission> {
        let inner = &*self.inner;
        inner.unsent(
            &inner.definition.request,
            &inner.message_values(message, now),
            &message.delivery.to_string(),
            now,
        )
    }

    /// The request of feedback, unsent.
    pub(crate) fn feedback_request(
        &self,
        conversion: &Conversion<'_>,
        now: Timestamp,
    ) -> Option<Result<Request, Submission>> {
        let inner = &*self.inner;
        let rules = inner.definition.feedback.as_ref()?;
        let values = FeedbackValues { given: &inner.given, conversion, now };
        Some(inner.unsent(&rules.call, &values, &conversion.delivery.to_string(), now))
    }
}

impl Inner {
    fn message_values<'a>(&'a self, message: &'a Outgoing<'a>, now: Timestamp) -> MessageValues<'a> {
        MessageValues {
            given: &self.given,
            definition: &self.definition,
            message,
            sender: message.sender.or(self.sender.as_ref()),
            callback: self.callback_url.as_ref().map(Url::as_str),
            now,
        }
    }

    fn auth<'a>(&'a self, call: &'a Call) -> &'a AuthPlan {
        const NONE: &AuthPlan = &AuthPlan::None;
        call.auth.as_ref().or(self.definition.request.auth.as_ref()).unwrap_or(NONE)
    }

    fn unsent(
        &self,
        call: &Call,
        values: &dyn ValuesInThreads,
        reference: &str,
        now: Timestamp,
    ) -> Result<Request, Submission> {
        let mut request =
            call.request(values, reference).map_err(super::request::Unbuilt::into_submission)?;
        auth::at_once(self.auth(call), &mut request, values, now)
            .map_err(super::request::Unbuilt::into_submission)?;
        Ok(request)
    }

    async fn call(
        &self,
        call: &Call,
        rules: &AnswerRules,
        values: &dyn ValuesInThreads,
        reference: &str,
        now: Timestamp,
    ) -> HandOver {
        let mut request = match call.request(values, reference) {
            Ok(request) => request,
            Err(unbuilt) => return unbuilt.into_submission().into(),
        };
        let plan = self.auth(call);
        if let Err(submission) =
            auth::authorise(plan, &mut request, values, &self.client, &self.tokens, now).await
        {
            return submission.into();
        }
        match self.client.execute(request).await {
            Ok(mut response) => {
                if response.status() == StatusCode::UNAUTHORIZED && matches!(plan, AuthPlan::Oauth2(_)) {
                    self.tokens.forget().await;
                }
                let answer = Answer {
                    status: response.status().as_u16(),
                    headers: response.headers().clone(),
                    body: answer::body(&mut response).await,
                };
                rules.read(&answer, reference, now)
            }
            Err(error) => answer::of_error(&error).into(),
        }
    }

    /// The same client for what else must be fetched from the vendor.
    pub(crate) const fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

impl Provider for DeclaredProvider {
    fn name(&self) -> &ProviderName {
        &self.inner.name
    }

    fn kind(&self) -> ProviderKind {
        ProviderKind::Declared
    }

    fn carries(&self, channel: Channel) -> bool {
        self.medium().channel() == channel
    }

    async fn submit(&self, message: &Outgoing<'_>, now: Timestamp) -> Submission {
        self.hand_over(message, now).await.submission
    }
}

impl fmt::Debug for DeclaredProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclaredProvider")
            .field("name", &self.inner.name)
            .field("definition", &self.inner.definition.name())
            .finish_non_exhaustive()
    }
}
