//! The demo shop: a login, a payment, a change of the account and an order, each approved by phone, in three
//! presentations side by side; what the shop verified before it acted, and what it refused when somebody tampered.
//!
//! It knows Countersign by its public API only, as any shop would, and is served on an origin of its own, because
//! `<countersign-frame>` keeps the code from the shop's page by being another one. Its own pages work without
//! JavaScript. What it knows lives in memory.

mod approval;
mod ask;
mod customer;
mod front;
mod look;
mod place;
mod proof_check;
mod settle;
mod task;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use countersign_core::proof::Jwks;
use countersign_core::time::Timestamp;
use tokio::sync::OwnedMutexGuard;

use super::countersign_client::{Countersign, CountersignError};
use super::page::{self, MAX_FORM_BYTES};
use crate::clock::{Clock, Randomness};
use customer::{Customers, SessionId};
use place::Place;
pub use place::RETURN_PATH;

/// How many customers the shop remembers at once; whoever came first makes room.
const MAX_CUSTOMERS: usize = 1000;
/// How long the shop keeps Countersign's keys before it asks again: what their answer says (`Cache-Control`).
const KEYS_KEPT: Duration = Duration::from_secs(300);
/// The shop's name, which is also the payee in the message.
pub const SHOP_NAME: &str = "Birch & Bolt";
/// The shop's own colour, for the hosted page.
pub const SHOP_COLOUR: &str = "#1d5944";
/// The shop's reference for its only customer.
const CUSTOMER: &str = "customer_77";

/// What the demo shop runs on.
pub struct ShopSettings {
    /// Where Countersign's API answers the shop's server, such as `http://127.0.0.1:8080`.
    pub api_base_url: String,
    /// Countersign's public address, such as `http://localhost:8080`: who signs proofs, and where browsers find the
    /// hosted page and the elements.
    pub countersign_url: String,
    /// A test key of the app, scope `server`.
    pub api_key: String,
    /// The app's id: for whom proofs must be.
    pub app: String,
    /// The origin that browsers see the shop at, such as `http://localhost:8081`.
    pub origin: String,
    /// The client for the API: no redirects, bounded time.
    pub http: reqwest::Client,
    /// The time.
    pub clock: Clock,
    /// For session cookies and numbers.
    pub randomness: Randomness,
}

/// The demo shop. Cheap to clone.
#[derive(Clone)]
pub struct DemoShop(Arc<Inner>);

struct Inner {
    countersign: Countersign,
    countersign_url: String,
    app: String,
    origin: String,
    clock: Clock,
    randomness: Randomness,
    customers: Mutex<Customers>,
    keys: Mutex<Option<(Timestamp, Arc<Jwks>)>>,
}

impl DemoShop {
    /// A shop that nobody has visited.
    pub fn new(settings: ShopSettings) -> Self {
        DemoShop(Arc::new(Inner {
            countersign: Countersign::new(settings.http, &settings.api_base_url, settings.api_key),
            countersign_url: settings.countersign_url,
            app: settings.app,
            origin: settings.origin,
            clock: settings.clock,
            randomness: settings.randomness,
            customers: Mutex::new(Customers::new(MAX_CUSTOMERS)),
            keys: Mutex::new(None),
        }))
    }

    fn countersign(&self) -> &Countersign {
        &self.0.countersign
    }

    fn issuer(&self) -> &str {
        &self.0.countersign_url
    }

    fn app(&self) -> &str {
        &self.0.app
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// 128 random bits.
    fn random(&self) -> [u8; 16] {
        self.0.randomness.entropy().bytes()
    }

    /// A panic elsewhere leaves no customer half changed.
    fn customers(&self) -> MutexGuard<'_, Customers> {
        self.0.customers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One request of a customer after another: a double click, a reload, a second tab.
    async fn turn(&self, session: SessionId) -> OwnedMutexGuard<()> {
        let turn = self.customers().of(session).turn();
        turn.lock_owned().await
    }

    fn place(&self, headers: &HeaderMap) -> Place {
        Place::of(headers, &self.0.origin)
    }

    /// Countersign's public keys: those that the shop has, unless they are old or the wanted one is not among them.
    async fn keys_with(&self, name: Option<&str>) -> Result<Arc<Jwks>, CountersignError> {
        let now = self.now();
        let kept = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, keys)) = kept {
            let is_there = keys.keys.iter().any(|key| name == Some(key.kid.0.as_str()));
            if is_there && now.since(at) < KEYS_KEPT {
                return Ok(keys);
            }
        }
        let keys = Arc::new(self.countersign().keys().await?);
        *self.0.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }

    /// Gives whoever has no session one with this page.
    fn with_session(&self, headers: &HeaderMap, mut response: Response) -> Response {
        if SessionId::from_cookies(headers).is_none()
            && let Ok(cookie) = HeaderValue::from_str(&SessionId::new(self.random()).set_cookie())
        {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }

    /// Lets a page load the elements from Countersign, show its frame, and send forms and customers there.
    fn reaching_countersign(&self, response: Response) -> Response {
        page::reach(response, &self.0.countersign_url)
    }
}

/// The shop's pages, under `/shop`, and their files.
pub fn router(shop: DemoShop) -> Router {
    Router::new()
        .route("/", get(async || Redirect::to("/shop")))
        .route("/shop", get(front::show))
        .route("/shop/new", post(front::start_over))
        .route("/shop/{task}", get(ask::show).post(ask::start))
        .route(RETURN_PATH, get(look::returned))
        .route("/shop/approvals/{number}", get(look::show))
        .route("/shop/approvals/{number}/cancel", post(look::cancel))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(axum::middleware::from_fn(page::protect))
        .with_state(shop)
        .merge(page::assets_router())
}
