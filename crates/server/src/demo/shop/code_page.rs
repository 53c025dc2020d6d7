//! The page where the customer types the code, and the button for another message.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::order::{Notice, Order, Tampering, Waiting, hex};
use super::{DemoShop, SHOP_NAME, words};
use crate::demo::countersign_client::CountersignError;
use crate::demo::page::{page, see_other};
use countersign_core::time::Timestamp;

#[derive(Template)]
#[template(path = "demo/code.html")]
struct CodePage {
    payee: &'static str,
    order_number: String,
    agreed_amount: String,
    amount: String,
    masked_phone: String,
    phone_path: String,
    /// How long the code still works; none when its time is over.
    works_for: Option<String>,
    /// How long until another message may be asked for; none when it may be now.
    resend_in: Option<String>,
    can_resend: bool,
    tampering: Tampering,
    error: Option<String>,
    status: Option<String>,
    /// Names this view of the form: a form that is sent twice is one attempt.
    attempt: String,
}

impl CodePage {
    fn new(order: Order, waiting: Waiting, attempt: String, now: Timestamp) -> Self {
        let seconds_until =
            |at: Option<Timestamp>| at.map(|at| now.seconds_until(at)).filter(|&wait_s| wait_s > 0);
        let (error, status) = match order.notice {
            Some(Notice::Error(words)) => (Some(words), None),
            Some(Notice::Status(words)) => (None, Some(words)),
            None => (None, None),
        };
        CodePage {
            payee: SHOP_NAME,
            order_number: order.number,
            agreed_amount: order.agreed_amount,
            amount: order.amount,
            masked_phone: waiting.masked_phone,
            phone_path: crate::demo::phone::path_of(&order.phone),
            works_for: seconds_until(waiting.expires_at).map(words::duration),
            resend_in: seconds_until(waiting.resend_at).map(words::duration),
            can_resend: waiting.resend_at.is_some(),
            tampering: order.tampering,
            error,
            status,
            attempt,
        }
    }
}

/// What the resend button posts.
#[derive(Deserialize)]
pub(super) struct ResendForm {
    /// Names the view of the page that it was pressed on.
    pub(super) attempt: String,
}

pub(super) async fn show(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    match shop.waiting_order_of(&headers) {
        Ok((_, order, waiting)) => {
            let attempt = hex(&shop.random());
            page(StatusCode::OK, &CodePage::new(order, waiting, attempt, shop.now()))
        }
        Err(elsewhere) => see_other(elsewhere),
    }
}

/// Sends the message again, if it is time.
pub(super) async fn resend(
    State(shop): State<DemoShop>,
    headers: HeaderMap,
    Form(form): Form<ResendForm>,
) -> Response {
    let (session, order, waiting) = match shop.waiting_order_of(&headers) {
        Ok(found) => found,
        Err(elsewhere) => return see_other(elsewhere),
    };
    let wait_s = waiting.resend_at.map_or(0, |at| shop.now().seconds_until(at));
    let answer = if wait_s > 0 {
        Err(words::too_soon(wait_s))
    } else {
        let key = format!("resend-{}", form.attempt);
        let sent = shop.countersign().resend(&waiting.verification, &key).await;
        sent.map_err(|error| resend_refused(&error))
    };
    shop.orders().update(&session, &order.number, |order| match answer {
        Ok(verification) => {
            order.stage = super::Stage::Waiting(Waiting::from(&verification));
            order.notice =
                Some(Notice::Status("We sent the message again. The code is the same.".to_owned()));
        }
        Err(words) => order.notice = Some(Notice::Error(words)),
    });
    see_other("/shop/code")
}

fn resend_refused(error: &CountersignError) -> String {
    match error {
        CountersignError::Refused(problem) => match (problem.status, problem.retry_after_s) {
            (429, Some(wait_s)) => words::too_soon(wait_s),
            (409, _) if problem.code != "not_pending" => {
                "No more messages can be sent for this payment. Cancel it and start again.".to_owned()
            }
            _ => words::trouble(error),
        },
        CountersignError::NoAnswer => words::trouble(error),
    }
}
