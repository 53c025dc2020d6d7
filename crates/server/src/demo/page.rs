//! What all pages of the demo share: rendering, headers, files, and who may post a form.

use askama::Template;
use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::http::same_origin::is_same_origin;

/// Only files of this server, forms to this server, no frames; strings never become scripts.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// The largest form that is read, in bytes.
pub(super) const MAX_FORM_BYTES: usize = 4096;

/// Lets one page use Countersign at `origin` besides this server: its elements, its frame, and forms that lead to it.
pub(super) fn reach(mut response: Response, origin: &str) -> Response {
    let policy = CONTENT_POLICY
        .replace("script-src 'self'", &format!("script-src 'self' {origin}"))
        .replace("connect-src 'self'", &format!("connect-src {origin}; frame-src {origin}"))
        .replace("form-action 'self'", &format!("form-action 'self' {origin}"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The stylesheet, the scripts and the icon, under `/demo/`.
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
        .route(
            "/demo/shop.js",
            get(async || asset("text/javascript; charset=utf-8", include_str!("assets/shop.js"))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_policy_allows_nothing_inline() {
        assert!(!CONTENT_POLICY.contains("unsafe"));
        assert!(CONTENT_POLICY.starts_with("default-src 'none'"));
    }

    #[test]
    fn a_page_with_the_elements_reaches_countersign_and_nobody_else() {
        let response = reach(Response::default(), "http://localhost:8080");
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in [
            "default-src 'none'; ",
            "script-src 'self' http://localhost:8080; ",
            "connect-src http://localhost:8080; ",
            "frame-src http://localhost:8080; ",
            "form-action 'self' http://localhost:8080; ",
            "require-trusted-types-for 'script'; trusted-types 'none'",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'));
    }
}
