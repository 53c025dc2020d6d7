//! `POST /v1/browser/verification/report`

use axum::Json;
use axum::extract::State;

use super::problem;
use super::verification::BrowserVerificationBody;
use crate::http::documented::BrowserReportProblems;
use crate::http::problem::Problem;
use crate::usecase::Services;
use crate::usecase::browser::Visitor;

/// "This was not me", said in the customer's browser
///
/// Voids the verification, and its proof if it has one.
#[utoipa::path(
    post, path = "/v1/browser/verification/report", tag = "browser",
    operation_id = "browser_report", security(("client_secret" = [])),
    responses((status = 200, description = "The verification as it is now", body = BrowserVerificationBody), BrowserReportProblems),
)]
pub async fn report(
    State(services): State<Services>,
    visitor: Visitor,
) -> Result<Json<BrowserVerificationBody>, Problem> {
    let view = services.browser_report(&visitor).await.map_err(|error| problem(&error, &services))?;
    Ok(Json(view.into()))
}
