//! Signs and verifies callbacks for `e2e/signatures/run.py`, which holds both against the vendors' own libraries.
//!
//! Reads one JSON object a line: `{"do":"verify",…}` a callback with a shipped definition, or
//! `{"do":"sign",…}` as a vendor would. Answers each with one JSON object a line.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::time::Timestamp;
use countersign_delivery::declared::callback::{CallbackRequest, jwt, keyed, plivo, twilio, vonage};
use countersign_delivery::declared::{DeclaredProvider, DeclaredSettings, Definition, Secret, shipped};
use countersign_delivery::http::HttpTimeouts;
use ed25519_dalek::{Signer as _, SigningKey};
use keyed::HashName;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Task {
    Verify(Verify),
    Sign(Sign),
}

#[derive(Deserialize)]
struct Verify {
    definition: String,
    settings: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
    now_s: i64,
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

#[derive(Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case")]
enum Sign {
    Twilio { hash: HashName, key: String, url: String, form: Vec<(String, String)> },
    PlivoV3 { key: String, url: String, form: Vec<(String, String)>, nonce: String },
    VonageSig { hash: HashName, key: String, fields: BTreeMap<String, String> },
    JwtHs { key: String, claims: Value },
    Hmac { hash: HashName, key: String, text: String },
    Ed25519 { seed: [u8; 32], text: String },
}

async fn verify(task: Verify) -> Result<Value, Box<dyn Error>> {
    let definition = shipped::definition(&task.definition).ok_or("there is no such definition")?;
    let provider = DeclaredProvider::new(DeclaredSettings {
        name: task.definition.parse()?,
        definition: Definition::parse(definition)?,
        settings: task.settings,
        resolve: &mut |name, _| Ok(task.secrets.get(name).map(|text| Secret::new(text.clone()))),
        sender: None,
        callback_url: None,
        timeouts: HttpTimeouts::default(),
    })?;
    let mut headers = HeaderMap::new();
    for (name, value) in &task.headers {
        headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    let request = CallbackRequest {
        method: &task.method,
        url: &task.url,
        headers: &headers,
        body: task.body.as_bytes(),
    };
    let received = provider.receive(&request, Timestamp::from_millis(task.now_s * 1_000)).await;
    Ok(json!({ "ok": received.is_ok(), "error": received.err().map(|error| error.to_string()) }))
}

fn sign(task: Sign) -> Value {
    let signature = match task {
        Sign::Twilio { hash, key, url, form } => twilio::signature(hash, key.as_bytes(), &url, &form),
        Sign::PlivoV3 { key, url, form, nonce } => plivo::signature(key.as_bytes(), &url, &form, &nonce),
        Sign::VonageSig { hash, key, fields } => hex(&vonage::signature(hash, key.as_bytes(), &fields)),
        Sign::JwtHs { key, claims } => jwt::token(key.as_bytes(), &claims.to_string()),
        Sign::Hmac { hash, key, text } => hex(&keyed::mac(hash, key.as_bytes(), text.as_bytes())),
        Sign::Ed25519 { seed, text } => {
            STANDARD.encode(SigningKey::from_bytes(&seed).sign(text.as_bytes()).to_bytes())
        }
    };
    json!({ "signature": signature })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?)? {
            Task::Verify(task) => verify(task).await?,
            Task::Sign(task) => sign(task),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
