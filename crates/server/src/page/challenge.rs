//! `POST /verify/{id}/challenge`, and the page that its script posts from.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use countersign_core::challenge::{BLOCK_SIZE, COST, ChallengeKind, MAX_WORK_BYTES, PARALLELISATION};

use super::asset;
use super::render::{Base, Link, Notice, Renderer};
use super::text::{Language, Value};
use super::visit::Visit;
use crate::usecase::browser::is_told_nothing;
use crate::usecase::{Services, UseCaseError};

#[derive(Template)]
#[template(path = "page/challenge.html")]
pub(super) struct ChallengePage {
    base: Base,
    path: String,
    csrf: String,
    frame_data: String,
    heading: String,
    text: String,
    /// Why it is not solved at once.
    status: Option<String>,
    unable: String,
    retry: String,
    script: String,
    cost: u32,
    block_size: u32,
    parallelisation: u32,
    salt: String,
    zero_bits: u8,
    other_number: Option<Link>,
    back: Option<Link>,
    support: Option<String>,
}

impl Renderer<'_> {
    /// The page that solves the challenge by itself.
    pub(super) fn challenge_page(
        &self,
        language: &'static Language,
        nonce: &str,
        notice: &Notice,
    ) -> Option<ChallengePage> {
        let puzzle = self.view.challenge.clone()?;
        // The hosted page never gets another one.
        let ChallengeKind::ProofOfWork { zero_bits } = puzzle.kind else { return None };
        let heading = language.say("challenge-title");
        let shop = [("shop", Value::Text(&self.view.shop))];
        Some(ChallengePage {
            base: Base::of(&self.visitor.caller.app, language, nonce, heading.clone()),
            path: format!("/verify/{}", self.view.verification.id),
            csrf: self.services.engine.keyring().form_token(self.session),
            frame_data: self.frame_data(),
            heading,
            text: language.say("challenge-text"),
            status: match notice {
                Notice::Status(message) => Some(language.say(message)),
                Notice::Error(..) => Some(language.say("error-form")),
                Notice::None | Notice::Again(..) => None,
            },
            unable: language.fill("challenge-unable", shop),
            retry: language.say("challenge-retry"),
            script: asset::challenge_script_path(),
            cost: COST,
            block_size: BLOCK_SIZE,
            parallelisation: PARALLELISATION,
            salt: puzzle.salt,
            zero_bits,
            other_number: self.other_number(language),
            back: self.back(language),
            support: self.voice(language).support(),
        })
    }
}

/// A solution. Afterwards the page asks for the code, or says that it is not possible now.
pub(super) async fn solve(
    State(services): State<Services>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (visit, form) = match Visit::posting(&services, &id, &headers, &body).await {
        Ok(posting) => posting,
        Err(answer) => return answer,
    };
    let solution = form.field("solution");
    if solution.is_empty() || solution.len() > MAX_WORK_BYTES {
        return visit.back_to_page("?not-now");
    }
    match services.browser_solve(&visit.visitor, solution.to_owned()).await {
        Ok(_) => visit.back_to_page(""),
        // Not tried again by itself: a browser that miscounts would use up all it has.
        Err(UseCaseError::NotSolved { .. } | UseCaseError::Busy) => visit.back_to_page("?not-now"),
        Err(error) if is_told_nothing(&error) => visit.back_to_page("?not-now"),
        Err(_) => visit.unavailable(),
    }
}
