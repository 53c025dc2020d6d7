//! How it ended: paid, refused by Countersign, or given up.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::order::{Art, CART, Closed, Order, Product, Receipt, Refused, RefusedAt, Stage};
use super::{DemoShop, PURPOSE, SHOP_NAME};
use crate::demo::page::{page, see_other};

#[derive(Template)]
#[template(path = "demo/paid.html")]
struct PaidPage {
    products: &'static [Product],
    payee: &'static str,
    purpose: &'static str,
    order_number: String,
    amount: String,
    receipt: Receipt,
}

#[derive(Template)]
#[template(path = "demo/refused.html")]
struct RefusedPage {
    payee: &'static str,
    order_number: String,
    agreed_amount: String,
    amount: String,
    refused: Refused,
    /// `POST …/check` or `POST …/redeem`.
    call: &'static str,
}

#[derive(Template)]
#[template(path = "demo/closed.html")]
struct ClosedPage {
    title: &'static str,
    text: &'static str,
}

pub(super) async fn show(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    let Some((_, order)) = shop.order_of(&headers) else { return see_other("/shop") };
    let Order { number, agreed_amount, amount, stage, .. } = order;
    match stage {
        Stage::Starting => see_other("/shop/checkout"),
        Stage::Waiting(_) => see_other("/shop/code"),
        Stage::Paid(receipt) => {
            let products = &CART;
            let template = PaidPage {
                products,
                payee: SHOP_NAME,
                purpose: PURPOSE,
                order_number: number,
                amount,
                receipt,
            };
            page(StatusCode::OK, &template)
        }
        Stage::Refused(refused) => {
            let call = match refused.at {
                RefusedAt::Check => "POST /v1/verifications/{id}/check",
                RefusedAt::Redeem => "POST /v1/proofs/redeem",
            };
            let template =
                RefusedPage { payee: SHOP_NAME, order_number: number, agreed_amount, amount, refused, call };
            page(StatusCode::OK, &template)
        }
        Stage::Closed(how) => page(StatusCode::OK, &closed(how)),
    }
}

fn closed(how: Closed) -> ClosedPage {
    let (title, text) = match how {
        Closed::Expired => (
            "That code has expired",
            "Codes for payments work for five minutes. Nothing was charged and your cart is as it was.",
        ),
        Closed::Exhausted => (
            "That was one wrong code too many",
            "To keep guessers out, this code stopped working. Nothing was charged and your cart is as it was.",
        ),
        Closed::Canceled => ("Payment cancelled", "Nothing was charged and your cart is as it was."),
        Closed::Superseded => (
            "A newer payment took its place",
            "You started another payment in this browser, so this code stopped working. Nothing was charged.",
        ),
        Closed::Reported => (
            "Thank you for telling us",
            "We stopped this payment, and its code is worth nothing now. Nothing was charged. If you get \
             more messages that you did not ask for, never pass the code on.",
        ),
        Closed::Void => (
            "This payment was stopped",
            "Its code is worth nothing any more. Nothing was charged and your cart is as it was.",
        ),
        Closed::AlreadyUsed => {
            ("That code was used already", "Each code works once. This payment was not taken a second time.")
        }
    };
    ClosedPage { title, text }
}
