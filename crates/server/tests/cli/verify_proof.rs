//! `countersign verify-proof` and `countersign openapi`

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Operator, PHONE};

#[tokio::test]
async fn a_proof_is_verified_offline_with_the_published_keys() {
    let operator = Operator::new();
    let (app, key) = operator.shop().await;
    let serving = operator.serve().await;
    let (id, proof) = serving.approve(&key).await;
    let keys = serving.ask("none", "/.well-known/jwks.json", None).await.1;
    let url = format!("{}/.well-known/jwks.json", serving.url);
    let online = operator.run_bare(&["verify-proof", &proof, "--jwks", &url, "--app", &app]).await.done();
    serving.stop().await;
    fs::write(operator.folder.join("jwks.json"), keys.to_string()).unwrap();
    let verify = async |proof: &str, app: &str| {
        operator.run_bare(&["verify-proof", proof, "--jwks", "jwks.json", "--app", app]).await
    };
    let claims = verify(&proof, &app).await.done();
    assert_eq!(claims, online);
    let claims: Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(
        (&claims["jti"], &claims["phone"], &claims["mode"]),
        (&id.into(), &PHONE.into(), &"test".into())
    );

    let stranger = "app_00000000000000000000000000";
    verify(&proof, stranger).await.refused(&["another app"]);
    verify(&proof[..proof.len() - 4], &app).await.refused(&["proof"]);
    verify(&proof.replace('.', "-"), &app).await.refused(&["not a Countersign proof"]);
    let (head, rest) = proof.split_once('.').unwrap();
    let changed = if rest.starts_with('e') { rest.replacen("ey", "ez", 1) } else { rest.to_owned() };
    verify(&format!("{head}.{changed}"), &app).await.refused(&["signature"]);
    operator
        .run_bare(&["verify-proof", &proof, "--jwks", "nowhere.json", "--app", &app])
        .await
        .refused(&["nowhere.json"]);
    fs::write(operator.folder.join("jwks.json"), r#"{"keys":[]}"#).unwrap();
    verify(&proof, &app).await.refused(&["not published"]);
}

#[tokio::test]
async fn a_proof_is_read_from_standard_input() {
    let operator = Operator::new();
    fs::write(operator.folder.join("jwks.json"), r#"{"keys":[]}"#).unwrap();
    let mut command = operator.command(&[
        "verify-proof",
        "-",
        "--jwks",
        "jwks.json",
        "--app",
        "app_00000000000000000000000000",
    ]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a.b.c\n").await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("not a Countersign proof"));
}

#[tokio::test]
async fn the_description_of_the_api_is_printed() {
    let operator = Operator::new();
    let printed = operator.run_bare(&["openapi"]).await.done();
    assert_eq!(printed, countersign_server::http::openapi::document().unwrap());
}
