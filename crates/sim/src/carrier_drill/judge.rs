//! When all has settled: what reached the carriers, held against the timelines.

use std::collections::HashMap;

use serde_json::Value;

use super::shop::{Started, settled};
use super::{LEASE, Report, Routes};
use crate::api::{Api, Request};
use crate::load::carrier::code_in;

/// Between the beginning of a submission and its arrival in a busy machine's ledger.
const SLACK_MS: i64 = 1_000;
/// Of so many verifications one is approved with the code that came.
const CHECKED: usize = 20;

/// One message that a carrier got.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) begun_ms: i64,
    pub(super) text: String,
}

/// Everything that carriers got, by phone.
pub(super) type Ledger = HashMap<String, Vec<Copy>>;

/// Judges verifications, and adds what it finds to a report.
pub(super) struct Judge<'a> {
    pub(super) api: &'a Api,
    pub(super) ledger: &'a Ledger,
    pub(super) routes: Routes,
}

impl Judge<'_> {
    /// All of them.
    pub(super) async fn judge(&self, all: &[Started], report: &mut Report) -> anyhow::Result<()> {
        for (number, started) in all.iter().enumerate() {
            let timeline = settled(self.api, &Request::timeline(&started.id)).await?;
            anyhow::ensure!(timeline.status == 200, "a timeline was answered {timeline:?}");
            let events = timeline.body["data"].as_array().cloned().unwrap_or_default();
            let copies = self.ledger.get(&started.phone).map(Vec::as_slice).unwrap_or_default();
            for wrong in self.look(started, copies, &events, report) {
                let told: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
                report.violations.push(format!("{}: {wrong}: {} copies, {told:?}", started.id, copies.len()));
            }
            if number % CHECKED == 0 {
                self.approve(started, copies, report).await?;
            }
        }
        Ok(())
    }

    fn look(&self, started: &Started, copies: &[Copy], events: &[Value], report: &mut Report) -> Vec<String> {
        let told = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
        let unknowns = told("delivery.unknown");
        report.unknowns += unknowns;
        report.copied += usize::from(copies.len() > 1);
        let mut wrong = Vec::new();
        if copies.len() > 1 + unknowns {
            wrong.push(format!("I5: more than once and {unknowns} Unknowns"));
        }
        if copies.is_empty() {
            // Alone, a carrier that was killed may have taken a message with it: nobody may repeat it there.
            let in_doubt = self.routes == Routes::Alone && unknowns > 0;
            report.in_doubt += usize::from(in_doubt);
            if !in_doubt {
                wrong.push("never submitted".to_owned());
            }
        }
        let codes: Vec<_> = copies.iter().map(|copy| code_in(&copy.text)).collect();
        if codes.iter().any(|code| code.is_none() || *code != codes[0]) {
            wrong.push("I5: not always the same code".to_owned());
        }
        let lease_ms = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let last_ms = started.expired_ms + lease_ms + SLACK_MS;
        if copies.iter().any(|copy| copy.begun_ms > last_ms) {
            wrong.push("I3: submitted after its end".to_owned());
        }
        wrong
    }

    /// The code that came is the right one.
    async fn approve(&self, started: &Started, copies: &[Copy], report: &mut Report) -> anyhow::Result<()> {
        let Some(code) = copies.first().and_then(|copy| code_in(&copy.text)) else { return Ok(()) };
        let checked = settled(self.api, &Request::check(&started.id, code)).await?;
        report.approved += usize::from(checked.result() == "approved");
        if !matches!(checked.result(), "approved" | "expired") {
            report.violations.push(format!("{}: the code that came is {}", started.id, checked.result()));
        }
        Ok(())
    }
}
