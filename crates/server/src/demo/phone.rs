//! The simulated phone in the browser: an inbox for every number, live, and the switches that make
//! the carrier misbehave.

mod behaviour;
mod carriers;
mod inbox;
mod live;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use countersign_core::phone::E164;
use countersign_delivery::simulated::SimulatedPhone;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::page::{self, MAX_FORM_BYTES};

/// Pages that wait for messages at once; more show what there is and are not live.
const MAX_LIVE_VIEWS: usize = 100;

#[derive(Clone)]
struct PhonePages {
    phone: SimulatedPhone,
    /// Ends all waiting requests, so that a shutdown does not wait for them.
    shutdown: CancellationToken,
    views: Arc<Semaphore>,
    surroundings: Surroundings,
}

/// What else the server has to link to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    DemoShop,
    Nothing,
}

impl PhonePages {
    /// The number of the latest arrival on any phone; zero before the first.
    fn latest(&self) -> u64 {
        let latest_number = self.phone.numbers().into_iter().next();
        let latest = latest_number.and_then(|summary| self.phone.inbox(&summary.number).last().cloned());
        latest.map_or(0, |message| message.sequence)
    }
}

/// The pages of the simulated phone under `/phone`, beside the demo shop and the start page, and the
/// files under `/demo` that all of them share. Requests that wait for messages end at `shutdown`.
pub fn router(phone: SimulatedPhone, shutdown: CancellationToken) -> Router {
    pages(phone, shutdown, Surroundings::DemoShop)
}

/// The same without links to the demo shop and the start page, for a server that has neither.
pub fn router_alone(phone: SimulatedPhone, shutdown: CancellationToken) -> Router {
    pages(phone, shutdown, Surroundings::Nothing)
}

fn pages(phone: SimulatedPhone, shutdown: CancellationToken, surroundings: Surroundings) -> Router {
    let views = Arc::new(Semaphore::new(MAX_LIVE_VIEWS));
    Router::new()
        .route("/phone", get(inbox::numbers))
        .route("/phone/open", get(inbox::open))
        .route("/phone/events", get(live::events))
        .route("/phone/behaviour", post(behaviour::for_everyone))
        .route("/phone/carriers/{name}", post(carriers::set))
        .route("/phone/{number}", get(inbox::inbox))
        .route("/phone/{number}/behaviour", post(behaviour::for_number))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(axum::middleware::from_fn(page::protect))
        .with_state(PhonePages { phone, shutdown, views, surroundings })
        .merge(page::assets_router())
}

/// Where a number's inbox is: its digits, without the plus sign that means a space in some links.
pub(super) fn path_of(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() { "/phone".to_owned() } else { format!("/phone/{digits}") }
}

/// The number of such a path.
fn number_of(digits: &str) -> Option<E164> {
    E164::parse_fictional(&format!("+{digits}"), None).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_again_by_its_path() {
        assert_eq!(path_of("+44 7700 900123"), "/phone/447700900123");
        let number = number_of("447700900123").unwrap();
        assert_eq!(path_of(number.expose()), "/phone/447700900123");
        assert_eq!(path_of("?"), "/phone");
        assert!(number_of("behaviour").is_none());
    }
}
