//! `POST /v1/proofs/redeem`

use serde_json::json;

use crate::harness::{PHONE, Server, payment_body, start_body, together};

#[tokio::test]
async fn a_proof_is_redeemed_for_what_it_was_given_for() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, payment_body(PHONE)).await;
    let redeemed = shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
    assert_eq!(redeemed["result"], "redeemed");
    assert_eq!(
        (&redeemed["verification"]["id"], &redeemed["verification"]["status"]),
        (&json!(id), &json!("approved"))
    );
    assert_eq!(shop.events(&id).await.last().unwrap(), "proof.redeemed");
}

#[tokio::test]
async fn i1_i7_a_second_redeem_says_so() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
    shop.redeem(&proof, &payment_body(PHONE)).await.problem("already_redeemed");
}

#[tokio::test]
async fn i1_of_parallel_redeems_one_wins() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    let body = payment_body(PHONE);
    let answers = together((0..16).map(|_| shop.redeem(&proof, &body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.problem("already_redeemed");
    }
}

#[tokio::test]
async fn i7_a_proof_is_redeemed_within_300_seconds_or_never() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    let (_, other) = server.approve(&shop, payment_body("+447700900124")).await;
    server.clock().advance_ms(299_999);
    shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
    server.clock().advance_ms(1);
    shop.redeem(&other, &payment_body("+447700900124")).await.problem("proof_expired");
}

#[tokio::test]
async fn o14_a_proof_that_was_tampered_with_is_not_believed() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, payment_body(PHONE)).await;
    let parts: Vec<&str> = proof.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiY291bnRlcnNpZ24tcHJvb2Yrand0Iiwia2lkIjoicHJvb2YifQ";
    let flipped =
        format!("{}{}", &parts[2][..10], if &parts[2][10..11] == "A" { "B" } else { "A" }) + &parts[2][11..];
    for forged in [
        String::new(),
        "a.b.c".to_owned(),
        proof.replace('.', ""),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{flipped}", parts[0], parts[1]),
        format!("{}.{}A.{}", parts[0], parts[1], parts[2]),
        format!("{proof}="),
    ] {
        let problem = shop.redeem(&forged, &payment_body(PHONE)).await.problem("proof_invalid");
        assert_eq!(problem["pointer"], "/proof", "{forged}");
    }
    shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
}

#[tokio::test]
async fn a_proof_of_any_length_is_read_or_refused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    shop.redeem(&"x".repeat(5000), &start_body(PHONE, "login")).await.wrong_field("/proof");
    shop.redeem(&"x".repeat(4096), &start_body(PHONE, "login")).await.problem("proof_invalid");
}

#[tokio::test]
async fn a_proof_without_session_and_transaction_is_redeemed_without_them() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, start_body(PHONE, "login")).await;
    shop.redeem(&proof, &start_body(PHONE, "login")).await.expect(200);
}
