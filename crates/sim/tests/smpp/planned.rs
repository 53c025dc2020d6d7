//! As many PDUs reach the service centre as the timeline tells, in the alphabet that it has.

use countersign_core::message::CarrierAlphabet;
use countersign_sim::api::Request;
use countersign_sim::phones;
use countersign_sim::server::Setup;
use countersign_sim::sink::Sink;
use countersign_sim::smsc::{Faults, Smsc};
use serde_json::{Value, json};

use super::server::Drill;

/// UCS-2 (SMPP 3.4 §5.2.19).
const UCS2: u8 = 8;

async fn drill(alphabet: CarrierAlphabet, message: Value) -> Drill {
    let (smsc, sink) = (Smsc::start(Faults::default()).await.unwrap(), Sink::start().await.unwrap());
    let word = serde_json::to_value(alphabet).unwrap();
    let base = Setup::with_sink(sink.address());
    let mut policy = base.policy.clone();
    policy["message"] = message;
    let smsc_settings = format!("alphabet = {word}\n");
    let setup = Setup { smsc: Some(smsc.address()), smsc_settings, policy, ..base };
    let drill = Drill::of(smsc, sink, setup).await;
    drill.smsc.wait_for(|counts| counts.binds > 0).await.unwrap();
    drill
}

/// Starts, and gives what the timeline tells of the message, after comparing it with the PDUs.
async fn planned(drill: &Drill, number: u64, locale: &str) -> Value {
    let phone = phones::phone(number);
    let presentation = json!({ "mode": "page", "origin": "https://shop.example.com" });
    let body = json!({
        "to": phone, "purpose": "account_change", "session": "s", "locale": locale, "presentation": presentation,
    });
    let started = drill.api.send(&Request::post("/v1/verifications", body)).await.unwrap();
    assert!(started.is_created(), "{started:?}");
    let event = drill.event(started.id(), "delivery.accepted").await;
    assert_eq!(event["data"]["provider"], "smsc");
    let told = event["data"]["message"].clone();
    let digits = phone.trim_start_matches('+');
    let own: Vec<_> =
        drill.smsc.received().into_iter().filter(|pdu| pdu.to().trim_start_matches('+') == digits).collect();
    assert_eq!(told["segments"], own.len(), "{locale}: promised as sent");
    let expected = if own[0].data_coding == UCS2 { "ucs2" } else { "gsm7" };
    assert_eq!(told["encoding"], expected, "{locale}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_segments_that_are_told_are_the_pdus_that_leave_whatever_the_alphabet() {
    for alphabet in [CarrierAlphabet::Gsm, CarrierAlphabet::Ascii, CarrierAlphabet::Latin1] {
        let drill = drill(alphabet, json!({ "max_segments": 3 })).await;
        for (number, locale) in (1..).zip(["en", "de", "pt", "tr", "ar", "hi", "zh"]) {
            let told = planned(&drill, number, locale).await;
            assert_eq!(told["form"], "full", "{alphabet:?} {locale}");
            if locale == "de" {
                let encoding = if alphabet == CarrierAlphabet::Ascii { "ucs2" } else { "gsm7" };
                assert_eq!(told["encoding"], encoding, "{alphabet:?}: an umlaut");
            }
        }
        drop(drill.server);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_app_has_a_text_for_each_carriers_alphabet() {
    let limits = json!({ "max_segments": 1, "short_text": "refused", "accent_free": "allowed" });
    for (alphabet, form) in [(CarrierAlphabet::Gsm, "full"), (CarrierAlphabet::Ascii, "full_plain")] {
        let drill = drill(alphabet, limits.clone()).await;
        let told = planned(&drill, 1, "de").await;
        assert_eq!((&told["form"], &told["segments"]), (&json!(form), &json!(1)), "{alphabet:?}");
        drop(drill.server);
    }
}
