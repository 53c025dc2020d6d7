//! `POST /v1/decisions`, `GET /v1/decisions/{id}`

use axum::Json;
use axum::extract::{Path, State};
use countersign_core::guard::decision::{Decision, PhoneFacts, PhoneLock};
use countersign_core::guard::sca::{Payment, PaymentKind, SinceAuthentication};
use countersign_core::guard::score::{Facts, Observed, Reason, Signal};
use countersign_core::guard::step_up::{Action, Listed, PasskeyUse, VoiceUse};
use countersign_core::id::DecisionId;
use countersign_core::money::{InvalidMoney, Money};
use countersign_core::purpose::{InvalidPurpose, Purpose};
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::start::shown_token;
use super::verification::{optional_text, phone};
use crate::http::auth::{Reader, Server};
use crate::http::documented::{DecideProblems, ShowProblems};
use crate::http::idempotency::{IdempotencyHeader, IdempotencyKey};
use crate::http::json::{Body, object};
use crate::http::problem::{Code, Problem};
use crate::usecase::decide::{DecideAnswer, DecideRequest};
use crate::usecase::{Caller, Services};

/// What you are about to let a customer do, and what you know of her.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Decide)]
pub struct DecideBody {
    /// login · signup · payment · account_change · order, or your own word.
    #[schema(example = "payment", pattern = "^[a-z][a-z0-9_]{0,31}$")]
    purpose: String,
    /// Her phone: what is known of it here is looked at too. Nothing is sent.
    #[schema(example = "+447700900123", max_length = 64)]
    to: Option<String>,
    /// Your reference for your customer: 1–256 bytes.
    #[schema(min_length = 1, max_length = 256)]
    customer: Option<String>,
    /// What a check gave you as `device_token`, from the cookie that you set with it; an empty text where her browser has
    /// none. Needs a `customer`. The answer has the next one.
    #[schema(max_length = 256, example = "cvd_AAGfb2…")]
    device_token: Option<String>,
    /// A decimal string with exactly the currency's decimals. Needs `currency`. For `sca_hint`.
    #[schema(example = "19.90", max_length = 24)]
    amount: Option<String>,
    /// ISO 4217. Needs `amount`.
    #[schema(example = "EUR", min_length = 3, max_length = 3)]
    currency: Option<String>,
    /// single, the default · recurring · trusted_beneficiary. For `sca_hint`.
    payment: Option<PaymentKindBody>,
    /// What she paid since she was authenticated last, where you count. For `sca_hint`.
    #[serde(default, deserialize_with = "object")]
    since_authentication: Option<SinceBody>,
    /// Whether money leaves her account to somewhere else. A change of the account is as grave by its purpose.
    #[serde(default)]
    payout: bool,
    /// Whether customer, number or device stand on a list of yours.
    #[serde(default)]
    denied: bool,
    /// Whether she can use a passkey.
    #[serde(default)]
    passkey_available: bool,
    /// What you know. Leave out what you could not tell: it counts nothing, and is shown as missing.
    #[serde(default, deserialize_with = "object")]
    signals: Option<SignalsBody>,
}

/// What a payment is.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentKind)]
pub enum PaymentKindBody {
    /// One of its own.
    Single,
    /// One of a series, after its first.
    Recurring,
    /// To a payee on the payer's list at her bank.
    TrustedBeneficiary,
}

/// What was paid since the customer was authenticated last.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SinceAuthentication)]
pub struct SinceBody {
    /// How many payments.
    #[schema(maximum = 65535, example = 2)]
    payments: u16,
    /// Their sum in euros.
    #[schema(example = "41.80", max_length = 24)]
    amount: String,
}

macro_rules! signals {
    ($($(#[doc = $doc:literal])+ $field:ident: $signal:ident,)+) => {
        /// What you know: true, false, or left out. No names, numbers or addresses.
        #[derive(Default, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(as = Signals)]
        pub struct SignalsBody {
            $($(#[doc = $doc])+ $field: Option<bool>,)+
            /// Hours since the SIM was changed last; 240 or more stands for "not in the last ten days".
            #[schema(maximum = 65535, example = 500)]
            sim_swap_hours_ago: Option<u16>,
        }

        impl SignalsBody {
            fn facts(&self) -> Facts {
                let facts = Facts::UNKNOWN$(.maybe(Signal::$signal, self.$field.map(Observed::from)))+;
                match self.sim_swap_hours_ago {
                    Some(hours) => facts.with_sim_swap(Some(u32::from(hours))),
                    None => facts,
                }
            }
        }
    };
}

signals! {
    /// A passkey was used in this session.
    passkey: Passkey,
    /// You never saw the device.
    new_device: NewDevice,
    /// Her address is in another country than in the last 90 days.
    new_country: NewCountry,
    /// Her address belongs to a hosting network or to Tor.
    hosting_address: HostingAddress,
    /// Faster than 900 km/h from where you saw her last.
    impossible_travel: ImpossibleTravel,
    /// More than 3 orders in an hour, or 3 cards in 24 hours.
    velocity: Velocity,
    /// The amount is above her own 95th percentile.
    high_for_customer: HighForCustomer,
    /// The amount is above your shop's 99th percentile.
    high_for_shop: HighForShop,
    /// A delivery address that she never used.
    new_address: NewAddress,
    /// Digital goods, gift cards, or express pick-up.
    easy_to_resell: EasyToResell,
    /// The account is younger than 24 hours.
    new_account: NewAccount,
    /// The e-mail address is of a disposable domain.
    disposable_email: DisposableEmail,
    /// Password, phone or e-mail changed in the last 72 hours.
    recent_change: RecentChange,
    /// The number has another holder than when it was verified last.
    number_recycled: Recycled,
    /// Its holder has had the number for less than 30 days.
    short_tenure: ShortTenure,
    /// All calls to the number are forwarded.
    call_forwarding: CallForwarding,
    /// The number is of a VoIP service. Left out: what the numbering plan tells, if `to` is given.
    voip: Voip,
    /// The number is prepaid.
    prepaid: Prepaid,
    /// The network says that the device has the number.
    network_match: NetworkMatch,
}

/// What to do, and why. For your server only: a bot that learns the score learns to lower it.
#[derive(Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionBody {
    /// Under which it is recorded.
    #[schema(example = "dec_01kayn3f2t0h8m5v9d7q4w6x2e")]
    id: String,
    /// allow · verify · hold
    #[schema(example = "verify")]
    action: String,
    /// How: nothing · confirmation (a passkey, or a click on a known device) · code · code_and_passkey · review (by a
    /// person)
    #[schema(example = "code")]
    advice: String,
    /// The rule that decided whatever the score: denied · recycled · fresh_sim · phone_disabled
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Whether a code may go by voice: open · refused, since somebody else would hear it
    #[schema(example = "open")]
    voice: String,
    /// Points: below 0 allow, below 2 a confirmation, up to 5 a code, above that more than a code.
    #[schema(example = 2.2)]
    score: f64,
    /// The signals that counted, the heaviest first.
    reasons: Vec<ReasonBody>,
    /// The signals that nobody could tell.
    #[schema(example = json!(["sim_swap_24h"]))]
    missing: Vec<String>,
    /// Which weights they are.
    #[schema(example = "2026-11")]
    weights_version: String,
    /// What you may tell your payment provider: low_value · tra_candidate · recurring · trusted_beneficiary · none. Apart
    /// from `action`; the issuer has the last word.
    #[schema(example = "none")]
    sca_hint: String,
    /// What is known here of the phone, if you or the device named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<PhoneFactsBody>,
    /// Of a `device_token`: trusted · unknown · theft. After a theft no value of the device is good any more: delete the
    /// cookie and tell your customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "trusted")]
    device: Option<String>,
    /// The trusted device's next token. Set the cookie anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "cvd_AAGfb2…")]
    device_token: Option<String>,
}

/// A signal that counted.
#[derive(Serialize, ToSchema)]
#[schema(as = Reason)]
pub struct ReasonBody {
    /// Which one.
    #[schema(example = "new_device")]
    signal: String,
    /// What it added to the score.
    #[schema(example = 1.2)]
    points: f64,
}

/// What is known of a phone in this app.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneFacts)]
pub struct PhoneFactsBody {
    /// When a code to it was right last, RFC 3339; null: never.
    #[schema(format = DateTime)]
    last_verified_at: Option<String>,
    /// Wrong codes of the last 24 hours, whosever.
    failures_in_a_day: u32,
    /// Whether a code would be looked at, for this customer and device: open · locked · disabled
    #[schema(example = "open")]
    state: String,
    /// Until when it is locked, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    locked_until: Option<String>,
}

impl From<PhoneFacts> for PhoneFactsBody {
    fn from(facts: PhoneFacts) -> Self {
        let (state, until) = match facts.lock {
            PhoneLock::Open => ("open", None),
            PhoneLock::LockedUntil(until) => ("locked", Some(until)),
            PhoneLock::Disabled => ("disabled", None),
        };
        PhoneFactsBody {
            last_verified_at: facts.last_verified_at.as_ref().map(Timestamp::to_string),
            failures_in_a_day: facts.failures_in_a_day,
            state: state.to_owned(),
            locked_until: until.as_ref().map(Timestamp::to_string),
        }
    }
}

impl DecisionBody {
    fn of(id: DecisionId, decision: Decision) -> Self {
        let reason = |reason: Reason| ReasonBody {
            signal: reason.signal.as_str().to_owned(),
            points: f64::from(reason.points.0) / 1000.0,
        };
        DecisionBody {
            id: id.to_string(),
            action: decision.action.as_str().to_owned(),
            advice: decision.advice.as_str().to_owned(),
            rule: decision.rule.map(|rule| rule.as_str().to_owned()),
            voice: match decision.voice {
                VoiceUse::Open => "open".to_owned(),
                VoiceUse::Refused => "refused".to_owned(),
            },
            score: f64::from(decision.score.0) / 1000.0,
            reasons: decision.reasons.into_iter().map(reason).collect(),
            missing: decision.missing.into_iter().map(|signal| signal.as_str().to_owned()).collect(),
            weights_version: decision.weights_version,
            sca_hint: decision.sca_hint.as_str().to_owned(),
            phone: decision.phone.map(PhoneFactsBody::from),
            device: decision.device.map(|used| used.as_str().to_owned()),
            device_token: None,
        }
    }
}

/// Ask what to ask of a customer
///
/// Whether to let a login, payment or change pass, to ask for a proof first, or to let a person look at it. Sends
/// nothing and needs no phone. Every decision is recorded with what it rests on, without the number. Start the
/// verification yourself, with the next `device_token` if there is one. See docs/decisions.md.
#[utoipa::path(
    post, path = "/v1/decisions", tag = "decisions",
    params(IdempotencyHeader),
    request_body = DecideBody,
    responses((status = 200, description = "Decided, and recorded", body = DecisionBody), DecideProblems),
)]
pub async fn decide(
    State(services): State<Services>,
    Server(caller): Server,
    key: IdempotencyKey,
    body: Body<DecideBody>,
) -> Result<Json<DecisionBody>, Problem> {
    let retryable = key.bind(&body.bytes);
    let request = parse(body.value, &caller)?;
    let DecideAnswer { id, decision, device } = services
        .decide(&caller, request, retryable)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    let device_token = device.and_then(|device| device.next).map(|next| next.expose().to_owned());
    Ok(Json(DecisionBody { device_token, ..DecisionBody::of(id, decision) }))
}

/// Show a decision
///
/// As it was answered, without the device's token.
#[utoipa::path(
    get, path = "/v1/decisions/{id}", tag = "decisions",
    params(("id" = String, Path, description = "The decision")),
    responses((status = 200, description = "The decision", body = DecisionBody), ShowProblems),
)]
pub async fn show_decision(
    State(services): State<Services>,
    Reader(caller): Reader,
    Path(id): Path<String>,
) -> Result<Json<DecisionBody>, Problem> {
    let id: DecisionId =
        id.parse().map_err(|_| Problem::new(Code::NotFound).detail("there is no such decision"))?;
    let decision = services
        .show_decision(&caller, id)
        .await
        .map_err(|error| Problem::of(&error, services.clock.now()))?;
    Ok(Json(DecisionBody::of(id, decision)))
}

fn parse(body: DecideBody, caller: &Caller) -> Result<DecideRequest, Problem> {
    let purpose: Purpose = body
        .purpose
        .parse()
        .map_err(|wrong: InvalidPurpose| Problem::field("/purpose", wrong.to_string()))?;
    let customer = optional_text("/customer", body.customer)?;
    let region = caller.app.policy.default_region;
    let is_grave = body.payout || purpose == Purpose::AccountChange;
    Ok(DecideRequest {
        phone: body.to.map(|to| phone(&to, region, caller.mode)).transpose()?,
        device_token: body
            .device_token
            .map(|text| shown_token("/device_token", text, customer.as_ref()))
            .transpose()?,
        payment: Payment {
            money: money(body.amount.as_deref(), body.currency.as_deref())?,
            kind: match body.payment {
                None | Some(PaymentKindBody::Single) => PaymentKind::Single,
                Some(PaymentKindBody::Recurring) => PaymentKind::Recurring,
                Some(PaymentKindBody::TrustedBeneficiary) => PaymentKind::TrustedBeneficiary,
            },
            since: body.since_authentication.as_ref().map(since).transpose()?,
        },
        said: body.signals.unwrap_or_default().facts(),
        at_stake: if is_grave { Action::ChangeOrPayout } else { Action::Other },
        listed: if body.denied { Listed::Denied } else { Listed::No },
        passkey: if body.passkey_available { PasskeyUse::Possible } else { PasskeyUse::Impossible },
        purpose,
        customer,
    })
}

fn money(amount: Option<&str>, currency: Option<&str>) -> Result<Option<Money>, Problem> {
    let wrong = |pointer: &'static str| move |wrong: InvalidMoney| Problem::field(pointer, wrong.to_string());
    match (amount, currency) {
        (None, None) => Ok(None),
        (Some(amount), Some(currency)) => {
            let currency = currency.parse().map_err(wrong("/currency"))?;
            Money::parse(amount, currency).map(Some).map_err(wrong("/amount"))
        }
        (Some(_), None) => Err(Problem::field("/currency", "an amount needs its currency")),
        (None, Some(_)) => Err(Problem::field("/amount", "a currency needs an amount")),
    }
}

fn since(body: &SinceBody) -> Result<SinceAuthentication, Problem> {
    let pointer = "/since_authentication/amount";
    let sum = money(Some(&body.amount), Some("EUR")).map_err(|problem| problem.pointer(pointer))?;
    let cents = sum.map_or(0, |sum| sum.minor_units());
    Ok(SinceAuthentication { payments: u32::from(body.payments), cents })
}
