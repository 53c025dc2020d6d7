//! `/elements/…`: the scripts for a shop's own pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_server::http::elements::VERSION;
use sha2::{Digest as _, Sha384};

use crate::harness::Server;

/// OWASP ASVS 3.6.1: what a shop's page names beside the address is what it gets.
#[tokio::test]
async fn o13_every_script_has_the_hash_that_the_manifest_names() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    let manifest = shop.get(&format!("/elements/{VERSION}/manifest.json")).await.expect(200);
    let files = manifest["files"].as_object().unwrap();
    let mut count = 0;
    for (name, about) in files.iter().filter(|(name, _)| !name.starts_with("page")) {
        let file = shop.get(&format!("/elements/{VERSION}/{name}")).await;
        assert_eq!(file.status, 200, "{name}");
        let hash = format!("sha384-{}", STANDARD.encode(Sha384::digest(&file.bytes)));
        assert_eq!(about["integrity"], hash.as_str(), "{name}");
        assert_eq!(file.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(file.header("access-control-allow-origin"), Some("*"));
        assert!(file.header("cache-control").unwrap().contains("immutable"));
        count += 1;
    }
    assert_eq!(count, 16, "two elements, the solver, and thirteen languages besides English");
    assert!(files["countersign-otp.v1.js"]["gzip_bytes"].as_u64().unwrap() <= 10_000);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    let shop = server.test_shop().await;
    for path in [
        "/elements/0.9.0/countersign-otp.v1.js",
        "/elements/1.0.0/page.js",
        "/elements/1.0.0/../dist/page.js",
    ] {
        shop.get(path).await.problem("not_found");
    }
}
