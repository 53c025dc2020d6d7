//! A verification and its parts, as the API writes and reads them.

use std::collections::BTreeMap;

use countersign_core::challenge::{BLOCK_SIZE, COST, ChallengeKind, PARALLELISATION};
use countersign_core::channel::UnknownChannel;
use countersign_core::message;
use countersign_core::money::Money;
use countersign_core::phone::{Country, E164};
use countersign_core::proof::SessionHash;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::transaction::{MAX_FIELDS, MAX_TEXT_BYTES, Transaction};
use countersign_core::unique;
use countersign_core::verification::{Channel, State, Status, Verification};
use countersign_core::workflow::{Workflow, WorkflowStep};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::usecase::View;
use crate::usecase::solve::Puzzle;

/// A verification.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Verification)]
pub struct VerificationBody {
    /// Its id.
    #[schema(example = "ver_01kayn3f2t0h8m5v9d7q4w6x2e")]
    pub id: String,
    /// challenge_required · pending · approved · recovered · expired · exhausted · canceled · denied
    #[schema(example = "pending")]
    pub status: String,
    /// live · test
    pub mode: String,
    /// The phone, its middle hidden.
    #[schema(example = "+44•••••••123")]
    pub to: String,
    /// The phone's country, ISO 3166-1.
    pub country: Option<String>,
    /// Why.
    pub purpose: String,
    /// The e-mail address, masked, while it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "a•••@s•••.example")]
    pub email: Option<String>,
    /// By which channel the last message was sent: sms · voice · whatsapp · telegram · email
    pub channel: String,
    /// What typing its code shows: possession · notification. The weakest of all channels that it was sent by.
    #[schema(example = "possession")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assurance: Option<String>,
    /// The channels that it tries one after another, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowBody>,
    /// What is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<TransactionBody>,
    /// The shop's reference for its customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The verification of the customer's old phone, where this one takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ver_01kayn3f2t0h8m5v9d7q4w6x2e")]
    pub replaces: Option<String>,
    /// Of a recovery: when another phone may take the place of this one, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub ready_at: Option<String>,
    /// Of status `challenge_required`: what is to be solved before a message is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeBody>,
    /// What the guard did about it, where it did anything; only where you ask for the verification itself, since answers
    /// to starts tend to reach browsers. Keep it on your server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardBody>,
    /// When it was started, or its challenge was solved, RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the code stops being accepted, RFC 3339.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When another message can be asked for; null when none can.
    #[schema(format = DateTime)]
    pub resend_at: Option<String>,
    /// Guesses left.
    pub attempts_remaining: u8,
    /// The shop's own words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Of a start: what your page may hold. It shows this one verification to your customer's browser, checks codes
    /// and asks for another message; it never yields a proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "cvs_AAGfb2…")]
    pub client_secret: Option<String>,
    /// Of a start for the hosted page or a frame: where you send your customer. It opens once, for whoever comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://verify.shop.example/verify/AAGfb2…")]
    pub url: Option<String>,
    /// Of a start with `client.device_token`: trusted · unknown · theft. After a theft no value of the device is good any
    /// more: delete the cookie and tell your customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "trusted")]
    pub device: Option<String>,
    /// Of a start on a trusted device: its next token. Set the cookie anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "cvd_AAGfb2…")]
    pub device_token: Option<String>,
    /// The signed proof: only after approval, while it can be redeemed. Keep it on your server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl From<View> for VerificationBody {
    fn from(view: View) -> Self {
        let View { verification, masked_phone, masked_email, status, .. } = view;
        let View { attempts_remaining, proof, resend_at, created_at, expires_at, challenge, .. } = view;
        let Verification { id, mode, purpose, transaction, customer, country, metadata, .. } = &*verification;
        VerificationBody {
            id: id.to_string(),
            status: status.as_str().to_owned(),
            mode: mode.as_str().to_owned(),
            to: masked_phone,
            country: country.map(|country| country.to_string()),
            purpose: purpose.to_string(),
            email: masked_email,
            channel: verification.channel.to_string(),
            // A recovery proves nothing.
            assurance: (verification.max_attempts > 0).then(|| verification.assurance().as_str().to_owned()),
            workflow: verification.workflow.as_ref().map(|workflow| WorkflowBody::of(workflow, status)),
            transaction: transaction.as_ref().map(TransactionBody::from),
            customer: customer.clone(),
            replaces: verification.replaces.map(|old| old.to_string()),
            ready_at: match &verification.state {
                State::Recovering { ready_at, .. } => Some(ready_at.to_string()),
                _ => None,
            },
            challenge: challenge.map(ChallengeBody::from),
            guard: None,
            created_at: created_at.to_string(),
            expires_at: expires_at.to_string(),
            resend_at: resend_at.as_ref().map(Timestamp::to_string),
            attempts_remaining,
            metadata: metadata.clone(),
            client_secret: None,
            url: None,
            device: None,
            device_token: None,
            proof,
        }
    }
}

impl VerificationBody {
    /// With what the guard did, for who asks for the verification itself.
    pub fn explained(view: View) -> Self {
        let guard = view.verification.guard.map(|trace| GuardBody {
            action: trace.action.as_str().to_owned(),
            rule: trace.rule.as_str().to_owned(),
        });
        VerificationBody { guard, ..VerificationBody::from(view) }
    }
}

/// What the guard did about a verification.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Guard)]
pub struct GuardBody {
    /// challenge: its first message waited for a solution · ghost: none of its messages leaves, and no code is right
    #[schema(example = "ghost")]
    pub action: String,
    /// Which rule it was.
    #[schema(example = "instance_phone_per_day")]
    pub rule: String,
}

/// What is to be solved: find a text of 1–64 visible ASCII characters whose scrypt hash (RFC 7914) of 32 bytes, with
/// `salt` as the bytes of its text, begins with `zero_bits` zero bits. Numbers counted up from 0 do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Challenge)]
pub struct ChallengeBody {
    /// proof_of_work · turnstile · hcaptcha
    #[schema(example = "proof_of_work")]
    pub r#type: String,
    /// Of a vendor: what its widget is shown with; its token is the solution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_key: Option<String>,
    /// Of Turnstile: give it to the widget as `cdata`, and the token is good for this verification alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cdata: Option<String>,
    /// Of a proof of work, all of it.
    #[serde(flatten)]
    pub work: Option<WorkBody>,
}

/// What a proof of work takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Work)]
pub struct WorkBody {
    /// scrypt
    #[schema(example = "scrypt")]
    pub algorithm: String,
    /// scrypt's cost N.
    #[schema(example = 1024)]
    pub n: u32,
    /// scrypt's block size r.
    #[schema(example = 8)]
    pub r: u32,
    /// scrypt's parallelisation p.
    #[schema(example = 1)]
    pub p: u32,
    /// Its salt.
    #[schema(example = "AZqvR8…")]
    pub salt: String,
    /// Zero bits that the hash begins with.
    #[schema(example = 7)]
    pub zero_bits: u8,
}

impl From<Puzzle> for ChallengeBody {
    fn from(Puzzle { kind, salt, site_key }: Puzzle) -> Self {
        let cdata = (kind == ChallengeKind::Turnstile).then(|| salt.clone());
        let work = match kind {
            ChallengeKind::ProofOfWork { zero_bits } => Some(WorkBody {
                algorithm: "scrypt".to_owned(),
                n: COST,
                r: BLOCK_SIZE,
                p: PARALLELISATION,
                salt,
                zero_bits,
            }),
            ChallengeKind::Turnstile | ChallengeKind::Hcaptcha => None,
        };
        ChallengeBody { r#type: kind.as_str().to_owned(), site_key, cdata, work }
    }
}

/// Where a verification stands in its workflow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Workflow)]
pub struct WorkflowBody {
    /// The steps, in order.
    pub steps: Vec<StepBody>,
    /// How many were taken.
    #[schema(example = 1)]
    pub taken: u8,
    /// When the next one is taken by itself, RFC 3339; null when none is left or the workflow was stopped.
    #[schema(format = DateTime)]
    pub next_at: Option<String>,
}

/// A step of a workflow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub struct StepBody {
    /// By which channel.
    #[schema(example = "whatsapp")]
    pub channel: String,
    /// Seconds from its message to the next step.
    #[schema(example = 30)]
    pub wait_s: u16,
}

impl WorkflowBody {
    fn of(workflow: &Workflow, status: Status) -> Self {
        let step = |step: &WorkflowStep| StepBody { channel: step.channel.to_string(), wait_s: step.wait_s };
        let next_at = workflow.next_at.filter(|_| status == Status::Pending);
        WorkflowBody {
            steps: workflow.steps.iter().map(step).collect(),
            taken: workflow.taken,
            next_at: next_at.as_ref().map(Timestamp::to_string),
        }
    }
}

/// A channel's word.
pub fn channel(word: &str) -> Result<Channel, Problem> {
    channel_at("/channel", word)
}

/// The same, of another field.
pub fn channel_at(pointer: &str, word: &str) -> Result<Channel, Problem> {
    word.parse().map_err(|wrong: UnknownChannel| Problem::field(pointer, wrong.to_string()))
}

/// What is being approved. The code is bound to all of it: change anything and the verification is
/// void.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Transaction)]
pub struct TransactionBody {
    /// Your reference, such as an order number: 1–256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "order_1042", min_length = 1, max_length = 256)]
    pub id: Option<String>,
    /// A decimal string with exactly the currency's decimals. Needs `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "49.90", max_length = 24)]
    pub amount: Option<String>,
    /// ISO 4217. Needs `amount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "EUR", min_length = 3, max_length = 3)]
    pub currency: Option<String>,
    /// Who receives it, as the customer knows them: 1–256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Shop GmbH", min_length = 1, max_length = 256)]
    pub payee: Option<String>,
    /// Whatever else must not change: at most 16 names and values of 1–256 bytes.
    #[serde(default, deserialize_with = "unique::map", skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl From<&Transaction> for TransactionBody {
    fn from(transaction: &Transaction) -> Self {
        TransactionBody {
            id: transaction.id.clone(),
            amount: transaction.money.map(|money| money.amount()),
            currency: transaction.money.map(|money| money.currency().code().to_owned()),
            payee: transaction.payee.clone(),
            fields: transaction.fields.clone(),
        }
    }
}

impl TransactionBody {
    /// The transaction, every part well-formed.
    ///
    /// A payee that is the app's own brand may be a host name, as brands may.
    pub fn parse(self, brand: &str) -> Result<Transaction, Problem> {
        let money = match (self.amount, self.currency) {
            (None, None) => None,
            (Some(amount), Some(currency)) => {
                let currency = currency.parse().map_err(|wrong: countersign_core::money::InvalidMoney| {
                    Problem::field("/transaction/currency", wrong.to_string())
                })?;
                let money = Money::parse(&amount, currency)
                    .map_err(|wrong| Problem::field("/transaction/amount", wrong.to_string()))?;
                Some(money)
            }
            (Some(_), None) => {
                return Err(Problem::field("/transaction/currency", "an amount needs its currency"));
            }
            (None, Some(_)) => {
                return Err(Problem::field("/transaction/amount", "a currency needs an amount"));
            }
        };
        let id = optional_text("/transaction/id", self.id)?;
        let payee = optional_text("/transaction/payee", self.payee)?;
        // These two can stand in the message: what they may hold is stricter (links, card numbers).
        for (pointer, value) in [("/transaction/id", &id), ("/transaction/payee", &payee)] {
            if let Some(value) = value.as_deref().filter(|value| *value != brand) {
                message::check_value(value)
                    .map_err(|problem| Problem::field(pointer, problem.to_string()))?;
            }
        }
        text_map("/transaction/fields", &self.fields)?;
        Ok(Transaction { id, money, payee, fields: self.fields })
    }
}

/// A text of 1–256 bytes without control characters, if it is there.
pub fn optional_text(pointer: &str, value: Option<String>) -> Result<Option<String>, Problem> {
    if let Some(text) = &value {
        check_text(pointer, text)?;
    }
    Ok(value)
}

fn check_text(pointer: &str, text: &str) -> Result<(), Problem> {
    if text.is_empty() || text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
        return Err(Problem::field(
            pointer,
            format!("1 to {MAX_TEXT_BYTES} bytes without control characters"),
        ));
    }
    Ok(())
}

/// At most 16 names and values, each 1–256 bytes.
pub fn text_map(pointer: &str, map: &BTreeMap<String, String>) -> Result<(), Problem> {
    if map.len() > MAX_FIELDS {
        return Err(Problem::field(pointer, format!("at most {MAX_FIELDS} entries")));
    }
    for (name, value) in map {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        check_text(&format!("{pointer}/{escaped}"), name)?;
        check_text(&format!("{pointer}/{escaped}"), value)?;
    }
    Ok(())
}

/// A phone as the API takes it. Test keys also take numbers that no plan assigns.
pub fn phone(text: &str, default_region: Option<Country>, mode: Mode) -> Result<E164, Problem> {
    phone_at("/to", text, default_region, mode)
}

/// The same, of another field.
pub fn phone_at(
    pointer: &str,
    text: &str,
    default_region: Option<Country>,
    mode: Mode,
) -> Result<E164, Problem> {
    let parsed = match mode {
        Mode::Live => E164::parse(text, default_region),
        Mode::Test => E164::parse_fictional(text, default_region),
    };
    parsed.map_err(|wrong| Problem::field(pointer, wrong.to_string()))
}

/// A session of 1–256 bytes, as its hash.
pub fn session(text: Option<String>) -> Result<Option<SessionHash>, Problem> {
    Ok(optional_text("/session", text)?.map(|session| SessionHash::of(&session)))
}
