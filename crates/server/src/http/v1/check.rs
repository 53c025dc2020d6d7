//! `POST /v1/verifications/{id}/check`

use axum::Json;
use axum::extract::{Path, State};
use countersign_core::code::Guess;
use countersign_core::step::Trust;
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
use crate::usecase::check::{CheckRequest, Proof};

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
    /// Whether to trust your customer's device from now on, if the code is right: the answer then has a
    /// `device_token`. Needs a verification with a `customer`.
    #[serde(default)]
    trust_device: bool,
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
    /// What the proof shows: possession · notification.
    #[schema(example = "possession")]
    #[serde(skip_serializing_if = "Option::is_none")]
    assurance: Option<String>,
    /// The token of your customer's device, if this guess approved the verification and you asked for it: set it as a
    /// cookie of your own, and send it as `client.device_token` of her next start or as `device_token` of a decision.
    /// Not there where the code went by e-mail too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "cvd_AAGfb2…")]
    device_token: Option<String>,
    /// What the device is trusted for: access (`login`, `signup`) · payment (`payment`, `order`) · account
    /// (`account_change`) · other (your own words).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "access")]
    device_purposes: Option<String>,
    /// Until when, however often it is used, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    device_trusted_until: Option<String>,
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
    let trust = if body.value.trust_device { Trust::Asked } else { Trust::NotAsked };
    let answer = services
        .check(&caller, CheckRequest { verification, guess, transaction, trust }, retryable)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    let (proof, assurance) = answer.proof.map(|Proof { jws, assurance }| (jws, assurance.as_str())).unzip();
    let device = answer.device.as_ref();
    Ok(Json(CheckedBody {
        id: answer.id.to_string(),
        status: answer.status.as_str().to_owned(),
        result: answer.checked.result.as_str().to_owned(),
        attempts_remaining: answer.checked.attempts_remaining,
        proof,
        assurance: assurance.map(str::to_owned),
        device_token: device.map(|device| device.token.expose().to_owned()),
        device_purposes: device.map(|device| device.purposes.as_str().to_owned()),
        device_trusted_until: device.map(|device| device.until.to_string()),
    }))
}
