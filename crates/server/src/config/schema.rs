//! Every key that there is: its type, default, bounds and meaning.
//!
//! Reading, the environment, the reference page and the example file are all made from this table; a
//! test holds it against the structs.

use super::form::{
    ADDRESS, AMOUNT, APP, COUNTRY, CURRENCY, DLT_ID, DLT_TEXT, Form, NETWORK, OWN_CHANNEL, PATH, PREFIX,
    PROVIDER_NAME, PROVIDER_URL, PUBLIC_URL, SENDER,
};
use super::secret::{MAX_SECRET_CHARS, MIN_SECRET_CHARS};

/// A table of the file.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) layout: Layout,
    /// One paragraph.
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
}

/// How often a section appears.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// `[section]`.
    Once,
    /// `[[section]]`, at most this often. Not settable by environment variables.
    Repeated { at_most: usize },
}

/// A key of a section.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) preset: Preset,
    /// One or two sentences.
    pub(super) about: &'static str,
}

/// What a key takes.
pub(super) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Count { min: i64, max: i64, unit: &'static str },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A text of this form.
    Text(&'static Form),
    /// A list of texts of this form.
    Texts { form: &'static Form, at_most: usize },
    /// A text that is never shown.
    Secret,
}

/// What holds when a key is not given. Values are TOML.
pub(super) enum Preset {
    /// This value.
    Value(&'static str),
    /// Nothing, which means this, in words.
    Unset { meaning: &'static str, example: &'static str },
    /// It must be given.
    Required { example: &'static str },
}

impl Kind {
    /// The type in words, with its bounds.
    pub(super) fn describe(&self) -> String {
        match self {
            Kind::Switch => "true or false".to_owned(),
            Kind::Count { min, max, unit } => format!("whole number of {unit}, {min} to {max}"),
            Kind::Choice(words) => {
                words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ")
            }
            Kind::Text(form) => form.name.to_owned(),
            Kind::Texts { form, at_most } => format!("list of at most {at_most}, each {}", form.name),
            Kind::Secret => {
                format!("secret of {MIN_SECRET_CHARS} to {MAX_SECRET_CHARS} visible ASCII characters")
            }
        }
    }
}

impl Key {
    /// A value that is right, as TOML.
    pub(super) const fn example(&self) -> &'static str {
        match self.preset {
            Preset::Value(example) | Preset::Unset { example, .. } | Preset::Required { example } => example,
        }
    }
}

impl Section {
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// Finds a section by its name.
pub(super) fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// What every environment variable of the configuration begins with.
pub(super) const VARIABLE_PREFIX: &str = "COUNTERSIGN__";

/// The environment variable that sets a key.
pub(super) fn variable(section: &Section, key: &Key) -> String {
    format!("{VARIABLE_PREFIX}{}__{}", section.name.to_uppercase(), key.name.to_uppercase())
}

/// Every key with its section that an environment variable can set.
pub(super) fn settable() -> impl Iterator<Item = (&'static Section, &'static Key)> {
    SECTIONS
        .iter()
        .filter(|section| section.layout == Layout::Once)
        .flat_map(|section| section.keys.iter().map(move |key| (section, key)))
}

/// What the HTTP provider takes (`HttpTimeouts::MAX_ANSWER`); a test compares the two.
pub(super) const MAX_SUBMIT_S: i64 = 30;

const SERVER: &[Key] = &[
    Key {
        name: "listen",
        kind: Kind::Text(&ADDRESS),
        preset: Preset::Value(r#""127.0.0.1:8080""#),
        about: "Where the server takes HTTP requests. It speaks plain HTTP: put a proxy that speaks TLS in front of it.",
    },
    Key {
        name: "public_url",
        kind: Kind::Text(&PUBLIC_URL),
        preset: Preset::Value(r#""http://127.0.0.1:8080""#),
        about: "How shops and browsers reach the server; the issuer of its proofs. Must be https, unless it is this machine. Changing it makes shops refuse proofs until they know the new issuer.",
    },
    Key {
        name: "data_dir",
        kind: Kind::Text(&PATH),
        preset: Preset::Value(r#""/var/lib/countersign""#),
        about: "The folder of the store. One server at a time uses it, and needs it on a local disk.",
    },
    Key {
        name: "trusted_proxies",
        kind: Kind::Texts { form: &NETWORK, at_most: 64 },
        preset: Preset::Value("[]"),
        about: "The proxies whose X-Forwarded-For is believed. Anybody else's is ignored.",
    },
    Key {
        name: "max_connections",
        kind: Kind::Count { min: 1, max: 1_000_000, unit: "connections" },
        preset: Preset::Value("4096"),
        about: "Open connections at a time; more wait to be accepted. Each takes a file descriptor.",
    },
    Key {
        name: "max_in_flight_requests",
        kind: Kind::Count { min: 1, max: 100_000, unit: "requests" },
        preset: Preset::Value("1024"),
        about: "Requests worked on at a time; more are answered 503 with Retry-After.",
    },
    Key {
        name: "request_timeout_s",
        kind: Kind::Count { min: 1, max: 300, unit: "seconds" },
        preset: Preset::Value("15"),
        about: "How long one request may take, its body included.",
    },
    Key {
        name: "shutdown_grace_s",
        kind: Kind::Count { min: 0, max: 600, unit: "seconds" },
        preset: Preset::Value("30"),
        about: "How long requests and submissions in flight may take to end when the server is told to stop.",
    },
];

const KEYS: &[Key] = &[Key {
    name: "file",
    kind: Kind::Text(&PATH),
    preset: Preset::Unset {
        meaning: "keys.json in server.data_dir",
        example: r#""/var/lib/countersign/keys.json""#,
    },
    about: "The file that keeps the key material. Nobody but the server's user may read it (mode 600). Back it up apart from the store: whoever has both can read every number.",
}];

const LOG: &[Key] = &[
    Key {
        name: "level",
        kind: Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        preset: Preset::Value(r#""info""#),
        about: "The least important lines that are written. Libraries never write below warn, so that no level brings codes or numbers into the log.",
    },
    Key {
        name: "format",
        kind: Kind::Choice(&["json", "text"]),
        preset: Preset::Value(r#""json""#),
        about: "One JSON object a line for machines, or text for people. Either goes to standard error.",
    },
];

const DELIVERY: &[Key] = &[
    Key {
        name: "route",
        kind: Kind::Texts { form: &PROVIDER_NAME, at_most: 32 },
        preset: Preset::Value("[]"),
        about: "The providers that are tried, in this order. Empty: all of them, in the order of this file.",
    },
    Key {
        name: "prices_file",
        kind: Kind::Text(&PATH),
        preset: Preset::Unset {
            meaning: "none; no price is known",
            example: r#""/etc/countersign/prices.csv""#,
        },
        about: "What providers ask for a segment: CSV with the header provider,prefix,price,currency,valid_from, and * as the prefix of all other numbers. Wrong rows are told with their line.",
    },
    Key {
        name: "prices_currency",
        kind: Kind::Text(&CURRENCY),
        preset: Preset::Value(r#""EUR""#),
        about: "The currency of all prices.",
    },
    Key {
        name: "max_spend",
        kind: Kind::Text(&AMOUNT),
        preset: Preset::Unset { meaning: "no bound in money; ten messages bound it", example: r#""0.50""# },
        about: "The most that the messages of one verification may cost together, resends and failovers included, in prices_currency. Needs prices_file; a message without a known price counts as nothing.",
    },
    Key {
        name: "sender_rules_file",
        kind: Kind::Text(&PATH),
        preset: Preset::Unset {
            meaning: "none; the rules that come along",
            example: r#""/etc/countersign/sender-rules.csv""#,
        },
        about: "What countries do with senders, before the rules that come along: CSV as `countersign provider senders --csv` prints it. Wrong rows are told with their line.",
    },
    Key {
        name: "lease_s",
        kind: Kind::Count { min: 5, max: 300, unit: "seconds" },
        preset: Preset::Value("30"),
        about: "How long a server has a message to itself. When it dies, the message is taken over after that. No submission begins later than this after the verification has ended.",
    },
    Key {
        name: "submit_timeout_s",
        kind: Kind::Count { min: 1, max: MAX_SUBMIT_S, unit: "seconds" },
        preset: Preset::Value("10"),
        about: "How long a provider may take to answer one submission. Shorter than lease_s; no provider's own time is longer: neither timeout_s nor, of an SMPP provider, queue_ms and response_ms together.",
    },
    Key {
        name: "concurrency",
        kind: Kind::Count { min: 1, max: 4_096, unit: "submissions" },
        preset: Preset::Value("64"),
        about: "Submissions in flight at a time, over all providers.",
    },
    Key {
        name: "max_retries",
        kind: Kind::Count { min: 0, max: 50, unit: "retries" },
        preset: Preset::Value("10"),
        about: "Tries of one message after the first, as long as its code lives. 0: no retry.",
    },
    Key {
        name: "retry_first_delay_ms",
        kind: Kind::Count { min: 10, max: 60_000, unit: "milliseconds" },
        preset: Preset::Value("500"),
        about: "The longest wait before the first retry. It doubles with every retry; the wait itself is drawn evenly below it.",
    },
    Key {
        name: "retry_longest_delay_s",
        kind: Kind::Count { min: 1, max: 600, unit: "seconds" },
        preset: Preset::Value("30"),
        about: "No wait between two tries is longer, unless the provider asks for it.",
    },
];

const ROUTES: &[Key] = &[
    Key {
        name: "providers",
        kind: Kind::Texts { form: &PROVIDER_NAME, at_most: 8 },
        preset: Preset::Required { example: r#"["gateway"]"# },
        about: "Who carries these messages, the preferred one first.",
    },
    Key {
        name: "country",
        kind: Kind::Text(&COUNTRY),
        preset: Preset::Unset { meaning: "every country", example: r#""GB""# },
        about: "Numbers of this country.",
    },
    Key {
        name: "prefix",
        kind: Kind::Text(&PREFIX),
        preset: Preset::Unset { meaning: "every number", example: r#""4477""# },
        about: "Numbers that begin so, the country code first.",
    },
    Key {
        name: "number_type",
        kind: Kind::Choice(&["mobile", "fixed_line", "fixed_line_or_mobile", "voip"]),
        preset: Preset::Unset { meaning: "every type", example: r#""mobile""# },
        about: "Numbers of this type.",
    },
    Key {
        name: "app",
        kind: Kind::Text(&APP),
        preset: Preset::Unset { meaning: "every app", example: r#""app_01kayn3f2t0h8m5v9d7q4w6x2e""# },
        about: "Messages of this app.",
    },
    Key {
        name: "channel",
        kind: Kind::Choice(&["sms", "voice", "whatsapp", "telegram", "email"]),
        preset: Preset::Value(r#""sms""#),
        about: "Messages of this channel. Its providers must carry it.",
    },
    Key {
        name: "order",
        kind: Kind::Choice(&["listed", "cost"]),
        preset: Preset::Value(r#""listed""#),
        about: "What makes one healthy provider preferred: its place in the list, or the lowest price for a verified customer (delivery.prices_file).",
    },
    Key {
        name: "explore_percent",
        kind: Kind::Count { min: 0, max: 50, unit: "of a hundred first messages" },
        preset: Preset::Value("0"),
        about: "Thompson sampling: how many first messages may leave by another provider than the one that most customers verify by, to learn about it. 0 switches it off; it pays only at large volumes.",
    },
    Key {
        name: "explore_min_per_day",
        kind: Kind::Count { min: 1, max: 1_000_000, unit: "verifications a day" },
        preset: Preset::Value("5000"),
        about: "Nothing is explored for a country that this server sends less to.",
    },
    Key {
        name: "explore_max_price_above_percent",
        kind: Kind::Count { min: 0, max: 1000, unit: "hundredths" },
        preset: Preset::Value("25"),
        about: "Providers that cost so much more than the cheapest one take no part.",
    },
];

const SENDERS: &[Key] = &[
    Key {
        name: "country",
        kind: Kind::Text(&COUNTRY),
        preset: Preset::Required { example: r#""IN""# },
        about: "The country of the phones.",
    },
    Key {
        name: "sender",
        kind: Kind::Text(&SENDER),
        preset: Preset::Required { example: r#""MYSHOP""# },
        about: "Your sender there: registered where the country wants that, or a number of the country.",
    },
    Key {
        name: "providers",
        kind: Kind::Texts { form: &PROVIDER_NAME, at_most: 32 },
        preset: Preset::Value("[]"),
        about: "The providers that may use it. Empty: all.",
    },
];

const DLT_TEMPLATES: &[Key] = &[
    Key {
        name: "entity_id",
        kind: Kind::Text(&DLT_ID),
        preset: Preset::Required { example: r#""1101000000000000000""# },
        about: "Your id as a principal entity.",
    },
    Key {
        name: "template_id",
        kind: Kind::Text(&DLT_ID),
        preset: Preset::Required { example: r#""1107000000000000000""# },
        about: "The id of the text. Both ids go with each message that is this text.",
    },
    Key {
        name: "text",
        kind: Kind::Text(&DLT_TEXT),
        preset: Preset::Required { example: r#""{#var#} is your Shop sign in code.""# },
        about: "The text as it is registered, with {#var#} for values and \\n for line breaks.",
    },
    Key {
        name: "app",
        kind: Kind::Text(&APP),
        preset: Preset::Unset { meaning: "every app", example: r#""app_01kayn3f2t0h8m5v9d7q4w6x2e""# },
        about: "The app whose text it is.",
    },
];

const PROVIDERS: &[Key] = &[
    Key {
        name: "name",
        kind: Kind::Text(&PROVIDER_NAME),
        preset: Preset::Required { example: r#""gateway""# },
        about: "Its name in routes, logs, metrics and timelines.",
    },
    Key {
        name: "kind",
        kind: Kind::Choice(&["http", "smpp", "declared", "smtp", "simulated"]),
        preset: Preset::Required { example: r#""http""# },
        about: "\"http\" posts each message as signed JSON to your endpoint; \"smpp\" binds to a carrier's service centre; \"declared\" speaks a vendor's API (Twilio, Infobip, Kannel, …, docs/providers.md); \"smtp\" sends e-mail (docs/channels.md); \"simulated\" shows it on the simulated phone and reaches nobody.",
    },
    Key {
        name: "file",
        kind: Kind::Text(&PATH),
        preset: Preset::Unset {
            meaning: "none; kinds \"smpp\", \"declared\" and \"smtp\" need it",
            example: r#""/etc/countersign/carrier.toml""#,
        },
        about: "The provider's own file with its account and secrets: see docs/smpp.md, docs/providers.md and docs/channels.md. Nobody but the server's user may read it (mode 600).",
    },
    Key {
        name: "url",
        kind: Kind::Text(&PROVIDER_URL),
        preset: Preset::Unset {
            meaning: "none; kind \"http\" needs it",
            example: r#""https://gateway.example/send""#,
        },
        about: "Where messages are posted to. Redirects are not followed.",
    },
    Key {
        name: "allow_plain_http",
        kind: Kind::Switch,
        preset: Preset::Value("false"),
        about: "Allows an http URL to another machine. Whoever is on the way then reads numbers and codes: for private networks only.",
    },
    Key {
        name: "secret_file",
        kind: Kind::Text(&PATH),
        preset: Preset::Unset {
            meaning: "none; kind \"http\" needs it, or secret",
            example: r#""/etc/countersign/gateway.secret""#,
        },
        about: "A file that holds the secret for the signature of messages and receipts. Nobody but the server's user may read it (mode 600); files of systemd's LoadCredential= are fine as they are.",
    },
    Key {
        name: "secret",
        kind: Kind::Secret,
        preset: Preset::Unset {
            meaning: "none; secret_file is the better place",
            example: r#""replace-me-by: openssl rand -hex 32""#,
        },
        about: "The secret itself, instead of secret_file. Nobody but the server's user may then read the configuration file.",
    },
    Key {
        name: "previous_secret_file",
        kind: Kind::Text(&PATH),
        preset: Preset::Unset {
            meaning: "none; no secret is being replaced",
            example: r#""/etc/countersign/gateway.previous""#,
        },
        about: "The secret that is being replaced: signed with and accepted as well, until you remove it here.",
    },
    Key {
        name: "sender",
        kind: Kind::Text(&SENDER),
        preset: Preset::Unset { meaning: "none; left to the endpoint", example: r#""Shop""# },
        about: "Whom the phone shows as the sender of messages.",
    },
    Key {
        name: "channels",
        kind: Kind::Texts { form: &OWN_CHANNEL, at_most: 4 },
        preset: Preset::Unset { meaning: "[\"sms\"]", example: r#"["sms", "voice"]"# },
        about: "The channels whose messages your endpoint takes. Kinds \"smpp\", \"declared\" and \"smtp\" carry one each.",
    },
    Key {
        name: "timeout_s",
        kind: Kind::Count { min: 1, max: MAX_SUBMIT_S, unit: "seconds" },
        preset: Preset::Unset { meaning: "delivery.submit_timeout_s", example: "10" },
        about: "How long this provider may take to answer. Shorter than delivery.lease_s.",
    },
];

const SIMULATED_PHONE: &[Key] = &[
    Key {
        name: "enabled",
        kind: Kind::Switch,
        preset: Preset::Value("false"),
        about: "Serves the simulated phone, an inbox that shows codes to everybody who can reach the server. For development and staging; messages of test keys arrive there too.",
    },
    Key {
        name: "carriers",
        kind: Kind::Count { min: 1, max: 4, unit: "carriers" },
        preset: Preset::Value("1"),
        about: "Simulated carriers that stand in front of it for messages of test keys. Each can be broken on its page, so that a failover can be watched.",
    },
];

const CHALLENGE: &[Key] = &[Key {
    name: "vendor_file",
    kind: Kind::Text(&PATH),
    preset: Preset::Unset {
        meaning: "none; there is the proof of work alone",
        example: r#""/etc/countersign/turnstile.toml""#,
    },
    about: "The file of a vendor, Cloudflare Turnstile or hCaptcha, with its keys: for apps whose policy says challenge.by = \"vendor\". Nobody but the server's user may read it (mode 600).",
}];

const METRICS: &[Key] = &[
    Key {
        name: "enabled",
        kind: Kind::Switch,
        preset: Preset::Value("true"),
        about: "Serves /metrics for Prometheus. It holds no personal data.",
    },
    Key {
        name: "listen",
        kind: Kind::Text(&ADDRESS),
        preset: Preset::Unset { meaning: "none; served at server.listen", example: r#""127.0.0.1:9464""# },
        about: "Serves /metrics at an address of its own instead, so that the public one does not have it.",
    },
];

const GUARD: &[Key] = &[
    Key {
        name: "networks_file",
        kind: Kind::Text(&PATH),
        preset: Preset::Unset {
            meaning: "none; networks are not told apart",
            example: r#""/etc/countersign/networks.csv""#,
        },
        about: "Which provider of addresses a customer's address belongs to: CSV with the header prefix,asn,kind (hosting, mobile, access, tor, other). None comes along. Read when the server starts.",
    },
    Key {
        name: "daily_spend",
        kind: Kind::Text(&AMOUNT),
        preset: Preset::Unset { meaning: "no cap; each app's own caps hold", example: r#""500.00""# },
        about: "The most that all apps spend on messages in any 24 hours, in delivery.prices_currency. Needs delivery.prices_file. The console cannot change it.",
    },
];

/// Every section, in the order of the example file.
pub(super) static SECTIONS: &[Section] = &[
    Section { name: "server", layout: Layout::Once, about: "The server itself.", keys: SERVER },
    Section { name: "keys", layout: Layout::Once, about: "Key material. Never in the store.", keys: KEYS },
    Section {
        name: "log",
        layout: Layout::Once,
        about: "Logs, with numbers masked and never a code.",
        keys: LOG,
    },
    Section { name: "delivery", layout: Layout::Once, about: "How messages leave.", keys: DELIVERY },
    Section {
        name: "providers",
        layout: Layout::Repeated { at_most: 32 },
        about: "Who carries messages. Without any, live verifications cannot be sent.",
        keys: PROVIDERS,
    },
    Section {
        name: "routes",
        layout: Layout::Repeated { at_most: 1000 },
        about: "Which providers carry which messages. Of several that cover a message the most special counts: an app's before those for all, then the longer prefix, the country, the type. What none covers, and no app routes itself, leaves by delivery.route.",
        keys: ROUTES,
    },
    Section {
        name: "senders",
        layout: Layout::Repeated { at_most: 1000 },
        about: "Whom messages to a country say they come from, in place of the provider's own sender. Of several the first that the country lets through counts. What each country wants: `countersign provider senders`.",
        keys: SENDERS,
    },
    Section {
        name: "dlt_templates",
        layout: Layout::Repeated { at_most: 1000 },
        about: "Texts registered with India's operators (DLT). As soon as there is one for an app, its messages to India are sent only if they are one of them.",
        keys: DLT_TEMPLATES,
    },
    Section {
        name: "guard",
        layout: Layout::Once,
        about: "What the guards of all apps share. Each app's own policy is set through the API.",
        keys: GUARD,
    },
    Section {
        name: "challenge",
        layout: Layout::Once,
        about: "What customers may have to solve before a first message (docs/challenges.md). The proof of work needs nothing here.",
        keys: CHALLENGE,
    },
    Section {
        name: "simulated_phone",
        layout: Layout::Once,
        about: "A phone on a page, for trying things out.",
        keys: SIMULATED_PHONE,
    },
    Section { name: "metrics", layout: Layout::Once, about: "Figures for Prometheus.", keys: METRICS },
];
