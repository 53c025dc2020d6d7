//! `GET /verify/{page}` and `POST /verify/{page}/number`: the customer gives her number.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use countersign_core::browser::PageSession;
use countersign_core::id::PageId;
use countersign_core::page::PageGrant;
use countersign_core::phone::InvalidPhone;

use super::cookie;
use super::number_page::{NumberRenderer, Slip};
use super::render::place_of;
use super::visit::{Form, closed, unavailable};
use crate::http::observe::CalledFrom;
use crate::http::problem::{Code, Problem};
use crate::http::same_origin::is_same_origin;
use crate::usecase::admit::Client;
use crate::usecase::number::{EnteredPage, Given, NumberPage, WhyRefused};
use crate::usecase::{Services, UseCaseError};

/// A browser that opened a page.
pub(super) struct NumberVisit<'a> {
    services: &'a Services,
    pub(super) page: NumberPage,
}

impl<'a> NumberVisit<'a> {
    /// By its cookie for this page.
    pub(super) fn of(services: &'a Services, page: PageId, headers: &HeaderMap) -> Option<Self> {
        let opened = cookie::read_page(headers, page, &services.engine.keyring(), &services.issuer)?;
        Some(NumberVisit { services, page: services.number_page(&opened)? })
    }

    fn render(&self, status: StatusCode, slip: Slip, typed: &str) -> Response {
        NumberRenderer { services: self.services, page: &self.page }.render(status, slip, typed)
    }

    /// To the page of the verification, for the browser that may see it from now on.
    fn lead_on(&self, session: PageSession) -> Response {
        let place = place_of(&self.page.terms.presentation);
        let keyring = self.services.engine.keyring();
        let mut response = Redirect::to(&format!("/verify/{}", session.granted.verification)).into_response();
        if let Some(cookie) = cookie::write(session, place, &keyring, &self.services.issuer) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }

    /// The same answer whatever the reason was; the reason is for whoever runs the server.
    fn refuse(&self, why: &WhyRefused, typed: &str) -> Response {
        let reason = match why {
            WhyRefused::TooManyNumbers => "page_numbers",
            WhyRefused::Rule(error) => word(error, self.services),
        };
        // What a limit that crosses phones refused was counted where it was refused.
        if !matches!(why, WhyRefused::Rule(UseCaseError::LimitExceeded(_))) {
            self.services.metrics.refused(reason);
        }
        let PageGrant { app, page, .. } = self.page.grant;
        tracing::info!(%app, %page, reason, "a number that was given on a page was refused");
        self.render(StatusCode::UNPROCESSABLE_ENTITY, Slip::Refused, typed)
    }
}

/// The word that the shop's server would have been told.
fn word(error: &UseCaseError, services: &Services) -> &'static str {
    let told = Problem::of(error, services.clock.now()).code;
    Code::ALL.iter().map(|code| code.as_str()).find(|code| *code == told).unwrap_or("refused")
}

/// The link: opens once, makes the browser known, and leads to an address that opens nothing by itself.
pub(super) async fn enter(services: &Services, token: &str, headers: &HeaderMap) -> Response {
    let keyring = services.engine.keyring();
    let is_known = |grant: PageGrant| {
        cookie::read_page(headers, grant.page, &keyring, &services.issuer)
            .is_some_and(|opened| opened.grant == grant)
    };
    match services.enter_page(token, is_known).await {
        Ok(EnteredPage::First(opened, page)) => {
            let place = place_of(&page.terms.presentation);
            let nonce = services.randomness.entropy().bytes();
            let mut response = to_page(page.grant);
            let own = cookie::write_page(&opened, place, &keyring, &services.issuer, nonce);
            let forgotten = cookie::make_room(headers, token.len(), place, &services.issuer);
            for cookie in forgotten.into_iter().chain(own) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Ok(EnteredPage::Again(grant)) => to_page(grant),
        Ok(EnteredPage::Closed) => closed(services, headers),
        Err(_) => unavailable(services, headers),
    }
}

fn to_page(grant: PageGrant) -> Response {
    Redirect::to(&format!("/verify/{}", grant.page)).into_response()
}

/// The form.
pub(super) fn show(services: &Services, page: &str, headers: &HeaderMap) -> Response {
    let visit = page.parse().ok().and_then(|page| NumberVisit::of(services, page, headers));
    visit.map_or_else(|| closed(services, headers), |visit| visit.render(StatusCode::OK, Slip::None, ""))
}

/// The form, filled in. What is no number costs nothing.
pub(super) async fn give(
    State(services): State<Services>,
    Path(page): Path<String>,
    from: Option<Extension<CalledFrom>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = page.parse().ok().and_then(|page| NumberVisit::of(&services, page, &headers));
    let Some(visit) = visit else { return closed(&services, &headers) };
    let form = Form::read(&body);
    let typed = form.field("phone");
    let token = form.field("csrf");
    if !is_same_origin(&headers) || !services.engine.keyring().accepts_page_form(visit.page.grant, token) {
        return visit.render(StatusCode::FORBIDDEN, Slip::Form, "");
    }
    let phone = match visit.page.read(typed) {
        Ok(phone) => phone,
        Err(wrong) => {
            let slip = match wrong {
                InvalidPhone::NoCountry => Slip::NoCountry,
                InvalidPhone::NotANumber | InvalidPhone::Impossible => Slip::NoNumber,
            };
            return visit.render(StatusCode::UNPROCESSABLE_ENTITY, slip, typed);
        }
    };
    // Here the browser itself asks, so its own address is its customer's; a socket without one has none.
    let client = Client { address: from.map(|Extension(CalledFrom(address))| address), device: None };
    match services.give_number(&visit.page, phone, &client).await {
        Ok(Given::Verification(session)) => visit.lead_on(session),
        Ok(Given::Refused(why)) => visit.refuse(&why, typed),
        Err(_) => visit.render(StatusCode::SERVICE_UNAVAILABLE, Slip::Unavailable, typed),
    }
}
