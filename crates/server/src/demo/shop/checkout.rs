//! Cart and checkout: where the customer gives the phone number.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::order::{Art, CART, Order, Product, SessionId, Stage, Waiting, cart_total};
use super::{CUSTOMER, DemoShop, PURPOSE, words};
use crate::demo::countersign_client::{CountersignError, StartRequest};
use crate::demo::page::{page, see_other};

/// Numbers that Ofcom keeps free for fiction; nobody owns them.
const FICTION_NUMBERS: [&str; 3] = ["+447700900123", "+447700900456", "+447700900789"];

/// The languages that Countersign has built-in texts for, by their own names.
const LANGUAGES: [(&str, &str); 14] = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("it", "Italiano"),
    ("pt", "Português"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("tr", "Türkçe"),
    ("ar", "العربية"),
    ("hi", "हिन्दी"),
    ("id", "Bahasa Indonesia"),
    ("ja", "日本語"),
    ("zh", "中文"),
];

#[derive(Template)]
#[template(path = "demo/cart.html")]
struct CartPage {
    products: &'static [Product],
    total: String,
}

#[derive(Template)]
#[template(path = "demo/checkout.html")]
struct CheckoutPage<'a> {
    products: &'static [Product],
    total: String,
    numbers: &'static [&'static str],
    languages: &'static [(&'static str, &'static str)],
    phone: &'a str,
    locale: &'a str,
    error: Option<String>,
    developers: Option<String>,
}

impl<'a> CheckoutPage<'a> {
    fn new(phone: &'a str, locale: &'a str) -> Self {
        CheckoutPage {
            products: &CART,
            total: cart_total(),
            numbers: &FICTION_NUMBERS,
            languages: &LANGUAGES,
            phone,
            locale,
            error: None,
            developers: None,
        }
    }

    fn refused(phone: &'a str, locale: &'a str, error: String, developers: Option<String>) -> Response {
        let template = CheckoutPage { error: Some(error), developers, ..CheckoutPage::new(phone, locale) };
        page(StatusCode::UNPROCESSABLE_ENTITY, &template)
    }
}

/// What the checkout page posts.
#[derive(Deserialize)]
pub(super) struct CheckoutForm {
    phone: String,
    locale: String,
}

pub(super) async fn cart() -> Response {
    page(StatusCode::OK, &CartPage { products: &CART, total: cart_total() })
}

pub(super) async fn form(State(shop): State<DemoShop>, headers: HeaderMap) -> Response {
    let order = shop.order_of(&headers).map(|(_, order)| order);
    let (phone, locale) = match &order {
        Some(order) => (order.phone.as_str(), order.locale.as_str()),
        None => (FICTION_NUMBERS[0], LANGUAGES[0].0),
    };
    let mut response = page(StatusCode::OK, &CheckoutPage::new(phone, locale));
    if SessionId::from_cookies(&headers).is_none()
        && let Ok(cookie) = HeaderValue::from_str(&SessionId::new(shop.random()).set_cookie())
    {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Opens an order and has a code sent.
pub(super) async fn start(
    State(shop): State<DemoShop>,
    headers: HeaderMap,
    Form(form): Form<CheckoutForm>,
) -> Response {
    let (phone, locale) = (form.phone.trim(), form.locale.as_str());
    let Some(session) = SessionId::from_cookies(&headers) else {
        let words = "The shop needs a cookie to remember your order. Allow it, then try again.".to_owned();
        return CheckoutPage::refused(phone, locale, words, None);
    };
    if phone.is_empty() {
        return CheckoutPage::refused(phone, locale, "Enter your mobile number".to_owned(), None);
    }

    let fresh = Order::new(shop.random(), phone.to_owned(), locale.to_owned());
    let (order, replaced) = shop.orders().open(session, fresh);
    give_up(&shop, replaced).await;

    match send_code(&shop, session, &order).await {
        Ok(waiting) => {
            let stage = Stage::Waiting(waiting);
            shop.orders().update(&session, &order.number, |order| order.stage = stage);
            see_other("/shop/code")
        }
        Err(error) => {
            shop.orders().remove(&session);
            CheckoutPage::refused(phone, locale, words::trouble(&error), Some(words::for_developers(&error)))
        }
    }
}

/// Asks Countersign for a code, or finds the one that this order has asked for already.
async fn send_code(shop: &DemoShop, session: SessionId, order: &Order) -> Result<Waiting, CountersignError> {
    if let Stage::Waiting(waiting) = &order.stage {
        return Ok(waiting.clone());
    }
    let request = StartRequest {
        to: &order.phone,
        purpose: PURPOSE,
        transaction: &order.transaction(),
        session: &session.public_name(),
        customer: CUSTOMER,
        locale: &order.locale,
        presentation: shop.presentation(),
    };
    let verification = shop.countersign().start(&request, &format!("start-{}", order.number)).await?;
    Ok(Waiting::from(&verification))
}

/// Cancels the verification of an order that another one replaced. It would expire by itself, so a
/// failure changes nothing.
async fn give_up(shop: &DemoShop, replaced: Option<Order>) {
    if let Some(Order { stage: Stage::Waiting(waiting), .. }) = replaced
        && let Err(error) = shop.countersign().cancel(&waiting.verification).await
    {
        tracing::debug!(%error, "the demo shop could not cancel a replaced verification");
    }
}
