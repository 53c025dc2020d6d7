//! A definition that passed the lint: what a provider is made from.

use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;
use reqwest::header::HeaderName;
use serde_json::Value;

use super::callback::rules::CallbackRules;
use super::compile;
use super::places::Mistakes;
use super::schema::{Accepts, Class, CredentialsIn, Medium, Method, RetryAfter, SecretReference, Used};
use super::template::Template;

/// How one HTTP API takes messages, answers, and reports: read from a TOML file, and checked whole.
#[derive(Clone)]
pub struct Definition {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) medium: Medium,
    pub(crate) accepts: Accepts,
    pub(crate) sources: Vec<String>,
    pub(crate) unverified: Vec<String>,
    pub(crate) settings: BTreeMap<String, SettingKind>,
    pub(crate) secrets: BTreeMap<String, SecretReference>,
    pub(crate) words: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) request: Call,
    pub(crate) answer: AnswerRules,
    pub(crate) callback: Option<CallbackRules>,
    pub(crate) feedback: Option<FeedbackRules>,
}

impl Definition {
    /// Reads a definition. Every mistake is told at once, with line, column, and what to do.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        compile::compile(text)
    }

    /// Its name, such as `twilio`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people call it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// How its messages travel.
    pub const fn medium(&self) -> Medium {
        self.medium
    }

    /// What it can carry.
    pub const fn accepts(&self) -> &Accepts {
        &self.accepts
    }

    /// Where its shapes were read.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// What of it could not be held against a source.
    pub fn unverified(&self) -> &[String] {
        &self.unverified
    }

    /// Its secrets and where they are unless the operator says otherwise.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &SecretReference)> {
        self.secrets.iter().map(|(name, reference)| (name.as_str(), reference))
    }

    /// Its settings.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &SettingKind)> {
        self.settings.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    /// Whether receipts come to a callback.
    pub const fn has_callback(&self) -> bool {
        self.callback.is_some()
    }

    /// Whether the vendor wants to know that a code was used.
    pub const fn has_feedback(&self) -> bool {
        self.feedback.is_some()
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What an operator may say about a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// May be another; this unless said.
    Default(String),
    /// Must be said.
    Required,
    /// May be said.
    Optional,
}

/// One HTTP request.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Template,
    pub(crate) plain_http: PlainHttp,
    /// None: as the messages.
    pub(crate) auth: Option<AuthPlan>,
    pub(crate) headers: Vec<(HeaderName, Template)>,
    pub(crate) idempotency_header: Option<HeaderName>,
    pub(crate) query: Vec<(String, Tree)>,
    pub(crate) body: Body,
}

/// Whether a URL may be without TLS anywhere but on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    Loopback,
    Anywhere,
}

#[derive(Clone)]
pub(crate) enum Body {
    None,
    Json(Tree),
    Form(Vec<(String, Tree)>),
    Xml(Template),
}

/// A body's structure; only its leaves hold values.
#[derive(Clone)]
pub(crate) enum Tree {
    Leaf(Template),
    Constant(Value),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

#[derive(Clone)]
pub(crate) enum AuthPlan {
    None,
    Basic { user: Template, password: Template },
    Bearer { token: Template },
    Header { name: HeaderName, value: Template },
    Query { name: String, value: Template },
    Oauth2(Box<Oauth2Plan>),
    Sigv4(Box<Sigv4Plan>),
}

#[derive(Clone)]
pub(crate) struct Oauth2Plan {
    pub(crate) token_url: Template,
    pub(crate) client_id: Template,
    pub(crate) client_secret: Template,
    pub(crate) scope: Option<Template>,
    pub(crate) credentials_in: CredentialsIn,
}

#[derive(Clone)]
pub(crate) struct Sigv4Plan {
    pub(crate) service: Template,
    pub(crate) region: Template,
    pub(crate) access_key: Template,
    pub(crate) secret_key: Template,
    pub(crate) session_token: Option<Template>,
}

/// How an answer is understood.
#[derive(Clone)]
pub(crate) struct AnswerRules {
    pub(crate) success: Vec<Condition>,
    pub(crate) id: IdPlan,
    pub(crate) code: Option<Extract>,
    pub(crate) segments: Option<Extract>,
    pub(crate) price: Option<PricePlan>,
    pub(crate) errors: Vec<ErrorPlan>,
}

#[derive(Clone)]
pub(crate) enum IdPlan {
    Use(Used),
    Extract(Extract),
}

#[derive(Clone, Default)]
pub(crate) struct Condition {
    pub(crate) status: Vec<u16>,
    pub(crate) json: Vec<(String, Vec<String>)>,
    pub(crate) code: Vec<String>,
    pub(crate) code_re: Option<Regex>,
    pub(crate) body_re: Option<Regex>,
}

#[derive(Clone)]
pub(crate) struct ErrorPlan {
    pub(crate) when: Condition,
    pub(crate) class: Class,
    pub(crate) retry_after: Option<RetryPlan>,
}

#[derive(Clone)]
pub(crate) enum RetryPlan {
    Fixed(u32),
    Extract(Extract),
}

impl RetryPlan {
    pub(crate) fn of(rule: &RetryAfter, extract: impl FnOnce(&super::schema::Source) -> Extract) -> Self {
        match rule {
            RetryAfter::Fixed(fixed) => RetryPlan::Fixed(fixed.seconds),
            RetryAfter::Source(source) => RetryPlan::Extract(extract(source)),
        }
    }
}

/// Where a value is.
#[derive(Clone, Default)]
pub(crate) struct Extract {
    pub(crate) pointers: Vec<String>,
    pub(crate) header: Option<HeaderName>,
    pub(crate) regex: Option<Regex>,
}

#[derive(Clone)]
pub(crate) struct PricePlan {
    pub(crate) amount: Extract,
    pub(crate) currency: Option<Extract>,
    pub(crate) currency_is: Option<String>,
}

#[derive(Clone)]
pub(crate) struct FeedbackRules {
    pub(crate) call: Call,
    pub(crate) answer: AnswerRules,
    pub(crate) also_on_failure: AlsoOnFailure,
}

/// Whether a vendor also wants to know that a code was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlsoOnFailure {
    Yes,
    No,
}
