//! The switches: lose, fail, delay or duplicate messages.

use std::time::Duration;

use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_delivery::simulated::{Behaviour, Fate, Scope};
use serde::Deserialize;

use super::{PhonePages, number_of, path_of};
use crate::demo::page::see_other;

/// How messages fare, as the pages show it.
pub(super) struct BehaviourView {
    pub(super) is_normal: bool,
    pub(super) summary: String,
    pub(super) fates: [FateChoice; 4],
    pub(super) delay_s: u64,
    pub(super) max_delay_s: u64,
    pub(super) copies: u8,
    pub(super) max_copies: u8,
}

/// One of the fates to choose from.
pub(super) struct FateChoice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) is_chosen: bool,
}

impl From<Behaviour> for BehaviourView {
    fn from(behaviour: Behaviour) -> Self {
        let choice =
            |fate, value, label, hint| FateChoice { value, label, hint, is_chosen: behaviour.fate() == fate };
        BehaviourView {
            is_normal: behaviour == Behaviour::default(),
            summary: summary(behaviour),
            fates: [
                choice(Fate::Deliver, "deliver", "Deliver", "The receipt says delivered."),
                choice(Fate::Lose, "lose", "Lose", "Nothing arrives and no receipt says so."),
                choice(Fate::Fail, "fail", "Fail", "Nothing arrives; the receipt says failed."),
                choice(Fate::Lie, "lie", "Lie", "Nothing arrives; the receipt says delivered."),
            ],
            delay_s: behaviour.delay().as_secs(),
            max_delay_s: Behaviour::MAX_DELAY.as_secs(),
            copies: behaviour.copies(),
            max_copies: Behaviour::MAX_COPIES,
        }
    }
}

fn summary(behaviour: Behaviour) -> String {
    let fate = match (behaviour.fate(), behaviour.copies()) {
        (Fate::Deliver, 1) => "Messages arrive".to_owned(),
        (Fate::Deliver, copies) => format!("Messages arrive {copies} times"),
        (Fate::Lose, _) => return "Messages are lost, without a receipt.".to_owned(),
        (Fate::Fail, _) => "Messages fail".to_owned(),
        (Fate::Lie, _) => "Messages are lost, and their receipts say delivered".to_owned(),
    };
    match behaviour.delay().as_secs() {
        0 => format!("{fate} at once."),
        delay_s => format!("{fate} after {delay_s} s."),
    }
}

/// Whether the page was reached by saving.
#[derive(Default, Deserialize)]
pub(super) struct Saved {
    #[serde(default)]
    saved: String,
}

impl Saved {
    pub(super) fn is_set(&self) -> bool {
        self.saved == "yes"
    }
}

/// What the switches post.
#[derive(Deserialize)]
pub(super) struct BehaviourForm {
    fate: Fate,
    delay_s: u64,
    copies: u8,
    action: Action,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Save,
    Reset,
}

pub(super) async fn for_everyone(
    State(pages): State<PhonePages>,
    Form(form): Form<BehaviourForm>,
) -> Response {
    apply(&pages, Scope::Everyone, &form, "/phone")
}

pub(super) async fn for_number(
    State(pages): State<PhonePages>,
    Path(digits): Path<String>,
    Form(form): Form<BehaviourForm>,
) -> Response {
    match number_of(&digits) {
        Some(number) => apply(&pages, Scope::Number(&number), &form, &path_of(number.expose())),
        None => see_other("/phone"),
    }
}

fn apply(pages: &PhonePages, scope: Scope<'_>, form: &BehaviourForm, back: &str) -> Response {
    let refuse = |words: String| (StatusCode::UNPROCESSABLE_ENTITY, words).into_response();
    match form.action {
        Action::Reset => pages.phone.reset_behaviour(scope),
        Action::Save => {
            let behaviour = match Behaviour::new(form.fate, Duration::from_secs(form.delay_s), form.copies) {
                Ok(behaviour) => behaviour,
                Err(error) => return refuse(error.to_string()),
            };
            if let Err(error) = pages.phone.set_behaviour(scope, behaviour) {
                return refuse(error.to_string());
            }
        }
    }
    see_other(&format!("{back}?saved=yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_behaviour_is_said_in_one_sentence() {
        let said = |fate, delay_s, copies| {
            summary(Behaviour::new(fate, Duration::from_secs(delay_s), copies).unwrap())
        };
        assert_eq!(said(Fate::Deliver, 0, 1), "Messages arrive at once.");
        assert_eq!(said(Fate::Deliver, 20, 3), "Messages arrive 3 times after 20 s.");
        assert_eq!(said(Fate::Lose, 20, 3), "Messages are lost, without a receipt.");
        assert_eq!(said(Fate::Fail, 5, 1), "Messages fail after 5 s.");
    }
}
