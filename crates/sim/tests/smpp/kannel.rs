//! Kannel between the server and a service centre: its HTTP API and its receipts, as Debian ships them.
//!
//! Ignored where it is not installed: `./test carriers` installs it and runs them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use countersign_sim::api::{Api, Request};
use countersign_sim::folder::Folder;
use countersign_sim::phones;
use countersign_sim::server::Setup;
use countersign_sim::sink::Sink;
use countersign_sim::smsc::{Answer, Faults, PASSWORD as SMSC_PASSWORD, Receipts, SYSTEM_ID, Smsc, shown};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::server::{Drill, INVALID_DESTINATION, PATIENCE};

/// Of the kind that a URL must escape.
const PASSWORD: &str = "pw&=?+ %d";
const CALLBACK_TOKEN: &str = "Zk3x&9v=2mP+7sWd";

/// Two processes; they end when this is dropped.
struct Kannel {
    sendsms: SocketAddr,
    _folder: Folder,
    _boxes: [Child; 2],
}

/// Ports that were free a moment ago: Kannel and those that it calls back must know them before they listen.
fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// What Kannel reads; its user guide, "Core configuration", "SMPP 3.4", "SMSBox", "SendSMS user".
fn configuration([admin, boxes, sendsms]: [u16; 3], smsc: SocketAddr, more: &str) -> String {
    let groups: [(&str, &[(&str, &str)]); 4] = [
        (
            "core",
            &[
                ("admin-port", &admin.to_string()),
                ("admin-interface", "127.0.0.1"),
                ("admin-password", "status"),
                ("smsbox-port", &boxes.to_string()),
                ("smsbox-interface", "127.0.0.1"),
                ("dlr-storage", "internal"),
            ],
        ),
        (
            "smsc",
            &[
                ("smsc", "smpp"),
                ("smsc-id", "center"),
                ("host", "127.0.0.1"),
                ("port", &smsc.port().to_string()),
                ("transceiver-mode", "true"),
                ("smsc-username", SYSTEM_ID),
                ("smsc-password", SMSC_PASSWORD),
                ("system-type", ""),
                ("reconnect-delay", "1"),
            ],
        ),
        (
            "smsbox",
            &[
                ("bearerbox-host", "127.0.0.1"),
                ("sendsms-port", &sendsms.to_string()),
                ("sendsms-interface", "127.0.0.1"),
            ],
        ),
        ("sendsms-user", &[("username", "shop"), ("password", PASSWORD), ("max-messages", "10")]),
    ];
    let mut text = String::new();
    for (group, values) in groups {
        let _ = writeln!(text, "group = {group}");
        for (key, value) in values {
            let _ = writeln!(text, "{key} = \"{value}\"");
        }
        // Empty lines divide groups.
        let _ = writeln!(text, "{}", if group == "smsc" { more } else { "" });
        text.push('\n');
    }
    text
}

fn run(program: &str, folder: &Path) -> Child {
    let log = File::create(folder.join(format!("{program}.log"))).unwrap();
    Command::new(program)
        .arg("kannel.conf")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}: is Debian's kannel on the PATH?"))
}

impl Kannel {
    /// Before a service centre; `more` stands in its group.
    async fn start(smsc: &Smsc, more: &str) -> Self {
        let ports = free_ports();
        let [admin, _, sendsms] = ports;
        let folder = Folder::temporary().unwrap();
        fs::write(folder.path().join("kannel.conf"), configuration(ports, smsc.address(), more)).unwrap();
        let on = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let bearerbox = run("bearerbox", folder.path());
        says(on(admin), "/status.txt?password=status", "center", folder.path()).await;
        let smsbox = run("smsbox", folder.path());
        says(on(admin), "/status.txt?password=status", "smsbox:", folder.path()).await;
        says(on(sendsms), "/cgi-bin/sendsms", "Authorization failed", folder.path()).await;
        smsc.wait_for(|counts| counts.binds > 0).await.unwrap();
        says(on(admin), "/status.txt?password=status", "(online", folder.path()).await;
        Kannel { sendsms: on(sendsms), _folder: folder, _boxes: [bearerbox, smsbox] }
    }

    /// The file of the server's provider.
    fn provider(&self, password: &str) -> String {
        format!(
            "definition = \"kannel\"\nsender = \"Shop\"\n\n\
             [setting]\nbase = \"http://{}\"\nuser = \"shop\"\nsmsc = \"center\"\n\n\
             [secret]\npassword = \"{password}\"\ncallback_token = \"{CALLBACK_TOKEN}\"\n",
            self.sendsms
        )
    }
}

/// Waits until a box answers with these words.
async fn says(address: SocketAddr, path: &str, words: &str, folder: &Path) {
    let api = Api::new(address, "none").unwrap();
    let asked = async {
        while !api.text(path).await.is_ok_and(|text| text.contains(words)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, asked).await.is_err() {
        let log = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        panic!("no \"{words}\": {}{}", log("bearerbox.log"), log("smsbox.log"));
    }
}

/// The server with Kannel before an HTTP endpoint in its route.
async fn drill(faults: Faults, password: &str, more: &str) -> (Drill, Kannel) {
    let (smsc, sink) = (Smsc::start(faults).await.unwrap(), Sink::start().await.unwrap());
    let kannel = Kannel::start(&smsc, more).await;
    let [port] = free_ports();
    let setup = Setup { declared: Some(kannel.provider(password)), port, ..Setup::with_sink(sink.address()) };
    (Drill::of(smsc, sink, setup).await, kannel)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn kannel_takes_a_code_and_calls_back_with_its_receipt() {
    let (drill, _kannel) = drill(Faults::with_receipts(Receipts::default()), PASSWORD, "").await;
    let (phone, id) = drill.start(1).await;
    assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "declared");
    assert_eq!(drill.event(&id, "delivery.receipt").await["data"]["status"], "delivered");
    let received = drill.smsc.received();
    assert_eq!(received.iter().map(|message| format!("+{}", message.to())).collect::<Vec<_>>(), [phone]);
    drill.approve(&id, &drill.code_by_smpp()).await;
    assert_eq!(drill.sink.submissions().len(), 0, "no copy by the other route");
    drop(drill.server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn i5_kannel_what_its_receipt_says_failed_is_sent_by_the_other_route_with_the_same_code() {
    let undeliverable = Faults::with_receipts(Receipts { state: 5, ..Receipts::default() });
    // Undeliverable by the phone's network, and refused by the service centre: types 2 and 16.
    for (number, faults) in [(1, undeliverable), (2, Faults::always(Answer::Refuse(INVALID_DESTINATION)))] {
        let (drill, _kannel) = drill(faults, PASSWORD, "").await;
        let (phone, id) = drill.start(number).await;
        let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "declared");
        assert_eq!(drill.event(&id, "delivery.receipt").await["data"]["status"], "failed");
        drill.event(&id, "delivery.failed_over").await;
        drill.approve(&id, &sent.code).await;
        assert_eq!(drill.sink.submissions().len(), 1);
        drop(drill.server);
    }
}

/// Greek leaves as UCS-2, and in parts where it is long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn kannel_keeps_every_letter() {
    let undeliverable = Faults::with_receipts(Receipts { state: 5, ..Receipts::default() });
    let (drill, _kannel) = drill(undeliverable, PASSWORD, "").await;
    for (number, locale) in [(1, "en"), (2, "fr"), (3, "el"), (4, "zh")] {
        let phone = phones::phone(number);
        let body = json!({ "to": phone, "purpose": "login", "session": "session", "locale": locale });
        let started = drill.api.send(&Request::post("/v1/verifications", body)).await.unwrap();
        assert!(started.is_created(), "{started:?}");
        // The other route brings the same text, without Kannel's hands on it.
        let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        assert_eq!(shown(&drill.smsc.received()).last(), Some(&sent.text), "{locale}");
    }
    let codings: BTreeSet<u8> = drill.smsc.received().iter().map(|message| message.data_coding).collect();
    assert_eq!(codings, BTreeSet::from([0, 8]));
    drop(drill.server);
}

/// Its refusals have two meanings with one status: nobody's messages leave, or this one's do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Debian's package kannel: ./test carriers"]
async fn i5_kannel_what_it_refuses_leaves_by_the_other_route_at_once() {
    let phone = phones::phone(1);
    let denied = format!("denied-prefix = \"{phone};{}\"", phone.trim_start_matches('+'));
    for (password, more, is_misconfigured) in [("wrong", "", true), (PASSWORD, &*denied, false)] {
        let (drill, _kannel) = drill(Faults::default(), password, more).await;
        let (phone, id) = drill.start(1).await;
        let sent = drill.sink.wait_for(&phone, 1, PATIENCE).await.unwrap();
        let refused = drill.event(&id, "delivery.retrying").await;
        assert_eq!(
            (&refused["data"]["provider"], &refused["data"]["reason"]),
            (&"declared".into(), &"http_403".into())
        );
        assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "sink0");
        drill.approve(&id, &sent.code).await;
        assert_eq!(drill.smsc.received().len(), 0);
        let log = fs::read_to_string(drill.server.log_file()).unwrap();
        assert_eq!(log.contains("a provider refuses whatever is sent"), is_misconfigured, "{more}");
        drop(drill.server);
    }
}
