//! The segment planner: the fullest form of a message that its budget allows.
//!
//! A last line of 27 characters moves most texts outside GSM-7 from one segment to two, and each is
//! charged (delivery.md D). The forms are tried in a fixed order, from the full text to the barest one
//! that the merchant allows, and the first that fits is taken. What was passed over is told with its cost.

use serde::{Deserialize, Serialize};

use super::{
    CarrierAlphabet, Measure, Message, MessageInput, TextSource, Values, last_line, plain, render, template,
    texts,
};
use crate::presentation::Presentation;
use crate::price::Price;

/// Whether something may be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It may.
    Allowed,
    /// It may not.
    #[default]
    Refused,
}

/// What reads the last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    /// A browser, or nobody knows: the line binds the code to its site and stays.
    #[default]
    Browser,
    /// No browser, as the shop's server says: the line would be read by nobody.
    Other,
}

impl Reader {
    /// Whether it is a browser, as far as anybody knows.
    pub const fn is_browser(&self) -> bool {
        matches!(self, Reader::Browser)
    }
}

/// What a message may cost, and what may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// The most segments.
    pub max_segments: usize,
    /// The price of one segment by the route in question; none when it is not known.
    pub segment_price: Option<Price>,
    /// The most that the message may cost. Without a price, or in another currency, it bounds nothing.
    pub max_cost: Option<Price>,
    /// The built-in short sentence in place of the full text. A text registered with a regulator must
    /// be sent as it is.
    pub short: Permission,
    /// Letters without the accents that the carrier's alphabet lacks, in names too.
    pub accent_free: Permission,
    /// What the carrier passes on in a text that is not UCS-2.
    pub alphabet: CarrierAlphabet,
    /// Who reads the last line.
    pub reader: Reader,
}

impl Default for Budget {
    /// One segment; short sentences, accents kept.
    fn default() -> Self {
        Budget {
            max_segments: 1,
            segment_price: None,
            max_cost: None,
            short: Permission::Allowed,
            accent_free: Permission::Refused,
            alphabet: CarrierAlphabet::Gsm,
            reader: Reader::Browser,
        }
    }
}

/// A form of a message, the fullest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The full text.
    Full,
    /// The short sentence in the customer's language.
    Short,
    /// The full text in Latin letters that the carrier's alphabet has.
    FullPlain,
    /// The short sentence in such letters.
    ShortPlain,
    /// The full text without the last line.
    FullUnbound,
    /// The short sentence without the last line.
    ShortUnbound,
    /// The short sentence in plain letters, without the last line.
    ShortPlainUnbound,
}

impl Form {
    /// In the order in which they are tried.
    pub const ALL: [Form; 7] = [
        Form::Full,
        Form::Short,
        Form::FullPlain,
        Form::ShortPlain,
        Form::FullUnbound,
        Form::ShortUnbound,
        Form::ShortPlainUnbound,
    ];

    /// Its word in the timeline.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Full => "full",
            Form::Short => "short",
            Form::FullPlain => "full_plain",
            Form::ShortPlain => "short_plain",
            Form::FullUnbound => "full_unbound",
            Form::ShortUnbound => "short_unbound",
            Form::ShortPlainUnbound => "short_plain_unbound",
        }
    }

    const fn is_short(self) -> bool {
        matches!(self, Form::Short | Form::ShortPlain | Form::ShortUnbound | Form::ShortPlainUnbound)
    }

    const fn is_plain(self) -> bool {
        matches!(self, Form::FullPlain | Form::ShortPlain | Form::ShortPlainUnbound)
    }

    const fn is_unbound(self) -> bool {
        matches!(self, Form::FullUnbound | Form::ShortUnbound | Form::ShortPlainUnbound)
    }
}

/// What became of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It fits, and is the first that does.
    Fits,
    /// Nothing fits, and this takes the fewest segments.
    FewestSegments,
    /// More segments than [`Budget::max_segments`].
    TooManySegments,
    /// More money than [`Budget::max_cost`].
    TooDear,
    /// The merchant does not allow it.
    NotAllowed,
    /// It is not that of a text registered with the country's regulator.
    NotRegistered,
    /// The carrier cannot pass it on.
    NotCarried,
    /// It would be the same as an earlier form, or the language has no such text.
    Nothing,
}

impl Verdict {
    /// Its word in the timeline.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Fits => "fits",
            Verdict::FewestSegments => "fewest_segments",
            Verdict::TooManySegments => "too_many_segments",
            Verdict::TooDear => "too_dear",
            Verdict::NotAllowed => "not_allowed",
            Verdict::NotRegistered => "not_registered",
            Verdict::NotCarried => "not_carried",
            Verdict::Nothing => "nothing",
        }
    }
}

/// A form that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// Which.
    pub form: Form,
    /// Its segments, where it was rendered.
    pub segments: Option<usize>,
    /// What became of it.
    pub verdict: Verdict,
}

/// The message to send, and why it has this form.
pub struct Plan {
    /// The message.
    pub message: Message,
    /// Its form.
    pub form: Form,
    /// Its price: segments × price of one; none when that is not known.
    pub cost: Option<Price>,
    /// Every form that was looked at, up to the one taken.
    pub considered: Vec<Considered>,
}

impl Plan {
    /// Whether the message keeps to its budget. If it does not, nothing that is allowed would: the
    /// message is sent all the same, because a customer without a code is the greater cost; who wants a
    /// hard limit refuses here.
    pub fn fits(&self) -> bool {
        self.considered.iter().any(|considered| considered.verdict == Verdict::Fits)
    }
}

/// Renders the fullest form of a message that its budget allows, or the one with the fewest segments.
pub fn plan(input: &MessageInput<'_>, budget: &Budget) -> Plan {
    plan_admitted(input, budget, &|_| Ok(())).unwrap_or_else(|considered| {
        // The full text is always allowed, so that there always is a form.
        let message = render(input).on(budget.alphabet);
        Plan { cost: cost(message.measure(), budget), message, form: Form::Full, considered }
    })
}

/// As [`plan()`], among the forms that `admits` has nothing against; or, where there is none, what it had
/// against each.
pub fn plan_admitted(
    input: &MessageInput<'_>,
    budget: &Budget,
    admits: &dyn Fn(&Message) -> Result<(), Verdict>,
) -> Result<Plan, Vec<Considered>> {
    let full = render(input);
    let mut considered = Vec::new();
    let mut fewest: Option<(Form, Message)> = None;
    for form in Form::ALL {
        let rendered = if allowed(form, budget, full.source()) {
            render_as(form, input, &full, budget.alphabet).ok_or(Verdict::Nothing)
        } else {
            Err(Verdict::NotAllowed)
        };
        let message = match rendered {
            Ok(message) => message,
            Err(verdict) => {
                considered.push(Considered { form, segments: None, verdict });
                continue;
            }
        };
        let segments = Some(message.measure().segments);
        if let Err(verdict) = admits(&message) {
            considered.push(Considered { form, segments, verdict });
            continue;
        }
        let verdict = judge(message.measure(), budget);
        considered.push(Considered { form, segments, verdict });
        if verdict == Verdict::Fits {
            return Ok(Plan { cost: cost(message.measure(), budget), message, form, considered });
        }
        let shorter = |best: &(Form, Message)| message.measure().segments < best.1.measure().segments;
        if fewest.as_ref().is_none_or(shorter) {
            fewest = Some((form, message));
        }
    }
    let Some((form, message)) = fewest else { return Err(considered) };
    for considered in considered.iter_mut().filter(|considered| considered.form == form) {
        considered.verdict = Verdict::FewestSegments;
    }
    Ok(Plan { cost: cost(message.measure(), budget), message, form, considered })
}

/// The plan of a text that has one form only, such as a notice; or what `admits` has against it.
pub fn plan_as_it_is(
    message: Message,
    budget: &Budget,
    admits: &dyn Fn(&Message) -> Result<(), Verdict>,
) -> Result<Plan, Vec<Considered>> {
    let form = Form::Full;
    let measure = message.measure();
    let seen = |verdict| vec![Considered { form, segments: Some(measure.segments), verdict }];
    admits(&message).map_err(seen)?;
    let verdict = match judge(measure, budget) {
        Verdict::Fits => Verdict::Fits,
        _ => Verdict::FewestSegments,
    };
    Ok(Plan { cost: cost(measure, budget), message, form, considered: seen(verdict) })
}

fn allowed(form: Form, budget: &Budget, source: TextSource) -> bool {
    let asks = |asked: bool, permission: Permission| !asked || permission == Permission::Allowed;
    // An app's own text is never replaced by a built-in one behind its back.
    let own_text_stays = !(form.is_short() && source == TextSource::Custom);
    own_text_stays
        && asks(form.is_short(), budget.short)
        && asks(form.is_plain(), budget.accent_free)
        && (!form.is_unbound() || budget.reader == Reader::Other)
}

fn cost(measure: Measure, budget: &Budget) -> Option<Price> {
    budget.segment_price.map(|price| price.times(measure.segments))
}

fn judge(measure: Measure, budget: &Budget) -> Verdict {
    let too_dear = cost(measure, budget).zip(budget.max_cost).is_some_and(|(cost, most)| cost > most);
    if measure.segments > budget.max_segments {
        Verdict::TooManySegments
    } else if too_dear {
        Verdict::TooDear
    } else {
        Verdict::Fits
    }
}

/// The message in a form, or nothing when the form is no other than an earlier one.
fn render_as(
    form: Form,
    input: &MessageInput<'_>,
    full: &Message,
    alphabet: CarrierAlphabet,
) -> Option<Message> {
    let has_origin = matches!(
        input.presentation,
        Presentation::Page { .. } | Presentation::Element { .. } | Presentation::Iframe { .. }
    );
    if form.is_unbound() && !has_origin {
        return None;
    }
    let unbound = MessageInput { presentation: &Presentation::Unbound, ..*input };
    let input = if form.is_unbound() { &unbound } else { input };
    let message = if form.is_short() { render_short(input, full)? } else { render(input) };
    if !form.is_plain() {
        return Some(message.on(alphabet));
    }
    let text = plain::plain_latin(message.expose(), alphabet);
    let changed = *text != message.expose();
    changed.then(|| Message::new(text, message.locale, message.source).on(alphabet))
}

fn render_short(input: &MessageInput<'_>, full: &Message) -> Option<Message> {
    let values = Values::of(input);
    let ending = last_line(input.presentation, input.code.expose());
    let short = texts::short_for_tag(full.locale())?.text(input.purpose, values.known());
    let text = template::fill(short, &ending, |variable| values.get(variable))?;
    Some(Message::new(text, full.locale().clone(), TextSource::BuiltIn))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
