//! The native API, one file for each thing it does.

pub mod apps;
pub mod cancel;
pub mod check;
pub mod decisions;
pub mod funnel;
pub mod guard;
pub mod keys;
pub mod list;
pub mod pages;
pub mod phones;
pub mod receipts;
pub mod recover;
pub mod redeem;
pub mod report;
pub mod resend;
pub mod show;
pub mod solve;
pub mod start;
pub mod timeline;
pub mod verification;

use axum::extract::DefaultBodyLimit;
use countersign_core::id::VerificationId;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::problem::{Code, Problem};
use crate::usecase::Services;

/// Every route of the native API.
pub fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(start::start, list::list))
        .routes(routes!(pages::create_page))
        .routes(routes!(recover::recover))
        .routes(routes!(show::show))
        .routes(routes!(check::check))
        .routes(routes!(solve::solve))
        .routes(routes!(resend::resend))
        .routes(routes!(cancel::cancel))
        .routes(routes!(report::report))
        .routes(routes!(timeline::timeline))
        .routes(routes!(redeem::redeem))
        .routes(routes!(decisions::decide))
        .routes(routes!(decisions::show_decision))
        .routes(routes!(funnel::funnel))
        .routes(routes!(apps::show_app, apps::update_app))
        .routes(routes!(apps::rebind))
        .routes(routes!(phones::list_phone))
        .routes(routes!(phones::import_phones).layer(DefaultBodyLimit::max(phones::MAX_IMPORT_BYTES)))
        .routes(routes!(guard::show_guard))
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::rotate_key))
        .routes(routes!(keys::revoke_key))
}

/// A verification's id in a path. One that is malformed names nothing.
fn verification_id(text: &str) -> Result<VerificationId, Problem> {
    text.parse().map_err(|_| Problem::new(Code::NotFound).detail("there is no such verification"))
}
