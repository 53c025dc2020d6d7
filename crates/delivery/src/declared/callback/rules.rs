//! What a definition says about callbacks, ready to be used.

use std::collections::BTreeMap;

use reqwest::header::HeaderName;

use crate::declared::definition::{Extract, PricePlan};
use crate::declared::given::Given;
use crate::declared::schema::{Binds, Encoding, Format, HashName, KeyIs, Word};
use crate::declared::template::Template;

#[derive(Clone)]
pub(crate) struct CallbackRules {
    pub(crate) format: Format,
    pub(crate) verify: VerifyPlan,
    pub(crate) unwrap: Option<String>,
    /// Lists inside each other, from outside in.
    pub(crate) batch: Vec<String>,
    pub(crate) only_when: Vec<(String, Vec<String>)>,
    pub(crate) id: Option<Extract>,
    pub(crate) reference: Option<Extract>,
    pub(crate) status: Extract,
    pub(crate) code: Option<Extract>,
    pub(crate) permanent: Option<Extract>,
    pub(crate) permanent_codes: Vec<String>,
    pub(crate) at: Option<TimePlan>,
    pub(crate) mccmnc: Option<Extract>,
    pub(crate) segments: Option<Extract>,
    pub(crate) price: Option<PricePlan>,
    pub(crate) map: BTreeMap<String, Word>,
    pub(crate) final_when: Vec<FinalRule>,
    pub(crate) challenge: Option<ChallengePlan>,
    pub(crate) answer: String,
}

#[derive(Clone)]
pub(crate) struct TimePlan {
    pub(crate) pointers: Vec<String>,
    pub(crate) format: String,
}

#[derive(Clone)]
pub(crate) struct FinalRule {
    pub(crate) pointer: String,
    pub(crate) is: Vec<String>,
    pub(crate) not: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct ChallengePlan {
    pub(crate) token: Template,
    pub(crate) given: String,
    pub(crate) answer: String,
}

#[derive(Clone)]
pub(crate) enum VerifyPlan {
    None,
    UrlToken { token: Template },
    Basic { user: Template, password: Template },
    Bearer { token: Template },
    Hmac(Box<HmacPlan>),
    Ed25519 { key: Template, over: Vec<Covered>, signature: SignaturePlace, skew: Option<Skew> },
    JwtHs(Box<JwtPlan>),
    Twilio { token: Template, shared_key: Option<Template> },
    PlivoV3 { token: Template },
    VonageSig { secret: Template, alg: HashName, max_skew_s: u32 },
    Sns { topic_arn: Template, max_skew_s: u32 },
}

impl VerifyPlan {
    /// The token that the callback URL must carry.
    pub(crate) fn url_token(&self, given: &Given) -> Option<String> {
        match self {
            VerifyPlan::UrlToken { token } => token.render(given).ok(),
            _ => None,
        }
    }

    pub(crate) const fn covers(&self) -> Covers {
        match self {
            VerifyPlan::None
            | VerifyPlan::UrlToken { .. }
            | VerifyPlan::Basic { .. }
            | VerifyPlan::Bearer { .. } => Covers::Sender,
            _ => Covers::Content,
        }
    }
}

/// What a verification shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covers {
    /// Who sends; a changed body is not noticed.
    Sender,
    /// Who sends what.
    Content,
}

#[derive(Clone)]
pub(crate) struct HmacPlan {
    pub(crate) alg: HashName,
    pub(crate) key: Template,
    pub(crate) key_is: KeyIs,
    pub(crate) over: Vec<Covered>,
    pub(crate) signature: SignaturePlace,
    pub(crate) skew: Option<Skew>,
}

#[derive(Clone)]
pub(crate) struct JwtPlan {
    pub(crate) key: Template,
    pub(crate) token: Place,
    pub(crate) prefix: String,
    pub(crate) issuer: Option<String>,
    pub(crate) binds: Vec<Binds>,
    pub(crate) max_skew_s: u32,
}

#[derive(Clone)]
pub(crate) struct SignaturePlace {
    pub(crate) place: Place,
    pub(crate) prefix: String,
    pub(crate) enc: Encoding,
}

#[derive(Clone)]
pub(crate) enum Place {
    Header(HeaderName),
    Query(String),
}

#[derive(Clone)]
pub(crate) enum Covered {
    Literal(String),
    Body,
    Url,
    Method,
    Place(Place),
}

#[derive(Clone)]
pub(crate) struct Skew {
    pub(crate) at: Place,
    pub(crate) max_s: u32,
}
