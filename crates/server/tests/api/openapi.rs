//! The description of the API is the API.

use std::collections::BTreeSet;

use countersign_server::http::openapi;
use reqwest::Method;
use serde_json::Value;

use crate::harness::Server;

fn document() -> Value {
    serde_json::from_str(&openapi::document().unwrap()).unwrap()
}

/// Method, path and description of every operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter();
        methods
            .map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_page_in_the_docs_is_the_generated_one() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json")).unwrap();
    let same = page == openapi::document().unwrap() + "\n";
    assert!(same, "docs/openapi.json is out of date: cargo run -- openapi > docs/openapi.json");
}

#[tokio::test]
async fn the_served_document_is_the_generated_one() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let answer = shop.get("/openapi.json").await.expect(200);
    assert_eq!(answer, document());
    assert!(answer["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[tokio::test]
async fn every_described_operation_is_there() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for (method, path, _) in operations(&document()) {
        let method: Method = method.parse().unwrap();
        let answer = shop.send(shop.request(method.clone(), &path.replace("{id}", "ver_x"))).await;
        let text = answer.text();
        assert!(answer.status != 405 && !text.contains("there is no such path"), "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn no_described_path_has_a_method_that_is_not_described() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let document = document();
    for path in document["paths"].as_object().unwrap().keys() {
        let described: BTreeSet<String> =
            document["paths"][path].as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        let answer = shop.send(shop.request(Method::OPTIONS, &path.replace("{id}", "x"))).await;
        let allowed = answer.header("allow").unwrap().split(',').map(|method| method.trim().to_owned());
        let there: BTreeSet<String> = allowed.filter(|method| method != "HEAD").collect();
        assert_eq!(there, described, "{path}");
    }
}

/// Finds routes in the source, since a router does not name its own.
#[test]
fn every_route_of_the_source_is_described() {
    let described: BTreeSet<String> = operations(&document()).into_iter().map(|(_, path, _)| path).collect();
    // For whoever runs the server, for carriers (docs/http-provider.md) and for pages (docs/customer-pages.md).
    let operational =
        ["/livez", "/readyz", "/metrics", "/v1/receipts/{provider}", "/elements/{version}/{*name}"];
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/mod.rs");
    let text = std::fs::read_to_string(source).unwrap();
    let routes: Vec<&str> =
        text.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(routes.contains(&"/livez"), "this test no longer finds the routes: {routes:?}");
    for route in routes {
        assert!(operational.contains(&route) || described.contains(route), "{route} is not described");
    }
}

#[test]
fn every_operation_says_what_it_needs_and_how_it_fails() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document()) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(!id.is_empty() && ids.insert(id), "{method} {path} has no id of its own");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
        if path.starts_with("/v1/") {
            for status in ["401", "500", "503"] {
                let content = &operation["responses"][status]["content"];
                assert!(content.get("application/problem+json").is_some(), "{method} {path}: {status}");
            }
        }
    }
}
