//! The entry: a link that opens once, makes the browser known, and leads to an address that opens nothing by itself.

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use countersign_core::browser::PageSession;

use super::cookie;
use super::number;
use super::render::place_of;
use super::visit::unavailable;
use crate::usecase::Services;
use crate::usecase::page::Entered;

const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");

pub(super) async fn enter(
    services: &Services,
    token: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    // Whoever only looks, or fetches ahead of its user, must not use the link up.
    if method != Method::GET || is_ahead(headers) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let keyring = services.engine.keyring();
    let known = keyring
        .read_page_entry(token)
        .and_then(|entry| cookie::read(headers, entry.granted.verification, &keyring, &services.issuer));
    match services.enter(token, known).await {
        Ok(Entered::First(session, verification)) => {
            let mut response = to_page(session);
            let place = place_of(&verification.presentation);
            if let Some(cookie) = cookie::write(session, place, &keyring, &services.issuer) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Ok(Entered::Again(session)) => to_page(session),
        // A link of the other kind, or none.
        Ok(Entered::Closed) => number::enter(services, token, headers).await,
        Err(_) => unavailable(services, headers),
    }
}

/// Whether a browser fetches what its user may want to see next (Fetch, `Sec-Purpose`).
pub(super) fn is_ahead(headers: &HeaderMap) -> bool {
    headers.contains_key(SEC_PURPOSE)
}

fn to_page(session: PageSession) -> Response {
    Redirect::to(&format!("/verify/{}", session.granted.verification)).into_response()
}
