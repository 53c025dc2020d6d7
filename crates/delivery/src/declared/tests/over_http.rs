//! A declared provider against real endpoints on loopback.

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use countersign_core::subject::Mode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::declared::{
    Conversion, ConversionOutcome, DeclaredProvider, DeclaredSettings, DeclaredSetupError, Definition,
    GivenError, Secret,
};
use crate::example::{Example, NOW};
use crate::http::HttpTimeouts;
use crate::provider::{Outgoing, Provider as _, Reference, Submission};

const DEFINITION: &str = r#"
name = "example"
title = "Example"
channel = "sms"
[setting]
base = { required = true }
[secret]
key = { env = "EXAMPLE_KEY" }
extra = { optional_env = "EXAMPLE_EXTRA" }
[request]
method = "POST"
url = "{{setting.base}}/send"
auth = AUTH
header = { X-Extra = "{{secret.extra?}}" }
json = { to = "{{to}}", text = "{{text}}" }
[response]
success = [{ status = [200], json = { "/ok" = ["true"] } }]
id = { json = "/id" }
code = { json = "/code" }
segments = { json = "/parts" }
[[response.error]]
when = { code = ["flood"] }
class = "throttled"
retry_after = { json = "/wait" }
[[response.error]]
when = { code = ["sender"] }
class = "config"
[feedback]
method = "POST"
url = "{{setting.base}}/used/{{id}}"
json = { outcome = "{{outcome}}" }
"#;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

const BEARER: &str = r#"{ type = "bearer", token = "{{secret.key}}" }"#;

fn try_provider(base: &str, auth: &str, key: Option<&str>) -> Result<DeclaredProvider, DeclaredSetupError> {
    DeclaredProvider::new(DeclaredSettings {
        name: "example".parse().unwrap(),
        definition: Definition::parse(&DEFINITION.replace("AUTH", auth)).unwrap(),
        settings: BTreeMap::from([("base".to_owned(), base.to_owned())]),
        resolve: &mut |name, _| Ok(key.filter(|_| name == "key").map(|key| Secret::new(key.to_owned()))),
        sender: None,
        callback_url: None,
        timeouts: HttpTimeouts::new(Duration::from_millis(500), ANSWER_TIMEOUT).unwrap(),
    })
}

fn provider(base: &str) -> DeclaredProvider {
    try_provider(base, BEARER, Some("k3y")).unwrap()
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    TaskTracker::new().spawn(axum::serve(listener, router).into_future());
    format!("http://{address}")
}

async fn answering(status: u16, body: &'static str) -> DeclaredProvider {
    let answer = move || async move { Response::builder().status(status).body(body.to_owned()).unwrap() };
    provider(&serve(Router::new().route("/send", post(answer))).await)
}

async fn submit(provider: &DeclaredProvider) -> Submission {
    provider.submit(&Example::new("918273 is your code").outgoing(), NOW).await
}

#[tokio::test]
async fn answers_are_classified_and_told_whole() {
    let taken = answering(200, r#"{"ok":true,"id":"m-1","parts":2}"#).await;
    let told = taken.hand_over(&Example::new("918273 is your code").outgoing(), NOW).await;
    let reference = Reference::try_from("m-1".to_owned()).ok();
    assert_eq!(told.submission, Submission::Accepted { reference });
    assert_eq!(told.segments, Some(2));
    for (status, body, expected) in [
        (
            200,
            r#"{"ok":false,"code":"flood","wait":9}"#,
            Submission::Throttled { retry_after: Some(Duration::from_secs(9)) },
        ),
        (200, r#"{"ok":false,"code":"sender"}"#, Submission::Misconfigured { reason: "code_sender".into() }),
        (200, "welcome", Submission::Unknown { reason: "unrecognised_answer".into() }),
        (302, "", Submission::Misconfigured { reason: "http_302".into() }),
        (401, "", Submission::Misconfigured { reason: "http_401".into() }),
        (404, "", Submission::Permanent { reason: "http_404".into() }),
        (408, "", Submission::Transient { reason: "http_408".into(), retry_after: None }),
        (429, "", Submission::Throttled { retry_after: None }),
        (500, "", Submission::Transient { reason: "http_500".into(), retry_after: None }),
    ] {
        assert_eq!(submit(&answering(status, body).await).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_bounded() {
    let endless: &'static str = Box::leak("x".repeat(1 << 20).into_boxed_str());
    let submission = submit(&answering(200, endless).await).await;
    assert_eq!(submission, Submission::Unknown { reason: "unrecognised_answer".into() });
}

#[tokio::test]
async fn nothing_written_is_told_from_written_and_unanswered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(matches!(submit(&provider(&base)).await, Submission::NotWritten { .. }));

    for hang_up in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        TaskTracker::new().spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut begun = [0; 64];
            let _ = stream.read(&mut begun).await;
            if !hang_up {
                std::future::pending::<()>().await;
            }
            let _ = stream.shutdown().await;
        });
        let submission = submit(&provider(&base)).await;
        assert!(matches!(submission, Submission::Unknown { .. }), "{submission:?}");
    }
}

#[tokio::test]
async fn test_messages_and_late_ones_reach_no_carrier() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&hits);
    let count = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        std::future::ready(r#"{"ok":true}"#)
    };
    let provider = provider(&serve(Router::new().route("/send", post(count))).await);
    let example = Example::new("918273 is your code");
    let test = Outgoing { mode: Mode::Test, ..example.outgoing() };
    let late = Outgoing { expires_at: NOW, ..example.outgoing() };
    assert_eq!(provider.submit(&test, NOW).await, Submission::Permanent { reason: "test_message".into() });
    assert_eq!(provider.submit(&late, NOW).await, Submission::Permanent { reason: "expired".into() });
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn feedback_goes_out_once_wanted() {
    let seen = Arc::new(Mutex::new(Vec::<(String, Bytes)>::new()));
    let keep = {
        let seen = Arc::clone(&seen);
        move |headers: HeaderMap, body: Bytes| async move {
            let token = headers["authorization"].to_str().unwrap().to_owned();
            seen.lock().unwrap().push((token, body));
            StatusCode::NO_CONTENT.into_response()
        }
    };
    let provider = provider(&serve(Router::new().route("/used/{id}", post(keep))).await);
    let example = Example::new("918273 is your code");
    let id = Reference::try_from("a/b?c".to_owned()).unwrap();
    let conversion = Conversion {
        id: &id,
        delivery: example.outgoing().delivery,
        to: &example.to,
        code: None,
        outcome: ConversionOutcome::Used,
    };
    let told = provider.feedback(&conversion, NOW).await;
    assert_eq!(told, Some(Submission::Accepted { reference: None }));
    let unused = Conversion { outcome: ConversionOutcome::Unused, ..conversion };
    assert_eq!(provider.feedback(&unused, NOW).await, None);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.as_slice(), [("Bearer k3y".to_owned(), Bytes::from_static(br#"{"outcome":"used"}"#))]);
}

const OAUTH2: &str = r#"{ type = "oauth2_client_credentials", token_url = "{{setting.base}}/token", client_id = "shop", client_secret = "{{secret.key}}" }"#;

/// Serves tokens that count up, and takes only the latest.
async fn token_server(valid_s: u64) -> (DeclaredProvider, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (issued, revoked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let issue = {
        let issued = Arc::clone(&issued);
        move |headers: HeaderMap, body: Bytes| async move {
            assert_eq!(headers["authorization"], "Basic c2hvcDprM3k=");
            assert_eq!(body, "grant_type=client_credentials");
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            format!(r#"{{"access_token":"t{number}","token_type":"bearer","expires_in":{valid_s}}}"#)
        }
    };
    let send = {
        let revoked = Arc::clone(&revoked);
        move |headers: HeaderMap| async move {
            let number: usize =
                headers["authorization"].to_str().unwrap()["Bearer t".len()..].parse().unwrap();
            if number <= revoked.load(Ordering::SeqCst) {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            r#"{"ok":true,"id":"m"}"#.into_response()
        }
    };
    let base = serve(Router::new().route("/token", post(issue)).route("/send", post(send))).await;
    (try_provider(&base, OAUTH2, Some("k3y")).unwrap(), issued, revoked)
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_when_it_ends_or_is_refused() {
    let (provider, issued, revoked) = token_server(3_600).await;
    let submit_at = async |now| provider.submit(&Example::new("1").outgoing(), now).await;
    for _ in 0..3 {
        assert_eq!(submit_at(NOW).await.as_str(), "accepted");
    }
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    revoked.store(1, Ordering::SeqCst);
    assert_eq!(submit_at(NOW).await.as_str(), "misconfigured");
    assert_eq!(submit_at(NOW).await.as_str(), "accepted");
    assert_eq!(issued.load(Ordering::SeqCst), 2);

    let (provider, issued, _) = token_server(90).await;
    let submit_at = async |now| provider.submit(&Example::new("1").outgoing(), now).await;
    assert_eq!(submit_at(NOW).await.as_str(), "accepted");
    assert_eq!(submit_at(NOW.plus(Duration::from_secs(29))).await.as_str(), "accepted");
    assert_eq!(issued.load(Ordering::SeqCst), 1);
    assert_eq!(submit_at(NOW.plus(Duration::from_secs(30))).await.as_str(), "accepted");
    assert_eq!(issued.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn without_a_token_nothing_was_written() {
    let refuse = || std::future::ready(StatusCode::UNAUTHORIZED);
    let base = serve(Router::new().route("/token", post(refuse))).await;
    let provider = try_provider(&base, OAUTH2, Some("k3y")).unwrap();
    assert_eq!(submit(&provider).await, Submission::Misconfigured { reason: "token_http_401".into() });
    let broken = || std::future::ready(StatusCode::BAD_GATEWAY);
    let base = serve(Router::new().route("/token", post(broken))).await;
    let provider = try_provider(&base, OAUTH2, Some("k3y")).unwrap();
    assert!(matches!(submit(&provider).await, Submission::NotWritten { .. }));
}

#[tokio::test]
async fn who_waits_for_a_token_in_vain_learns_within_the_time_of_an_answer_that_nothing_was_written() {
    let silent = || std::future::pending::<StatusCode>();
    let base = serve(Router::new().route("/token", post(silent))).await;
    let provider = try_provider(&base, OAUTH2, Some("k3y")).unwrap();
    // The second waits for the first, which asks.
    let both = async { tokio::join!(submit(&provider), submit(&provider)) };
    let (first, second) = tokio::time::timeout(ANSWER_TIMEOUT, both).await.expect("in time");
    let not_written = Submission::NotWritten { reason: "token_timeout".into() };
    assert_eq!((&first, &second), (&not_written, &not_written));
}

#[test]
fn what_the_operator_left_out_is_named() {
    let refused = |base: &str, key| try_provider(base, BEARER, key).unwrap_err();
    assert!(matches!(
        refused("https://a.example", None),
        DeclaredSetupError::Given(GivenError::Secret { .. })
    ));
    assert!(matches!(refused("http://a.example", Some("k")), DeclaredSetupError::Url { .. }));
    assert!(matches!(
        refused("https://a.example", Some("")),
        DeclaredSetupError::Given(GivenError::Secret { .. })
    ));
    assert!(try_provider("http://127.0.0.1:1", BEARER, Some("k")).is_ok());
}

#[test]
fn i12_no_debug_shows_a_secret() {
    let provider = try_provider("http://127.0.0.1:1", BEARER, Some("hunter2")).unwrap();
    let shown = format!("{provider:?} {:?} {:?}", provider.inner.definition, provider.inner.given);
    assert!(!shown.contains("hunter2"), "{shown}");
}
