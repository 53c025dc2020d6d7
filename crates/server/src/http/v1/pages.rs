//! `POST /v1/pages`

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use countersign_core::phone::{Country, InvalidCountry};
use countersign_core::unique;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::start::{
    CodeBody, PresentationBody, PresentationMode, StepOrChannel, TermsBody, about_the_channel, terms,
};
use super::verification::TransactionBody;
use crate::http::auth::Server;
use crate::http::documented::PageProblems;
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::usecase::number::NewPage;
use crate::usecase::{Services, UseCaseError};

/// What to ask of the number that your customer gives on the page: a start without `to`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPage)]
pub struct PageBody {
    /// login · signup · payment · account_change · order, or your own word.
    #[schema(example = "signup", pattern = "^[a-z][a-z0-9_]{0,31}$")]
    purpose: String,
    /// What is approved.
    transaction: Option<TransactionBody>,
    /// The customer's browser session at your shop: 1–256 bytes. It is all that ties the number to your customer:
    /// compare it when you redeem the proof.
    #[schema(min_length = 1, max_length = 256, example = "b7c1f0")]
    session: String,
    /// The country of numbers without a country code, ISO 3166-1. Default: the app's default region.
    #[schema(example = "DE", pattern = "^[A-Z]{2}$")]
    region: Option<String>,
    /// How the code travels: sms · voice · whatsapp · telegram · email, as the app's policy allows. Default: the
    /// app's workflow, or `sms`.
    #[schema(example = "sms")]
    channel: Option<String>,
    /// Instead of `channel`: the channels that are tried one after another, at most 5, as of a start.
    #[schema(min_items = 1, max_items = 5)]
    workflow: Option<Vec<StepOrChannel>>,
    /// Your customer's e-mail address: needed where the code goes by `email`.
    #[schema(example = "ada@shop.example", max_length = 254)]
    email: Option<String>,
    /// The language of the page and of the message, such as `de` or `de-AT`. Default: the app's.
    #[schema(example = "en")]
    locale: Option<String>,
    /// The form of the code. Default: the app's.
    code: Option<CodeBody>,
    /// Life of the code in seconds, from the first message: 60–600.
    #[schema(minimum = 60, maximum = 600)]
    expires_in: Option<u64>,
    /// Your reference for your customer: 1–256 bytes. Becomes `sub` of the proof.
    #[schema(min_length = 1, max_length = 256)]
    customer: Option<String>,
    /// `page` (default) or `iframe`, with `return_url` and `state` as of a start.
    presentation: Option<PresentationBody>,
    /// Your own words: at most 16 names and values of 1–256 bytes. Never interpreted.
    #[serde(default, deserialize_with = "unique::map")]
    metadata: BTreeMap<String, String>,
}

/// A page that waits for a number.
#[derive(Serialize, ToSchema)]
#[schema(as = Page)]
pub struct PageAnswer {
    /// Its name, for your logs. There is no verification before a number is given.
    #[schema(example = "pag_01kayn3f2t0h8m5v9d7q4w6x2e")]
    id: String,
    /// Where you send your customer. It opens once, for whoever comes first.
    #[schema(example = "https://verify.shop.example/verify/AAGfb2…")]
    url: String,
    /// When the page stops working, RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<NewPage> for PageAnswer {
    fn from(new: NewPage) -> Self {
        let NewPage { page, url, expires_at } = new;
        PageAnswer { id: page.to_string(), url, expires_at: expires_at.to_string() }
    }
}

/// Make a page that asks for the number
///
/// For sign-up, or wherever you do not know the phone yet: your customer types it on the hosted page, and the
/// verification is started with it as your own start would. Nothing is stored or sent before, so a repeated request
/// needs no `Idempotency-Key`: it makes another page. You learn the verification from `return_url`. Whatever number
/// she typed is the one that is proved: take it from the proof, and compare `session` and `purpose` when you redeem.
#[utoipa::path(
    post, path = "/v1/pages", tag = "verifications",
    request_body = PageBody,
    responses(
        (status = 201, description = "A page; nothing was sent or stored", body = PageAnswer),
        PageProblems,
    ),
)]
pub async fn create_page(
    State(services): State<Services>,
    Server(caller): Server,
    body: Body<PageBody>,
) -> Result<(StatusCode, Json<PageAnswer>), Problem> {
    let body = body.value;
    let asked_in = body.workflow.as_ref().map_or("/channel", |_| "/workflow");
    let region = body.region.map(|text| region(&text)).transpose()?;
    let presentation = presentation(body.presentation)?;
    let asked = TermsBody {
        purpose: body.purpose,
        transaction: body.transaction,
        session: Some(body.session),
        channel: body.channel,
        workflow: body.workflow,
        email: body.email,
        locale: body.locale,
        code: body.code,
        expires_in: body.expires_in,
        customer: body.customer,
        presentation: Some(presentation),
        metadata: body.metadata,
    };
    let terms = terms(asked, &caller, &services.issuer)?;
    let page =
        services.create_page(&caller, terms, region).map_err(|error| refused(&error, &services, asked_in))?;
    Ok((StatusCode::CREATED, Json(page.into())))
}

fn region(text: &str) -> Result<Country, Problem> {
    text.parse().map_err(|wrong: InvalidCountry| Problem::field("/region", wrong.to_string()))
}

/// The number is asked for on the hosted page, so the code is typed there.
fn presentation(body: Option<PresentationBody>) -> Result<PresentationBody, Problem> {
    let body = body.unwrap_or_default();
    match body.mode {
        PresentationMode::Page | PresentationMode::Iframe => Ok(body),
        PresentationMode::Element | PresentationMode::App => {
            let detail = "the number is given on the hosted page: page or iframe";
            Err(Problem::field("/presentation/mode", detail))
        }
    }
}

/// As a start would say it, but for the number that there is not yet.
fn refused(error: &UseCaseError, services: &Services, asked_in: &str) -> Problem {
    let problem = about_the_channel(Problem::of(error, services.clock.now()), asked_in);
    let is_about_the_number = problem.pointer.as_deref() == Some("/to");
    if is_about_the_number { problem.pointer("/region") } else { problem }
}
