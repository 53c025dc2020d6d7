//! Whether a form was sent from a page of this server (OWASP ASVS 3.5.1).

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether a form comes from this site, as far as the browser says: `Sec-Fetch-Site` where it is
/// sent, else `Origin` beside `Host`. Without either it is no browser, and carries no stolen cookie.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let authority =
        origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    authority.is_some() && authority == headers.get(HOST).and_then(|host| host.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let host = ("host", "localhost:8080");
        for (allowed, sent) in [
            (true, vec![host]),
            (true, vec![host, ("origin", "http://localhost:8080")]),
            (true, vec![host, ("sec-fetch-site", "same-origin"), ("origin", "null")]),
            (false, vec![host, ("origin", "http://localhost:9090")]),
            (false, vec![host, ("origin", "https://evil.example")]),
            (false, vec![host, ("origin", "null")]),
            (false, vec![("origin", "http://localhost:8080")]),
            (false, vec![host, ("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8080")]),
            (false, vec![host, ("sec-fetch-site", "same-site")]),
        ] {
            assert_eq!(is_same_origin(&headers(&sent)), allowed, "{sent:?}");
        }
    }
}
