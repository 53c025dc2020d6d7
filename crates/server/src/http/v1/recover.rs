//! `POST /v1/recoveries`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use countersign_core::unique;
use serde::Deserialize;
use utoipa::ToSchema;

use super::start::{answered, locale};
use super::verification::{VerificationBody, optional_text, phone_at, text_map};
use crate::http::auth::Server;
use crate::http::documented::RecoverProblems;
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::usecase::Services;
use crate::usecase::recover::RecoverRequest;

/// A lost phone, and the one that is to take its place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Recover)]
pub struct RecoverBody {
    /// The lost phone, from your own records and never from the browser.
    #[schema(example = "+447700900123", max_length = 64)]
    phone: String,
    /// The phone that is to take its place.
    #[schema(example = "+447700900456", max_length = 64)]
    to: String,
    /// Your reference for your customer: 1–256 bytes.
    #[schema(example = "c_77", min_length = 1, max_length = 256)]
    customer: String,
    /// The language of the notice, such as `de` or `de-AT`. Default: the app's.
    #[schema(example = "en")]
    locale: Option<String>,
    /// Your own words: at most 16 names and values of 1–256 bytes. Never interpreted.
    #[serde(default, deserialize_with = "unique::map")]
    metadata: BTreeMap<String, String>,
}

/// Begin the recovery of a lost phone
///
/// For a customer whom you identified by other means. The lost phone gets a notice at once; from `ready_at`
/// on, for seven days, a start for the other phone may name this recovery in `replaces`. Until then it
/// ends when the lost phone proves itself for the same customer, and when you cancel or report it. Asked
/// for twice, it is the same recovery.
#[utoipa::path(
    post, path = "/v1/recoveries", tag = "verifications",
    request_body = RecoverBody,
    responses(
        (status = 201, description = "A new recovery; the notice is on its way", body = VerificationBody, headers(
            ("Location" = String, description = "Where it is read"),
            ("RateLimit-Policy" = String, description = "Limits on messages to the lost phone"),
            ("RateLimit" = String, description = "What is left of them"),
        )),
        (status = 200, description = "The recovery that this customer has for these phones", body = VerificationBody),
        RecoverProblems,
    ),
)]
pub async fn recover(
    State(services): State<Services>,
    Server(caller): Server,
    body: Body<RecoverBody>,
) -> Result<Response, Problem> {
    let body = body.value;
    let policy = &caller.app.policy;
    text_map("/metadata", &body.metadata)?;
    let customer = optional_text("/customer", Some(body.customer))?
        .ok_or_else(|| Problem::field("/customer", "say whose number changes"))?;
    let request = RecoverRequest {
        phone: phone_at("/phone", &body.phone, policy.default_region, caller.mode)?,
        replacement: phone_at("/to", &body.to, policy.default_region, caller.mode)?,
        customer,
        locale: locale(body.locale.as_deref(), policy)?,
        metadata: body.metadata,
    };
    let answer = services
        .recover(&caller, request)
        .await
        .map_err(|error| Problem::of_recovery(&error, services.clock.now()))?;
    Ok(answered(answer, services.clock.now()))
}
