//! Requests.

use std::collections::BTreeMap;

use reqwest::header::HeaderName;
use serde_json::Value;

use super::Compiler;
use crate::declared::definition::{AuthPlan, Body, Call, Oauth2Plan, PlainHttp, Sigv4Plan, Tree};
use crate::declared::places::Path;
use crate::declared::schema::{Auth, Feedback, Method, Request};
use crate::declared::template::{Part, Template, Variable};

impl Compiler<'_> {
    pub(super) fn request(&mut self, request: &Request, path: &Path) -> Option<Call> {
        let bodies = [request.json.is_some(), request.form.is_some(), request.xml.is_some()];
        if bodies.iter().filter(|there| **there).count() > 1 {
            self.mistake(path, "there are several bodies", "keep one of json, form and xml");
        }
        if request.method == Method::Get && bodies.contains(&true) {
            self.mistake(path, "a GET has no body", "use query, or another method");
        }
        if request.plain_http_because.as_ref().is_some_and(String::is_empty) {
            self.mistake(&path.key("plain_http_because"), "no reason is given", "say why TLS is not needed");
        }
        let plain_http =
            if request.plain_http_because.is_some() { PlainHttp::Anywhere } else { PlainHttp::Loopback };
        // Each is looked at, so that all mistakes are told.
        let body = match (&request.json, &request.form, &request.xml) {
            (Some(json), _, _) => self.json(json, Self::message_template, &path.key("json")).map(Body::Json),
            (_, Some(form), _) => {
                self.fields(form, Self::message_template, &path.key("form")).map(Body::Form)
            }
            (_, _, Some(xml)) => self.message_template(xml, &path.key("xml")).map(Body::Xml),
            _ => Some(Body::None),
        };
        let idempotency_header = request
            .idempotency_header
            .as_ref()
            .map(|name| self.header_name(name, &path.key("idempotency_header")));
        let query = request.query.clone().unwrap_or_default();
        let url = self.url(&request.url, plain_http, Self::message_template, &path.key("url"));
        let auth = self.auth(&request.auth, &path.key("auth"));
        let headers = self.headers(&request.header, Self::message_template, &path.key("header"));
        let query = self.fields(&query, Self::message_template, &path.key("query"));
        Some(Call {
            method: request.method,
            url: url?,
            plain_http,
            auth: Some(auth?),
            headers: headers?,
            idempotency_header: match idempotency_header {
                Some(name) => Some(name?),
                None => None,
            },
            query: query?,
            body: body?,
        })
    }

    pub(super) fn feedback_call(&mut self, feedback: &Feedback, path: &Path) -> Call {
        let call = self.try_feedback_call(feedback, path);
        // A mistake was noted in its place; the definition is not used then.
        call.unwrap_or(Call {
            method: feedback.method,
            url: Template { parts: Vec::new() },
            plain_http: PlainHttp::Loopback,
            auth: None,
            headers: Vec::new(),
            idempotency_header: None,
            query: Vec::new(),
            body: Body::None,
        })
    }

    fn try_feedback_call(&mut self, feedback: &Feedback, path: &Path) -> Option<Call> {
        let body = match (&feedback.json, &feedback.form) {
            (Some(_), Some(_)) => {
                self.mistake(path, "there are several bodies", "keep one of json and form");
                return None;
            }
            (Some(json), _) => Body::Json(self.json(json, Self::feedback_template, &path.key("json"))?),
            (_, Some(form)) => Body::Form(self.fields(form, Self::feedback_template, &path.key("form"))?),
            _ => Body::None,
        };
        let query = feedback.query.clone().unwrap_or_default();
        let auth = match &feedback.auth {
            Some(auth) => Some(self.auth(auth, &path.key("auth"))?),
            None => None,
        };
        Some(Call {
            method: feedback.method,
            url: self.url(&feedback.url, PlainHttp::Loopback, Self::feedback_template, &path.key("url"))?,
            plain_http: PlainHttp::Loopback,
            auth,
            headers: self.headers(&feedback.header, Self::feedback_template, &path.key("header"))?,
            idempotency_header: None,
            query: self.fields(&query, Self::feedback_template, &path.key("query"))?,
            body,
        })
    }

    fn headers(
        &mut self,
        headers: &BTreeMap<String, String>,
        leaf: fn(&mut Self, &str, &Path) -> Option<Template>,
        path: &Path,
    ) -> Option<Vec<(HeaderName, Template)>> {
        headers
            .iter()
            .map(|(name, value)| {
                let path = path.key(name);
                Some((self.header_name(name, &path)?, leaf(self, value, &path)?))
            })
            .collect()
    }

    fn json(
        &mut self,
        table: &toml::Table,
        leaf: fn(&mut Self, &str, &Path) -> Option<Template>,
        path: &Path,
    ) -> Option<Tree> {
        self.tree(&toml::Value::Table(table.clone()), leaf, path)
    }

    fn fields(
        &mut self,
        fields: &BTreeMap<String, toml::Value>,
        leaf: fn(&mut Self, &str, &Path) -> Option<Template>,
        path: &Path,
    ) -> Option<Vec<(String, Tree)>> {
        let mut all = Some(Vec::new());
        for (name, value) in fields {
            let path = path.key(name);
            if value.is_table() {
                self.mistake(
                    &path,
                    "a form has no nested fields",
                    "write a text, a number or a list of them",
                );
                all = None;
                continue;
            }
            let tree = self.tree(value, leaf, &path);
            all = all.zip(tree).map(|(mut all, tree)| {
                all.push((name.clone(), tree));
                all
            });
        }
        all
    }

    fn tree(
        &mut self,
        value: &toml::Value,
        leaf: fn(&mut Self, &str, &Path) -> Option<Template>,
        path: &Path,
    ) -> Option<Tree> {
        Some(match value {
            toml::Value::String(text) => {
                let template = leaf(self, text, path)?;
                if text.contains('<') && template.holes().any(|hole| !hole.is_escaped_for_xml()) {
                    self.mistake(path, "a value stands in markup as it is", "let it end with |xml");
                }
                Tree::Leaf(template)
            }
            toml::Value::Integer(number) => Tree::Constant(Value::from(*number)),
            toml::Value::Boolean(truth) => Tree::Constant(Value::from(*truth)),
            toml::Value::Array(values) => {
                let trees: Vec<Option<Tree>> = values
                    .iter()
                    .enumerate()
                    .map(|(index, value)| self.tree(value, leaf, &path.index(index)))
                    .collect();
                Tree::List(trees.into_iter().collect::<Option<_>>()?)
            }
            toml::Value::Table(table) => {
                let trees: Vec<Option<(String, Tree)>> = table
                    .iter()
                    .map(|(name, value)| Some((name.clone(), self.tree(value, leaf, &path.key(name))?)))
                    .collect();
                Tree::Map(trees.into_iter().collect::<Option<_>>()?)
            }
            toml::Value::Float(_) | toml::Value::Datetime(_) => {
                self.mistake(path, "neither floats nor dates may stand here", "write it as a text");
                return None;
            }
        })
    }

    /// A URL whose host no message can choose, over TLS or to this machine.
    fn url(
        &mut self,
        text: &str,
        plain_http: PlainHttp,
        leaf: fn(&mut Self, &str, &Path) -> Option<Template>,
        path: &Path,
    ) -> Option<Template> {
        let template = leaf(self, text, path)?;
        match template.parts.first() {
            // A base URL of the operator's; looked at when the provider is made.
            Some(Part::Hole(hole)) if matches!(hole.variable, Variable::Setting(_) | Variable::Secret(_)) => {
            }
            Some(Part::Literal(start)) if start.starts_with("https://") => {}
            Some(Part::Literal(start)) if start.starts_with("http://") => {
                if plain_http == PlainHttp::Loopback && !is_loopback_literal(start) {
                    self.mistake(
                        path,
                        "codes would travel without TLS",
                        "use https://, or say why not in plain_http_because",
                    );
                }
            }
            _ => self.mistake(path, "this is no absolute URL", "begin it with https://"),
        }
        let mut before = String::new();
        for part in &template.parts {
            match part {
                Part::Literal(literal) => before.push_str(literal),
                Part::Hole(hole) => {
                    let in_authority = before.is_empty()
                        || before.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '?']));
                    let known = matches!(hole.variable, Variable::Known(_) | Variable::Words(_));
                    if in_authority && known {
                        self.mistake(
                            path,
                            "a message would choose the host",
                            "use setting.… or secret.… there",
                        );
                    }
                    if hole.optional {
                        self.mistake(path, "a part of a URL cannot be left out", "remove the ?");
                    }
                    before.push('x');
                }
            }
        }
        Some(template)
    }

    fn auth(&mut self, auth: &Auth, path: &Path) -> Option<AuthPlan> {
        Some(match auth {
            Auth::None {} => AuthPlan::None,
            Auth::Basic { user, password } => {
                let user = self.given(user, &path.key("user"));
                let password = self.secret(password, &path.key("password"));
                AuthPlan::Basic { user: user?, password: password? }
            }
            Auth::Bearer { token } => AuthPlan::Bearer { token: self.secret(token, &path.key("token"))? },
            Auth::Header { name, value } => {
                let name = self.header_name(name, &path.key("name"));
                let value = self.secret(value, &path.key("value"));
                AuthPlan::Header { name: name?, value: value? }
            }
            Auth::Query { name, value } => {
                AuthPlan::Query { name: name.clone(), value: self.secret(value, &path.key("value"))? }
            }
            Auth::Oauth2ClientCredentials { token_url, client_id, client_secret, scope, credentials_in } => {
                let scope = match scope {
                    Some(scope) => Some(self.given(scope, &path.key("scope"))?),
                    None => None,
                };
                let url = self.url(token_url, PlainHttp::Loopback, Self::given, &path.key("token_url"));
                let id = self.given(client_id, &path.key("client_id"));
                let secret = self.secret(client_secret, &path.key("client_secret"));
                AuthPlan::Oauth2(Box::new(Oauth2Plan {
                    token_url: url?,
                    client_id: id?,
                    client_secret: secret?,
                    scope,
                    credentials_in: *credentials_in,
                }))
            }
            Auth::Sigv4 { service, region, access_key, secret_key, session_token } => {
                let session_token = match session_token {
                    Some(token) => Some(self.secret(token, &path.key("session_token"))?),
                    None => None,
                };
                let service = self.given(service, &path.key("service"));
                let region = self.given(region, &path.key("region"));
                let access_key = self.secret(access_key, &path.key("access_key"));
                let secret_key = self.secret(secret_key, &path.key("secret_key"));
                AuthPlan::Sigv4(Box::new(Sigv4Plan {
                    service: service?,
                    region: region?,
                    access_key: access_key?,
                    secret_key: secret_key?,
                    session_token,
                }))
            }
        })
    }
}

/// Whether the text of a URL names this machine, and the name ends within it.
fn is_loopback_literal(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| {
        rest.strip_prefix(host).is_some_and(|after| after.is_empty() || after.starts_with([':', '/', '?']))
    })
}
