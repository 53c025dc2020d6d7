//! aiosmtpd (PyPI) as a mail server: nobody here wrote it, and Python's parser reads what it gets.
//!
//! Ignored where the package is not installed: `./test carriers` installs it and runs them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use countersign_core::email::EmailAddress;
use countersign_core::id::{AppId, DeliveryId};
use countersign_core::locale::Locale;
use countersign_core::message::Measure;
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use countersign_delivery::provider::{Envelope, Outgoing, Provider as _, SecretText, Submission};
use countersign_delivery::smtp::{SmtpConfig, SmtpProvider, SmtpTls};
use countersign_sim::folder::Folder;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use zeroize::Zeroizing;

const SOON: Duration = Duration::from_secs(30);
/// 2026-11-23T10:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_000);
const TEXT: &str = "918273 ist Ihr Code zur Anmeldung bei Bäcker & Söhne. Geben Sie ihn an niemanden weiter.";
const HTML: &str = "<p>918273 ist Ihr Code zur Anmeldung bei B\u{e4}cker &amp; S\u{f6}hne.</p>";
const SUBJECT: &str = "Bäcker & Söhne: Ihr Code\r\nBcc: eve@evil.example";

/// The mail server; it ends when its input closes, and at the latest when this is dropped.
struct Server {
    port: u16,
    said: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Server {
    async fn start(arguments: &[&Path]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/smtp/server.py");
        let mut process = Command::new("python")
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells there of each handshake that a test breaks off.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut server = Server { port: 0, said, _process: process };
        server.port = u16::try_from(server.next().await.as_u64().unwrap()).unwrap();
        server
    }

    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(SOON, self.said.next_line()).await.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("the server ended: is aiosmtpd installed?"));
        serde_json::from_str(&line).unwrap()
    }
}

fn config(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        tls: SmtpTls::None,
        server_name: None,
        ca_file: None,
        user: None,
        password: None,
        from: "code@shop.example".parse().unwrap(),
        from_name: Some("Bäcker & Söhne".to_owned()),
        hello: None,
    }
}

async fn submit(config: &SmtpConfig, to: &str) -> Submission {
    let provider = SmtpProvider::new("mail".parse().unwrap(), config, Duration::from_secs(4)).unwrap();
    let phone = E164::parse_fictional("+447700900123", None).unwrap();
    let to: EmailAddress = to.parse().unwrap();
    let message = Outgoing {
        delivery: DeliveryId::from_bytes([1; 16]),
        app: AppId::from_bytes([2; 16]),
        mode: Mode::Live,
        channel: Channel::Email,
        to: &phone,
        sender: None,
        registered: None,
        text: SecretText::new(TEXT),
        code: Some(SecretText::new("918273")),
        email: Some(Envelope { to: &to, subject: SUBJECT, html: SecretText::new(HTML) }),
        locale: &Locale::english(),
        measure: Measure::of(TEXT),
        expires_at: NOW.plus(Duration::from_secs(600)),
    };
    provider.submit(&message, NOW).await
}

#[tokio::test]
#[ignore = "needs the PyPI package aiosmtpd: ./test carriers"]
async fn a_letter_arrives_as_it_was_written_and_its_subject_adds_no_header() {
    let mut server = Server::start(&[]).await;
    let submission = submit(&config(server.port), "ada@mail.example").await;
    assert_eq!(submission, Submission::Accepted { reference: None });
    let letter = server.next().await;
    assert_eq!((&letter["from"], &letter["to"]), (&json!("code@shop.example"), &json!(["ada@mail.example"])));
    let headers = &letter["headers"];
    assert_eq!(headers["from"], "Bäcker & Söhne <code@shop.example>");
    assert_eq!(headers["subject"], "Bäcker & Söhne: Ihr Code  Bcc: eve@evil.example");
    assert_eq!((headers.get("bcc"), &headers["auto-submitted"]), (None, &json!("auto-generated")));
    let line = |part: &str| letter["body"][part].as_str().unwrap().trim_end().to_owned();
    assert_eq!((line("text/plain").as_str(), line("text/html").as_str()), (TEXT, HTML));
    assert_eq!(letter["defects"], json!([]));
}

#[tokio::test]
#[ignore = "needs the PyPI package aiosmtpd: ./test carriers"]
async fn what_a_server_says_and_leaves_unsaid_is_told_apart() {
    let server = Server::start(&[]).await;
    let permanent = |reason: &'static str| Submission::Permanent { reason: reason.into() };
    let for_now = |reason: &'static str| Submission::Transient { reason: reason.into(), retry_after: None };
    for (mode, expected) in [
        ("nobody", permanent("smtp_550")),
        ("spam", permanent("smtp_554")),
        ("greylisted", for_now("smtp_451")),
        ("full", for_now("smtp_452")),
        ("cut", Submission::NotWritten { reason: "unreachable".into() }),
        ("cut-late", Submission::Unknown { reason: "connection_lost".into() }),
        ("silent", Submission::Unknown { reason: "answer_timeout".into() }),
    ] {
        assert_eq!(submit(&config(server.port), &format!("{mode}@mail.example")).await, expected, "{mode}");
    }
}

/// A certificate authority and a certificate for 127.0.0.1, made for this test alone.
async fn certificates(folder: &Path) {
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem \
        -addext basicConstraints=critical,CA:TRUE && \
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mx -keyout mx.key -out mx.csr && \
        printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > ext && \
        openssl x509 -req -in mx.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out mx.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[tokio::test]
#[ignore = "needs the PyPI package aiosmtpd: ./test carriers"]
async fn by_starttls_the_server_is_believed_only_with_its_authority_and_the_account_with_its_password() {
    let folder = Folder::temporary().unwrap();
    certificates(folder.path()).await;
    let mut server = Server::start(&[&folder.path().join("mx.key"), &folder.path().join("mx.pem")]).await;
    let right = SmtpConfig {
        tls: SmtpTls::Starttls,
        ca_file: Some(folder.path().join("ca.pem")),
        user: Some("shop".to_owned()),
        password: Some(Zeroizing::new("secret of the shop".to_owned())),
        ..config(server.port)
    };
    assert_eq!(submit(&right, "ada@mail.example").await, Submission::Accepted { reference: None });
    let letter = server.next().await;
    assert_eq!((&letter["encrypted"], &letter["user"]), (&json!(true), &json!("shop")));

    let wrong_password = Some(Zeroizing::new("secret of another".to_owned()));
    let wrong = SmtpConfig { password: wrong_password, ..right.clone() };
    assert_eq!(
        submit(&wrong, "ada@mail.example").await,
        Submission::Misconfigured { reason: "smtp_535".into() }
    );
    let without = SmtpConfig { user: None, password: None, ..right.clone() };
    assert_eq!(
        submit(&without, "ada@mail.example").await,
        Submission::Misconfigured { reason: "smtp_530".into() }
    );
    let stranger = SmtpConfig { ca_file: None, ..right.clone() };
    let another = SmtpConfig { server_name: Some("other.example".to_owned()), ..right };
    for wrong in [stranger, another] {
        let submission = submit(&wrong, "ada@mail.example").await;
        assert!(matches!(submission, Submission::NotWritten { .. }), "{submission:?}");
    }
    let plain = submit(&config(server.port), "ada@mail.example").await;
    assert_eq!(plain, Submission::Misconfigured { reason: "smtp_530".into() });
}
