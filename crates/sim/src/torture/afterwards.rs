//! When everything has settled: what reached the carrier, held against timelines and answers.

use std::sync::Arc;

use serde_json::Value;

use super::story::Story;
use super::{LEASE, SLACK_MS};
use crate::api::{Api, Request};
use crate::sink::{Sink, Submission};

/// What stories are held against.
pub(super) struct Context {
    pub(super) sink: Arc<Sink>,
    /// When each process was started.
    pub(super) restarts_ms: Vec<i64>,
}

impl Story {
    /// The story once more, after all kills.
    pub(super) async fn look_back(mut self, api: Api, context: Arc<Context>) -> Story {
        let Some(id) = self.id().map(str::to_owned) else { return self };
        self.check_standing(&api).await;
        let events = match api.send(&Request::timeline(&id)).await {
            Ok(answer) if answer.status == 200 => answer.body["data"].as_array().cloned().unwrap_or_default(),
            other => {
                self.violations.push(format!("a timeline was answered {other:?}"));
                return self;
            }
        };
        self.check_events(&events);
        let submissions = context.sink.to(&self.phone);
        self.check_copies(&submissions, &events);
        self.check_times(&submissions, &context, &events);
        self.check_presence(&submissions);
        self
    }

    /// I1, as the server itself tells it.
    fn check_events(&mut self, events: &[Value]) {
        let wanted = [
            ("verification.started", 1),
            ("verification.approved", usize::from(self.approval().is_some())),
            ("proof.redeemed", usize::from(!self.redeems.is_empty())),
        ];
        for (kind, count) in wanted {
            let found = events.iter().filter(|event| event["type"] == kind).count();
            if found != count {
                self.violations.push(format!("I1: {found} events {kind} instead of {count}"));
            }
        }
    }

    /// I5: a delivery is submitted once, and once more for each Unknown and each submission that the
    /// carrier itself turned away; the code is the same in every copy.
    fn check_copies(&mut self, submissions: &[Submission], events: &[Value]) {
        for delivery in Story::deliveries(submissions) {
            let copies: Vec<&Submission> = submissions.iter().filter(|s| s.delivery == delivery).collect();
            let told = |kind: &str| {
                events
                    .iter()
                    .filter(|event| event["type"] == kind && event["data"]["delivery"] == delivery)
                    .count()
            };
            let (unknowns, turned_away) = (told("delivery.unknown"), told("delivery.retrying"));
            if copies.len() > 1 + unknowns + turned_away {
                self.violations.push(format!(
                    "I5: {delivery} was submitted {} times with {unknowns} Unknowns and {turned_away} refusals: {copies:?} {events:?}",
                    copies.len()
                ));
            }
            self.unknowns += u64::try_from(unknowns).unwrap_or(0);
            self.copied_deliveries += u64::from(copies.len() > 1);
        }
        if submissions.iter().any(|one| submissions.first().is_some_and(|first| first.code != one.code)) {
            self.violations.push(format!("I5: more than one code: {submissions:?}"));
        }
    }

    /// I3: no submission begins later than one lease after the end, and none at all by a process that
    /// was started after it.
    fn check_times(&mut self, submissions: &[Submission], context: &Context, events: &[Value]) {
        let lease_ms = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let expired = events.iter().any(|event| event["type"] == "verification.expired");
        self.has_expired = expired;
        let ended_ms = match self.approved_ms() {
            Some(approved) => Some(approved),
            None if expired => self.expires_ms(),
            None => None,
        };
        let Some(ended_ms) = ended_ms else { return };
        let restart_ms = context.restarts_ms.iter().find(|&&restart| restart > ended_ms);
        for late in submissions.iter().filter(|s| s.begun_ms > ended_ms + SLACK_MS) {
            let after_ms = late.begun_ms - ended_ms;
            if after_ms > lease_ms + SLACK_MS {
                self.violations.push(format!("I3: submitted {after_ms} ms after its end: {late:?}"));
            }
            if restart_ms.is_some_and(|&restart| late.begun_ms > restart + SLACK_MS) {
                self.violations.push(format!("I3: submitted by a process that found it ended: {late:?}"));
            }
        }
    }

    /// "A second copy is harmless, a missing one is not": whoever still waits has had a message.
    fn check_presence(&mut self, submissions: &[Submission]) {
        let waits = self.approval().is_none() && !self.is_unreachable;
        let arrived = submissions.iter().any(|s| s.behaviour.may_reach_phone());
        if waits && !arrived {
            self.violations.push(format!("no message ever came: {submissions:?}"));
        }
    }
}
