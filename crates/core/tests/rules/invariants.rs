//! What must hold after every step, whatever the command. Counts for itself, from events and
//! outcomes, wherever it can, so that a counter that is wrong cannot vouch for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign_core::challenge::MAX_WRONG_SOLUTIONS;
use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::device::MAX_DEVICES;
use countersign_core::event::{Event, EventKind};
use countersign_core::id::{DeliveryId, EventId, VerificationId};
use countersign_core::policy::{
    MAX_CHALLENGED, MAX_CONSECUTIVE_FAILURES, MAX_FAILOVERS, MAX_LIFETIME, MAX_LIVE, MAX_RECOVERIES,
    NOTICE_LIFETIME, Policy,
};
use countersign_core::purpose::Purpose;
use countersign_core::step::{Command, Effect, Outcome, Step};
use countersign_core::subject::{MAX_KNOWN_CUSTOMERS, Subject};
use countersign_core::time::Timestamp;
use countersign_core::verification::{Channel, MAX_REMEMBERED, Standing, State, Verification};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Everything that ever happened to one subject.
#[derive(Default)]
pub(crate) struct Ledger {
    approvals: BTreeMap<VerificationId, u32>,
    redeems: BTreeMap<VerificationId, u32>,
    notices: BTreeMap<VerificationId, u32>,
    evaluated: BTreeMap<VerificationId, u32>,
    codes: BTreeMap<(VerificationId, u8), String>,
    event_ids: BTreeSet<EventId>,
    sends_at: Vec<Timestamp>,
    misses_at: BTreeMap<Standing, Vec<Timestamp>>,
    misses_in_a_row: BTreeMap<Standing, u32>,
}

impl Ledger {
    /// Judges one step before it is committed.
    pub(crate) fn judge(
        &mut self,
        policy: &Policy,
        before: &Subject,
        command: &Command,
        taken: &Step,
        now: Timestamp,
    ) {
        let after = &taken.subject;
        assert!(after.record.last_step_at >= before.record.last_step_at, "I13: time ran backwards");
        assert_eq!((after.app, after.key), (before.app, before.key));
        if matches!(taken.outcome, Outcome::NotFound) {
            assert!(
                kinds(&taken.effects).all(|kind| *kind == EventKind::Expired),
                "something happened to nothing"
            );
        }
        for effect in &taken.effects {
            if let Effect::Event(event) = effect {
                self.event(before, after, event, now);
            }
        }
        for verification in &after.verifications {
            let earlier = before.verification(verification.id);
            self.verification(earlier, verification, taken, now);
        }
        self.sends(policy, taken, now);
        self.failures(policy, command, after, now);
        bounds(policy, before, after);
    }

    /// Notes a message as it would be written.
    pub(crate) fn sent(&mut self, verification: VerificationId, generation: u8, code: &str) {
        let known = self.codes.entry((verification, generation)).or_insert_with(|| code.to_owned());
        assert_eq!(known, code, "I5: two codes in one generation");
    }

    fn event(&mut self, before: &Subject, after: &Subject, event: &Event, now: Timestamp) {
        assert!(self.event_ids.insert(event.id), "two events have one id");
        assert_eq!(event.at, now);
        let id = event.verification;
        // A theft is told to the verification that granted the device, long ago.
        if matches!(event.kind, EventKind::DeviceRevoked { .. }) {
            return;
        }
        let verification = after.verification(id).unwrap();
        let standing = verification.standing;
        match event.kind {
            EventKind::Approved => {
                let count = self.approvals.entry(id).or_default();
                *count += 1;
                assert_eq!(*count, 1, "I1: approved twice");
                assert!(!verification.is_ghost(), "I16: a ghost was approved");
                assert!(before.verification(id).unwrap().is_pending(), "approved without being pending");
                assert!(now < verification.expires_at, "N1: approved after its time");
                assert!(now < verification.created_at.plus(MAX_LIFETIME), "N1: approved after ten minutes");
                // N10: a code that went by e-mail takes no failure away.
                if !by_email(verification) {
                    self.misses_in_a_row.insert(standing, 0);
                    self.misses_at.remove(&standing);
                }
            }
            EventKind::CheckIncorrect { .. } | EventKind::CheckSuperseded { .. } => {
                self.misses_at.entry(standing).or_default().push(now);
                *self.misses_in_a_row.entry(standing).or_default() += 1;
            }
            EventKind::Redeemed => {
                let count = self.redeems.entry(id).or_default();
                *count += 1;
                assert_eq!(*count, 1, "I1: redeemed twice");
                let needs_the_phone =
                    matches!(verification.purpose, Purpose::Payment | Purpose::AccountChange);
                assert!(!needs_the_phone || !by_email(verification), "N10: an e-mail proved a phone");
            }
            _ => {}
        }
        if matches!(
            event.kind,
            EventKind::Approved | EventKind::CheckIncorrect { .. } | EventKind::CheckSuperseded { .. }
        ) {
            let count = self.evaluated.entry(id).or_default();
            *count += 1;
            assert!(*count <= u32::from(verification.max_attempts), "I2: more guesses than attempts");
        }
    }

    fn verification(
        &self,
        earlier: Option<&Verification>,
        later: &Verification,
        taken: &Step,
        now: Timestamp,
    ) {
        let id = later.id;
        let evaluated = self.evaluated.get(&id).copied().unwrap_or(0);
        assert!(u32::from(later.attempts_used) >= evaluated, "I2: a guess was not counted");
        assert!(later.attempts_used <= later.max_attempts);
        let asked = usize::from(later.sends);
        assert!(
            (asked..=asked + MAX_FAILOVERS).contains(&later.deliveries.len()),
            "a send left no trace, or one too many"
        );
        assert!(later.remembered.len() <= MAX_REMEMBERED);
        assert!(
            is_recovery(later) || later.expires_at.since(later.created_at) <= MAX_LIFETIME,
            "N1: lives longer than ten minutes"
        );
        assert!(later.holds_slot() || later.email.is_none(), "an e-mail address outlived its verification");
        if later.deliveries.is_empty() {
            self.unsent(earlier, later, taken, now);
            return;
        }
        assert_eq!(later.deliveries.last().map(|last| last.channel), Some(later.channel));
        if let Some(workflow) = &later.workflow {
            assert!((1..=workflow.steps.len()).contains(&usize::from(workflow.taken)));
            assert!(
                workflow.next_at.is_none() || workflow.next().is_some(),
                "a step that is not there is due"
            );
        }
        if later.is_live() {
            assert!(now < later.expires_at, "a step left an overdue verification pending");
        } else {
            assert!(
                !taken.effects.iter().any(|e| {
                    matches!(e, Effect::Send(d) if d.verification == id && d.kind != DeliveryKind::PhoneChangeNotice)
                }),
                "I3: a message for a verification that has ended"
            );
        }
        let Some(earlier) = earlier else {
            assert!(later.is_live(), "born ended");
            return;
        };
        assert!(later.attempts_used >= earlier.attempts_used, "I2: attempts were lowered");
        assert!(later.sends >= earlier.sends);
        if earlier.challenge().is_some() && later.is_pending() {
            assert_eq!(later.created_at, now, "N1: the life of a code runs from its first message");
            assert_eq!((later.sends, later.deliveries.len()), (1, 1), "the first message, and no other");
        } else {
            assert_eq!(
                (later.expires_at, later.created_at),
                (earlier.expires_at, earlier.created_at),
                "life changed"
            );
        }
        assert_eq!(later.digest, earlier.digest, "the binding changed");
        if earlier.is_live() && !later.is_live() {
            let is_stopped = |delivery: &Delivery| {
                // The notice that a recovery was used is what ends it.
                delivery.verification == id
                    && Some(delivery.id) != later.phone_change.as_ref().map(|c| c.notice.id)
            };
            let last_send = taken.effects.iter().rposition(|e| matches!(e, Effect::Send(d) if is_stopped(d)));
            let all: Vec<DeliveryId> = later.deliveries.iter().map(|trace| trace.id).collect();
            let stop =
                taken.effects.iter().rposition(|e| matches!(e, Effect::CancelDeliveries(ids) if *ids == all));
            assert!(stop.is_some() && stop > last_send, "I3: its messages were not stopped");
        }
        assert!(allowed(&earlier.state, &later.state), "{:?} became {:?}", earlier.state, later.state);
    }

    /// What holds of a verification of which nothing was ever sent.
    fn unsent(&self, earlier: Option<&Verification>, later: &Verification, taken: &Step, now: Timestamp) {
        assert_eq!((later.sends, later.is_pending()), (0, false), "a code that nobody was sent");
        assert_eq!(self.evaluated.get(&later.id), None, "I2: a guess without a code");
        assert!(later.challenge().is_none_or(|challenge| challenge.wrong < MAX_WRONG_SOLUTIONS));
        assert!(!later.is_live() || now < later.expires_at, "an overdue challenge");
        let sent = taken.effects.iter().any(|e| matches!(e, Effect::Send(d) if d.verification == later.id));
        assert!(!sent, "a message before the challenge was solved");
        let Some(earlier) = earlier else {
            assert!(later.challenge().is_some(), "born ended");
            return;
        };
        assert_eq!((later.expires_at, later.digest), (earlier.expires_at, earlier.digest));
        assert!(allowed(&earlier.state, &later.state), "{:?} became {:?}", earlier.state, later.state);
    }

    fn sends(&mut self, policy: &Policy, taken: &Step, now: Timestamp) {
        for effect in &taken.effects {
            let Effect::Send(delivery) = effect else { continue };
            let verification = taken.subject.verification(delivery.verification).unwrap();
            assert!(verification.wants(delivery.kind), "a message that nobody wants");
            assert!(
                !verification.is_ghost() || delivery.state == DeliveryState::Canceled,
                "I16: a ghost's message left"
            );
            if delivery.kind == DeliveryKind::PhoneChangeNotice {
                let count = self.notices.entry(verification.id).or_default();
                *count += 1;
                assert_eq!(delivery.expires_at, now.plus(NOTICE_LIFETIME));
                if is_recovery(verification) {
                    assert!(*count <= 2, "N7: one notice when it is asked for, one when it is used");
                    assert_eq!(*count == 1, verification.is_live());
                    self.sends_at.extend((*count == 1).then_some(now));
                } else {
                    assert_eq!(*count, 1, "N7: more notices than redeemed proofs");
                    assert_eq!(self.redeems.get(&verification.id), Some(&1), "N7: a notice without a redeem");
                }
                continue;
            }
            assert_eq!(delivery.expires_at, verification.expires_at);
            assert!(verification.sends <= policy.max_sends, "more sends than a verification has");
            // Limits count what customers ask for, not failovers (design 6, Sending).
            if kinds(&taken.effects).any(
                |kind| matches!(kind, EventKind::FailedOver { delivery: new, .. } if *new == delivery.id),
            ) {
                continue;
            }
            self.sends_at.push(now);
            let within = |window| self.sends_at.iter().filter(|&&at| at > now.minus(window)).count();
            assert!(within(HOUR) <= usize::from(policy.phone_limits.per_hour), "more sends than an hour has");
            assert!(within(DAY) <= usize::from(policy.phone_limits.per_day), "more sends than a day has");
            let ten_minutes = within(Duration::from_secs(600));
            if verification.sends == 1 {
                assert!(ten_minutes <= usize::from(policy.phone_limits.per_ten_minutes), "too many starts");
            }
        }
    }

    fn failures(&mut self, policy: &Policy, command: &Command, after: &Subject, now: Timestamp) {
        if matches!(command, Command::Rebind) {
            self.misses_at.clear();
            self.misses_in_a_row.clear();
        }
        for standing in [Standing::Stranger, Standing::KnownCustomer, Standing::TrustedDevice] {
            let failures = after.failures(standing);
            let in_a_row = self.misses_in_a_row.get(&standing).copied().unwrap_or(0);
            assert_eq!(failures.consecutive, in_a_row, "N6: only a success or a re-binding clears the count");
            assert!(in_a_row <= MAX_CONSECUTIVE_FAILURES, "N5: a guess beyond the hundredth");
            assert!(failures.recent.len() <= 100);
            let misses = self.misses_at.get(&standing).map_or(&[][..], Vec::as_slice);
            let within = |window| misses.iter().filter(|&&at| at > now.minus(window)).count();
            assert!(
                within(HOUR) <= usize::from(policy.failure_limits.per_hour),
                "more misses than an hour has"
            );
            assert!(within(DAY) <= usize::from(policy.failure_limits.per_day), "more misses than a day has");
        }
    }
}

fn by_email(verification: &Verification) -> bool {
    verification.deliveries.iter().any(|trace| trace.channel == Channel::Email)
}

fn kinds(effects: &[Effect]) -> impl Iterator<Item = &EventKind> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Event(event) => Some(&event.kind),
        _ => None,
    })
}

/// What has no guesses has no code.
const fn is_recovery(verification: &Verification) -> bool {
    verification.max_attempts == 0
}

/// Which state may follow which.
fn allowed(earlier: &State, later: &State) -> bool {
    match (earlier, later) {
        (State::ChallengeRequired { challenge }, State::ChallengeRequired { challenge: later }) => {
            challenge.kind == later.kind && challenge.wrong <= later.wrong
        }
        (State::Recovering { ready_at, .. }, State::Recovering { ready_at: later, .. }) => ready_at == later,
        (State::ChallengeRequired { .. }, State::Approved { .. } | State::Exhausted { .. })
        | (State::ChallengeRequired { .. }, State::Recovering { .. } | State::Recovered { .. })
        | (_, State::ChallengeRequired { .. })
        | (
            State::Recovering { .. },
            State::Pending { .. } | State::Approved { .. } | State::Exhausted { .. },
        )
        | (State::Pending { .. }, State::Recovering { .. } | State::Recovered { .. }) => false,
        (State::Pending { .. }, State::Approved { redeemed_at, .. }) => redeemed_at.is_none(),
        (State::ChallengeRequired { .. } | State::Pending { .. } | State::Recovering { .. }, _)
        | (State::Approved { .. } | State::Recovered { .. }, State::Denied { .. }) => true,
        (
            State::Approved { at, proof_key, redeemed_at: None },
            State::Approved { at: later_at, proof_key: later_key, .. },
        ) => at == later_at && proof_key == later_key,
        (earlier, later) => earlier == later,
    }
}

fn bounds(policy: &Policy, before: &Subject, after: &Subject) {
    let record = &after.record;
    let pending = after.verifications.iter().filter(|v| v.is_pending()).count();
    let waiting: BTreeSet<_> = after.verifications.iter().filter(|v| v.is_live()).map(|v| v.id).collect();
    let live: BTreeSet<_> = record.live.iter().copied().collect();
    assert_eq!(live, waiting, "the record and the verifications disagree about what lives");
    assert_eq!(live.len(), record.live.len());
    let challenged = after.verifications.iter().filter(|v| v.challenge().is_some()).count();
    assert!(pending <= MAX_LIVE && challenged <= MAX_CHALLENGED);
    assert!(live.len() - pending - challenged <= MAX_RECOVERIES);
    assert!(record.sends.len() <= usize::from(policy.phone_limits.per_day));
    assert!(record.sends.is_sorted());
    assert!(record.known_customers.len() <= MAX_KNOWN_CUSTOMERS);
    assert!(record.devices.iter().count() <= MAX_DEVICES);
    assert!(record.first_approved_at <= record.last_approved_at);
    assert!(before.record.first_approved_at.is_none_or(|at| record.first_approved_at == Some(at)));
    let slots: BTreeSet<_> = after
        .verifications
        .iter()
        .filter(|v| v.holds_slot())
        .map(|v| {
            let apart = v.session.is_none() && v.standing == Standing::TrustedDevice;
            (v.purpose.to_string(), v.session.map(|s| s.to_string()), apart)
        })
        .collect();
    assert_eq!(slots.len(), pending + challenged, "two live verifications in one slot");
}
