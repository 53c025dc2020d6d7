//! After a restart: what got no answer is asked again, and what was answered must be there.

use super::story::{ATTEMPTS, Asked, Story};
use crate::api::{Answer, Api, Request};
use crate::sink::Submission;

impl Story {
    /// Asks again for every lost answer, then holds the verification against all answers (I1, I4).
    pub(super) async fn resolve(mut self, api: Api) -> Story {
        let mut violations = std::mem::take(&mut self.violations);
        let every = std::iter::once(&mut self.start).chain(&mut self.checks).chain(&mut self.redeems);
        for asked in every {
            if asked.answer.is_none() {
                ask_again(&api, asked, &mut violations).await;
            }
        }
        self.violations = violations;
        self.repeat_approval(&api).await;
        self.check_standing(&api).await;
        self
    }

    /// An approving check says the same again, proof included, until the proof is redeemed; another
    /// check with the same code does not approve.
    async fn repeat_approval(&mut self, api: &Api) {
        let Some(id) = self.id().map(str::to_owned) else { return };
        let Some(check) = self.approval().cloned() else { return };
        let Some(first) = &check.answer else { return };
        match api.settle(&check.request).await {
            Ok(again) if self.redeems.is_empty() && again.body != first.body => {
                self.violations.push(format!("an approval was answered {first:?} first and {again:?} then"));
            }
            Ok(again) if again.result() != "approved" => {
                self.violations.push(format!("an approval was answered {again:?} when asked again"));
            }
            Ok(_) => {}
            Err(lost) => self.violations.push(format!("a check asked again: {lost}")),
        }
        let mut another = check.request.clone().key(format!("another-{}", self.number));
        match api.send(&another).await {
            Ok(answer) if answer.result() == "already_used" => {}
            other => self.violations.push(format!("I1: a second check of a used code came to {other:?}")),
        }
        another = Request::check(&id, "000000x");
        if let Ok(answer) = api.send(&another).await
            && answer.result() == "approved"
        {
            self.violations.push("I1: no code at all was approved".to_owned());
        }
    }

    /// I4: what was answered 201 exists, and says what its answers said.
    pub(super) async fn check_standing(&mut self, api: &Api) {
        let Some(id) = self.id().map(str::to_owned) else { return };
        let shown = match api.send(&Request::show(&id)).await {
            Ok(shown) if shown.status == 200 => shown,
            other => {
                self.violations.push(format!("I4: {id} was answered 201, and now {other:?}"));
                return;
            }
        };
        let status = shown.text("status");
        let is_right = match self.approval() {
            Some(check) if check.answer.is_some() => status == "approved",
            _ => status == "pending" || (self.is_unreachable && status == "expired"),
        };
        if !is_right {
            self.violations.push(format!("{id} is {status} with the checks {:?}", self.checks));
        }
        let answered = self.checks.iter().filter(|check| check.answer.is_some()).count();
        let left = ATTEMPTS.saturating_sub(u64::try_from(answered).unwrap_or(u64::MAX));
        if shown.attempts_remaining() != Some(left) {
            self.violations.push(format!("I2: {answered} guesses were answered, and now {shown:?}"));
        }
        let redeemed =
            self.redeems.iter().filter_map(|r| r.answer.as_ref()).filter(|a| a.result() == "redeemed");
        if !self.redeems.is_empty() && redeemed.count() != 1 {
            self.violations.push(format!("I1: not redeemed exactly once: {:?}", self.redeems));
        }
    }

    /// When the customer had surely been told that she is done, Unix milliseconds.
    pub(super) fn approved_ms(&self) -> Option<i64> {
        self.approval()?.answer.as_ref().map(|answer: &Answer| answer.answered_ms)
    }

    /// Submissions of one delivery, or of all.
    pub(super) fn deliveries(submissions: &[Submission]) -> Vec<&str> {
        let mut ids: Vec<&str> = submissions.iter().map(|s| s.delivery.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

async fn ask_again(api: &Api, asked: &mut Asked, violations: &mut Vec<String>) {
    match api.settle(&asked.request).await {
        Ok(answer) => {
            asked.take(answer, violations);
            if asked.answer.is_none() {
                violations.push("a request asked again after the restart got 503".to_owned());
            }
        }
        Err(lost) => violations.push(format!("a request asked again after the restart: {lost}")),
    }
}
