//! What all pages of the demo share: rendering, headers, files, and who may post a form.

use askama::Template;
use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

/// Only files of this server, forms to this server, no frames; strings never become scripts.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// The largest form that is read, in bytes.
pub(super) const MAX_FORM_BYTES: usize = 4096;

/// The stylesheet, the script of the simulated phone and the icon, under `/demo/`.
pub(super) fn assets_router() -> Router {
    Router::new()
        .route(
            "/demo/demo.css",
            get(async || asset("text/css; charset=utf-8", include_str!("assets/demo.css"))),
        )
        .route(
            "/demo/phone.js",
            get(async || asset("text/javascript; charset=utf-8", include_str!("assets/phone.js"))),
        )
        .route("/demo/icon.svg", get(async || asset("image/svg+xml", include_str!("assets/icon.svg"))))
}

fn asset(content_type: &'static str, body: &'static str) -> Response {
    let headers =
        [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, body).into_response()
}

/// Renders a template as a page with `status`.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a demo page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// After a form was posted: shows the page at `path`, so that a reload does not post again.
pub(super) fn see_other(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Headers of every page, and the refusal of forms that another site posts.
pub(super) async fn protect(request: Request, next: Next) -> Response {
    if request.method() == Method::POST && !is_same_origin(request.headers()) {
        return (StatusCode::FORBIDDEN, "This form was not sent from this site.").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    set(CACHE_CONTROL, "no-store");
    // Not `no-referrer`: browsers then send `Origin: null` with forms (Fetch, 3.1), which says nothing.
    set(REFERRER_POLICY, "same-origin");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// Whether a form comes from this site, as far as the browser says: `Sec-Fetch-Site` where it is
/// sent, else `Origin` beside `Host`. Without either it is no browser, and carries no stolen cookie.
fn is_same_origin(headers: &HeaderMap) -> bool {
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

    #[test]
    fn the_content_policy_allows_nothing_inline() {
        assert!(!CONTENT_POLICY.contains("unsafe"));
        assert!(CONTENT_POLICY.starts_with("default-src 'none'"));
    }
}
