//! Which submission a receipt is about.
//!
//! Service centres write ids in several forms, give all messages the same one, or send a receipt
//! before they have answered the submission. This memory knows the submissions of the last hour made
//! by this process; what it does not know goes on without a delivery, for the store to find.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use countersign_core::id::DeliveryId;
use countersign_core::verification::ReceiptStatus;

use super::message_id::{IdForm, canonical};
use crate::receipt::CarrierReceipt;

/// Submissions that are remembered, and for how long: receipts that come later change nothing for a
/// code that lives ten minutes.
const MAX_SUBMISSIONS: usize = 50_000;
const SUBMISSION_LIFE: Duration = Duration::from_hours(1);
/// Receipts that wait for the answer to their submission, and for how long.
const MAX_HELD: usize = 4_096;
const HELD_LIFE: Duration = Duration::from_mins(1);

/// The last seven digits of a number: enough to tell phones apart, whatever stands in front of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tail(u32);

impl Tail {
    /// Of any way to write a number; nothing for fewer than seven digits.
    pub(super) fn of(number: &str) -> Option<Self> {
        let mut digits = number.bytes().rev().filter(u8::is_ascii_digit);
        let mut tail = 0;
        for place in 0..7 {
            tail += u32::from(digits.next()? - b'0') * 10_u32.pow(place);
        }
        Some(Tail(tail))
    }
}

/// What a submission is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) delivery: DeliveryId,
    pub(super) tail: Option<Tail>,
    /// Parts of the message.
    pub(super) parts: u8,
}

/// An id that the service centre gave to a part of a submission.
type Id = String;
type Handle = u64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    One(Handle),
    /// The service centre gives the same id to several.
    Several,
}

struct Submission {
    subject: Subject,
    at: Duration,
    ids: Vec<Id>,
    delivered: Vec<Id>,
}

struct Held {
    receipt: CarrierReceipt,
    until: Duration,
}

/// The submissions to one number that are remembered.
#[derive(Clone, Copy)]
struct Several {
    newest: Handle,
    count: usize,
}

/// The memory. Times are those of a monotonic clock.
pub(super) struct Correlator {
    form: IdForm,
    owners: HashMap<Id, Owner>,
    by_tail: HashMap<Tail, Several>,
    /// In the order of their handles, without a gap: they are forgotten in the order in which they came.
    submissions: VecDeque<Submission>,
    /// The handle of the first of them.
    oldest: Handle,
    /// The handle of each submission that still has parts to be answered.
    open: HashMap<DeliveryId, Handle>,
    held: VecDeque<Held>,
    /// How many of the held receipts may be about an id.
    held_ids: HashMap<Id, usize>,
}

impl Correlator {
    pub(super) fn new(form: IdForm) -> Self {
        Correlator {
            form,
            owners: HashMap::new(),
            by_tail: HashMap::new(),
            submissions: VecDeque::new(),
            oldest: 0,
            open: HashMap::new(),
            held: VecDeque::new(),
            held_ids: HashMap::new(),
        }
    }

    /// How receipts write ids.
    pub(super) fn form(&self) -> IdForm {
        self.form
    }

    /// The service centre took a part and gave it an id. Gives the receipts that were waiting for it.
    pub(super) fn accepted(&mut self, subject: Subject, id: &str, now: Duration) -> Vec<CarrierReceipt> {
        self.forget_old(now);
        let id = canonical(id);
        let handle = self.handle_of(subject, now);
        if !id.is_empty() {
            let owner = self.owners.entry(id.clone()).or_insert(Owner::One(handle));
            if *owner != Owner::One(handle) {
                *owner = Owner::Several;
            }
        }
        if let Some(submission) = self.submission_mut(handle) {
            submission.ids.push(id.clone());
            if subject.parts > 1 && submission.ids.len() >= usize::from(subject.parts) {
                self.open.remove(&subject.delivery);
            }
        }
        if self.held_ids.contains_key(&id) { self.release(&id) } else { Vec::new() }
    }

    /// The receipts that waited for this id.
    fn release(&mut self, id: &Id) -> Vec<CarrierReceipt> {
        let mut released = Vec::new();
        for _ in 0..self.held.len() {
            let Some(held) = self.let_go() else { break };
            if held.receipt.ids.contains(id) && self.owner_of(&held.receipt).is_some() {
                let resolved = self.resolve(held.receipt);
                released.push(resolved);
            } else {
                self.hold(held);
            }
        }
        released
    }

    fn hold(&mut self, held: Held) {
        for id in &held.receipt.ids {
            *self.held_ids.entry(id.clone()).or_insert(0) += 1;
        }
        self.held.push_back(held);
    }

    /// The one that was held longest.
    fn let_go(&mut self) -> Option<Held> {
        let held = self.held.pop_front()?;
        for id in &held.receipt.ids {
            if let Some(count) = self.held_ids.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    self.held_ids.remove(id);
                }
            }
        }
        Some(held)
    }

    /// A receipt came: with its delivery, where that is known.
    pub(super) fn receipt(&mut self, receipt: CarrierReceipt, now: Duration) -> CarrierReceipt {
        self.forget_old(now);
        let resolved = self.resolve(receipt);
        if resolved.delivery.is_none() {
            if self.held.len() >= MAX_HELD {
                self.let_go();
            }
            self.hold(Held { receipt: resolved.clone(), until: now + HELD_LIFE });
        }
        resolved
    }

    fn submission(&self, handle: Handle) -> Option<&Submission> {
        self.submissions.get(usize::try_from(handle.checked_sub(self.oldest)?).ok()?)
    }

    fn submission_mut(&mut self, handle: Handle) -> Option<&mut Submission> {
        self.submissions.get_mut(usize::try_from(handle.checked_sub(self.oldest)?).ok()?)
    }

    fn handle_of(&mut self, subject: Subject, now: Duration) -> Handle {
        if let Some(handle) = self.open.get(&subject.delivery) {
            return *handle;
        }
        let handle = self.oldest + self.submissions.len() as Handle;
        let submission = Submission { subject, at: now, ids: Vec::with_capacity(1), delivered: Vec::new() };
        self.submissions.push_back(submission);
        if let Some(tail) = subject.tail {
            let several = self.by_tail.entry(tail).or_insert(Several { newest: handle, count: 0 });
            *several = Several { newest: handle, count: several.count + 1 };
        }
        if subject.parts > 1 {
            self.open.insert(subject.delivery, handle);
        }
        handle
    }

    fn resolve(&mut self, mut receipt: CarrierReceipt) -> CarrierReceipt {
        let Some((handle, id)) = self.owner_of(&receipt) else { return receipt };
        let Some(submission) = self.submission_mut(handle) else { return receipt };
        receipt.delivery = Some(submission.subject.delivery);
        if receipt.status == ReceiptStatus::Delivered && submission.subject.parts > 1 {
            if !submission.delivered.contains(&id) {
                submission.delivered.push(id);
            }
            // A phone shows a message when all of its parts are there.
            if submission.delivered.len() < usize::from(submission.subject.parts) {
                receipt.status = ReceiptStatus::Buffered;
            }
        }
        receipt
    }

    /// The submission that a receipt is about, and which of its ids.
    fn owner_of(&self, receipt: &CarrierReceipt) -> Option<(Handle, Id)> {
        let tail = receipt.destination.as_deref().and_then(|number| Tail::of(number));
        let mut is_shared = receipt.ids.is_empty();
        for id in &receipt.ids {
            match self.owners.get(id) {
                // The wrong form of an id may be another message's id: its number tells.
                Some(Owner::One(handle)) if self.goes_to(*handle, tail) => {
                    return Some((*handle, id.clone()));
                }
                Some(Owner::Several) => is_shared = true,
                Some(Owner::One(_)) | None => {}
            }
        }
        // Without an id of its own, only the one submission to that number can be meant.
        match self.by_tail.get(&tail?) {
            Some(Several { newest, count: 1 }) if is_shared => Some((*newest, String::new())),
            _ => None,
        }
    }

    fn goes_to(&self, handle: Handle, tail: Option<Tail>) -> bool {
        let Some(submission) = self.submission(handle) else { return false };
        match (submission.subject.tail, tail) {
            (Some(sent), Some(reported)) => sent == reported,
            _ => true,
        }
    }

    fn forget_old(&mut self, now: Duration) {
        while self.held.front().is_some_and(|held| held.until <= now) {
            self.let_go();
        }
        while let Some(first) = self.submissions.front() {
            if first.at + SUBMISSION_LIFE > now && self.submissions.len() <= MAX_SUBMISSIONS {
                break;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(submission) = self.submissions.pop_front() else { return };
        self.oldest += 1;
        if submission.subject.parts > 1 {
            self.open.remove(&submission.subject.delivery);
        }
        for id in submission.ids {
            // An id that several have is forgotten with the first of them, and noticed again when it
            // comes again.
            self.owners.remove(&id);
        }
        let Some(tail) = submission.subject.tail else { return };
        if let Some(several) = self.by_tail.get_mut(&tail) {
            several.count -= 1;
            if several.count == 0 {
                self.by_tail.remove(&tail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message_id::candidates;
    use super::*;
    use zeroize::Zeroizing;

    const PHONE: &str = "447700900123";
    const NOW: Duration = Duration::from_secs(1_000);

    fn subject(number: u8, phone: &str, parts: u8) -> Subject {
        Subject { delivery: DeliveryId::from_bytes([number; 16]), tail: Tail::of(phone), parts }
    }

    fn receipt(id: &str, phone: &str, status: ReceiptStatus) -> CarrierReceipt {
        CarrierReceipt {
            provider: "smpp".parse().unwrap(),
            delivery: None,
            ids: candidates(id, IdForm::Auto),
            destination: Some(Zeroizing::new(phone.to_owned())),
            status,
            reason: None,
            reported_at: None,
        }
    }

    fn delivered(id: &str) -> CarrierReceipt {
        receipt(id, PHONE, ReceiptStatus::Delivered)
    }

    fn delivery(number: u8) -> DeliveryId {
        DeliveryId::from_bytes([number; 16])
    }

    fn correlator() -> Correlator {
        Correlator::new(IdForm::Auto)
    }

    #[test]
    fn ids_meet_in_any_form() {
        for (response, receipt) in [("1A2B", "6699"), ("6699", "1a2b"), ("006699", "6699"), ("x1", "X1")] {
            let mut correlator = correlator();
            assert_eq!(correlator.accepted(subject(1, PHONE, 1), response, NOW), []);
            assert_eq!(correlator.receipt(delivered(receipt), NOW).delivery, Some(delivery(1)), "{response}");
        }
    }

    #[test]
    fn the_number_tells_which_of_two_forms_is_meant() {
        let mut correlator = correlator();
        correlator.accepted(subject(1, "447700900111", 1), "10", NOW);
        correlator.accepted(subject(2, PHONE, 1), "16", NOW);
        // Hexadecimal 10 is 16: the number says that this is about 16.
        assert_eq!(correlator.receipt(delivered("10"), NOW).delivery, Some(delivery(2)));
    }

    #[test]
    fn a_receipt_before_its_response_is_not_lost() {
        let mut correlator = correlator();
        assert_eq!(correlator.receipt(delivered("17"), NOW).delivery, None);
        correlator.receipt(delivered("18"), NOW);
        let late = correlator.accepted(subject(1, PHONE, 1), "17", NOW + Duration::from_secs(59));
        let [late] = late.as_slice() else { panic!("{late:?}") };
        assert_eq!((late.delivery, late.status), (Some(delivery(1)), ReceiptStatus::Delivered));
        assert_eq!(correlator.accepted(subject(2, PHONE, 1), "17", NOW + Duration::from_secs(59)), []);
    }

    #[test]
    fn a_receipt_waits_a_minute_at_most() {
        let mut correlator = correlator();
        correlator.receipt(delivered("17"), NOW);
        assert_eq!(correlator.accepted(subject(1, PHONE, 1), "17", NOW + HELD_LIFE), []);
    }

    #[test]
    fn a_constant_id_says_nothing_and_the_number_decides() {
        let mut correlator = correlator();
        let constant = "msg_id_not_implemented";
        correlator.accepted(subject(1, "447700900111", 1), constant, NOW);
        correlator.accepted(subject(2, PHONE, 1), constant, NOW);
        assert_eq!(correlator.receipt(delivered(constant), NOW).delivery, Some(delivery(2)));
        correlator.accepted(subject(3, PHONE, 1), constant, NOW);
        // Two to one number: nobody knows which.
        assert_eq!(correlator.receipt(delivered(constant), NOW).delivery, None);
    }

    #[test]
    fn an_empty_id_is_found_by_its_number() {
        let mut correlator = correlator();
        correlator.accepted(subject(1, PHONE, 1), "", NOW);
        assert_eq!(correlator.receipt(delivered(""), NOW).delivery, Some(delivery(1)));
        assert_eq!(correlator.receipt(delivered("99"), NOW).delivery, None, "a foreign id");
    }

    #[test]
    fn a_message_is_delivered_when_all_its_parts_are() {
        let mut correlator = correlator();
        for id in ["a1", "a2"] {
            correlator.accepted(subject(1, PHONE, 2), id, NOW);
        }
        assert_eq!(correlator.receipt(delivered("a1"), NOW).status, ReceiptStatus::Buffered);
        assert_eq!(correlator.receipt(delivered("a1"), NOW).status, ReceiptStatus::Buffered);
        assert_eq!(correlator.receipt(delivered("a2"), NOW).status, ReceiptStatus::Delivered);
        let failed = correlator.receipt(receipt("a2", PHONE, ReceiptStatus::Failed), NOW);
        assert_eq!((failed.delivery, failed.status), (Some(delivery(1)), ReceiptStatus::Failed));
    }

    #[test]
    fn old_submissions_are_forgotten() {
        let mut correlator = correlator();
        correlator.accepted(subject(1, PHONE, 1), "17", NOW);
        assert_eq!(correlator.receipt(delivered("17"), NOW + SUBMISSION_LIFE).delivery, None);
        assert!(
            correlator.owners.is_empty()
                && correlator.by_tail.is_empty()
                && correlator.submissions.is_empty()
        );
        for n in 0..=MAX_SUBMISSIONS {
            correlator.accepted(subject(2, PHONE, 1), &n.to_string(), NOW + SUBMISSION_LIFE);
        }
        correlator.receipt(delivered("x"), NOW + SUBMISSION_LIFE);
        assert_eq!(correlator.submissions.len(), MAX_SUBMISSIONS);
    }

    #[test]
    fn a_tail_is_the_last_seven_digits() {
        assert_eq!(Tail::of("+44 7700 900123"), Tail::of("07700900123"));
        assert_eq!(Tail::of("0000001"), Some(Tail(1)));
        assert_eq!(Tail::of("123456"), None);
    }
}
