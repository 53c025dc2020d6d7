//! A shop's server: holds an API key and asks.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Answer, eventually};

/// A shop's server.
#[derive(Clone)]
pub(crate) struct Shop {
    base_url: String,
    key: String,
    http: reqwest::Client,
}

impl Shop {
    pub(crate) fn new(base_url: &str, key: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Shop { base_url: base_url.to_owned(), key: key.to_owned(), http }
    }

    /// The same shop's server with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Shop { key: key.to_owned(), ..self.clone() }
    }

    /// The same key at a server that was started anew.
    pub(crate) fn at(&self, base_url: &str) -> Self {
        Shop { base_url: base_url.to_owned(), ..self.clone() }
    }

    /// The id of the shop's own key.
    pub(crate) fn key_id(&self) -> String {
        format!("key_{}", &self.key["cs_live_".len()..][..26])
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url)).bearer_auth(&self.key)
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// A POST that may be repeated under `key`.
    pub(crate) async fn post_as(&self, key: &str, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).header("Idempotency-Key", key).json(&body)).await
    }

    /// A POST of these very bytes.
    pub(crate) async fn post_bytes(&self, path: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(Method::POST, path).header("Content-Type", "application/json");
        self.send(request.body(bytes.into())).await
    }

    pub(crate) async fn try_start(&self, body: Value) -> Answer {
        self.post("/v1/verifications", body).await
    }

    /// Starts a new verification and gives its id.
    pub(crate) async fn start(&self, body: Value) -> String {
        let started = self.try_start(body).await.expect(201);
        started["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn try_check(&self, id: &str, code: &str) -> Answer {
        self.post(&format!("/v1/verifications/{id}/check"), json!({ "code": code })).await
    }

    /// Checks a code that is judged.
    pub(crate) async fn check(&self, id: &str, code: &str) -> Value {
        self.try_check(id, code).await.expect(200)
    }

    pub(crate) async fn resend(&self, id: &str) -> Answer {
        self.post(&format!("/v1/verifications/{id}/resend"), json!({})).await
    }

    pub(crate) async fn cancel(&self, id: &str) -> Answer {
        self.send(self.request(Method::POST, &format!("/v1/verifications/{id}/cancel"))).await
    }

    pub(crate) async fn report(&self, id: &str) -> Answer {
        self.send(self.request(Method::POST, &format!("/v1/verifications/{id}/report"))).await
    }

    pub(crate) async fn show(&self, id: &str) -> Value {
        self.get(&format!("/v1/verifications/{id}")).await.expect(200)
    }

    /// Redeems `proof` for what `body` started.
    pub(crate) async fn redeem(&self, proof: &str, body: &Value) -> Answer {
        self.post("/v1/proofs/redeem", redeem_body(proof, body)).await
    }

    /// The events of a verification, oldest first.
    pub(crate) async fn timeline(&self, id: &str) -> Vec<Value> {
        let timeline = self.get(&format!("/v1/verifications/{id}/timeline")).await.expect(200);
        timeline["data"].as_array().unwrap().clone()
    }

    /// The types of the events of a verification, oldest first; without those of its messages, which come
    /// when they come.
    pub(crate) async fn events(&self, id: &str) -> Vec<String> {
        let timeline = self.timeline(id).await;
        let kinds = timeline.iter().map(|event| event["type"].as_str().unwrap().to_owned());
        kinds.filter(|kind| !kind.starts_with("delivery.")).collect()
    }

    /// How many events of this type there are.
    pub(crate) async fn count(&self, id: &str, kind: &str) -> usize {
        self.timeline(id).await.iter().filter(|event| event["type"] == kind).count()
    }

    /// The first event of this type, once it is there.
    pub(crate) async fn event(&self, id: &str, kind: &str) -> Value {
        eventually(kind, async || self.timeline(id).await.into_iter().find(|event| event["type"] == kind))
            .await
    }
}

/// What a shop redeems a proof with: what it started.
pub(crate) fn redeem_body(proof: &str, start: &Value) -> Value {
    let mut body = json!({ "proof": proof });
    for member in ["to", "purpose", "session", "transaction"] {
        if let Some(value) = start.get(member) {
            body[member] = value.clone();
        }
    }
    body
}
