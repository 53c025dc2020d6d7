//! `POST /v1/verifications/{id}/resend`

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::verification::{VerificationBody, channel};
use super::verification_id;
use crate::http::auth::Server;
use crate::http::documented::ResendProblems;
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::http::rate_limit;
use crate::usecase::Services;

/// How to send again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Resend)]
pub struct ResendBody {
    /// How the code travels: sms · voice · whatsapp · telegram · email, as the app's policy allows. Default:
    /// the next step of the workflow, or as before.
    #[schema(example = "voice")]
    pub channel: Option<String>,
}

/// Send the message again
///
/// The same code, unless the app's policy rotates codes. Attempts are kept. In a workflow it takes the next
/// step early; by name it takes any channel that the app allows. The first resend is
/// possible 30 seconds after the first message, later ones after 45, 60 and 120.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/resend", tag = "verifications",
    params(
        ("id" = String, Path, description = "The verification"),
        IdempotencyHeader,
    ),
    request_body = ResendBody,
    responses(
        (status = 200, description = "Another message is on its way", body = VerificationBody, headers(
            ("RateLimit-Policy" = String, description = "Limits on messages to this phone"),
            ("RateLimit" = String, description = "What is left of them"),
        )),
        ResendProblems,
    ),
)]
pub async fn resend(
    State(services): State<Services>,
    Server(caller): Server,
    Path(id): Path<String>,
    key: IdempotencyKey,
    body: Body<ResendBody>,
) -> Result<Response, Problem> {
    let retryable = key.bind(&body.bytes);
    let id = verification_id(&id)?;
    let channel = body.value.channel.as_deref().map(channel).transpose()?;
    let answer = services
        .resend(&caller, id, channel, retryable)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    let mut response = Json(VerificationBody::from(answer.view)).into_response();
    rate_limit::announce(&mut response, &answer.quotas, services.clock.now());
    Ok(response)
}
