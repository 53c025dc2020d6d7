//! `POST /verify/{id}/funnel`

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::visit::Visit;
use crate::usecase::Services;
use crate::usecase::funnel::BrowserStep;

/// The script tells how far the customer came.
pub(super) async fn funnel(
    State(services): State<Services>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (visit, form) = match Visit::posting(&services, &id, &headers, &body).await {
        Ok(posting) => posting,
        Err(answer) => return answer,
    };
    let Some(step) = BrowserStep::of(form.field("step")) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    match services.browser_reached(&visit.visitor, step).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => visit.unavailable(),
    }
}
