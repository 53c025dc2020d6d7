//! `POST /v1/receipts/{provider}`

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use countersign_delivery::provider::{AnyProvider, ProviderName};
use countersign_delivery::receipt::{MAX_RECEIPT_BYTES, ReceiptError};
use countersign_delivery::signature::SIGNATURE_HEADER;
use utoipa::ToSchema;

use crate::http::documented::ReceiptProblems;
use crate::http::problem::{Code, Problem};
use crate::usecase::Services;
use crate::worker::send::Sender;

/// What the handler needs besides the services.
#[derive(Clone)]
pub struct ReceiptState {
    /// The use cases.
    pub services: Services,
    /// Knows the providers and their keys.
    pub sender: Sender,
}

/// How the description shows a receipt; it is read from the signed bytes, by the delivery crate.
#[derive(ToSchema)]
#[schema(as = Receipt)]
#[expect(dead_code, reason = "only describes what countersign_delivery::receipt reads")]
pub struct ReceiptBody {
    /// The `reference` that came with the message.
    #[schema(example = "dlv_01kayn3f2t0h8m5v9d7q4w6x2e")]
    reference: String,
    /// delivered · failed · buffered
    #[schema(example = "delivered")]
    status: String,
    /// The carrier's word for it: letters, digits and `_ - . :`, without six digits in a row.
    #[schema(example = "absent_subscriber", min_length = 1, max_length = 64)]
    reason: Option<String>,
}

/// Receive a delivery receipt
///
/// Takes a receipt of a plain HTTP provider, signed as its messages are. Answers 204 for a repeated
/// or a late one too: the provider has done its part.
#[utoipa::path(
    post, path = "/v1/receipts/{provider}", tag = "carriers", security(()),
    params(
        ("provider" = String, Path, description = "The provider's name in the configuration"),
        ("Countersign-Signature" = String, Header, description = "`t=<unix seconds>,v1=<64 hex digits>`: the HMAC-SHA-256 of the time, a full stop and the body, under the provider's secret"),
    ),
    request_body = ReceiptBody,
    responses((status = 204, description = "Taken, or known already"), ReceiptProblems),
)]
pub async fn receipt(
    State(state): State<ReceiptState>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let now = state.services.clock.now();
    let name: ProviderName = provider.parse().map_err(|_| unknown())?;
    let Some(AnyProvider::Http(provider)) = state.sender.providers().get(&name) else {
        return Err(unknown());
    };
    if body.len() > MAX_RECEIPT_BYTES {
        return Err(Problem::new(Code::BodyTooLarge).detail(ReceiptError::TooLong.to_string()));
    }
    let signature = headers.get(SIGNATURE_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    let receipt = provider.receipt(signature, &body, now).map_err(|error| match error {
        ReceiptError::Signature(reason) => Problem::new(Code::Unauthorized).detail(reason.to_string()),
        other => Problem::new(Code::InvalidRequest).detail(other.to_string()),
    })?;
    state.services.receipt(name.as_str(), &receipt).await.map_err(|error| Problem::of(&error, now))?;
    Ok(StatusCode::NO_CONTENT)
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound).detail("there is no such provider that posts receipts")
}
