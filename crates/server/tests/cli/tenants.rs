//! `countersign app`, `countersign key` and `countersign keyring`, beside a running server and without one.

use crate::harness::{Operator, Serving};

/// Whether a key is accepted, where a server runs.
async fn accepted(serving: Option<&Serving>, key: &str) -> Option<bool> {
    Some(serving?.ask(key, "/v1/app", None).await.0 == 200)
}

/// Makes an app and keys, changes and ends them.
async fn manage(operator: &Operator, serving: Option<&Serving>) {
    let app = operator
        .run(&["app", "create", "--name", "Blumen", "--country", "DE,AT", "--country", "CH"])
        .await
        .done();
    assert!(app.starts_with("app_"), "{app}");
    assert_eq!(operator.run(&["app", "list"]).await.done(), format!("{app}  Blumen  [AT CH DE]"));
    operator.run(&["app", "set", &app, "--brand", "Blumen Müller", "--daily-messages", "77"]).await.done();
    let shown: serde_json::Value =
        serde_json::from_str(&operator.run(&["app", "show", &app]).await.done()).unwrap();
    assert_eq!((&shown["brand"], &shown["policy"]["daily_messages"]), (&"Blumen Müller".into(), &77.into()));
    assert_eq!(shown["policy"]["countries"].as_array().unwrap().len(), 3);

    let key = operator.run(&["key", "create", "--app", &app, "--mode", "live"]).await.done();
    assert!(key.starts_with("cs_live_"), "{key}");
    assert_ne!(accepted(serving, &key).await, Some(false));
    let id = format!("key_{}", &key[8..34]);
    let listed = operator.run(&["key", "list", "--app", &app]).await.done();
    assert_eq!(listed, format!("{id}  live  server  server"));
    let next = operator.run(&["key", "rotate", "--app", &app, &id, "--overlap-hours", "1"]).await.done();
    assert_ne!(accepted(serving, &next).await, Some(false));
    assert_ne!(accepted(serving, &key).await, Some(false));
    operator.run(&["key", "revoke", "--app", &app, &id]).await.done();
    assert_ne!(accepted(serving, &key).await, Some(true));
    let listed = operator.run(&["key", "list", "--app", &app]).await.done();
    assert!(listed.contains("ends ") && !listed.contains(&key[34..]), "{listed}");
}

#[tokio::test]
async fn apps_and_keys_are_managed_beside_a_running_server() {
    let operator = Operator::new();
    let serving = operator.serve().await;
    manage(&operator, Some(&serving)).await;
    assert!(serving.stop().await.0);
}

#[tokio::test]
async fn apps_and_keys_are_managed_without_a_server() {
    let operator = Operator::new();
    manage(&operator, None).await;
}

#[tokio::test]
async fn a_socket_that_a_killed_server_left_is_no_server() {
    let operator = Operator::new();
    let serving = operator.serve().await;
    serving.signal("KILL").await;
    serving.end().await;
    assert!(operator.folder.join("data/control.sock").exists());
    operator.run(&["app", "list"]).await.done();
    let serving = operator.serve().await;
    operator.run(&["app", "list"]).await.done();
    serving.stop().await;
}

#[tokio::test]
async fn a_live_key_without_countries_is_refused_with_what_to_do() {
    let operator = Operator::new();
    let app = operator.run(&["app", "create", "--name", "Shop"]).await.done();
    operator.run(&["key", "create", "--app", &app, "--mode", "live"]).await.refused(&["countries"]);
    operator.run(&["app", "set", &app, "--country", "DE"]).await.done();
    operator.run(&["key", "create", "--app", &app, "--mode", "live"]).await.done();
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_reason() {
    let operator = Operator::new();
    let app = operator.run(&["app", "create", "--name", "Shop"]).await.done();
    operator.run(&["app", "create", "--name", ""]).await.refused(&["name"]);
    operator.run(&["app", "set", &app, "--country", "Germany"]).await.refused(&["Germany", "two"]);
    operator.run(&["app", "set", &app, "--provider", "pigeon"]).await.refused(&["pigeon"]);
    operator.run(&["app", "show", "app_00000000000000000000000000"]).await.refused(&["no such app"]);
    operator.run(&["key", "list", "--app", "nonsense"]).await.refused(&["--app"]);
    operator.run(&["key", "create", "--app", &app, "--mode", "prod"]).await.refused(&["live", "test"]);
    let key = "key_00000000000000000000000000";
    operator.run(&["key", "revoke", "--app", &app, key]).await.refused(&["no such key"]);
}

#[tokio::test]
async fn the_servers_own_keys_are_shown_and_rotated() {
    let operator = Operator::new();
    let before = operator.run(&["keyring", "show"]).await.done();
    let next = before.lines().find_map(|line| line.strip_prefix("next proof  ")).unwrap().to_owned();
    let serving = operator.serve().await;
    let after = operator.run(&["keyring", "rotate"]).await.done();
    assert!(after.contains(&format!("proof       {next}")), "{before}\n{after}");
    let keys = serving.ask("none", "/.well-known/jwks.json", None).await.1;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 3);
    serving.stop().await;
    assert_eq!(operator.run(&["keyring", "show"]).await.done(), after);
}
