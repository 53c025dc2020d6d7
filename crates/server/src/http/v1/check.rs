//! `POST /v1/verifications/{id}/check`

use axum::Json;
use axum::extract::{Path, State};
use countersign_core::code::Guess;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verification::TransactionBody;
use super::verification_id;
use crate::http::auth::Server;
use crate::http::documented::CheckProblems;
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::usecase::Services;
use crate::usecase::check::CheckRequest;

/// One guess.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Check)]
pub struct CheckBody {
    /// What the customer typed. Spaces and dashes are ignored, other scripts' digits understood.
    #[schema(example = "123456", min_length = 1, max_length = 64)]
    code: String,
    /// The transaction, if you want it compared now: another one voids the verification.
    transaction: Option<TransactionBody>,
}

/// What a guess came to.
#[derive(Serialize, ToSchema)]
#[schema(as = Checked)]
pub struct CheckedBody {
    /// The verification.
    id: String,
    /// Its status now.
    #[schema(example = "approved")]
    status: String,
    /// approved · incorrect · expired · exhausted · already_used · superseded · canceled · denied · transaction_mismatch
    #[schema(example = "approved")]
    result: String,
    /// Guesses left.
    attempts_remaining: u8,
    /// The signed proof, if this guess approved the verification. Keep it on your server and redeem it.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
}

/// Check a code
///
/// Evaluates one guess; it costs one attempt. A right code is accepted once: of any number of
/// parallel right checks exactly one says `approved`. If an answer was lost, repeat the request with
/// its Idempotency-Key: it gets the first one's answer, proof included.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/check", tag = "verifications",
    params(
        ("id" = String, Path, description = "The verification"),
        IdempotencyHeader,
    ),
    request_body = CheckBody,
    responses((status = 200, description = "The guess was judged, or the verification has ended: see `result`", body = CheckedBody), CheckProblems),
)]
pub async fn check(
    State(services): State<Services>,
    Server(caller): Server,
    Path(id): Path<String>,
    key: IdempotencyKey,
    body: Body<CheckBody>,
) -> Result<Json<CheckedBody>, Problem> {
    let retryable = key.bind(&body.bytes);
    let verification = verification_id(&id)?;
    let guess = Guess::parse(&body.value.code).map_err(|wrong| Problem::field("/code", wrong.to_string()))?;
    let transaction = body.value.transaction.map(|body| body.parse(&caller.app.brand)).transpose()?;
    let answer = services
        .check(&caller, CheckRequest { verification, guess, transaction }, retryable)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(CheckedBody {
        id: answer.id.to_string(),
        status: answer.status.as_str().to_owned(),
        result: answer.checked.result.as_str().to_owned(),
        attempts_remaining: answer.checked.attempts_remaining,
        proof: answer.proof,
    }))
}
