//! `POST /verify/{id}/resend`

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_core::verification::Channel;

use super::visit::Visit;
use crate::usecase::browser::is_told_nothing;
use crate::usecase::{Services, UseCaseError};

/// Another message, by another channel where one was chosen.
pub(super) async fn resend(
    State(services): State<Services>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (visit, form) = match Visit::posting(&services, &id, &headers, &body).await {
        Ok(posting) => posting,
        Err(answer) => return answer,
    };
    let channel: Option<Channel> = form.field("channel").parse().ok();
    match services.browser_resend(&visit.visitor, channel, form.retryable("channel")).await {
        // The same form again, and the first one is not done yet: it sends.
        Ok(_) | Err(UseCaseError::InFlight) => visit.back_to_page("?resent"),
        Err(error) if is_told_nothing(&error) => visit.back_to_page("?not-now"),
        Err(_) => visit.unavailable(),
    }
}
