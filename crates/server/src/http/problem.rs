//! Every error of every face: one catalogue, one document form (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_core::guard::budget::OverBudget;
use countersign_core::policy::ChannelProblem;
use countersign_core::step::{BindingField, Refusal};
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rate_limit;
use crate::usecase::UseCaseError;

/// Declares the catalogue: variant, code, status, title, advice.
macro_rules! catalogue {
    ($($variant:ident $code:literal $status:literal $title:literal, $advice:literal;)*) => {
        /// What went wrong, in one word that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// What it means, the same every time.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// What to do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Code::$variant => $advice,)* }
            }
        }
    };
}

catalogue! {
    MalformedJson "malformed_json" 400 "The body is not JSON",
        "Send one JSON object in UTF-8; the detail says where it breaks.";
    InvalidIdempotencyKey "invalid_idempotency_key" 400 "The Idempotency-Key is not usable",
        "Send 1 to 255 visible ASCII characters, plain or as a quoted string; a UUID is a good choice.";
    InvalidQuery "invalid_query" 400 "The query string is not usable",
        "See the parameters of the endpoint in the API description.";
    Unauthorized "unauthorized" 401 "There is no working API key",
        "Send `Authorization: Bearer cs_live_…` or `cs_test_…` with a key that has not ended.";
    Forbidden "forbidden" 403 "The key's scope does not allow this",
        "Use a key with the scope that the detail names.";
    OriginNotAllowed "origin_not_allowed" 403 "Pages of this origin may not use the browser face",
        "Register the origin of your page with the app: `PATCH /v1/app` with `origins`.";
    PhoneDisabled "phone_disabled" 403 "The phone was disabled after 100 wrong codes in a row",
        "Identify the customer by other means, then bind the phone anew with POST /v1/phones/rebind (NIST SP 800-63B-4 §3.2.2).";
    NotFound "not_found" 404 "There is no such thing",
        "Check the id, and whether the key is of the same app and mode (live or test).";
    MethodNotAllowed "method_not_allowed" 405 "The path has no such method",
        "See the API description.";
    IdempotencyInFlight "idempotency_in_flight" 409 "A request with this Idempotency-Key is being processed",
        "Repeat it after Retry-After seconds: it gets the first one's answer.";
    ChallengeRequired "challenge_required" 409 "The verification's challenge was not solved",
        "Nothing was sent yet, and no attempt was counted. Solve it first: POST /v1/verifications/{id}/challenge.";
    NotPending "not_pending" 409 "The verification has ended",
        "Start a new one.";
    TooLateToResend "too_late_to_resend" 409 "Too little of the code's life is left for another message",
        "Start a new verification.";
    NoSendsLeft "no_sends_left" 409 "The verification has no messages left",
        "Start a new one, or offer another way.";
    AlreadyRedeemed "already_redeemed" 409 "The proof was redeemed before",
        "Do not carry the transaction out again. If your first redeem got no answer, repeat it with its Idempotency-Key.";
    ProofExpired "proof_expired" 409 "The proof's time is over",
        "A proof lives 300 seconds. Start a new verification.";
    ProofVoid "proof_void" 409 "The verification behind the proof is void",
        "Its customer reported it, or a binding did not match before. Do not carry the transaction out.";
    AssuranceTooLow "assurance_too_low" 409 "The proof shows no possession of the phone",
        "Its code went by e-mail. Start a new verification, or say that a notification is enough where it is.";
    NotNow "not_now" 409 "This is not possible now",
        "Wait for Retry-After where it is given, or start a new verification.";
    RecoveryNotReady "recovery_not_ready" 409 "The recovery's time has not come",
        "Whoever holds the old phone may still object. Wait for Retry-After; it is the recovery's ready_at.";
    RecoveryVoid "recovery_void" 409 "The recovery does not let this phone take the other's place",
        "It was canceled or objected to, has expired, was used, or is for another phone or customer; the detail says more.";
    BindingMismatch "binding_mismatch" 409 "Something is not what the customer approved",
        "The pointer says what. The verification is void now; start a new one with the right values.";
    Conflict "conflict" 409 "It was changed at the same time",
        "Read it again and repeat your change.";
    BodyTooLarge "body_too_large" 413 "The body is too large",
        "Send at most 64 KiB, or 1 MiB of phones to import.";
    UnsupportedMediaType "unsupported_media_type" 415 "The body is not declared as JSON",
        "Send `Content-Type: application/json`.";
    InvalidRequest "invalid_request" 422 "A field is not usable",
        "The pointer says which one, the detail why.";
    IdempotencyKeyReused "idempotency_key_reused" 422 "The Idempotency-Key was used for another request",
        "Use a new key for every new request.";
    CountryNotAllowed "country_not_allowed" 422 "The app does not send to this country",
        "Add the country to the app's policy if you sell there.";
    NumberTypeRefused "number_type_refused" 422 "The app does not send to this kind of number",
        "Ask the customer for a mobile number.";
    ChannelNotAllowed "channel_not_allowed" 422 "The code may not go out by this channel",
        "The detail says why: the app's policy, the purpose, the form of the code, or a missing e-mail address.";
    ChannelUnavailable "channel_unavailable" 422 "No provider carries this channel to this phone",
        "Ask for another channel, or configure a provider that carries it.";
    ChallengeFailed "challenge_failed" 422 "This does not solve the challenge",
        "After five wrong solutions the verification is denied. See docs/challenges.md.";
    ProofInvalid "proof_invalid" 422 "The proof is not believed",
        "Send the proof exactly as the check returned it, to the app and mode that it is for.";
    PhoneLimit "phone_limit" 429 "The phone was sent to too often",
        "Wait for Retry-After, or offer another way.";
    GuessBudget "guess_budget" 429 "Too many wrong codes in the whole app: devices that are not trusted have to wait",
        "Wait for `Retry-After`, or prove the customer on her trusted device. `GET /v1/guard` shows how far the budget is used. No attempt was counted.";
    PhoneLocked "phone_locked" 429 "The phone is locked after too many wrong codes",
        "Wait for Retry-After, or offer another way.";
    ResendTooSoon "resend_too_soon" 429 "The wait since the last message is not over",
        "Wait for Retry-After; show the customer when the next message is possible.";
    TooManyLive "too_many_live_verifications" 429 "The phone has too many live verifications",
        "Finish or cancel some.";
    LimitExceeded "limit_exceeded" 429 "A limit has no room",
        "violated-policies says which one; wait for Retry-After or raise it in the app's policy.";
    GuardRefused "guard_refused" 429 "The guard does not let this message out",
        "violated-policies says which rule; wait for Retry-After where it is given, or offer another way.";
    Internal "internal_error" 500 "Something went wrong here",
        "Repeat the request with the same Idempotency-Key; give the request id to whoever runs the server.";
    Busy "busy" 503 "Too many requests for the same phone at once",
        "Nothing was counted. Repeat after Retry-After.";
    ChallengeUnavailable "challenge_unavailable" 503 "Nobody could say whether this solves the challenge",
        "The challenge's vendor did not answer. Nothing was counted. Repeat with a new token.";
    Unavailable "unavailable" 503 "The server cannot write now",
        "Nothing was changed. Repeat after Retry-After with the same Idempotency-Key.";
}

impl Code {
    /// A URI that names the problem. 429s of limits are the registered `quota-exceeded`
    /// (draft-ietf-httpapi-ratelimit-headers, R2); all others are ours.
    fn type_uri(self) -> String {
        match self {
            Code::PhoneLimit | Code::LimitExceeded | Code::GuardRefused => {
                "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned()
            }
            other => format!("urn:countersign:problem:{}", other.as_str()),
        }
    }
}

/// A problem document (RFC 9457), `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI that names the problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:countersign:problem:invalid_request")]
    pub type_uri: String,
    /// What it means, the same every time.
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What went wrong this time, and what would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The problem in one word that never changes.
    #[schema(example = "invalid_request")]
    pub code: String,
    /// The field that is wrong, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/transaction/amount")]
    pub pointer: Option<String>,
    /// The limits that have no room.
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty", default)]
    pub violated_policies: Vec<String>,
    /// Seconds after which a repetition can succeed; also in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of the catalogue.
    pub fn new(code: Code) -> Self {
        Problem {
            type_uri: code.type_uri(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: None,
            code: code.as_str().to_owned(),
            pointer: None,
            violated_policies: Vec::new(),
            retry_after_s: None,
        }
    }

    /// With what went wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With the field that is wrong.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// With the limit that has no room.
    #[must_use]
    pub fn policy(mut self, policy: &str) -> Self {
        self.violated_policies.push(policy.to_owned());
        self
    }

    /// With the time after which a repetition can succeed.
    #[must_use]
    pub const fn retry_after_s(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(if seconds == 0 { 1 } else { seconds });
        self
    }

    /// A field that is not usable.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Problem::new(Code::InvalidRequest).pointer(pointer).detail(detail)
    }

    /// What a use case's error is to an API user.
    pub fn of(error: &UseCaseError, now: Timestamp) -> Self {
        match error {
            UseCaseError::NotFound(what) => {
                Problem::new(Code::NotFound).detail(format!("there is no such {what}"))
            }
            UseCaseError::Refused(refusal) => Problem::of_refusal(*refusal, now),
            UseCaseError::NoRoute(_) => {
                Problem::new(Code::ChannelUnavailable).pointer("/channel").detail(error.to_string())
            }
            UseCaseError::TooWeak => Problem::new(Code::AssuranceTooLow).detail(error.to_string()),
            UseCaseError::ChallengeUnanswered(_) => Problem::new(Code::ChallengeUnavailable).retry_after_s(5),
            UseCaseError::NotSolved { .. } => {
                Problem::new(Code::ChallengeFailed).pointer("/solution").detail(error.to_string())
            }
            UseCaseError::LimitExceeded(exceeded) => Problem::new(Code::LimitExceeded)
                .policy(exceeded.rule.as_str())
                .detail(error.to_string())
                .retry_after_s(now.seconds_until(exceeded.retry_at)),
            UseCaseError::Guarded(objection) => {
                let problem = Problem::new(Code::GuardRefused)
                    .policy(objection.rule.as_str())
                    .detail(objection.rule.reason());
                match objection.retry_at {
                    Some(retry_at) => problem.retry_after_s(now.seconds_until(retry_at)),
                    None => problem,
                }
            }
            UseCaseError::KeyReused => Problem::new(Code::IdempotencyKeyReused),
            UseCaseError::InFlight => Problem::new(Code::IdempotencyInFlight).retry_after_s(1),
            UseCaseError::Proof(reason) => {
                Problem::new(Code::ProofInvalid).pointer("/proof").detail(reason.to_string())
            }
            UseCaseError::AlreadyRedeemed => Problem::new(Code::AlreadyRedeemed),
            UseCaseError::ProofExpired => Problem::new(Code::ProofExpired),
            UseCaseError::ProofVoid => Problem::new(Code::ProofVoid),
            UseCaseError::Mismatch(field) => Problem::new(Code::BindingMismatch)
                .pointer(format!("/{}", field.as_str()))
                .detail(error.to_string()),
            UseCaseError::SamePhone => Problem::field("/to", error.to_string()),
            UseCaseError::RecoveryNotReady(ready_at) => Problem::new(Code::RecoveryNotReady)
                .pointer("/replaces/recovery")
                .detail(error.to_string())
                .retry_after_s(now.seconds_until(*ready_at)),
            UseCaseError::RecoveryVoid | UseCaseError::RecoveryUntold => {
                Problem::new(Code::RecoveryVoid).pointer("/replaces/recovery").detail(error.to_string())
            }
            UseCaseError::OtherRecovery(field) => {
                let pointer = match field {
                    BindingField::Phone => "/replaces/phone".to_owned(),
                    other => format!("/{}", other.as_str()),
                };
                Problem::new(Code::RecoveryVoid).pointer(pointer).detail(error.to_string())
            }
            UseCaseError::Replaces(reason) => Problem::of_replaced(reason, now),
            UseCaseError::InvalidSetting { pointer, detail } => {
                Problem::field(pointer.clone(), detail.clone())
            }
            UseCaseError::Conflict => Problem::new(Code::Conflict),
            UseCaseError::Busy => Problem::new(Code::Busy).retry_after_s(1),
            UseCaseError::Store(reason) => {
                tracing::error!(%reason, "the store did not answer a request");
                Problem::new(Code::Unavailable).retry_after_s(1)
            }
            UseCaseError::Key(reason) => {
                tracing::error!(%reason, "a request needs a key that is not there");
                Problem::new(Code::Internal)
            }
        }
    }

    /// Why the old phone of a start does not give way. Its number is the one thing of it that the request
    /// can name besides its proof.
    fn of_replaced(reason: &UseCaseError, now: Timestamp) -> Self {
        let pointer = match reason {
            UseCaseError::Mismatch(BindingField::Phone) => "/replaces/phone",
            _ => "/replaces/proof",
        };
        Problem::of(reason, now).pointer(pointer)
    }

    /// Why a recovery does not begin. What is refused is the lost phone, not the one for its place.
    pub fn of_recovery(error: &UseCaseError, now: Timestamp) -> Self {
        let problem = Problem::of(error, now);
        match error {
            UseCaseError::Refused(Refusal::CountryNotAllowed(_) | Refusal::NumberTypeRefused(_)) => {
                problem.pointer("/phone")
            }
            UseCaseError::SamePhone => problem.detail("this is the lost phone itself"),
            _ => problem,
        }
    }

    fn of_refusal(refusal: Refusal, now: Timestamp) -> Self {
        let wait = |code, until: Timestamp| Problem::new(code).retry_after_s(now.seconds_until(until));
        match refusal {
            Refusal::ImportRefused(invalid) => Problem::field("/known", invalid.to_string()),
            Refusal::ReplacementRefused(why) => Problem::of_refusal(why.into(), now),
            Refusal::CountryNotAllowed(country) => {
                let country = country.map_or_else(|| "international networks".to_owned(), |c| c.to_string());
                Problem::new(Code::CountryNotAllowed).pointer("/to").detail(format!(
                    "this app does not send to {country}; its policy lists the countries that it does"
                ))
            }
            Refusal::NumberTypeRefused(number_type) => {
                Problem::new(Code::NumberTypeRefused).pointer("/to").detail(format!(
                    "this is a {} number, which this app does not send to",
                    number_type.as_str()
                ))
            }
            Refusal::ChannelRefused(channel, problem) => {
                let why = match problem {
                    ChannelProblem::NotInPolicy => format!("this app's policy does not name {channel}"),
                    ChannelProblem::NotForPurpose => {
                        format!("{channel} shows no possession of the phone, which this purpose needs")
                    }
                    ChannelProblem::NotForCode => {
                        format!("{channel} cannot carry a code of this form: take digits, at most 8")
                    }
                    ChannelProblem::NoAddress => "the verification has no e-mail address".to_owned(),
                };
                let pointer = if problem == ChannelProblem::NoAddress { "/email" } else { "/channel" };
                Problem::new(Code::ChannelNotAllowed).pointer(pointer).detail(why)
            }
            Refusal::PhoneLimit { window, retry_at } => {
                wait(Code::PhoneLimit, retry_at).policy(window.as_str())
            }
            Refusal::PhoneLocked { until } => wait(Code::PhoneLocked, until),
            Refusal::GuessBudget(OverBudget { retry_at: Some(at) }) => wait(Code::GuessBudget, at),
            Refusal::GuessBudget(OverBudget { retry_at: None }) => Problem::new(Code::GuessBudget),
            Refusal::PhoneDisabled => Problem::new(Code::PhoneDisabled),
            Refusal::NobodyToTrust => {
                Problem::field("/trust_device", "the verification names no customer to trust a device for")
            }
            Refusal::TooManyLive => Problem::new(Code::TooManyLive).retry_after_s(60),
            Refusal::ResendTooSoon { retry_at } => wait(Code::ResendTooSoon, retry_at),
            Refusal::NoSendsLeft => Problem::new(Code::NoSendsLeft),
            Refusal::TooLateToResend => Problem::new(Code::TooLateToResend),
            Refusal::ChallengeOpen => Problem::new(Code::ChallengeRequired),
            Refusal::NotPending(status) => {
                Problem::new(Code::NotPending).detail(format!("its status is {}", status.as_str()))
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_s;
        let exhausted = rate_limit::exhausted(&self);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(exhausted) = exhausted {
            headers.insert(rate_limit::RATE_LIMIT, exhausted);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"countersign\""));
        }
        response
    }
}

/// The catalogue as a page of the documentation.
pub fn catalogue_markdown() -> String {
    use std::fmt::Write as _;
    let mut page = String::from(
        "# Errors\n\nEvery error is a problem document (RFC 9457, `application/problem+json`) with a `code` that never changes.\n\
         This page is generated from the catalogue in `crates/server/src/http/problem.rs`; a test compares the two.\n\n\
         | code | status | means | what to do |\n|---|---|---|---|\n",
    );
    for code in Code::ALL {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            code.as_str(),
            code.status(),
            code.title(),
            code.advice()
        );
    }
    page
}
