//! Recorded shapes run against a definition: the requests that it must make, the meaning of answers,
//! and callbacks with what must be read in them. A genuine callback is also tried with one byte flipped,
//! and must then be refused.
//!
//! The file's format is in `docs/providers.md`; `countersign provider test FILE --fixtures` prints the
//! report.

mod expect;
mod file;
mod flip;
pub mod fuzz;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use countersign_core::id::{AppId, DeliveryId};
use countersign_core::locale::Locale;
use countersign_core::message::Measure;
use countersign_core::phone::E164;
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use reqwest::Request;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::answer::Answer;
use super::callback::{CallbackRequest, Received};
use super::given::{Conversion, ConversionOutcome, Secret};
use super::provider::{DeclaredProvider, DeclaredSettings};
use super::{Definition, Mistakes};
use crate::http::HttpTimeouts;
use crate::provider::{Outgoing, Reference, SecretText};
use file::{CallbackCase, FeedbackCase, File, RequestCase, ResponseCase};

/// What came of running fixtures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixtureReport {
    /// The definition's name.
    pub definition: String,
    /// Each check, in the file's order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked, such as `response accepted`.
    pub name: String,
    /// What differs, if something does; one difference a line.
    pub difference: Option<String>,
}

impl FixtureReport {
    /// How many checks failed.
    pub fn failed(&self) -> usize {
        self.checks.iter().filter(|check| check.difference.is_some()).count()
    }
}

impl fmt::Display for FixtureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            match &check.difference {
                None => writeln!(f, "ok      {}: {}", self.definition, check.name)?,
                Some(difference) => {
                    writeln!(f, "FAILED  {}: {}", self.definition, check.name)?;
                    for line in difference.lines() {
                        writeln!(f, "        {line}")?;
                    }
                }
            }
        }
        let failed = self.failed();
        write!(f, "{} passed, {failed} failed", self.checks.len() - failed)
    }
}

/// Why fixtures could not be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FixtureError {
    /// The definition has mistakes.
    #[error(transparent)]
    Definition(#[from] Mistakes),
    /// The fixtures are not of their format: line, column and what is wrong.
    #[error("{0}")]
    Fixtures(String),
    /// The definition and the fixtures' settings make no provider.
    #[error("{0}")]
    Setup(String),
}

/// Runs fixtures against a definition; both are the texts of their files.
pub fn run(definition: &str, fixtures: &str) -> Result<FixtureReport, FixtureError> {
    let definition = Definition::parse(definition)?;
    let file = File::parse(fixtures).map_err(FixtureError::Fixtures)?;
    let now = Timestamp::parse_rfc3339(&file.now)
        .ok_or_else(|| FixtureError::Fixtures("now is no time of RFC 3339".to_owned()))?;
    let runner = Runner { provider: provider(&definition, &file)?, file: &file, now };
    let mut checks = runner.coverage();
    checks.extend(file.request.iter().map(|case| named("request", &case.name, runner.request(case))));
    checks.extend(file.response.iter().map(|case| named("response", &case.name, runner.response(case))));
    for case in &file.callback {
        runner.callback(case, &mut checks);
    }
    checks.extend(file.feedback.iter().map(|case| named("feedback", &case.name, runner.feedback(case))));
    Ok(FixtureReport { definition: definition.name().to_owned(), checks })
}

fn named(kind: &str, name: &str, difference: Option<String>) -> Check {
    Check { name: format!("{kind} {name}"), difference }
}

fn provider(definition: &Definition, file: &File) -> Result<DeclaredProvider, FixtureError> {
    let setup = |error: &dyn fmt::Display| FixtureError::Setup(error.to_string());
    DeclaredProvider::new(DeclaredSettings {
        name: definition.name().parse().map_err(|error| setup(&error))?,
        definition: definition.clone(),
        settings: file.setting.clone(),
        resolve: &mut |name, _| Ok(file.secret.get(name).map(|text| Secret::new(text.clone()))),
        sender: None,
        callback_url: file.callback_url.clone(),
        timeouts: HttpTimeouts::default(),
    })
    .map_err(|error| setup(&error))
}

struct Runner<'a> {
    provider: DeclaredProvider,
    file: &'a File,
    now: Timestamp,
}

impl Runner<'_> {
    /// Fixtures that leave a part out show nothing about it.
    fn coverage(&self) -> Vec<Check> {
        let file = self.file;
        let definition = self.provider.definition();
        let accepted = file.response.iter().any(|case| case.expect.outcome == "accepted");
        let refused = file.response.iter().any(|case| case.expect.outcome != "accepted");
        let says = |missing: bool, what: &str| Check {
            name: format!("fixtures have {what}"),
            difference: missing.then(|| "there is none".to_owned()),
        };
        let mut checks = vec![
            says(file.request.is_empty(), "a request"),
            says(!accepted, "an answer that accepts"),
            says(!refused, "an answer that refuses"),
        ];
        if definition.has_callback() {
            checks.push(says(
                !file.callback.iter().any(|case| case.expect.refused.is_none()),
                "a genuine callback",
            ));
            checks.push(says(
                !file.callback.iter().any(|case| case.expect.refused.is_some()),
                "a forged callback",
            ));
        }
        if definition.has_feedback() {
            checks.push(says(file.feedback.is_empty(), "conversion feedback"));
        }
        checks
    }

    fn request(&self, case: &RequestCase) -> Option<String> {
        let channel = self.provider.medium().channel();
        let made = with_message(&case.message, channel, self.now, |message| {
            self.provider.request(message, self.now)
        });
        match made {
            Err(wrong) => Some(wrong),
            Ok(Err(submission)) => expect::refusal(&submission, case.expect.refused.as_deref()),
            Ok(Ok(request)) => expect::request(&request, &case.expect),
        }
    }

    fn feedback(&self, case: &FeedbackCase) -> Option<String> {
        let to = match E164::parse_fictional(&case.to, None) {
            Ok(to) => to,
            Err(error) => return Some(format!("to: {error}")),
        };
        let id = match Reference::try_from(case.id.clone()) {
            Ok(id) => id,
            Err(error) => return Some(error.to_string()),
        };
        let conversion = Conversion {
            id: &id,
            delivery: DeliveryId::from_bytes([1; 16]),
            to: &to,
            code: case.code.as_deref().map(SecretText::new),
            outcome: ConversionOutcome::Used,
        };
        match self.provider.feedback_request(&conversion, self.now) {
            None => Some("the definition has no feedback".to_owned()),
            Some(Err(submission)) => expect::refusal(&submission, case.expect.refused.as_deref()),
            Some(Ok(request)) => expect::request(&request, &case.expect).or_else(|| {
                let answers = &self.provider.definition().feedback.as_ref()?.answer;
                case.response.iter().find_map(|response| self.read(answers, response))
            }),
        }
    }

    fn response(&self, case: &ResponseCase) -> Option<String> {
        self.read(&self.provider.definition().answer, case)
    }

    fn read(&self, rules: &super::definition::AnswerRules, case: &ResponseCase) -> Option<String> {
        let headers = match headers(&case.header) {
            Ok(headers) => headers,
            Err(wrong) => return Some(wrong),
        };
        let answer = Answer { status: case.status, headers, body: Some(case.body.clone().into_bytes()) };
        let reference = DeliveryId::from_bytes([1; 16]).to_string();
        expect::answer(&rules.read(&answer, &reference, self.now), &case.expect)
    }

    fn callback(&self, case: &CallbackCase, checks: &mut Vec<Check>) {
        let name = format!("callback {}", case.name);
        let headers = match headers(&case.header) {
            Ok(headers) => headers,
            Err(wrong) => {
                checks.push(Check { name, difference: Some(wrong) });
                return;
            }
        };
        let request = CallbackRequest {
            method: &case.method,
            url: &case.url,
            headers: &headers,
            body: case.body.as_bytes(),
        };
        let received = self.receive(&request, case);
        let genuine = received.is_ok();
        checks.push(Check { name: name.clone(), difference: expect::received(&received, &case.expect) });
        if !genuine {
            return;
        }
        let Some(rules) = &self.provider.definition().callback else { return };
        let Some(flipped) = flip::flipped(&request, &received, rules.verify.covers()) else { return };
        for (what, changed) in flipped {
            let again = self.receive(&changed.request(), case);
            let difference = again.is_ok().then(|| "the changed callback was believed".to_owned());
            checks
                .push(Check { name: format!("{name}, one byte of {what} flipped, is refused"), difference });
        }
    }

    fn receive(
        &self,
        request: &CallbackRequest<'_>,
        case: &CallbackCase,
    ) -> Result<Received, super::callback::CallbackError> {
        let now = case.at.as_deref().and_then(Timestamp::parse_rfc3339).unwrap_or(self.now);
        let certificate = self.file.certificate.clone().map(String::into_bytes);
        let mut receiving =
            pin!(self.provider.receive_with(request, now, |_| std::future::ready(certificate)));
        // The only wait is for the certificate, which is at hand.
        match receiving.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(received) => received,
            Poll::Pending => Err(super::callback::CallbackError::NoCertificate),
        }
    }
}

fn with_message<R>(
    fields: &file::Message,
    channel: Channel,
    now: Timestamp,
    then: impl FnOnce(&Outgoing<'_>) -> R,
) -> Result<R, String> {
    let to = E164::parse_fictional(&fields.to, None).map_err(|error| format!("message.to: {error}"))?;
    let locale: Locale = fields.locale.parse().map_err(|_| "message.locale is no language".to_owned())?;
    let sender = match &fields.sender {
        Some(sender) => Some(sender.parse().map_err(|_| "message.sender is no sender".to_owned())?),
        None => None,
    };
    Ok(then(&Outgoing {
        delivery: DeliveryId::from_bytes([1; 16]),
        app: AppId::from_bytes([2; 16]),
        mode: Mode::Live,
        channel,
        email: None,
        to: &to,
        sender: sender.as_ref(),
        registered: fields.dlt.as_ref().map(file::Dlt::ids),
        text: SecretText::new(&fields.text),
        code: Some(SecretText::new(&fields.code)),
        locale: &locale,
        measure: Measure::of(&fields.text),
        expires_at: now.plus(std::time::Duration::from_secs(u64::from(fields.ttl_s))),
    }))
}

fn headers(given: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    given
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::try_from(name).map_err(|_| format!("{name} is no header's name"))?;
            let value = HeaderValue::try_from(value).map_err(|_| format!("the value of {name} is none"))?;
            Ok((name, value))
        })
        .collect()
}

fn body_of(request: &Request) -> String {
    let bytes = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}
