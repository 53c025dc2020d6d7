//! Customers: who may see what, what they have approved, and their turns.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;

use super::approval::{Approval, Stage};
use super::place::Presentation;
use super::task::{Deal, Task};

/// The cookie that tells one customer from another.
const COOKIE_NAME: &str = "birch_session";
/// How many approvals and orders of one customer the shop remembers.
const MAX_REMEMBERED: usize = 12;

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
        if value.len() != 32 || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
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

/// What was bought.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) number: String,
    pub(super) amount: String,
    /// Whether it is paid; else the money is due at the door.
    pub(super) is_paid: bool,
}

/// One customer, as the shop's database would hold her. No Debug: it holds phone numbers.
#[derive(Clone)]
pub(super) struct Customer {
    pub(super) is_logged_in: bool,
    pub(super) address: String,
    pub(super) orders: VecDeque<Order>,
    /// What she filled in last: asked for once (WCAG 2.2, 3.3.7).
    pub(super) phone: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) presentation: Presentation,
    approvals: VecDeque<Approval>,
    turn: Arc<Mutex<()>>,
}

impl Default for Customer {
    fn default() -> Self {
        Customer {
            is_logged_in: false,
            address: "12 Birch Lane, Hebden Bridge".to_owned(),
            orders: VecDeque::new(),
            phone: None,
            locale: None,
            presentation: Presentation::default(),
            approvals: VecDeque::new(),
            turn: Arc::default(),
        }
    }
}

impl Customer {
    pub(super) fn approval(&self, number: &str) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.number == number)
    }

    /// The one that a form was sent for before.
    pub(super) fn of_form(&self, form: &str) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.form == form)
    }

    /// The one that waits for a code for this task.
    pub(super) fn open_for(&self, task: Task) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.task == task && approval.is_open())
    }

    /// The one that the hosted page sent her back from.
    pub(super) fn returned(&self, verification: &str, state: &str) -> Option<&Approval> {
        self.approvals.iter().find(|approval| {
            let is_its_state = bool::from(approval.state.as_bytes().ct_eq(state.as_bytes()));
            is_its_state && !verification.is_empty() && approval.verification == verification
        })
    }

    /// Remembers one more; the oldest make room.
    pub(super) fn remember(&mut self, approval: Approval) {
        self.approvals.truncate(MAX_REMEMBERED - 1);
        self.approvals.push_front(approval);
    }

    /// Forgets one that came to nothing.
    pub(super) fn forget(&mut self, number: &str) {
        self.approvals.retain(|approval| approval.number != number);
    }

    /// Moves an open approval on. What is over stays as it is, so that nothing is done twice.
    pub(super) fn settle(&mut self, number: &str, stage: Stage) {
        let found =
            self.approvals.iter_mut().find(|approval| approval.number == number && approval.is_open());
        let Some(approval) = found else { return };
        let is_done = matches!(stage, Stage::Done(_));
        approval.stage = stage;
        if is_done {
            let (task, deal, number) = (approval.task, approval.deal.clone(), approval.number.clone());
            self.act(task, deal, number);
        }
    }

    /// Does what was approved.
    fn act(&mut self, task: Task, deal: Deal, number: String) {
        match deal {
            Deal::Login => self.is_logged_in = true,
            Deal::Address { address } => self.address = address,
            Deal::Money { amount } => {
                self.orders.truncate(MAX_REMEMBERED - 1);
                self.orders.push_front(Order { number, amount, is_paid: task == Task::Payment });
            }
        }
    }

    pub(super) fn change(&mut self, number: &str, change: impl FnOnce(&mut Approval)) {
        if let Some(approval) = self.approvals.iter_mut().find(|approval| approval.number == number) {
            change(approval);
        }
    }

    /// Whoever holds it is served; her other tabs wait.
    pub(super) fn turn(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.turn)
    }
}

/// The latest customers.
pub(super) struct Customers {
    capacity: usize,
    known: VecDeque<(SessionId, Customer)>,
}

impl Customers {
    pub(super) fn new(capacity: usize) -> Self {
        Customers { capacity, known: VecDeque::new() }
    }

    pub(super) fn get(&self, session: SessionId) -> Option<&Customer> {
        self.known.iter().find(|(owner, _)| *owner == session).map(|(_, customer)| customer)
    }

    /// The customer of a session; a new one, in the place of whoever came first, if there is none.
    pub(super) fn of(&mut self, session: SessionId) -> &mut Customer {
        let known = self.known.iter().position(|(owner, _)| *owner == session);
        let at = known.unwrap_or_else(|| {
            if self.known.len() >= self.capacity {
                self.known.pop_front();
            }
            self.known.push_back((session, Customer::default()));
            self.known.len() - 1
        });
        &mut self.known[at].1
    }

    pub(super) fn forget(&mut self, session: SessionId) {
        self.known.retain(|(owner, _)| *owner != session);
    }
}

#[cfg(test)]
mod tests {
    use super::super::approval::{Asked, Ended};
    use super::super::proof_check::Report;
    use super::super::task::Tampering;
    use super::*;
    use axum::http::HeaderValue;

    fn session(number: u8) -> SessionId {
        SessionId::new([number; 16])
    }

    fn approval(number: u8, task: Task, deal: Deal) -> Approval {
        let asked = Asked {
            phone: "+447700900123".to_owned(),
            locale: "en".to_owned(),
            presentation: Presentation::Page,
            tampering: Tampering::None,
            deal,
        };
        Approval::new([[number; 16]; 2], task, asked, format!("form-{number}"))
    }

    fn done() -> Stage {
        Stage::Done(Report::default())
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
    fn whoever_came_first_makes_room() {
        let mut customers = Customers::new(2);
        for number in 1..=3 {
            customers.of(session(number)).is_logged_in = true;
        }
        assert!(customers.get(session(1)).is_none());
        assert!(customers.get(session(2)).is_some() && customers.get(session(3)).is_some());
    }

    #[test]
    fn what_is_done_is_done_once() {
        let mut customer = Customer::default();
        let buy = approval(1, Task::Payment, Deal::Money { amount: "179.90".to_owned() });
        let number = buy.number.clone();
        customer.remember(buy);
        for _ in 0..2 {
            customer.settle(&number, done());
        }
        customer.settle(&number, Stage::Ended(Ended::Canceled));
        assert_eq!(customer.orders.len(), 1);
        assert!(customer.orders[0].is_paid);
        assert!(matches!(customer.approval(&number).unwrap().stage, Stage::Done(_)));
    }

    #[test]
    fn each_task_does_its_own_and_nothing_else() {
        let mut customer = Customer::default();
        let before = customer.address.clone();
        customer.remember(approval(1, Task::Login, Deal::Login));
        customer.remember(approval(2, Task::Order, Deal::Money { amount: "1.00".to_owned() }));
        for number in ["BB-01010101", "BB-02020202"] {
            customer.settle(number, done());
        }
        assert!(customer.is_logged_in && !customer.orders[0].is_paid && customer.address == before);
        customer.remember(approval(
            3,
            Task::AccountChange,
            Deal::Address { address: "7 Elm Row".to_owned() },
        ));
        customer.settle("BB-03030303", Stage::Ended(Ended::Expired));
        assert_eq!(customer.address, before, "what ended changes nothing");
    }

    #[test]
    fn a_return_is_known_by_its_state_and_its_verification() {
        let mut customer = Customer::default();
        let mut open = approval(1, Task::Login, Deal::Login);
        open.verification = "ver_1".to_owned();
        let state = open.state.clone();
        customer.remember(open);
        assert!(customer.returned("ver_1", &state).is_some());
        assert!(customer.returned("ver_2", &state).is_none());
        assert!(customer.returned("ver_1", "").is_none());
        assert!(customer.returned("ver_1", &state.to_uppercase().replace('0', "1")).is_none());
    }

    #[test]
    fn a_customer_has_bounds() {
        let mut customer = Customer::default();
        for number in 0..40 {
            customer.remember(approval(number, Task::Login, Deal::Login));
        }
        assert_eq!(customer.approvals.len(), MAX_REMEMBERED);
        assert!(customer.of_form("form-39").is_some() && customer.of_form("form-0").is_none());
    }
}
