//! `POST /v1/verifications`

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_core::code::Alphabet;
use countersign_core::email::{EmailAddress, InvalidEmail};
use countersign_core::event::ClientAddress;
use countersign_core::locale::Locale;
use countersign_core::message::Reader;
use countersign_core::policy::{MAX_LIFETIME, MIN_LIFETIME, Policy};
use countersign_core::presentation::{AppHash, Host, Presentation};
use countersign_core::proof::MAX_PROOF_BYTES;
use countersign_core::purpose::Purpose;
use countersign_core::step::Started;
use countersign_core::time::Timestamp;
use countersign_core::unique;
use countersign_core::verification::Channel;
use countersign_core::workflow::{self, DEFAULT_WAIT_S, InvalidWorkflow, WorkflowStep};
use serde::Deserialize;
use utoipa::ToSchema;

use super::verification::{
    TransactionBody, VerificationBody, channel, channel_at, optional_text, phone, phone_at, session, text_map,
};
use crate::http::auth::Server;
use crate::http::documented::StartProblems;
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::http::rate_limit;
use crate::usecase::replace::{By, ReplaceRequest};
use crate::usecase::start::{Path, StartAnswer, StartRequest};
use crate::usecase::{Caller, Services};

/// What to verify.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Start)]
pub struct StartBody {
    /// The phone: international, or national with the app's default region. Test keys also take
    /// numbers that no plan assigns, such as +44 7700 900xxx.
    #[schema(example = "+447700900123", max_length = 64)]
    to: String,
    /// login · signup · payment · account_change · order, or your own word.
    #[schema(example = "payment", pattern = "^[a-z][a-z0-9_]{0,31}$")]
    purpose: String,
    /// What is approved.
    transaction: Option<TransactionBody>,
    /// The customer's browser session at your shop: 1–256 bytes. Give it: without one, everybody who
    /// starts for the same phone and purpose meets the same verification.
    #[schema(min_length = 1, max_length = 256)]
    session: Option<String>,
    /// How the code travels: sms · voice · whatsapp · telegram · email, as the app's policy allows. Default: the
    /// app's workflow, or `sms`.
    #[schema(example = "sms")]
    channel: Option<String>,
    /// Instead of `channel`: the channels that are tried one after another, at most 5. The next one is taken
    /// when the wait of the one before is over, at once when its message cannot arrive any more, and early on a
    /// resend. One code on all of them; its life runs from the first message.
    #[schema(min_items = 1, max_items = 5)]
    workflow: Option<Vec<StepOrChannel>>,
    /// Your customer's e-mail address: needed where the code goes by `email`, which proves no possession of the
    /// phone. Sealed, and erased when the verification ends.
    #[schema(example = "ada@shop.example", max_length = 254)]
    email: Option<String>,
    /// The language of the message, such as `de` or `de-AT`. Default: the app's.
    #[schema(example = "en")]
    locale: Option<String>,
    /// The form of the code. Default: the app's.
    code: Option<CodeBody>,
    /// Life of the code in seconds, from the first message: 60–600.
    #[schema(minimum = 60, maximum = 600)]
    expires_in: Option<u64>,
    /// Where your customer is.
    client: Option<ClientBody>,
    /// Your reference for your customer: 1–256 bytes. Becomes `sub` of the proof.
    #[schema(min_length = 1, max_length = 256)]
    customer: Option<String>,
    /// Your customer's old phone, if this one takes its place. Only with purpose `account_change` and a
    /// `customer`.
    replaces: Option<ReplacesBody>,
    /// Where the code is typed: decides the message's last line.
    presentation: Option<PresentationBody>,
    /// Your own words: at most 16 names and values of 1–256 bytes. Never interpreted.
    #[serde(default, deserialize_with = "unique::map")]
    metadata: BTreeMap<String, String>,
}

/// A step of a workflow: a channel's word, or with its wait.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum StepOrChannel {
    /// A channel.
    Channel(String),
    /// A channel and its wait.
    Step(StartStepBody),
}

/// A step of a workflow with its wait.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StartStep)]
pub struct StartStepBody {
    /// sms · voice · whatsapp · telegram · email
    #[schema(example = "whatsapp")]
    channel: String,
    /// Seconds from its message to the next step: 15–300. Default 30.
    #[schema(minimum = 15, maximum = 300, example = 30)]
    wait_s: Option<u16>,
}

/// The customer's old phone, and the proof that she still holds it or a recovery (NIST SP 800-63B-4 §4.1.2,
/// §4.2): one of both. This start uses it up; the old phone gets a notice, without a code, that its number is
/// being changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Replaces)]
pub struct ReplacesBody {
    /// The proof of a verification of the old phone, as its check returned it: of the same `customer`,
    /// `session` and `transaction`, purpose `account_change`, not redeemed, at most 300 seconds old.
    #[schema(max_length = 4096)]
    proof: Option<String>,
    /// Instead of a proof, where the old phone is lost: the id of a recovery of the same `customer` and for
    /// this phone, at or after its `ready_at`.
    #[schema(example = "ver_01kayn3f2t0h8m5v9d7q4w6x2e")]
    recovery: Option<String>,
    /// The old phone, from your own records and never from the browser. Compared with the proof: give it.
    #[schema(example = "+447700900123", max_length = 64)]
    phone: Option<String>,
}

/// The form of the code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CodeFormat)]
pub struct CodeBody {
    /// 6–10; 4 and 5 only if the app's policy allows codes below NIST's length.
    #[schema(minimum = 4, maximum = 10, example = 6)]
    length: Option<u8>,
    /// numeric · alphanumeric
    alphabet: Option<AlphabetBody>,
}

/// What a code is made of.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Alphabet)]
pub enum AlphabetBody {
    /// Digits.
    Numeric,
    /// Letters and digits that nobody confuses.
    Alphanumeric,
}

/// Where your customer is, in your word: the address of whoever calls this API is never used for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Client)]
pub struct ClientBody {
    /// Your customer's IP address. Checked for its form and not kept.
    #[schema(example = "203.0.113.7")]
    ip: Option<String>,
    /// Your customer's browser: at most 1,024 bytes. Not kept.
    #[schema(max_length = 1024)]
    user_agent: Option<String>,
    /// Your name for your customer's device: at most 256 bytes. Not kept.
    #[schema(max_length = 256)]
    device: Option<String>,
}

/// Where the code is typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Presentation)]
pub struct PresentationBody {
    /// page · element · iframe · app
    mode: PresentationMode,
    /// The origin of the shop's page, such as `https://shop.example`. For `page`: of the page itself.
    #[schema(example = "https://shop.example", max_length = 300)]
    origin: Option<String>,
    /// For `iframe`: the origin of the frame.
    #[schema(max_length = 300)]
    frame_origin: Option<String>,
    /// For `app`: the 11 characters of Android's SMS Retriever API.
    #[schema(min_length = 11, max_length = 11)]
    app_hash: Option<String>,
    /// What reads the message's last line: `browser`, the default, or `other` where your customer types
    /// the code elsewhere. For `other` the line of an origin is left out when it would cost another segment.
    reader: Option<ReaderBody>,
}

/// What reads the message's last line.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Reader)]
pub enum ReaderBody {
    /// A browser: the line stays.
    Browser,
    /// No browser.
    Other,
}

/// Where the code is typed.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PresentationMode {
    /// On a top-level page.
    Page,
    /// In an element of the shop's page.
    Element,
    /// In a frame in the shop's page.
    Iframe,
    /// In an Android app.
    App,
}

/// Start a verification
///
/// Sends a code to a phone. The same phone, purpose, session and transaction as a pending
/// verification answers 200 with that one (and sends again if the resend ladder allows); another
/// transaction in the same session supersedes it.
///
/// With `replaces` it binds another phone to a customer: the old phone's proof is redeemed first. If the
/// start is refused after that, by a limit that crosses phones, repeat it with its `Idempotency-Key`: it
/// finds the proof redeemed by itself.
#[utoipa::path(
    post, path = "/v1/verifications", tag = "verifications",
    params(IdempotencyHeader),
    request_body = StartBody,
    responses(
        (status = 201, description = "A new verification; a message is on its way", body = VerificationBody, headers(
            ("Location" = String, description = "Where it is read"),
            ("RateLimit-Policy" = String, description = "Limits on messages to this phone, such as `\"phone_per_hour\";q=5;w=3600`"),
            ("RateLimit" = String, description = "What is left of them: `r` messages, one more in `t` seconds. No promise"),
        )),
        (status = 200, description = "The verification that the same session has for the same thing", body = VerificationBody),
        StartProblems,
    ),
)]
pub async fn start(
    State(services): State<Services>,
    Server(caller): Server,
    key: IdempotencyKey,
    body: Body<StartBody>,
) -> Result<Response, Problem> {
    let retryable = key.bind(&body.bytes);
    let asked_in = body.value.workflow.as_ref().map_or("/channel", |_| "/workflow");
    let request = parse(body.value, &caller)?;
    let answer = services.start(&caller, request, retryable).await.map_err(|error| {
        let problem = Problem::of(&error, services.clock.now());
        let is_about_the_channel = problem.pointer.as_deref() == Some("/channel");
        if is_about_the_channel { problem.pointer(asked_in) } else { problem }
    })?;
    Ok(answered(answer, services.clock.now()))
}

/// What was begun, or found: 201 or 200, and where it is read.
pub(super) fn answered(answer: StartAnswer, now: Timestamp) -> Response {
    let status = match answer.started {
        Started::Created(_) => StatusCode::CREATED,
        Started::Found(_) => StatusCode::OK,
    };
    let location = format!("/v1/verifications/{}", answer.started.id());
    let mut response = (status, Json(VerificationBody::from(answer.view))).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    rate_limit::announce(&mut response, &answer.quotas, now);
    response
}

fn parse(body: StartBody, caller: &Caller) -> Result<StartRequest, Problem> {
    let policy = &caller.app.policy;
    let purpose = body.purpose.parse().map_err(|wrong: countersign_core::purpose::InvalidPurpose| {
        Problem::field("/purpose", wrong.to_string())
    })?;
    let lifetime = match body.expires_in {
        None => policy.lifetime(&purpose),
        Some(seconds) => lifetime(seconds)?,
    };
    text_map("/metadata", &body.metadata)?;
    let customer = optional_text("/customer", body.customer)?;
    let replaces = body.replaces.map(|old| replaces(old, &purpose, customer.as_ref(), caller)).transpose()?;
    Ok(StartRequest {
        phone: phone(&body.to, policy.default_region, caller.mode())?,
        transaction: body.transaction.map(|body| body.parse(&caller.app.brand)).transpose()?,
        session: session(body.session)?,
        customer,
        replaces,
        email: body.email.as_deref().map(|text| email(text, policy)).transpose()?,
        path: path(body.channel.as_deref(), body.workflow)?,
        locale: locale(body.locale.as_deref(), policy)?,
        reader: reader(body.presentation.as_ref()),
        presentation: body.presentation.map(presentation).transpose()?.unwrap_or_default(),
        format: code_format(body.code, policy)?,
        lifetime,
        client_address: client_address(body.client)?,
        metadata: body.metadata,
        purpose,
    })
}

fn replaces(
    body: ReplacesBody,
    purpose: &Purpose,
    customer: Option<&String>,
    caller: &Caller,
) -> Result<ReplaceRequest, Problem> {
    if *purpose != Purpose::AccountChange {
        return Err(Problem::field("/replaces", "only with the purpose account_change"));
    }
    let customer = customer
        .ok_or_else(|| Problem::field("/customer", "with replaces, say whose number changes"))?
        .clone();
    let by =
        match (body.proof, body.recovery) {
            (Some(proof), None) if proof.len() > MAX_PROOF_BYTES => {
                return Err(Problem::field("/replaces/proof", format!("at most {MAX_PROOF_BYTES} bytes")));
            }
            (Some(proof), None) => By::Proof(proof),
            (None, Some(recovery)) => By::Recovery(recovery.parse().map_err(|_| {
                Problem::field("/replaces/recovery", "the id of a recovery, such as ver_01…")
            })?),
            _ => return Err(Problem::field("/replaces", "give either proof or recovery")),
        };
    let region = caller.app.policy.default_region;
    let phone =
        body.phone.map(|text| phone_at("/replaces/phone", &text, region, caller.mode())).transpose()?;
    Ok(ReplaceRequest { by, phone, customer })
}

fn lifetime(seconds: u64) -> Result<Duration, Problem> {
    let lifetime = Duration::from_secs(seconds);
    if (MIN_LIFETIME..=MAX_LIFETIME).contains(&lifetime) {
        Ok(lifetime)
    } else {
        Err(Problem::field("/expires_in", "60 to 600 seconds (NIST SP 800-63B-4 §3.1.3.2)"))
    }
}

fn path(word: Option<&str>, workflow: Option<Vec<StepOrChannel>>) -> Result<Path, Problem> {
    match (word, workflow) {
        (None, None) => Ok(Path::Default),
        (Some(word), None) => channel(word).map(Path::Channel),
        (Some(_), Some(_)) => {
            Err(Problem::field("/channel", "a workflow names its channels: leave one of the two out"))
        }
        (None, Some(steps)) => {
            if steps.is_empty() {
                return Err(Problem::field("/workflow", "at least one step"));
            }
            let steps = steps.into_iter().enumerate().map(|(index, step)| match step {
                StepOrChannel::Channel(word) => {
                    channel_at(&format!("/workflow/{index}"), &word).map(WorkflowStep::from)
                }
                StepOrChannel::Step(StartStepBody { channel, wait_s }) => {
                    let channel = channel_at(&format!("/workflow/{index}/channel"), &channel)?;
                    Ok(WorkflowStep { channel, wait_s: wait_s.unwrap_or(DEFAULT_WAIT_S) })
                }
            });
            let steps = steps.collect::<Result<Vec<_>, Problem>>()?;
            workflow::check(&steps).map_err(|wrong| match wrong {
                InvalidWorkflow::Wait(step) => {
                    Problem::field(format!("/workflow/{}/wait_s", step - 1), wrong.to_string())
                }
                InvalidWorkflow::TooLong => Problem::field("/workflow", wrong.to_string()),
            })?;
            Ok(Path::Workflow(steps))
        }
    }
}

/// What is not needed is not kept.
fn email(text: &str, policy: &Policy) -> Result<EmailAddress, Problem> {
    if !policy.channels.contains(&Channel::Email) {
        return Err(Problem::field(
            "/email",
            "this app's policy does not name the channel email: leave it out",
        ));
    }
    text.parse().map_err(|wrong: InvalidEmail| Problem::field("/email", wrong.to_string()))
}

/// The language of a message: the app's, where none is asked for.
pub(super) fn locale(text: Option<&str>, policy: &Policy) -> Result<Locale, Problem> {
    match text {
        None => Ok(policy.default_locale.clone()),
        Some(text) => text.parse().map_err(|wrong: countersign_core::locale::InvalidLocale| {
            Problem::field("/locale", wrong.to_string())
        }),
    }
}

fn code_format(
    body: Option<CodeBody>,
    policy: &Policy,
) -> Result<countersign_core::code::CodeFormat, Problem> {
    let Some(body) = body else { return Ok(policy.code) };
    let alphabet = body.alphabet.map(|alphabet| match alphabet {
        AlphabetBody::Numeric => Alphabet::Numeric,
        AlphabetBody::Alphanumeric => Alphabet::Alphanumeric,
    });
    policy
        .code_format(body.length, alphabet)
        .map_err(|wrong| Problem::field("/code/length", wrong.to_string()))
}

fn client_address(client: Option<ClientBody>) -> Result<ClientAddress, Problem> {
    let Some(client) = client else { return Ok(ClientAddress::Absent) };
    for (pointer, text, max) in
        [("/client/user_agent", &client.user_agent, 1024), ("/client/device", &client.device, 256)]
    {
        if text.as_ref().is_some_and(|text| text.len() > max) {
            return Err(Problem::field(pointer, format!("at most {max} bytes")));
        }
    }
    match client.ip {
        None => Ok(ClientAddress::Absent),
        Some(ip) => match ip.parse::<IpAddr>() {
            Ok(_) => Ok(ClientAddress::Given),
            Err(_) => Err(Problem::field("/client/ip", "an IPv4 or IPv6 address without port")),
        },
    }
}

fn reader(presentation: Option<&PresentationBody>) -> Reader {
    match presentation.and_then(|body| body.reader) {
        None | Some(ReaderBody::Browser) => Reader::Browser,
        Some(ReaderBody::Other) => Reader::Other,
    }
}

fn presentation(body: PresentationBody) -> Result<Presentation, Problem> {
    let host = |pointer: &str, origin: Option<String>| {
        let origin = origin.ok_or_else(|| Problem::field(pointer, "this presentation needs it"))?;
        Host::of_origin(&origin).map_err(|wrong| Problem::field(pointer, wrong.to_string()))
    };
    let origin = body.origin;
    match body.mode {
        PresentationMode::Page => Ok(Presentation::Page { host: host("/presentation/origin", origin)? }),
        PresentationMode::Element => {
            Ok(Presentation::Element { host: host("/presentation/origin", origin)? })
        }
        PresentationMode::Iframe => Ok(Presentation::Iframe {
            top: host("/presentation/origin", origin)?,
            embedded: host("/presentation/frame_origin", body.frame_origin)?,
        }),
        PresentationMode::App => {
            let hash =
                body.app_hash.ok_or_else(|| Problem::field("/presentation/app_hash", "an app needs it"))?;
            let hash = AppHash::try_from(hash)
                .map_err(|wrong| Problem::field("/presentation/app_hash", wrong.to_string()))?;
            Ok(Presentation::App { hash })
        }
    }
}
