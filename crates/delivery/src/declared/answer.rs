//! What an answer means, by the rules of the definition.

use std::time::Duration;

use countersign_core::money::Currency;
use countersign_core::time::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::definition::{AnswerRules, Condition, ErrorPlan, Extract, IdPlan, PricePlan, RetryPlan};
use super::schema::{Class, Used};
use crate::http::answer::retry_after;
use crate::provider::{Reason, Reference, Submission};
use crate::receipt::ReceiptReason;

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Nothing if there was more than is read.
    pub(crate) body: Option<Vec<u8>>,
}

/// What became of a hand-over, and what the provider said besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// The class.
    pub submission: Submission,
    /// The provider's own code for it.
    pub code: Option<ReceiptReason>,
    /// How many segments it counts.
    pub segments: Option<u32>,
    /// What it asks for the message.
    pub price: Option<Price>,
}

impl From<Submission> for HandOver {
    fn from(submission: Submission) -> Self {
        HandOver { submission, code: None, segments: None, price: None }
    }
}

/// What one message costs: millionths of the currency's main unit, since single messages cost less than
/// its smallest coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Millionths.
    pub millionths: u64,
    /// The currency, if the provider says it.
    pub currency: Option<Currency>,
}

/// An answer ready to be asked.
pub(crate) struct Reading<'a> {
    answer: &'a Answer,
    text: Option<&'a str>,
    json: Option<Value>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(answer: &'a Answer) -> Self {
        let text = answer.body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
        Reading { answer, text, json: text.and_then(|text| serde_json::from_str(text).ok()) }
    }

    fn extract(&self, extract: &Extract) -> Option<String> {
        extract.from(self.json.as_ref(), &self.answer.headers, self.text)
    }

    fn holds(&self, condition: &Condition, code: Option<&str>) -> bool {
        let at = |pointer: &str| self.json.as_ref().and_then(|json| json.pointer(pointer)).and_then(word);
        (condition.status.is_empty() || condition.status.contains(&self.answer.status))
            && condition
                .json
                .iter()
                .all(|(pointer, words)| at(pointer).is_some_and(|found| words.contains(&found)))
            && (condition.code.is_empty()
                || code.is_some_and(|code| condition.code.iter().any(|one| one == code)))
            && condition.code_re.as_ref().is_none_or(|regex| code.is_some_and(|code| regex.is_match(code)))
            && condition
                .body_re
                .as_ref()
                .is_none_or(|regex| self.text.is_some_and(|text| regex.is_match(text)))
    }
}

impl Extract {
    /// The value: where the definition says that it is, or nothing.
    pub(crate) fn from(
        &self,
        json: Option<&Value>,
        headers: &HeaderMap,
        text: Option<&str>,
    ) -> Option<String> {
        let found = if let Some(name) = &self.header {
            headers.get(name)?.to_str().ok()?.to_owned()
        } else if self.pointers.is_empty() {
            text?.to_owned()
        } else {
            let words: Option<Vec<String>> =
                self.pointers.iter().map(|pointer| json?.pointer(pointer).and_then(word)).collect();
            words?.concat()
        };
        match &self.regex {
            Some(regex) => Some(regex.captures(&found)?.get(1)?.as_str().to_owned()),
            None => Some(found),
        }
    }
}

/// A scalar as a word.
pub(crate) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl AnswerRules {
    /// The meaning of an answer: the success rules, then the error rules in their order, then what its
    /// status says by itself. `reference` is ours.
    pub(crate) fn read(&self, answer: &Answer, reference: &str, now: Timestamp) -> HandOver {
        let reading = Reading::new(answer);
        let code = self.code.as_ref().and_then(|code| reading.extract(code));
        let code_word = code.as_deref().and_then(ReceiptReason::from_carrier);
        // A body that is too long to be read cannot contradict its status.
        if self.success.iter().any(|success| reading.holds(success, code.as_deref())) {
            return HandOver {
                submission: self.accepted(&reading, reference),
                code: code_word,
                segments: self.segments.as_ref().and_then(|at| reading.extract(at)?.trim().parse().ok()),
                price: self.price.as_ref().and_then(|price| price.read(|extract| reading.extract(extract))),
            };
        }
        let rule = self.errors.iter().find(|rule| reading.holds(&rule.when, code.as_deref()));
        let reason = match &code_word {
            Some(word) => format!("code_{word}").into(),
            None => format!("http_{}", answer.status).into(),
        };
        let submission = match rule {
            Some(rule) if rule.class == Class::Accepted => self.accepted(&reading, reference),
            Some(rule) => of_class(rule, reason, &reading, now),
            None => of_status(answer, reason, now),
        };
        HandOver { code: code_word, ..submission.into() }
    }

    fn accepted(&self, reading: &Reading<'_>, reference: &str) -> Submission {
        let id = match &self.id {
            IdPlan::Use(Used::Ref) => Some(reference.to_owned()),
            IdPlan::Use(Used::None) => None,
            IdPlan::Extract(extract) => reading.extract(extract),
        };
        Submission::Accepted { reference: id.and_then(|id| Reference::try_from(id.trim().to_owned()).ok()) }
    }
}

fn of_class(rule: &ErrorPlan, reason: Reason, reading: &Reading<'_>, now: Timestamp) -> Submission {
    let after = match &rule.retry_after {
        Some(RetryPlan::Fixed(seconds)) => Some(Duration::from_secs(u64::from(*seconds))),
        Some(RetryPlan::Extract(extract)) => {
            reading.extract(extract).and_then(|text| text.trim().parse().ok()).map(Duration::from_secs)
        }
        None => retry_after(&reading.answer.headers, now),
    };
    match rule.class {
        Class::Throttled => Submission::Throttled { retry_after: after },
        Class::Transient => Submission::Transient { reason, retry_after: after },
        Class::Permanent => Submission::Permanent { reason },
        Class::Config => Submission::Misconfigured { reason },
        Class::Unknown | Class::Accepted => Submission::Unknown { reason },
    }
}

/// What a status says where no rule does.
fn of_status(answer: &Answer, reason: Reason, now: Timestamp) -> Submission {
    let after = retry_after(&answer.headers, now);
    let Ok(status) = StatusCode::from_u16(answer.status) else { return Submission::Unknown { reason } };
    match status {
        // Taken, by its status; but it does not look as success does.
        _ if status.is_success() => Submission::Unknown { reason: "unrecognised_answer".into() },
        StatusCode::TOO_MANY_REQUESTS => Submission::Throttled { retry_after: after },
        StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => {
            Submission::Misconfigured { reason }
        }
        StatusCode::REQUEST_TIMEOUT => Submission::Transient { reason, retry_after: after },
        _ if status.is_server_error() => Submission::Transient { reason, retry_after: after },
        // The URL is another one now: nothing that waiting helps against.
        _ if status.is_redirection() => Submission::Misconfigured { reason },
        _ => Submission::Permanent { reason },
    }
}

impl PricePlan {
    pub(crate) fn read(&self, extract: impl Fn(&Extract) -> Option<String>) -> Option<Price> {
        let millionths = millionths(&extract(&self.amount)?)?;
        let named = self.currency.as_ref().and_then(&extract);
        let currency = named.or_else(|| self.currency_is.clone()).and_then(|code| code.parse().ok());
        Some(Price { millionths, currency })
    }
}

/// A decimal number as millionths, its sign left aside: some vendors write what they take as negative.
pub(crate) fn millionths(text: &str) -> Option<u64> {
    let text = text.trim().trim_start_matches('-');
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(decimals.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut decimals: String = decimals.chars().take(6).collect();
    while decimals.len() < 6 {
        decimals.push('0');
    }
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(decimals.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices_are_exact() {
        for (text, expected) in [
            ("0.0075", Some(7_500)),
            ("-0.00750", Some(7_500)),
            ("1", Some(1_000_000)),
            ("0.03333333", Some(33_333)),
            ("", None),
            (".5", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(millionths(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_price_is_read_without_panic(text: String) {
            let _ = millionths(&text);
        }
    }
}
