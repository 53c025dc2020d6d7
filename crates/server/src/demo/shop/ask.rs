//! The form of a task, and its start: phone, presentation, and a code on its way.

use askama::Template;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use countersign_core::phone::E164;
use serde::Deserialize;

use super::approval::{Approval, Asked, Stage, Waiting};
use super::customer::{Customer, SessionId, hex};
use super::front::{Art, CART, Product, cart_total};
use super::place::{Place, Presentation};
use super::task::{Deal, Tampering, Task};
use super::{CUSTOMER, DemoShop, SHOP_NAME, words};
use crate::demo::countersign_client::{CountersignError, StartRequest};
use crate::demo::page::{page, see_other};

/// Numbers that Ofcom keeps free for fiction; nobody owns them.
const FICTION_NUMBERS: [&str; 3] = ["+447700900123", "+447700900456", "+447700900789"];
/// The longest address that is taken, in bytes.
const MAX_ADDRESS_BYTES: usize = 200;

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
#[template(path = "demo/ask.html")]
struct AskPage {
    base_url: String,
    task: Task,
    payee: &'static str,
    products: &'static [Product],
    total: String,
    numbers: &'static [&'static str],
    languages: &'static [(&'static str, &'static str)],
    presentations: [Presentation; 3],
    is_named: bool,
    /// The same page where all presentations work.
    named_url: String,
    form: AskForm,
    error: Option<Mistake>,
}

impl AskPage {
    fn is_wrong(&self, field: &str) -> bool {
        self.error.as_ref().is_some_and(|mistake| mistake.field == field)
    }
}

/// What was wrong, and with which field.
struct Mistake {
    /// `phone`, `address` or `presentation`; empty where it was neither.
    field: &'static str,
    words: String,
    developers: Option<String>,
}

/// What the form posts. No Debug: it holds a phone number.
#[derive(Clone, Default, Deserialize)]
pub(super) struct AskForm {
    #[serde(default)]
    phone: String,
    #[serde(default)]
    locale: String,
    #[serde(default)]
    presentation: Presentation,
    #[serde(default)]
    address: String,
    #[serde(default)]
    tampering: Tampering,
    /// Names this view of the form: sent twice, it is one approval.
    #[serde(default)]
    form: String,
}

impl AskForm {
    /// As this customer finds it.
    fn fresh(shop: &DemoShop, customer: &Customer, place: &Place) -> Self {
        let or = |known: &Option<String>, usual: &str| known.clone().unwrap_or_else(|| usual.to_owned());
        AskForm {
            phone: or(&customer.phone, FICTION_NUMBERS[0]),
            locale: or(&customer.locale, LANGUAGES[0].0),
            presentation: if place.allows(customer.presentation) {
                customer.presentation
            } else {
                Presentation::Page
            },
            address: "7 Elm Row, Todmorden".to_owned(),
            tampering: Tampering::None,
            form: hex(&shop.random()),
        }
    }

    /// What is approved, in the form that the shop keeps it in.
    fn asked(self, task: Task, place: &Place) -> Result<Asked, Mistake> {
        let mistake = |field, words: &str| Mistake { field, words: words.to_owned(), developers: None };
        if !self.phone.contains(|c: char| c.is_ascii_digit()) {
            return Err(mistake("phone", "Enter your mobile number"));
        }
        let address = self.address.trim();
        let deal = match task {
            Task::Login => Deal::Login,
            Task::Payment | Task::Order => Deal::Money { amount: cart_total() },
            Task::AccountChange if address.is_empty() => {
                return Err(mistake("address", "Enter the new address"));
            }
            Task::AccountChange
                if address.len() > MAX_ADDRESS_BYTES || address.chars().any(char::is_control) =>
            {
                return Err(mistake("address", "Enter an address of one line"));
            }
            Task::AccountChange => Deal::Address { address: address.to_owned() },
        };
        if !place.allows(self.presentation) {
            let words =
                "At a bare address only the hosted page works. Choose it, or open the shop by its name";
            return Err(mistake("presentation", words));
        }
        let tampering = if task == Task::Login { Tampering::None } else { self.tampering };
        Ok(Asked {
            phone: in_one_form(self.phone),
            locale: self.locale,
            presentation: self.presentation,
            tampering,
            deal,
        })
    }
}

/// The one form of a number, in which the shop compares it with the proof's later: `+44 (0)7700 900123` is
/// `+447700900123`. What is no number stays as it is, for Countersign to say so.
fn in_one_form(phone: String) -> String {
    E164::parse_fictional(&phone, None).map_or(phone, |number| number.expose().to_owned())
}

fn ask_page(
    shop: &DemoShop,
    headers: &HeaderMap,
    task: Task,
    form: AskForm,
    error: Option<(StatusCode, Mistake)>,
) -> Response {
    let place = shop.place(headers);
    let (status, error) = error.map_or((StatusCode::OK, None), |(status, mistake)| (status, Some(mistake)));
    let template = AskPage {
        base_url: shop.issuer().to_owned(),
        task,
        payee: SHOP_NAME,
        products: &CART,
        total: cart_total(),
        numbers: &FICTION_NUMBERS,
        languages: &LANGUAGES,
        presentations: Presentation::ALL,
        is_named: place.is_named,
        named_url: format!("{}/shop/{}", shop.0.origin, task.slug()),
        form,
        error,
    };
    shop.with_session(headers, shop.reaching_countersign(page(status, &template)))
}

pub(super) async fn show(
    State(shop): State<DemoShop>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(task) = Task::of_slug(&slug) else { return see_other("/shop") };
    let session = SessionId::from_cookies(&headers);
    let customer = session.and_then(|session| shop.customers().get(session).cloned()).unwrap_or_default();
    let form = AskForm::fresh(&shop, &customer, &shop.place(&headers));
    ask_page(&shop, &headers, task, form, None)
}

/// Has a code sent, and leads to where it is typed.
pub(super) async fn start(
    State(shop): State<DemoShop>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Form(form): Form<AskForm>,
) -> Response {
    let Some(task) = Task::of_slug(&slug) else { return see_other("/shop") };
    let refused = |status, mistake| ask_page(&shop, &headers, task, form.clone(), Some((status, mistake)));
    let Some(session) = SessionId::from_cookies(&headers) else {
        let words = "The shop needs a cookie to know you again. Allow it, then try again.".to_owned();
        let mistake = Mistake { field: "", words, developers: None };
        return refused(StatusCode::UNPROCESSABLE_ENTITY, mistake);
    };
    let place = shop.place(&headers);
    let asked = match form.clone().asked(task, &place) {
        Ok(asked) => asked,
        Err(mistake) => return refused(StatusCode::UNPROCESSABLE_ENTITY, mistake),
    };
    let _turn = shop.turn(session).await;
    let (approval, replaced) = open(&shop, session, task, asked, &form.form);
    // The same phone has one code at a time, so its earlier one ends first. Of another phone the earlier code ends only
    // when a new one is on its way: a start that is refused loses nothing.
    let (first, last) = match replaced {
        Some(replaced) if replaced.asked.phone == approval.asked.phone => (Some(replaced), None),
        other => (None, other),
    };
    give_up(&shop, session, first).await;
    match send_code(&shop, session, &approval, &place).await {
        Ok(approval) => {
            give_up(&shop, session, last).await;
            see_other(&approval.onward())
        }
        Err(error) => {
            shop.customers().of(session).forget(&approval.number);
            let (status, field) = words::about(&error);
            let developers = Some(error.to_string());
            refused(status, Mistake { field, words: words::start_refused(&error, &form.phone), developers })
        }
    }
}

/// The approval that this form was sent for before, or that waits for the very same thing; else a new one, and the one
/// that it takes the place of.
fn open(
    shop: &DemoShop,
    session: SessionId,
    task: Task,
    asked: Asked,
    form: &str,
) -> (Approval, Option<Approval>) {
    let mut customers = shop.customers();
    let customer = customers.of(session);
    customer.phone = Some(asked.phone.clone());
    customer.locale = Some(asked.locale.clone());
    customer.presentation = asked.presentation;
    if let Some(sent) = customer.of_form(form).filter(|_| !form.is_empty()) {
        return (sent.clone(), None);
    }
    let waiting = customer.open_for(task).cloned();
    match waiting {
        Some(same) if same.asked == asked => (same, None),
        replaced => {
            let fresh = Approval::new([shop.random(), shop.random()], task, asked, form.to_owned());
            customer.remember(fresh.clone());
            (fresh, replaced)
        }
    }
}

/// Asks Countersign for a code, unless this approval has one.
async fn send_code(
    shop: &DemoShop,
    session: SessionId,
    approval: &Approval,
    place: &Place,
) -> Result<Approval, CountersignError> {
    if !matches!(approval.stage, Stage::Starting) {
        return Ok(approval.clone());
    }
    let (public_name, transaction) = (session.public_name(), approval.transaction());
    let asked = &approval.asked;
    let request = StartRequest {
        to: &asked.phone,
        purpose: approval.task.purpose(),
        transaction: transaction.as_ref(),
        session: &public_name,
        customer: CUSTOMER,
        locale: &asked.locale,
        presentation: asked.presentation.asked(place, &approval.state),
    };
    let started = shop.countersign().start(&request, &format!("start-{}", approval.number)).await?;
    let mut approval = approval.clone();
    approval.verification.clone_from(&started.id);
    approval.stage = Stage::Waiting(Waiting::from(started));
    if asked.tampering == Tampering::AfterSending {
        approval.deal = asked.deal.tampered(Tampering::AfterSending);
    }
    let kept = approval.clone();
    shop.customers().of(session).change(&approval.number, |old| *old = kept);
    Ok(approval)
}

/// Cancels what another approval took the place of. It would expire by itself, so a failure changes nothing.
async fn give_up(shop: &DemoShop, session: SessionId, replaced: Option<Approval>) {
    let Some(replaced) = replaced else { return };
    if !replaced.verification.is_empty()
        && let Err(error) = shop.countersign().cancel(&replaced.verification).await
    {
        tracing::debug!(%error, "the demo shop could not cancel a replaced verification");
    }
    let canceled = Stage::Ended(super::approval::Ended::Canceled);
    shop.customers().of(session).settle(&replaced.number, canceled);
}
