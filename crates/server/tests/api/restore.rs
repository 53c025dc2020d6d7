//! Backup, restore, and the server's own keys.

use std::fs;
use std::path::Path;

use countersign_core::proof::{Claims, Jwks};
use countersign_server::control::socket_path;
use countersign_server::keyfile;
use countersign_store::sqlite;
use serde_json::{Value, json};

use crate::harness::{
    Answer, PHONE, Server, Setup, Shop, code_in, exists, payment_body, start_body, together,
};

/// Asks over the local socket, as the command line does.
async fn control(server: &Server, path: &str, body: Value) -> Answer {
    let socket = socket_path(&server.data_dir());
    let client = reqwest::Client::builder().unix_socket(socket).build().unwrap();
    Answer::of(client.post(format!("http://countersign{path}")).json(&body).send().await.unwrap()).await
}

async fn back_up(server: &Server, target: &Path) {
    let answer = control(server, "/backup", json!({ "target": target })).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Restores as the command line does, and serves the copy.
async fn restore(setup: Setup, backup: &Path) -> Server {
    let (data, keys) = (setup.folder.join("restored"), setup.folder.join(setup.keys));
    sqlite::restore(backup, &data).unwrap();
    keyfile::bump_epoch(&keys).unwrap();
    Setup { data: "restored", ..setup }.start().await
}

async fn jwks(server: &Server) -> Value {
    Shop::new(&server.url, "none").get("/.well-known/jwks.json").await.expect(200)
}

fn number(n: usize) -> String {
    format!("+4477009{n:05}")
}

#[tokio::test]
async fn a_backup_under_load_has_all_that_was_answered_before_it() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let before = together((0..40).map(|n| shop.start(start_body(&number(n), "login")))).await;
    let backup = server.folder().join("backup.db");
    let load = together((40..120).map(|n| shop.start(start_body(&number(n), "login"))));
    tokio::join!(load, back_up(&server, &backup));
    let server = restore(server.stop().await, &backup).await;
    let shop = shop.at(&server.url);
    for id in before {
        shop.show(&id).await;
    }
}

#[tokio::test]
async fn after_a_restore_old_codes_and_proofs_are_dead_and_new_ones_work() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let pending = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    let (_, proof) = server.approve(&shop, payment_body("+447700900124")).await;
    let backup = server.folder().join("backup.db");
    back_up(&server, &backup).await;
    // Used up after the backup: the copy does not know it.
    assert_eq!(shop.check(&pending, &code).await["result"], "approved");
    shop.redeem(&proof, &payment_body("+447700900124")).await.expect(200);
    let server = restore(server.stop().await, &backup).await;
    let shop = shop.at(&server.url);
    assert_eq!(shop.check(&pending, &code).await["result"], "expired");
    shop.redeem(&proof, &payment_body("+447700900124")).await.problem("proof_expired");
    server.clock().advance(60);
    let (_, fresh) = server.approve(&shop, payment_body("+447700900125")).await;
    shop.redeem(&fresh, &payment_body("+447700900125")).await.expect(200);
}

#[tokio::test]
async fn a_store_that_was_put_back_by_other_tools_is_declared_so_while_it_runs() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let pending = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    let (approved, proof) = server.approve(&shop, payment_body("+447700900124")).await;
    assert_eq!(control(&server, "/restored", json!(null)).await.expect(200)["epoch"], 2);
    assert_eq!(shop.check(&pending, &code).await["result"], "expired");
    assert!(shop.show(&approved).await.get("proof").is_none());
    shop.redeem(&proof, &payment_body("+447700900124")).await.problem("proof_expired");
    let server = server.restart().await;
    server.clock().advance(60);
    server.approve(&shop.at(&server.url), payment_body("+447700900125")).await;
}

#[tokio::test]
async fn an_old_key_file_beside_a_newer_store_kills_what_is_older() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (keys, copy) = (server.key_file(), server.folder().join("old.json"));
    fs::copy(&keys, &copy).unwrap();
    control(&server, "/restored", json!(null)).await.expect(200);
    let pending = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    let setup = server.stop().await;
    fs::rename(&copy, &keys).unwrap();
    let server = setup.start().await;
    assert_eq!(shop.at(&server.url).check(&pending, &code).await["result"], "expired");
}

#[tokio::test]
async fn a_backup_is_written_once_and_only_for_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().await;
    let backup = server.folder().join("backup.db");
    back_up(&server, &backup).await;
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    let again = control(&server, "/backup", json!({ "target": backup })).await;
    assert!(again.status == 422 && again.text().contains("exists already"), "{}", again.text());
    let nowhere = control(&server, "/backup", json!({ "target": "/no/such/folder/b.db" })).await;
    assert_eq!(nowhere.status, 503, "{}", nowhere.text());
}

#[tokio::test]
async fn a_restore_never_overwrites_a_store() {
    let server = Server::start().await;
    let backup = server.folder().join("backup.db");
    back_up(&server, &backup).await;
    let data = server.data_dir();
    let error = sqlite::restore(&backup, &data).unwrap_err();
    assert!(error.to_string().contains("use"), "{error}");
    let _setup = server.stop().await;
    let error = sqlite::restore(&backup, &data).unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
}

#[tokio::test]
async fn without_its_key_file_a_used_store_is_not_opened() {
    let server = Server::start().await;
    let keys = server.key_file();
    let setup = server.stop().await;
    fs::remove_file(&keys).unwrap();
    let error = format!("{:#}", setup.open().await.err().unwrap());
    assert!(error.contains("put the key file back"), "{error}");
    assert!(!exists(&keys), "no new keys may be made for a used store");
}

#[tokio::test]
async fn with_another_stores_key_file_a_store_is_not_opened() {
    let other = Server::start().await;
    let foreign = other.key_file();
    let server = Server::start().await;
    let keys = server.key_file();
    let setup = server.stop().await;
    fs::copy(&foreign, &keys).unwrap();
    let error = format!("{:#}", setup.open().await.err().unwrap());
    assert!(error.contains("not this store's key file"), "{error}");
}

#[tokio::test]
async fn after_a_key_rotation_old_codes_still_verify() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let pending = shop.start(start_body(PHONE, "login")).await;
    let code = server.code(PHONE).await;
    control(&server, "/keyring/rotate", json!(null)).await.expect(200);
    server.clock().advance(30);
    shop.resend(&pending).await.expect(200);
    assert_eq!(code_in(&server.text(PHONE, 2).await), code);
    assert_eq!(shop.check(&pending, &code).await["result"], "approved");
    let server = server.restart().await;
    server.approve(&shop.at(&server.url), payment_body("+447700900124")).await;
}

#[tokio::test]
async fn after_a_key_rotation_old_and_new_proofs_verify_with_the_published_keys() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let early_keys: Jwks = serde_json::from_value(jwks(&server).await).unwrap();
    let (_, old) = server.approve(&shop, payment_body(PHONE)).await;
    let before = control(&server, "/keyring/rotate", json!(null)).await.expect(200);
    let (_, new) = server.approve(&shop, payment_body("+447700900124")).await;
    let keys: Jwks = serde_json::from_value(jwks(&server).await).unwrap();
    let names: Vec<String> = keys.keys.iter().map(|key| key.kid.to_string()).collect();
    assert_eq!(names.len(), 3, "retired, active and next: {names:?}");
    for name in ["proof", "next_proof"] {
        assert!(names.contains(&before[name].as_str().unwrap().to_owned()), "{name}: {names:?}");
    }
    let app = shop.get("/v1/app").await.json()["id"].as_str().unwrap().parse().unwrap();
    for proof in [&old, &new] {
        Claims::verify(proof, &keys, app, server.clock().now()).unwrap();
        // A shop that fetched the keys before the rotation knows the next one already.
        Claims::verify(proof, &early_keys, app, server.clock().now()).unwrap();
    }
    shop.redeem(&old, &payment_body(PHONE)).await.expect(200);
    shop.redeem(&new, &payment_body("+447700900124")).await.expect(200);
}

#[tokio::test]
async fn the_key_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&server.key_file()), 0o600);
    control(&server, "/keyring/rotate", json!(null)).await.expect(200);
    assert_eq!(mode(&server.key_file()), 0o600);
    assert_eq!(mode(&socket_path(&server.data_dir())), 0o600);
    assert_eq!(mode(&server.data_dir()), 0o700);
}
