//! `POST /v1/verifications/{id}/report`

use axum::Json;
use axum::extract::{Path, State};

use super::verification::VerificationBody;
use super::verification_id;
use crate::http::auth::Server;
use crate::http::documented::EndProblems;
use crate::http::problem::Problem;
use crate::usecase::Services;

/// Report "this was not me"
///
/// Voids the verification, even an approved one: its proof can no longer be redeemed. The report is in the timeline.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/report", tag = "verifications",
    params(("id" = String, Path, description = "The verification")),
    responses((status = 200, description = "It is void, or had ended without approval", body = VerificationBody), EndProblems),
)]
pub async fn report(
    State(services): State<Services>,
    Server(caller): Server,
    Path(id): Path<String>,
) -> Result<Json<VerificationBody>, Problem> {
    let id = verification_id(&id)?;
    let view =
        services.report(&caller, id).await.map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(view.into()))
}
