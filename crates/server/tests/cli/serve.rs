//! `countersign serve`

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{CODE, Operator, PHONE};

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused() {
    let operator = Operator::new();
    let serving = operator.serve().await;
    operator.run(&["serve"]).await.refused(&["another process uses", "data"]);
    assert_eq!(serving.ask("none", "/readyz", None).await.0, 200);
    assert!(serving.stop().await.0);
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let operator = Operator::new();
    let serving = operator.serve().await;
    let address = serving.url.trim_start_matches("http://").to_owned();
    let other = Operator::new();
    std::fs::write(
        other.folder.join("countersign.toml"),
        format!("[server]\nlisten = \"{address}\"\ndata_dir = \"data\"\n"),
    )
    .unwrap();
    other.run(&["serve"]).await.refused(&["cannot listen", &address]);
    serving.stop().await;
}

#[tokio::test]
async fn a_stop_answers_what_was_asked_and_leaves_no_socket() {
    let operator = Operator::new();
    let (_, key) = operator.shop().await;
    let serving = operator.serve().await;
    let socket = operator.folder.join("data/control.sock");
    assert!(socket.exists());
    let body = json!({ "to": PHONE, "purpose": "login" }).to_string();
    let mut stream = TcpStream::connect(serving.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /v1/verifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body: the request is in its hands.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"));
    serving.signal("TERM").await;
    let refused = async {
        while TcpStream::connect(serving.url.trim_start_matches("http://")).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    refused.await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let (well, log) = serving.end().await;
    assert!(well && log.contains("countersign has stopped"), "{log}");
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_idle_connections() {
    let operator = Operator::new();
    let serving = operator.serve().await;
    let mut idle = TcpStream::connect(serving.url.trim_start_matches("http://")).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut some = [0; 16];
    idle.read_exact(&mut some).await.unwrap();
    serving.signal("INT").await;
    let ended = tokio::time::timeout(std::time::Duration::from_secs(4), serving.end()).await;
    assert!(ended.expect("an end before the grace time").0);
}

#[tokio::test]
async fn i12_at_its_loudest_the_log_has_no_code_number_or_key() {
    let operator = Operator::new();
    let (_, key) = operator.shop().await;
    operator.configure("data_dir = \"data\"\n[log]\nlevel = \"trace\"\n");
    let serving = operator.serve().await;
    let (_, proof) = serving.approve(&key).await;
    serving.ask(&key, &format!("/v1/verifications?to={}", PHONE.replace('+', "%2B")), None).await;
    serving.ask(&key, "/v1/verifications", Some(json!({ "to": PHONE, "code": CODE }))).await;
    let (well, log) = serving.stop().await;
    assert!(well && log.lines().count() > 5, "{log}");
    for secret in [CODE, &PHONE[3..], &key[34..], proof.rsplit('.').next().unwrap()] {
        assert!(!log.contains(secret), "{secret} is in\n{log}");
    }
}
