//! `POST /v1/proofs/redeem`

use axum::Json;
use axum::extract::State;
use countersign_core::proof::MAX_PROOF_BYTES;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verification::{TransactionBody, VerificationBody, phone, session};
use crate::http::auth::Server;
use crate::http::documented::RedeemProblems;
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::usecase::Services;
use crate::usecase::redeem::RedeemRequest;

/// A proof, and what you are about to do: from your own records, never from the browser.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Redeem)]
pub struct RedeemBody {
    /// The proof, as the check returned it.
    #[schema(max_length = 4096)]
    proof: String,
    /// The phone of the account or order.
    #[schema(example = "+447700900123", max_length = 64)]
    to: String,
    /// The purpose.
    #[schema(example = "payment", pattern = "^[a-z][a-z0-9_]{0,31}$")]
    purpose: String,
    /// The session, exactly as at start; absent if there was none.
    #[schema(min_length = 1, max_length = 256)]
    session: Option<String>,
    /// The transaction that you are about to carry out; absent only if the start had none.
    transaction: Option<TransactionBody>,
}

/// A redeemed proof.
#[derive(Serialize, ToSchema)]
#[schema(as = Redeemed)]
pub struct RedeemedBody {
    /// `redeemed`.
    #[schema(example = "redeemed")]
    result: String,
    /// The verification behind it.
    verification: VerificationBody,
}

/// Redeem a proof
///
/// The last gate before you carry the transaction out: works once, within 300 seconds of the
/// approval, and only if phone, purpose, session and transaction are those that the customer
/// approved. Any difference voids the verification.
#[utoipa::path(
    post, path = "/v1/proofs/redeem", tag = "proofs",
    params(IdempotencyHeader),
    request_body = RedeemBody,
    responses((status = 200, description = "Redeemed now, by this request", body = RedeemedBody), RedeemProblems),
)]
pub async fn redeem(
    State(services): State<Services>,
    Server(caller): Server,
    key: IdempotencyKey,
    body: Body<RedeemBody>,
) -> Result<Json<RedeemedBody>, Problem> {
    let retryable = key.bind(&body.bytes);
    let body = body.value;
    if body.proof.len() > MAX_PROOF_BYTES {
        return Err(Problem::field("/proof", format!("at most {MAX_PROOF_BYTES} bytes")));
    }
    let request = RedeemRequest {
        proof: body.proof,
        phone: phone(&body.to, caller.app.policy.default_region, caller.mode())?,
        purpose: body.purpose.parse().map_err(|wrong: countersign_core::purpose::InvalidPurpose| {
            Problem::field("/purpose", wrong.to_string())
        })?,
        session: session(body.session)?,
        transaction: body.transaction.map(|body| body.parse(&caller.app.brand)).transpose()?,
    };
    let answer = services
        .redeem(&caller, request, retryable)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(RedeemedBody { result: "redeemed".to_owned(), verification: answer.view.into() }))
}
