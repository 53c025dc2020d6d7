//! `POST /v1/browser/verification/check`

use axum::Json;
use axum::extract::State;
use countersign_core::code::Guess;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem;
use crate::http::documented::BrowserCheckProblems;
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::usecase::Services;
use crate::usecase::browser::Visitor;

/// One guess.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BrowserCheck)]
pub struct BrowserCheckBody {
    /// What the customer typed. Spaces and dashes are ignored, other scripts' digits understood.
    #[schema(example = "123456", min_length = 1, max_length = 64)]
    code: String,
}

/// What a guess came to.
#[derive(Serialize, ToSchema)]
#[schema(as = BrowserChecked)]
pub struct BrowserCheckedBody {
    /// Where the verification stands now.
    #[schema(example = "approved")]
    state: String,
    /// approved · incorrect · superseded · expired · exhausted · canceled · denied · not_approved. A payment that is
    /// not approved says nothing more than that.
    #[schema(example = "approved")]
    result: String,
    /// Tries left, where it may be told: of a payment only when two or one are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u8>,
}

/// Check a code from the customer's browser
///
/// Costs one attempt, as everywhere. Approval is a word here: the proof goes to your server, which reads it with
/// `GET /v1/verifications/{id}`.
#[utoipa::path(
    post, path = "/v1/browser/verification/check", tag = "browser",
    operation_id = "browser_check", security(("client_secret" = [])),
    params(IdempotencyHeader),
    request_body = BrowserCheckBody,
    responses((status = 200, description = "The guess was judged, or the verification has ended: see `result`", body = BrowserCheckedBody), BrowserCheckProblems),
)]
pub async fn check(
    State(services): State<Services>,
    visitor: Visitor,
    key: IdempotencyKey,
    body: Body<BrowserCheckBody>,
) -> Result<Json<BrowserCheckedBody>, Problem> {
    let retryable = key.bind(&body.bytes);
    let guess = Guess::parse(&body.value.code).map_err(|wrong| Problem::field("/code", wrong.to_string()))?;
    let checked = services
        .browser_check(&visitor, guess, retryable)
        .await
        .map_err(|error| problem(&error, &services))?;
    Ok(Json(BrowserCheckedBody {
        state: checked.view.state.as_str().to_owned(),
        result: checked.result.as_str().to_owned(),
        attempts_left: checked.attempts_left,
    }))
}
