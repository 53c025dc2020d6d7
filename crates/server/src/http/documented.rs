//! What the API's description promises: which problems each operation may answer with.
//!
//! `./test api` holds every answer against it, down to the code inside the problem.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::problem::Code;

const ALWAYS: &[Code] = &[Code::Unauthorized, Code::Internal, Code::Unavailable];
const SCOPE: &[Code] = &[Code::Forbidden];
const NAMED: &[Code] = &[Code::NotFound];
const QUERY: &[Code] = &[Code::InvalidQuery];
const BODY: &[Code] =
    &[Code::MalformedJson, Code::BodyTooLarge, Code::UnsupportedMediaType, Code::InvalidRequest];
const SIGNED_BODY: &[Code] = &[Code::BodyTooLarge, Code::InvalidRequest];
const RETRY: &[Code] = &[Code::InvalidIdempotencyKey, Code::IdempotencyInFlight, Code::IdempotencyKeyReused];
const SUBJECT: &[Code] = &[Code::Busy];
const GUESSING: &[Code] = &[Code::GuessBudget];
const LOCK: &[Code] = &[Code::PhoneLocked, Code::PhoneDisabled];
const SENDING: &[Code] = &[
    Code::PhoneLimit,
    Code::LimitExceeded,
    Code::GuardRefused,
    Code::ChannelNotAllowed,
    Code::ChannelUnavailable,
];
const STARTING: &[Code] = &[Code::CountryNotAllowed, Code::NumberTypeRefused, Code::TooManyLive];
const ASKING: &[Code] = &[Code::ChannelNotAllowed, Code::CountryNotAllowed];
const RESENDING: &[Code] = &[Code::NotPending, Code::NoSendsLeft, Code::TooLateToResend, Code::ResendTooSoon];
const CHALLENGED: &[Code] = &[Code::ChallengeRequired];
const SOLVING: &[Code] = &[Code::ChallengeFailed, Code::ChallengeUnavailable];
const REDEEMING: &[Code] = &[
    Code::ProofInvalid,
    Code::AlreadyRedeemed,
    Code::ProofExpired,
    Code::ProofVoid,
    Code::AssuranceTooLow,
    Code::BindingMismatch,
];
const RECOVERED: &[Code] = &[Code::RecoveryNotReady, Code::RecoveryVoid];
const SETTING: &[Code] = &[Code::Conflict];
const ORIGIN: &[Code] = &[Code::OriginNotAllowed];
const NOT_NOW: &[Code] = &[Code::NotNow];

/// Declares, for each kind of operation, the problems that it may answer with.
macro_rules! documented {
    ($($(#[$doc:meta])* $name:ident: $($group:ident)+;)*) => {$(
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                responses(&[ALWAYS, $($group),+])
            }
        }
    )*};
}

documented! {
    /// `GET` of one verification, its timeline, or a decision.
    ShowProblems: NAMED;
    /// `GET /v1/verifications` and `GET /v1/funnel`
    ListProblems: QUERY;
    /// `POST /v1/verifications`
    StartProblems: SCOPE BODY RETRY SUBJECT LOCK GUESSING SENDING STARTING REDEEMING RECOVERED;
    /// `POST /v1/pages`
    PageProblems: SCOPE BODY ASKING;
    /// `POST /v1/recoveries`
    RecoverProblems: SCOPE BODY SUBJECT SENDING STARTING;
    /// `POST …/check`
    CheckProblems: SCOPE NAMED BODY RETRY SUBJECT LOCK GUESSING CHALLENGED;
    /// `POST …/challenge`
    SolveProblems: SCOPE NAMED BODY SUBJECT LOCK SENDING STARTING RESENDING SOLVING;
    /// `POST …/resend`
    ResendProblems: SCOPE NAMED BODY RETRY SUBJECT LOCK SENDING RESENDING CHALLENGED;
    /// `POST …/cancel` and `…/report`
    EndProblems: SCOPE NAMED SUBJECT;
    /// `POST /v1/proofs/redeem`
    RedeemProblems: SCOPE NAMED BODY RETRY SUBJECT REDEEMING;
    /// `POST /v1/decisions`
    DecideProblems: SCOPE BODY RETRY SUBJECT;
    /// `GET /v1/browser/verification`
    BrowserShowProblems: ORIGIN;
    /// `POST /v1/browser/verification/check`
    BrowserCheckProblems: ORIGIN BODY RETRY SUBJECT;
    /// `POST /v1/browser/verification/resend`
    BrowserResendProblems: ORIGIN BODY RETRY SUBJECT NOT_NOW;
    /// `POST /v1/browser/verification/challenge`
    BrowserSolveProblems: ORIGIN BODY SUBJECT NOT_NOW SOLVING;
    /// `POST /v1/browser/verification/report`
    BrowserReportProblems: ORIGIN SUBJECT NOT_NOW;
    /// `POST /v1/browser/verification/funnel`
    BrowserFunnelProblems: ORIGIN BODY;
    /// `PATCH /v1/app` and `POST /v1/keys`
    SettingProblems: SCOPE BODY SETTING;
    /// `POST /v1/phones/rebind`
    RebindProblems: SCOPE NAMED BODY SUBJECT;
    /// `POST /v1/phones/list` and `POST /v1/phones/import`
    PhonesProblems: SCOPE BODY SUBJECT SETTING;
    /// `GET /v1/keys`
    KeysProblems: SCOPE;
    /// `POST /v1/keys/{id}/rotate`
    RotateProblems: SCOPE NAMED BODY SETTING;
    /// `POST /v1/keys/{id}/revoke`
    RevokeProblems: SCOPE NAMED SETTING;
    /// `POST /v1/receipts/{provider}`; its body is looked at only once its signature is believed.
    ReceiptProblems: NAMED SIGNED_BODY SUBJECT;
}

/// `GET /v1/app`: needs a working key and nothing else.
pub struct AlwaysProblems;

impl IntoResponses for AlwaysProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[ALWAYS])
    }
}

/// One response for each status; its description lists the codes.
fn responses(groups: &[&[Code]]) -> BTreeMap<String, RefOr<Response>> {
    let mut codes: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| groups.iter().any(|group| group.contains(code))) {
        codes.entry(code.status()).or_default().push(code.as_str());
    }
    codes.into_iter().map(|(status, codes)| (status.to_string(), RefOr::T(response(&codes)))).collect()
}

fn response(codes: &[&str]) -> Response {
    let content = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem")))).build();
    ResponseBuilder::new().description(codes.join(" · ")).content("application/problem+json", content).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_lists_its_codes_and_no_others() {
        let of_show = ShowProblems::responses();
        assert_eq!(of_show.keys().map(String::as_str).collect::<Vec<_>>(), ["401", "404", "500", "503"]);
        let RefOr::T(redeem_conflicts) = &RedeemProblems::responses()["409"] else {
            panic!("not a reference")
        };
        assert_eq!(
            redeem_conflicts.description,
            "idempotency_in_flight · already_redeemed · proof_expired · proof_void · assurance_too_low · binding_mismatch"
        );
    }

    #[test]
    fn every_code_of_a_described_route_is_promised_somewhere() {
        let groups = [
            ALWAYS, SCOPE, NAMED, QUERY, BODY, RETRY, SUBJECT, LOCK, GUESSING, SENDING, STARTING, RESENDING,
            REDEEMING, RECOVERED, SETTING, ORIGIN, NOT_NOW, CHALLENGED, SOLVING,
        ];
        // A path without such a method is no operation of the description.
        let missing: Vec<&str> = Code::ALL
            .iter()
            .filter(|code| {
                **code != Code::MethodNotAllowed && !groups.iter().any(|group| group.contains(code))
            })
            .map(|code| code.as_str())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
