//! A stand-in for Countersign's API: one verification at a time, the code is always 123456. What it
//! refuses, and when, is what the real one documents; the browser test runs against the real one.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A phone that gets no messages for another 90 s.
pub(crate) const BUSY_PHONE: &str = "+447700900429";
/// The key that the shop must present.
pub(crate) const API_KEY: &str = "cs_test_fake";

/// What the fake remembers. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct FakeCountersign(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    started: Value,
    status: &'static str,
    wrong_guesses: u8,
    calls: Vec<(String, Option<String>)>,
    redeem_fails_once: bool,
}

impl FakeCountersign {
    /// Serves on a free port of localhost; gives its base URL.
    pub(crate) async fn serve(&self) -> String {
        let router = Router::new()
            .route("/v1/verifications", post(start))
            .route("/v1/verifications/{id}", get(show))
            .route("/v1/verifications/{id}/{verb}", post(act))
            .route("/v1/proofs/redeem", post(redeem))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    /// The body of the last start.
    pub(crate) fn started(&self) -> Value {
        self.0.lock().unwrap().started.clone()
    }

    /// Names and idempotency keys of all calls.
    pub(crate) fn calls(&self) -> Vec<(String, Option<String>)> {
        self.0.lock().unwrap().calls.clone()
    }

    /// Time runs out.
    pub(crate) fn expire(&self) {
        self.0.lock().unwrap().status = "expired";
    }

    /// The next redeem gets no usable answer.
    pub(crate) fn fail_next_redeem(&self) {
        self.0.lock().unwrap().redeem_fails_once = true;
    }

    fn enter(&self, path: &str, headers: &HeaderMap) -> std::sync::MutexGuard<'_, Book> {
        assert_eq!(headers.get("authorization").unwrap(), &format!("Bearer {API_KEY}"));
        let mut book = self.0.lock().unwrap();
        let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
        book.calls.push((path.to_owned(), key));
        book
    }
}

fn mismatch(field: &str) -> Response {
    let body = json!({"type": "urn:countersign:problem:binding_mismatch", "title": "…", "status": 409,
        "code": "binding_mismatch", "pointer": format!("/{field}")});
    (StatusCode::CONFLICT, [("content-type", "application/problem+json")], body.to_string()).into_response()
}

fn problem(status: StatusCode, code: &str, retry_after_s: Option<u64>) -> Response {
    let body = json!({"type": format!("https://countersign.example/problems/{code}"), "title": code,
        "status": status.as_u16(), "detail": "as the test asked", "code": code});
    let mut response =
        (status, [("content-type", "application/problem+json")], body.to_string()).into_response();
    if let Some(wait_s) = retry_after_s {
        response.headers_mut().insert("retry-after", wait_s.into());
    }
    response
}

fn verification(book: &Book) -> Value {
    json!({"id": "ver_fake", "status": book.status, "to": "+44•••••••123", "channel": "sms",
        "expires_at": "2026-11-23T10:05:00.000Z", "resend_at": "2026-11-23T10:00:30.000Z", "attempts_remaining": 3})
}

async fn start(State(fake): State<FakeCountersign>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut book = fake.enter("start", &headers);
    if body["to"] == BUSY_PHONE {
        return problem(StatusCode::TOO_MANY_REQUESTS, "phone_limit", Some(90));
    }
    if !body["to"].as_str().unwrap().starts_with("+44") {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "phone_invalid", None);
    }
    (book.started, book.status, book.wrong_guesses) = (body, "pending", 0);
    (StatusCode::CREATED, Json(verification(&book))).into_response()
}

async fn show(State(fake): State<FakeCountersign>, headers: HeaderMap) -> Response {
    Json(verification(&fake.enter("get", &headers))).into_response()
}

async fn act(
    State(fake): State<FakeCountersign>,
    Path((_, verb)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut book = fake.enter(&verb, &headers);
    match verb.as_str() {
        "check" => check(&mut book, &body),
        "cancel" | "report" => {
            book.status = if verb == "cancel" { "canceled" } else { "denied" };
            Json(verification(&book)).into_response()
        }
        _ => Json(verification(&book)).into_response(),
    }
}

fn check(book: &mut Book, body: &Value) -> Response {
    let answer = match book.status {
        "pending" if body["transaction"] != book.started["transaction"] => {
            book.status = "denied";
            json!({"id": "ver_fake", "status": "denied", "result": "transaction_mismatch", "attempts_remaining": 0})
        }
        "pending" if body["code"] == "123456" => {
            book.status = "approved";
            json!({"id": "ver_fake", "status": "approved", "result": "approved", "attempts_remaining": 2, "proof": proof()})
        }
        "pending" => {
            book.wrong_guesses += 1;
            let left = 3 - book.wrong_guesses;
            if left == 0 {
                book.status = "exhausted";
            }
            json!({"id": "ver_fake", "status": book.status, "result": "incorrect", "attempts_remaining": left})
        }
        "approved" => {
            json!({"id": "ver_fake", "status": "approved", "result": "already_used", "attempts_remaining": 0})
        }
        ended => json!({"id": "ver_fake", "status": ended, "result": ended, "attempts_remaining": 0}),
    };
    Json(answer).into_response()
}

fn proof() -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"purpose":"payment","amr":["sms","otp"]}"#))
}

async fn redeem(
    State(fake): State<FakeCountersign>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut book = fake.enter("redeem", &headers);
    if std::mem::take(&mut book.redeem_fails_once) {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "busy", Some(1));
    }
    assert_eq!(body["proof"], proof());
    for field in ["to", "purpose", "session", "transaction"] {
        if body[field] != book.started[field] {
            book.status = "denied";
            return mismatch(field);
        }
    }
    Json(json!({"result": "redeemed", "verification": verification(&book)})).into_response()
}
