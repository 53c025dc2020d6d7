//! `countersign check-config` and `countersign reference`

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use countersign_server::config;
use countersign_server::http::problem;

use crate::harness::Operator;

#[tokio::test]
async fn a_mistake_is_told_with_its_line_and_what_is_right() {
    let operator = Operator::new();
    operator.configure("data_dir = \"data\"\n[log]\nlevl = \"info\"\nformat = \"xml\"\n");
    let told = operator.run_bare(&["check-config", "countersign.toml"]).await.refused(&[
        "countersign.toml:6",
        "levl",
        "level",
    ]);
    assert!(told.contains("countersign.toml:7") && told.contains("json"), "{told}");
    operator.run(&["serve"]).await.refused(&["countersign.toml:6", "countersign.toml:7"]);
}

#[tokio::test]
async fn a_right_file_is_shown_with_its_secrets_masked() {
    let operator = Operator::new();
    let secret = "0123456789abcdef0123456789abcdef";
    let provider = format!(
        "[[providers]]\nname = \"gateway\"\nkind = \"http\"\nurl = \"https://gateway.example/send\"\nsecret = \"{secret}\"\n"
    );
    operator.configure(&format!("data_dir = \"data\"\n{provider}"));
    let file = operator.folder.join("countersign.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    operator.run(&["check-config"]).await.refused(&["chmod"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let shown = operator.run(&["check-config"]).await.done();
    assert!(shown.contains("gateway.example") && !shown.contains(secret), "{shown}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told() {
    let operator = Operator::new();
    operator.run_bare(&["check-config", "nowhere.toml"]).await.refused(&["nowhere.toml"]);
    operator.run_bare(&["--config", "nowhere.toml", "serve"]).await.refused(&["nowhere.toml"]);
}

#[tokio::test]
async fn a_variable_counts_more_than_the_file_and_a_wrong_one_is_told() {
    let operator = Operator::new();
    let mut command = operator.command(&["check-config", "countersign.toml"]);
    let output = command.env("COUNTERSIGN__LOG__LEVEL", "debug").output().await.unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("\"debug\""));
    let mut command = operator.command(&["check-config", "countersign.toml"]);
    let output = command.env("COUNTERSIGN__LOG__LEVEL", "loud").output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("COUNTERSIGN__LOG__LEVEL"));
}

#[tokio::test]
async fn the_reference_prints_what_the_docs_hold() {
    let operator = Operator::new();
    for (page, expected) in [
        ("errors", problem::catalogue_markdown()),
        ("configuration", config::reference_markdown()),
        ("example-config", config::example_toml()),
    ] {
        assert_eq!(operator.run_bare(&["reference", page]).await.done(), expected.trim_end(), "{page}");
    }
}

#[tokio::test]
async fn keys_that_others_may_read_are_not_used() {
    let operator = Operator::new();
    operator.run(&["app", "list"]).await.done();
    let keys = operator.folder.join("data/keys.json");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o640)).unwrap();
    operator.run(&["serve"]).await.refused(&["keys.json", "600"]);
}
