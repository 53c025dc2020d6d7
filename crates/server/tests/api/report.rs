//! `POST /v1/verifications/{id}/report`

use crate::harness::{PHONE, Server, start_body};

#[tokio::test]
async fn a_report_voids_a_pending_verification() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    assert_eq!(shop.report(&id).await.expect(200)["status"], "denied");
    assert_eq!(shop.check(&id, &code).await["result"], "denied");
    let events = shop.events(&id).await;
    assert!(
        events.ends_with(&["verification.reported".to_owned(), "verification.denied".to_owned()]),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_report_voids_the_proof_of_an_approved_one() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, start_body(PHONE, "login")).await;
    let body = shop.report(&id).await.expect(200);
    assert_eq!((&body["status"], body.get("proof")), (&"denied".into(), None));
    shop.redeem(&proof, &start_body(PHONE, "login")).await.problem("proof_void");
}

#[tokio::test]
async fn a_report_after_the_redeem_is_recorded() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, start_body(PHONE, "login")).await;
    shop.redeem(&proof, &start_body(PHONE, "login")).await.expect(200);
    assert_eq!(shop.report(&id).await.expect(200)["status"], "denied");
    assert!(shop.events(&id).await.contains(&"verification.reported".to_owned()));
}

#[tokio::test]
async fn a_report_of_what_ended_without_approval_changes_no_status() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let id = shop.start(start_body(PHONE, "login")).await;
    shop.cancel(&id).await.expect(200);
    assert_eq!(shop.report(&id).await.expect(200)["status"], "canceled");
    assert_eq!(shop.events(&id).await.last().unwrap(), "verification.reported");
}
