//! Where a delivery stands after a submission, and what is told about it.

use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryState};
use countersign_core::event::{EventKind, SentMessage, Turned};
use countersign_core::price::Price;
use countersign_core::time::Timestamp;
use countersign_delivery::provider::{ProviderName, Submission};

/// Where a delivery stands now.
pub(super) struct Outcome {
    pub(super) state: DeliveryState,
    pub(super) submissions: u32,
    pub(super) unknowns: u32,
    pub(super) provider: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) event: Option<EventKind>,
}

/// What was tried: one submission, and why by this provider.
pub(super) struct Tried<'a> {
    pub(super) delivery: &'a Delivery,
    pub(super) provider: &'a ProviderName,
    pub(super) cost: Option<Price>,
    pub(super) route: Vec<String>,
    pub(super) message: Option<SentMessage>,
}

/// Why a message was given up.
struct Told {
    reason: String,
    route: Vec<String>,
    message: Option<SentMessage>,
}

/// Why a provider did not take a message.
pub(super) struct Refused {
    pub(super) reason: String,
    pub(super) turned: Turned,
    /// How long it asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl Refused {
    /// Nothing more is known than that it should be tried again.
    pub(super) fn for_now() -> Self {
        Refused { reason: "again".to_owned(), turned: Turned::Away, retry_after: None }
    }

    /// What a submission that surely was not sent says; nothing of one that was, or may have been.
    pub(super) fn of(submission: &Submission) -> Option<Self> {
        let (reason, turned, retry_after) = match submission {
            Submission::Accepted { .. } | Submission::Unknown { .. } => return None,
            Submission::NotWritten { reason } => (reason.to_string(), Turned::Away, None),
            Submission::Transient { reason, retry_after } => (reason.to_string(), Turned::Away, *retry_after),
            Submission::Throttled { retry_after } => ("throttled".to_owned(), Turned::Away, *retry_after),
            Submission::Permanent { reason } | Submission::Misconfigured { reason } => {
                (reason.to_string(), Turned::Down, None)
            }
        };
        Some(Refused { reason, turned, retry_after })
    }
}

impl Tried<'_> {
    /// The provider has it.
    pub(super) fn accepted(self, reference: Option<String>) -> Outcome {
        let event = EventKind::DeliveryAccepted {
            delivery: self.delivery.id,
            provider: self.provider.to_string(),
            submissions: self.delivery.submissions + 1,
            cost: self.cost,
            route: self.route.clone(),
            message: self.message.clone(),
        };
        Outcome { reference, ..self.outcome(DeliveryState::Accepted, event) }
    }

    /// The provider may have it. `another_at` is when another route takes it, if there is one.
    pub(super) fn unknown(self, another_at: Option<Timestamp>) -> Outcome {
        let state = another_at.map_or(DeliveryState::Unknown, |at| DeliveryState::Due { at });
        let event = EventKind::DeliveryUnknown {
            delivery: self.delivery.id,
            provider: Some(self.provider.to_string()),
            cost: self.cost,
            route: self.route.clone(),
            message: self.message.clone(),
        };
        let unknowns = self.delivery.unknowns + 1;
        Outcome { unknowns, ..self.outcome(state, event) }
    }

    /// It is tried again, here or by another.
    pub(super) fn again(self, refused: Refused, at: Timestamp) -> Outcome {
        let event = EventKind::DeliveryRetrying {
            delivery: self.delivery.id,
            provider: self.provider.to_string(),
            reason: refused.reason,
            turned: refused.turned,
            retry_at: at,
            route: self.route.clone(),
            message: self.message.clone(),
        };
        self.outcome(DeliveryState::Due { at }, event)
    }

    /// It is given up.
    pub(super) fn given_up(self, refused: Refused) -> Outcome {
        let provider = Some(self.provider.to_string());
        let told = Told { reason: refused.reason, route: self.route, message: self.message };
        Outcome::failed(self.delivery, self.delivery.submissions + 1, provider, told)
    }

    fn outcome(self, state: DeliveryState, event: EventKind) -> Outcome {
        Outcome {
            state,
            submissions: self.delivery.submissions + 1,
            unknowns: self.delivery.unknowns,
            provider: Some(self.provider.to_string()),
            reference: None,
            event: Some(event),
        }
    }
}

impl Outcome {
    /// No provider takes it. One that may have it already decides, or the customer's resend.
    pub(super) fn held(delivery: &Delivery, reason: &str, route: Vec<String>) -> Outcome {
        if delivery.unknowns > 0 {
            let unchanged = Outcome::unsent(delivery, DeliveryState::Unknown);
            return Outcome { provider: None, ..unchanged };
        }
        let told = Told { reason: reason.to_owned(), route, message: None };
        Outcome::failed(delivery, delivery.submissions, delivery.provider.clone(), told)
    }

    /// It cannot be sent, whatever the provider.
    pub(super) fn unsendable(delivery: &Delivery, reason: &str) -> Outcome {
        let provider = delivery.provider.clone();
        let told = Told { reason: reason.to_owned(), route: Vec::new(), message: None };
        Outcome::failed(delivery, delivery.submissions, provider, told)
    }

    /// Nobody wants it any more.
    pub(super) fn canceled(delivery: &Delivery) -> Self {
        Outcome::unsent(delivery, DeliveryState::Canceled)
    }

    /// Feedback about a code: no message, and nothing for the timeline.
    pub(super) fn told(delivery: &Delivery, state: DeliveryState) -> Self {
        Outcome { submissions: delivery.submissions + 1, ..Outcome::unsent(delivery, state) }
    }

    fn unsent(delivery: &Delivery, state: DeliveryState) -> Self {
        Outcome {
            state,
            submissions: delivery.submissions,
            unknowns: delivery.unknowns,
            provider: delivery.provider.clone(),
            reference: None,
            event: None,
        }
    }

    fn failed(delivery: &Delivery, submissions: u32, provider: Option<String>, told: Told) -> Outcome {
        let Told { reason, route, message } = told;
        tracing::warn!(delivery = %delivery.id, provider, reason, "a message was given up");
        Outcome {
            state: DeliveryState::Failed,
            submissions,
            unknowns: delivery.unknowns,
            provider: provider.clone(),
            reference: None,
            event: Some(EventKind::DeliveryFailed {
                delivery: delivery.id,
                provider,
                reason,
                route,
                message,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_store::fixtures::{self, START};

    use super::*;

    #[test]
    fn what_is_told_uses_up_a_try_and_what_is_canceled_does_not() {
        let app = fixtures::app(1);
        let delivery = fixtures::delivery(app, &fixtures::verification(app, START, 1), 1);
        assert_eq!(Outcome::told(&delivery, DeliveryState::Accepted).submissions, delivery.submissions + 1);
        assert_eq!(Outcome::canceled(&delivery).submissions, delivery.submissions);
    }
}
