//! `GET /v1/verifications`

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use countersign_core::time::Timestamp;
use countersign_core::verification::Status;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::verification::{VerificationBody, phone};
use crate::http::auth::Reader;
use crate::http::documented::ListProblems;
use crate::http::problem::{Code, Problem};
use crate::usecase::show::Filter;
use crate::usecase::{Caller, Services};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Which verifications are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// pending · approved · recovered · expired · exhausted · canceled · denied
    #[param(pattern = "^(pending|approved|recovered|expired|exhausted|canceled|denied)$")]
    status: Option<String>,
    /// Only for this purpose.
    #[param(pattern = "^[a-z][a-z0-9_]{0,31}$")]
    purpose: Option<String>,
    /// Only of this phone.
    to: Option<String>,
    /// Only started at or after this time, RFC 3339.
    #[param(format = DateTime)]
    created_from: Option<String>,
    /// Only started before this time, RFC 3339.
    #[param(format = DateTime)]
    created_before: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^ver_[0-9a-hjkmnp-tv-z]{26}$")]
    cursor: Option<String>,
    /// How many: 1–100, by default 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// One page of verifications, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationPage)]
pub struct PageBody {
    /// The verifications.
    data: Vec<VerificationBody>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// List verifications
///
/// Those of the key's app and mode, newest first.
#[utoipa::path(
    get, path = "/v1/verifications", tag = "verifications",
    params(ListQuery),
    responses((status = 200, description = "One page", body = PageBody), ListProblems),
)]
pub async fn list(
    State(services): State<Services>,
    Reader(caller): Reader,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<PageBody>, Problem> {
    let Query(query) = query.map_err(|wrong| Problem::new(Code::InvalidQuery).detail(wrong.body_text()))?;
    let filter = filter(query, &caller)?;
    let views =
        services.list(&caller, filter).await.map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(PageBody {
        data: views.views.into_iter().map(VerificationBody::explained).collect(),
        next_cursor: views.next.map(|id| id.to_string()),
    }))
}

fn filter(query: ListQuery, caller: &Caller) -> Result<Filter, Problem> {
    let wrong =
        |name: &str, detail: String| Problem::new(Code::InvalidQuery).detail(format!("{name}: {detail}"));
    let time = |name: &str, text: Option<String>| {
        text.map(|text| {
            Timestamp::parse_rfc3339(&text)
                .ok_or_else(|| wrong(name, "an RFC 3339 time such as 2026-11-23T10:00:00Z".to_owned()))
        })
        .transpose()
    };
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(wrong("limit", format!("1 to {MAX_LIMIT}")));
    }
    Ok(Filter {
        status: query
            .status
            .map(|text| status(&text).ok_or_else(|| wrong("status", "no such status".to_owned())))
            .transpose()?,
        purpose: query
            .purpose
            .map(|text| {
                text.parse().map_err(|reason: countersign_core::purpose::InvalidPurpose| {
                    wrong("purpose", reason.to_string())
                })
            })
            .transpose()?,
        phone: query
            .to
            .map(|text| phone(&text, caller.app.policy.default_region, caller.mode))
            .transpose()
            .map_err(|problem| wrong("to", problem.detail.unwrap_or_default()))?,
        created_from: time("created_from", query.created_from)?,
        created_before: time("created_before", query.created_before)?,
        after: query
            .cursor
            .map(|text| text.parse().map_err(|_| wrong("cursor", "not a cursor of this listing".to_owned())))
            .transpose()?,
        limit,
    })
}

fn status(text: &str) -> Option<Status> {
    [
        Status::ChallengeRequired,
        Status::Pending,
        Status::Approved,
        Status::Recovered,
        Status::Expired,
        Status::Exhausted,
        Status::Canceled,
        Status::Denied,
    ]
    .into_iter()
    .find(|status| status.as_str() == text)
}
