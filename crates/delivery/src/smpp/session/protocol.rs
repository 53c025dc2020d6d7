//! The state of one bound connection, without its input and output.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::super::correlate::Subject;
use super::super::pdu::{
    Decoded, Frame, Pdu, Quirk, Quirks, RESPONSE, Role, Taken, decode, encode, set_sequence_number,
};
use super::super::shared::Shared;
use super::super::status::{Status, StatusClass};
use super::numbers::ByNumber;
use super::outbox::Outbox;
use super::pace::Pace;
use super::queue::{Doubt, Job, NotWritten, Outcome, Taker};

/// The last sequence number; 1 follows (SMPP 3.4 §3.2).
const LAST_SEQUENCE_NUMBER: u32 = 0x7fff_ffff;
/// Unanswered `enquire_link`s that end a connection.
const MAX_MISSED: u32 = 2;
/// Requests whose answer may still come after they were given up.
const MAX_LATE: usize = 256;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// We are shutting down.
    Shutdown,
    /// The peer said good-bye.
    Unbound,
    /// The peer's lengths make no sense.
    NotUnderstood,
    /// It broke, or the peer is silent.
    Lost(&'static str),
}

/// A request that waits for its response.
struct InFlight {
    group: u64,
    request: u32,
    /// Where it ends in all that was ever written.
    end: u64,
}

/// The parts of one request.
struct Group {
    reply: tokio::sync::oneshot::Sender<Outcome>,
    subject: Option<Subject>,
    total: usize,
    sent: usize,
    waiting: usize,
    accepted: usize,
    refused: Option<Status>,
    doubt: Option<Doubt>,
    last: Option<Pdu>,
}

/// A request some of whose parts are still to be written.
struct Current {
    parts: Vec<Zeroizing<Vec<u8>>>,
    group: u64,
    next: usize,
}

enum Probe {
    Quiet,
    Waiting { deadline: Instant, missed: u32 },
}

enum Leaving {
    No,
    /// No new requests; answers are waited for.
    Draining {
        deadline: Instant,
    },
    /// Good-bye was said.
    Unbinding {
        deadline: Instant,
    },
}

/// One bound connection.
pub(super) struct Protocol<'a> {
    shared: &'a Shared,
    /// Nothing for a connection that receives only.
    taker: Option<Taker<'a>>,
    pub(super) outbox: Outbox,
    pace: Pace,
    in_flight: ByNumber<u32, InFlight>,
    /// When they are given up: in the order in which they were written.
    deadlines: VecDeque<(u32, Instant)>,
    late: VecDeque<(u32, Subject)>,
    groups: ByNumber<u64, Group>,
    next_group: u64,
    current: Option<Current>,
    sequence_number: u32,
    last_heard: Instant,
    probe: Probe,
    leaving: Leaving,
    pub(super) ended: Option<Ended>,
    /// Whether requests were answered since [`Protocol::take_answered`] was asked.
    answered: bool,
    /// What was told of requests without an answer.
    told_unanswered: usize,
}

impl<'a> Protocol<'a> {
    /// After a bind with sequence number `bound_with`.
    pub(super) fn new(shared: &'a Shared, role: Role, bound_with: u32, now: Instant) -> Self {
        Protocol {
            shared,
            taker: role.sends().then(|| shared.queue.taker()),
            outbox: Outbox::default(),
            pace: Pace::new(shared.settings.max_per_second),
            in_flight: ByNumber::default(),
            deadlines: VecDeque::new(),
            late: VecDeque::new(),
            groups: ByNumber::default(),
            next_group: 0,
            current: None,
            sequence_number: bound_with,
            last_heard: now,
            probe: Probe::Quiet,
            leaving: Leaving::No,
            ended: None,
            answered: false,
            told_unanswered: 0,
        }
    }

    /// Tells how many requests wait for an answer, for the figures.
    pub(super) fn tell_unanswered(&mut self) {
        let (before, now) = (self.told_unanswered, self.in_flight.len());
        if now != before {
            self.shared.unanswered.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
            self.told_unanswered = now;
        }
    }

    fn next_sequence_number(&mut self) -> u32 {
        loop {
            self.sequence_number =
                if self.sequence_number >= LAST_SEQUENCE_NUMBER { 1 } else { self.sequence_number + 1 };
            if !self.in_flight.contains_key(&self.sequence_number) {
                return self.sequence_number;
            }
        }
    }

    fn write(&mut self, pdu: &Pdu, status: Status, sequence_number: u32) {
        // What is written here has no field that could be wrong.
        let written = encode(pdu, status.0, sequence_number, self.outbox.room());
        debug_assert!(written.is_ok());
    }

    // --- Requests -------------------------------------------------------------------------------

    pub(super) fn has_place(&self) -> bool {
        matches!(self.leaving, Leaving::No)
            && self.ended.is_none()
            && self.in_flight.len() < usize::from(self.shared.settings.window)
            && self.outbox.has_room()
    }

    /// Whether to wait for requests.
    pub(super) fn wants_requests(&self, now: Instant) -> bool {
        self.taker.is_some() && self.current.is_none() && self.has_place() && self.pace.ready(now).is_ok()
    }

    /// Puts as many requests into the outbox as window and pace allow.
    pub(super) fn take_requests(&mut self, now: Instant) {
        while self.has_place() && self.pace.ready(now).is_ok() {
            let current = match self.current.take() {
                Some(current) => current,
                None => match self.taker.as_ref().and_then(|taker| taker.take(now)) {
                    Some(job) => self.open_group(job),
                    None => return,
                },
            };
            self.send_part(current, now);
        }
    }

    fn send_part(&mut self, mut current: Current, now: Instant) {
        let id = current.group;
        let sequence_number = self.next_sequence_number();
        let Some(group) = self.groups.get_mut(&id) else { return };
        let Some(part) = current.parts.get_mut(current.next) else { return };
        set_sequence_number(part, sequence_number);
        let request = part.get(4..8).and_then(|id| id.try_into().ok()).map_or(0, u32::from_be_bytes);
        group.sent += 1;
        group.waiting += 1;
        self.outbox.room().extend_from_slice(part);
        let end = self.outbox.end();
        self.in_flight.insert(sequence_number, InFlight { group: id, request, end });
        self.deadlines.push_back((sequence_number, now + self.shared.settings.response));
        self.pace.spend(now);
        current.next += 1;
        if current.next < group.total {
            self.current = Some(current);
        }
    }

    fn open_group(&mut self, job: Job) -> Current {
        let id = self.next_group;
        self.next_group += 1;
        let Job { parts, subject, reply, .. } = job;
        let group = Group {
            reply,
            subject,
            total: parts.len(),
            sent: 0,
            waiting: 0,
            accepted: 0,
            refused: None,
            doubt: None,
            last: None,
        };
        self.groups.insert(id, group);
        Current { parts, group: id, next: 0 }
    }

    /// After a part was refused or is in doubt the rest is of no use.
    fn abandon_rest(&mut self, id: u64) {
        if self.current.as_ref().is_some_and(|current| current.group == id) {
            self.current = None;
        }
        if let Some(group) = self.groups.get_mut(&id) {
            group.total = group.sent;
        }
    }

    /// Says what became of a request, once all of its parts have ended.
    fn resolve(&mut self, id: u64) {
        let is_over =
            self.groups.get(&id).is_some_and(|group| group.waiting == 0 && group.sent >= group.total);
        if !is_over {
            return;
        }
        let Some(group) = self.groups.remove(&id) else { return };
        let outcome = match (group.doubt, group.refused, group.last) {
            (Some(doubt), _, _) => Outcome::Unknown(doubt),
            (None, Some(status), _) => Outcome::Refused(status),
            (None, None, Some(last)) => Outcome::Accepted(Box::new(last)),
            (None, None, None) => Outcome::NotWritten(NotWritten::ConnectionLost),
        };
        self.answered = true;
        // That nobody waits any more is no error.
        let _ = group.reply.send(outcome);
    }

    /// Whether requests were answered since the last time: then their senders may have more.
    pub(super) fn take_answered(&mut self) -> bool {
        std::mem::take(&mut self.answered)
    }

    // --- What comes in ----------------------------------------------------------------------------

    /// A PDU came.
    pub(super) fn on_frame(&mut self, frame: &Frame<'_>, now: Instant) {
        self.last_heard = now;
        self.probe = Probe::Quiet;
        let Decoded { pdu, mut quirks } = decode(frame);
        let (status, sequence_number) = (Status(frame.header.command_status), frame.header.sequence_number);
        match pdu {
            Pdu::SubmitSmResp(_) | Pdu::QuerySmResp(_) | Pdu::CancelSmResp | Pdu::GenericNack => {
                self.on_response(sequence_number, status, pdu, now, &mut quirks);
            }
            Pdu::EnquireLink => self.write(&Pdu::EnquireLinkResp, Status(0), sequence_number),
            Pdu::DeliverSm(message) => {
                let answer = self.shared.receive(&(&*message).into());
                self.write(&Pdu::DeliverSmResp(Taken::default()), answer, sequence_number);
            }
            Pdu::DataSm(data) => {
                let answer = self.shared.receive(&(&*data).into());
                self.write(&Pdu::DataSmResp(Taken::default()), answer, sequence_number);
            }
            Pdu::Unbind => {
                self.write(&Pdu::UnbindResp, Status(0), sequence_number);
                self.ended = Some(Ended::Unbound);
            }
            Pdu::UnbindResp => match self.leaving {
                Leaving::Unbinding { .. } => self.ended = Some(Ended::Shutdown),
                _ => quirks.note(Quirk::UnexpectedResponse),
            },
            // alert_notification and outbind have no response (§4.12.1, §4.1.7).
            Pdu::EnquireLinkResp | Pdu::Other(0x0102 | 0x000b) => {}
            other if other.command_id() & RESPONSE == 0 => {
                quirks.note(Quirk::UnexpectedCommand);
                self.write(&Pdu::GenericNack, Status::INVALID_COMMAND, sequence_number);
            }
            _ => quirks.note(Quirk::UnexpectedResponse),
        }
        self.shared.note(quirks, frame);
    }

    /// Where the next PDU begins cannot be known.
    pub(super) fn on_framing_error(&mut self) {
        self.shared.counters.framing_errors.add();
        self.write(&Pdu::GenericNack, Status::INVALID_LENGTH, 0);
        self.ended = Some(Ended::NotUnderstood);
    }

    fn on_response(
        &mut self,
        sequence_number: u32,
        status: Status,
        pdu: Pdu,
        now: Instant,
        quirks: &mut Quirks,
    ) {
        let is_nack = pdu == Pdu::GenericNack;
        let fits = self
            .in_flight
            .get(&sequence_number)
            .is_some_and(|waiting| is_nack || waiting.request | RESPONSE == pdu.command_id());
        if !fits {
            quirks.note(Quirk::UnexpectedResponse);
            self.on_late_response(sequence_number, status, &pdu);
            return;
        }
        let Some(in_flight) = self.in_flight.remove(&sequence_number) else { return };
        self.forget_answered_deadlines();
        // A nack is a refusal, whatever status it has.
        let refused = if is_nack && status.0 == 0 { Status::INVALID_COMMAND } else { status };
        if refused.0 != 0 {
            if self.shared.settings.statuses.class(refused) == StatusClass::Throttled {
                self.pace.pause(now + self.shared.settings.throttle_pause);
            }
            self.end_part(in_flight.group, |group| {
                group.refused.get_or_insert(refused);
            });
            return;
        }
        let subject = self.groups.get(&in_flight.group).and_then(|group| group.subject);
        self.remember(subject, &pdu);
        let Some(group) = self.groups.get_mut(&in_flight.group) else { return };
        group.waiting -= 1;
        group.accepted += 1;
        group.last = Some(pdu);
        self.resolve(in_flight.group);
    }

    /// An answer after the request was given up. Its id still tells which receipt is about it.
    fn on_late_response(&mut self, sequence_number: u32, status: Status, pdu: &Pdu) {
        let Some(at) = self.late.iter().position(|(late, _)| *late == sequence_number) else { return };
        let Some((_, subject)) = self.late.remove(at) else { return };
        self.shared.counters.late_responses.add();
        if status.0 == 0 {
            self.remember(Some(subject), pdu);
        }
    }

    fn remember(&self, subject: Option<Subject>, pdu: &Pdu) {
        if let (Some(subject), Pdu::SubmitSmResp(taken)) = (subject, pdu) {
            self.shared.accepted(subject, &taken.message_id);
        }
    }

    fn end_part(&mut self, id: u64, mark: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.waiting -= 1;
            mark(group);
        }
        self.abandon_rest(id);
        self.resolve(id);
    }

    fn forget_answered_deadlines(&mut self) {
        while self.deadlines.front().is_some_and(|(number, _)| !self.in_flight.contains_key(number)) {
            self.deadlines.pop_front();
        }
        // One request that stays unanswered holds up the front of the line only.
        if self.deadlines.len() > 4 * usize::from(self.shared.settings.window) + 64 {
            self.deadlines.retain(|(number, _)| self.in_flight.contains_key(number));
        }
    }

    // --- Time ---------------------------------------------------------------------------------------

    /// Does what is due.
    pub(super) fn on_time(&mut self, now: Instant) {
        self.give_up_unanswered(now);
        match self.leaving {
            Leaving::No => self.probe(now),
            Leaving::Draining { deadline } if self.groups.is_empty() || deadline <= now => {
                let sequence_number = self.next_sequence_number();
                self.write(&Pdu::Unbind, Status(0), sequence_number);
                self.leaving = Leaving::Unbinding { deadline: now + self.shared.settings.shutdown };
            }
            Leaving::Unbinding { deadline } if deadline <= now => self.ended = Some(Ended::Shutdown),
            Leaving::Draining { .. } | Leaving::Unbinding { .. } => {}
        }
    }

    fn give_up_unanswered(&mut self, now: Instant) {
        while let Some((number, _)) = self.deadlines.pop_front_if(|(_, deadline)| *deadline <= now) {
            let Some(in_flight) = self.in_flight.remove(&number) else { continue };
            let subject = self.groups.get(&in_flight.group).and_then(|group| group.subject);
            if let Some(subject) = subject {
                if self.late.len() >= MAX_LATE {
                    self.late.pop_front();
                }
                self.late.push_back((number, subject));
            }
            self.end_part(in_flight.group, |group| {
                group.doubt.get_or_insert(Doubt::Unanswered);
            });
        }
        self.forget_answered_deadlines();
    }

    /// Asks a silent peer whether it is there.
    fn probe(&mut self, now: Instant) {
        let missed = match self.probe {
            Probe::Quiet if now >= self.last_heard + self.shared.settings.idle => 0,
            Probe::Waiting { deadline, missed } if deadline <= now => missed + 1,
            Probe::Quiet | Probe::Waiting { .. } => return,
        };
        if missed > 0 {
            self.shared.counters.enquire_links_unanswered.add();
        }
        if missed >= MAX_MISSED {
            self.ended = Some(Ended::Lost("enquire_link_unanswered"));
            return;
        }
        let sequence_number = self.next_sequence_number();
        self.write(&Pdu::EnquireLink, Status(0), sequence_number);
        self.probe = Probe::Waiting { deadline: now + self.shared.settings.enquire_link, missed };
    }

    /// When [`Protocol::on_time`] is due next.
    pub(super) fn wake_at(&self, now: Instant) -> Instant {
        let own = match (&self.leaving, &self.probe) {
            (Leaving::No, Probe::Quiet) => self.last_heard + self.shared.settings.idle,
            (Leaving::No, Probe::Waiting { deadline, .. })
            | (Leaving::Draining { deadline } | Leaving::Unbinding { deadline }, _) => *deadline,
        };
        let unanswered = self.deadlines.front().map(|(_, deadline)| *deadline);
        let paced = self.pace.ready(now).err();
        let waiting = self.taker.as_ref().and_then(|taker| taker.turn_away_late(now));
        [unanswered, paced, waiting].into_iter().flatten().fold(own, Instant::min)
    }

    /// Takes no more requests, waits for answers, and says good-bye.
    pub(super) fn leave(&mut self, now: Instant, patience: Duration) {
        self.taker = None;
        if let Some(current) = self.current.take() {
            let id = current.group;
            if let Some(group) = self.groups.get_mut(&id) {
                group.doubt.get_or_insert(Doubt::CutMidway);
            }
            self.abandon_rest(id);
            self.resolve(id);
        }
        self.leaving = Leaving::Draining { deadline: now + patience };
        self.on_time(now);
    }

    pub(super) fn is_leaving(&self) -> bool {
        !matches!(self.leaving, Leaving::No)
    }

    /// The connection is gone: says of every request what is known about it.
    pub(super) fn finish(mut self) {
        self.taker = None;
        let taken = self.outbox.taken();
        self.shared.unanswered.fetch_sub(self.told_unanswered, Ordering::Relaxed);
        let rest: Vec<InFlight> = self.in_flight.drain().map(|(_, in_flight)| in_flight).collect();
        for in_flight in rest {
            // A PDU that was not written to its end cannot have been read.
            let was_written = in_flight.end <= taken;
            self.end_part(in_flight.group, |group| {
                if was_written {
                    group.doubt.get_or_insert(Doubt::ConnectionLost);
                } else if group.accepted > 0 {
                    group.doubt.get_or_insert(Doubt::CutMidway);
                }
            });
        }
        // Parts were taken, and the others never written.
        for (_, group) in self.groups.drain() {
            let outcome = if group.sent == 0 {
                Outcome::NotWritten(NotWritten::ConnectionLost)
            } else {
                Outcome::Unknown(Doubt::CutMidway)
            };
            let _ = group.reply.send(outcome);
        }
    }
}
