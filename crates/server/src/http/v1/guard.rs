//! `GET /v1/guard`: what fraud can cost at most, and what the guard has seen.

use axum::Json;
use axum::extract::State;
use countersign_core::guard::budget::Tolerated;
use countersign_core::guard::loss::BoundBy;
use countersign_core::guard::policy::CreditKey;
use countersign_core::guard::probe::Estimate;
use countersign_core::guard::same_code::Repeated;
use countersign_core::money::Currency;
use countersign_core::price::Price;
use serde::Serialize;
use utoipa::ToSchema;

use crate::guard::GuardFigures;
use crate::http::auth::Reader;
use crate::http::documented::AlwaysProblems;
use crate::usecase::Services;
use crate::usecase::guard::{BOUND_WINDOW, Bound};

/// What the guard of the app bounds, and what it has seen in the last 8 days or since it began.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardReport)]
pub struct GuardBody {
    /// off · shadow · monitor · enforce
    mode: String,
    /// The highest price of a message that any provider lists; null: no price is known, and no bound is told in money.
    #[schema(example = "0.080000")]
    highest_price: Option<String>,
    /// The currency of every amount here.
    #[schema(example = "EUR")]
    currency: String,
    /// Spent on messages in the last 24 hours.
    spent: String,
    /// The most that one key without history can cost. They hold in the mode `enforce`.
    bounds: Vec<BoundBody>,
    /// Alarms of the detectors.
    alarms: AlarmsBody,
    /// Refused messages that were sent anyway, drawn by lot.
    probes: ProbesBody,
    /// What wrong codes may come to.
    guess_budget: GuessBudgetBody,
    /// What the policy allows and is worth a second thought.
    notes: Vec<String>,
}

/// The most that one key can cost.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardBound)]
pub struct BoundBody {
    /// range · country · unseen
    key: String,
    /// Seconds.
    window_s: u64,
    /// The share of its codes that the attacker has typed, in percent.
    converted_percent: u32,
    /// Messages; null: with such a share typed codes pay for themselves.
    messages: Option<u64>,
    /// Money; null: no price is known, or nothing bounds it.
    loss: Option<String>,
    /// credit · spend_cap · nothing
    bound_by: String,
}

/// Alarms of the detectors.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardAlarms)]
pub struct AlarmsBody {
    /// Too few codes typed in a range.
    range_conversion: u64,
    /// Too few codes typed in a country.
    country_conversion: u64,
    /// Numbers that follow one another.
    near_numbers: u64,
    /// Falls that known numbers shared: outages, not fraud.
    outages: u64,
}

/// The wrong codes of the app in the last 24 hours, by the chance that each had to be right.
#[derive(Serialize, ToSchema)]
#[schema(as = GuessBudget)]
pub struct GuessBudgetBody {
    /// Takeovers that they may be expected to make, at most; honest mistakes count too.
    #[schema(example = 0.00012)]
    expected_takeovers: f64,
    /// As many are tolerated.
    #[schema(example = 0.01)]
    tolerated: f64,
    /// calm · careful · strained · spent
    stage: String,
    /// Whether one wrong code came more often in this hour than luck brings it.
    same_code: bool,
}

/// Probes.
#[derive(Serialize, ToSchema)]
#[schema(as = GuardProbes)]
pub struct ProbesBody {
    /// Refused by the detectors or the credit and not drawn, since the process began.
    not_drawn: u64,
    /// Refused while no probe might be sent, since those of the day were used up or a cap was reached: of these nothing
    /// is estimated. Since the process began.
    used_up: u64,
    /// Probes that are old enough to be judged.
    drawn: u64,
    /// Of them, those whose code was typed.
    converted: u64,
    /// The estimated share of customers among what was refused, with the interval that holds it 95 times of a
    /// hundred; null: no probe was judged yet.
    customers: Option<EstimateBody>,
    /// How many of those refused and not drawn would have typed their code: customers hurt. Estimated without bias from
    /// the probes; null: no probe was judged yet.
    customers_hurt: Option<EstimateBody>,
    /// What those refused and not drawn would have cost for codes that nobody types: money saved. Estimated without bias
    /// from the probes; null: no probe was judged yet.
    saved: Option<AmountEstimateBody>,
}

/// An estimated amount with its 95 % interval.
#[derive(Serialize, ToSchema)]
#[schema(as = AmountEstimate)]
pub struct AmountEstimateBody {
    /// The best guess.
    #[schema(example = "3918.000000")]
    value: String,
    /// Its lower end.
    #[schema(example = "3150.000000")]
    low: String,
    /// Its upper end.
    #[schema(example = "4810.000000")]
    high: String,
}

impl AmountEstimateBody {
    fn of(estimate: Estimate, currency: Currency) -> Self {
        let [value, low, high] = estimate.prices(currency).map(|price| price.amount());
        AmountEstimateBody { value, low, high }
    }
}

/// An estimate with its 95 % interval.
#[derive(Serialize, ToSchema)]
#[schema(as = Estimate)]
pub struct EstimateBody {
    /// The best guess.
    value: f64,
    /// Its lower end.
    low: f64,
    /// Its upper end.
    high: f64,
}

impl From<Estimate> for EstimateBody {
    fn from(Estimate { value, low, high }: Estimate) -> Self {
        EstimateBody { value, low, high }
    }
}

impl From<Bound> for BoundBody {
    fn from(bound: Bound) -> Self {
        let key = match bound.key {
            CreditKey::Range => "range",
            CreditKey::Country => "country",
            CreditKey::Unseen => "unseen",
        };
        let bound_by = match bound.bound_by {
            BoundBy::Credit => "credit",
            BoundBy::SpendCap => "spend_cap",
            BoundBy::Nothing => "nothing",
        };
        BoundBody {
            key: key.to_owned(),
            window_s: BOUND_WINDOW.as_secs(),
            converted_percent: bound.share.0 / 10_000,
            messages: bound.messages,
            loss: bound.money.map(|money| money.amount()),
            bound_by: bound_by.to_owned(),
        }
    }
}

impl GuessBudgetBody {
    fn of(figures: &GuardFigures, tolerated: Tolerated) -> Self {
        let expected = u32::try_from(figures.expected_takeovers_millionths).unwrap_or(u32::MAX);
        GuessBudgetBody {
            expected_takeovers: f64::from(expected) / 1e6,
            tolerated: f64::from(tolerated.in_millionths()) / 1e6,
            stage: figures.guess_stage.as_str().to_owned(),
            same_code: figures.same_code == Repeated::TooOften,
        }
    }
}

/// Show what the guard bounds and has seen
///
/// What fraud can cost at most through one range, one country, and all ranges of a country that never converted, in
/// 24 hours and in money; and what the detectors have seen.
#[utoipa::path(
    get, path = "/v1/guard", tag = "app",
    responses((status = 200, description = "The guard of the app", body = GuardBody), AlwaysProblems),
)]
pub async fn show_guard(State(services): State<Services>, Reader(caller): Reader) -> Json<GuardBody> {
    let report = services.guard_report(&caller);
    let policy = &caller.app.policy.guard;
    let currency = report.highest_price.map_or(policy.currency, |price| price.currency());
    let (alarms, probes) = (report.figures.alarms, report.figures.probes);
    Json(GuardBody {
        mode: policy.mode.as_str().to_owned(),
        highest_price: report.highest_price.map(|price| price.amount()),
        currency: currency.code().to_owned(),
        spent: Price::from_micros(report.figures.spent_micros, currency).amount(),
        bounds: report.bounds.into_iter().map(BoundBody::from).collect(),
        alarms: AlarmsBody {
            range_conversion: alarms.range_conversion,
            country_conversion: alarms.country_conversion,
            near_numbers: alarms.near_numbers,
            outages: alarms.outages,
        },
        probes: ProbesBody {
            not_drawn: probes.not_drawn,
            used_up: probes.used_up,
            drawn: probes.drawn,
            converted: probes.converted,
            customers: probes.customers().map(Into::into),
            customers_hurt: probes.hurt().map(Into::into),
            // Of its past the guard has a journal, and no refusal is in that.
            saved: probes.saved_by_probes_micros().map(|saved| AmountEstimateBody::of(saved, currency)),
        },
        guess_budget: GuessBudgetBody::of(&report.figures, policy.guess_budget),
        notes: report.notes,
    })
}
