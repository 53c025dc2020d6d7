//! From what a browser may know to a page in its language.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::browser::PageSession;
use countersign_core::code::{Alphabet, CodeFormat};
use countersign_core::locale::Locale;
use countersign_core::presentation::Presentation;
use countersign_core::purpose::Purpose;
use countersign_core::transaction::Transaction;
use countersign_core::verification::Channel;

use super::asset;
use super::cookie::Place;
use super::headers::Policy;
use super::text::{Language, Value};
use super::voice::Voice;
use crate::branding::Branding;
use crate::tenant::App;
use crate::usecase::Services;
use crate::usecase::browser::{BrowserState, BrowserView, Visitor};

/// What every page has.
pub(super) struct Base {
    pub(super) lang: &'static str,
    pub(super) dir: &'static str,
    pub(super) title: String,
    pub(super) nonce: String,
    pub(super) style: String,
    pub(super) script: String,
    /// A colour, and that of text on it.
    pub(super) accent: Option<(String, String)>,
    pub(super) logo: Option<String>,
    pub(super) shop: Option<String>,
}

impl Base {
    /// Of an app's page.
    pub(super) fn of(app: &App, language: &Language, nonce: &str, title: String) -> Self {
        let Branding { accent, logo, .. } = &app.branding;
        Base {
            accent: accent.map(|colour| (colour.to_string(), colour.text_on_it().to_string())),
            logo: logo.as_ref().map(ToString::to_string),
            shop: Some(app.brand.clone()),
            ..Base::of_nobody(language, nonce, title)
        }
    }

    fn of_nobody(language: &Language, nonce: &str, title: String) -> Self {
        Base {
            lang: language.tag(),
            dir: language.direction(),
            title,
            nonce: nonce.to_owned(),
            style: asset::style_path(),
            script: asset::script_path(),
            accent: None,
            logo: None,
            shop: None,
        }
    }
}

pub(super) struct Link {
    pub(super) href: String,
    pub(super) label: String,
}

pub(super) struct Approving {
    pub(super) amount_label: String,
    pub(super) amount: Option<String>,
    pub(super) payee_label: String,
    pub(super) payee: Option<String>,
}

impl Approving {
    /// What a transaction names, if it names any of it.
    pub(super) fn of(transaction: Option<&Transaction>, language: &Language) -> Option<Self> {
        let (amount, payee) = (amount(transaction), transaction.and_then(|what| what.payee.clone()));
        (amount.is_some() || payee.is_some()).then(|| Approving {
            amount_label: language.say("approving-amount"),
            amount,
            payee_label: language.say("approving-payee"),
            payee,
        })
    }
}

struct Wait {
    seconds: u64,
    text: String,
    template: String,
}

struct Choice {
    word: &'static str,
    label: String,
}

#[derive(Template)]
#[template(path = "page/code.html")]
struct CodePage {
    base: Base,
    path: String,
    csrf: String,
    request: String,
    frame_data: String,
    heading: String,
    approving: Option<Approving>,
    status: Option<String>,
    ready: String,
    soon: String,
    sending: String,
    label: String,
    sent: String,
    usually: Option<String>,
    never_tell: String,
    error: Option<String>,
    unreachable_title: String,
    unreachable_text: String,
    inputmode: &'static str,
    pattern: &'static str,
    length: u8,
    alphabet: &'static str,
    incomplete: String,
    code: String,
    expires_in_s: u64,
    works: String,
    works_time: String,
    works_warning: String,
    works_over: String,
    submit: String,
    help_title: String,
    help_none: String,
    resend_wait: Option<Wait>,
    resend: String,
    channels: Vec<Choice>,
    report: String,
    report_hint: String,
    other_number: Option<Link>,
    back: Option<Link>,
    support: Option<String>,
}

#[derive(Template)]
#[template(path = "page/end.html")]
struct EndPage {
    base: Base,
    frame_data: String,
    heading: String,
    text: String,
    other_number: Option<Link>,
    back: Option<Link>,
    support: Option<String>,
}

/// What is said at the top of a page.
pub(super) enum Notice {
    /// Nothing.
    None,
    /// That something has happened.
    Status(&'static str),
    /// What went wrong with the code, and what was typed, where it was not counted.
    Error(Mistake, String),
    /// The server could not say: what was typed, and the form that it was typed in.
    Again(String, String),
}

/// What was wrong with a code.
#[derive(Clone, Copy)]
pub(super) enum Mistake {
    /// Fewer characters than it has.
    TooShort,
    /// No code at all.
    Unreadable,
    /// Another code.
    Incorrect { left: u64 },
    /// A payment's only answer.
    NotApproved,
    /// The same, with the warning before the end.
    NotApprovedLeft { left: u64 },
    /// An older code.
    Superseded,
    /// The form was not this page's.
    Form,
}

/// Renders pages for one browser, or for none that is known.
pub(super) struct Renderer<'a> {
    pub(super) services: &'a Services,
    pub(super) visitor: &'a Visitor,
    pub(super) session: PageSession,
    pub(super) view: &'a BrowserView,
    /// Where another number can be given.
    pub(super) other_number: Option<String>,
}

impl Renderer<'_> {
    /// The page for where the verification stands.
    pub(super) fn page(&self, status: StatusCode, notice: Notice) -> Response {
        let Some(language) = Language::of(&self.view.verification.locale) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let nonce = nonce(self.services);
        let mut response = match self.view.state {
            BrowserState::Pending => render(status, &self.code_page(language, &nonce, notice)),
            BrowserState::ChallengeRequired => match self.challenge_page(language, &nonce, &notice) {
                Some(page) => render(status, &page),
                None => render(StatusCode::OK, &self.end_page(language, &nonce, BrowserState::Expired)),
            },
            ended => render(StatusCode::OK, &self.end_page(language, &nonce, ended)),
        };
        let verification = &self.view.verification;
        let policy = Policy {
            nonce: &nonce,
            return_origin: verification.return_to.as_ref().and_then(|back| back.url.origin()),
            embedders: match place_of(&verification.presentation) {
                Place::Window => &[],
                Place::Frame => &self.visitor.caller.app.origins,
            },
        };
        policy.apply(response.headers_mut());
        response
    }

    fn code_page(&self, language: &'static Language, nonce: &str, notice: Notice) -> CodePage {
        let verification = &*self.view.verification;
        let shop = [("shop", Value::Text(&self.view.shop))];
        let format = self.view.format;
        let length = [("length", Value::Count(format.length().into()))];
        let voice = self.voice(language);
        let heading = voice.heading(&verification.purpose);
        let request = match &notice {
            Notice::Again(_, request) => request.clone(),
            _ => self::nonce(self.services),
        };
        let (status, error, code) = match notice {
            Notice::None => (None, None, String::new()),
            Notice::Status(message) => (Some(language.say(message)), None, String::new()),
            Notice::Error(mistake, code) => (None, Some(self.mistake(language, mistake)), code),
            Notice::Again(code, _) => (None, Some(language.say("error-unavailable")), code),
        };
        let title = match &error {
            None => heading.clone(),
            Some(_) => language.fill("title-error", [("title", Value::Text(&heading))]),
        };
        let amount = amount(verification.transaction.as_ref());
        let submit = match &amount {
            Some(amount) if verification.purpose == Purpose::Payment => {
                language.fill("submit-payment", [("amount", Value::Text(amount))])
            }
            _ => language.say("submit"),
        };
        let minutes = self.view.expires_in.as_secs().div_ceil(60);
        CodePage {
            base: Base::of(&self.visitor.caller.app, language, nonce, title),
            path: format!("/verify/{}", verification.id),
            csrf: self.services.engine.keyring().form_token(self.session),
            request,
            frame_data: self.frame_data(),
            approving: Approving::of(verification.transaction.as_ref(), language),
            ready: language.say("help-ready"),
            soon: language.say("soon"),
            sending: language.say("sending"),
            label: language.fill(code_label(format), length),
            sent: language
                .fill(sent(verification.channel), [("phone", Value::Text(&self.view.masked_phone))]),
            usually: self
                .view
                .usually_within
                .map(|usual| language.fill("usually", [("seconds", Value::Count(usual.as_secs()))])),
            never_tell: language.fill("never-tell", shop),
            unreachable_title: language.say("unavailable-title"),
            unreachable_text: language.say("unavailable-text"),
            inputmode: inputmode(format),
            pattern: pattern(format),
            length: format.length(),
            alphabet: match format.alphabet() {
                Alphabet::Numeric => "numeric",
                Alphabet::Alphanumeric => "alphanumeric",
            },
            incomplete: language.fill("error-too-short", length),
            code,
            expires_in_s: self.view.expires_in_s(),
            works: language.fill("works-minutes", [("minutes", Value::Count(minutes))]),
            works_time: language.fill("works-time", [("time", Value::Text("{time}"))]),
            works_warning: language.fill("works-warning", shop),
            works_over: language.fill("works-over", shop),
            submit,
            help_title: language.say("help-title"),
            help_none: language.fill("help-none", shop),
            resend_wait: self.view.resend_in_s().map(|wait| wait_text(language, wait)),
            resend: language.say("resend"),
            channels: self.view.channels.iter().map(|channel| choice(language, *channel)).collect(),
            report: language.say("report"),
            report_hint: language.say("report-hint"),
            other_number: self.other_number(language),
            back: self.back(language),
            support: voice.support(),
            heading,
            status,
            error,
        }
    }

    fn end_page(&self, language: &'static Language, nonce: &str, state: BrowserState) -> EndPage {
        let (title, text) = match state {
            BrowserState::Approved => ("approved-title", "approved-text"),
            BrowserState::Expired | BrowserState::Pending | BrowserState::ChallengeRequired => {
                ("expired-title", "expired-text")
            }
            BrowserState::Exhausted => ("exhausted-title", "exhausted-text"),
            BrowserState::Canceled => ("canceled-title", "canceled-text"),
            BrowserState::Denied => ("denied-title", "denied-text"),
        };
        let heading = language.say(title);
        let voice = self.voice(language);
        let text = match state {
            BrowserState::Approved => voice.approved(),
            _ => language.fill(text, [("shop", Value::Text(&self.view.shop))]),
        };
        EndPage {
            base: Base::of(&self.visitor.caller.app, language, nonce, heading.clone()),
            frame_data: self.frame_data(),
            heading,
            text,
            support: voice.support(),
            other_number: match state {
                BrowserState::Expired | BrowserState::Exhausted => self.other_number(language),
                _ => None,
            },
            back: self.back(language),
        }
    }

    fn mistake(&self, language: &Language, mistake: Mistake) -> String {
        let shop = ("shop", Value::Text(&self.view.shop));
        let length = ("length", Value::Count(self.view.format.length().into()));
        match mistake {
            Mistake::TooShort => language.fill("error-too-short", [length]),
            Mistake::Unreadable => language.fill("error-unreadable", [length]),
            Mistake::Incorrect { left } => {
                language.fill("error-incorrect", [shop, ("left", Value::Count(left))])
            }
            Mistake::NotApproved => language.fill("error-not-approved", [shop]),
            Mistake::NotApprovedLeft { left } => {
                language.fill("error-not-approved-left", [shop, ("left", Value::Count(left))])
            }
            Mistake::Superseded => language.say("error-superseded"),
            Mistake::Form => language.say("error-form"),
        }
    }

    pub(super) fn other_number(&self, language: &Language) -> Option<Link> {
        let href = self.other_number.clone()?;
        Some(Link { href, label: language.say("number-other") })
    }

    pub(super) fn back(&self, language: &'static Language) -> Option<Link> {
        let verification = &*self.view.verification;
        // A frame does not lead its shop's page away.
        let back = verification
            .return_to
            .as_ref()
            .filter(|_| place_of(&verification.presentation) == Place::Window)?;
        Some(Link { href: back.link(verification.id), label: self.voice(language).back() })
    }

    pub(super) fn voice(&self, language: &'static Language) -> Voice<'_> {
        Voice { app: &self.visitor.caller.app, locale: &self.view.verification.locale, language }
    }

    pub(super) fn frame_data(&self) -> String {
        let verification = &*self.view.verification;
        let handle = verification.id.to_string();
        frame_data(&verification.presentation, &self.visitor.caller.app, self.view.state, &handle)
    }
}

/// A page of nobody's verification, in the language that the browser asks for first.
pub(super) fn plain_page(
    services: &Services,
    status: StatusCode,
    (title, text): (&'static str, &'static str),
    locale: &Locale,
) -> Response {
    let Some(language) = Language::of(locale) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let nonce = nonce(services);
    let heading = language.say(title);
    let page = EndPage {
        base: Base::of_nobody(language, &nonce, heading.clone()),
        frame_data: String::new(),
        heading,
        text: language.say(text),
        other_number: None,
        back: None,
        support: None,
    };
    let mut response = render(status, &page);
    Policy { nonce: &nonce, return_origin: None, embedders: &[] }.apply(response.headers_mut());
    response
}

pub(super) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Where the page is shown.
pub(super) fn place_of(presentation: &Presentation) -> Place {
    match presentation {
        Presentation::Iframe { .. } => Place::Frame,
        _ => Place::Window,
    }
}

/// For the script of a framed page: whom it may tell what. Origins, a word and an id need no escaping.
pub(super) fn frame_data(
    presentation: &Presentation,
    app: &App,
    state: BrowserState,
    handle: &str,
) -> String {
    if place_of(presentation) == Place::Window {
        return String::new();
    }
    let embedders: Vec<_> = app.origins.iter().map(ToString::to_string).collect();
    format!(
        " data-countersign-embedder=\"{}\" data-countersign-state=\"{}\" data-countersign-id=\"{handle}\"",
        embedders.join(" "),
        state.as_str(),
    )
}

/// 128 random bits as text: for one answer, or one form.
pub(super) fn nonce(services: &Services) -> String {
    URL_SAFE_NO_PAD.encode(services.randomness.entropy().bytes::<16>())
}

const fn sent(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "sent-sms",
        Channel::Voice => "sent-voice",
        Channel::WhatsApp => "sent-whatsapp",
        Channel::Telegram => "sent-telegram",
        Channel::Email => "sent-email",
    }
}

fn choice(language: &Language, channel: Channel) -> Choice {
    let message = match channel {
        Channel::Sms => "resend-sms",
        Channel::Voice => "resend-voice",
        Channel::WhatsApp => "resend-whatsapp",
        Channel::Telegram => "resend-telegram",
        Channel::Email => "resend-email",
    };
    Choice { word: channel.as_str(), label: language.say(message) }
}

fn amount(transaction: Option<&Transaction>) -> Option<String> {
    let money = transaction?.money?;
    Some(format!("{} {}", money.amount(), money.currency().code()))
}

const fn code_label(format: CodeFormat) -> &'static str {
    match format.alphabet() {
        Alphabet::Numeric => "code-label-numeric",
        Alphabet::Alphanumeric => "code-label-alphanumeric",
    }
}

const fn inputmode(format: CodeFormat) -> &'static str {
    match format.alphabet() {
        Alphabet::Numeric => "numeric",
        Alphabet::Alphanumeric => "text",
    }
}

/// What browsers without script take: blanks and dashes are dropped here (web.md D.2).
const fn pattern(format: CodeFormat) -> &'static str {
    match format.alphabet() {
        Alphabet::Numeric => r"[\p{Nd}\s\-]*",
        Alphabet::Alphanumeric => r"[\p{Nd}A-Za-z\s\-]*",
    }
}

fn wait_text(language: &Language, seconds: u64) -> Wait {
    let text = match seconds {
        0 => language.say("help-ready"),
        some => language.fill("help-wait", [("seconds", Value::Count(some))]),
    };
    Wait { seconds, text, template: language.fill("help-wait", [("seconds", Value::Text("{seconds}"))]) }
}
