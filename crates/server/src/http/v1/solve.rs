//! `POST /v1/verifications/{id}/challenge`

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use countersign_core::challenge::MAX_SOLUTION_BYTES;
use serde::Deserialize;
use utoipa::ToSchema;

use super::verification::VerificationBody;
use super::verification_id;
use crate::http::auth::Server;
use crate::http::documented::SolveProblems;
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::http::rate_limit;
use crate::usecase::Services;

/// A solution of a challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Solve)]
pub struct SolveBody {
    /// Of a proof of work: the text that was found, 1–64 visible ASCII characters. Of a vendor: the token.
    #[schema(example = "117", min_length = 1, max_length = 8192)]
    solution: String,
}

impl SolveBody {
    /// The solution, if it can be one.
    pub fn solution(self) -> Result<String, Problem> {
        let is_one = (1..=MAX_SOLUTION_BYTES).contains(&self.solution.len())
            && self.solution.bytes().all(|byte| byte.is_ascii_graphic());
        if is_one {
            Ok(self.solution)
        } else {
            let detail = format!("1 to {MAX_SOLUTION_BYTES} visible ASCII characters");
            Err(Problem::field("/solution", detail))
        }
    }
}

/// Solve a challenge
///
/// Of a verification with the status `challenge_required`. A right solution sends the first message, and the life of the
/// code begins; repeated, it finds that done. Five wrong ones end the verification. What refuses the message does not use
/// the solution up: give it again later.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/challenge", tag = "verifications",
    params(("id" = String, Path, description = "The verification")),
    request_body = SolveBody,
    responses(
        (status = 200, description = "Solved; the message is on its way", body = VerificationBody, headers(
            ("RateLimit-Policy" = String, description = "Limits on messages to this phone"),
            ("RateLimit" = String, description = "What is left of them"),
        )),
        SolveProblems,
    ),
)]
pub async fn solve(
    State(services): State<Services>,
    Server(caller): Server,
    Path(id): Path<String>,
    body: Body<SolveBody>,
) -> Result<Response, Problem> {
    let id = verification_id(&id)?;
    let solution = body.value.solution()?;
    let answer = services
        .solve(&caller, id, solution)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    let mut response = Json(VerificationBody::from(answer.view)).into_response();
    rate_limit::announce(&mut response, &answer.quotas, services.clock.now());
    Ok(response)
}
