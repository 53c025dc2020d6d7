//! `POST /v1/receipts/{provider}`

use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_delivery::declared::callback::{CallbackError, CallbackRequest, Received};
use countersign_delivery::provider::{AnyProvider, ProviderName};
use countersign_delivery::receipt::{CarrierReceipt, MAX_RECEIPT_BYTES, ReceiptError};
use countersign_delivery::signature::SIGNATURE_HEADER;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use crate::http::documented::ReceiptProblems;
use crate::http::problem::{Code, Problem};
use crate::usecase::{Services, UseCaseError};
use crate::worker::send::Sender;

/// What the handler needs besides the services.
#[derive(Clone)]
pub struct ReceiptState {
    /// The use cases.
    pub services: Services,
    /// Knows the providers and their keys.
    pub sender: Sender,
    /// Takes receipts about messages that are not known yet.
    pub early: mpsc::Sender<CarrierReceipt>,
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
/// or a late one too: the provider has done its part. For providers of kind `declared`, shape and signature
/// are the vendor's (docs/providers.md), and the answer is 200.
#[utoipa::path(
    post, path = "/v1/receipts/{provider}", tag = "carriers", security(()),
    params(
        ("provider" = String, Path, description = "The provider's name in the configuration"),
        ("Countersign-Signature" = String, Header, description = "`t=<unix seconds>,v1=<64 hex digits>`: the HMAC-SHA-256 of the time, a full stop and the body, under the provider's secret"),
    ),
    request_body = ReceiptBody,
    responses(
        (status = 204, description = "Taken, or known already"),
        (status = 200, description = "The same, with the body that the vendor wants to read", content_type = "text/plain", body = String),
        ReceiptProblems,
    ),
)]
pub async fn receipt(
    State(state): State<ReceiptState>,
    Path(provider): Path<String>,
    uri: OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let now = state.services.clock.now();
    let name: ProviderName = provider.parse().map_err(|_| unknown())?;
    let provider = match state.sender.providers().get(&name) {
        Some(AnyProvider::Http(provider)) => provider,
        Some(AnyProvider::Declared(_)) => {
            return take_callback(&state, name.as_str(), &Method::POST, &uri, &headers, &body).await;
        }
        _ => return Err(unknown()),
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
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Receive a vendor's receipt in the URL
///
/// For providers of kind `declared` whose vendor calls with `GET`: shape and signature are the vendor's
/// (docs/providers.md).
#[utoipa::path(
    get, path = "/v1/receipts/{provider}", tag = "carriers", security(()),
    params(("provider" = String, Path, description = "The provider's name in the configuration")),
    responses(
        (status = 200, description = "Taken, or known already; the body is what the vendor wants to read", content_type = "text/plain", body = String),
        ReceiptProblems,
    ),
)]
pub async fn callback(
    State(state): State<ReceiptState>,
    Path(name): Path<String>,
    uri: OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    take_callback(&state, &name, &Method::GET, &uri, &headers, &[]).await
}

/// Whatever a vendor says about its messages.
async fn take_callback(
    state: &ReceiptState,
    name: &str,
    method: &Method,
    uri: &OriginalUri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Problem> {
    let now = state.services.clock.now();
    let name: ProviderName = name.parse().map_err(|_| unknown())?;
    let Some(AnyProvider::Declared(provider)) = state.sender.providers().get(&name) else {
        return Err(unknown());
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // Signatures cover the URL as the vendor was given it, whatever proxies made of it on the way.
    let url = format!("{}{path}", state.services.issuer.trim_end_matches('/'));
    let request = CallbackRequest { method: method.as_str(), url: &url, headers, body };
    let received = provider.receive(&request, now).await.map_err(|error| match error {
        CallbackError::TooLong => Problem::new(Code::BodyTooLarge).detail(error.to_string()),
        CallbackError::Shape => Problem::new(Code::InvalidRequest).detail(error.to_string()),
        CallbackError::NoCallback => unknown(),
        CallbackError::NoKey | CallbackError::NoCertificate => {
            tracing::error!(provider = %name, %error, "a callback cannot be checked");
            Problem::new(Code::Unavailable).retry_after_s(60)
        }
        _ => Problem::new(Code::Unauthorized).detail(error.to_string()),
    })?;
    let reports = match received {
        Received::Reports(reports) => reports,
        Received::Challenge { answer } => return Ok(answer.into_response()),
        Received::Confirm { url } => {
            // Fetching a URL that somebody posted is the operator's decision, made once for a topic.
            tracing::warn!(provider = %name, url, "Amazon SNS asks to confirm a topic: open this URL once");
            return Ok(StatusCode::OK.into_response());
        }
    };
    if reports.unknown > 0 || reports.nameless > 0 {
        let (unknown, nameless) = (reports.unknown, reports.nameless);
        tracing::warn!(provider = %name, unknown, nameless, "receipts that the definition does not know");
    }
    for report in reports.reports {
        let receipt = CarrierReceipt {
            provider: name.clone(),
            delivery: report.delivery,
            ids: report.id.iter().map(|id| id.as_str().to_owned()).collect(),
            destination: None,
            status: report.verdict.status(),
            reason: report.code.clone(),
            reported_at: report.at,
        };
        match state.services.carrier_receipt(&receipt).await {
            Ok(()) => {}
            // It may have overtaken the answer to its submission. When nobody has room for it, the vendor is
            // asked to repeat it.
            Err(UseCaseError::NotFound(_)) => {
                if state.early.try_send(receipt).is_err() {
                    return Err(Problem::new(Code::Unavailable).retry_after_s(5));
                }
            }
            Err(error) => return Err(Problem::of(&error, now)),
        }
    }
    Ok(provider.callback_answer().to_owned().into_response())
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound).detail("there is no such provider that posts receipts")
}
