//! `POST /v1/browser/verification/resend`

use axum::Json;
use axum::extract::State;

use super::problem;
use super::verification::BrowserVerificationBody;
use crate::http::documented::BrowserResendProblems;
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::http::v1::resend::ResendBody;
use crate::http::v1::verification::channel;
use crate::usecase::Services;
use crate::usecase::browser::Visitor;

/// Send the message again, asked by the customer's browser
///
/// As `POST /v1/verifications/{id}/resend`. Whatever refuses it is `not_now` here.
#[utoipa::path(
    post, path = "/v1/browser/verification/resend", tag = "browser",
    operation_id = "browser_resend", security(("client_secret" = [])),
    params(IdempotencyHeader),
    request_body = ResendBody,
    responses((status = 200, description = "Another message is on its way", body = BrowserVerificationBody), BrowserResendProblems),
)]
pub async fn resend(
    State(services): State<Services>,
    visitor: Visitor,
    key: IdempotencyKey,
    body: Body<ResendBody>,
) -> Result<Json<BrowserVerificationBody>, Problem> {
    let retryable = key.bind(&body.bytes);
    let channel = body.value.channel.as_deref().map(channel).transpose()?;
    let view = services
        .browser_resend(&visitor, channel, retryable)
        .await
        .map_err(|error| problem(&error, &services))?;
    Ok(Json(view.into()))
}
