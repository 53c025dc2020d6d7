//! Whether what a browser is answered tells what the server knows of a number.
//!
//! Numbers of four kinds are verified in a random order, one after the other, and every answer's status, size and time
//! is kept by its kind. Times are compared by Welch's t-test, as they are and without the slowest tenth, whose noise
//! would hide a small difference (Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?", DATE 2017).

mod page;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use page::PageBrowser;

use crate::clock;
use crate::phones;
use crate::server::{Server, Setup};
use crate::sink::Sink;
use crate::worlds::dice::Dice;

/// The largest |t| that is no evidence of a difference, as in the paper above.
pub const MAX_T: f64 = 4.5;

const ORIGIN: &str = "https://shop.example";
const WRONG_CODE: &str = "000000";
const MS_PER_DAY: i64 = 86_400_000;
/// Numbers in one import.
const IMPORTED_AT_ONCE: usize = 1000;
/// Requests at a time while numbers are prepared.
const SIDE_BY_SIDE: usize = 16;
/// Verifications that are started before one wait for all of them.
const STARTED_BEFORE_A_WAIT: usize = 64;
/// Starts in each of the other apps that use up what a number may get over all apps in a day: strangers get 8. The last
/// one meets the limit first, so that no measured start does.
const STARTS_ELSEWHERE: [usize; 3] = [4, 4, 1];

/// What the server knows of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NumberKind {
    /// Never seen.
    Unknown,
    /// Imported as verified and paid with.
    Known,
    /// On the app's list of blocked numbers.
    Blocked,
    /// Sent to by other apps as often as it may be.
    Ghosted,
}

impl NumberKind {
    const ALL: [NumberKind; 4] =
        [NumberKind::Unknown, NumberKind::Known, NumberKind::Blocked, NumberKind::Ghosted];

    /// Whether a message is to arrive.
    const fn is_sent_to(self) -> bool {
        matches!(self, NumberKind::Unknown | NumberKind::Known)
    }
}

/// What is asked about each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `POST /v1/verifications`, by the shop's server.
    Start,
    /// `GET /v1/browser/verification`.
    Show,
    /// `POST /v1/browser/verification/check` with a wrong code.
    Check,
    /// `GET` after it.
    ShowAgain,
    /// `POST /verify/{page}/number`: the start, by the browser itself.
    GiveNumber,
    /// `GET /verify/{verification}`.
    ShowPage,
    /// `POST /verify/{verification}/check` with a wrong code.
    TypeCode,
}

impl Asked {
    /// All of them.
    pub const ALL: [Asked; 7] = [
        Asked::Start,
        Asked::Show,
        Asked::Check,
        Asked::ShowAgain,
        Asked::GiveNumber,
        Asked::ShowPage,
        Asked::TypeCode,
    ];

    /// Whether a browser asks it.
    pub const fn is_of_the_browser_face(self) -> bool {
        !matches!(self, Asked::Start)
    }
}

/// One answer as a stranger sees it.
struct Seen {
    kind: NumberKind,
    asked: Asked,
    status: u16,
    bytes: usize,
    micros: f64,
}

/// What was found.
pub struct Findings {
    seen: Vec<Seen>,
    /// Messages that reached numbers that none may reach.
    pub wrongly_sent: usize,
    /// Numbers whose message did not come.
    pub wrongly_withheld: usize,
}

/// Two kinds of numbers compared in one question.
pub struct Comparison {
    /// The question.
    pub asked: Asked,
    /// The kinds.
    pub kinds: (NumberKind, NumberKind),
    /// |t| of all times.
    pub of_all: f64,
    /// |t| without the slowest tenth of both together.
    pub of_fastest: f64,
}

impl Findings {
    /// Requests that a browser made.
    pub fn browser_requests(&self) -> usize {
        self.seen.iter().filter(|seen| seen.asked.is_of_the_browser_face()).count()
    }

    /// Statuses and sizes of the answers to a question; a browser's may have but one.
    pub fn shapes(&self, asked: Asked) -> BTreeSet<(u16, usize)> {
        self.seen.iter().filter(|seen| seen.asked == asked).map(|seen| (seen.status, seen.bytes)).collect()
    }

    /// Every pair of kinds in every question.
    pub fn comparisons(&self) -> Vec<Comparison> {
        let mut all = Vec::new();
        for asked in Asked::ALL {
            for (position, first) in NumberKind::ALL.into_iter().enumerate() {
                for second in NumberKind::ALL.into_iter().skip(position + 1) {
                    all.push(self.compare(asked, (first, second)));
                }
            }
        }
        all
    }

    fn compare(&self, asked: Asked, kinds: (NumberKind, NumberKind)) -> Comparison {
        let (first, second) = (self.micros(asked, kinds.0), self.micros(asked, kinds.1));
        let mut both = [first.as_slice(), second.as_slice()].concat();
        both.sort_by(f64::total_cmp);
        let slow = both.get(both.len() * 9 / 10).copied().unwrap_or(f64::INFINITY);
        let fast = |of: &[f64]| of.iter().copied().filter(|micros| *micros < slow).collect::<Vec<_>>();
        Comparison {
            asked,
            kinds,
            of_all: welch_t(&first, &second).abs(),
            of_fastest: welch_t(&fast(&first), &fast(&second)).abs(),
        }
    }

    fn micros(&self, asked: Asked, kind: NumberKind) -> Vec<f64> {
        let of_both = |seen: &&Seen| seen.asked == asked && seen.kind == kind;
        self.seen.iter().filter(of_both).map(|seen| seen.micros).collect()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for asked in Asked::ALL {
            writeln!(f, "{asked:?}: (status, bytes) {:?}; median µs:", self.shapes(asked))?;
            for kind in NumberKind::ALL {
                let micros = crate::report::median(&self.micros(asked, kind));
                writeln!(f, "    {kind:?} {micros:.0}")?;
            }
        }
        for compared in self.comparisons() {
            let Comparison { asked, kinds: (first, second), of_all, of_fastest } = compared;
            writeln!(
                f,
                "{asked:?}: {first:?} and {second:?}: |t| {of_all:.2}, {of_fastest:.2} of the fastest"
            )?;
        }
        Ok(())
    }
}

/// Welch's t of two samples; 0 where there is nothing to compare.
fn welch_t(first: &[f64], second: &[f64]) -> f64 {
    let ((mean, error), (other_mean, other_error)) = (mean_and_error(first), mean_and_error(second));
    let spread = (error + other_error).sqrt();
    if spread > 0.0 { (mean - other_mean) / spread } else { 0.0 }
}

/// The mean of a sample and the square of its standard error.
fn mean_and_error(sample: &[f64]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "samples are far smaller than 2^52")]
    let count = sample.len() as f64;
    if count < 2.0 {
        return (0.0, 0.0);
    }
    let mean = sample.iter().sum::<f64>() / count;
    let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Numbers of each kind.
    pub of_each: usize,
    /// Where chance begins.
    pub seed: u64,
    /// How long a browser waits after its start. With no wait at all, the message that is on its way keeps the server
    /// busy while the browser's first request comes.
    pub settle: Duration,
}

/// Verifies numbers of each kind on a server of its own.
pub async fn run(plan: Plan) -> anyhow::Result<Findings> {
    let Plan { of_each, seed, settle } = plan;
    let sink = Sink::start().await?;
    let server = Server::start(&setup(sink.address()))?;
    let numbers = numbers(of_each);
    prepare(&server, &numbers).await?;
    let before = sink.submissions().len();
    let client = Client::new(server.address()?, server.live_key())?;
    let mut seen = Vec::new();
    let together = if settle.is_zero() { 1 } else { STARTED_BEFORE_A_WAIT };
    for some in shuffled(&numbers, seed).chunks(together) {
        let mut browsers = Vec::new();
        for (index, (kind, phone)) in some.iter().enumerate() {
            let door = if index % 2 == 0 { Door::Element } else { Door::Page };
            let (browser, start) = Browser::start(&client, door, *kind, phone).await?;
            seen.push(start);
            browsers.push((*kind, browser));
        }
        tokio::time::sleep(settle).await;
        for (kind, browser) in browsers {
            seen.extend(browser.verify(kind).await?);
        }
    }
    let kind_of = |phone: &str| numbers.iter().position(|(_, known)| known == phone);
    let expected = numbers.iter().filter(|(kind, _)| kind.is_sent_to()).count();
    let arrived = all_of(&sink, before + expected).await;
    let mut wrongly_sent = 0;
    let mut reached = BTreeSet::new();
    for submission in arrived.iter().skip(before) {
        match kind_of(&submission.to).and_then(|position| numbers.get(position)) {
            Some((kind, phone)) if kind.is_sent_to() => _ = reached.insert(phone),
            _ => wrongly_sent += 1,
        }
    }
    Ok(Findings { seen, wrongly_sent, wrongly_withheld: expected - reached.len() })
}

/// Only limits that span apps are to be met.
fn setup(sink: SocketAddr) -> Setup {
    let limits = json!({ "spacing_s": 0, "per_ten_minutes": 50, "per_hour": 50, "per_day": 50 });
    let mut setup = Setup::with_sink(sink);
    if let Some(policy) = setup.policy.as_object_mut() {
        policy.insert("phone_limits".to_owned(), limits);
    }
    setup
}

/// What has arrived, once there are so many or none came for a while.
async fn all_of(sink: &Sink, expected: usize) -> Vec<crate::sink::Submission> {
    let mut arrived = sink.submissions();
    for _ in 0..100 {
        if arrived.len() >= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        arrived = sink.submissions();
    }
    arrived
}

/// So many of each kind, none twice.
fn numbers(of_each: usize) -> Vec<(NumberKind, String)> {
    let kinds = NumberKind::ALL.into_iter().cycle().take(of_each * NumberKind::ALL.len());
    // Far apart, so that they fall into other blocks of numbers.
    kinds.zip((0..).map(|index: u64| phones::phone(index * 99_991))).collect()
}

fn shuffled(numbers: &[(NumberKind, String)], seed: u64) -> Vec<(NumberKind, &str)> {
    let mut dice = Dice::new(seed, 0);
    let mut drawn: Vec<_> =
        numbers.iter().map(|(kind, phone)| (dice.bits(), *kind, phone.as_str())).collect();
    drawn.sort_unstable();
    drawn.into_iter().map(|(_, kind, phone)| (kind, phone)).collect()
}

/// Lets the server know of each number what its kind says.
async fn prepare(server: &Server, numbers: &[(NumberKind, String)]) -> anyhow::Result<()> {
    let address = server.address()?;
    let of = |wanted: NumberKind| {
        numbers.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, phone)| phone.as_str())
    };
    let admin = ["key", "create", "--app", server.app(), "--mode", "live", "--scope", "admin"];
    let admin = Client::new(address, &server.cli(&admin)?)?;
    admin.done(Method::PATCH, "/v1/app", page::allowed()).await?;
    let known: Vec<_> = of(NumberKind::Known).collect();
    for some in known.chunks(IMPORTED_AT_ONCE) {
        let phones: Vec<_> = some.iter().map(|phone| verified_elsewhere(phone)).collect::<Result<_, _>>()?;
        admin.done(Method::POST, "/v1/phones/import", json!({ "phones": phones })).await?;
    }
    let block = |phone: &str| ("/v1/phones/list", json!({ "to": phone, "list": "blocked" }));
    side_by_side(&admin, of(NumberKind::Blocked).map(block)).await?;
    for (app, starts) in STARTS_ELSEWHERE.into_iter().enumerate() {
        let app = server.create_app(&format!("Elsewhere {app}"))?;
        let client = Client::new(address, &server.create_key(&app, "live")?)?;
        for round in 0..starts {
            let session = format!("elsewhere-{round}");
            side_by_side(&client, of(NumberKind::Ghosted).map(|phone| start_of(phone, &session))).await?;
        }
    }
    Ok(())
}

fn verified_elsewhere(phone: &str) -> anyhow::Result<Value> {
    let day = |days: i64| -> anyhow::Result<String> {
        let at = jiff::Timestamp::from_millisecond(clock::unix_ms() - days * MS_PER_DAY)?;
        Ok(at.strftime("%Y-%m-%d").to_string())
    };
    Ok(json!({ "to": phone, "first_verified": day(100)?, "last_verified": day(10)?, "paid_order": true }))
}

fn start_of(phone: &str, session: &str) -> (&'static str, Value) {
    ("/v1/verifications", json!({ "to": phone, "purpose": "login", "session": session }))
}

/// Posts all of them, a few at a time.
async fn side_by_side(
    client: &Client,
    requests: impl Iterator<Item = (&'static str, Value)>,
) -> anyhow::Result<()> {
    let mut open = JoinSet::new();
    for (path, body) in requests {
        if open.len() >= SIDE_BY_SIDE {
            open.join_next().await.context("one is open")???;
        }
        let client = client.clone();
        open.spawn(async move { client.done(Method::POST, path, body).await });
    }
    while let Some(done) = open.join_next().await {
        done??;
    }
    Ok(())
}

/// Asks and measures.
#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

struct Measured {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    micros: f64,
}

impl Client {
    fn new(address: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).http1_only().tcp_nodelay(true);
        let http = http.redirect(Policy::none()).build()?;
        Ok(Client { http, base: format!("http://{address}"), key: key.to_owned() })
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Measured> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        request = request.header("origin", ORIGIN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.measure(request).await
    }

    async fn measure(&self, request: RequestBuilder) -> anyhow::Result<Measured> {
        let request = request.build()?;
        let began = clock::instant();
        let answer = self.http.execute(request).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await?.to_vec();
        let micros = clock::instant().saturating_duration_since(began).as_secs_f64() * 1e6;
        Ok(Measured { status, headers, body, micros })
    }

    async fn done(&self, method: Method, path: &str, body: Value) -> anyhow::Result<()> {
        let answer = self.send(method, path, Some(body)).await?;
        ensure!(answer.status < 300, "{path} was answered {}: {}", answer.status, answer.text());
        Ok(())
    }
}

/// How a number comes to the server.
#[derive(Clone, Copy)]
enum Door {
    /// By the shop's server, for the element.
    Element,
    /// By the browser, on the hosted page.
    Page,
}

/// The browser of one verification.
enum Browser {
    /// With its client secret.
    Element(Client),
    /// With its cookies.
    Page(PageBrowser),
}

impl Browser {
    async fn start(
        client: &Client,
        door: Door,
        kind: NumberKind,
        phone: &str,
    ) -> anyhow::Result<(Self, Seen)> {
        match door {
            Door::Element => {
                let (browser, start) = client.start(kind, phone).await?;
                Ok((Browser::Element(browser), start))
            }
            Door::Page => {
                // One session takes but a few numbers.
                let mut browser = PageBrowser::open(client, phone).await?;
                let start = browser.give(kind, phone).await?;
                Ok((Browser::Page(browser), start))
            }
        }
    }

    async fn verify(self, kind: NumberKind) -> anyhow::Result<Vec<Seen>> {
        match self {
            Browser::Element(client) => client.verify(kind).await,
            Browser::Page(browser) => browser.verify(kind).await,
        }
    }
}

impl Client {
    /// Starts a verification; gives the browser that it is for.
    async fn start(&self, kind: NumberKind, phone: &str) -> anyhow::Result<(Client, Seen)> {
        let (path, mut body) = start_of(phone, "measured");
        if let Some(fields) = body.as_object_mut() {
            fields.insert("presentation".to_owned(), json!({ "mode": "element", "origin": ORIGIN }));
        }
        let started = self.send(Method::POST, path, Some(body)).await?;
        let secret = started.json().get("client_secret").and_then(Value::as_str).map(str::to_owned);
        let key = secret.with_context(|| format!("a start was answered {}", started.text()))?;
        Ok((Client { key, ..self.clone() }, started.of(kind, Asked::Start)))
    }

    /// Looks at the verification, guesses wrongly and looks again.
    async fn verify(&self, kind: NumberKind) -> anyhow::Result<Vec<Seen>> {
        let face = "/v1/browser/verification";
        let mut seen = vec![self.send(Method::GET, face, None).await?.of(kind, Asked::Show)];
        let check = format!("{face}/check");
        let guess = self.send(Method::POST, &check, Some(json!({ "code": WRONG_CODE }))).await?;
        // One guess in a million is right, and tells nothing of its number.
        if guess.json().get("result").and_then(Value::as_str) == Some("approved") {
            return Ok(seen);
        }
        seen.push(guess.of(kind, Asked::Check));
        seen.push(self.send(Method::GET, face, None).await?.of(kind, Asked::ShowAgain));
        Ok(seen)
    }
}

impl Measured {
    fn of(&self, kind: NumberKind, asked: Asked) -> Seen {
        Seen { kind, asked, status: self.status, bytes: self.bytes(), micros: self.micros }
    }

    /// Octets of the body, and of the names and values of the headers.
    fn bytes(&self) -> usize {
        let header_bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        self.headers.iter().map(header_bytes).sum::<usize>() + self.body.len()
    }

    fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welch_finds_a_difference_that_is_there_and_none_that_is_not() {
        let mut dice = Dice::new(1, 1);
        let mut sample = |mean: f64| (0..1000).map(|_| mean + dice.unit()).collect::<Vec<_>>();
        let (one, same, other) = (sample(5.0), sample(5.0), sample(5.1));
        assert!(welch_t(&one, &same).abs() < MAX_T);
        assert!(welch_t(&one, &other).abs() > MAX_T);
        // By hand: means 2 and 5, variances 1 and 1, three each: 3 / sqrt(2/3).
        assert!((welch_t(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]) - 3.0 / (2.0_f64 / 3.0).sqrt()).abs() < 1e-9);
    }
}
