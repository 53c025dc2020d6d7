//! `POST /v1/verifications/{id}/cancel`

use axum::Json;
use axum::extract::{Path, State};

use super::verification::VerificationBody;
use super::verification_id;
use crate::http::auth::Server;
use crate::http::documented::EndProblems;
use crate::http::problem::Problem;
use crate::usecase::Services;

/// Cancel a verification
///
/// Gives it up. Cancelling one that has ended changes nothing and answers its state.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/cancel", tag = "verifications",
    params(("id" = String, Path, description = "The verification")),
    responses((status = 200, description = "It has ended", body = VerificationBody), EndProblems),
)]
pub async fn cancel(
    State(services): State<Services>,
    Server(caller): Server,
    Path(id): Path<String>,
) -> Result<Json<VerificationBody>, Problem> {
    let id = verification_id(&id)?;
    let view =
        services.cancel(&caller, id).await.map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(view.into()))
}
