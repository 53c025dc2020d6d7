//! A message as each of its routes would carry it: in which form, from whom, and whether at all.
//!
//! Everything that a country or a carrier would hold against a message is found here, before it is
//! handed to anybody: what they would drop is not paid for.

use std::cell::Cell;

use countersign_core::event::SentMessage;
use countersign_core::message::{self, Considered, EmailParts, Encoding, Form, Message, Plan, Verdict};
use countersign_core::subject::Mode;
use countersign_core::verification::Channel;
use countersign_delivery::declared::Carries;
use countersign_delivery::provider::{Envelope, Outgoing, ProviderName, Registered, SecretText, TextTraits};
use countersign_delivery::route::choose::PassedOver;
use countersign_delivery::route::table::{Candidate, Candidates, Fit};
use countersign_delivery::sender::SenderId;

use super::outbox::Ready;
use super::providers::Providers;
use super::render::Rendered;
use crate::senders::{Picked, RegisteredText, Senders};

/// A message as one provider would carry it.
pub(super) struct Prepared<'a> {
    provider: ProviderName,
    plan: Plan,
    sender: Option<&'a SenderId>,
    registered: Option<Registered<'a>>,
    email: Option<EmailParts>,
    told: Option<SentMessage>,
}

/// The message as each of its routes would carry it.
pub(super) struct AllPrepared<'a>(Vec<Prepared<'a>>);

impl<'a> AllPrepared<'a> {
    /// Looks at each candidate, and tells it whether the message fits.
    pub(super) fn of(
        ready: &'a Ready,
        rendered: &'a Rendered,
        senders: &'a Senders,
        providers: &Providers,
        candidates: &mut Candidates,
    ) -> Self {
        let mut all = Vec::with_capacity(candidates.routes.len());
        for candidate in &mut candidates.routes {
            let provider = providers.of(ready.delivery.mode, &candidate.provider);
            let traits = provider.map(countersign_delivery::provider::AnyProvider::text_traits);
            let route = Route { candidate, traits: traits.unwrap_or_default() };
            match route.prepare(ready, rendered, senders) {
                Ok(prepared) => {
                    candidate.fit = Fit::Fits { segments: paid_for(ready, &prepared.plan) };
                    all.push(prepared);
                }
                Err(because) => candidate.fit = Fit::Unfit(because),
            }
        }
        AllPrepared(all)
    }

    /// As this provider would carry it.
    pub(super) fn by(&self, provider: &ProviderName) -> Option<&Prepared<'a>> {
        self.0.iter().find(|prepared| prepared.provider == *provider)
    }
}

impl Prepared<'_> {
    /// What the provider gets.
    pub(super) fn outgoing<'s>(&'s self, ready: &'s Ready, rendered: &'s Rendered) -> Outgoing<'s> {
        Outgoing {
            delivery: ready.delivery.id,
            app: ready.app.id,
            mode: ready.delivery.mode,
            channel: ready.delivery.channel,
            to: rendered.to(),
            sender: self.sender,
            registered: self.registered,
            text: SecretText::new(self.plan.message.expose()),
            code: rendered.code(),
            email: self.email.as_ref().zip(rendered.email()).map(|(parts, to)| Envelope {
                to,
                subject: parts.subject(),
                html: SecretText::new(parts.html()),
            }),
            locale: &ready.verification.locale,
            measure: self.plan.message.measure(),
            expires_at: ready.delivery.expires_at,
        }
    }

    /// What the timeline tells; nothing where the vendor keeps a text of its own.
    pub(super) fn told(&self) -> Option<SentMessage> {
        self.told.clone()
    }
}

struct Route<'a> {
    candidate: &'a Candidate,
    traits: TextTraits,
}

impl Route<'_> {
    fn prepare<'a>(
        &self,
        ready: &'a Ready,
        rendered: &'a Rendered,
        senders: &'a Senders,
    ) -> Result<Prepared<'a>, PassedOver> {
        let provider = &self.candidate.provider;
        // What is only tried out reaches no carrier and no country.
        let is_live = ready.delivery.mode == Mode::Live;
        let is_sms = ready.delivery.channel == Channel::Sms;
        let country = rendered.to().country();
        let picked = match (is_live, is_sms) {
            (true, true) => senders.pick(provider, country).map_err(PassedOver::from)?,
            // Countries' rules are about text messages; others come from the provider's own sender.
            (true, false) => Picked { sender: None, because: None },
            (false, _) => Picked { sender: rendered.shown_sender(), because: None },
        };
        let texts = if is_live && is_sms { senders.texts(ready.app.id, country) } else { None };
        let (plan, registered) = self.plan(ready, rendered, texts.as_deref())?;
        let told = (is_sms && self.traits.free_text == Carries::Yes).then(|| told(&plan, &picked));
        let email = rendered.email().map(|_| message::email_parts(&plan.message, &ready.app.brand));
        Ok(Prepared { provider: provider.clone(), plan, sender: picked.sender, registered, email, told })
    }

    /// The fullest form that the budget allows and the carrier and the country let through.
    fn plan<'a>(
        &self,
        ready: &Ready,
        rendered: &Rendered,
        texts: Option<&[&'a RegisteredText]>,
    ) -> Result<(Plan, Option<Registered<'a>>), PassedOver> {
        let TextTraits { alphabet, unicode, free_text } = self.traits;
        let segment_price = self.candidate.quote.map(|quote| quote.price);
        let budget = ready.app.policy.message.budget(segment_price, alphabet, ready.verification.reader);
        // A vendor that keeps the text has had it registered itself.
        let texts = texts.filter(|_| free_text == Carries::Yes);
        let furthest = Cell::new(0);
        let admits = |message: &Message| {
            let needs_unicode = message.measure().encoding == Encoding::Ucs2;
            let is_sms = ready.delivery.channel == Channel::Sms;
            if is_sms && free_text == Carries::Yes && unicode == Carries::No && needs_unicode {
                return Err(Verdict::NotCarried);
            }
            match texts {
                Some(texts) => registered(texts, message, &furthest).map(drop),
                None => Ok(()),
            }
        };
        let plan = rendered.plan(ready, &budget, &admits).map_err(|considered| {
            let because = why_none(&considered);
            if because == PassedOver::TextNotRegistered {
                tracing::error!(
                    delivery = %ready.delivery.id,
                    app = %ready.app.id,
                    provider = %self.candidate.provider,
                    from_character = furthest.get(),
                    "a text is none of [[dlt_templates]]; India's operators would drop it, so it is not sent"
                );
            }
            because
        })?;
        let registered = texts.and_then(|texts| registered(texts, &plan.message, &furthest).ok());
        Ok((plan, registered.map(RegisteredText::ids)))
    }
}

/// The segments of an SMS; anything else is one message, however long.
fn paid_for(ready: &Ready, plan: &Plan) -> usize {
    match ready.delivery.channel {
        Channel::Sms => plan.message.measure().segments,
        Channel::Voice | Channel::WhatsApp | Channel::Telegram | Channel::Email => 1,
    }
}

/// The registered text that a message is.
fn registered<'a>(
    texts: &[&'a RegisteredText],
    message: &Message,
    furthest: &Cell<usize>,
) -> Result<&'a RegisteredText, Verdict> {
    for text in texts {
        match text.template.check(message.expose()) {
            Ok(()) => return Ok(text),
            Err(mismatch) => furthest.set(furthest.get().max(mismatch.at)),
        }
    }
    Err(Verdict::NotRegistered)
}

fn why_none(considered: &[Considered]) -> PassedOver {
    if considered.iter().any(|seen| seen.verdict == Verdict::NotRegistered) {
        PassedOver::TextNotRegistered
    } else {
        PassedOver::TextNotCarried
    }
}

fn told(plan: &Plan, picked: &Picked<'_>) -> SentMessage {
    let measure = plan.message.measure();
    SentMessage {
        form: plan.form,
        encoding: measure.encoding,
        segments: measure.segments,
        sender: picked.sender.map(ToString::to_string),
        because: because(plan).chain(picked.because.clone()).collect(),
    }
}

/// Why the message has no fuller form, in words for the timeline.
fn because(plan: &Plan) -> impl Iterator<Item = String> {
    let word = |form: Form, verdict: Verdict| format!("not {}: {}", form.as_str(), verdict.as_str());
    let fuller = plan.considered.iter().filter(|seen| seen.form < plan.form);
    let fuller = fuller.filter(|seen| seen.verdict != Verdict::Nothing);
    let over = (!plan.fits()).then(|| Verdict::FewestSegments.as_str().to_owned());
    over.into_iter().chain(fuller.map(move |seen| word(seen.form, seen.verdict)))
}
