//! Against real endpoints on loopback.

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use super::*;
use crate::example::{Example, NOW};
use crate::provider::{Reference, SecretText};

const SECRET: &[u8] = b"whsec_0123456789abcdef";

fn settings(url: &str) -> HttpSettings {
    HttpSettings {
        name: "endpoint".parse().unwrap(),
        url: url.to_owned(),
        channels: [Channel::Sms, Channel::Voice].into(),
        keys: SigningKeys::new(SECRET, None).unwrap(),
        sender: None,
        receipts_url: None,
        timeouts: HttpTimeouts::new(Duration::from_millis(500), Duration::from_secs(1)).unwrap(),
    }
}

fn provider(url: &str) -> HttpProvider {
    HttpProvider::new(settings(url)).unwrap()
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Serves a router and counts its connections.
async fn serve(router: Router) -> (String, Arc<AtomicUsize>) {
    let (listener, address) = listener().await;
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let listener = listener.tap_io(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    TaskTracker::new().spawn(axum::serve(listener, router).into_future());
    (format!("http://{address}"), connections)
}

/// Serves one answer for every message.
async fn answering(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> HttpProvider {
    let (url, _) = serve(Router::new().route("/", post(move || std::future::ready(answer())))).await;
    provider(&url)
}

/// Speaks for itself on every connection.
async fn by_hand<F: Future<Output = ()> + Send + 'static>(
    speak: impl Fn(TcpStream) -> F + Send + 'static,
) -> HttpProvider {
    let (listener, address) = listener().await;
    let tasks = TaskTracker::new();
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(speak(stream));
        }
    });
    provider(&format!("http://{address}/"))
}

async fn submit(provider: &HttpProvider) -> Submission {
    provider.submit(&Example::new("123456 is your code").outgoing(), NOW).await
}

fn accepted(id: &str) -> Submission {
    Submission::Accepted { reference: Some(Reference::try_from(id.to_owned()).unwrap()) }
}

const UNNAMED: Submission = Submission::Accepted { reference: None };

type Seen = Arc<Mutex<Vec<(axum::http::HeaderMap, Bytes)>>>;

async fn keep(State(seen): State<Seen>, headers: axum::http::HeaderMap, body: Bytes) -> &'static str {
    seen.lock().unwrap().push((headers, body));
    r#"{"id":"SM-42","price":"0.01"}"#
}

#[tokio::test]
async fn a_channel_that_reads_no_text_gets_the_code_alone_too() {
    let seen = Seen::default();
    let (url, _) = serve(Router::new().route("/call", post(keep)).with_state(Arc::clone(&seen))).await;
    let provider = provider(&format!("{url}/call"));
    assert!(provider.carries(Channel::Voice) && !provider.carries(Channel::WhatsApp));
    let example = Example::new("9, 1, 8");
    let code = Some(SecretText::new("918"));
    let message = Outgoing { channel: Channel::Voice, code, ..example.outgoing() };
    assert_eq!(provider.submit(&message, NOW).await, accepted("SM-42"));
    let (_, body) = seen.lock().unwrap().pop().unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["channel"], &body["code"]), (&json!("voice"), &json!("918")));
}

#[tokio::test]
async fn a_message_is_posted_as_documented() {
    let seen = Seen::default();
    let (url, _) = serve(Router::new().route("/sms", post(keep)).with_state(Arc::clone(&seen))).await;
    let sender: SenderId = "Example".parse().unwrap();
    let receipts_url = Some("https://verify.shop.example/receipts/endpoint".to_owned());
    let provider =
        HttpProvider::new(HttpSettings { receipts_url, ..settings(&format!("{url}/sms?route=2")) }).unwrap();
    let example = Example::new("123456 is your code for \"Ünö\"\n\n@shop.example #123456");
    let message = Outgoing { sender: Some(&sender), ..example.outgoing() };
    assert_eq!(provider.submit(&message, NOW).await, accepted("SM-42"));

    let (headers, body) = seen.lock().unwrap().pop().unwrap();
    let delivery = message.delivery.to_string();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap(),
        json!({
            "reference": delivery,
            "app": message.app.to_string(),
            "channel": "sms",
            "to": "+447700900123",
            "text": "123456 is your code for \"Ünö\"\n\n@shop.example #123456",
            "from": "Example",
            "locale": "de-AT",
            "encoding": "gsm7",
            "segments": 1,
            "expires_at": "2026-11-23T10:10:00.000Z",
            "callback_url": "https://verify.shop.example/receipts/endpoint",
        })
    );
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["idempotency-key"], delivery.as_str());

    // The documented recipe, without our own code.
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(b"1795428000.");
    mac.update(&body);
    let signature = headers["countersign-signature"].to_str().unwrap();
    assert_eq!(
        signature,
        format!("t=1795428000,v1={:x}", Bytes::copy_from_slice(&mac.finalize().into_bytes()))
    );
}

#[tokio::test]
async fn what_a_message_lacks_is_absent_and_the_default_sender_steps_in() {
    let seen = Seen::default();
    let (url, _) = serve(Router::new().route("/", post(keep)).with_state(Arc::clone(&seen))).await;
    submit(&provider(&url)).await;
    let with_sender = HttpSettings { sender: Some("72404".parse().unwrap()), ..settings(&url) };
    submit(&HttpProvider::new(with_sender).unwrap()).await;
    let bodies: Vec<Value> =
        seen.lock().unwrap().iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect();
    assert!(bodies[0].get("from").is_none() && bodies[0].get("callback_url").is_none());
    assert_eq!(bodies[1]["from"], "72404");
}

#[tokio::test]
async fn each_status_class_has_its_meaning() {
    async fn status(Path(code): Path<u16>) -> Response {
        let status = StatusCode::from_u16(code).unwrap();
        (status, [("retry-after", "7")], "+447700900123: 123456").into_response()
    }
    let (url, _) = serve(Router::new().route("/{code}", post(status))).await;
    let asked = Some(Duration::from_secs(7));
    let permanent = |reason: &'static str| Submission::permanent(reason);
    for (code, expected) in [
        (200, UNNAMED),
        (201, UNNAMED),
        (202, UNNAMED),
        (204, UNNAMED),
        (304, permanent("redirect_304")),
        (400, permanent("http_400")),
        (401, permanent("http_401")),
        (404, permanent("http_404")),
        (422, permanent("http_422")),
        (408, Submission::Throttled { retry_after: asked }),
        (429, Submission::Throttled { retry_after: asked }),
        (500, Submission::Transient { reason: "http_500".into(), retry_after: asked }),
        (503, Submission::Transient { reason: "http_503".into(), retry_after: asked }),
    ] {
        assert_eq!(submit(&provider(&format!("{url}/{code}"))).await, expected, "{code}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&hits);
    let elsewhere = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        std::future::ready("{}")
    };
    let away = || async { (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]) };
    let router = Router::new().route("/", post(away)).route("/elsewhere", axum::routing::any(elsewhere));
    let (url, _) = serve(router).await;
    assert_eq!(submit(&provider(&url)).await, Submission::permanent("redirect_307"));
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_slow_endpoint_leaves_doubt() {
    let hanging = || std::future::pending::<()>();
    let (url, _) = serve(Router::new().route("/", post(hanging))).await;
    let outcome = tokio::time::timeout(Duration::from_secs(10), submit(&provider(&url))).await.unwrap();
    assert_eq!(outcome, Submission::Unknown { reason: "answer_timeout".into() });
}

#[tokio::test]
async fn a_connection_lost_after_the_message_was_written_leaves_doubt() {
    let hang_up = by_hand(|mut stream| async move {
        let mut head = [0; 64];
        stream.read_exact(&mut head).await.unwrap();
    })
    .await;
    assert_eq!(submit(&hang_up).await, Submission::Unknown { reason: "connection_lost".into() });

    let half_an_answer = by_hand(|mut stream| async move {
        let mut head = [0; 64];
        stream.read_exact(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 20").await.unwrap();
    })
    .await;
    assert_eq!(submit(&half_an_answer).await, Submission::Unknown { reason: "connection_lost".into() });

    let no_http = by_hand(|mut stream| async move {
        stream.read_exact(&mut [0; 64]).await.unwrap();
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    assert_eq!(submit(&no_http).await.as_str(), "unknown");
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let (listener, address) = listener().await;
    drop(listener);
    let refused = submit(&provider(&format!("http://{address}/"))).await;
    assert_eq!(refused, Submission::NotWritten { reason: "connection_refused".into() });
    let nowhere = submit(&provider("http://no-such-host.invalid/")).await;
    assert_eq!(nowhere.as_str(), "not_written");
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_bound_only() {
    let announced = answering(|| "x".repeat(1 << 20).into_response()).await;
    assert_eq!(submit(&announced).await, UNNAMED);

    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    let endless = by_hand(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            stream.read_exact(&mut [0; 64]).await.unwrap();
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let mut sent = stream.write_all(head).await;
            while sent.is_ok() {
                sent = stream.write_all(format!("400\r\n{}\r\n", "x".repeat(0x400)).as_bytes()).await;
                counter.fetch_add(0x400, Ordering::SeqCst);
            }
        }
    })
    .await;
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), submit(&endless)).await.unwrap(), UNNAMED);
    // The rest is what fits into the sockets' buffers before the endpoint sees the end.
    assert!(written.load(Ordering::SeqCst) < 16 << 20);

    let just_fits =
        answering(|| format!("{{\"id\":\"a\"}}{}", " ".repeat(16 * 1024 - 10)).into_response()).await;
    assert_eq!(submit(&just_fits).await, accepted("a"));
    let one_more =
        answering(|| format!("{{\"id\":\"a\"}}{}", " ".repeat(16 * 1024 - 9)).into_response()).await;
    assert_eq!(submit(&one_more).await, UNNAMED);
    let stalls = by_hand(|mut stream| async move {
        stream.read_exact(&mut [0; 64]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"id\"").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), submit(&stalls)).await.unwrap(), UNNAMED);
}

/// Half a second against ten: whoever waits for the whole answer would be told that nobody answered.
#[tokio::test]
async fn an_acceptance_does_not_wait_for_the_rest_of_its_answer_as_long_as_for_the_answer() {
    let trickles = by_hand(|mut stream| async move {
        stream.read_exact(&mut [0; 64]).await.unwrap();
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while sent.is_ok() {
            sent = stream.write_all(b"1\r\n \r\n").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let timeouts = HttpTimeouts::new(Duration::from_secs(2), Duration::from_secs(10)).unwrap();
    let url = trickles.inner.url.to_string();
    let patient = HttpProvider::new(HttpSettings { timeouts, ..settings(&url) }).unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(8), submit(&patient)).await.unwrap();
    assert_eq!(outcome, UNNAMED);
}

#[tokio::test]
async fn an_answer_without_a_usable_id_is_still_an_acceptance() {
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(129));
    for body in
        ["", "ok", "[]", "{}", "{\"id\":null}", "{\"id\":7}", "{\"id\":\"\"}", "{\"id\":\"a b\"}", &long]
    {
        let body = body.to_owned();
        let provider = answering(move || body.clone().into_response()).await;
        assert_eq!(submit(&provider).await, UNNAMED);
    }
}

#[tokio::test]
async fn messages_share_a_connection() {
    let (url, connections) = serve(Router::new().route("/", post(|| async { "{\"id\":\"a\"}" }))).await;
    let provider = provider(&url);
    for _ in 0..20 {
        assert_eq!(submit(&provider).await, accepted("a"));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_endpoint_that_hangs_up_between_messages_does_no_harm() {
    let provider = by_hand(|mut stream| async move {
        let mut head = [0; 64];
        stream.read_exact(&mut head).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut rest = [0; 4096];
        let _ = stream.try_read(&mut rest);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"id\":\"a\"}").await.unwrap();
    })
    .await;
    for _ in 0..5 {
        assert_eq!(submit(&provider).await, accepted("a"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn i3_expired_and_test_messages_are_not_posted() {
    let seen = Seen::default();
    let (url, _) = serve(Router::new().route("/", post(keep)).with_state(Arc::clone(&seen))).await;
    let provider = provider(&url);
    let example = Example::new("123456");
    let message = example.outgoing();
    let expired = provider.submit(&message, message.expires_at).await;
    assert_eq!(expired, Submission::permanent("expired"));
    let test = provider.submit(&Outgoing { mode: Mode::Test, ..message }, NOW).await;
    assert_eq!(test, Submission::permanent("test_message"));
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn the_endpoint_s_receipts_are_read_with_the_same_secret() {
    let provider = provider("http://127.0.0.1/");
    let body = br#"{"reference":"dlv_01knvc3k00000000000000000a","status":"failed","reason":"absent"}"#;
    let signature = SigningKeys::new(SECRET, None).unwrap().sign(body, NOW);
    let receipt = provider.receipt(signature.as_bytes(), body, NOW).unwrap();
    assert_eq!(receipt.delivery.to_string(), "dlv_01knvc3k00000000000000000a");
    assert!(provider.receipt(signature.as_bytes(), b"{}", NOW).is_err());
}

#[test]
fn only_plain_web_urls_are_taken() {
    for url in ["http://127.0.0.1:9000/sms", "http://[::1]/", "http://gateway.internal/send?token=a"] {
        assert!(HttpProvider::new(settings(url)).is_ok(), "{url}");
    }
    for url in
        ["", "gateway.example", "ftp://gateway.example/", "file:///etc/passwd", "http://", "http://a/#b"]
    {
        assert_eq!(HttpProvider::new(settings(url)).err(), Some(HttpSetupError::Url), "{url}");
    }
    for url in
        ["http://user@gateway.example/", "https://user:pass@gateway.example/", "http://:pass@g.example/"]
    {
        assert_eq!(HttpProvider::new(settings(url)).err(), Some(HttpSetupError::CredentialsInUrl), "{url}");
    }
    let receipts_url = Some("http://user:pass@shop.example/".to_owned());
    let wrong = HttpSettings { receipts_url, ..settings("http://127.0.0.1/") };
    assert_eq!(HttpProvider::new(wrong).err(), Some(HttpSetupError::CredentialsInUrl));
}

#[test]
fn time_limits_are_ordered() {
    let seconds = Duration::from_secs;
    assert!(HttpTimeouts::new(seconds(2), seconds(4)).is_ok());
    for (connect, answer) in [(0, 4), (4, 4), (5, 4), (2, 31)] {
        let made = HttpTimeouts::new(seconds(connect), seconds(answer));
        assert_eq!(made, Err(HttpSetupError::Timeouts), "{connect} {answer}");
    }
}

#[test]
fn i12_debug_shows_neither_url_nor_secret() {
    let shown =
        format!("{:?} {:?}", provider("http://127.0.0.1/?token=918273"), settings("http://a/?token=918273"));
    assert!(!shown.contains("918273") && !shown.contains("whsec"), "{shown}");
}

/// In a process of its own, because the places of certificates are read from the environment.
#[test]
fn a_machine_without_certificate_authorities_still_speaks_http() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "http::tests::in_a_bare_container"])
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "run by a_machine_without_certificate_authorities_still_speaks_http"]
fn in_a_bare_container() {
    assert!(HttpProvider::new(settings("http://127.0.0.1/")).is_ok());
    let https = HttpProvider::new(settings("https://gateway.example/"));
    assert_eq!(https.err(), Some(HttpSetupError::NoCertificateAuthorities));
}
