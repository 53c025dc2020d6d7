//! Links that die, and service centres that come back.

use std::time::Duration;

use countersign_sim::clock;
use countersign_sim::smpp_load::{Client, Sms};
use countersign_sim::smsc::{Faults, Smsc};

const QUICK: &str = "timing = { response_ms = 300, idle_ms = 200, enquire_link_ms = 150, reconnect_first_ms = 20, reconnect_longest_ms = 50 }";

#[tokio::test]
async fn a_half_open_link_is_found_and_replaced() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect(smsc.address(), QUICK).await.unwrap();
    let sms = Sms::new("918273").unwrap();
    assert_eq!(sms.submit(&client.provider, 1).await.as_str(), "accepted");
    // The peer neither reads nor writes, and TCP stays open.
    smsc.freeze();
    assert_eq!(sms.submit(&client.provider, 2).await.as_str(), "unknown");
    let lost = async {
        while client.provider.counts().connections_lost == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), lost).await.unwrap();
    smsc.thaw();
    smsc.wait_for(|counts| counts.binds == 2).await.unwrap();
    client.settled().await.unwrap();
    assert_eq!(sms.submit(&client.provider, 3).await.as_str(), "accepted");
}

#[tokio::test]
async fn two_missed_answers_end_a_link_and_one_does_not() {
    let deaf = Faults { answers_enquire_link: false, ..Faults::default() };
    let smsc = Smsc::start(deaf).await.unwrap();
    let client = Client::connect(smsc.address(), QUICK).await.unwrap();
    smsc.wait_for(|counts| counts.enquiries == 1).await.unwrap();
    assert_eq!(client.provider.counts().connections_lost, 0);
    smsc.behave(Faults::default());
    // The second one is answered: nothing is lost, however many more are asked.
    smsc.wait_for(|counts| counts.enquiries == 4).await.unwrap();
    assert_eq!((client.provider.counts().connections_lost, smsc.counts().binds), (0, 1));
    smsc.behave(Faults { answers_enquire_link: false, ..Faults::default() });
    smsc.wait_for(|counts| counts.binds == 2).await.unwrap();
    assert_eq!(client.provider.counts().connections_lost, 1);
}

#[tokio::test]
async fn a_link_with_traffic_is_not_asked() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect(smsc.address(), "timing = { idle_ms = 2000 }").await.unwrap();
    let sms = Sms::new("918273").unwrap();
    // Twice as long as a silent link would stay unasked.
    for n in 0..40 {
        assert_eq!(sms.submit(&client.provider, n).await.as_str(), "accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(smsc.counts().enquiries, 0);
    smsc.wait_for(|counts| counts.enquiries == 1).await.unwrap();
}

#[tokio::test]
async fn after_a_service_centre_has_come_back_messages_flow_within_5_s() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let address = smsc.address();
    // The defaults are what is promised.
    let client = Client::connect(address, "").await.unwrap();
    let sms = Sms::new("918273").unwrap();
    assert_eq!(sms.submit(&client.provider, 1).await.as_str(), "accepted");
    drop(smsc);
    // Long enough for the waits to have grown.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sms.submit(&client.provider, 2).await.as_str(), "not_written");
    let _smsc = Smsc::start_at(address, Faults::default()).await.unwrap();
    let began = clock::instant();
    while sms.submit(&client.provider, 3).await.as_str() != "accepted" {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn an_unbind_from_the_service_centre_is_answered_and_the_bind_made_anew() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect(smsc.address(), QUICK).await.unwrap();
    let unbind = [16, 6, 0, 1].into_iter().flat_map(u32::to_be_bytes).collect::<Vec<u8>>();
    smsc.push(&unbind).await;
    smsc.wait_for(|counts| counts.binds == 2).await.unwrap();
    client.settled().await.unwrap();
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 1).await.as_str(), "accepted");
}
