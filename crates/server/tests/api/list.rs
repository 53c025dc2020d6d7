//! `GET /v1/verifications`

use serde_json::Value;

use crate::harness::{PHONE, Server, Shop, start_body, together, with};

fn number(n: usize) -> String {
    format!("+4477009{n:05}")
}

async fn ids(shop: &Shop, query: &str) -> Vec<String> {
    let page = shop.get(&format!("/v1/verifications{query}")).await.expect(200);
    page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// Follows cursors to the end; `between` runs after each page.
async fn all_pages(shop: &Shop, limit: usize, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = shop.get(&format!("/v1/verifications?limit={limit}{cursor}")).await.expect(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit);
        seen.extend(data.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        between(pages).await;
        pages += 1;
        assert!(pages < 100, "the pages do not end");
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            next => {
                assert!(next.is_null());
                return seen;
            }
        }
    }
}

async fn start_many(server: &Server, shop: &Shop, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for n in numbers {
        server.clock().advance_ms(1);
        ids.push(shop.start(start_body(&number(n), "login")).await);
    }
    ids.reverse();
    ids
}

#[tokio::test]
async fn pages_are_complete_and_newest_first() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let started = start_many(&server, &shop, 0..23).await;
    for limit in [1, 7, 23, 100] {
        assert_eq!(all_pages(&shop, limit, async |_| {}).await, started, "pages of {limit}");
    }
    assert_eq!(ids(&shop, "").await, started[..20]);
}

#[tokio::test]
async fn pages_are_stable_while_others_start() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let started = start_many(&server, &shop, 0..20).await;
    let seen = all_pages(&shop, 6, async |page| {
        start_many(&server, &shop, 100 + page * 3..103 + page * 3).await;
    });
    assert_eq!(seen.await, started);
}

#[tokio::test]
async fn pages_are_complete_within_one_millisecond() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let mut started = together((0..17).map(|n| shop.start(start_body(&number(n), "login")))).await;
    let mut seen = all_pages(&shop, 4, async |_| {}).await;
    started.sort();
    seen.sort();
    assert_eq!(seen, started);
}

#[tokio::test]
async fn filters_narrow_what_is_listed() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let login = shop.start(start_body(PHONE, "login")).await;
    server.clock().advance(60);
    let (approved, _) = server.approve(&shop, start_body(&number(7), "signup")).await;
    for (query, expected) in [
        ("?status=pending", &login),
        ("?status=approved", &approved),
        ("?purpose=login", &login),
        ("?to=%2B447700900123", &login),
        ("?to=%2B44%207700%20900007", &approved),
        ("?created_before=2026-11-23T10:01:00Z", &login),
        ("?created_from=2026-11-23T11:01:00%2B01:00", &approved),
        ("?status=pending&purpose=login&to=%2B447700900123&limit=1", &login),
    ] {
        assert_eq!(ids(&shop, query).await, std::slice::from_ref(expected), "{query}");
    }
    assert_eq!(ids(&shop, "?status=denied").await.len(), 0);
}

#[tokio::test]
async fn filters_go_with_cursors() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    start_many(&server, &shop, 0..4).await;
    let canceled = ids(&shop, "").await;
    for id in &canceled[..3] {
        shop.cancel(id).await.expect(200);
    }
    let first = shop.get("/v1/verifications?status=canceled&limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(ids(&shop, &format!("?status=canceled&limit=2&cursor={cursor}")).await, canceled[2..3]);
}

#[tokio::test]
async fn a_listed_verification_is_masked_and_has_its_proof_while_it_lives() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let (_, proof) = server.approve(&shop, with(start_body(PHONE, "login"), "/customer", "c_1")).await;
    let page = shop.get("/v1/verifications").await;
    assert_eq!(page.json()["data"][0]["proof"], proof.as_str());
    assert!(!page.text().contains("7700900123"));
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "status=gone",
        "status=",
        "purpose=Not+a+word",
        "to=nobody",
        "created_from=yesterday",
        "created_before=2026-11-23",
        "cursor=x",
        "cursor=",
        "page=2",
        "limit=1&limit=2",
    ] {
        let problem = shop.get(&format!("/v1/verifications?{query}")).await.problem("invalid_query");
        assert!(problem["detail"].is_string(), "{query}: {problem}");
    }
}
