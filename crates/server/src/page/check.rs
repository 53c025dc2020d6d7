//! `POST /verify/{id}/check`

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use countersign_core::code::Guess;

use super::cookie::Place;
use super::render::{Mistake, Notice, place_of};
use super::visit::Visit;
use crate::usecase::browser::{BrowserChecked, BrowserResult, BrowserState};
use crate::usecase::{Services, UseCaseError};

/// One guess. What can be no code costs no try.
pub(super) async fn check(
    State(services): State<Services>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (visit, form) = match Visit::posting(&services, &id, &headers, &body).await {
        Ok(posting) => posting,
        Err(answer) => return answer,
    };
    let typed = form.field("code");
    let Ok(view) = services.browser_view(&visit.visitor).await else { return visit.unavailable() };
    if view.state != BrowserState::Pending {
        return visit.back_to_page("");
    }
    let mistaken = |mistake| {
        visit.render(&view, StatusCode::UNPROCESSABLE_ENTITY, Notice::Error(mistake, typed.to_owned()))
    };
    let guess = match Guess::parse(typed) {
        // The code of a test number is as its app wrote it.
        Ok(guess) if guess.fits(view.format) || view.is_test_number() => guess,
        Ok(guess) if guess.missing(view.format) > 0 => return mistaken(Mistake::TooShort),
        _ => return mistaken(Mistake::Unreadable),
    };
    match services.browser_check(&visit.visitor, guess, form.retryable("code")).await {
        Ok(checked) => answer(&visit, &checked),
        // The same form again, and the first one is not done yet: its answer is the page.
        Err(UseCaseError::InFlight) => visit.back_to_page(""),
        // What was typed stays, and the form: sent again it is the same guess, counted once at most.
        Err(_) => visit.render(
            &view,
            StatusCode::SERVICE_UNAVAILABLE,
            Notice::Again(typed.to_owned(), form.field("request").to_owned()),
        ),
    }
}

fn answer(visit: &Visit<'_>, checked: &BrowserChecked) -> Response {
    let view = &checked.view;
    if view.state != BrowserState::Pending {
        let back = view.verification.return_to.as_ref();
        return match back.filter(|_| place_of(&view.verification.presentation) == Place::Window) {
            Some(back) if view.state == BrowserState::Approved => {
                Redirect::to(&back.link(view.verification.id)).into_response()
            }
            _ => visit.back_to_page(""),
        };
    }
    let mistake = match (checked.result, checked.attempts_left) {
        (BrowserResult::Incorrect, left) => Mistake::Incorrect { left: left.unwrap_or(0).into() },
        (BrowserResult::Superseded, _) => Mistake::Superseded,
        (_, Some(left)) => Mistake::NotApprovedLeft { left: left.into() },
        (_, None) => Mistake::NotApproved,
    };
    visit.render(view, StatusCode::UNPROCESSABLE_ENTITY, Notice::Error(mistake, String::new()))
}
