//! What a verification has tried, read from its timeline: the timeline is shared by all nodes.

use std::collections::{HashMap, HashSet};

use countersign_core::event::{Event, EventKind, Turned};
use countersign_core::id::DeliveryId;
use countersign_delivery::provider::ProviderName;
use countersign_delivery::route::attempt::{Attempt, AttemptResult, History};

/// What a verification has tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Its hand-overs.
    pub history: History,
    /// Those whose node died before it told by whom: it is not known who carried them.
    pub nameless: usize,
    /// Deliveries that nobody asked for: a carrier gave up the one before.
    pub failovers: HashSet<DeliveryId>,
}

/// Reads a timeline, the oldest event first. With `only`, what was tried for other deliveries counts against the
/// bounds alone.
pub fn past(events: &[Event], only: Option<DeliveryId>) -> Past {
    let mut past = Past::default();
    let mut carriers: HashMap<DeliveryId, ProviderName> = HashMap::new();
    // Receipts that were faster than the answer to their submission.
    let mut early: HashSet<(DeliveryId, ProviderName)> = HashSet::new();
    // Who may have sent it without an answer; its word may come when another one has taken it over.
    let mut unanswered: HashSet<(DeliveryId, ProviderName)> = HashSet::new();
    for event in events {
        let (delivery, provider, result, cost) = match &event.kind {
            EventKind::DeliveryAccepted { delivery, provider, cost, .. } => {
                (delivery, Some(provider), AttemptResult::Accepted, *cost)
            }
            EventKind::DeliveryRetrying { delivery, provider, turned, .. } => {
                let result = match turned {
                    Turned::Away => AttemptResult::TurnedAway,
                    Turned::Down => AttemptResult::Refused,
                };
                (delivery, Some(provider), result, None)
            }
            EventKind::DeliveryUnknown { delivery, provider, cost, .. } => {
                (delivery, provider.as_ref(), AttemptResult::Unknown, *cost)
            }
            EventKind::DeliveryFailed { delivery, provider, .. } => {
                (delivery, provider.as_ref(), AttemptResult::Refused, None)
            }
            EventKind::Receipt { delivery, provider, status } => {
                let said_by = provider.as_ref().and_then(|name| name.parse::<ProviderName>().ok());
                let was_asked = |name: &ProviderName| unanswered.contains(&(*delivery, name.clone()));
                let earlier = said_by.clone().filter(was_asked);
                let carrier = earlier.as_ref().or_else(|| carriers.get(delivery));
                if let Some(provider) = said_by.filter(|said_by| carrier != Some(said_by)) {
                    if only.is_none_or(|only| only == *delivery) {
                        let result = AttemptResult::Unknown.after(*status);
                        carriers.insert(*delivery, provider.clone());
                        early.insert((*delivery, provider.clone()));
                        past.history.push(Attempt { provider, at: event.at, result, cost: None });
                    }
                } else if let Some(carrier) = carrier {
                    let last = past.history.of(carrier).next_back().map(|attempt| attempt.result);
                    let result = last.unwrap_or(AttemptResult::Unknown).after(*status);
                    past.history.settle(carrier, result);
                }
                continue;
            }
            EventKind::FailedOver { delivery, .. } => {
                past.failovers.insert(*delivery);
                continue;
            }
            _ => continue,
        };
        if only.is_some_and(|only| only != *delivery) {
            if let Some(provider) = provider.and_then(|name| name.parse::<ProviderName>().ok()) {
                past.history.push_aside(Attempt { provider, at: event.at, result, cost });
            }
            continue;
        }
        match provider.and_then(|name| name.parse::<ProviderName>().ok()) {
            // Its receipt told already, and later words than this one.
            Some(provider) if early.remove(&(*delivery, provider.clone())) => {
                past.history.charge(&provider, cost);
            }
            Some(provider) => {
                carriers.insert(*delivery, provider.clone());
                if result == AttemptResult::Unknown {
                    unanswered.insert((*delivery, provider.clone()));
                }
                past.history.push(Attempt { provider, at: event.at, result, cost });
            }
            None => past.nameless += usize::from(result == AttemptResult::Unknown),
        }
    }
    past
}

#[cfg(test)]
mod tests {
    use countersign_core::event::EventKind::{
        DeliveryAccepted, DeliveryFailed, DeliveryRetrying, DeliveryUnknown, Receipt,
    };
    use countersign_core::verification::ReceiptStatus;
    use countersign_store::fixtures::{self, START};

    use super::*;

    fn delivery(number: u64) -> DeliveryId {
        fixtures::delivery_id(START, number)
    }

    fn of(kinds: Vec<EventKind>) -> (Vec<(String, AttemptResult)>, usize) {
        let (app, verification) = (fixtures::app(1), fixtures::verification_id(START, 1));
        let events: Vec<Event> =
            kinds.into_iter().map(|kind| fixtures::event(app, verification, START, kind)).collect();
        let past = past(&events, None);
        let attempts = past.history.attempts().iter();
        (attempts.map(|attempt| (attempt.provider.to_string(), attempt.result)).collect(), past.nameless)
    }

    #[test]
    fn a_timeline_tells_who_was_tried_and_what_became_of_it() {
        let accepted = |number, provider: &str| DeliveryAccepted {
            delivery: delivery(number),
            provider: provider.to_owned(),
            submissions: 1,
            cost: None,
            route: Vec::new(),
            message: None,
        };
        let retrying = |provider: &str, turned| DeliveryRetrying {
            delivery: delivery(1),
            provider: provider.to_owned(),
            reason: "any".to_owned(),
            turned,
            retry_at: START,
            route: Vec::new(),
            message: None,
        };
        let unknown = |provider: Option<&str>| DeliveryUnknown {
            delivery: delivery(3),
            provider: provider.map(ToOwned::to_owned),
            cost: None,
            route: Vec::new(),
            message: None,
        };
        let receipt = |number, provider: Option<&str>| Receipt {
            delivery: delivery(number),
            provider: provider.map(ToOwned::to_owned),
            status: ReceiptStatus::Failed,
        };
        let failed = DeliveryFailed {
            delivery: delivery(4),
            provider: Some("d".to_owned()),
            reason: "any".to_owned(),
            route: Vec::new(),
            message: None,
        };
        let (attempts, nameless) = of(vec![
            retrying("a", Turned::Away),
            retrying("b", Turned::Down),
            accepted(1, "c"),
            accepted(2, "a"),
            receipt(1, None),
            receipt(9, None),
            unknown(Some("b")),
            unknown(None),
            failed,
        ]);
        let expected = [
            ("a", AttemptResult::TurnedAway),
            ("b", AttemptResult::Refused),
            ("c", AttemptResult::Failed),
            ("a", AttemptResult::Accepted),
            ("b", AttemptResult::Unknown),
            ("d", AttemptResult::Refused),
        ];
        assert_eq!(attempts, expected.map(|(name, result)| (name.to_owned(), result)));
        assert_eq!(nameless, 1);
    }

    #[test]
    fn a_carrier_that_left_a_message_unanswered_may_say_later_that_it_arrived() {
        let unknown = |provider: &str| DeliveryUnknown {
            delivery: delivery(1),
            provider: Some(provider.to_owned()),
            cost: None,
            route: Vec::new(),
            message: None,
        };
        let delivered = |provider: &str| Receipt {
            delivery: delivery(1),
            provider: Some(provider.to_owned()),
            status: ReceiptStatus::Delivered,
        };
        let told = of(vec![unknown("a"), unknown("b"), delivered("a")]).0;
        let expected = [("a", AttemptResult::Delivered), ("b", AttemptResult::Unknown)];
        assert_eq!(told, expected.map(|(name, result)| (name.to_owned(), result)));
    }

    #[test]
    fn a_receipt_that_comes_before_the_answer_tells_who_was_tried() {
        let receipt = |number, provider: &str| Receipt {
            delivery: delivery(number),
            provider: Some(provider.to_owned()),
            status: ReceiptStatus::Failed,
        };
        let accepted = |number, provider: &str| DeliveryAccepted {
            delivery: delivery(number),
            provider: provider.to_owned(),
            submissions: 1,
            cost: None,
            route: Vec::new(),
            message: None,
        };
        let failed = |provider: &str| (provider.to_owned(), AttemptResult::Failed);
        assert_eq!(of(vec![receipt(1, "a")]).0, [failed("a")]);
        let told = of(vec![receipt(1, "a"), accepted(1, "a"), accepted(2, "b"), receipt(2, "b")]).0;
        assert_eq!(told, [failed("a"), failed("b")]);
        let again = of(vec![receipt(1, "a"), accepted(1, "a"), accepted(2, "a")]).0;
        assert_eq!(again, [failed("a"), ("a".to_owned(), AttemptResult::Accepted)]);
    }

    #[test]
    fn what_was_tried_for_other_messages_counts_against_the_bounds_alone() {
        let accepted = |number, provider: &str| DeliveryAccepted {
            delivery: delivery(number),
            provider: provider.to_owned(),
            submissions: 1,
            cost: None,
            route: Vec::new(),
            message: None,
        };
        let (app, verification) = (fixtures::app(1), fixtures::verification_id(START, 1));
        let late =
            Receipt { delivery: delivery(1), provider: Some("a".to_owned()), status: ReceiptStatus::Failed };
        let kinds = [accepted(1, "a"), accepted(2, "b"), late, accepted(3, "c")];
        let events = kinds.map(|kind| fixtures::event(app, verification, START, kind));
        let past = past(&events, Some(delivery(2)));
        let own: Vec<_> = past.history.attempts().iter().map(|attempt| attempt.provider.as_str()).collect();
        assert_eq!(own, ["b"]);
        assert_eq!((past.history.tries(), past.history.sends()), (3, 3));
    }
}
