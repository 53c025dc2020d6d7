//! Binds: which are made, who is refused, and how they end.

use std::time::Duration;

use countersign_delivery::smpp::BindState;
use countersign_delivery::smpp::pdu::Role;
use countersign_delivery::smpp::status::Status;
use countersign_sim::smpp_load::{Client, RECEIPTS, Sms, submit_all};
use countersign_sim::smsc::{Answer, BindAnswer, Faults, Receipts, Smsc};

const QUICK: &str = "timing = { reconnect_first_ms = 20, reconnect_longest_ms = 50, bind_ms = 300 }";

fn refusing(status: u32) -> Faults {
    Faults { bind: BindAnswer { status, ..BindAnswer::default() }, ..Faults::default() }
}

#[tokio::test]
async fn wrong_credentials_stop_and_are_reported_until_somebody_resumes() {
    for status in [0x0d, 0x0e, 0x0f] {
        let smsc = Smsc::start(refusing(status)).await.unwrap();
        let client = Client::connect(smsc.address(), QUICK).await.unwrap();
        assert_eq!(client.provider.binds()[0].state, BindState::Stopped { status: Status(status) });
        assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 1).await.as_str(), "not_written");
        smsc.behave(Faults::default());
        // Long enough for several tries, if it tried.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(smsc.counts().binds, 0);
        client.provider.resume();
        smsc.wait_for(|counts| counts.binds == 1).await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_password_stops_too() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect_as(smsc.address(), QUICK, "wrong").await.unwrap();
    assert_eq!(client.provider.binds()[0].state, BindState::Stopped { status: Status(0x0e) });
}

#[tokio::test]
async fn a_temporary_refusal_is_tried_again() {
    for status in [0x05, 0x08, 0x58, 0x400] {
        let smsc = Smsc::start(refusing(status)).await.unwrap();
        let client = Client::start(smsc.address(), QUICK, RECEIPTS).unwrap();
        let waiting = async {
            loop {
                match client.provider.binds()[0].state {
                    BindState::Waiting { refused, failures } if failures >= 3 => return refused,
                    _ => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let refused = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap();
        assert_eq!(refused, Some(Status(status)));
        smsc.behave(Faults::default());
        client.settled().await.unwrap();
        assert_eq!(client.provider.binds()[0].state, BindState::Bound);
    }
}

#[tokio::test]
async fn a_bind_that_is_not_answered_in_time_is_tried_again() {
    let slow = BindAnswer { status: 0, after: Duration::from_secs(60) };
    let smsc = Smsc::start(Faults { bind: slow, ..Faults::default() }).await.unwrap();
    let client = Client::start(smsc.address(), QUICK, RECEIPTS).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    smsc.behave(Faults::default());
    client.settled().await.unwrap();
    assert_eq!(smsc.counts().binds, 1);
}

#[tokio::test]
async fn separate_binds_send_on_one_and_receive_on_the_other() {
    let smsc = Smsc::start(Faults::with_receipts(Receipts::default())).await.unwrap();
    let mut client = Client::connect(smsc.address(), "bind = \"separate\"").await.unwrap();
    let roles: Vec<Role> = client.provider.binds().iter().map(|bind| bind.role).collect();
    assert_eq!(roles, [Role::Transmitter, Role::Receiver]);
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 4).await.as_str(), "accepted");
    assert_eq!(client.receipt().await.unwrap().delivery, Some(Sms::delivery(4)));
}

#[tokio::test]
async fn several_binds_share_the_work_and_one_may_die() {
    let faults = Faults::choosing(|n| match n {
        30 => Answer::Cut,
        _ => Answer::AcceptAfter(Duration::from_millis(10)),
    });
    let smsc = Smsc::start(faults).await.unwrap();
    let more = "binds = 3\nwindow = 4\ntiming = { queue_ms = 20000, reconnect_first_ms = 60000, reconnect_longest_ms = 60000 }";
    let client = Client::connect(smsc.address(), more).await.unwrap();
    assert_eq!(smsc.counts().binds, 3);
    let all = submit_all(&client.provider, "1", 0..200, 50).await.unwrap();
    let unknown = all.iter().filter(|(_, done)| done.as_str() == "unknown").count();
    let accepted = all.iter().filter(|(_, done)| done.as_str() == "accepted").count();
    assert!((1..=4).contains(&unknown), "{unknown}");
    assert!(accepted + 8 >= 200, "only what the dead bind held is lost: {accepted}");
    let mut connections: Vec<u64> = smsc.received().iter().map(|message| message.connection).collect();
    connections.sort_unstable();
    connections.dedup();
    assert_eq!(connections, [0, 1, 2]);
}

#[tokio::test]
async fn a_shutdown_waits_for_answers_and_says_good_bye() {
    let smsc = Smsc::start(Faults::always(Answer::AcceptAfter(Duration::from_millis(150)))).await.unwrap();
    let client = Client::connect(smsc.address(), "binds = 2").await.unwrap();
    let sms = Sms::new("1").unwrap();
    let (submission, stopped) = tokio::join!(sms.submit(&client.provider, 1), async {
        smsc.wait_for(|counts| counts.submitted == 1).await.unwrap();
        client.stop().await
    });
    stopped.unwrap();
    assert_eq!(submission.as_str(), "accepted");
    assert_eq!(smsc.counts().unbinds, 2);
    assert!(client.provider.binds().iter().all(|bind| bind.state == BindState::Ended));
    assert_eq!(sms.submit(&client.provider, 2).await.as_str(), "not_written");
}

#[tokio::test]
async fn nobody_there_is_not_written() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let address = smsc.address();
    drop(smsc);
    let client = Client::start(address, QUICK, RECEIPTS).unwrap();
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 1).await.as_str(), "not_written");
}
