//! E-mail: a notification, and never a proof of the phone.

use std::fs;

use countersign_core::verification::Channel;
use serde_json::{Value, json};

use crate::channels::shop_of_all_channels;
use crate::harness::{LIVE_PHONE, PHONE, Server, Setup, Shop, payment_body, redeem_body, start_body, with};

const ADDRESS: &str = "ada.lovelace@canary-mail.example";

fn by_email(purpose: &str) -> Value {
    with(with(start_body(PHONE, purpose), "/channel", "email"), "/email", ADDRESS)
}

async fn approved_by_email(server: &Server, shop: &Shop) -> (String, String) {
    let id = shop.start(by_email("login")).await;
    let code = server.code(PHONE).await;
    let checked = shop.check(&id, &code).await;
    assert_eq!(
        (&checked["assurance"], &shop.show(&id).await["assurance"]),
        (&json!("notification"), &json!("notification"))
    );
    (id, checked["proof"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_email_needs_an_address_and_shows_it_masked_alone() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let without = shop.try_start(with(start_body(PHONE, "login"), "/channel", "email")).await;
    assert_eq!(without.problem("channel_not_allowed")["pointer"], "/email");
    for wrong in ["ada", "ada@shop", "a@b@shop.example", "ada@shop.example\r\nBcc: eve@shop.example"] {
        shop.try_start(with(by_email("login"), "/email", wrong)).await.wrong_field("/email");
    }
    let started = shop.try_start(by_email("login")).await.expect(201);
    assert_eq!(
        (&started["email"], &started["channel"], &started["assurance"]),
        (&json!("a•••@c•••.example"), &json!("email"), &json!("notification"))
    );
    server.text(PHONE, 1).await;
    assert_eq!(server.inbox(PHONE)[0].channel, Channel::Email);
    let id = started["id"].as_str().unwrap();
    shop.cancel(id).await.expect(200);
    assert_eq!(shop.show(id).await.get("email"), None, "erased when it ended");
}

#[tokio::test]
async fn n10_redeeming_a_notification_must_be_asked_for() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let (id, proof) = approved_by_email(&server, &shop).await;
    let body = start_body(PHONE, "login");
    assert_eq!(shop.redeem(&proof, &body).await.problem("assurance_too_low")["status"], 409);
    assert_eq!(shop.show(&id).await["status"], "approved");
    let content = with(redeem_body(&proof, &body), "/assurance", "notification");
    let redeemed = shop.post("/v1/proofs/redeem", content).await.expect(200);
    assert_eq!(redeemed["assurance"], "notification");
    assert_eq!(redeemed["verification"]["assurance"], "notification");
}

#[tokio::test]
async fn n10_one_email_among_the_messages_is_enough() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let id = shop.start(with(start_body(PHONE, "login"), "/email", ADDRESS)).await;
    let code = server.code(PHONE).await;
    server.clock().advance(30);
    let resend = shop.post(&format!("/v1/verifications/{id}/resend"), json!({ "channel": "email" })).await;
    assert_eq!(resend.expect(200)["assurance"], "notification");
    let proof = shop.check(&id, &code).await["proof"].as_str().unwrap().to_owned();
    shop.redeem(&proof, &start_body(PHONE, "login")).await.problem("assurance_too_low");
}

#[tokio::test]
async fn n10_n7_payments_and_changes_of_the_account_refuse_email() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let payment = with(with(payment_body(PHONE), "/channel", "email"), "/email", ADDRESS);
    for body in [payment, by_email("account_change")] {
        let problem = shop.try_start(body).await.problem("channel_not_allowed");
        assert!(problem["detail"].as_str().unwrap().contains("no possession"), "{problem}");
    }
    // An account change cannot stand on a login that was approved by e-mail, either.
    let (_, proof) = approved_by_email(&server, &shop).await;
    let change = json!({
        "to": "+447700900456", "purpose": "account_change", "customer": "c_77",
        "replaces": { "proof": proof, "phone": PHONE },
    });
    let refused = shop.try_start(change).await;
    assert_eq!(refused.status, 409);
    assert_eq!(server.inbox("+447700900456").len(), 0);
}

#[tokio::test]
async fn i12_an_address_is_in_no_file_in_clear() {
    let server = Server::start().await;
    let shop = shop_of_all_channels(&server).await;
    let id = shop.start(by_email("login")).await;
    server.code(PHONE).await;
    shop.event(&id, "delivery.receipt").await;
    let data = server.data_dir();
    let _setup = server.stop().await;
    for entry in fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        let found = bytes.windows(11).any(|window| window == b"canary-mail");
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn a_live_email_needs_a_server_to_leave_by() {
    let setup = Setup::default();
    let file = setup.folder.join("mail.toml");
    // Nobody listens there.
    fs::write(&file, "host = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nfrom = \"code@shop.example\"\n")
        .unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let first = "[[providers]]\nname = \"mail\"\nkind = \"smtp\"\nfile = \"mail.toml\"\n";
    let server = Setup { first, delivery: "max_retries = 0", ..setup }.start().await;
    let shop = server.live_shop_with(json!({ "channels": ["sms", "email"] })).await;
    let body = with(with(start_body(LIVE_PHONE, "login"), "/channel", "email"), "/email", ADDRESS);
    let id = shop.start(body).await;
    let failed = shop.event(&id, "delivery.failed").await;
    assert_eq!(
        (&failed["data"]["provider"], &failed["data"]["reason"]),
        (&json!("mail"), &json!("unreachable"))
    );
    // SMS has no carrier here, and its timeline says so.
    let id = shop.start(start_body("+491701234568", "login")).await;
    let failed = shop.event(&id, "delivery.failed").await;
    assert_eq!(failed["data"]["reason"], "no_provider");
}

#[tokio::test]
async fn a_mailbox_is_not_flooded_by_way_of_many_numbers() {
    let server = Server::start().await;
    let shop = server.test_shop_with(json!({ "channels": ["sms", "email"] })).await;
    let to = |number: u32, address: &str| {
        let body = with(start_body(&format!("+4477009004{number:02}"), "login"), "/channel", "email");
        with(body, "/email", address)
    };
    for number in 0..10 {
        let address = if number % 2 == 0 { "victim@example.org" } else { "victim@EXAMPLE.org" };
        shop.try_start(to(number, address)).await.expect(201);
    }
    let problem = shop.try_start(to(10, "victim@example.org")).await.problem("limit_exceeded");
    assert_eq!(problem["violated-policies"], json!(["address_per_day"]));
    shop.try_start(to(10, "another@example.org")).await.expect(201);
}
