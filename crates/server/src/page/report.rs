//! `POST /verify/{id}/report`

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::visit::Visit;
use crate::usecase::Services;

/// "This was not me".
pub(super) async fn report(
    State(services): State<Services>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = match Visit::posting(&services, &id, &headers, &body).await {
        Ok((visit, _)) => visit,
        Err(answer) => return answer,
    };
    match services.browser_report(&visit.visitor).await {
        Ok(_) => visit.back_to_page(""),
        Err(_) => visit.unavailable(),
    }
}
