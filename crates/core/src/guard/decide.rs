//! What becomes of a request for a message: every rule, the free and local ones first.
//!
//! A decision only reads. What it takes is taken when the message really is allowed, so a refused request costs
//! nothing else (fraud.md B.2). Of several refusals the first in order names the rule.

use serde::{Deserialize, Serialize};

use super::asn::{Network, NetworkHours};
use super::caps::DaySum;
use super::distinct::surprise;
use super::key::{Destination, KeyId};
use super::known::{Acquaintance, Asker};
use super::policy::{GuardMode, GuardPolicy, KnownBypass, Switch};
use super::probe::{Draw, Lot};
use super::score::{Facts, Observed, REQUEST_SIGNALS, Signal};
use super::state::{
    Converted, CountryState, CustomerState, DeviceState, NumbersOfDay, PhoneState, RangeState,
};
use super::thousandths::Thousandths;
use crate::phone::NumberType;
use crate::subject::Listed;
use crate::time::Timestamp;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $reason:literal;)+) => {
        /// Which rule it was. For the shop's server; a browser is told nothing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Rule {
            /// All of them, in their order.
            pub const ALL: &[Rule] = &[$(Rule::$name,)+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Rule::$name => $word,)+ }
            }

            /// What it says, in a sentence.
            pub const fn reason(self) -> &'static str {
                match self { $(Rule::$name => $reason,)+ }
            }
        }
    };
}

rules! {
    /// The country is not among those of the policy.
    Country = "country", "the app does not send to this country";
    /// The number is on the app's list of blocked ones.
    Blocked = "blocked", "the number is on the app's list of blocked numbers";
    /// The kind of number is refused.
    NumberType = "number_type", "numbers of this kind get no messages";
    /// The wait between two messages to a phone.
    PhoneSpacing = "phone_spacing", "too soon after the last message to this number";
    /// Messages to one phone of the app.
    PhoneSends = "phone_sends", "too many messages to this number";
    /// Messages to one phone over all apps.
    InstancePhone = "instance_phone", "too many messages to this number over all apps";
    /// Starts or numbers of a device.
    Device = "device", "too many numbers or starts from this device";
    /// Starts or numbers of a session.
    Session = "session", "too many numbers or starts in this session";
    /// Numbers of a customer.
    Customer = "customer", "too many numbers of this customer";
    /// Changes of a customer's number.
    CustomerChange = "customer_change", "the customer changed the number lately";
    /// New numbers from an address.
    Address = "address", "too many new numbers from this address";
    /// New numbers from a network.
    Network = "network", "too many new numbers from this network";
    /// New numbers from an autonomous system.
    Asn = "asn", "too many new numbers from this provider of addresses";
    /// Numbers of a block that never converted.
    Block = "block", "too many numbers that differ in their last 4 digits only";
    /// The sum on the conversions of the range.
    RangeConversion = "range_conversion", "too few codes are typed in this range";
    /// The sum on the conversions of the country.
    CountryConversion = "country_conversion", "too few codes are typed in this country";
    /// The near-number test.
    NearNumbers = "near_numbers", "the numbers asked for follow one another";
    /// The credit of the range.
    RangeCredit = "range_credit", "the range has no credit left";
    /// The credit of the country.
    CountryCredit = "country_credit", "the country has no credit left";
    /// The credit of ranges that never converted.
    UnseenCredit = "unseen_credit", "ranges of this country that never converted have no credit left";
    /// The score.
    Score = "score", "several signals together";
    /// The app's cap on spend.
    AppSpend = "app_spend", "the app's daily cap on spend is reached";
    /// The instance's cap on spend.
    InstanceSpend = "instance_spend", "the instance's daily cap on spend is reached";
}

/// A request for a message, as far as the guard looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The number.
    pub destination: Destination,
    /// What kind of line it is, where that is known.
    pub number_type: Option<NumberType>,
    /// Who asks.
    pub asker: Asker,
    /// The shop's session.
    pub session: Option<KeyId>,
    /// The network of the customer's address, where the table knows it.
    pub network: Option<Network>,
    /// What it is for.
    pub purpose: RequestPurpose,
    /// What else is known.
    pub facts: Facts,
    /// Whether a challenge was solved for it.
    pub challenge: ChallengeState,
    /// What the message costs, in millionths of the policy's currency. Unknown prices: the highest listed one.
    pub price_micros: u64,
    /// Decides whether it is a probe, if it is refused.
    pub draw: Draw,
}

/// What a request is for, where that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestPurpose {
    /// Another number for a customer.
    NumberChange,
    /// Another message of a verification that sent one before: who asks, and from where, was judged then.
    Again,
    /// Anything else.
    Other,
}

/// Whether a challenge stands between a request and its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeState {
    /// None was solved.
    Unsolved,
    /// One was: what only asks for one lets it pass.
    Solved,
}

/// The states that a decision reads: those of the request's keys. A key that was never seen has that of one.
pub struct View<'a> {
    /// Of the phone.
    pub phone: &'a PhoneState,
    /// Of the phone, a name that is compared within other keys' windows.
    pub phone_tag: u32,
    /// Of its block.
    pub block: &'a NumbersOfDay,
    /// Of its range.
    pub range: &'a RangeState,
    /// Of its country.
    pub country: &'a CountryState,
    /// Of the customer's address.
    pub address: Option<&'a NumbersOfDay>,
    /// Of the network of the address.
    pub network: Option<&'a NumbersOfDay>,
    /// Of the autonomous system of the address.
    pub system: Option<&'a NetworkHours>,
    /// Of the device.
    pub device: Option<&'a DeviceState>,
    /// Of the session.
    pub session: Option<&'a DeviceState>,
    /// Of the customer.
    pub customer: Option<&'a CustomerState>,
    /// What the app spent.
    pub app_spend: &'a DaySum,
    /// What all apps spent.
    pub instance_spend: &'a DaySum,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The message leaves.
    Allow,
    /// It leaves once a challenge is solved.
    Challenge,
    /// It does not leave.
    Refuse,
}

impl Action {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Challenge => "challenge",
            Action::Refuse => "refuse",
        }
    }
}

/// A rule that spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The rule.
    pub rule: Rule,
    /// Challenge or refuse.
    pub action: Action,
    /// When it has nothing to say any more if nothing else happens; nothing where nobody can tell.
    pub retry_at: Option<Timestamp>,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What becomes of the request.
    pub action: Action,
    /// The rule that spoke, if one did: also where it did not act, since it was a probe or the mode let it pass.
    pub objection: Option<Objection>,
    /// What the lot said.
    pub lot: Lot,
    /// What the number is.
    pub acquaintance: Acquaintance,
}

impl Ruling {
    /// Whether it is sent although a detector refused it, to learn from it.
    pub fn is_probe(&self) -> bool {
        self.lot == Lot::Drawn
    }

    /// Whether the number passes the detectors, and takes no credit.
    pub fn bypasses(&self, policy: &GuardPolicy) -> bool {
        match self.acquaintance {
            Acquaintance::Allowed => true,
            Acquaintance::Tied => policy.known_bypass == KnownBypass::Tied,
            Acquaintance::Known | Acquaintance::New => false,
        }
    }
}

/// Decides. Reads only; [`super::Guard::ask`] also takes what an allowed message takes.
pub fn decide(policy: &GuardPolicy, request: &Request, view: &View<'_>, now: Timestamp) -> Ruling {
    let acquaintance = match view.phone.listed {
        Some(Listed::Allowed) => Acquaintance::Allowed,
        _ => view.phone.successes.acquaintance(request.asker, now),
    };
    let mut ruling = Ruling { action: Action::Allow, objection: None, lot: Lot::None, acquaintance };
    if !policy.mode.looks() {
        return ruling;
    }
    if view.phone.listed == Some(Listed::Blocked) {
        let objection = refused(Rule::Blocked, None);
        return Ruling { action: objection.action, objection: Some(objection), ..ruling };
    }
    if let Some(objection) = lists(policy, request).or_else(|| phone(policy, view, now)) {
        return Ruling { action: objection.action, objection: Some(objection), ..ruling };
    }
    let soft = soft_objection(policy, request, view, &mut ruling, now);
    if let Some(objection) = soft {
        ruling.objection = Some(objection);
        // Shadow and monitor only record what these rules would have done: everybody is sent to, so nobody is a probe.
        if policy.mode != GuardMode::Enforce {
            ruling.lot = Lot::None;
        } else if ruling.lot != Lot::None && spend(policy, request, view, acquaintance, now).is_some() {
            // No probe could leave, so none of these is drawn: counted in the lot they would bend the estimate.
            ruling.lot = Lot::UsedUp;
        }
        if policy.mode == GuardMode::Enforce && ruling.lot != Lot::Drawn {
            ruling.action = objection.action;
            return ruling;
        }
    }
    if let Some(objection) = spend(policy, request, view, acquaintance, now) {
        return Ruling { action: objection.action, objection: Some(objection), ..ruling };
    }
    ruling
}

fn refused(rule: Rule, retry_at: Option<Timestamp>) -> Objection {
    Objection { rule, action: Action::Refuse, retry_at }
}

fn challenged(rule: Rule, retry_at: Option<Timestamp>) -> Objection {
    Objection { rule, action: Action::Challenge, retry_at }
}

/// What acts in every mode and costs nothing to ask: where the app sends to.
fn lists(policy: &GuardPolicy, request: &Request) -> Option<Objection> {
    let country = request.destination.area().country();
    let elsewhere =
        !policy.countries.is_empty() && country.is_none_or(|country| !policy.countries.contains(&country));
    if elsewhere {
        return Some(refused(Rule::Country, None));
    }
    let kind = request.number_type?;
    policy.refused_number_types.contains(&kind).then(|| refused(Rule::NumberType, None))
}

/// The limits of a phone, which protect its holder.
fn phone(policy: &GuardPolicy, view: &View<'_>, now: Timestamp) -> Option<Objection> {
    let (sends, limits) = (&view.phone.sends, &policy.limits);
    let all = [
        (Rule::PhoneSpacing, sends.spaced_at(&limits.phone_ladder_s, now)),
        (Rule::PhoneSends, sends.room_at(&limits.phone, now)),
        (Rule::InstancePhone, sends.room_at(&limits.instance_phone, now)),
    ];
    // The one that holds longest, so that who waits for it does not wait in vain.
    let longest =
        all.into_iter().filter(|(_, room_at)| room_at.is_some()).max_by_key(|(_, room_at)| *room_at)?;
    Some(refused(longest.0, longest.1))
}

fn soft_objection(
    policy: &GuardPolicy,
    request: &Request,
    view: &View<'_>,
    ruling: &mut Ruling,
    now: Timestamp,
) -> Option<Objection> {
    let first = request.purpose != RequestPurpose::Again;
    if let Some(objection) = who(policy, request, view, now).filter(|_| first) {
        return Some(objection);
    }
    if ruling.bypasses(policy) {
        return None;
    }
    let solved = request.challenge == ChallengeState::Solved;
    let acts = |objection: &Objection| objection.action == Action::Refuse || !solved;
    let from = from_where(policy, request, view, now).filter(|_| first).filter(acts);
    if from.is_some_and(|objection| objection.action == Action::Refuse) {
        return from;
    }
    if let Some(objection) = detectors(policy, view, now) {
        if from.is_none() {
            ruling.lot = lot(policy, request.draw, view, now);
        }
        return Some(objection);
    }
    from.or_else(|| score(policy, request, view, now).filter(acts))
}

/// Devices, sessions and customers: also those who are known.
fn who(policy: &GuardPolicy, request: &Request, view: &View<'_>, now: Timestamp) -> Option<Objection> {
    let limits = &policy.limits;
    let of_device = |state: Option<&DeviceState>| {
        let state = state?;
        state
            .numbers
            .room_at(view.phone_tag, &limits.device_numbers, now)
            .max(state.starts.room_at(&limits.device_starts, now))
    };
    if let Some(room_at) = of_device(view.device) {
        return Some(refused(Rule::Device, Some(room_at)));
    }
    if let Some(room_at) = of_device(view.session) {
        return Some(refused(Rule::Session, Some(room_at)));
    }
    let customer = view.customer?;
    if let Some(room_at) = customer.numbers.room_at(view.phone_tag, &limits.customer_numbers, now) {
        return Some(refused(Rule::Customer, Some(room_at)));
    }
    if request.purpose == RequestPurpose::NumberChange {
        let room_at = customer.changes.room_at(&limits.customer_changes, now)?;
        return Some(refused(Rule::CustomerChange, Some(room_at)));
    }
    None
}

/// Where new numbers come from, and the block that they are in.
fn from_where(policy: &GuardPolicy, request: &Request, view: &View<'_>, now: Timestamp) -> Option<Objection> {
    let limits = &policy.limits;
    let factor = policy.address_factor(request.network.map(|network| network.kind));
    let room_at = |state: Option<&NumbersOfDay>, windows: &[super::window::Window], factor: u16| {
        let latest = |window: &super::window::Window| {
            state.and_then(|numbers| numbers.0.room_at(view.phone_tag, &[window.times(factor)], now))
        };
        windows.iter().filter_map(latest).max()
    };
    if let Some(room_at) = room_at(view.address, &limits.address, factor.saturating_mul(limits.refuse_factor))
    {
        return Some(refused(Rule::Address, Some(room_at)));
    }
    if let Some(room_at) = room_at(view.address, &limits.address, factor) {
        return Some(challenged(Rule::Address, Some(room_at)));
    }
    if let Some(room_at) = room_at(view.network, &limits.network, factor) {
        return Some(challenged(Rule::Network, Some(room_at)));
    }
    if system_is_full(policy, request.network, view.system, now) {
        return Some(challenged(Rule::Asn, Some(NetworkHours::next_hour(now))));
    }
    if view.phone.successes.any() {
        return None;
    }
    let room_at = view.block.0.room_at(view.phone_tag, &limits.block, now)?;
    Some(challenged(Rule::Block, Some(room_at)))
}

fn system_is_full(
    policy: &GuardPolicy,
    network: Option<Network>,
    system: Option<&NetworkHours>,
    now: Timestamp,
) -> bool {
    let (Some(network), Some(system)) = (network, system) else { return false };
    let limits = &policy.limits;
    let this_hour = system.this_hour(now);
    if network.kind.is_hosting() {
        return this_hour >= f64::from(limits.hosting_per_hour) - 0.5;
    }
    // What is usual is looked up only where it may matter.
    this_hour >= f64::from(limits.network_least)
        && this_hour >= f64::from(limits.usual_factor) * f64::from(system.usual())
}

/// The detectors on conversions (B.3). They refuse and do not challenge: a bot that solves one would get its message.
fn detectors(policy: &GuardPolicy, view: &View<'_>, now: Timestamp) -> Option<Objection> {
    let (range, country, credit) = (view.range, view.country, &policy.credit);
    if let Some(until) = range.strikes.until(now) {
        return Some(refused(Rule::RangeConversion, Some(until)));
    }
    let spared = policy.cusum.country_spares_healthy == Switch::On
        && range.converted == Converted::Yes
        && range.cusum.sum() < policy.cusum.learn_below;
    if let Some(until) = country.strikes.until(now).filter(|_| !spared) {
        return Some(refused(Rule::CountryConversion, Some(until)));
    }
    if let Some(until) = range.near_strikes.until(now).filter(|_| policy.near == Switch::On) {
        return Some(refused(Rule::NearNumbers, Some(until)));
    }
    let of_range = range.credit.at(&credit.range, now);
    if !of_range.has_one() {
        return Some(refused(Rule::RangeCredit, of_range.retry_at(&credit.range)));
    }
    let of_country = country.credit.at(&credit.country, now);
    if !of_country.has_one() {
        return Some(refused(Rule::CountryCredit, of_country.retry_at(&credit.country)));
    }
    let of_unseen = country.unseen.at(&credit.unseen, now);
    if range.converted == Converted::Never && !of_unseen.has_one() {
        return Some(refused(Rule::UnseenCredit, of_unseen.retry_at(&credit.unseen)));
    }
    None
}

fn lot(policy: &GuardPolicy, draw: Draw, view: &View<'_>, now: Timestamp) -> Lot {
    let probes = &policy.probes;
    let room = view.range.probed.today(now) < probes.range_per_day
        && view.country.probed.today(now) < probes.country_per_day;
    if probes.percent == Thousandths::of(0) {
        Lot::None
    } else if !room {
        Lot::UsedUp
    } else if draw.is_within(probes.percent) {
        Lot::Drawn
    } else {
        Lot::NotDrawn
    }
}

/// What the guard knows itself, beside what the request brings.
pub fn facts(request: &Request, view: &View<'_>, now: Timestamp) -> Facts {
    let conversions = view.range.credit.recent_conversions();
    let conversions = f64::from(u32::try_from(conversions).unwrap_or(u32::MAX));
    let observed = |there: bool| if there { Observed::Present } else { Observed::Absent };
    let hosting = request.network.map(|network| observed(network.kind.is_hosting()));
    let near = view.range.near_strikes.standing(now) > 0;
    request
        .facts
        .with_surprise(surprise(view.range.distinct.estimate(), conversions))
        .with(Signal::NearNumbers, observed(near))
        .maybe(Signal::HostingAddress, hosting)
}

fn score(policy: &GuardPolicy, request: &Request, view: &View<'_>, now: Timestamp) -> Option<Objection> {
    let points = policy.score.weights.sum(facts(request, view, now), REQUEST_SIGNALS);
    if points >= policy.score.refuse_from {
        Some(refused(Rule::Score, None))
    } else if points >= policy.score.challenge_from {
        Some(challenged(Rule::Score, None))
    } else {
        None
    }
}

/// The caps on spend, last: they count only what really leaves. New numbers stop at the cap, known ones a little later.
fn spend(
    policy: &GuardPolicy,
    request: &Request,
    view: &View<'_>,
    acquaintance: Acquaintance,
    now: Timestamp,
) -> Option<Objection> {
    let price = request.price_micros;
    let caps = &policy.caps;
    if let Some(cap) = caps.daily {
        let known = acquaintance != Acquaintance::New;
        let percent = u64::from(if known { caps.known_percent } else { 100 });
        let most = cap.0.saturating_mul(percent) / 100;
        let room_at = view.app_spend.room_at(price, most, now);
        if room_at != Some(now) {
            return Some(refused(Rule::AppSpend, room_at));
        }
    }
    let cap = caps.instance_daily?;
    let room_at = view.instance_spend.room_at(price, cap.0, now);
    if room_at == Some(now) { None } else { Some(refused(Rule::InstanceSpend, room_at)) }
}
