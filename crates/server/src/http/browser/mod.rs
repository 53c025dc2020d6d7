//! The browser face: what a customer's own browser may ask, with a verification's client secret and never with an API
//! key. One file for each thing it does.

pub mod check;
pub mod cross_origin;
pub mod funnel;
pub mod report;
pub mod resend;
pub mod show;
pub mod solve;
pub mod verification;
mod visitor;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Code, Problem};
use crate::usecase::browser::{is_told_nothing, possible_again_at};
use crate::usecase::{Services, UseCaseError};

/// Every route of the browser face.
pub fn router() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(show::show))
        .routes(routes!(check::check))
        .routes(routes!(solve::solve))
        .routes(routes!(resend::resend))
        .routes(routes!(report::report))
        .routes(routes!(funnel::funnel))
}

/// What a use case's error is to a browser: never which rule, number or limit it was.
fn problem(error: &UseCaseError, services: &Services) -> Problem {
    let now = services.clock.now();
    match error {
        // As if the secret had never been given out.
        UseCaseError::NotFound(_) => Problem::new(Code::Unauthorized),
        told_nothing if is_told_nothing(told_nothing) => {
            let problem = Problem::new(Code::NotNow);
            match possible_again_at(told_nothing) {
                None => problem,
                Some(at) => problem.retry_after_s(now.seconds_until(at)),
            }
        }
        other => Problem::of(other, now),
    }
}
