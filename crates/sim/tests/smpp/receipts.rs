//! Receipts, in all the ways in which they come.

use std::time::Duration;

use countersign_core::verification::ReceiptStatus;
use countersign_delivery::provider::Submission;
use countersign_delivery::receipt::ReceiptReason;
use countersign_delivery::smpp::receipt::MessageState;
use countersign_sim::smpp_load::{Client, Sms};
use countersign_sim::smsc::{Answer, Faults, IdStyle, ReceiptForm, Receipts, Smsc};

const FORMS: [ReceiptForm; 3] = [ReceiptForm::Text, ReceiptForm::Parameters, ReceiptForm::DataSm];

#[tokio::test]
async fn a_receipt_finds_its_delivery_in_every_form_and_style() {
    for form in FORMS {
        for (response, receipt) in [
            (IdStyle::Decimal, IdStyle::Decimal),
            (IdStyle::Decimal, IdStyle::Hex),
            (IdStyle::Hex, IdStyle::Decimal),
            (IdStyle::Padded, IdStyle::Hex),
            (IdStyle::Hex, IdStyle::Padded),
            (IdStyle::Constant, IdStyle::Constant),
        ] {
            let receipts = Receipts { form, ids: receipt, ..Receipts::default() };
            let faults = Faults { ids: response, ..Faults::with_receipts(receipts) };
            let smsc = Smsc::start(faults).await.unwrap();
            let mut client = Client::connect(smsc.address(), "").await.unwrap();
            assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 9).await.as_str(), "accepted");
            let receipt = client.receipt().await.unwrap();
            let seen = (receipt.delivery, receipt.status);
            assert_eq!(seen, (Some(Sms::delivery(9)), ReceiptStatus::Delivered), "{form:?} {response:?}");
            assert_eq!(receipt.known().unwrap().delivery, Sms::delivery(9));
            smsc.wait_for(|counts| counts.receipts_taken == 1).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_a_receipt_says_is_passed_on() {
    for (state, status, reason) in [
        (1, ReceiptStatus::Buffered, Some("enroute:012")),
        (2, ReceiptStatus::Delivered, None),
        (3, ReceiptStatus::Failed, Some("expired:012")),
        (5, ReceiptStatus::Failed, Some("undeliverable:012")),
        (6, ReceiptStatus::Buffered, Some("accepted:012")),
        (7, ReceiptStatus::Buffered, Some("unknown:012")),
        (8, ReceiptStatus::Failed, Some("rejected:012")),
    ] {
        let smsc =
            Smsc::start(Faults::with_receipts(Receipts { state, ..Receipts::default() })).await.unwrap();
        let mut client = Client::connect(smsc.address(), "").await.unwrap();
        Sms::new("1").unwrap().submit(&client.provider, 1).await;
        let receipt = client.receipt().await.unwrap();
        assert_eq!(receipt.status, status);
        assert_eq!(receipt.reason.as_ref().map(ReceiptReason::as_str), reason);
        assert_eq!(receipt.destination.as_deref().map(String::as_str), Some("447700900123"));
        assert_eq!(receipt.reported_at.unwrap().to_string(), "2026-11-23T10:01:00.000Z");
    }
}

#[tokio::test]
async fn a_receipt_before_its_response_is_not_lost() {
    let faults = Faults::with_receipts(Receipts { before_response: true, ..Receipts::default() });
    let smsc = Smsc::start(faults).await.unwrap();
    let mut client = Client::connect(smsc.address(), "").await.unwrap();
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 9).await.as_str(), "accepted");
    // At once without its delivery, for the store to look; then with it.
    let (first, second) = (client.receipt().await.unwrap(), client.receipt().await.unwrap());
    assert_eq!((first.delivery, second.delivery), (None, Some(Sms::delivery(9))));
    assert_eq!(first.ids.first(), second.ids.first());
}

#[tokio::test]
async fn a_receipt_after_a_given_up_submission_finds_it_when_the_answer_comes_late() {
    let faults = Faults::always(Answer::AcceptAfter(Duration::from_millis(500)));
    let receipts = Receipts { before_response: true, ..Receipts::default() };
    let smsc = Smsc::start(Faults { receipts: Some(receipts), ..faults }).await.unwrap();
    let mut client = Client::connect(smsc.address(), "timing = { response_ms = 100 }").await.unwrap();
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 9).await.as_str(), "unknown");
    assert_eq!(client.receipt().await.unwrap().delivery, None);
    assert_eq!(client.receipt().await.unwrap().delivery, Some(Sms::delivery(9)));
    assert_eq!(client.provider.counts().late_responses, 1);
}

#[tokio::test]
async fn receipts_may_repeat() {
    let smsc =
        Smsc::start(Faults::with_receipts(Receipts { copies: 3, ..Receipts::default() })).await.unwrap();
    let mut client = Client::connect(smsc.address(), "").await.unwrap();
    Sms::new("1").unwrap().submit(&client.provider, 9).await;
    for _ in 0..3 {
        assert_eq!(client.receipt().await.unwrap().delivery, Some(Sms::delivery(9)));
    }
}

#[tokio::test]
async fn a_message_in_parts_is_delivered_when_all_of_them_are() {
    let smsc = Smsc::start(Faults::with_receipts(Receipts::default())).await.unwrap();
    let mut client = Client::connect(smsc.address(), "").await.unwrap();
    let text = "a".repeat(400);
    assert_eq!(Sms::new(&text).unwrap().submit(&client.provider, 9).await.as_str(), "accepted");
    let mut words = Vec::new();
    for _ in 0..3 {
        let receipt = client.receipt().await.unwrap();
        if receipt.delivery.is_some() {
            words.push(receipt.status);
        }
    }
    assert_eq!(words, [ReceiptStatus::Buffered, ReceiptStatus::Buffered, ReceiptStatus::Delivered]);
}

#[tokio::test]
async fn a_service_centre_is_asked_to_come_again_when_there_is_no_room() {
    let smsc =
        Smsc::start(Faults::with_receipts(Receipts { copies: 5, ..Receipts::default() })).await.unwrap();
    let client = Client::start(smsc.address(), "", 2).unwrap();
    client.settled().await.unwrap();
    assert_eq!(Sms::new("1").unwrap().submit(&client.provider, 9).await.as_str(), "accepted");
    let counts = smsc.wait_for(|counts| counts.receipts_taken + counts.receipts_refused == 5).await.unwrap();
    assert_eq!((counts.receipts_taken, counts.receipts_refused), (2, 3));
    assert_eq!(client.provider.counts().receipts_refused, 3);
}

#[tokio::test]
async fn none_are_asked_for_where_none_are_wanted() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect(smsc.address(), "receipts = \"none\"").await.unwrap();
    Sms::new("1").unwrap().submit(&client.provider, 1).await;
    assert_eq!(smsc.received()[0].message.registered_delivery, 0);
}

#[tokio::test]
async fn a_message_can_be_asked_after_and_called_back() {
    let smsc = Smsc::start(Faults::default()).await.unwrap();
    let client = Client::connect(smsc.address(), "").await.unwrap();
    let Submission::Accepted { reference: Some(id) } =
        Sms::new("1").unwrap().submit(&client.provider, 1).await
    else {
        panic!("not accepted");
    };
    assert_eq!(client.provider.query(&id, None).await, Ok(MessageState::Delivered));
    assert_eq!(client.provider.cancel(&id, None).await, Ok(()));
    assert_eq!(smsc.counts().cancels, 1);
}
