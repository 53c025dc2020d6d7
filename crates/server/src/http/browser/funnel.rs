//! `POST /v1/browser/verification/funnel`

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem;
use crate::http::documented::BrowserFunnelProblems;
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::usecase::Services;
use crate::usecase::browser::Visitor;
use crate::usecase::funnel::BrowserStep;

/// How far a customer came.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BrowserFunnel)]
pub struct BrowserFunnelBody {
    /// The step.
    step: BrowserStep,
}

/// Tell how far the customer came
///
/// For your figures alone (`GET /v1/funnel`): changes nothing about the verification. Each step counts once, however
/// often it is told, and only while its code lives.
#[utoipa::path(
    post, path = "/v1/browser/verification/funnel", tag = "browser",
    operation_id = "browser_funnel", security(("client_secret" = [])),
    request_body = BrowserFunnelBody,
    responses((status = 204, description = "It was heard"), BrowserFunnelProblems),
)]
pub async fn funnel(
    State(services): State<Services>,
    visitor: Visitor,
    body: Body<BrowserFunnelBody>,
) -> Result<StatusCode, Problem> {
    services.browser_reached(&visitor, body.value.step).await.map_err(|error| problem(&error, &services))?;
    Ok(StatusCode::NO_CONTENT)
}
