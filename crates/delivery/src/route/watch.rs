//! Follows verifications from their messages to what their customers do, and says what that tells about
//! the routes.
//!
//! The last route that carried the code gets the credit; an earlier one is superseded and counts for
//! nothing, whatever was said of it before. What is forgotten for lack of room tells nothing.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use countersign_core::id::VerificationId;
use countersign_core::time::Timestamp;
use countersign_core::verification::Standing;

use super::conversion::{Evidence, JUDGED_AFTER};
use super::place::Place;
use crate::provider::ProviderName;

/// Messages of one verification that are followed.
const MAX_MESSAGES: usize = 10;

/// Evidence about one route.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Who carried the message.
    pub provider: ProviderName,
    /// Where to.
    pub place: Place,
    /// Who asked for the code.
    pub standing: Standing,
    /// What it says.
    pub evidence: Evidence,
    /// Of a verification: how long after the message.
    pub after: Option<Duration>,
}

/// Verifications whose messages left a moment ago.
pub struct Watch {
    capacity: usize,
    followed: HashMap<VerificationId, Followed>,
    /// When the next message of each is to be judged, or the verification forgotten.
    due: BTreeSet<(Timestamp, VerificationId)>,
}

struct Followed {
    place: Place,
    standing: Standing,
    messages: Vec<Message>,
    next_due: Timestamp,
}

struct Message {
    provider: ProviderName,
    left_at: Timestamp,
    /// Whether the customer asked for another one after it.
    asked_again: bool,
    /// Whether it was said that she did not type the code in time.
    lapsed: bool,
}

/// How long a verification is followed after its last message: no code lives longer (N1).
const FOLLOWED_FOR: Duration = Duration::from_secs(600);

impl Watch {
    /// Follows so many verifications; the one whose turn comes first makes room.
    pub fn new(capacity: usize) -> Self {
        Watch { capacity: capacity.max(1), followed: HashMap::new(), due: BTreeSet::new() }
    }

    /// Verifications that are followed.
    pub fn len(&self) -> usize {
        self.followed.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.followed.is_empty()
    }

    /// A provider took a message, or may have taken it.
    pub fn left(
        &mut self,
        verification: VerificationId,
        provider: ProviderName,
        place: Place,
        standing: Standing,
        now: Timestamp,
    ) {
        let message = Message { provider, left_at: now, asked_again: false, lapsed: false };
        if let Some(followed) = self.followed.get_mut(&verification) {
            if followed.messages.len() < MAX_MESSAGES {
                followed.messages.push(message);
            }
        } else {
            if self.followed.len() >= self.capacity
                && let Some((_, first)) = self.due.pop_first()
            {
                self.followed.remove(&first);
            }
            let followed = Followed { place, standing, messages: vec![message], next_due: now };
            self.followed.insert(verification, followed);
        }
        self.schedule(verification);
    }

    /// The customer asked for another message.
    pub fn asked_again(&mut self, verification: VerificationId) -> Option<Told> {
        let followed = self.followed.get_mut(&verification)?;
        let (place, standing) = (followed.place, followed.standing);
        let last = followed.messages.last_mut().filter(|last| !last.asked_again && !last.lapsed)?;
        last.asked_again = true;
        Some(told(last, place, standing, Evidence::AskedAgain))
    }

    /// The customer typed the code.
    pub fn verified(&mut self, verification: VerificationId, now: Timestamp) -> Vec<Told> {
        let Some(followed) = self.forget(verification) else { return Vec::new() };
        let about = |message: &Message, evidence| told(message, followed.place, followed.standing, evidence);
        let mut all = Vec::new();
        if let Some((last, earlier)) = followed.messages.split_last() {
            let evidence = if last.lapsed { Evidence::VerifiedLate } else { Evidence::Verified };
            let after = Some(now.since(last.left_at));
            all.push(Told { after, ..about(last, evidence) });
            if !last.lapsed && !last.asked_again {
                all.push(about(last, Evidence::NeverAsked));
            }
            let superseded =
                earlier.iter().filter(|message| message.lapsed && message.provider != last.provider);
            all.extend(superseded.map(|message| about(message, Evidence::Retracted)));
        }
        all
    }

    /// It ended in a way that says nothing about routes: canceled, refused, or blocked as fraud. What was
    /// said of its messages before is taken back.
    pub fn ended(&mut self, verification: VerificationId) -> Vec<Told> {
        let Some(followed) = self.forget(verification) else { return Vec::new() };
        let lapsed = followed.messages.iter().filter(|message| message.lapsed);
        lapsed.map(|message| told(message, followed.place, followed.standing, Evidence::Retracted)).collect()
    }

    /// Messages that were not answered in time by now.
    pub fn judge(&mut self, now: Timestamp) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(&(at, verification)) = self.due.first()
            && at <= now
        {
            self.due.pop_first();
            let Some(followed) = self.followed.get_mut(&verification) else { continue };
            let (place, standing) = (followed.place, followed.standing);
            for message in followed.messages.iter_mut().filter(|message| is_over(message, now)) {
                message.lapsed = true;
                all.push(told(message, place, standing, Evidence::Unverified));
                if !message.asked_again {
                    all.push(told(message, place, standing, Evidence::NeverAsked));
                }
            }
            let last = followed.messages.last().map_or(now, |message| message.left_at);
            if last.plus(FOLLOWED_FOR) <= now {
                self.followed.remove(&verification);
            } else {
                self.schedule(verification);
            }
        }
        all
    }

    fn schedule(&mut self, verification: VerificationId) {
        let Some(followed) = self.followed.get_mut(&verification) else { return };
        self.due.remove(&(followed.next_due, verification));
        let open = followed.messages.iter().find(|message| !message.lapsed);
        let last = followed.messages.last().map(|message| message.left_at.plus(FOLLOWED_FOR));
        if let Some(at) = open.map(|message| message.left_at.plus(JUDGED_AFTER)).or(last) {
            followed.next_due = at;
            self.due.insert((at, verification));
        }
    }

    fn forget(&mut self, verification: VerificationId) -> Option<Followed> {
        let followed = self.followed.remove(&verification)?;
        self.due.remove(&(followed.next_due, verification));
        Some(followed)
    }
}

fn is_over(message: &Message, now: Timestamp) -> bool {
    !message.lapsed && message.left_at.plus(JUDGED_AFTER) <= now
}

fn told(message: &Message, place: Place, standing: Standing, evidence: Evidence) -> Told {
    Told { provider: message.provider.clone(), place, standing, evidence, after: None }
}

#[cfg(test)]
mod tests {
    use countersign_core::entropy::Entropy;
    use countersign_core::id::Partition;
    use countersign_core::phone::E164;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn id(number: u8) -> VerificationId {
        VerificationId::new(START, Partition(0), &mut Entropy::from_seed([number; 32]))
    }

    fn send(watch: &mut Watch, number: u8, provider: &str, at: Timestamp) {
        let place = Place::of(&E164::parse_fictional("+447700900123", None).unwrap());
        watch.left(id(number), provider.parse().unwrap(), place, Standing::Stranger, at);
    }

    fn said(all: impl IntoIterator<Item = Told>) -> Vec<(String, Evidence)> {
        all.into_iter().map(|told| (told.provider.to_string(), told.evidence)).collect()
    }

    fn of(provider: &str, evidence: Evidence) -> (String, Evidence) {
        (provider.to_owned(), evidence)
    }

    #[test]
    fn a_code_typed_in_time_speaks_for_its_route_once() {
        let mut watch = Watch::new(10);
        send(&mut watch, 1, "a", START);
        let told = watch.verified(id(1), after(20));
        assert_eq!(told[0].after, Some(Duration::from_secs(20)));
        assert_eq!(said(told), [of("a", Evidence::Verified), of("a", Evidence::NeverAsked)]);
        assert_eq!(said(watch.verified(id(1), after(21))), []);
        assert_eq!(said(watch.judge(after(1000))), []);
        assert!(watch.is_empty());
    }

    #[test]
    fn a_code_never_typed_speaks_against_its_route_after_90_seconds() {
        let mut watch = Watch::new(10);
        send(&mut watch, 1, "a", START);
        assert_eq!(said(watch.judge(after(89))), []);
        assert_eq!(
            said(watch.judge(after(90))),
            [of("a", Evidence::Unverified), of("a", Evidence::NeverAsked)]
        );
        assert_eq!(said(watch.judge(after(91))), []);
        assert_eq!(said(watch.verified(id(1), after(300))), [of("a", Evidence::VerifiedLate)]);
    }

    #[test]
    fn another_route_s_success_takes_back_what_was_said_of_the_first() {
        let mut watch = Watch::new(10);
        send(&mut watch, 1, "a", START);
        assert_eq!(said(watch.asked_again(id(1))), [of("a", Evidence::AskedAgain)]);
        assert_eq!(said(watch.asked_again(id(1))), [], "asked once about one message");
        send(&mut watch, 1, "b", after(40));
        assert_eq!(said(watch.judge(after(95))), [of("a", Evidence::Unverified)]);
        assert_eq!(
            said(watch.verified(id(1), after(100))),
            [of("b", Evidence::Verified), of("b", Evidence::NeverAsked), of("a", Evidence::Retracted)]
        );
    }

    #[test]
    fn what_was_canceled_says_nothing() {
        let mut watch = Watch::new(10);
        send(&mut watch, 1, "a", START);
        assert_eq!(said(watch.ended(id(1))), []);
        send(&mut watch, 2, "a", START);
        watch.judge(after(90));
        assert_eq!(said(watch.ended(id(2))), [of("a", Evidence::Retracted)]);
        assert!(watch.is_empty());
    }

    #[test]
    fn memory_is_bounded_in_number_and_time() {
        let mut watch = Watch::new(3);
        for number in 1..=5 {
            send(&mut watch, number, "a", after(u64::from(number)));
        }
        assert_eq!(watch.len(), 3);
        assert_eq!(said(watch.verified(id(1), after(9))), [], "the oldest made room");
        watch.judge(after(100));
        assert_eq!(watch.len(), 3, "late codes are still told");
        watch.judge(after(700));
        assert!(watch.is_empty() && watch.due.is_empty());
    }
}
