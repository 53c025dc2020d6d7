//! `GET /v1/browser/verification`

use axum::Json;
use axum::extract::State;

use super::problem;
use super::verification::BrowserVerificationBody;
use crate::http::documented::BrowserShowProblems;
use crate::http::problem::Problem;
use crate::usecase::Services;
use crate::usecase::browser::Visitor;

/// Show a verification to its customer's browser
///
/// For pages: authorised by the `client_secret` of a start, from a registered origin.
#[utoipa::path(
    get, path = "/v1/browser/verification", tag = "browser",
    operation_id = "browser_show", security(("client_secret" = [])),
    responses((status = 200, description = "The verification of the secret", body = BrowserVerificationBody), BrowserShowProblems),
)]
pub async fn show(
    State(services): State<Services>,
    visitor: Visitor,
) -> Result<Json<BrowserVerificationBody>, Problem> {
    let view = services.browser_view(&visitor).await.map_err(|error| problem(&error, &services))?;
    Ok(Json(view.into()))
}
