//! A verification as a browser sees it.

use countersign_core::code::Alphabet;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::v1::verification::ChallengeBody;
use crate::usecase::browser::BrowserView;

/// A verification as a browser sees it: no proof, no receipts, no reference of the shop's.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BrowserVerification)]
pub struct BrowserVerificationBody {
    /// Its id.
    #[schema(example = "ver_01kayn3f2t0h8m5v9d7q4w6x2e")]
    id: String,
    /// challenge_required · pending · approved · expired · exhausted · canceled · denied. A payment is never `exhausted`: one whose tries
    /// are used up stays `pending` until its time is over (PSD2 RTS Art 4(3)(a)).
    #[schema(example = "pending")]
    state: String,
    /// Why.
    #[schema(example = "payment")]
    purpose: String,
    /// What customers know the shop as.
    #[schema(example = "Lantern Row")]
    shop: String,
    /// The phone, its middle hidden.
    #[schema(example = "+44•••••••123")]
    to: String,
    /// By which channel the last message was sent: sms · voice · whatsapp · telegram · email
    #[schema(example = "sms")]
    channel: String,
    /// What is to be solved before a message is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<ChallengeBody>,
    /// The form of the code.
    code: BrowserCodeBody,
    /// The language that was asked for.
    #[schema(example = "en")]
    locale: String,
    /// What is being approved, where there is anything to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<BrowserTransactionBody>,
    /// Seconds until the code ends.
    #[schema(example = 281)]
    expires_in_s: u64,
    /// Seconds until another message can be asked for; null when none can.
    #[schema(example = 24)]
    resend_in_s: Option<u64>,
    /// "Usually within … seconds": how long 19 of 20 customers there took lately; null where it is not known.
    #[schema(example = 15)]
    usually_within_s: Option<u64>,
    /// Other channels that another message may take.
    #[schema(example = json!(["voice"]))]
    channels: Vec<String>,
}

/// The form of a code.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BrowserCode)]
pub struct BrowserCodeBody {
    /// Its characters.
    #[schema(example = 6)]
    length: u8,
    /// numeric · alphanumeric
    #[schema(example = "numeric")]
    alphabet: String,
}

/// What is being approved, as far as its customer is shown it (PSD2 RTS Art 5(1)(a)).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BrowserTransaction)]
pub struct BrowserTransactionBody {
    /// A decimal string.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "49.90")]
    amount: Option<String>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// Who receives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Shop GmbH")]
    payee: Option<String>,
}

impl From<BrowserView> for BrowserVerificationBody {
    fn from(view: BrowserView) -> Self {
        let verification = &*view.verification;
        let transaction = verification
            .transaction
            .as_ref()
            .filter(|transaction| transaction.money.is_some() || transaction.payee.is_some());
        let (expires_in_s, resend_in_s) = (view.expires_in_s(), view.resend_in_s());
        BrowserVerificationBody {
            id: verification.id.to_string(),
            state: view.state.as_str().to_owned(),
            purpose: verification.purpose.to_string(),
            shop: view.shop,
            to: view.masked_phone,
            channel: verification.channel.to_string(),
            challenge: view.challenge.map(ChallengeBody::from),
            code: BrowserCodeBody {
                length: view.format.length(),
                alphabet: match view.format.alphabet() {
                    Alphabet::Numeric => "numeric".to_owned(),
                    Alphabet::Alphanumeric => "alphanumeric".to_owned(),
                },
            },
            locale: verification.locale.to_string(),
            transaction: transaction.map(|transaction| BrowserTransactionBody {
                amount: transaction.money.map(|money| money.amount()),
                currency: transaction.money.map(|money| money.currency().code().to_owned()),
                payee: transaction.payee.clone(),
            }),
            expires_in_s,
            resend_in_s,
            usually_within_s: view.usually_within.map(|usual| usual.as_secs()),
            channels: view.channels.iter().map(ToString::to_string).collect(),
        }
    }
}
