//! The demo shop: cart → phone → code → paid, and what happens when somebody tampers in between.
//!
//! It knows Countersign by its public API only, as any shop would, and works without JavaScript.
//! Orders live in memory.

mod checkout;
mod code_page;
mod leave;
mod order;
mod outcome;
mod settle;
mod tamper;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use countersign_core::time::Timestamp;

use super::countersign_client::{Countersign, Presentation};
use super::page::{self, MAX_FORM_BYTES};
use crate::clock::{Clock, Randomness};
use order::{Order, OrderBook, SessionId, Stage, Waiting};

/// How many customers the shop remembers at once; the one that was quiet longest makes room.
const MAX_ORDERS: usize = 1000;
/// The shop's name, which is also the payee in the message.
pub const SHOP_NAME: &str = "Birch & Bolt";
/// Why the shop verifies.
const PURPOSE: &str = "payment";
/// The shop's reference for its only customer.
const CUSTOMER: &str = "customer_77";

/// What the demo shop runs on.
pub struct ShopSettings {
    /// Where Countersign's API answers, such as `http://localhost:8080`.
    pub api_base_url: String,
    /// A test key of the app, scope `server`.
    pub api_key: String,
    /// The origin that browsers see the shop at, such as `http://localhost:8080`.
    pub origin: String,
    /// The client for the API: no redirects, bounded time.
    pub http: reqwest::Client,
    /// The time.
    pub clock: Clock,
    /// For session cookies and order numbers.
    pub randomness: Randomness,
}

/// The demo shop. Cheap to clone.
#[derive(Clone)]
pub struct DemoShop(Arc<Inner>);

struct Inner {
    countersign: Countersign,
    origin: String,
    clock: Clock,
    randomness: Randomness,
    orders: Mutex<OrderBook>,
}

impl DemoShop {
    /// A shop without orders.
    pub fn new(settings: ShopSettings) -> Self {
        DemoShop(Arc::new(Inner {
            countersign: Countersign::new(settings.http, &settings.api_base_url, settings.api_key),
            origin: settings.origin,
            clock: settings.clock,
            randomness: settings.randomness,
            orders: Mutex::new(OrderBook::new(MAX_ORDERS)),
        }))
    }

    fn countersign(&self) -> &Countersign {
        &self.0.countersign
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// 128 random bits.
    fn random(&self) -> [u8; 16] {
        self.0.randomness.entropy().bytes()
    }

    /// A panic elsewhere leaves no order half changed.
    fn orders(&self) -> MutexGuard<'_, OrderBook> {
        self.0.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order of whoever sends this cookie.
    fn order_of(&self, headers: &HeaderMap) -> Option<(SessionId, Order)> {
        let session = SessionId::from_cookies(headers)?;
        let order = self.orders().get(&session)?;
        Some((session, order))
    }

    /// The order of whoever sends this cookie, if it waits for a code; else the page to look at
    /// instead.
    fn waiting_order_of(&self, headers: &HeaderMap) -> Result<(SessionId, Order, Waiting), &'static str> {
        match self.order_of(headers) {
            Some((session, order)) => match order.stage.clone() {
                Stage::Waiting(waiting) => Ok((session, order, waiting)),
                Stage::Starting => Err("/shop/checkout"),
                Stage::Paid(_) | Stage::Refused(_) | Stage::Closed(_) => Err("/shop/order"),
            },
            None => Err("/shop"),
        }
    }

    /// Tells Countersign that the code is typed on the shop's own page, so that the message ends in
    /// a line that phones match with the page. Needs https, or localhost.
    fn presentation(&self) -> Option<Presentation<'_>> {
        let origin = self.0.origin.as_str();
        let can_bind = origin.starts_with("https://") || origin.starts_with("http://localhost");
        can_bind.then_some(Presentation { mode: "element", origin })
    }
}

/// The shop's pages, under `/shop`.
pub fn router(shop: DemoShop) -> Router {
    Router::new()
        .route("/shop", get(checkout::cart))
        .route("/shop/checkout", get(checkout::form).post(checkout::start))
        .route("/shop/code", get(code_page::show).post(settle::check))
        .route("/shop/resend", post(code_page::resend))
        .route("/shop/tamper", post(tamper::tamper))
        .route("/shop/cancel", post(leave::cancel))
        .route("/shop/report", post(leave::report))
        .route("/shop/order", get(outcome::show))
        .route("/shop/new", post(leave::start_over))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(axum::middleware::from_fn(page::protect))
        .with_state(shop)
}
