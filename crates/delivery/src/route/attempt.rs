//! What one verification has tried so far, and what it may still spend.

use countersign_core::price::Price;
use countersign_core::time::Timestamp;
use countersign_core::verification::ReceiptStatus;
use serde::{Deserialize, Serialize};

use crate::provider::{ProviderName, Submission};

/// One hand-over of a verification's message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// By whom.
    pub provider: ProviderName,
    /// When it began.
    pub at: Timestamp,
    /// What became of it.
    pub result: AttemptResult,
    /// What it costs if the provider charges it: price × segments.
    pub cost: Option<Price>,
}

/// What became of a hand-over, as far as the next choice depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// The provider has it, and no final receipt came.
    Accepted,
    /// The receipt says that it reached the phone.
    Delivered,
    /// The receipt says that it did not.
    Failed,
    /// It surely was not sent, or was refused for now.
    TurnedAway,
    /// The provider will refuse this message again.
    Refused,
    /// It may have been sent: unanswered, taken over from a dead node, or still on its way.
    Unknown,
}

impl AttemptResult {
    /// What a hand-over says.
    pub const fn of(submission: &Submission) -> Self {
        match submission {
            Submission::Accepted { .. } => AttemptResult::Accepted,
            Submission::NotWritten { .. } | Submission::Transient { .. } | Submission::Throttled { .. } => {
                AttemptResult::TurnedAway
            }
            Submission::Permanent { .. } | Submission::Misconfigured { .. } => AttemptResult::Refused,
            Submission::Unknown { .. } => AttemptResult::Unknown,
        }
    }

    /// What a receipt makes of it: a word about an unanswered message answers it.
    #[must_use]
    pub const fn after(self, receipt: ReceiptStatus) -> Self {
        match receipt {
            ReceiptStatus::Delivered => AttemptResult::Delivered,
            ReceiptStatus::Failed => AttemptResult::Failed,
            ReceiptStatus::Buffered => match self {
                AttemptResult::Unknown => AttemptResult::Accepted,
                other => other,
            },
        }
    }

    /// Whether a copy may reach the phone, now or later.
    pub const fn may_arrive(self) -> bool {
        matches!(self, AttemptResult::Accepted | AttemptResult::Delivered | AttemptResult::Unknown)
    }

    /// Whether the provider may charge it.
    pub const fn may_be_charged(self) -> bool {
        matches!(
            self,
            AttemptResult::Accepted
                | AttemptResult::Delivered
                | AttemptResult::Failed
                | AttemptResult::Unknown
        )
    }
}

/// The attempts of one verification, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    attempts: Vec<Attempt>,
    /// Those that say nothing about the next choice: they were made for another message, and count against
    /// the bounds alone.
    set_aside: Vec<Attempt>,
}

impl History {
    /// Remembers an attempt. [`Bounds::max_tries`] keeps the list short.
    pub fn push(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
    }

    /// Counts an attempt against the bounds alone.
    pub fn push_aside(&mut self, attempt: Attempt) {
        self.set_aside.push(attempt);
    }

    /// Counts nothing against the bounds but this message's own attempts.
    pub fn forget_set_aside(&mut self) {
        self.set_aside.clear();
    }

    /// Counts all attempts so far against the bounds alone.
    pub fn set_aside(&mut self) {
        self.set_aside.append(&mut self.attempts);
    }

    /// Sets what became of the provider's last attempt.
    pub fn settle(&mut self, provider: &ProviderName, result: AttemptResult) {
        if let Some(attempt) = self.attempts.iter_mut().rev().find(|attempt| attempt.provider == *provider) {
            attempt.result = result;
        }
    }

    /// Sets what the provider's last attempt costs.
    pub fn charge(&mut self, provider: &ProviderName, cost: Option<Price>) {
        if let Some(attempt) = self.attempts.iter_mut().rev().find(|attempt| attempt.provider == *provider) {
            attempt.cost = cost;
        }
    }

    /// The attempts, the oldest first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// All hand-overs, refused ones included.
    pub fn tries(&self) -> usize {
        self.attempts.len() + self.set_aside.len()
    }

    /// The provider's attempts.
    pub fn of<'a>(&'a self, provider: &'a ProviderName) -> impl DoubleEndedIterator<Item = &'a Attempt> {
        self.attempts.iter().filter(move |attempt| attempt.provider == *provider)
    }

    /// Attempts that a provider may have sent.
    pub fn sends(&self) -> usize {
        self.charged().count()
    }

    fn charged(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().chain(&self.set_aside).filter(|attempt| attempt.result.may_be_charged())
    }

    /// What providers may charge for them, in the currency given; attempts without a price, or in
    /// another currency, count as nothing (the number of sends still bounds them).
    pub fn spent_micros(&self, like: Price) -> u64 {
        self.charged()
            .filter_map(|attempt| attempt.cost)
            .filter(|cost| cost.currency() == like.currency())
            .fold(0, |sum, cost| sum.saturating_add(cost.micros()))
    }
}

/// What one verification may use up, over all routes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Messages that a provider may have sent.
    pub max_sends: u16,
    /// Hand-overs, refused ones included: what stops failing over in circles.
    pub max_tries: u16,
    /// Money.
    pub max_spend: Option<Price>,
}

impl Default for Bounds {
    /// Five sends that the customer may ask for (design 5) and as many again by failover.
    fn default() -> Self {
        Bounds { max_sends: 10, max_tries: 30, max_spend: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn price(micros: u64, currency: &str) -> Price {
        Price::from_micros(micros, currency.parse().unwrap())
    }

    fn attempt(provider: &str, result: AttemptResult) -> Attempt {
        let cost = Some(price(10_000, "EUR"));
        Attempt { provider: provider.parse().unwrap(), at: START, result, cost }
    }

    fn used(history: &History) -> (usize, usize, u64) {
        (history.tries(), history.sends(), history.spent_micros(price(0, "EUR")))
    }

    #[test]
    fn every_try_counts_and_what_may_be_charged_counts_as_sent_and_spent() {
        use AttemptResult::{Accepted, Delivered, Failed, Refused, TurnedAway, Unknown};
        for (result, sends) in
            [(Accepted, 1), (Delivered, 1), (Failed, 1), (Unknown, 1), (TurnedAway, 0), (Refused, 0)]
        {
            let mut history = History::default();
            history.push(attempt("a", result));
            assert_eq!(used(&history), (1, sends, 10_000 * sends as u64), "{result:?}");
        }
    }

    #[test]
    fn what_is_set_aside_uses_up_the_bounds_and_says_nothing_else() {
        let mut history = History::default();
        history.push(attempt("a", AttemptResult::Accepted));
        history.push(attempt("b", AttemptResult::TurnedAway));
        history.set_aside();
        history.push_aside(attempt("c", AttemptResult::Unknown));
        assert_eq!(history.attempts(), []);
        assert_eq!(history.of(&"a".parse().unwrap()).count(), 0);
        assert_eq!(used(&history), (3, 2, 20_000));
        let own = attempt("d", AttemptResult::Accepted);
        history.push(own.clone());
        assert_eq!(history.attempts(), [own]);
        assert_eq!(used(&history), (4, 3, 30_000));
        history.forget_set_aside();
        assert_eq!(used(&history), (1, 1, 10_000));
    }

    #[test]
    fn money_of_another_currency_or_of_no_price_is_not_added_up() {
        let mut history = History::default();
        for cost in [Some(price(7_000, "USD")), None, Some(price(2_500, "EUR"))] {
            history.push(Attempt { cost, ..attempt("a", AttemptResult::Accepted) });
        }
        assert_eq!(used(&history), (3, 3, 2_500));
        assert_eq!(history.spent_micros(price(0, "USD")), 7_000);
    }
}
