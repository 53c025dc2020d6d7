//! `GET /v1/verifications/{id}`

use axum::Json;
use axum::extract::{Path, State};

use super::verification::VerificationBody;
use super::verification_id;
use crate::http::auth::Reader;
use crate::http::documented::ShowProblems;
use crate::http::problem::Problem;
use crate::usecase::Services;

/// Show a verification
///
/// As it is now, with the proof while that can be redeemed.
#[utoipa::path(
    get, path = "/v1/verifications/{id}", tag = "verifications",
    params(("id" = String, Path, description = "The verification")),
    responses((status = 200, description = "The verification", body = VerificationBody), ShowProblems),
)]
pub async fn show(
    State(services): State<Services>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<Json<VerificationBody>, Problem> {
    let id = verification_id(&id)?;
    let view = services.show(&caller, id).await.map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(VerificationBody::explained(view)))
}
