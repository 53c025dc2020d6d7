//! One customer's verification, as her shop saw it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{Pace, Random, Report, next_number};
use crate::api::{Answer, Api, Request};
use crate::phones;
use crate::sink::{Behaviour, Sink};

/// Guesses of a verification, by default (design 5).
pub(super) const ATTEMPTS: u64 = 5;
/// How long a customer waits for her message before she gives up.
const MESSAGE_PATIENCE: Duration = Duration::from_millis(1500);
/// So many customers in a hundred are slow, by at most so much.
const SLOW_PERCENT: u64 = 12;
const SLOWEST_MS: u64 = 1800;
/// The life of codes that nobody can receive: the shortest there is, so that a run sees them expire.
const SHORT_LIFE_S: u64 = 60;

/// What a request must come to, however often it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// 201.
    Created,
    /// A check's result, and the guesses left after it.
    Checked(&'static str, u64),
    /// Redeemed, or redeemed before by the story's other redeem.
    RedeemedOnce,
}

/// One request and the first answer it got.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) expected: Expected,
    /// The first answer.
    pub(super) answer: Option<Answer>,
    /// Whether an answer was lost on the way.
    pub(super) was_lost: bool,
}

/// A verification and all that was asked about it, one after another.
#[derive(Clone, Debug)]
pub struct Story {
    pub(super) number: u64,
    pub(super) phone: String,
    pub(super) start: Asked,
    pub(super) checks: Vec<Asked>,
    /// Asked side by side, each with a key of its own.
    pub(super) redeems: Vec<Asked>,
    /// Whether messages to her phone never get through.
    pub(super) is_unreachable: bool,
    pub(super) violations: Vec<String>,
    pub(super) copied_deliveries: u64,
    pub(super) unknowns: u64,
    pub(super) has_expired: bool,
}

/// Where customers of one worker are served, one after another.
pub(super) struct Desk {
    pub(super) api: Api,
    pub(super) sink: Arc<Sink>,
    pub(super) random: Random,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) pace: Pace,
}

impl Desk {
    /// Serves customers until it is told to stop or the server is gone.
    pub(super) async fn serve(mut self) -> Vec<Story> {
        let mut stories = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let mut story = Story::new(&mut self.random);
            if story.is_unreachable {
                self.sink.behave_for(&story.phone, Behaviour::Unavailable);
            }
            let is_alive = self.tell(&mut story).await;
            stories.push(story);
            if is_alive.is_none() {
                break;
            }
        }
        stories
    }

    /// Lives through a story; nothing if the server is gone.
    async fn tell(&mut self, story: &mut Story) -> Option<()> {
        let mut start = story.start.clone();
        self.ask(&mut start, &mut story.violations).await;
        story.start = start;
        let id = story.start.answer.as_ref()?.id().to_owned();
        if story.is_unreachable {
            return Some(());
        }
        let Ok(message) = self.sink.wait_for(&story.phone, 1, MESSAGE_PATIENCE).await else {
            return Some(());
        };
        if self.pace == Pace::Slow || self.random.percent(SLOW_PERCENT) {
            // She types while her message is tried again, by another route or after a refusal.
            tokio::time::sleep(Duration::from_millis(self.random.below(SLOWEST_MS))).await;
        }
        let wrongs = if self.random.percent(30) { self.random.below(ATTEMPTS) } else { 0 };
        for _ in 0..wrongs {
            let asked = story.guess(&id, &other_code(&message.code), "incorrect");
            self.ask_check(story, asked).await?;
        }
        if self.random.percent(15) {
            return Some(());
        }
        let asked = story.guess(&id, &message.code, "approved");
        self.ask_check(story, asked).await?;
        let proof = story.checks.last()?.answer.as_ref()?.text("proof").to_owned();
        if self.random.percent(60) && !proof.is_empty() {
            self.redeem_twice(story, &proof).await?;
        }
        Some(())
    }

    async fn ask_check(&mut self, story: &mut Story, mut asked: Asked) -> Option<()> {
        self.ask(&mut asked, &mut story.violations).await;
        let is_answered = asked.answer.is_some();
        story.checks.push(asked);
        is_answered.then_some(())
    }

    async fn redeem_twice(&mut self, story: &mut Story, proof: &str) -> Option<()> {
        let (mut one, mut other) = (story.redeem(proof, 0), story.redeem(proof, 1));
        self.cut(&mut one, &mut story.violations).await;
        let (first, second) = tokio::join!(self.api.settle(&one.request), self.api.settle(&other.request));
        for (asked, answer) in [(&mut one, first), (&mut other, second)] {
            match answer {
                Ok(answer) => asked.take(answer, &mut story.violations),
                Err(_) => asked.was_lost = true,
            }
        }
        let are_answered = one.answer.is_some() && other.answer.is_some();
        story.redeems = vec![one, other];
        are_answered.then_some(())
    }

    /// Now and then asks on a connection that is cut before long.
    async fn cut(&mut self, asked: &mut Asked, violations: &mut Vec<String>) {
        if self.random.percent(12) {
            let patience = Duration::from_micros(self.random.below(6000));
            match tokio::time::timeout(patience, self.api.send(&asked.request)).await {
                Ok(Ok(answer)) => asked.take(answer, violations),
                Ok(Err(_)) | Err(_) => asked.was_lost = true,
            }
        }
    }

    /// Asks, and asks again where the first connection was cut.
    async fn ask(&mut self, asked: &mut Asked, violations: &mut Vec<String>) {
        self.cut(asked, violations).await;
        match self.api.settle(&asked.request).await {
            Ok(answer) => asked.take(answer, violations),
            Err(_) => asked.was_lost = true,
        }
    }
}

impl Asked {
    pub(super) fn new(request: Request, expected: Expected) -> Self {
        Asked { request, expected, answer: None, was_lost: false }
    }

    /// Takes an answer: it must be the expected one, and the same as any before.
    pub(super) fn take(&mut self, answer: Answer, violations: &mut Vec<String>) {
        if answer.status == 503 {
            // "Nothing was changed. Repeat with the same Idempotency-Key": as good as no answer.
            self.was_lost = true;
            return;
        }
        if !self.expected.is_met_by(&answer) {
            violations.push(format!("{:?} was answered {answer:?}", self.expected));
        }
        match &self.answer {
            None => self.answer = Some(answer),
            Some(first) if !is_same_outcome(&self.expected, first, &answer) => {
                violations
                    .push(format!("{:?} was answered {first:?} first and {answer:?} then", self.expected));
            }
            Some(_) => {}
        }
    }
}

impl Expected {
    fn is_met_by(&self, answer: &Answer) -> bool {
        match self {
            Expected::Created => answer.is_created(),
            Expected::Checked(result, left) => {
                answer.status == 200
                    && answer.result() == *result
                    && answer.attempts_remaining() == Some(*left)
            }
            Expected::RedeemedOnce => answer.result() == "redeemed" || answer.is_problem("already_redeemed"),
        }
    }
}

/// The verification in a start's answer lives on; a check's and a redeem's outcome never changes.
fn is_same_outcome(expected: &Expected, first: &Answer, then: &Answer) -> bool {
    let outcome = |answer: &Answer| match expected {
        Expected::Created => (answer.status, answer.id().to_owned()),
        Expected::Checked(..) | Expected::RedeemedOnce => (answer.status, answer.result().to_owned()),
    };
    outcome(first) == outcome(then)
}

impl Story {
    fn new(random: &mut Random) -> Self {
        let number = next_number();
        let phone = phones::phone(number);
        let is_unreachable = random.percent(4);
        let mut body = json!({ "to": phone, "purpose": "login", "session": session(number) });
        if is_unreachable {
            body["expires_in"] = json!(SHORT_LIFE_S);
        }
        let request = Request::post("/v1/verifications", body).key(format!("start-{number}"));
        Story {
            number,
            phone,
            start: Asked::new(request, Expected::Created),
            checks: Vec::new(),
            redeems: Vec::new(),
            is_unreachable,
            violations: Vec::new(),
            copied_deliveries: 0,
            unknowns: 0,
            has_expired: false,
        }
    }

    /// The next check of the story. Guesses before the right one are wrong, so its outcome is known.
    fn guess(&self, id: &str, code: &str, result: &'static str) -> Asked {
        let before = u64::try_from(self.checks.len()).unwrap_or(u64::MAX);
        let request = Request::check(id, code).key(format!("check-{}-{before}", self.number));
        Asked::new(request, Expected::Checked(result, ATTEMPTS.saturating_sub(before + 1)))
    }

    fn redeem(&self, proof: &str, which: u8) -> Asked {
        let request = Request::redeem(proof, &self.phone, "login", &session(self.number))
            .key(format!("redeem-{}-{which}", self.number));
        Asked::new(request, Expected::RedeemedOnce)
    }

    /// The verification, once its start was answered.
    pub(super) fn id(&self) -> Option<&str> {
        self.start.answer.as_ref().map(Answer::id)
    }

    /// When its short-lived code has surely expired, Unix milliseconds.
    pub(super) fn expires_ms(&self) -> Option<i64> {
        let answered_ms = self.start.answer.as_ref().filter(|_| self.is_unreachable)?.answered_ms;
        Some(answered_ms + i64::try_from(SHORT_LIFE_S * 1000).unwrap_or(i64::MAX))
    }

    /// The check that approved it.
    pub(super) fn approval(&self) -> Option<&Asked> {
        self.checks.iter().find(|check| check.is_approval())
    }

    pub(super) fn count_into(&self, report: &mut Report) {
        report.started += u64::from(self.start.answer.is_some());
        report.approved += u64::from(self.approval().is_some());
        report.redeemed += u64::from(!self.redeems.is_empty());
        let lost = |asked: &[Asked]| u64::try_from(asked.iter().filter(|a| a.was_lost).count()).unwrap_or(0);
        report.repeated[0] += lost(std::slice::from_ref(&self.start));
        report.repeated[1] += lost(&self.checks);
        report.repeated[2] += lost(&self.redeems);
        report.copied_deliveries += self.copied_deliveries;
        report.unknowns += self.unknowns;
        report.expired += u64::from(self.has_expired);
        report.violations.extend(self.violations.iter().map(|v| format!("story {}: {v}", self.number)));
    }
}

impl Asked {
    fn is_approval(&self) -> bool {
        matches!(self.expected, Expected::Checked("approved", _))
    }
}

fn session(number: u64) -> String {
    format!("session {number}")
}

fn other_code(code: &str) -> String {
    let digit = if code.starts_with('7') { '8' } else { '7' };
    format!("{digit}{}", code.get(1..).unwrap_or_default())
}
