//! The list of numbers and the inbox of one.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_core::message::{Encoding, Measure};
use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use countersign_delivery::simulated::{Autofill, InboxMessage, Scope};
use serde::Deserialize;

use super::behaviour::{BehaviourView, Saved};
use super::carriers::CarrierView;
use super::{PhonePages, Surroundings, number_of, path_of};
use crate::demo::page::{page, see_other};

/// Numbers that are shown before anything arrives: Ofcom keeps them free for fiction.
const FICTION_NUMBERS: [&str; 3] = ["+447700900123", "+447700900456", "+447700900789"];

#[derive(Template)]
#[template(path = "demo/phone_numbers.html")]
struct NumbersPage {
    surroundings: Surroundings,
    since: u64,
    numbers: Vec<NumberRow>,
    behaviour: BehaviourView,
    saved: bool,
    carriers: Vec<CarrierView>,
    error: Option<&'static str>,
}

/// One number in the list.
struct NumberRow {
    number: String,
    path: String,
    messages: usize,
    latest_at: Option<TimeView>,
}

#[derive(Template)]
#[template(path = "demo/phone_inbox.html")]
struct InboxPage {
    surroundings: Surroundings,
    since: u64,
    number: String,
    path: String,
    switches_path: String,
    messages: Vec<MessageView>,
    behaviour: BehaviourView,
    saved: bool,
}

#[derive(Template)]
#[template(path = "demo/phone_unknown.html")]
struct UnknownPage {
    surroundings: Surroundings,
}

/// One message as the page shows it.
struct MessageView {
    id: u64,
    sender: String,
    received_at: TimeView,
    lines: Vec<Line>,
    /// Such as `GSM 7-bit, 92 septets`.
    encoding: String,
    segments: usize,
    /// How it travelled, where that is not as an SMS.
    channel: Option<&'static str>,
    autofill: Option<AutofillView>,
    /// Which copy of the same delivery it is, from the second on.
    copy: Option<usize>,
}

/// A line of a message, and whether it is written for machines.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    text: String,
    is_for_machines: bool,
}

/// What a phone would do with the machine's line.
struct AutofillView {
    code: Option<String>,
    place: String,
}

/// A time for people and for machines.
struct TimeView {
    rfc3339: String,
    clock: String,
}

impl From<Timestamp> for TimeView {
    fn from(at: Timestamp) -> Self {
        let rfc3339 = at.to_string();
        // The hours, minutes and seconds of "2026-11-23T10:00:00.000Z".
        let clock = rfc3339.get(11..19).map_or_else(|| rfc3339.clone(), |time| format!("{time} UTC"));
        TimeView { rfc3339, clock }
    }
}

impl MessageView {
    fn of(message: &InboxMessage, copy: Option<usize>) -> Self {
        MessageView {
            id: message.sequence,
            sender: message.sender.clone().unwrap_or_else(|| "Unknown sender".to_owned()),
            received_at: message.received_at.into(),
            lines: lines(&message.text, message.autofill.as_ref()),
            encoding: encoding(message.measure),
            segments: message.measure.segments,
            channel: (message.channel != Channel::Sms).then(|| message.channel.as_str()),
            autofill: message.autofill.as_ref().map(autofill),
            copy,
        }
    }
}

fn encoding(measure: Measure) -> String {
    match measure.encoding {
        Encoding::Gsm7 => format!("GSM 7-bit, {} septets", measure.units),
        Encoding::Ucs2 => format!("UCS-2, {} code units", measure.units),
    }
}

fn lines(text: &str, autofill: Option<&Autofill>) -> Vec<Line> {
    let last = text.split('\n').count() - 1;
    let is_for_machines = |(at, line): (usize, &str)| match autofill {
        Some(Autofill::Origin { .. }) => at == last,
        Some(Autofill::App { hash }) => line == hash,
        None => false,
    };
    text.split('\n')
        .enumerate()
        .map(|(at, line)| Line { text: line.to_owned(), is_for_machines: is_for_machines((at, line)) })
        .collect()
}

fn autofill(autofill: &Autofill) -> AutofillView {
    match autofill {
        Autofill::Origin { host, code, embedded } => AutofillView {
            code: Some(code.clone()),
            place: match embedded {
                Some(embedded) => format!("{embedded} inside {host}"),
                None => host.clone(),
            },
        },
        Autofill::App { hash } => AutofillView { code: None, place: format!("the Android app {hash}") },
    }
}

pub(super) async fn numbers(State(pages): State<PhonePages>, Query(saved): Query<Saved>) -> Response {
    let template = numbers_page(&pages, &saved, None);
    page(StatusCode::OK, &template)
}

fn numbers_page(pages: &PhonePages, saved: &Saved, error: Option<&'static str>) -> NumbersPage {
    // Read first: a message that arrives in between is announced again rather than missed.
    let since = pages.latest();
    let mut numbers: Vec<NumberRow> = pages
        .phone
        .numbers()
        .into_iter()
        .map(|summary| NumberRow {
            number: summary.number.expose().to_owned(),
            path: path_of(summary.number.expose()),
            messages: summary.messages,
            latest_at: Some(summary.latest_at.into()),
        })
        .collect();
    for number in FICTION_NUMBERS {
        if !numbers.iter().any(|row| row.number == number) {
            let number = number.to_owned();
            numbers.push(NumberRow { path: path_of(&number), number, messages: 0, latest_at: None });
        }
    }
    let behaviour = BehaviourView::from(pages.phone.behaviour(Scope::Everyone));
    let carriers = pages.phone.carriers().into_iter().map(CarrierView::new).collect();
    let surroundings = pages.surroundings;
    NumbersPage { surroundings, since, numbers, behaviour, saved: saved.is_set(), carriers, error }
}

pub(super) async fn inbox(
    State(pages): State<PhonePages>,
    Path(digits): Path<String>,
    Query(saved): Query<Saved>,
) -> Response {
    match number_of(&digits) {
        Some(number) => page(StatusCode::OK, &inbox_page(&pages, &number, &saved)),
        None => page(StatusCode::NOT_FOUND, &UnknownPage { surroundings: pages.surroundings }),
    }
}

fn inbox_page(pages: &PhonePages, number: &E164, saved: &Saved) -> InboxPage {
    // Read first: a message that arrives in between is announced again rather than missed.
    let since = pages.latest();
    let mut copies = HashMap::new();
    let mut messages: Vec<MessageView> = pages
        .phone
        .inbox(number)
        .iter()
        .map(|message| {
            let copies: &mut usize = copies.entry(message.delivery).or_default();
            *copies += 1;
            MessageView::of(message, (*copies > 1).then_some(*copies))
        })
        .collect();
    messages.reverse();
    InboxPage {
        surroundings: pages.surroundings,
        since,
        number: number.expose().to_owned(),
        path: path_of(number.expose()),
        switches_path: format!("{}/behaviour", path_of(number.expose())),
        messages,
        behaviour: pages.phone.behaviour(Scope::Number(number)).into(),
        saved: saved.is_set(),
    }
}

/// What the field for another number sends.
#[derive(Deserialize)]
pub(super) struct OpenForm {
    number: String,
}

/// Goes to the inbox of any number.
pub(super) async fn open(State(pages): State<PhonePages>, Query(form): Query<OpenForm>) -> Response {
    if let Ok(number) = E164::parse_fictional(&form.number, None) {
        return see_other(&path_of(number.expose()));
    }
    let words = "Enter a number with its country code, such as +447700900123";
    page(StatusCode::UNPROCESSABLE_ENTITY, &numbers_page(&pages, &Saved::default(), Some(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine_lines(text: &str, autofill: Option<&Autofill>) -> Vec<String> {
        lines(text, autofill).into_iter().filter(|line| line.is_for_machines).map(|line| line.text).collect()
    }

    #[test]
    fn only_the_machines_line_is_marked() {
        let origin =
            Autofill::Origin { host: "shop.example".to_owned(), code: "123456".to_owned(), embedded: None };
        let text = "123456 is your code.\n\n@shop.example #123456";
        assert_eq!(machine_lines(text, Some(&origin)), ["@shop.example #123456"]);
        assert_eq!(lines(text, Some(&origin)).len(), 3);
        let app = Autofill::App { hash: "FA+9qCX9VSu".to_owned() };
        assert_eq!(machine_lines("123456 is your code.\nFA+9qCX9VSu", Some(&app)), ["FA+9qCX9VSu"]);
        assert!(machine_lines(text, None).is_empty());
    }

    #[test]
    fn times_are_short_and_say_their_zone() {
        let view = TimeView::from(Timestamp::from_millis(1_795_428_000_123));
        assert_eq!(view.clock, "10:00:00 UTC");
        assert_eq!(view.rfc3339, "2026-11-23T10:00:00.123Z");
    }
}
