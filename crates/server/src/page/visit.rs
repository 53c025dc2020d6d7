//! A browser on the page: who it is, what it posts, and what it is answered when that is not known.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use countersign_core::browser::PageSession;
use countersign_core::id::{PageId, VerificationId};
use countersign_core::locale::Locale;

use super::cookie;
use super::number::NumberVisit;
use super::render::{Mistake, Notice, Renderer, plain_page};
use crate::http::same_origin::is_same_origin;
use crate::usecase::browser::{BrowserState, BrowserView, Visitor};
use crate::usecase::funnel::BrowserStep;
use crate::usecase::idempotency::{Asker, Retryable};
use crate::usecase::{Services, UseCaseError};

/// The longest field of a form, in bytes: a code, a token, a word.
const MAX_FIELD_BYTES: usize = 256;

/// A browser that went through an entry.
pub(super) struct Visit<'a> {
    pub(super) services: &'a Services,
    pub(super) visitor: Visitor,
    pub(super) session: PageSession,
    /// Where another number can be given, if this one was given there.
    pub(super) number_page: Option<PageId>,
}

impl<'a> Visit<'a> {
    /// By its cookie for the verification of this path.
    pub(super) fn of(services: &'a Services, path: &str, headers: &HeaderMap) -> Option<Self> {
        let verification: VerificationId = path.parse().ok()?;
        let keyring = services.engine.keyring();
        let session = cookie::read(headers, verification, &keyring, &services.issuer)?;
        let visitor = services.visitor(session.granted)?;
        let number_page = NumberVisit::of(services, session.page().page, headers)
            .filter(|own| own.page.grant == session.page())
            .map(|own| own.page.grant.page);
        Some(Visit { services, visitor, session, number_page })
    }

    /// A browser that posts a form of this very page (OWASP ASVS 3.5.1): its answer, if it does not.
    pub(super) async fn posting(
        services: &'a Services,
        path: &str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<(Self, Form), Response> {
        let Some(visit) = Visit::of(services, path, headers) else { return Err(closed(services, headers)) };
        let form = Form::read(body);
        let token = form.field("csrf");
        if is_same_origin(headers) && services.engine.keyring().accepts_form(visit.session, token) {
            Ok((visit, form))
        } else {
            Err(visit.page(StatusCode::FORBIDDEN, Notice::Error(Mistake::Form, String::new())).await)
        }
    }

    /// The page as things stand now.
    pub(super) async fn page(&self, status: StatusCode, notice: Notice) -> Response {
        self.view().await.map_or_else(|answer| answer, |view| self.render(&view, status, notice))
    }

    /// The same for somebody who sees it: where it asks for the code, that counts.
    pub(super) async fn page_to_customer(&self, notice: Notice) -> Response {
        let view = match self.view().await {
            Ok(view) => view,
            Err(answer) => return answer,
        };
        if view.state == BrowserState::Pending {
            self.services.count_reached(&self.visitor, &view.verification, BrowserStep::Shown);
        }
        self.render(&view, StatusCode::OK, notice)
    }

    async fn view(&self) -> Result<BrowserView, Response> {
        self.services.browser_view(&self.visitor).await.map_err(|error| match error {
            UseCaseError::NotFound(_) => {
                plain_page(self.services, StatusCode::NOT_FOUND, CLOSED, &Locale::english())
            }
            _ => self.unavailable(),
        })
    }

    pub(super) fn render(&self, view: &BrowserView, status: StatusCode, notice: Notice) -> Response {
        let Visit { services, visitor, session, number_page } = self;
        let other_number = number_page.map(|page| format!("/verify/{page}"));
        Renderer { services, visitor, session: *session, view, other_number }.page(status, notice)
    }

    /// After a form: the page anew, so that a reload does not post again.
    pub(super) fn back_to_page(&self, query: &str) -> Response {
        Redirect::to(&format!("/verify/{}{query}", self.session.granted.verification)).into_response()
    }

    pub(super) fn unavailable(&self) -> Response {
        plain_page(self.services, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &Locale::english())
    }
}

const CLOSED: (&str, &str) = ("closed-title", "closed-text");
const UNAVAILABLE: (&str, &str) = ("unavailable-title", "unavailable-text");

/// What opens nothing.
pub(super) fn closed(services: &Services, headers: &HeaderMap) -> Response {
    plain_page(services, StatusCode::NOT_FOUND, CLOSED, &preferred(headers))
}

/// What cannot be told now.
pub(super) fn unavailable(services: &Services, headers: &HeaderMap) -> Response {
    plain_page(services, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &preferred(headers))
}

/// The first language of `Accept-Language` (RFC 9110 §12.5.4); a page of nobody's has no other.
fn preferred(headers: &HeaderMap) -> Locale {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let first = wanted.and_then(|list| list.split([',', ';']).next());
    first.and_then(|tag| tag.trim().parse().ok()).unwrap_or_else(Locale::english)
}

/// The fields of a posted form.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    pub(super) fn read(body: &Bytes) -> Self {
        let fields = form_urlencoded::parse(body).take(8);
        Form(
            fields
                .filter(|(_, value)| value.len() <= MAX_FIELD_BYTES)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// What makes the same form with the same value of `field` one request, however often it is sent: a double
    /// click, or a reload.
    pub(super) fn retryable(&self, field: &str) -> Option<Retryable> {
        let request = self.field("request");
        let is_ours = request.len() == 22
            && request.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let asked = format!("{field}\n{}", self.field(field));
        is_ours.then(|| Retryable {
            asker: Asker::Browser,
            key: request.to_owned(),
            request: asked.into_bytes(),
        })
    }

    /// What was posted; nothing, where it was not.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}
