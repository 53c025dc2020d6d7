//! What the server answered.

use countersign_server::http::problem::Code;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// A problem with this code, as the catalogue has it: RFC 9457 members, content type, no caching,
    /// `Retry-After` equal to `retry_after_s`.
    #[track_caller]
    pub(crate) fn problem(&self, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}", self.text());
        let known = Code::ALL.iter().find(|known| known.as_str() == code).expect("a code of the catalogue");
        assert_eq!((self.status, &problem["status"]), (known.status(), &Value::from(known.status())));
        assert_eq!(problem["title"], known.title());
        assert!(problem["type"].as_str().unwrap().contains(':'), "{problem}");
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let retry_after =
            self.headers.get(RETRY_AFTER).map(|value| value.to_str().unwrap().parse::<u64>().unwrap());
        assert_eq!(problem.get("retry_after_s").map(|seconds| seconds.as_u64().unwrap()), retry_after);
        assert!(self.header("x-request-id").unwrap().starts_with("req_"));
        problem
    }

    /// An unusable field, at this JSON pointer.
    #[track_caller]
    pub(crate) fn wrong_field(&self, pointer: &str) -> Value {
        let problem = self.problem("invalid_request");
        assert_eq!(problem["pointer"], pointer, "{problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        problem
    }
}
