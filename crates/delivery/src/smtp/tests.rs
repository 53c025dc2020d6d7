use std::time::Duration;

use countersign_core::email::EmailAddress;
use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use super::*;
use crate::example::{Example, NOW};
use crate::provider::{Envelope, SecretText};

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
        from_name: Some("Shop".to_owned()),
        hello: None,
    }
}

fn provider(config: &SmtpConfig) -> SmtpProvider {
    SmtpProvider::new("mail".parse().unwrap(), config, Duration::from_millis(800)).unwrap()
}

async fn submit(provider: &SmtpProvider, subject: &str) -> Submission {
    let example = Example::new("918273 is your code.");
    let to: EmailAddress = "ada@mail.example".parse().unwrap();
    let envelope = Envelope { to: &to, subject, html: SecretText::new("<p>918273</p>") };
    let message = Outgoing { channel: Channel::Email, email: Some(envelope), ..example.outgoing() };
    provider.submit(&message, NOW).await
}

/// A server that answers each command with its line of the script, and hangs up when the script ends. The
/// empty line says nothing and waits.
async fn scripted(lines: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio_util::task::TaskTracker::new().spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        for line in lines {
            if line.is_empty() {
                std::future::pending::<()>().await;
            }
            stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
            let mut said = String::new();
            while !said.ends_with(if line.starts_with("354") { "\r\n.\r\n" } else { "\n" }) {
                if stream.read_line(&mut said).await.unwrap_or(0) == 0 {
                    return;
                }
            }
        }
    });
    port
}

const UNTIL_RCPT: [&str; 4] = ["220 mx", "250 mx", "250 sender", "250 recipient"];

async fn outcome(lines: &'static [&'static str]) -> Submission {
    submit(&provider(&config(scripted(lines).await)), "Shop: your code").await
}

#[tokio::test]
async fn what_the_server_says_decides_what_may_be_done_next() {
    let said = |reason: &str| Reason::from(reason.to_owned());
    let for_now = |reason| Submission::Transient { reason: said(reason), retry_after: None };
    let [hello, ehlo, from, to] = UNTIL_RCPT;
    let cases: [(&'static [&'static str], Submission); 8] = [
        (
            Box::leak(Box::new([hello, ehlo, from, to, "354 go", "250 queued", "221 bye"])),
            Submission::Accepted { reference: None },
        ),
        (&["554 no"], Submission::Misconfigured { reason: said("smtp_554") }),
        (&["421 busy"], for_now("smtp_421")),
        (
            Box::leak(Box::new([hello, ehlo, "550 who are you"])),
            Submission::Misconfigured { reason: said("smtp_550") },
        ),
        (
            Box::leak(Box::new([hello, ehlo, from, "550 nobody here"])),
            Submission::Permanent { reason: said("smtp_550") },
        ),
        (Box::leak(Box::new([hello, ehlo, from, "451 greylisted"])), for_now("smtp_451")),
        (
            Box::leak(Box::new([hello, ehlo, from, to, "354 go", "554 spam"])),
            Submission::Permanent { reason: said("smtp_554") },
        ),
        (Box::leak(Box::new([hello, ehlo, from, to, "354 go", "451 disk"])), for_now("smtp_451")),
    ];
    for (lines, expected) in cases {
        assert_eq!(outcome(lines).await, expected, "{lines:?}");
    }
}

#[tokio::test]
async fn until_the_text_is_asked_for_nothing_was_sent_and_after_it_nobody_knows() {
    let [hello, ehlo, from, to] = UNTIL_RCPT;
    let not_written = |reason: &'static str| Submission::NotWritten { reason: reason.into() };
    let unknown = |reason: &'static str| Submission::Unknown { reason: reason.into() };
    let cases: [(&'static [&'static str], Submission); 6] = [
        (&[""], not_written("connect_timeout")),
        (Box::leak(Box::new([hello, ehlo])), not_written("unreachable")),
        (Box::leak(Box::new([hello, ehlo, from, to])), not_written("unreachable")),
        (Box::leak(Box::new([hello, ehlo, from, to, ""])), not_written("connect_timeout")),
        (Box::leak(Box::new([hello, ehlo, from, to, "354 go"])), unknown("connection_lost")),
        (Box::leak(Box::new([hello, ehlo, from, to, "354 go", ""])), unknown("answer_timeout")),
    ];
    for (lines, expected) in cases {
        assert_eq!(outcome(lines).await, expected, "{lines:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(submit(&provider(&config(port)), "s").await, not_written("unreachable"));
}

#[test]
fn a_submission_ends_before_its_timeout_the_farewell_included() {
    for timeout_ms in (200..30_000).step_by(100) {
        let timeout = Duration::from_millis(timeout_ms);
        let Times { half, farewell } = Times::of(timeout);
        assert!(half * 2 + farewell < timeout, "{timeout_ms} ms");
        assert!(half * 4 > timeout, "{timeout_ms} ms: most of it is for the message");
    }
}

#[tokio::test]
async fn without_the_offer_of_tls_nothing_is_said_in_clear() {
    let port = scripted(&["220 mx", "250 mx"]).await;
    let config = SmtpConfig { tls: SmtpTls::Starttls, host: "localhost".to_owned(), ..config(port) };
    assert_eq!(
        submit(&provider(&config), "s").await,
        Submission::Misconfigured { reason: "no_starttls".into() }
    );
}

#[test]
fn settings_are_checked_and_never_shown() {
    let password = Some(Zeroizing::new("canary-password".to_owned()));
    let account = |config: SmtpConfig| SmtpConfig {
        user: Some("shop".to_owned()),
        password: password.clone(),
        ..config
    };
    assert_eq!(account(config(25)).check(), Ok(()), "on this machine nobody is on the way");
    let elsewhere = SmtpConfig { host: "mx.example".to_owned(), ..config(25) };
    for (wrong, error) in [
        (SmtpConfig { host: "mx.example:25".to_owned(), ..config(25) }, SmtpConfigError::Host),
        (SmtpConfig { hello: Some("a b".to_owned()), ..config(25) }, SmtpConfigError::Hello),
        (
            SmtpConfig { from_name: Some("Shop\r\nBcc: eve@x.example".to_owned()), ..config(25) },
            SmtpConfigError::FromName,
        ),
        (SmtpConfig { user: Some("shop".to_owned()), ..config(25) }, SmtpConfigError::HalfAnAccount),
        (account(SmtpConfig { user: None, ..elsewhere.clone() }), SmtpConfigError::PasswordInClear),
    ] {
        assert_eq!(wrong.check(), Err(error));
        assert!(!format!("{wrong:?}").contains("canary"));
    }
    let ports = [SmtpTls::Starttls, SmtpTls::Implicit, SmtpTls::None];
    let port = |tls| SmtpConfig { port: None, tls, ..config(25) }.port();
    assert_eq!(ports.map(port), [587, 465, 25]);
    assert!(elsewhere.is_readable_on_the_way() && !config(25).is_readable_on_the_way());
}

/// The headers of a message, unfolded.
fn headers(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    head.split("\r\n").map(str::to_owned).collect()
}

fn written(subject: &str, from_name: Option<&str>) -> letter::Letter {
    let example = Example::new("918273 is your code.");
    let to: EmailAddress = "ada@mail.example".parse().unwrap();
    let envelope = Envelope { to: &to, subject, html: SecretText::new("<p>918273</p>") };
    let message = Outgoing { channel: Channel::Email, email: Some(envelope), ..example.outgoing() };
    let config = SmtpConfig { from_name: from_name.map(str::to_owned), ..config(25) };
    letter::write(&config, &message, NOW).unwrap()
}

#[test]
fn a_letter_has_what_readers_of_mail_need() {
    let letter = written("Shop: your code", Some("Shop"));
    let headers = headers(&letter.bytes);
    for expected in [
        "From: Shop <code@shop.example>",
        "To: ada@mail.example",
        "Subject: Shop: your code",
        "Date: Mon, 23 Nov 2026 10:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(headers.iter().any(|header| header == expected), "{expected} in {headers:?}");
    }
    let id = headers.iter().find(|header| header.starts_with("Message-ID: ")).unwrap();
    assert!(id.starts_with("Message-ID: <dlv_") && id.ends_with("@shop.example>"), "{id}");
    assert!(!headers.iter().any(|header| header.contains("918273")), "the code is in no header");
}

#[test]
fn a_message_without_an_address_is_no_letter() {
    let example = Example::new("918273 is your code.");
    assert!(letter::write(&config(25), &example.outgoing(), NOW).is_none());
}

proptest! {
    #[test]
    fn nothing_in_a_subject_or_a_name_becomes_a_header(
        subject in "\\PC{0,10}[\r\n]{0,3}(Bcc: eve@evil\\.example)?[\r\n]{0,4}\\PC{0,60}",
        name in proptest::option::of("\\PC{1,40}"),
    ) {
        let letter = written(&subject, name.as_deref());
        let mut names: Vec<String> = headers(&letter.bytes)
            .iter()
            .map(|header| header.split(':').next().unwrap_or_default().to_owned())
            .collect();
        names.sort_unstable();
        let expected =
            ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];
        prop_assert_eq!(names, expected);
        prop_assert!(letter.bytes.is_ascii() || !headers(&letter.bytes).join("").chars().any(char::is_control));
    }
}
