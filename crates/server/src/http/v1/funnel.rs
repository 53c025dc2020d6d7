//! `GET /v1/funnel`

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use countersign_core::funnel::{FunnelCount, FunnelCounts, FunnelStep};
use countersign_core::time::{Day, InvalidDay};
use countersign_delivery::provider::{InvalidProviderName, ProviderName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::auth::Reader;
use crate::http::documented::ListProblems;
use crate::http::problem::{Code, Problem};
use crate::usecase::Services;
use crate::usecase::funnel::{FunnelFilter, MAX_DAYS, MAX_ROWS, Only};

/// Days that are shown when none are named.
const DEFAULT_DAYS: u16 = 30;
/// What a filter says for those that have no country or no provider.
const MISSING: &str = "none";

/// Which figures are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FunnelParams {
    /// The first day, in UTC, on which verifications were started. By default 29 days before `to`.
    #[param(format = Date, example = "2026-11-01")]
    from: Option<String>,
    /// The last day, included; at most 92 with the first. By default today.
    #[param(format = Date, example = "2026-11-30")]
    to: Option<String>,
    /// page · element · iframe · app · none
    #[param(pattern = "^(page|element|iframe|app|none)$")]
    presentation: Option<String>,
    /// Only of phones of this country, two letters; `none`: of international networks.
    #[param(pattern = "^([A-Z]{2}|none)$")]
    country: Option<String>,
    /// Only of this provider; `none`: where no provider has accepted a message.
    #[param(pattern = "^[a-z0-9_-]{1,32}$")]
    provider: Option<String>,
}

/// How far customers came.
#[derive(Serialize, ToSchema)]
#[schema(as = Funnel)]
pub struct FunnelBody {
    /// The first day.
    #[schema(format = Date, example = "2026-11-01")]
    from: String,
    /// The last day.
    #[schema(format = Date, example = "2026-11-30")]
    to: String,
    /// The sums of all rows.
    total: FunnelTotalBody,
    /// By day, presentation, country and provider; rows without any figure are left out.
    data: Vec<FunnelRowBody>,
}

/// How many verifications came to each step.
#[derive(Serialize, ToSchema)]
#[schema(as = FunnelTotal)]
pub struct FunnelTotalBody {
    /// A browser showed the field for the code.
    shown: u64,
    /// A provider accepted a message with it.
    sent: u64,
    /// Something was typed or filled in.
    first_digit: u64,
    /// A guess was evaluated.
    submitted: u64,
    /// The right code was given.
    approved: u64,
}

/// The figures of verifications that have these four in common.
#[derive(Serialize, ToSchema)]
#[schema(as = FunnelRow)]
pub struct FunnelRowBody {
    /// The day, in UTC, on which they were started.
    #[schema(format = Date, example = "2026-11-23")]
    day: String,
    /// Where the code is typed: page · element · iframe · app · none
    #[schema(example = "page")]
    presentation: String,
    /// The phone's country; null for international networks.
    #[schema(example = "DE")]
    country: Option<String>,
    /// The provider that was the first to accept a message; null while none has.
    #[schema(example = "twilio")]
    provider: Option<String>,
    /// A browser showed the field for the code.
    shown: u64,
    /// A provider accepted a message with it.
    sent: u64,
    /// Something was typed or filled in.
    first_digit: u64,
    /// A guess was evaluated.
    submitted: u64,
    /// The right code was given.
    approved: u64,
}

/// Show how far customers came
///
/// Verifications of the key's app and mode: shown, sent, first digit, submitted, approved, each counted once a
/// verification. A figure is there after some seconds.
#[utoipa::path(
    get, path = "/v1/funnel", tag = "figures", operation_id = "funnel",
    params(FunnelParams),
    responses((status = 200, description = "The figures", body = FunnelBody), ListProblems),
)]
pub async fn funnel(
    State(services): State<Services>,
    Reader(caller): Reader,
    query: Result<Query<FunnelParams>, QueryRejection>,
) -> Result<Json<FunnelBody>, Problem> {
    let Query(params) = query.map_err(|wrong| Problem::new(Code::InvalidQuery).detail(wrong.body_text()))?;
    let now = services.clock.now();
    let filter = filter(params, now.day())?;
    let (from, to) = (filter.from.to_string(), filter.to.to_string());
    let rows = services.funnel(&caller, filter).await.map_err(|error| Problem::of(&error, now))?;
    let rows = rows.ok_or_else(|| {
        let detail = format!("these are more than {MAX_ROWS} rows: ask for fewer days, or use a filter");
        Problem::new(Code::InvalidQuery).detail(detail)
    })?;
    let total = rows.iter().fold(FunnelCounts::default(), |sum, row| sum.plus(row.counts));
    Ok(Json(FunnelBody {
        from,
        to,
        total: total.into(),
        data: rows.into_iter().map(FunnelRowBody::from).collect(),
    }))
}

fn filter(params: FunnelParams, today: Day) -> Result<FunnelFilter, Problem> {
    let wrong =
        |name: &str, detail: String| Problem::new(Code::InvalidQuery).detail(format!("{name}: {detail}"));
    let day = |name: &str, text: Option<String>| {
        text.map(|text| text.parse().map_err(|reason: InvalidDay| wrong(name, reason.to_string())))
            .transpose()
    };
    let to = day("to", params.to)?.unwrap_or(today);
    let from = day("from", params.from)?.unwrap_or_else(|| to.minus(DEFAULT_DAYS - 1));
    let days = to.since(from) + 1;
    if days < 1 {
        return Err(wrong("from", "not after `to`".to_owned()));
    }
    if days > i32::from(MAX_DAYS) {
        return Err(wrong("from", format!("at most {MAX_DAYS} days, these are {days}")));
    }
    let presentation = params.presentation.map(|text| {
        text.parse().map_err(|reason: countersign_core::presentation::InvalidPresentationMode| {
            wrong("presentation", reason.to_string())
        })
    });
    let country = only(params.country, |text| {
        text.parse()
            .map_err(|reason: countersign_core::phone::InvalidCountry| wrong("country", reason.to_string()))
    });
    let provider = only(params.provider, |text| {
        let name: Result<ProviderName, InvalidProviderName> = text.parse();
        name.map(String::from).map_err(|reason| wrong("provider", reason.to_string()))
    });
    Ok(FunnelFilter {
        from,
        to,
        presentation: presentation.transpose()?,
        country: country?,
        provider: provider?,
    })
}

fn only<T>(param: Option<String>, read: impl Fn(String) -> Result<T, Problem>) -> Result<Only<T>, Problem> {
    match param {
        None => Ok(Only::All),
        Some(word) if word == MISSING => Ok(Only::Missing),
        Some(word) => read(word).map(Only::Is),
    }
}

/// A number of one step. One that a crash has left below zero is none.
fn number(counts: &FunnelCounts, step: FunnelStep) -> u64 {
    counts.get(step).try_into().unwrap_or(0)
}

impl From<FunnelCounts> for FunnelTotalBody {
    fn from(counts: FunnelCounts) -> Self {
        FunnelTotalBody {
            shown: number(&counts, FunnelStep::Shown),
            sent: number(&counts, FunnelStep::Sent),
            first_digit: number(&counts, FunnelStep::FirstDigit),
            submitted: number(&counts, FunnelStep::Submitted),
            approved: number(&counts, FunnelStep::Approved),
        }
    }
}

impl From<FunnelCount> for FunnelRowBody {
    fn from(FunnelCount { cell, counts }: FunnelCount) -> Self {
        FunnelRowBody {
            day: cell.day.to_string(),
            presentation: cell.presentation.as_str().to_owned(),
            country: cell.country.map(|country| country.to_string()),
            provider: cell.provider,
            shown: number(&counts, FunnelStep::Shown),
            sent: number(&counts, FunnelStep::Sent),
            first_digit: number(&counts, FunnelStep::FirstDigit),
            submitted: number(&counts, FunnelStep::Submitted),
            approved: number(&counts, FunnelStep::Approved),
        }
    }
}
