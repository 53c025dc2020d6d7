//! `<countersign-otp>` and `<countersign-frame>` for the shop's own pages, at addresses that say their version.
//!
//! The bytes at an address never change, since shops name their hash beside it (`integrity`, SRI): whoever changes
//! `web/` so that `web/dist` changes raises the version in `web/package.json` and here, and keeps the old files.

use axum::extract::Path;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};

use super::problem::{Code, Problem};

/// The version of `web/package.json`.
pub const VERSION: &str = "1.0.0";

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../../web/dist/", $name)))),*]
    };
}

/// What the files weigh, and their hashes.
const MANIFEST: &str = "manifest.json";

/// Every file of the version, by its name in `web/dist`.
pub const FILES: &[(&str, &str)] = files! {
    "manifest.json"
    "countersign-otp.v1.js"
    "countersign-frame.v1.js"
    "countersign-challenge.v1.js"
    "texts/ar.js"
    "texts/de.js"
    "texts/es.js"
    "texts/fr.js"
    "texts/hi.js"
    "texts/id.js"
    "texts/it.js"
    "texts/ja.js"
    "texts/nl.js"
    "texts/pl.js"
    "texts/pt.js"
    "texts/tr.js"
    "texts/zh.js"
};

/// `GET /elements/{version}/{name}`
pub async fn show(Path((version, name)): Path<(String, String)>) -> Response {
    let file = FILES.iter().find(|(known, _)| version == VERSION && *known == name);
    let Some((name, body)) = file else {
        return Problem::new(Code::NotFound).detail("there is no such file").into_response();
    };
    let content_type = if *name == MANIFEST { "application/json" } else { "text/javascript; charset=utf-8" };
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A script with `integrity` is fetched by CORS; it is everybody's, and has no cookies.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, *body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package() {
        let package: serde_json::Value =
            serde_json::from_str(include_str!("../../../../web/package.json")).unwrap();
        assert_eq!(package["version"], VERSION);
    }
}
