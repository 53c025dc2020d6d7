//! What every answer of the page says about itself (OWASP ASVS 3.4, web.md D.5).

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use countersign_core::origin::Origin;

use crate::usecase::Services;

/// What the scripts and styles of one page show, so that nothing else runs.
pub(super) struct Policy<'a> {
    /// 128 random bits of this very answer.
    pub(super) nonce: &'a str,
    /// Where a form may lead: Chromium holds redirects against it too.
    pub(super) return_origin: Option<Origin>,
    /// Whose pages may show this one in a frame.
    pub(super) embedders: &'a [Origin],
}

impl Policy<'_> {
    /// `Content-Security-Policy`.
    fn to_header(&self) -> Option<HeaderValue> {
        let Policy { nonce, return_origin, embedders } = self;
        let form_action = return_origin.as_ref().map_or_else(String::new, |origin| format!(" {origin}"));
        let ancestors = match embedders {
            [] => "'none'".to_owned(),
            some => some.iter().map(Origin::as_str).collect::<Vec<_>>().join(" "),
        };
        HeaderValue::from_str(&format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
             img-src 'self' data:; form-action 'self'{form_action}; base-uri 'none'; \
             frame-ancestors {ancestors}; require-trusted-types-for 'script'; trusted-types 'none'"
        ))
        .ok()
    }

    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        if let Some(policy) = self.to_header() {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        if self.embedders.is_empty() {
            let alone = HeaderValue::from_static("same-origin");
            headers.insert(HeaderName::from_static("cross-origin-opener-policy"), alone);
        }
    }
}

/// Headers of every answer; those of one page are its own.
pub(super) async fn protect(State(services): State<Services>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    set(CACHE_CONTROL, "no-store");
    // Not `no-referrer`: browsers then send `Origin: null` with forms (Fetch, 3.1), which says nothing.
    set(REFERRER_POLICY, "same-origin");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "otp-credentials=(self), camera=(), geolocation=(), microphone=(), payment=()",
    );
    if services.issuer.starts_with("https://") {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(return_origin: Option<&str>, embedders: &[Origin]) -> String {
        let return_origin = return_origin.map(|origin| origin.parse().unwrap());
        let mut headers = HeaderMap::new();
        Policy { nonce: "abc", return_origin, embedders }.apply(&mut headers);
        headers[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_runs_that_has_not_this_answers_nonce() {
        let policy = policy(None, &[]);
        assert!(policy.starts_with("default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'"));
        assert!(policy.contains("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
    }

    #[test]
    fn only_the_shops_own_pages_frame_it_and_get_its_customers_back() {
        let policy = policy(Some("https://shop.example"), &["https://shop.example".parse().unwrap()]);
        assert!(policy.contains("form-action 'self' https://shop.example;"));
        assert!(policy.contains("frame-ancestors https://shop.example;"));
    }
}
