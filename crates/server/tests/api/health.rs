//! What those who run the server look at.

use crate::harness::{Answer, Brake, PHONE, Server, Setup, eventually, payment_body, start_body};

async fn public(server: &Server, path: &str) -> Answer {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    Answer::of(http.get(format!("{}{path}", server.url)).send().await.unwrap()).await
}

#[tokio::test]
async fn it_lives_and_is_ready() {
    let server = Server::start().await;
    assert_eq!(public(&server, "/livez").await.status, 200);
    let ready = public(&server, "/readyz").await.expect(200);
    assert_eq!((&ready["status"], &ready["store"]), (&"ready".into(), &"ok".into()));
}

#[tokio::test]
async fn i12_metrics_count_and_name_nobody() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (id, proof) = server.approve(&shop, payment_body(PHONE)).await;
    shop.redeem(&proof, &payment_body(PHONE)).await.expect(200);
    shop.try_start(start_body("+447700900123", "signup")).await.problem("phone_limit");
    let figures = public(&server, "/metrics").await;
    assert!(figures.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = figures.text();
    for line in [
        "countersign_verifications_total{result=\"started\"} 1",
        "countersign_verifications_total{result=\"approved\"} 1",
        "countersign_verifications_total{result=\"redeemed\"} 1",
        "countersign_checks_total{result=\"approved\"} 1",
        "countersign_submissions_total{provider=\"simulated\",outcome=\"accepted\"} 1",
        "countersign_http_requests_total{route=\"/v1/verifications/{id}/check\",status=\"200\"} 1",
        "countersign_http_requests_total{route=\"/v1/verifications\",status=\"429\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let app = shop.get("/v1/app").await.json()["id"].as_str().unwrap().to_owned();
    for secret in ["7700900123", &server.code(PHONE).await, &id, &proof, &app, shop.key()] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}

#[tokio::test]
async fn labels_do_not_grow_with_what_callers_ask() {
    let server = Server::start().await;
    for n in 0..20 {
        public(&server, &format!("/no/such/path/{n}")).await.problem("not_found");
    }
    let text = public(&server, "/metrics").await.text();
    assert!(
        text.contains("countersign_http_requests_total{route=\"unmatched\",status=\"404\"} 20"),
        "{text}"
    );
}

#[tokio::test]
async fn the_proof_keys_are_public_and_may_be_cached() {
    let server = Server::start().await;
    let answer = public(&server, "/.well-known/jwks.json").await;
    let keys = answer.expect(200)["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 2);
    for key in &keys {
        assert_eq!(
            (&key["kty"], &key["crv"], &key["use"]),
            (&"OKP".into(), &"Ed25519".into(), &"sig".into())
        );
        assert!(key.get("d").is_none());
    }
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
}

#[tokio::test]
async fn the_page_of_the_api_needs_no_internet() {
    let server = Server::start().await;
    let page = public(&server, "/docs/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("src=\"http") && !page.text().contains("href=\"http"), "{}", page.text());
}

#[tokio::test]
async fn more_requests_than_are_worked_on_are_told_to_come_back() {
    let brake = Brake::default();
    let setup =
        Setup { randomness: brake.randomness(), server: "max_in_flight_requests = 1", ..Setup::default() };
    let server = setup.start().await;
    let shop = server.test_shop().await;
    brake.stop_at(3);
    let (first, ()) = tokio::join!(shop.try_start(payment_body(PHONE)), async {
        eventually("the first request to be in flight", async || brake.has_stopped()).await;
        assert_eq!(shop.get("/v1/app").await.problem("unavailable")["retry_after_s"], 1);
        brake.release();
    });
    first.expect(201);
    shop.get("/v1/app").await.expect(200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_and_its_decision_stands() {
    let brake = Brake::default();
    let setup = Setup { randomness: brake.randomness(), server: "request_timeout_s = 1", ..Setup::default() };
    let server = setup.start().await;
    let shop = server.test_shop().await;
    brake.stop_at(3);
    let answer = shop.post_as("k1", "/v1/verifications", payment_body(PHONE)).await;
    answer.problem("unavailable");
    brake.release();
    let again = eventually("the same answer", async || {
        let again = shop.post_as("k1", "/v1/verifications", payment_body(PHONE)).await;
        (again.status != 409).then_some(again)
    });
    again.await.expect(201);
    server.text(PHONE, 1).await;
    assert_eq!(server.inbox(PHONE).len(), 1);
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = Setup { server: "request_timeout_s = 1", ..Setup::default() }.start().await;
    let shop = server.test_shop().await;
    let address = server.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/verifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{{",
        shop.key()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    let read = tokio::time::timeout(std::time::Duration::from_secs(10), stream.read_exact(&mut answer)).await;
    read.expect("an answer").unwrap();
    assert_eq!(answer, b"HTTP/1.1 503");
}
