//! A service centre that is away, that refuses our credentials, or that knew an earlier process, by the real binary.

use std::time::Duration;

use countersign_delivery::smpp::pdu::{Address, Pdu, ShortMessage, encode};
use countersign_sim::api::{Api, Request};
use countersign_sim::smsc::{BindAnswer, Faults, IdStyle, Smsc};

use crate::server::{Drill, PATIENCE};

/// Waits until a page of the server has these words.
async fn says(api: &Api, path: &str, words: &str) {
    let asked = async {
        while !api.text(path).await.is_ok_and(|text| text.contains(words)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let said = tokio::time::timeout(PATIENCE, asked).await;
    assert!(said.is_ok(), "{path} does not say {words}: {:?}", api.text(path).await);
}

fn in_state(state: &str, count: u8) -> String {
    format!("countersign_smpp_binds{{provider=\"smsc\",state=\"{state}\"}} {count}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_without_a_bind_is_passed_over_at_once_and_used_when_it_is_back() {
    let drill = Drill::with(Faults::default()).await;
    says(&drill.api, "/metrics", &in_state("bound", 1)).await;
    let address = drill.smsc.address();
    let Drill { smsc, sink, server, api } = drill;
    drop(smsc);
    says(&api, "/metrics", "countersign_route_breakers_total{provider=\"smsc\",outcome=\"bind_lost\"} 1")
        .await;
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let mut drill = Drill { smsc, sink, server, api };
    let (_, id) = drill.start(1).await;
    let accepted = drill.event(&id, "delivery.accepted").await;
    // Its first submission: it did not find out by trying.
    assert_eq!(accepted["data"]["submissions"], 1, "{accepted}");
    assert_eq!(accepted["data"]["provider"], "sink0");
    let route = accepted["data"]["route"].to_string();
    assert!(route.contains("not smsc: not_bound"), "{route}");
    drill.smsc = Smsc::start_at(address, Faults::default()).await.unwrap();
    says(&drill.api, "/metrics", &in_state("bound", 1)).await;
    says(&drill.api, "/metrics", "provider=\"smsc\",outcome=\"bind_restored\"} 1").await;
    let (_, id) = drill.start(2).await;
    assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "smsc");
    says(&drill.api, "/metrics", "countersign_smpp_bound_total{provider=\"smsc\"} 2").await;
    says(&drill.api, "/metrics", "countersign_smpp_connections_lost_total{provider=\"smsc\"} 1").await;
    says(&drill.api, "/metrics", "countersign_smpp_window{provider=\"smsc\"} 10").await;
    says(&drill.api, "/metrics", "countersign_smpp_unanswered{provider=\"smsc\"} 0").await;
}

/// ESME_RINVPASWD.
const WRONG_PASSWORD: u32 = 0x0e;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_are_told_and_an_operator_lets_the_bind_try_again() {
    let drill = Drill::with(Faults::default()).await;
    says(&drill.api, "/readyz", "\"binds\":\"ok\"").await;
    let refusing = BindAnswer { status: WRONG_PASSWORD, ..BindAnswer::default() };
    drill.smsc.behave(Faults { bind: refusing, ..Faults::default() });
    drill.smsc.cut();
    says(&drill.api, "/metrics", &in_state("stopped", 1)).await;
    says(&drill.api, "/readyz", "\"binds\":\"stopped\"").await;
    let Drill { smsc, sink, server, api } = drill;
    let server = tokio::task::spawn_blocking(move || {
        let status = server.cli(&["provider", "status"]).unwrap();
        assert!(status.contains("transceiver stopped  refused with 0x0000000e"), "{status}");
        let unknown = server.cli(&["provider", "resume", "sink0"]).unwrap_err().to_string();
        assert!(unknown.contains("SMPP provider"), "{unknown}");
        server
    });
    let server = server.await.unwrap();
    let log = std::fs::read_to_string(server.log_file()).unwrap();
    let alarm = log.lines().find(|line| line.contains("refused for its credentials")).unwrap();
    assert!(alarm.contains("ERROR") && alarm.contains("smsc"), "{alarm}");
    smsc.behave(Faults::default());
    let server = tokio::task::spawn_blocking(move || {
        server.cli(&["provider", "resume", "smsc"]).unwrap();
        server
    });
    let drill = Drill { smsc, sink, server: server.await.unwrap(), api };
    says(&drill.api, "/readyz", "\"binds\":\"ok\"").await;
    says(&drill.api, "/metrics", &in_state("bound", 1)).await;
    let (_, id) = drill.start(1).await;
    assert_eq!(drill.event(&id, "delivery.accepted").await["data"]["provider"], "smsc");
}

/// A receipt about a message that an earlier process submitted.
fn receipt(id: &str, phone: &str) -> Vec<u8> {
    let text =
        format!("id:{id} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:DELIVRD err:000");
    let message = ShortMessage {
        source: Address { ton: 1, npi: 1, digits: phone.trim_start_matches('+').into() },
        esm_class: 4,
        short_message: text.as_str().into(),
        ..ShortMessage::default()
    };
    let mut octets = Vec::new();
    encode(&Pdu::DeliverSm(Box::new(message)), 0, 1, &mut octets).unwrap();
    octets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_finds_its_message_after_a_restart_as_its_answer_wrote_the_id() {
    for ids in [IdStyle::Padded, IdStyle::Hex] {
        let mut drill = Drill::with(Faults { ids, ..Faults::default() }).await;
        // The number 10 is A in hexadecimal.
        let mut last = (String::new(), String::new());
        for number in 0..=10 {
            last = drill.start(number).await;
            drill.event(&last.1, "delivery.accepted").await;
        }
        let (phone, id) = last;
        tokio::task::block_in_place(|| drill.server.restart()).unwrap();
        drill.smsc.wait_for(|counts| counts.binds == 2).await.unwrap();
        drill.api = Api::new(drill.server.address().unwrap(), drill.server.live_key()).unwrap();
        let sent = drill.smsc.received();
        let number = sent.iter().find(|one| format!("+{}", one.to()) == phone).unwrap().id;
        drill.smsc.push(&receipt(&ids.write(number), &phone)).await;
        assert_eq!(drill.event(&id, "delivery.receipt").await["data"]["status"], "delivered", "{ids:?}");
        let shown = drill.api.send(&Request::show(&id)).await.unwrap();
        assert_eq!(shown.status, 200);
    }
}
