//! A stand-in for Countersign's API: one verification at a time, approved when the test says so. Its proofs are signed
//! with a key of its own; what it refuses, and when, is what the real one documents. The browser test runs against the
//! real one.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign_core::channel::Assurance;
use countersign_core::entropy::Entropy;
use countersign_core::id::{AppId, Partition, VerificationId};
use countersign_core::keyring::{Epoch, KeyName, Keyring, ProofRing, Ring, RingKey, Secret};
use countersign_core::money::Money;
use countersign_core::phone::E164;
use countersign_core::proof::{Claims, Jwks, SessionHash};
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::transaction::Transaction;
use serde_json::{Value, json};

/// A phone that gets no messages for another 90 s.
pub(crate) const BUSY_PHONE: &str = "+447700900429";
/// The key that the shop must present.
pub(crate) const API_KEY: &str = "cs_test_fake";
/// Who signs its proofs.
pub(crate) const ISSUER: &str = "http://localhost:8080";
/// 2026-11-23T10:00:00Z
pub(crate) const TEN_O_CLOCK: Timestamp = Timestamp::from_millis(1_795_428_000_000);

/// What the fake remembers. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct FakeCountersign(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    started: Value,
    starts: u8,
    status: &'static str,
    redeemed: bool,
    calls: Vec<(String, Option<String>)>,
    fails_next: Option<&'static str>,
    /// Signs with a key that is not published.
    is_forger: bool,
    /// Publishes the next key, and signs with it.
    has_rotated: bool,
}

/// The app that proofs are for.
pub(crate) fn app() -> AppId {
    AppId::new(TEN_O_CLOCK, Partition(0), &mut Entropy::from_seed([7; 32]))
}

fn keyring(seed: u8) -> Keyring {
    let key = |n: u8| RingKey {
        name: KeyName(format!("key-{n}")),
        secret: Secret::from_bytes([seed ^ n; 32]),
        created_at: TEN_O_CLOCK,
    };
    let ring = |n| Ring::new(key(n), Vec::new());
    Keyring {
        code: ring(1),
        phone: ring(2),
        index: key(3).secret,
        tag: key(4).secret,
        proof: ProofRing { current: ring(5), next: key(6) },
        epoch: Epoch(0),
    }
}

impl FakeCountersign {
    /// Serves on a free port of localhost; gives its base URL.
    pub(crate) async fn serve(&self) -> String {
        let router = Router::new()
            .route("/.well-known/jwks.json", get(jwks))
            .route("/v1/verifications", post(start))
            .route("/v1/verifications/{id}", get(show))
            .route("/v1/verifications/{id}/cancel", post(cancel))
            .route("/v1/proofs/redeem", post(redeem))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap()
    }

    /// The body of the last start.
    pub(crate) fn started(&self) -> Value {
        self.book().started.clone()
    }

    /// Names and idempotency keys of all calls with this name.
    pub(crate) fn calls(&self, name: &str) -> Vec<Option<String>> {
        let calls = self.book().calls.clone();
        calls.into_iter().filter(|(path, _)| path == name).map(|(_, key)| key).collect()
    }

    /// The last verification's id.
    pub(crate) fn proof_id(&self) -> String {
        self.book().id().to_string()
    }

    /// The proof that it gave out.
    pub(crate) fn signed_proof(&self) -> String {
        self.book().proof()
    }

    /// The customer typed the right code, or something else became of it.
    pub(crate) fn becomes(&self, status: &'static str) {
        self.book().status = status;
    }

    /// The next call of this name gets no usable answer.
    pub(crate) fn fail_next(&self, name: &'static str) {
        self.book().fails_next = Some(name);
    }

    /// From now on proofs are signed with another key of the same name.
    pub(crate) fn forge(&self) {
        self.book().is_forger = true;
    }

    /// From now on proofs are signed with another key, which is published from now on.
    pub(crate) fn rotate(&self) {
        self.book().has_rotated = true;
    }

    fn enter(&self, path: &'static str, headers: &HeaderMap) -> Result<MutexGuard<'_, Book>, Response> {
        assert_eq!(headers.get("authorization").unwrap(), &format!("Bearer {API_KEY}"));
        let mut book = self.book();
        let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
        book.calls.push((path.to_owned(), key));
        if book.fails_next == Some(path) {
            book.fails_next = None;
            return Err(problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", None, Some(1)));
        }
        Ok(book)
    }
}

fn problem(status: StatusCode, code: &str, pointer: Option<&str>, retry_after_s: Option<u64>) -> Response {
    let body = json!({"type": format!("urn:countersign:problem:{code}"), "title": code, "status": status.as_u16(),
        "detail": "as the test asked", "code": code, "pointer": pointer});
    let mut response =
        (status, [("content-type", "application/problem+json")], body.to_string()).into_response();
    if let Some(wait_s) = retry_after_s {
        response.headers_mut().insert("retry-after", wait_s.into());
    }
    response
}

impl Book {
    /// Each start is a verification of its own.
    fn id(&self) -> VerificationId {
        VerificationId::new(TEN_O_CLOCK, Partition(9), &mut Entropy::from_seed([self.starts; 32]))
    }

    fn body(&self) -> Value {
        let proof = (self.status == "approved" && !self.redeemed).then(|| self.proof());
        json!({"id": self.id().to_string(), "status": self.status, "to": "+44•••••••123", "proof": proof})
    }

    fn proof(&self) -> String {
        let text = |name: &str| self.started[name].as_str().unwrap().to_owned();
        let purpose = text("purpose").parse().unwrap();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: app(),
            jti: self.id(),
            sub: None,
            iat: TEN_O_CLOCK.as_seconds(),
            exp: TEN_O_CLOCK.as_seconds() + 300,
            // As Countersign writes it, however the shop did.
            phone: Some(E164::parse_fictional(&text("to"), None).unwrap().expose().to_owned()),
            sid: Some(SessionHash::of(&text("session"))),
            txn: transaction(&self.started["transaction"]).digest(app(), &purpose),
            purpose,
            epoch: Epoch(0),
            amr: vec!["sms".to_owned(), "otp".to_owned()],
            assurance: Assurance::Possession,
            mode: Mode::Test,
        };
        let name = KeyName(if self.has_rotated { "key-6" } else { "key-5" }.to_owned());
        claims.sign(&keyring(if self.is_forger { 99 } else { 0 }), &name).unwrap()
    }
}

fn transaction(body: &Value) -> Transaction {
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let money = text("amount")
        .map(|amount| Money::parse(&amount, text("currency").unwrap().parse().unwrap()).unwrap());
    let fields = body["fields"].as_object().into_iter().flatten();
    Transaction {
        id: text("id"),
        money,
        payee: text("payee"),
        fields: fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
    }
}

async fn jwks(State(fake): State<FakeCountersign>) -> Json<Jwks> {
    let mut book = fake.book();
    book.calls.push(("jwks".to_owned(), None));
    let mut keys = Jwks::of(&keyring(0));
    keys.keys.truncate(if book.has_rotated { 2 } else { 1 });
    Json(keys)
}

async fn start(State(fake): State<FakeCountersign>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut book = match fake.enter("start", &headers) {
        Ok(book) => book,
        Err(failure) => return failure,
    };
    if body["to"] == BUSY_PHONE {
        return problem(StatusCode::TOO_MANY_REQUESTS, "phone_limit", None, Some(90));
    }
    if !body["to"].as_str().unwrap().starts_with("+44") {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", Some("/to"), None);
    }
    (book.started, book.status, book.redeemed) = (body, "pending", false);
    book.starts += 1;
    let mut answer = book.body();
    answer["client_secret"] = json!("cvs_fake");
    answer["url"] = json!(format!("{ISSUER}/verify/entry-{}", book.starts));
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn show(State(fake): State<FakeCountersign>, Path(_): Path<String>, headers: HeaderMap) -> Response {
    match fake.enter("get", &headers) {
        Ok(book) => Json(book.body()).into_response(),
        Err(failure) => failure,
    }
}

async fn cancel(State(fake): State<FakeCountersign>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mut book = match fake.enter("cancel", &headers) {
        Ok(book) => book,
        Err(failure) => return failure,
    };
    // Only the newest one is kept; an earlier one is canceled without a trace.
    if id != book.id().to_string() {
        return Json(json!({"id": id, "status": "canceled", "to": "+44•••••••123"})).into_response();
    }
    if book.status != "pending" {
        return problem(StatusCode::CONFLICT, "not_pending", None, None);
    }
    book.status = "canceled";
    Json(book.body()).into_response()
}

async fn redeem(
    State(fake): State<FakeCountersign>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut book = match fake.enter("redeem", &headers) {
        Ok(book) => book,
        Err(failure) => return failure,
    };
    if book.is_forger {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "proof_invalid", Some("/proof"), None);
    }
    assert_eq!(body["proof"], book.proof());
    for field in ["to", "purpose", "session", "transaction"] {
        if body[field] != book.started[field] {
            book.status = "denied";
            return problem(StatusCode::CONFLICT, "binding_mismatch", Some(&format!("/{field}")), None);
        }
    }
    book.redeemed = true;
    Json(json!({"result": "redeemed", "verification": book.body()})).into_response()
}
