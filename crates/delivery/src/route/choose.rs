//! The choice of a route for one message, and its reasons.

use std::cmp::Ordering;

use countersign_core::entropy::Entropy;
use countersign_core::price::Price;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::{AttemptResult, Bounds, History};
use super::health::{Health, RouteState};
use super::place::Place;
use super::table::{Candidate, Candidates, Fit, Order};
use super::thompson::{self, Sampled};
use crate::provider::ProviderName;
use crate::sender_rules::SenderProblem;

/// Of a hundred first messages, so many probe a route whose customers stopped verifying.
pub const PROBE_PERCENT: f64 = 5.0;

/// Why a message is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A verification starts.
    First,
    /// The customer asked for another message.
    Resend,
    /// The last route refused it, a receipt says that it failed, or (where the app wants it) its
    /// receipt is overdue. Nobody asked for a second copy.
    Failover,
    /// The node that was sending it died; its attempt counts as [`AttemptResult::Unknown`].
    TakeOver,
}

/// One message to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Why.
    pub cause: Cause,
    /// Where to.
    pub place: Place,
    /// What this verification has tried.
    pub history: &'a History,
    /// What it may use up.
    pub bounds: &'a Bounds,
}

/// What was decided, and why, the decisive reason first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What.
    pub decision: Decision,
    /// Why. At most one for the decision, one for the situation, and one for each route passed over.
    pub reasons: Vec<Reason>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It leaves by this provider.
    Send {
        /// By whom.
        provider: ProviderName,
        /// What it will cost: price × segments; none when no price is known.
        cost: Option<Price>,
    },
    /// It is not sent now.
    Hold(Hold),
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// No route covers the destination.
    NoRoute,
    /// [`Bounds::max_sends`] is used up.
    SendsUsedUp,
    /// [`Bounds::max_tries`] is used up.
    TriesUsedUp,
    /// Every route that is left would exceed [`Bounds::max_spend`].
    SpendUsedUp,
    /// Nobody asked for a second copy, and every route has one, may have one, or has failed: a receipt
    /// or the customer decides.
    NoOtherRoute,
    /// The message must not leave by any route; this is what is wrong with the first.
    Unfit(PassedOver),
}

/// Why, as the timeline tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The first of the list among those that may carry it.
    FirstInOrder,
    /// The lowest price per verified customer.
    LowestCost,
    /// Nothing of this verification has left by it yet.
    AnotherRoute,
    /// All others are unhealthy or spent: it carries this verification once more.
    SameRouteAgain {
        /// The times it has carried it.
        times: usize,
    },
    /// It was turned away there before, and is tried again because no other is left.
    TriedAgain,
    /// To find out whether a route whose breaker is open works again.
    Probe,
    /// To learn about a route that is probably not the best one.
    Exploration,
    /// The best record of the routes that Thompson sampling compares.
    BestRecord,
    /// Every route's breaker is open. A server that sends no codes helps nobody, so the least bad one is
    /// tried.
    AllOpenLeastBad,
    /// A route that would have come before, or that was out of the question.
    PassedOver {
        /// Which.
        provider: ProviderName,
        /// Why.
        because: PassedOver,
    },
}

/// Why a route was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassedOver {
    /// It carries this verification already, and another one might do better.
    AlreadyUsed,
    /// It may have sent it without an answer: a repetition could be a second copy.
    Unanswered,
    /// It turned this message away for now.
    TurnedAway,
    /// It refused this message for good.
    Refused,
    /// Its receipt said that it failed.
    ReceiptFailed,
    /// It has no bind.
    NotBound,
    /// It answers with errors, or not at all.
    TransportOpen,
    /// Too few customers verify by it.
    ConversionOpen,
    /// It would exceed what this verification may spend.
    TooDear,
    /// Its sender is a word that any shop could use.
    SenderGeneric,
    /// Its sender is a name, which the country refuses.
    NamesRefused,
    /// Its sender is a number, which the country refuses.
    NumbersRefused,
    /// Its sender is not registered in the country.
    SenderNotRegistered,
    /// Its sender is a number of another country.
    ForeignNumber,
    /// Its sender is shorter than the country takes.
    SenderTooShort,
    /// The text is none of those that are registered in the country.
    TextNotRegistered,
    /// The text needs letters that it does not carry.
    TextNotCarried,
}

impl PassedOver {
    /// Its word in the timeline and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            PassedOver::AlreadyUsed => "already_used",
            PassedOver::Unanswered => "unanswered",
            PassedOver::TurnedAway => "turned_away",
            PassedOver::Refused => "refused",
            PassedOver::ReceiptFailed => "receipt_failed",
            PassedOver::NotBound => "not_bound",
            PassedOver::TransportOpen => "transport_open",
            PassedOver::ConversionOpen => "conversion_open",
            PassedOver::TooDear => "too_dear",
            PassedOver::SenderGeneric => "sender_generic",
            PassedOver::NamesRefused => "names_refused",
            PassedOver::NumbersRefused => "numbers_refused",
            PassedOver::SenderNotRegistered => "sender_not_registered",
            PassedOver::ForeignNumber => "foreign_number",
            PassedOver::SenderTooShort => "sender_too_short",
            PassedOver::TextNotRegistered => "text_not_registered",
            PassedOver::TextNotCarried => "text_not_carried",
        }
    }
}

impl From<SenderProblem> for PassedOver {
    fn from(problem: SenderProblem) -> Self {
        match problem {
            SenderProblem::Generic { .. } => PassedOver::SenderGeneric,
            SenderProblem::NamesRefused => PassedOver::NamesRefused,
            SenderProblem::NumbersRefused => PassedOver::NumbersRefused,
            SenderProblem::NotRegistered => PassedOver::SenderNotRegistered,
            SenderProblem::ForeignNumber => PassedOver::ForeignNumber,
            SenderProblem::TooShort => PassedOver::SenderTooShort,
        }
    }
}

/// A candidate in the light of this message.
struct Seen<'a> {
    candidate: &'a Candidate,
    position: usize,
    state: RouteState,
    cost: Option<Price>,
    uses: usize,
    last_use: Option<Timestamp>,
    last: Option<AttemptResult>,
    unanswered: bool,
    /// It turned this message away, and asks to be left alone until then.
    waits_until: Option<Timestamp>,
    verified_rate: f64,
    recent_rate: f64,
}

/// How welcome a route is, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    HealthyUnused,
    HealthyUsed,
    OpenUnused,
    HealthyFailed,
    OpenUsed,
    Waits,
    Unanswered,
    Refused,
}

/// Chooses the route for one message.
///
/// 1. Nothing leaves beyond the bounds, nor by a route whose country would not let it through
///    ([`Fit::Unfit`]).
/// 2. Without the customer's asking (a failover) a route that has, may have or had a copy is not used
///    again; one that turned the message away may be, after all others, and last the one that asks to be left
///    alone for longest. What she asks for leaves by a
///    route not used yet while a healthy one exists, then by the one used least and longest ago, and by
///    one that left a message unanswered only when there is no other (design 6, Sending).
/// 3. An open breaker puts a route behind all healthy ones. If all are open, the least bad one is tried.
/// 4. Only first messages probe or explore: a customer who waits already is no experiment.
pub fn choose(
    candidates: &Candidates,
    health: &Health,
    asked: &Asked<'_>,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Choice {
    if let Some(hold) = used_up(asked) {
        return Choice { decision: Decision::Hold(hold), reasons: Vec::new() };
    }
    let all: Vec<Seen<'_>> = candidates
        .routes
        .iter()
        .enumerate()
        .map(|(position, candidate)| look(candidate, position, health, asked, now))
        .collect();
    let mut passed = Vec::new();
    let mut left: Vec<&Seen<'_>> = Vec::new();
    for seen in &all {
        match barred(seen, asked) {
            Some(because) => passed.push((seen, because)),
            None => left.push(seen),
        }
    }
    left.sort_by(|a, b| compare(a, b, candidates.order));
    let Some(&best) = left.first() else {
        return hold(&all, &passed);
    };
    let (chosen, reason) = match asked.cause {
        Cause::First => experiment(&left, candidates, health, asked, now, entropy),
        Cause::Resend | Cause::Failover | Cause::TakeOver => None,
    }
    .unwrap_or_else(|| (best, why(best, &left, asked, candidates.order)));
    let mut reasons = vec![reason];
    let before = left.iter().filter(|seen| seen.position < chosen.position);
    let others = before.filter_map(|seen| Some((*seen, not_taken(seen)?)));
    reasons.extend(
        passed
            .into_iter()
            .chain(others)
            .map(|(seen, because)| Reason::PassedOver { provider: seen.candidate.provider.clone(), because }),
    );
    let decision = Decision::Send { provider: chosen.candidate.provider.clone(), cost: chosen.cost };
    Choice { decision, reasons }
}

fn used_up(asked: &Asked<'_>) -> Option<Hold> {
    if asked.history.sends() >= usize::from(asked.bounds.max_sends) {
        Some(Hold::SendsUsedUp)
    } else if asked.history.tries() >= usize::from(asked.bounds.max_tries) {
        Some(Hold::TriesUsedUp)
    } else {
        None
    }
}

fn look<'a>(
    candidate: &'a Candidate,
    position: usize,
    health: &Health,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Seen<'a> {
    let provider = &candidate.provider;
    let last = asked.history.of(provider).next_back();
    let state = health.state(provider, asked.place, now);
    // A customer who asks for another message is worth a question.
    let may_wait = asked.cause == Cause::Failover
        && last.is_some_and(|attempt| attempt.result == AttemptResult::TurnedAway);
    Seen {
        candidate,
        position,
        state,
        waits_until: state.waits_until.filter(|_| may_wait),
        cost: cost(candidate),
        uses: asked.history.of(provider).count(),
        last_use: last.map(|attempt| attempt.at),
        last: last.map(|attempt| attempt.result),
        unanswered: asked.history.of(provider).any(|attempt| attempt.result == AttemptResult::Unknown),
        verified_rate: health.verified_rate(provider, asked.place),
        recent_rate: health.recent_rate(provider, asked.place, now),
    }
}

fn cost(candidate: &Candidate) -> Option<Price> {
    let Fit::Fits { segments } = candidate.fit else { return None };
    candidate.quote.map(|quote| quote.price.times(segments))
}

/// Why a route is out of the question for this message.
fn barred(seen: &Seen<'_>, asked: &Asked<'_>) -> Option<PassedOver> {
    let provider = &seen.candidate.provider;
    if let Fit::Unfit(because) = seen.candidate.fit {
        return Some(because);
    }
    if let (Some(cost), Some(most)) = (seen.cost, asked.bounds.max_spend) {
        let spent = asked.history.spent_micros(most);
        let comparable = cost.currency() == most.currency();
        if comparable && spent.saturating_add(cost.micros()) > most.micros() {
            return Some(PassedOver::TooDear);
        }
    }
    if asked.cause != Cause::Failover {
        return None;
    }
    let results = || asked.history.of(provider).map(|attempt| attempt.result);
    if seen.unanswered {
        Some(PassedOver::Unanswered)
    } else if results().any(AttemptResult::may_arrive) {
        Some(PassedOver::AlreadyUsed)
    } else if results().any(|result| result == AttemptResult::Failed) {
        Some(PassedOver::ReceiptFailed)
    } else if results().any(|result| result == AttemptResult::Refused) {
        Some(PassedOver::Refused)
    } else {
        None
    }
}

fn tier(seen: &Seen<'_>) -> Tier {
    let healthy = seen.state.is_healthy();
    match seen.last {
        Some(AttemptResult::Refused) => Tier::Refused,
        _ if seen.unanswered => Tier::Unanswered,
        _ if seen.waits_until.is_some() => Tier::Waits,
        None if healthy => Tier::HealthyUnused,
        None => Tier::OpenUnused,
        Some(_) if !healthy => Tier::OpenUsed,
        Some(AttemptResult::Failed) => Tier::HealthyFailed,
        Some(_) => Tier::HealthyUsed,
    }
}

fn compare(a: &Seen<'_>, b: &Seen<'_>, order: Order) -> Ordering {
    let by_use = || a.uses.cmp(&b.uses).then(a.last_use.cmp(&b.last_use));
    let by_damage = || {
        let both_open = !a.state.is_healthy() && !b.state.is_healthy();
        let broken = |seen: &Seen<'_>| seen.state.is_transport_open();
        let least_bad = || broken(a).cmp(&broken(b)).then(b.recent_rate.total_cmp(&a.recent_rate));
        if both_open { least_bad() } else { Ordering::Equal }
    };
    let by_preference = || match order {
        Order::Listed => Ordering::Equal,
        Order::Cost => cost_per_verified(a).total_cmp(&cost_per_verified(b)),
    };
    tier(a)
        .cmp(&tier(b))
        .then(a.waits_until.cmp(&b.waits_until))
        .then_with(by_use)
        .then_with(by_damage)
        .then_with(by_preference)
        .then_with(|| a.position.cmp(&b.position))
}

/// Price of a message divided by the share that verifies; infinite without a price.
fn cost_per_verified(seen: &Seen<'_>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an order of magnitude of 2^53 micro-units is no price")]
    let price = seen.cost.map_or(f64::INFINITY, |cost| cost.micros() as f64);
    price / seen.verified_rate.max(0.02)
}

fn why(best: &Seen<'_>, left: &[&Seen<'_>], asked: &Asked<'_>, order: Order) -> Reason {
    if left.iter().all(|seen| !seen.state.is_healthy()) {
        return Reason::AllOpenLeastBad;
    }
    match (best.last, order) {
        (None, _) if !asked.history.attempts().is_empty() => Reason::AnotherRoute,
        (None, Order::Listed) => Reason::FirstInOrder,
        (None, Order::Cost) => Reason::LowestCost,
        (Some(AttemptResult::TurnedAway), _) => Reason::TriedAgain,
        (Some(_), _) => Reason::SameRouteAgain { times: best.uses },
    }
}

/// Why a route that comes earlier in the list was not the one.
fn not_taken(seen: &Seen<'_>) -> Option<PassedOver> {
    match seen.last {
        Some(AttemptResult::Refused) => Some(PassedOver::Refused),
        _ if seen.unanswered => Some(PassedOver::Unanswered),
        _ if seen.state.unbound_since.is_some() => Some(PassedOver::NotBound),
        _ if seen.state.transport.is_some() => Some(PassedOver::TransportOpen),
        _ if seen.state.conversion_since.is_some() => Some(PassedOver::ConversionOpen),
        Some(AttemptResult::Failed) => Some(PassedOver::ReceiptFailed),
        Some(AttemptResult::TurnedAway) => Some(PassedOver::TurnedAway),
        Some(_) => Some(PassedOver::AlreadyUsed),
        None => None,
    }
}

fn hold(all: &[Seen<'_>], passed: &[(&Seen<'_>, PassedOver)]) -> Choice {
    let too_dear = passed.iter().any(|(_, because)| *because == PassedOver::TooDear);
    let unfit = |seen: &Seen<'_>| match seen.candidate.fit {
        Fit::Unfit(because) => Some(because),
        Fit::Fits { .. } => None,
    };
    let first_unfit = all.first().and_then(unfit).filter(|_| all.iter().all(|seen| unfit(seen).is_some()));
    let hold = match first_unfit {
        Some(because) => Hold::Unfit(because),
        None if all.is_empty() => Hold::NoRoute,
        None if too_dear => Hold::SpendUsedUp,
        None => Hold::NoOtherRoute,
    };
    let reason = |(seen, because): &(&Seen<'_>, PassedOver)| Reason::PassedOver {
        provider: seen.candidate.provider.clone(),
        because: *because,
    };
    Choice { decision: Decision::Hold(hold), reasons: passed.iter().map(reason).collect() }
}

/// A probe of an open route, or Thompson sampling among the healthy ones.
fn experiment<'a, 'b>(
    left: &[&'b Seen<'a>],
    candidates: &Candidates,
    health: &Health,
    asked: &Asked<'_>,
    now: Timestamp,
    entropy: &mut Entropy,
) -> Option<(&'b Seen<'a>, Reason)> {
    let healthy: Vec<&Seen<'_>> =
        left.iter().copied().filter(|seen| tier(seen) == Tier::HealthyUnused).collect();
    // Without a healthy route there is nobody to catch a probe that fails; the last resort is one itself.
    if healthy.is_empty() {
        return None;
    }
    for &seen in left.iter().filter(|seen| tier(seen) == Tier::OpenUnused) {
        let transport_ready = !seen.state.is_transport_open() || seen.state.transport_probe_due;
        let drawn = seen.state.conversion_since.is_none()
            || (transport_ready && thompson::uniform(entropy) * 100.0 < PROBE_PERCENT);
        if transport_ready && drawn {
            return Some((seen, Reason::Probe));
        }
    }
    let settings = candidates.thompson?;
    let cheapest = healthy.iter().filter_map(|seen| seen.cost).map(|cost| cost.micros()).min();
    let outcomes = |seen: &Seen<'_>| health.outcomes(&seen.candidate.provider, asked.place, now);
    let takes_part = |seen: &&&Seen<'_>| match (seen.cost, cheapest) {
        (Some(cost), Some(cheapest)) => {
            let percent = 100 + u128::from(settings.max_price_above_percent);
            u128::from(cost.micros()) * 100 <= u128::from(cheapest) * percent
        }
        (None, None) => true,
        _ => false,
    };
    let arms: Vec<&Seen<'_>> = healthy.iter().filter(takes_part).copied().collect();
    let records: Vec<_> = arms.iter().map(|seen| outcomes(seen)).collect();
    // The destination's whole volume must carry it: an arm that gets a tenth of it never could alone.
    let per_day: f64 = records.iter().map(|record| record.per_day(super::health::LATELY)).sum();
    if arms.len() < 2 || per_day < f64::from(settings.min_per_day) {
        return None;
    }
    Some(match thompson::sample(&records, settings, entropy)? {
        Sampled::Best(arm) => (arms[arm], Reason::BestRecord),
        Sampled::Explored(arm) => (arms[arm], Reason::Exploration),
    })
}
