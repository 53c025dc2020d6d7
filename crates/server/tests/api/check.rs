//! `POST /v1/verifications/{id}/check`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{PHONE, Server, other_than, payment_body, start_body, together, transaction, with};

#[tokio::test]
async fn the_right_code_approves_and_gives_the_proof() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let checked = shop.check(&id, &server.code(PHONE).await).await;
    let expected = json!({
        "id": id, "status": "approved", "result": "approved", "attempts_remaining": 2,
        "proof": checked["proof"], "assurance": "possession",
    });
    assert_eq!(checked, expected);
    assert_eq!(checked["proof"].as_str().unwrap().split('.').count(), 3);
    assert_eq!(shop.events(&id).await.last().unwrap(), "verification.approved");
}

#[tokio::test]
async fn r6_r7_n11_a_proof_says_what_was_proved_and_no_more() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, with(payment_body(PHONE), "/customer", "c_77")).await;
    let parts: Vec<Value> = proof
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!((&parts[0]["alg"], &parts[0]["typ"]), (&json!("EdDSA"), &json!("countersign-proof+jwt")));
    let claims = &parts[1];
    assert_eq!(claims["jti"], id.as_str());
    assert_eq!(
        (&claims["sub"], &claims["phone"], &claims["purpose"]),
        (&json!("c_77"), &json!(PHONE), &json!("payment"))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!((&claims["amr"], &claims["mode"]), (&json!(["sms", "otp"]), &json!("test")));
    assert!(claims.get("acr").is_none());
}

#[tokio::test]
async fn a_wrong_code_costs_an_attempt_and_the_last_one_exhausts() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let right = server.code(PHONE).await;
    for left in [4, 3, 2, 1, 0] {
        let checked = shop.check(&id, &other_than(&right)).await;
        assert_eq!((&checked["result"], &checked["attempts_remaining"]), (&json!("incorrect"), &json!(left)));
    }
    let checked = shop.check(&id, &right).await;
    assert_eq!((&checked["result"], &checked["status"]), (&json!("exhausted"), &json!("exhausted")));
    assert!(checked.get("proof").is_none() && checked.get("assurance").is_none());
}

#[tokio::test]
async fn p4_a_payment_has_three_guesses() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let wrong = other_than(&server.code(PHONE).await);
    for _ in 0..3 {
        shop.check(&id, &wrong).await;
    }
    assert_eq!(shop.show(&id).await["status"], "exhausted");
}

#[tokio::test]
async fn n2_o1_p1_a_code_is_accepted_once() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    shop.check(&id, &code).await;
    let again = shop.check(&id, &code).await;
    assert_eq!((&again["result"], again.get("proof")), (&json!("already_used"), None));
}

#[tokio::test]
async fn i1_of_parallel_right_checks_one_approves() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    let checks = together((0..16).map(|_| shop.check(&id, &code))).await;
    assert_eq!(checks.iter().filter(|checked| checked["result"] == "approved").count(), 1);
    assert_eq!(checks.iter().filter(|checked| checked.get("proof").is_some()).count(), 1);
    assert_eq!(checks.iter().filter(|checked| checked["result"] == "already_used").count(), 15);
}

#[tokio::test]
async fn i2_o7_parallel_wrong_guesses_never_beat_the_limit() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let wrong = other_than(&server.code(PHONE).await);
    let checks = together((0..64).map(|_| shop.check(&id, &wrong))).await;
    assert_eq!(checks.iter().filter(|checked| checked["result"] == "incorrect").count(), 5);
    assert_eq!(checks.iter().filter(|checked| checked["result"] == "exhausted").count(), 59);
    assert_eq!(shop.events(&id).await.iter().filter(|kind| *kind == "check.incorrect").count(), 5);
}

#[tokio::test]
async fn a_right_code_beside_wrong_guesses_is_accepted_while_an_attempt_is_left() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let right = server.code(PHONE).await;
    let wrong = other_than(&right);
    let guesses = [&wrong, &wrong, &right, &wrong, &wrong];
    let checks = together(guesses.into_iter().map(|guess| shop.check(&id, guess))).await;
    assert_eq!(checks[2]["result"], "approved");
}

#[tokio::test]
async fn n4_a_resend_resets_no_counter() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let wrong = other_than(&server.code(PHONE).await);
    shop.check(&id, &wrong).await;
    server.clock().advance(30);
    assert_eq!(shop.resend(&id).await.expect(200)["attempts_remaining"], 4);
    assert_eq!(shop.check(&id, &wrong).await["attempts_remaining"], 3);
}

#[tokio::test]
async fn a_guess_is_read_as_people_type_it() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    let spaced = format!(" {} - {} ", &code[..3], &code[3..]);
    assert_eq!(shop.check(&id, &spaced).await["result"], "approved");
}

#[tokio::test]
async fn a_guess_that_is_none_costs_nothing() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    for guess in ["", "   ", &"1".repeat(65)] {
        shop.try_check(&id, guess).await.wrong_field("/code");
    }
    assert_eq!(shop.show(&id).await["attempts_remaining"], 5);
}

#[tokio::test]
async fn p7_another_transaction_at_check_voids_the_verification() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let code = server.code(PHONE).await;
    let body = json!({ "code": code, "transaction": with(transaction(), "/amount", "49.91") });
    let checked = shop.post(&format!("/v1/verifications/{id}/check"), body).await.expect(200);
    assert_eq!((&checked["result"], &checked["status"]), (&json!("transaction_mismatch"), &json!("denied")));
    assert_eq!(shop.check(&id, &code).await["result"], "denied");
    assert_eq!(shop.events(&id).await.last().unwrap(), "verification.denied");
}

#[tokio::test]
async fn the_same_transaction_at_check_is_fine() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(payment_body(PHONE)).await;
    let body = json!({ "code": server.code(PHONE).await, "transaction": transaction() });
    let checked = shop.post(&format!("/v1/verifications/{id}/check"), body).await.expect(200);
    assert_eq!(checked["result"], "approved");
}

#[tokio::test]
async fn p2_two_verifications_have_two_codes() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let login = shop.start(start_body(PHONE, "login")).await;
    let first = server.code(PHONE).await;
    server.clock().advance(30);
    let signup = shop.start(start_body(PHONE, "signup")).await;
    let second = crate::harness::code_in(&server.text(PHONE, 2).await);
    assert_ne!(first, second, "one in a million runs may fail here");
    assert_eq!(shop.check(&login, &second).await["result"], "incorrect");
    assert_eq!(shop.check(&signup, &second).await["result"], "approved");
}
