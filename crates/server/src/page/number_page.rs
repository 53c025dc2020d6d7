//! The page on which the customer gives her number, in her language.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use countersign_core::phone::Country;
use countersign_core::verification::Channel;

use super::cookie::Place;
use super::headers::Policy;
use super::render::{Approving, Base, Link, frame_data, nonce, place_of, render};
use super::text::{Language, Value};
use super::voice::Voice;
use crate::usecase::Services;
use crate::usecase::browser::BrowserState;
use crate::usecase::number::NumberPage;

/// What is wrong with what was given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    /// Nothing.
    None,
    /// It is no telephone number.
    NoNumber,
    /// It may be one, but of which country?
    NoCountry,
    /// No code is sent to it, and why is not told.
    Refused,
    /// The server could not say.
    Unavailable,
    /// The form was not this page's.
    Form,
}

impl Slip {
    const fn message(self) -> Option<&'static str> {
        match self {
            Slip::None => None,
            Slip::NoNumber => Some("number-error"),
            Slip::NoCountry => Some("number-error-country"),
            Slip::Refused => Some("number-error-refused"),
            Slip::Unavailable => Some("number-error-unavailable"),
            Slip::Form => Some("error-form"),
        }
    }

    /// Whether it is the number that is wrong.
    const fn is_about_the_number(self) -> bool {
        matches!(self, Slip::NoNumber | Slip::NoCountry | Slip::Refused)
    }
}

#[derive(Template)]
#[template(path = "page/number.html")]
struct NumberTemplate {
    base: Base,
    path: String,
    csrf: String,
    frame_data: String,
    heading: String,
    approving: Option<Approving>,
    label: String,
    hint: String,
    next: String,
    error: Option<String>,
    is_invalid: bool,
    sending: String,
    unreachable_title: String,
    unreachable_text: String,
    number: String,
    submit: String,
    back: Option<Link>,
    support: Option<String>,
}

/// Renders the page for the browser that opened it.
pub(super) struct NumberRenderer<'a> {
    pub(super) services: &'a Services,
    pub(super) page: &'a NumberPage,
}

impl NumberRenderer<'_> {
    /// The page, with what was typed.
    pub(super) fn render(&self, status: StatusCode, slip: Slip, typed: &str) -> Response {
        let terms = &self.page.terms;
        let app = &self.page.caller.app;
        let Some(language) = Language::of(&terms.locale) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let nonce = nonce(self.services);
        let mut response = render(status, &self.template(language, &nonce, slip, typed));
        let policy = Policy {
            nonce: &nonce,
            return_origin: None,
            embedders: match place_of(&terms.presentation) {
                Place::Window => &[],
                Place::Frame => &app.origins,
            },
        };
        policy.apply(response.headers_mut());
        response
    }

    fn template(&self, language: &'static Language, nonce: &str, slip: Slip, typed: &str) -> NumberTemplate {
        let NumberPage { caller, grant, terms, .. } = self.page;
        let voice = Voice { app: &caller.app, locale: &terms.locale, language };
        let heading = voice.heading(&terms.purpose);
        let error = slip.message().map(|message| language.say(message));
        let title = match &error {
            None => heading.clone(),
            Some(_) => language.fill("title-error", [("title", Value::Text(&heading))]),
        };
        let code = self.page.region().and_then(Country::calling_code).map(|code| format!("+{code}"));
        let next = match terms.first_channel(&caller.app.policy) {
            Channel::Sms => "number-next-sms",
            _ => "number-next",
        };
        // A frame does not lead its shop's page away.
        let back = terms.return_to.as_ref().filter(|_| place_of(&terms.presentation) == Place::Window);
        NumberTemplate {
            base: Base::of(&caller.app, language, nonce, title),
            path: format!("/verify/{}", grant.page),
            csrf: self.services.engine.keyring().page_form_token(*grant),
            frame_data: frame_data(
                &terms.presentation,
                &caller.app,
                BrowserState::Pending,
                &grant.page.to_string(),
            ),
            approving: Approving::of(terms.transaction.as_ref(), language),
            label: language.say("number-label"),
            hint: match &code {
                Some(code) => language.fill("number-hint-region", [("code", Value::Text(code))]),
                None => language.say("number-hint"),
            },
            next: language.say(next),
            is_invalid: slip.is_about_the_number(),
            sending: language.say("sending"),
            unreachable_title: language.say("unavailable-title"),
            unreachable_text: language.say("unavailable-text"),
            number: typed.to_owned(),
            submit: language.say("number-submit"),
            back: back.map(|back| Link { href: back.link_without_verification(), label: voice.back() }),
            support: voice.support(),
            heading,
            error,
        }
    }
}
