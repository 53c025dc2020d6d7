//! From a verified callback to typed reports.

use countersign_core::time::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

use super::report::{MccMnc, Report, Reports, Verdict};
use super::rules::{CallbackRules, TimePlan};
use super::{CallbackError, CallbackRequest};
use crate::declared::answer::word;
use crate::declared::definition::Extract;
use crate::declared::schema::{Format, Word};
use crate::provider::Reference;
use crate::receipt::ReceiptReason;

/// Most words in one callback; Infobip, the largest known, sends a hundred.
const MAX_REPORTS: usize = 2_000;

impl CallbackRules {
    pub(crate) fn read(&self, request: &CallbackRequest<'_>) -> Result<Reports, CallbackError> {
        let document = self.document(request)?;
        let mut items = vec![&document];
        for pointer in &self.batch {
            items = items
                .into_iter()
                .filter_map(|item| item.pointer(pointer)?.as_array())
                .flatten()
                .take(MAX_REPORTS)
                .collect();
        }
        let mut reports = Reports::default();
        for item in items {
            self.item(item, request.headers, &mut reports);
        }
        Ok(reports)
    }

    fn document(&self, request: &CallbackRequest<'_>) -> Result<Value, CallbackError> {
        let document: Value = match self.format {
            Format::Json => serde_json::from_slice(request.body).map_err(|_| CallbackError::Shape)?,
            Format::Form => {
                let fields = request.fields();
                let members: Map<String, Value> =
                    fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
                Value::Object(members)
            }
        };
        let Some(pointer) = &self.unwrap else { return Ok(document) };
        let inner = document.pointer(pointer).and_then(Value::as_str).ok_or(CallbackError::Shape)?;
        serde_json::from_str(inner).map_err(|_| CallbackError::Shape)
    }

    fn item(&self, item: &Value, headers: &HeaderMap, reports: &mut Reports) {
        let at = |pointer: &str| item.pointer(pointer).and_then(word);
        if !self
            .only_when
            .iter()
            .all(|(pointer, words)| at(pointer).is_some_and(|found| words.contains(&found)))
        {
            reports.ignored += 1;
            return;
        }
        let extract = |extract: &Option<Extract>| extract.as_ref()?.from(Some(item), headers, None);
        let status = self.status.from(Some(item), headers, None);
        let Some(meaning) = status.and_then(|status| self.map.get(status.trim())) else {
            reports.unknown += 1;
            return;
        };
        let verdict = match meaning {
            Word::Ignore => {
                reports.ignored += 1;
                return;
            }
            Word::Buffered => Verdict::Buffered,
            Word::Delivered => Verdict::Delivered,
            Word::Read => Verdict::Read,
            Word::Failed => Verdict::Failed,
            Word::Expired => Verdict::Expired,
            Word::Rejected => Verdict::Rejected,
        };
        let is_final = self.final_when.iter().all(|rule| {
            let found = at(&rule.pointer).unwrap_or_default();
            (rule.is.is_empty() || rule.is.contains(&found)) && !rule.not.contains(&found)
        });
        let id = extract(&self.id).and_then(|id| Reference::try_from(id.trim().to_owned()).ok());
        let delivery = extract(&self.reference).and_then(|reference| reference.trim().parse().ok());
        if id.is_none() && delivery.is_none() {
            reports.nameless += 1;
            return;
        }
        let code = extract(&self.code);
        let listed = code.as_ref().is_some_and(|code| self.permanent_codes.contains(code));
        let said = extract(&self.permanent).and_then(|text| text.parse().ok());
        reports.reports.push(Report {
            id,
            delivery,
            verdict: if is_final { verdict } else { Verdict::Buffered },
            code: code.as_deref().and_then(ReceiptReason::from_carrier),
            permanent: if listed { Some(true) } else { said },
            at: self.at.as_ref().and_then(|plan| plan.read(item)),
            mccmnc: extract(&self.mccmnc).as_deref().and_then(MccMnc::parse),
            segments: extract(&self.segments).and_then(|text| text.trim().parse().ok()),
            price: self
                .price
                .as_ref()
                .and_then(|price| price.read(|extract| extract.from(Some(item), headers, None))),
        });
    }
}

impl TimePlan {
    fn read(&self, item: &Value) -> Option<Timestamp> {
        let words: Option<Vec<String>> =
            self.pointers.iter().map(|pointer| item.pointer(pointer).and_then(word)).collect();
        let text = words?.concat();
        let text = text.trim();
        let millis = match self.format.as_str() {
            "rfc3339" => return Timestamp::parse_rfc3339(text),
            "unix_s" => text.split('.').next()?.parse::<i64>().ok()?.checked_mul(1_000)?,
            "unix_ms" => text.parse().ok()?,
            format => {
                let time = BrokenDownTime::parse(format, text).ok()?;
                let at = time.to_timestamp().ok().or_else(|| {
                    // Without an offset it is UTC: no vendor known writes local time.
                    time.to_datetime().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
                })?;
                at.as_millisecond()
            }
        };
        Some(Timestamp::from_millis(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_in_each_form() {
        let read = |format: &str, value: Value| {
            TimePlan { pointers: vec!["/at".to_owned()], format: format.to_owned() }
                .read(&json!({ "at": value }))
        };
        let expected = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z");
        assert!(expected.is_some());
        for (format, value) in [
            ("rfc3339", json!("2026-11-23T10:00:00Z")),
            ("unix_s", json!(1_795_428_000)),
            ("unix_s", json!("1795428000.25")),
            ("unix_ms", json!(1_795_428_000_000_i64)),
            ("%Y-%m-%dT%H:%M:%S%.f%z", json!("2026-11-23T11:00:00.000+0100")),
            ("%y%m%d%H%M", json!("2611231000")),
            ("%Y-%m-%d %H:%M:%S", json!("2026-11-23 10:00:00")),
        ] {
            assert_eq!(read(format, value), expected, "{format}");
        }
        assert_eq!(read("rfc3339", json!("soon")), None);
        assert_eq!(read("unix_s", json!(null)), None);
    }
}
