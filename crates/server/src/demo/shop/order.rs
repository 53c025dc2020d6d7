//! Orders, and who may see them.

use std::collections::VecDeque;
use std::fmt::Write as _;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use sha2::{Digest as _, Sha256};

use super::SHOP_NAME;
use crate::demo::countersign_client::{Transaction, Verification};
use countersign_core::time::Timestamp;

/// The cookie that tells one customer from another.
const COOKIE_NAME: &str = "birch_session";

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

/// One customer's browser session. The cookie's value is a secret, so it has no Debug.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionId([u8; 16]);

impl SessionId {
    pub(super) const fn new(random: [u8; 16]) -> Self {
        SessionId(random)
    }

    pub(super) fn from_cookies(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
        let mut id = [0; 16];
        if value.len() != 32 || !value.is_ascii() {
            return None;
        }
        for (byte, digits) in id.iter_mut().zip(value.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(SessionId(id))
    }

    /// The `Set-Cookie` value. `Secure` is missing because `dev` serves plain HTTP on localhost.
    pub(super) fn set_cookie(self) -> String {
        format!("{COOKIE_NAME}={}; Path=/shop; HttpOnly; SameSite=Lax", hex(&self.0))
    }

    /// The name of this session that Countersign gets: a hash, because the cookie itself is a key.
    pub(super) fn public_name(self) -> String {
        hex(&Sha256::digest(self.0)[..16])
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One order, as the shop's database would hold it. No Debug: it holds a phone number.
#[derive(Clone)]
pub(super) struct Order {
    /// The order number, also the transaction's id.
    pub(super) number: String,
    /// The phone as the customer wrote it.
    pub(super) phone: String,
    /// The language of the message.
    pub(super) locale: String,
    /// What the customer saw and the message says.
    pub(super) agreed_amount: String,
    /// What the shop is about to charge. Tampering changes it.
    pub(super) amount: String,
    /// What somebody does to the order behind the customer's back.
    pub(super) tampering: Tampering,
    /// Where it stands.
    pub(super) stage: Stage,
    /// The proof of an approved code whose redeem got no answer yet.
    pub(super) proof: Option<String>,
    /// What to say on the code page.
    pub(super) notice: Option<Notice>,
}

/// What somebody does to the order behind the customer's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tampering {
    /// Nothing.
    None,
    /// The amount changed after the message was sent.
    BeforeCheck,
    /// The amount will change when the code was right, just before the money moves.
    BeforePayment,
}

/// Where an order stands.
#[derive(Clone)]
pub(super) enum Stage {
    /// Countersign has been asked to send a code.
    Starting,
    /// The customer must type it.
    Waiting(Waiting),
    /// Paid.
    Paid(Receipt),
    /// Countersign refused.
    Refused(Refused),
    /// It ended in another way.
    Closed(Closed),
}

/// What the shop keeps of a pending verification.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) verification: String,
    pub(super) masked_phone: String,
    pub(super) expires_at: Option<Timestamp>,
    /// When another message may be asked for; none when there are no more.
    pub(super) resend_at: Option<Timestamp>,
}

impl Waiting {
    pub(super) fn from(verification: &Verification) -> Self {
        Waiting {
            verification: verification.id.clone(),
            masked_phone: verification.to.clone(),
            expires_at: Timestamp::parse_rfc3339(&verification.expires_at),
            resend_at: verification.resend_at.as_deref().and_then(Timestamp::parse_rfc3339),
        }
    }
}

/// What the shop keeps of a payment.
#[derive(Clone)]
pub(super) struct Receipt {
    pub(super) verification: String,
    pub(super) masked_phone: String,
    pub(super) session: String,
    /// The proof's claims. The proof itself never reaches a page.
    pub(super) claims: String,
}

/// A payment that Countersign refused.
#[derive(Clone)]
pub(super) struct Refused {
    pub(super) verification: String,
    pub(super) masked_phone: String,
    /// Which call refused.
    pub(super) at: RefusedAt,
    /// Countersign's word for why.
    pub(super) reason: String,
    /// What the verification's status is now, read back from Countersign.
    pub(super) status: String,
}

/// The call that refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusedAt {
    Check,
    Redeem,
}

/// How an order ended without payment or refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    Expired,
    Exhausted,
    Canceled,
    Superseded,
    Reported,
    Void,
    AlreadyUsed,
}

/// Something to say on the code page.
#[derive(Clone)]
pub(super) enum Notice {
    /// What the customer must put right.
    Error(String),
    /// What went well.
    Status(String),
}

impl Order {
    pub(super) fn new(random: [u8; 16], phone: String, locale: String) -> Self {
        let amount = cart_total();
        Order {
            number: format!("BB-{}", hex(&random[..4]).to_uppercase()),
            phone,
            locale,
            agreed_amount: amount.clone(),
            amount,
            tampering: Tampering::None,
            stage: Stage::Starting,
            proof: None,
            notice: None,
        }
    }

    /// What is about to be charged, as the shop's records have it now.
    pub(super) fn transaction(&self) -> Transaction {
        Transaction {
            id: self.number.clone(),
            amount: self.amount.clone(),
            currency: "EUR",
            payee: SHOP_NAME,
        }
    }

    /// Whether it still wants this phone and language, so that pressing the button twice is one order.
    fn is_open_for(&self, phone: &str, locale: &str) -> bool {
        matches!(self.stage, Stage::Starting | Stage::Waiting(_))
            && self.phone == phone
            && self.locale == locale
    }
}

/// The orders of the latest customers, one each.
pub(super) struct OrderBook {
    capacity: usize,
    orders: VecDeque<(SessionId, Order)>,
}

impl OrderBook {
    pub(super) fn new(capacity: usize) -> Self {
        OrderBook { capacity, orders: VecDeque::new() }
    }

    pub(super) fn get(&self, session: &SessionId) -> Option<Order> {
        self.orders.iter().find(|(owner, _)| owner == session).map(|(_, order)| order.clone())
    }

    /// The session's open order for this phone, or `fresh` in place of whatever it had before.
    /// Gives the replaced order too.
    pub(super) fn open(&mut self, session: SessionId, fresh: Order) -> (Order, Option<Order>) {
        if let Some(open) = self.get(&session).filter(|order| order.is_open_for(&fresh.phone, &fresh.locale))
        {
            return (open, None);
        }
        let replaced = self.remove(&session);
        if self.orders.len() >= self.capacity {
            self.orders.pop_front();
        }
        self.orders.push_back((session, fresh.clone()));
        (fresh, replaced)
    }

    /// Changes the session's order if it is still the one with this number.
    pub(super) fn update(&mut self, session: &SessionId, number: &str, change: impl FnOnce(&mut Order)) {
        let found = self.orders.iter_mut().find(|(owner, order)| owner == session && order.number == number);
        if let Some((_, order)) = found {
            change(order);
        }
    }

    pub(super) fn remove(&mut self, session: &SessionId) -> Option<Order> {
        let at = self.orders.iter().position(|(owner, _)| owner == session)?;
        self.orders.remove(at).map(|(_, order)| order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn session(number: u8) -> SessionId {
        SessionId::new([number; 16])
    }

    fn order(number: u8) -> Order {
        Order::new([number; 16], "+447700900123".to_owned(), "en".to_owned())
    }

    #[test]
    fn the_cart_adds_up() {
        assert_eq!(cart_total(), "179.90");
        assert_eq!(decimal(5), "0.05");
    }

    #[test]
    fn a_session_survives_its_cookie() {
        let id = SessionId::new(*b"0123456789abcdef");
        let cookie = id.set_cookie();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        let sent = format!("theme=dark; {}", cookie.split(';').next().unwrap());
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&sent).unwrap())]);
        assert!(SessionId::from_cookies(&headers) == Some(id));
        assert!(!id.public_name().contains(&hex(b"0123456789abcdef")));
    }

    #[test]
    fn malformed_cookies_are_no_session() {
        for wrong in ["birch_session=", "birch_session=zz", "birch_session=+1234567890123456789012345678901+"]
        {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(wrong))]);
            assert!(SessionId::from_cookies(&headers).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_quietest_customer_makes_room() {
        let mut book = OrderBook::new(2);
        for number in 1..=3 {
            book.open(session(number), order(number));
        }
        assert!(book.get(&session(1)).is_none());
        assert!(book.get(&session(2)).is_some() && book.get(&session(3)).is_some());
    }

    #[test]
    fn pressing_the_button_twice_is_one_order() {
        let mut book = OrderBook::new(10);
        let (first, _) = book.open(session(1), order(1));
        let (second, replaced) = book.open(session(1), order(2));
        assert_eq!(first.number, second.number);
        assert!(replaced.is_none());

        book.update(&session(1), &first.number, |order| order.stage = Stage::Closed(Closed::Canceled));
        let (third, replaced) = book.open(session(1), order(3));
        assert_ne!(first.number, third.number);
        assert_eq!(replaced.map(|order| order.number), Some(first.number));
    }

    #[test]
    fn an_update_never_touches_a_later_order() {
        let mut book = OrderBook::new(10);
        let (first, _) = book.open(session(1), order(1));
        book.remove(&session(1));
        book.open(session(1), order(2));
        book.update(&session(1), &first.number, |order| order.amount = "0.01".to_owned());
        assert_eq!(book.get(&session(1)).unwrap().amount, "179.90");
    }
}
