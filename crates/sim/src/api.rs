//! The shop: a client of the native API.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clock;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A shop with its key. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// A whole answer, and when its request was on its way.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; null if there is none.
    pub body: Value,
    /// When the request was begun, Unix milliseconds.
    pub asked_ms: i64,
    /// When the answer had come.
    pub answered_ms: i64,
}

/// No whole answer came: what was asked may have happened or not.
#[derive(Debug)]
pub struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer came")
    }
}

impl std::error::Error for Lost {}

/// One request; kept, so that it can be repeated as it was.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
    idempotency_key: Option<String>,
}

impl Request {
    /// A GET.
    pub fn get(path: impl Into<String>) -> Self {
        Request { method: Method::GET, path: path.into(), body: None, idempotency_key: None }
    }

    /// A POST.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Request { method: Method::POST, path: path.into(), body: Some(body), idempotency_key: None }
    }

    /// Starts a verification.
    pub fn start(to: &str, purpose: &str, session: &str) -> Self {
        Request::post("/v1/verifications", json!({ "to": to, "purpose": purpose, "session": session }))
    }

    /// Checks a code.
    pub fn check(id: &str, code: &str) -> Self {
        Request::post(format!("/v1/verifications/{id}/check"), json!({ "code": code }))
    }

    /// Asks for the message again.
    pub fn resend(id: &str) -> Self {
        Request::post(format!("/v1/verifications/{id}/resend"), json!({}))
    }

    /// Redeems a proof of a verification that had no transaction.
    pub fn redeem(proof: &str, to: &str, purpose: &str, session: &str) -> Self {
        let body = json!({ "proof": proof, "to": to, "purpose": purpose, "session": session });
        Request::post("/v1/proofs/redeem", body)
    }

    /// Reads a verification.
    pub fn show(id: &str) -> Self {
        Request::get(format!("/v1/verifications/{id}"))
    }

    /// Reads what happened to a verification.
    pub fn timeline(id: &str) -> Self {
        Request::get(format!("/v1/verifications/{id}/timeline"))
    }

    /// With an `Idempotency-Key`.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

impl Api {
    /// A client of the server at this address.
    pub fn new(address: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // Whether a request is repeated is what the tests are about.
            .retry(reqwest::retry::never())
            .tls_certs_only([])
            .http1_only()
            .tcp_nodelay(true)
            .timeout(PATIENCE)
            .build()?;
        Ok(Api { http, base: format!("http://{address}"), key: key.to_owned() })
    }

    /// The same shop with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Api { key: key.to_owned(), ..self.clone() }
    }

    /// Sends a request once.
    pub async fn send(&self, request: &Request) -> Result<Answer, Lost> {
        let url = format!("{}{}", self.base, request.path);
        let mut outgoing = self.http.request(request.method.clone(), url).bearer_auth(&self.key);
        if let Some(body) = &request.body {
            outgoing = outgoing.json(body);
        }
        if let Some(key) = &request.idempotency_key {
            outgoing = outgoing.header("idempotency-key", key);
        }
        let asked_ms = clock::unix_ms();
        let answer = outgoing.send().await.map_err(|_| Lost)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|_| Lost)?;
        let body = match bytes.as_ref() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).map_err(|_| Lost)?,
        };
        Ok(Answer { status: status.as_u16(), body, asked_ms, answered_ms: clock::unix_ms() })
    }

    /// Sends a request, and sends it again while its first copy is still being worked on.
    pub async fn settle(&self, request: &Request) -> Result<Answer, Lost> {
        let began = clock::instant();
        loop {
            let answer = self.send(request).await?;
            if !answer.is_problem("idempotency_in_flight") || began.elapsed() > PATIENCE {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The text at a path, such as `/metrics`.
    pub async fn text(&self, path: &str) -> Result<String, Lost> {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.map_err(|_| Lost)?;
        answer.text().await.map_err(|_| Lost)
    }
}

impl Answer {
    /// A text field of the body; empty if it is absent.
    pub fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// The verification's id.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// What a check came to.
    pub fn result(&self) -> &str {
        self.text("result")
    }

    /// Guesses left.
    pub fn attempts_remaining(&self) -> Option<u64> {
        self.body.get("attempts_remaining").and_then(Value::as_u64)
    }

    /// Whether a new verification was made.
    pub fn is_created(&self) -> bool {
        self.status == StatusCode::CREATED.as_u16()
    }

    /// Whether it is a problem document with this code.
    pub fn is_problem(&self, code: &str) -> bool {
        self.status >= 400 && self.text("code") == code
    }
}
