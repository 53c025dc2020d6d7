//! `POST /v1/proofs/redeem`

use axum::Json;
use axum::extract::State;
use countersign_core::channel::Assurance;
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
    /// The least that the proof must show: `possession` of the phone, the default, or `notification`, which a
    /// code shows that went by e-mail. Payments and changes of the account always need possession.
    assurance: Option<AssuranceBody>,
}

/// What a proof shows.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Assurance)]
pub enum AssuranceBody {
    /// That somebody holds the phone.
    Possession,
    /// That somebody reads the mailbox that the code went to, and nothing about the phone.
    Notification,
}

impl From<AssuranceBody> for Assurance {
    fn from(body: AssuranceBody) -> Self {
        match body {
            AssuranceBody::Possession => Assurance::Possession,
            AssuranceBody::Notification => Assurance::Notification,
        }
    }
}

/// A redeemed proof.
#[derive(Serialize, ToSchema)]
#[schema(as = Redeemed)]
pub struct RedeemedBody {
    /// `redeemed`.
    #[schema(example = "redeemed")]
    result: String,
    /// What it shows: possession · notification
    #[schema(example = "possession")]
    assurance: String,
    /// The verification behind it.
    verification: VerificationBody,
}

/// Redeem a proof
///
/// The last gate before you carry the transaction out: works once, within 300 seconds of the
/// approval, and only if phone, purpose, session and transaction are those that the customer
/// approved. Any difference voids the verification. A proof whose code went by e-mail is refused unless
/// you say in `assurance` that a notification is enough.
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
        phone: phone(&body.to, caller.app.policy.default_region, caller.mode)?,
        purpose: body.purpose.parse().map_err(|wrong: countersign_core::purpose::InvalidPurpose| {
            Problem::field("/purpose", wrong.to_string())
        })?,
        session: session(body.session)?,
        transaction: body.transaction.map(|body| body.parse(&caller.app.brand)).transpose()?,
        least: body.assurance.map_or(Assurance::Possession, Assurance::from),
    };
    let answer = services
        .redeem(&caller, request, retryable)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    let assurance = answer.claims.assurance.as_str().to_owned();
    Ok(Json(RedeemedBody { result: "redeemed".to_owned(), assurance, verification: answer.view.into() }))
}
