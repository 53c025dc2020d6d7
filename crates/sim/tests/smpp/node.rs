//! The npm package `smpp` as a service centre: a codec and a server that nobody here wrote.
//!
//! Ignored where the package is not installed: `./test carriers` installs it and runs them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use countersign_core::verification::ReceiptStatus;
use countersign_delivery::provider::Submission;
use countersign_delivery::receipt::CarrierReceipt;
use countersign_delivery::smpp::BindState;
use countersign_delivery::smpp::receipt::MessageState;
use countersign_delivery::smpp::status::Status;
use countersign_sim::folder::Folder;
use countersign_sim::smpp_load::{Client, RECEIPTS, Sms, submit_all};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The service centre; it ends when its input closes, and at the latest when this is dropped.
struct Npm {
    address: SocketAddr,
    _process: Child,
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/smpp")
}

impl Npm {
    async fn start(arguments: &[&Path]) -> Self {
        let mut process = Command::new("node")
            .arg(scripts().join("smsc.mjs"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("no port: is the package installed?"));
        let port: u16 = line.parse().unwrap();
        Npm { address: ([127, 0, 0, 1], port).into(), _process: process }
    }
}

const QUICK: &str = "timing = { response_ms = 800, queue_ms = 800, idle_ms = 300, enquire_link_ms = 200, bind_ms = 4000, throttle_pause_ms = 0, reconnect_first_ms = 20, reconnect_longest_ms = 50 }";

fn mode(name: &str) -> String {
    format!("system_type = \"{name}\"\n{QUICK}")
}

async fn submit(client: &Client, number: u64) -> Submission {
    Sms::new("918273 is your code").unwrap().submit(&client.provider, number).await
}

/// What one submission comes to in a mode.
async fn one(npm: &Npm, name: &str) -> (Submission, Client) {
    let client = Client::connect(npm.address, &mode(name)).await.unwrap();
    (submit(&client, 7).await, client)
}

/// The receipt about the delivery that [`one`] made.
async fn receipt(npm: &Npm, name: &str) -> CarrierReceipt {
    let (submission, mut client) = one(npm, name).await;
    assert_eq!(submission.as_str(), "accepted", "{name}");
    loop {
        let receipt = client.receipt().await.unwrap();
        if receipt.delivery.is_some() {
            assert_eq!(receipt.delivery, Some(Sms::delivery(7)), "{name}");
            return receipt;
        }
    }
}

#[tokio::test]
#[ignore = "needs the npm package smpp: ./test carriers"]
async fn npm_takes_messages_questions_and_good_byes() {
    let npm = Npm::start(&[]).await;
    let client = Client::connect(npm.address, "window = 10").await.unwrap();
    let all = submit_all(&client.provider, "918273 😀", 0..200, 20).await.unwrap();
    assert!(all.iter().all(|(_, done)| done.as_str() == "accepted"));
    let Submission::Accepted { reference: Some(id) } = submit(&client, 300).await else { panic!() };
    assert_eq!(client.provider.query(&id, None).await, Ok(MessageState::Delivered));
    assert_eq!(client.provider.cancel(&id, None).await, Ok(()));
    client.stop().await.unwrap();
    assert_eq!(client.provider.counts().quirks, []);
}

#[tokio::test]
#[ignore = "needs the npm package smpp: ./test carriers"]
async fn npm_refuses_binds() {
    let npm = Npm::start(&[]).await;
    let state = |client: &Client| client.provider.binds()[0].state;
    let client = Client::connect_as(npm.address, &mode("good"), "wrong").await.unwrap();
    assert_eq!(state(&client), BindState::Stopped { status: Status(0x0e) });
    let client = Client::connect(npm.address, &mode("bind_fails")).await.unwrap();
    assert_eq!(state(&client), BindState::Stopped { status: Status(0x0d) });
    let client = Client::connect(npm.address, &mode("slow_bind")).await.unwrap();
    assert_eq!(state(&client), BindState::Bound);
    let client = Client::start(npm.address, &mode("bind_busy"), RECEIPTS).unwrap();
    let again = async {
        while !matches!(state(&client), BindState::Waiting { refused: Some(Status(8)), failures: 3.. }) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
}

#[tokio::test]
#[ignore = "needs the npm package smpp: ./test carriers"]
async fn npm_refuses_messages_or_does_not_answer() {
    let npm = Npm::start(&[]).await;
    for (name, expected) in [
        ("good", "accepted"),
        ("queue_full", "throttled"),
        ("bad_number", "permanent"),
        ("silent", "unknown"),
        ("slow", "unknown"),
        ("twice", "accepted"),
        ("unbinds", "unknown"),
        ("resets", "unknown"),
    ] {
        let (submission, client) = one(&npm, name).await;
        assert_eq!(submission.as_str(), expected, "{name}");
        if matches!(name, "unbinds" | "resets") {
            client.settled().await.unwrap();
            assert_eq!(client.provider.counts().connections_lost, 1, "{name}");
        }
    }
}

#[tokio::test]
#[ignore = "needs the npm package smpp: ./test carriers"]
async fn npm_throttles_every_third() {
    let npm = Npm::start(&[]).await;
    let client = Client::connect(npm.address, &mode("throttled")).await.unwrap();
    let all = submit_all(&client.provider, "918273", 0..30, 5).await.unwrap();
    let count = |word| all.iter().filter(|(_, done)| done.as_str() == word).count();
    assert_eq!((count("accepted"), count("throttled")), (20, 10));
}

#[tokio::test]
#[ignore = "needs the npm package smpp: ./test carriers"]
async fn npm_sends_receipts_of_every_kind() {
    let npm = Npm::start(&[]).await;
    for (name, status) in [
        ("delivrd", ReceiptStatus::Delivered),
        ("undeliv", ReceiptStatus::Failed),
        ("expired", ReceiptStatus::Failed),
        ("rejectd", ReceiptStatus::Failed),
        ("unknown", ReceiptStatus::Buffered),
        ("acceptd", ReceiptStatus::Buffered),
        ("only_tlv", ReceiptStatus::Delivered),
        ("only_text", ReceiptStatus::Delivered),
        ("hex_receipt", ReceiptStatus::Delivered),
        ("early", ReceiptStatus::Delivered),
    ] {
        assert_eq!(receipt(&npm, name).await.status, status, "{name}");
    }
}

#[tokio::test]
#[ignore = "needs the npm package smpp: ./test carriers"]
async fn npm_that_answers_no_enquire_link_is_left() {
    let npm = Npm::start(&[]).await;
    let client = Client::connect(npm.address, &mode("deaf")).await.unwrap();
    let lost = async {
        while client.provider.counts().connections_lost == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), lost).await.unwrap();
    client.settled().await.unwrap();
    assert_eq!(submit(&client, 1).await.as_str(), "accepted");
}

/// A certificate authority and a certificate for 127.0.0.1, made for this test alone.
async fn certificates(folder: &Path) {
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem \
        -addext basicConstraints=critical,CA:TRUE && \
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=smsc -keyout smsc.key -out smsc.csr && \
        printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > ext && \
        openssl x509 -req -in smsc.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out smsc.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[tokio::test]
#[ignore = "needs the npm package smpp: ./test carriers"]
async fn npm_by_tls_is_believed_only_with_its_authority() {
    let folder = Folder::temporary().unwrap();
    certificates(folder.path()).await;
    let npm = Npm::start(&[&folder.path().join("smsc.key"), &folder.path().join("smsc.pem")]).await;
    let ca = folder.path().join("ca.pem");
    let tls = format!("tls = {{ ca_file = \"{}\" }}", ca.display());
    let client = Client::connect(npm.address, &tls).await.unwrap();
    assert_eq!(submit(&client, 1).await.as_str(), "accepted");
    client.stop().await.unwrap();
    // Another name than the certificate's, and no encryption at all.
    for wrong in [
        format!("tls = {{ ca_file = \"{}\", server_name = \"other.example\" }}", ca.display()),
        String::new(),
    ] {
        let client = Client::start(npm.address, &format!("{wrong}\n{QUICK}"), RECEIPTS).unwrap();
        let failed = async {
            while !matches!(client.provider.binds()[0].state, BindState::Waiting { failures: 2.., .. }) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), failed).await.unwrap();
        assert_eq!(submit(&client, 1).await.as_str(), "not_written");
    }
}
