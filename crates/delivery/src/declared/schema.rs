//! The schema of a definition, as `docs/providers.md` describes it: what serde reads. `compile` makes
//! of it what can be used.

use std::collections::BTreeMap;
use std::fmt;

use countersign_core::verification::Channel;
use serde::Deserialize;

/// One definition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) channel: Medium,
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    #[serde(default)]
    pub(crate) unverified: Vec<String>,
    #[serde(default)]
    pub(crate) accepts: Accepts,
    #[serde(default)]
    pub(crate) setting: BTreeMap<String, Setting>,
    #[serde(default)]
    pub(crate) secret: BTreeMap<String, SecretReference>,
    #[serde(default)]
    pub(crate) words: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) request: Request,
    pub(crate) response: Response,
    #[serde(default)]
    pub(crate) callback: Option<Callback>,
    #[serde(default)]
    pub(crate) feedback: Option<Feedback>,
}

/// How a definition's messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Medium {
    /// A text message.
    Sms,
    /// A call that reads the code.
    Voice,
    /// A WhatsApp authentication template.
    Whatsapp,
    /// A message of Telegram's verification account.
    Telegram,
}

impl Medium {
    /// The channel that it is.
    pub const fn channel(self) -> Channel {
        match self {
            Medium::Sms => Channel::Sms,
            Medium::Voice => Channel::Voice,
            Medium::Whatsapp => Channel::WhatsApp,
            Medium::Telegram => Channel::Telegram,
        }
    }

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Medium::Sms => "sms",
            Medium::Voice => "voice",
            Medium::Whatsapp => "whatsapp",
            Medium::Telegram => "telegram",
        }
    }
}

/// What a provider can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accepts {
    /// Names as senders.
    pub alphanumeric_sender: Carries,
    /// Texts outside GSM 03.38.
    pub unicode: Carries,
    /// The message's own text; otherwise a text that the vendor keeps, with the code filled in.
    pub free_text: Carries,
    /// Longest text, in characters.
    pub max_text_chars: u32,
}

/// Yes or no, in a file `true` or `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "bool")]
pub enum Carries {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl From<bool> for Carries {
    fn from(yes: bool) -> Self {
        if yes { Carries::Yes } else { Carries::No }
    }
}

impl Default for Accepts {
    fn default() -> Self {
        Accepts {
            alphanumeric_sender: Carries::Yes,
            unicode: Carries::Yes,
            free_text: Carries::Yes,
            max_text_chars: 1_600,
        }
    }
}

/// A value that an operator may set and that is no secret.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Setting {
    /// Used unless the operator sets another.
    Default(String),
    /// Must be set, or may be left out.
    Asked(Asked),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub(crate) required: bool,
}

/// Where a secret is; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SecretReference {
    /// In an environment variable.
    Env(String),
    /// In a file of its own.
    File(String),
    /// Kept by Countersign under this name.
    Secret(String),
    /// May be absent; else in this environment variable.
    OptionalEnv(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) plain_http_because: Option<String>,
    pub(crate) auth: Auth,
    #[serde(default)]
    pub(crate) header: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) idempotency_header: Option<String>,
    #[serde(default)]
    pub(crate) query: Option<BTreeMap<String, toml::Value>>,
    #[serde(default)]
    pub(crate) json: Option<toml::Table>,
    #[serde(default)]
    pub(crate) form: Option<BTreeMap<String, toml::Value>>,
    #[serde(default)]
    pub(crate) xml: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
}

/// How a request says who sends it.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Auth {
    None {},
    Basic {
        user: String,
        password: String,
    },
    Bearer {
        token: String,
    },
    Header {
        name: String,
        value: String,
    },
    Query {
        name: String,
        value: String,
    },
    Oauth2ClientCredentials {
        token_url: String,
        client_id: String,
        client_secret: String,
        #[serde(default)]
        scope: Option<String>,
        #[serde(default)]
        credentials_in: CredentialsIn,
    },
    Sigv4 {
        service: String,
        region: String,
        access_key: String,
        secret_key: String,
        #[serde(default)]
        session_token: Option<String>,
    },
}

/// RFC 6749 §2.3.1 has both places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CredentialsIn {
    #[default]
    Basic,
    Body,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Response {
    #[serde(default)]
    pub(crate) success: Vec<When>,
    #[serde(default)]
    pub(crate) id: Option<IdRule>,
    #[serde(default)]
    pub(crate) code: Option<Source>,
    #[serde(default)]
    pub(crate) segments: Option<Source>,
    #[serde(default)]
    pub(crate) price: Option<PriceRule>,
    #[serde(default)]
    pub(crate) error: Vec<ErrorRule>,
}

/// What must hold of an answer: all that is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    #[serde(default)]
    pub(crate) status: Vec<u16>,
    #[serde(default)]
    pub(crate) json: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) code: Vec<String>,
    #[serde(default)]
    pub(crate) code_re: Option<String>,
    #[serde(default)]
    pub(crate) body_re: Option<String>,
}

/// Where the provider's own id for a message is.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum IdRule {
    Use(UseRule),
    Source(Source),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UseRule {
    #[serde(rename = "use")]
    pub(crate) what: Used,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Used {
    /// The delivery's id, which went along with the message.
    Ref,
    /// The provider gives none.
    None,
}

/// Where a value is: at a JSON pointer (RFC 6901), in a header, in the whole body; and perhaps only
/// the first group of a regular expression in it.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    #[serde(default)]
    pub(crate) json: Option<Pointers>,
    #[serde(default)]
    pub(crate) header: Option<String>,
    #[serde(default)]
    pub(crate) regex: Option<String>,
}

/// One pointer, or several whose values are joined.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Pointers {
    One(String),
    Joined(Vec<String>),
}

impl Pointers {
    pub(crate) fn each(&self) -> &[String] {
        match self {
            Pointers::One(pointer) => std::slice::from_ref(pointer),
            Pointers::Joined(pointers) => pointers,
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceRule {
    pub(crate) amount: Source,
    /// Where the currency is, or
    #[serde(default)]
    pub(crate) currency: Option<Source>,
    /// the currency itself (ISO 4217).
    #[serde(default)]
    pub(crate) currency_is: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorRule {
    pub(crate) when: When,
    pub(crate) class: Class,
    #[serde(default)]
    pub(crate) retry_after: Option<RetryAfter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Accepted,
    Throttled,
    Transient,
    Permanent,
    Config,
    Unknown,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum RetryAfter {
    Fixed(Fixed),
    Source(Source),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixed {
    pub(crate) seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Callback {
    #[serde(default)]
    pub(crate) format: Format,
    #[serde(default)]
    pub(crate) verify: Option<Verify>,
    #[serde(default)]
    pub(crate) unwrap: Option<String>,
    #[serde(default)]
    pub(crate) batch: Option<Pointers>,
    #[serde(default)]
    pub(crate) only_when: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) id: Option<Source>,
    #[serde(default)]
    pub(crate) reference: Option<Source>,
    pub(crate) status: Source,
    #[serde(default)]
    pub(crate) code: Option<Source>,
    #[serde(default)]
    pub(crate) permanent: Option<Source>,
    #[serde(default)]
    pub(crate) permanent_codes: Vec<String>,
    #[serde(default)]
    pub(crate) at: Option<TimeSource>,
    #[serde(default)]
    pub(crate) mccmnc: Option<Source>,
    #[serde(default)]
    pub(crate) segments: Option<Source>,
    #[serde(default)]
    pub(crate) price: Option<PriceRule>,
    pub(crate) map: BTreeMap<String, Word>,
    #[serde(default)]
    pub(crate) final_when: BTreeMap<String, FinalWhen>,
    #[serde(default)]
    pub(crate) challenge: Option<Challenge>,
    /// What the vendor wants to read as the answer.
    #[serde(default)]
    pub(crate) answer: String,
}

/// How a callback carries its fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// A JSON body.
    #[default]
    Json,
    /// A form in the body, or the query: each name a member of one object.
    Form,
}

/// What a carrier's word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    Buffered,
    Delivered,
    Read,
    Failed,
    Expired,
    Rejected,
    Ignore,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FinalWhen {
    #[serde(default)]
    pub(crate) is: Vec<String>,
    #[serde(default)]
    pub(crate) not: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeSource {
    #[serde(default)]
    pub(crate) json: Option<Pointers>,
    #[serde(default)]
    pub(crate) format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Challenge {
    pub(crate) token: String,
    pub(crate) given: String,
    pub(crate) answer: String,
}

/// How a callback shows that the provider sent it.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Verify {
    None {
        because: String,
    },
    UrlToken {
        token: String,
    },
    Basic {
        user: String,
        password: String,
    },
    Bearer {
        token: String,
    },
    Hmac {
        alg: HashName,
        key: String,
        #[serde(default)]
        key_is: KeyIs,
        over: String,
        signature: String,
        #[serde(default)]
        prefix: String,
        enc: Encoding,
        #[serde(default)]
        timestamp: Option<String>,
        #[serde(default)]
        max_skew_s: Option<u32>,
    },
    Ed25519 {
        key: String,
        over: String,
        signature: String,
        enc: Encoding,
        #[serde(default)]
        timestamp: Option<String>,
        #[serde(default)]
        max_skew_s: Option<u32>,
    },
    JwtHs {
        key: String,
        token: String,
        #[serde(default)]
        prefix: String,
        #[serde(default)]
        issuer: Option<String>,
        binds: Vec<Binds>,
        max_skew_s: u32,
    },
    Twilio {
        token: String,
        #[serde(default)]
        shared_key: Option<String>,
    },
    PlivoV3 {
        token: String,
    },
    VonageSig {
        secret: String,
        alg: HashName,
        max_skew_s: u32,
    },
    Sns {
        topic_arn: String,
        max_skew_s: u32,
    },
}

/// The hash below an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashName {
    /// MD5; as an HMAC still unforged, but of no other use.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What the bytes of a key are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyIs {
    /// The secret's characters.
    #[default]
    Text,
    /// The secret decoded from base64.
    Base64,
    /// The secret decoded from hexadecimal.
    Hex,
    /// SHA-256 of the secret's characters.
    Sha256OfText,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encoding {
    Hex,
    Base64,
}

/// What a token's claims must contain the hash of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Binds {
    /// `payload_hash`: SHA-256 of the body, in hexadecimal.
    PayloadHash,
    /// `url_hash`: SHA-256 of the URL, in hexadecimal.
    UrlHash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feedback {
    pub(crate) method: Method,
    pub(crate) url: String,
    /// Not given: as the messages.
    #[serde(default)]
    pub(crate) auth: Option<Auth>,
    #[serde(default)]
    pub(crate) header: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) query: Option<BTreeMap<String, toml::Value>>,
    #[serde(default)]
    pub(crate) json: Option<toml::Table>,
    #[serde(default)]
    pub(crate) form: Option<BTreeMap<String, toml::Value>>,
    #[serde(default)]
    pub(crate) success: Vec<When>,
    #[serde(default)]
    pub(crate) error: Vec<ErrorRule>,
    /// Whether it is also told when the code was not used.
    #[serde(default)]
    pub(crate) also_on_failure: bool,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth")
    }
}
