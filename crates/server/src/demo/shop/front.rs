//! The front page: what the shop asks the phone about, and what it knows of its customer.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::DemoShop;
use super::customer::{Customer, SessionId};
use super::task::Task;
use crate::demo::page::{page, see_other};

/// One line of the cart.
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) note: &'static str,
    pub(super) cents: u32,
    pub(super) art: Art,
}

/// The picture of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Art {
    Lamp,
    Rail,
    Polish,
}

/// What everybody buys here.
pub(super) const CART: [Product; 3] = [
    Product { name: "Brass task lamp", note: "Swivel arm, oak base", cents: 12_900, art: Art::Lamp },
    Product { name: "Oak peg rail", note: "Four pegs, 60 cm", cents: 3_640, art: Art::Rail },
    Product { name: "Beeswax polish", note: "150 ml tin", cents: 1_450, art: Art::Polish },
];

impl Product {
    /// Its price, such as `36.40`.
    pub(super) fn price(&self) -> String {
        decimal(self.cents)
    }
}

/// The sum of the cart, such as `179.90`.
pub(super) fn cart_total() -> String {
    decimal(CART.iter().map(|product| product.cents).sum())
}

fn decimal(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[derive(Template)]
#[template(path = "demo/front.html")]
struct FrontPage {
    base_url: String,
    tasks: [Task; 4],
    products: &'static [Product],
    total: String,
    customer: Customer,
}

pub(super) async fn show(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    let session = SessionId::from_cookies(&headers);
    let customer = session.and_then(|session| shop.customers().get(session).cloned()).unwrap_or_default();
    let template = FrontPage {
        base_url: shop.issuer().to_owned(),
        tasks: Task::ALL,
        products: &CART,
        total: cart_total(),
        customer,
    };
    shop.with_session(&headers, page(StatusCode::OK, &template))
}

/// Logs out and forgets everything.
pub(super) async fn start_over(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    if let Some(session) = SessionId::from_cookies(&headers) {
        shop.customers().forget(session);
    }
    see_other("/shop")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cart_adds_up() {
        assert_eq!(cart_total(), "179.90");
        assert_eq!(decimal(5), "0.05");
    }
}
