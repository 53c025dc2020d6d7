//! `GET /verify/{token}`: the entry, and the page behind it.

use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use countersign_core::id::{PageId, VerificationId};

use super::entry::{self, is_ahead};
use super::number;
use super::render::Notice;
use super::visit::{Visit, closed};
use crate::usecase::Services;

/// An entry's token leads to the page; the id of a verification, or of a page that waits for a number, is the page, for
/// the browser that came in.
pub(super) async fn show(
    State(services): State<Services>,
    Path(token): Path<String>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if token.starts_with(PageId::PREFIX) {
        return number::show(&services, &token, &headers);
    }
    if !token.starts_with(VerificationId::PREFIX) {
        return entry::enter(&services, &token, &method, &headers).await;
    }
    let Some(visit) = Visit::of(&services, &token, &headers) else { return closed(&services, &headers) };
    let notice = match uri.query() {
        Some("resent") => Notice::Status("resent"),
        Some("not-now") => Notice::Status("not-now"),
        _ => Notice::None,
    };
    // Whoever only looks, or fetches ahead of its user, shows nobody anything.
    if method == Method::GET && !is_ahead(&headers) {
        visit.page_to_customer(notice).await
    } else {
        visit.page(StatusCode::OK, notice).await
    }
}
