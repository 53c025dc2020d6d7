//! The attack that the demo offers: somebody inside the shop changes the order behind the customer's
//! back. No shop would have this; it shows what Countersign does about it.

use axum::extract::{Form, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::DemoShop;
use super::order::{Order, SessionId, Tampering};
use crate::demo::page::see_other;

/// A price that nobody agreed to.
pub(super) const RAISED_AMOUNT: &str = "4999.00";
/// A price that the shop would not agree to.
pub(super) const LOWERED_AMOUNT: &str = "0.01";

/// What the tampering buttons post.
#[derive(Deserialize)]
pub(super) struct TamperForm {
    what: What,
}

/// The three buttons.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    RaiseNow,
    LowerBeforePayment,
    Undo,
}

pub(super) async fn tamper(
    State(shop): State<DemoShop>,
    headers: HeaderMap,
    Form(form): Form<TamperForm>,
) -> Response {
    let (session, order, _) = match shop.waiting_order_of(&headers) {
        Ok(found) => found,
        Err(elsewhere) => return see_other(elsewhere),
    };
    shop.orders().update(&session, &order.number, |order| {
        order.notice = None;
        (order.tampering, order.amount) = match form.what {
            What::RaiseNow => (Tampering::BeforeCheck, RAISED_AMOUNT.to_owned()),
            What::LowerBeforePayment => (Tampering::BeforePayment, order.agreed_amount.clone()),
            What::Undo => (Tampering::None, order.agreed_amount.clone()),
        };
    });
    see_other("/shop/code")
}

/// The order as it is when the money is about to move.
pub(super) fn just_before_payment(shop: &DemoShop, session: SessionId, order: &Order) -> Order {
    let mut order = order.clone();
    if order.tampering == Tampering::BeforePayment {
        LOWERED_AMOUNT.clone_into(&mut order.amount);
        shop.orders().update(&session, &order.number, |kept| LOWERED_AMOUNT.clone_into(&mut kept.amount));
    }
    order
}
