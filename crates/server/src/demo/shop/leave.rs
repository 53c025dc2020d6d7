//! Ways out of a payment: give it up, say "this was not me", start over.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::order::{Closed, Notice, SessionId, Stage};
use super::{DemoShop, words};
use crate::demo::page::see_other;

/// The customer gives up.
pub(super) async fn cancel(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    close(&shop, &headers, Closed::Canceled).await
}

/// The customer says "this was not me".
pub(super) async fn report(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    close(&shop, &headers, Closed::Reported).await
}

async fn close(shop: &DemoShop, headers: &HeaderMap, how: Closed) -> Response {
    let (session, order, waiting) = match shop.waiting_order_of(headers) {
        Ok(found) => found,
        Err(elsewhere) => return see_other(elsewhere),
    };
    let id = &waiting.verification;
    let answer = match how {
        Closed::Reported => shop.countersign().report(id).await,
        _ => shop.countersign().cancel(id).await,
    };
    shop.orders().update(&session, &order.number, |order| match answer {
        Ok(_) => order.stage = Stage::Closed(how),
        Err(error) => order.notice = Some(Notice::Error(words::trouble(&error))),
    });
    see_other("/shop/code")
}

/// Forgets the order.
pub(super) async fn start_over(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    if let Some(session) = SessionId::from_cookies(&headers) {
        shop.orders().remove(&session);
    }
    see_other("/shop")
}
