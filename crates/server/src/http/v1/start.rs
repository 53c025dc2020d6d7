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
use countersign_core::gate::Gate;
use countersign_core::locale::Locale;
use countersign_core::message::Reader;
use countersign_core::origin::{NoOrigin, NoReturnUrl, Origin, ReturnTo, ReturnUrl};
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
use zeroize::Zeroizing;

use super::verification::{
    TransactionBody, VerificationBody, channel, channel_at, optional_text, phone, phone_at, session, text_map,
};
use crate::http::auth::Server;
use crate::http::documented::StartProblems;
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::http::rate_limit;
use crate::usecase::admit::Client;
use crate::usecase::device::ShownToken;
use crate::usecase::replace::{By, ReplaceRequest};
use crate::usecase::start::{StartAnswer, StartRequest};
use crate::usecase::terms::{Path, Terms};
use crate::usecase::{Caller, Services};

/// More than any token has.
const MAX_TOKEN_BYTES: usize = 256;

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
    /// Your customer's IP address, never your server's. The guard counts new numbers by it; without one, the limits of
    /// addresses are off for this start. Kept as a one-way function for 8 days.
    #[schema(example = "203.0.113.7")]
    ip: Option<String>,
    /// Your customer's browser: at most 1,024 bytes. Not kept.
    #[schema(max_length = 1024)]
    user_agent: Option<String>,
    /// Your name for your customer's device, such as the value of a cookie: at most 256 bytes. The guard counts by it.
    /// Kept as a one-way function.
    #[schema(max_length = 256)]
    device: Option<String>,
    /// What a check gave you as `device_token`, from the cookie that you set with it. Needs a `customer`. The answer has
    /// the next one.
    #[schema(max_length = 256, example = "cvd_AAGfb2…")]
    device_token: Option<String>,
}

/// A token as it was sent. One that is none is no mistake: whoever holds the browser writes its cookies.
pub(super) fn shown_token(
    pointer: &str,
    text: String,
    customer: Option<&String>,
) -> Result<ShownToken, Problem> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(Problem::field(pointer, format!("at most {MAX_TOKEN_BYTES} bytes")));
    }
    if customer.is_none() {
        return Err(Problem::field("/customer", "with a device_token, say whose it is"));
    }
    Ok(ShownToken(Zeroizing::new(text)))
}

/// Where the code is typed.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Presentation)]
pub struct PresentationBody {
    /// page · element · iframe · app
    pub(super) mode: PresentationMode,
    /// The origin of the shop's page, such as `https://shop.example`; for `element` and `iframe` one of the app's
    /// `origins`. For `page`: of the page itself; default: the hosted page.
    #[schema(example = "https://shop.example", max_length = 300)]
    origin: Option<String>,
    /// For `iframe`: the origin of the frame, one of the app's `origins`; default: the hosted page.
    #[schema(max_length = 300)]
    frame_origin: Option<String>,
    /// For the hosted page: where it sends your customer when it is done, one of the app's `return_urls`. It comes
    /// back with `verification` and `state` in its query, and without an outcome: read that with your server.
    #[schema(example = "https://shop.example/checkout/verified", max_length = 1024)]
    return_url: Option<String>,
    /// Your own word, 1–256 bytes, given back with `return_url`: bind it to the browser session that you start for.
    #[schema(min_length = 1, max_length = 256)]
    state: Option<String>,
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
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PresentationMode {
    /// On a top-level page.
    #[default]
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
/// Where the guard suspects fraud, or the app's policy says `always`, the answer has the status `challenge_required` and a
/// `challenge`; the message leaves once `POST /v1/verifications/{id}/challenge` has its solution. The hosted page and
/// `<countersign-otp>` do that by themselves.
///
/// With `replaces` it binds another phone to a customer: the old phone's proof is redeemed first. If the
/// start is refused after that, by a limit that crosses phones, repeat it with its `Idempotency-Key`: it
/// finds the proof redeemed by itself.
#[utoipa::path(
    post, path = "/v1/verifications", tag = "verifications",
    params(IdempotencyHeader),
    request_body = StartBody,
    responses(
        (status = 201, description = "A new verification; a message is on its way, or a challenge is to be solved", body = VerificationBody, headers(
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
    let request = parse(body.value, &caller, &services.issuer)?;
    let answer = services
        .start(&caller, request, retryable)
        .await
        .map_err(|error| about_the_channel(Problem::of(&error, services.clock.now()), asked_in))?;
    Ok(answered(answer, services.clock.now()))
}

/// What is wrong with a channel is wrong where the channel was asked for.
pub(super) fn about_the_channel(problem: Problem, asked_in: &str) -> Problem {
    let is_it = problem.pointer.as_deref() == Some("/channel");
    if is_it { problem.pointer(asked_in) } else { problem }
}

/// What was begun, or found: 201 or 200, and where it is read.
pub(super) fn answered(answer: StartAnswer, now: Timestamp) -> Response {
    let status = match answer.started {
        Started::Created(_) => StatusCode::CREATED,
        Started::Found(_) => StatusCode::OK,
    };
    let location = format!("/v1/verifications/{}", answer.started.id());
    let body = VerificationBody {
        client_secret: answer.client_secret.map(|secret| secret.expose().to_owned()),
        url: answer.url,
        device: answer.device.as_ref().map(|device| device.used.as_str().to_owned()),
        device_token: answer.device.and_then(|device| device.next).map(|next| next.expose().to_owned()),
        ..VerificationBody::from(answer.view)
    };
    let mut response = (status, Json(body)).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    rate_limit::announce(&mut response, &answer.quotas, now);
    response
}

fn parse(body: StartBody, caller: &Caller, issuer: &str) -> Result<StartRequest, Problem> {
    let StartBody { to, mut client, replaces: old, .. } = body;
    let device_token = client.as_mut().and_then(|client| client.device_token.take());
    let terms = terms(
        TermsBody {
            purpose: body.purpose,
            transaction: body.transaction,
            session: body.session,
            channel: body.channel,
            workflow: body.workflow,
            email: body.email,
            locale: body.locale,
            code: body.code,
            expires_in: body.expires_in,
            customer: body.customer,
            presentation: body.presentation,
            metadata: body.metadata,
        },
        caller,
        issuer,
    )?;
    let customer = terms.customer.as_ref();
    Ok(StartRequest {
        phone: phone(&to, caller.app.policy.default_region, caller.mode)?,
        replaces: old.map(|old| replaces(old, &terms.purpose, customer, caller)).transpose()?,
        client: known_client(client)?,
        device_token: device_token
            .map(|text| shown_token("/client/device_token", text, terms.customer.as_ref()))
            .transpose()?,
        gate: Gate::Open,
        terms,
    })
}

/// What is asked of a phone, as it arrived.
pub(super) struct TermsBody {
    pub(super) purpose: String,
    pub(super) transaction: Option<TransactionBody>,
    pub(super) session: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) workflow: Option<Vec<StepOrChannel>>,
    pub(super) email: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) code: Option<CodeBody>,
    pub(super) expires_in: Option<u64>,
    pub(super) customer: Option<String>,
    pub(super) presentation: Option<PresentationBody>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// What is asked of a phone, or which field of it is wrong.
pub(super) fn terms(mut body: TermsBody, caller: &Caller, issuer: &str) -> Result<Terms, Problem> {
    let policy = &caller.app.policy;
    let purpose = body.purpose.parse().map_err(|wrong: countersign_core::purpose::InvalidPurpose| {
        Problem::field("/purpose", wrong.to_string())
    })?;
    let lifetime = match body.expires_in {
        None => policy.lifetime(&purpose),
        Some(seconds) => lifetime(seconds)?,
    };
    text_map("/metadata", &body.metadata)?;
    Ok(Terms {
        customer: optional_text("/customer", body.customer)?,
        transaction: body.transaction.map(|body| body.parse(&caller.app.brand)).transpose()?,
        session: session(body.session)?,
        email: body.email.as_deref().map(|text| email(text, policy)).transpose()?,
        path: path(body.channel.as_deref(), body.workflow)?,
        locale: locale(body.locale.as_deref(), policy)?,
        reader: reader(body.presentation.as_ref()),
        return_to: body.presentation.as_mut().map(|body| return_to(body, caller)).transpose()?.flatten(),
        presentation: body
            .presentation
            .map(|body| presentation(body, caller, issuer))
            .transpose()?
            .unwrap_or_default(),
        format: code_format(body.code, policy)?,
        lifetime,
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
    let phone = body.phone.map(|text| phone_at("/replaces/phone", &text, region, caller.mode)).transpose()?;
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

fn known_client(client: Option<ClientBody>) -> Result<Client, Problem> {
    let Some(client) = client else { return Ok(Client::default()) };
    for (pointer, text, max) in
        [("/client/user_agent", &client.user_agent, 1024), ("/client/device", &client.device, 256)]
    {
        if text.as_ref().is_some_and(|text| text.len() > max) {
            return Err(Problem::field(pointer, format!("at most {max} bytes")));
        }
    }
    let wrong = |_| Problem::field("/client/ip", "an IPv4 or IPv6 address without port");
    let address = client.ip.map(|ip| ip.parse::<IpAddr>().map_err(wrong)).transpose()?;
    Ok(Client { address, device: client.device })
}

fn reader(presentation: Option<&PresentationBody>) -> Reader {
    match presentation.and_then(|body| body.reader) {
        None | Some(ReaderBody::Browser) => Reader::Browser,
        Some(ReaderBody::Other) => Reader::Other,
    }
}

/// Where the code is typed; `issuer` is this server's own origin.
fn presentation(body: PresentationBody, caller: &Caller, issuer: &str) -> Result<Presentation, Problem> {
    // The hosted page's, where browsers bind codes to it at all.
    let own_host = Host::of_origin(issuer).ok();
    let host = |pointer: &str, origin: &str| {
        Host::of_origin(origin).map_err(|wrong| Problem::field(pointer, wrong.to_string()))
    };
    let given = body.origin.as_deref().map(|origin| host("/presentation/origin", origin)).transpose()?;
    if matches!(body.mode, PresentationMode::Element | PresentationMode::Iframe) {
        registered("/presentation/origin", body.origin.as_deref(), caller, issuer)?;
        registered("/presentation/frame_origin", body.frame_origin.as_deref(), caller, issuer)?;
    }
    let needed = |pointer: &str| Problem::field(pointer, "this presentation needs it");
    match body.mode {
        PresentationMode::Page => Ok(match given.or(own_host) {
            Some(host) => Presentation::Page { host },
            None => Presentation::Unbound,
        }),
        PresentationMode::Element => {
            Ok(Presentation::Element { host: given.ok_or_else(|| needed("/presentation/origin"))? })
        }
        PresentationMode::Iframe => {
            let top = given.ok_or_else(|| needed("/presentation/origin"))?;
            let frame = body.frame_origin.as_deref();
            let frame = frame.map(|origin| host("/presentation/frame_origin", origin)).transpose()?;
            match frame.or(own_host) {
                Some(embedded) => Ok(Presentation::Iframe { top, embedded }),
                None => Err(needed("/presentation/frame_origin")),
            }
        }
        PresentationMode::App => {
            let hash = body.app_hash.ok_or_else(|| needed("/presentation/app_hash"))?;
            let hash = AppHash::try_from(hash)
                .map_err(|wrong| Problem::field("/presentation/app_hash", wrong.to_string()))?;
            Ok(Presentation::App { hash })
        }
    }
}

/// Refuses an origin that is neither one of the app's nor this server's own: no element works there and no frame is shown, so
/// that a message for it would be wasted, or somebody else's.
fn registered(pointer: &str, origin: Option<&str>, caller: &Caller, issuer: &str) -> Result<(), Problem> {
    let Some(text) = origin else { return Ok(()) };
    let origin: Origin =
        text.parse().map_err(|wrong: NoOrigin| Problem::field(pointer, wrong.to_string()))?;
    if origin.as_str() == issuer || caller.app.origins.contains(&origin) {
        return Ok(());
    }
    Err(Problem::field(pointer, "it is none of the app's origins: add it with PATCH /v1/app"))
}

fn return_to(body: &mut PresentationBody, caller: &Caller) -> Result<Option<ReturnTo>, Problem> {
    let state = optional_text("/presentation/state", body.state.take())?;
    let Some(text) = body.return_url.take() else {
        return match state {
            None => Ok(None),
            Some(_) => Err(Problem::field("/presentation/state", "only with a return_url")),
        };
    };
    let url: ReturnUrl = text
        .parse()
        .map_err(|wrong: NoReturnUrl| Problem::field("/presentation/return_url", wrong.to_string()))?;
    if !caller.app.return_urls.contains(&url) {
        let detail = "it is none of the app's return_urls: add it with PATCH /v1/app";
        return Err(Problem::field("/presentation/return_url", detail));
    }
    Ok(Some(ReturnTo { url, state }))
}
