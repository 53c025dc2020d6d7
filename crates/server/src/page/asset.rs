//! The stylesheet and the script of the page. Their names say what is in them, so that browsers keep them for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A file that is part of the program.
struct Asset {
    path: String,
    content_type: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(stem: &str, suffix: &str, content_type: &'static str, body: &'static str) -> Self {
        let digest = Sha256::digest(body.as_bytes());
        let version = URL_SAFE_NO_PAD.encode(&digest[..9]);
        Asset { path: format!("{stem}.{version}.{suffix}"), content_type, body }
    }
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "css", "text/css; charset=utf-8", include_str!("page.css")));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("page", "js", "text/javascript; charset=utf-8", include_str!("../../../../web/dist/page.js"))
});

static CHALLENGE: LazyLock<Asset> = LazyLock::new(|| {
    let script = include_str!("../../../../web/dist/page-challenge.js");
    Asset::new("challenge", "js", "text/javascript; charset=utf-8", script)
});

/// Where the script is that solves challenges.
pub(super) fn challenge_script_path() -> String {
    format!("/verify/assets/{}", CHALLENGE.path)
}

/// Where the stylesheet is.
pub(super) fn style_path() -> String {
    format!("/verify/assets/{}", STYLE.path)
}

/// Where the script is.
pub(super) fn script_path() -> String {
    format!("/verify/assets/{}", SCRIPT.path)
}

/// `GET /verify/assets/{name}`
pub(super) async fn show(Path(name): Path<String>) -> Response {
    let Some(asset) = [&*STYLE, &*SCRIPT, &*CHALLENGE].into_iter().find(|asset| asset.path == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers =
        [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.body).into_response()
}
