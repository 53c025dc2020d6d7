//! The page that `countersign dev` opens with: where to go, and three commands to try.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::page::{self, page};

/// What the start page shows.
#[derive(Clone, Debug)]
pub struct StartPage {
    /// Where this server answers, such as `http://localhost:8080`.
    pub base_url: String,
    /// A working test key. Shown in clear: it can only reach the simulated phone.
    pub api_key: TestKey,
}

/// A test key that is meant to be shown on a page and in a terminal of one's own machine.
#[derive(Clone)]
pub struct TestKey(pub String);

impl std::fmt::Debug for TestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TestKey(…)")
    }
}

/// The commands that start a verification and check its code, for a POSIX shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickStart {
    /// Sends a code to the simulated phone.
    pub start: String,
    /// Checks it; `ID` and `CODE` are for the reader to fill in.
    pub check: String,
}

impl QuickStart {
    /// The commands for a server and a key.
    pub fn new(base_url: &str, api_key: &str) -> Self {
        let base_url = base_url.trim_end_matches('/');
        QuickStart {
            start: format!(
                "curl -s {base_url}/v1/verifications \\\n  -H 'Authorization: Bearer {api_key}' \\\n  \
                 -H 'Content-Type: application/json' \\\n  -d '{{\"to\":\"+447700900123\",\"purpose\":\"login\"}}'"
            ),
            check: format!(
                "curl -s {base_url}/v1/verifications/ID/check \\\n  -H 'Authorization: Bearer {api_key}' \\\n  \
                 -H 'Content-Type: application/json' \\\n  -d '{{\"code\":\"CODE\"}}'"
            ),
        }
    }
}

#[derive(Template)]
#[template(path = "demo/start.html")]
struct StartTemplate {
    base_url: String,
    version: &'static str,
    quick_start: QuickStart,
}

/// The start page, at `/`.
pub fn router(start: &StartPage) -> Router {
    let quick_start = QuickStart::new(&start.base_url, &start.api_key.0);
    let base_url = start.base_url.clone();
    let show = move || async move {
        page(StatusCode::OK, &StartTemplate { base_url, version: env!("CARGO_PKG_VERSION"), quick_start })
    };
    Router::new().route("/", get(show)).layer(axum::middleware::from_fn(page::protect))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_ready_to_paste() {
        let commands = QuickStart::new("http://localhost:8080/", "cs_test_abc");
        assert!(commands.start.starts_with("curl -s http://localhost:8080/v1/verifications \\\n"));
        assert!(commands.start.contains("Bearer cs_test_abc'"));
        assert!(commands.check.contains("/v1/verifications/ID/check"));
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let start = StartPage { base_url: String::new(), api_key: TestKey("cs_test_abc".to_owned()) };
        assert!(!format!("{start:?}").contains("cs_test_abc"));
    }
}
