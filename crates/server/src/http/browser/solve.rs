//! `POST /v1/browser/verification/challenge`

use axum::Json;
use axum::extract::State;

use super::problem;
use super::verification::BrowserVerificationBody;
use crate::http::documented::BrowserSolveProblems;
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::http::v1::solve::SolveBody;
use crate::usecase::Services;
use crate::usecase::browser::Visitor;

/// Solve a challenge in the customer's browser
///
/// As `POST /v1/verifications/{id}/challenge`. Whatever refuses the message is `not_now` here.
#[utoipa::path(
    post, path = "/v1/browser/verification/challenge", tag = "browser",
    operation_id = "browser_solve", security(("client_secret" = [])),
    request_body = SolveBody,
    responses((status = 200, description = "Solved; the message is on its way", body = BrowserVerificationBody), BrowserSolveProblems),
)]
pub async fn solve(
    State(services): State<Services>,
    visitor: Visitor,
    body: Body<SolveBody>,
) -> Result<Json<BrowserVerificationBody>, Problem> {
    let solution = body.value.solution()?;
    let view =
        services.browser_solve(&visitor, solution).await.map_err(|error| problem(&error, &services))?;
    Ok(Json(view.into()))
}
