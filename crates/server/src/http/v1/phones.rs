//! `/v1/phones/list` and `/v1/phones/import`: what a shop says about phones themselves.

use axum::Json;
use axum::extract::State;
use countersign_core::guard::known::{Import, Order};
use countersign_core::subject::Listed;
use countersign_core::time::Day;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verification::phone;
use crate::http::auth::Admin;
use crate::http::documented::PhonesProblems;
use crate::http::json::Body;
use crate::http::problem::Problem;
use crate::usecase::Services;

/// Phones that one import takes.
const MAX_IMPORTED: usize = 1000;
/// Room for as many in the widest spelling of JSON.
pub const MAX_IMPORT_BYTES: usize = 1024 * 1024;

/// A list that a phone can be on.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PhoneList)]
pub enum ListBody {
    /// The detectors do not judge it. The limits of a phone and the caps on spend hold.
    Allowed,
    /// It gets no message.
    Blocked,
    /// Neither.
    None,
}

impl From<Option<Listed>> for ListBody {
    fn from(listed: Option<Listed>) -> Self {
        match listed {
            Some(Listed::Allowed) => ListBody::Allowed,
            Some(Listed::Blocked) => ListBody::Blocked,
            None => ListBody::None,
        }
    }
}

/// A phone and the list that it goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListPhone)]
pub struct ListPhoneBody {
    /// The phone.
    #[schema(example = "+447700900123", max_length = 64)]
    to: String,
    /// The list.
    list: ListBody,
}

/// A phone as the guard sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedPhone)]
pub struct ListedPhoneBody {
    /// The phone, its middle hidden.
    to: String,
    /// The list that it is on.
    list: ListBody,
    /// Whether it is a known number: verified in the last 180 days, first at least 7 days ago, and on two days or with a
    /// paid order.
    known: bool,
}

/// A phone that was verified elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = VerifiedPhone)]
pub struct VerifiedPhoneBody {
    /// The phone.
    #[schema(example = "+447700900123", max_length = 64)]
    to: String,
    /// The day on which it was first verified (UTC), `YYYY-MM-DD`.
    #[schema(format = Date, example = "2025-03-01")]
    first_verified: String,
    /// The day on which it was last verified.
    #[schema(format = Date, example = "2026-10-14")]
    last_verified: String,
    /// Whether an order was paid with it.
    #[serde(default)]
    paid_order: bool,
}

/// Phones that were verified elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImportPhones)]
pub struct ImportBody {
    /// 1 to 1,000.
    #[schema(min_items = 1, max_items = 1000)]
    phones: Vec<VerifiedPhoneBody>,
}

/// What became of an import.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportedPhones)]
pub struct ImportedBody {
    /// Phones that were taken over.
    imported: usize,
}

/// List a phone
///
/// Puts a phone on the app's list of allowed or of blocked numbers, or takes it off. The list is kept with the phone's
/// counters under a one-way function of the number, so that it can be asked about a number and not read out. Needs a
/// key with the scope `admin`.
#[utoipa::path(
    post, path = "/v1/phones/list", tag = "app",
    request_body = ListPhoneBody,
    responses((status = 200, description = "As it is now", body = ListedPhoneBody), PhonesProblems),
)]
pub async fn list_phone(
    State(services): State<Services>,
    Admin(caller): Admin,
    body: Body<ListPhoneBody>,
) -> Result<Json<ListedPhoneBody>, Problem> {
    let phone = phone(&body.value.to, caller.app.policy.default_region, caller.mode)?;
    let listed = match body.value.list {
        ListBody::Allowed => Some(Listed::Allowed),
        ListBody::Blocked => Some(Listed::Blocked),
        ListBody::None => None,
    };
    let record = services
        .list_phone(&caller, &phone, listed)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(ListedPhoneBody { to: phone.masked(), list: record.listed.into(), known: record.is_known }))
}

/// Import phones that were verified elsewhere
///
/// They become known numbers by their dates, and are tied to nobody until their customers prove them here. The same
/// import again changes nothing. Needs a key with the scope `admin`.
#[utoipa::path(
    post, path = "/v1/phones/import", tag = "app",
    request_body = ImportBody,
    responses((status = 200, description = "All were taken over", body = ImportedBody), PhonesProblems),
)]
pub async fn import_phones(
    State(services): State<Services>,
    Admin(caller): Admin,
    body: Body<ImportBody>,
) -> Result<Json<ImportedBody>, Problem> {
    let given = body.value.phones;
    if given.is_empty() || given.len() > MAX_IMPORTED {
        return Err(Problem::field("/phones", format!("1 to {MAX_IMPORTED} phones")));
    }
    let region = caller.app.policy.default_region;
    let read = |(index, body): (usize, VerifiedPhoneBody)| {
        let at = |field: &str| format!("/phones/{index}/{field}");
        let day = |field: &str, text: &str| {
            let wrong = |_| Problem::field(at(field), "a day such as \"2026-10-14\"");
            text.parse::<Day>().map_err(wrong)
        };
        let phone = phone(&body.to, region, caller.mode).map_err(|problem| problem.pointer(at("to")))?;
        let order = if body.paid_order { Order::Paid } else { Order::None };
        let first = day("first_verified", &body.first_verified)?;
        Ok::<_, Problem>((phone, Import { first, last: day("last_verified", &body.last_verified)?, order }))
    };
    let phones = given.into_iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    let imported = services
        .import_phones(&caller, phones)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(ImportedBody { imported }))
}
