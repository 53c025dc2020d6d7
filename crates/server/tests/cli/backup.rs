//! `countersign backup`, `restore` and `restored`

use std::fs;

use serde_json::json;

use crate::harness::{CODE, Operator, PHONE};

/// The same keys with another data folder.
fn move_to(operator: &Operator, data_dir: &str) {
    operator.configure(&format!("data_dir = \"{data_dir}\"\n[keys]\nfile = \"data/keys.json\"\n"));
}

#[tokio::test]
async fn a_backup_of_a_running_server_is_restored_into_a_new_folder() {
    let operator = Operator::new();
    let (app, key) = operator.shop().await;
    let serving = operator.serve().await;
    let (done, proof) = serving.approve(&key).await;
    let pending = json!({ "to": PHONE, "purpose": "signup", "session": "s" });
    let (_, pending) = serving.ask(&key, "/v1/verifications", Some(pending)).await;
    let printed = operator.run(&["backup", "copy.db"]).await.done();
    assert_eq!(printed, operator.folder.join("copy.db").display().to_string());
    serving.stop().await;

    move_to(&operator, "restored");
    let printed = operator.run(&["restore", "copy.db"]).await.done();
    assert!(printed.contains("epoch 2"), "{printed}");
    let serving = operator.serve().await;
    assert_eq!(serving.ask(&key, &format!("/v1/verifications/{done}"), None).await.1["status"], "approved");
    if let Some(id) = pending["id"].as_str() {
        let check = serving
            .ask(&key, &format!("/v1/verifications/{id}/check"), Some(json!({ "code": CODE })))
            .await
            .1;
        assert_eq!(check["result"], "expired");
    }
    let redeem = json!({ "proof": proof, "to": PHONE, "purpose": "login" });
    assert_eq!(serving.ask(&key, "/v1/proofs/redeem", Some(redeem)).await.1["code"], "proof_expired");
    serving.stop().await;
    assert!(operator.run(&["app", "list"]).await.done().contains(&app));
}

#[tokio::test]
async fn a_backup_without_a_server_works_and_never_overwrites() {
    let operator = Operator::new();
    let (app, _) = operator.shop().await;
    operator.run(&["backup", "copy.db"]).await.done();
    operator.run(&["backup", "copy.db"]).await.refused(&["exists already"]);
    operator.run(&["restore", "copy.db"]).await.refused(&["exists already"]);
    move_to(&operator, "restored");
    operator.run(&["restore", "copy.db"]).await.done();
    assert!(operator.run(&["app", "list"]).await.done().contains(&app));
}

#[tokio::test]
async fn a_restore_needs_the_key_file() {
    let operator = Operator::new();
    operator.shop().await;
    operator.run(&["backup", "copy.db"]).await.done();
    operator.configure("data_dir = \"restored\"\n");
    operator.run(&["restore", "copy.db"]).await.refused(&["keys.json", "first"]);
    assert!(!operator.folder.join("restored/countersign.db").exists());
}

#[tokio::test]
async fn what_is_no_backup_is_not_restored() {
    let operator = Operator::new();
    operator.shop().await;
    fs::write(operator.folder.join("junk.db"), "not a database at all, but long enough to be read as one")
        .unwrap();
    move_to(&operator, "restored");
    operator.run(&["restore", "junk.db"]).await.refused(&["junk.db"]);
    operator.run(&["restore", "nowhere.db"]).await.refused(&["nowhere.db"]);
    assert!(!operator.folder.join("restored/countersign.db").exists());
}

#[tokio::test]
async fn a_restore_beside_a_running_server_is_refused() {
    let operator = Operator::new();
    operator.shop().await;
    operator.run(&["backup", "copy.db"]).await.done();
    let serving = operator.serve().await;
    operator.run(&["restore", "copy.db"]).await.refused(&["another process uses"]);
    serving.stop().await;
}

#[tokio::test]
async fn a_folder_that_other_tools_put_back_is_declared_restored() {
    let operator = Operator::new();
    let (_, key) = operator.shop().await;
    let serving = operator.serve().await;
    let (id, proof) = serving.approve(&key).await;
    let printed = operator.run(&["restored"]).await.done();
    assert!(printed.starts_with("epoch 2"), "{printed}");
    let redeem = json!({ "proof": proof, "to": PHONE, "purpose": "login" });
    assert_eq!(serving.ask(&key, "/v1/proofs/redeem", Some(redeem)).await.1["code"], "proof_expired");
    assert!(serving.ask(&key, &format!("/v1/verifications/{id}"), None).await.1.get("proof").is_none());
    serving.stop().await;
    assert!(operator.run(&["restored"]).await.done().starts_with("epoch 3"));
}
