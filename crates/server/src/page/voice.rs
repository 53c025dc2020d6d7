//! What the page says in the shop's own words, where it has some, and else in ours.

use countersign_core::locale::Locale;
use countersign_core::purpose::Purpose;

use super::text::{Language, Value};
use crate::branding::{Line, PageWords, Paragraph};
use crate::tenant::App;

/// An app that speaks to one customer.
#[derive(Clone, Copy)]
pub(super) struct Voice<'a> {
    pub(super) app: &'a App,
    /// What the customer reads.
    pub(super) locale: &'a Locale,
    /// The page's language for it.
    pub(super) language: &'static Language,
}

impl Voice<'_> {
    /// What the customer is asked to do.
    pub(super) fn heading(self, purpose: &Purpose) -> String {
        self.own(|words| words.heading(purpose)).unwrap_or_else(|| {
            self.ours(match purpose {
                Purpose::Login => "heading-login",
                Purpose::Signup => "heading-signup",
                Purpose::Payment => "heading-payment",
                Purpose::AccountChange => "heading-account-change",
                Purpose::Order => "heading-order",
                Purpose::Custom(_) => "heading-other",
            })
        })
    }

    /// What happens next, when the code was right.
    pub(super) fn approved(self) -> String {
        self.own(|words| words.approved.as_ref().map(Paragraph::as_str))
            .unwrap_or_else(|| self.ours("approved-text"))
    }

    /// Where the link to the shop leads.
    pub(super) fn back(self) -> String {
        self.own(|words| words.back.as_ref().map(Line::as_str)).unwrap_or_else(|| self.ours("back"))
    }

    /// How she gets help from people, if the shop says so.
    pub(super) fn support(self) -> Option<String> {
        self.own(|words| words.support.as_ref().map(Paragraph::as_str))
    }

    fn own(self, said: impl Fn(&PageWords) -> Option<&str>) -> Option<String> {
        self.app.branding.texts.find(self.locale, said).map(str::to_owned)
    }

    fn ours(self, message: &str) -> String {
        self.language.fill(message, [("shop", Value::Text(&self.app.brand))])
    }
}
