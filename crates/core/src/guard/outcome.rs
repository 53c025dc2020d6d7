//! What the guard learns from what became of messages.

use std::time::Duration;

use super::cusum::{Cusum, CusumPolicy, Heard, Held, Strikes};
use super::discounted::Outcome;
use super::key::KeyId;
use super::known::Order;
use super::memory::Guard;
use super::pending::{Fate, GroupKind, Part, Pending};
use super::probe::Lot;
use super::state::Converted;
use super::verdict::{Groups, Verdict};
use crate::time::Timestamp;

/// What a conversion came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heed {
    /// It counted.
    Counted,
    /// No message of this request is on its way: it was refused, is too old, or never was.
    NotSent,
    /// It was counted before.
    Again,
}

impl Guard {
    /// A customer typed the code of a request's message.
    pub fn convert(&mut self, request: KeyId, order: Order, now: Timestamp) -> Heed {
        self.advance(now);
        let Some(pending) = self.pending.find_mut(request) else { return Heed::NotSent };
        match pending.fate {
            Fate::Converted => return Heed::Again,
            Fate::Withdrawn => return Heed::NotSent,
            Fate::Open | Fate::Failed => {}
        }
        let (fate, now) = (pending.fate, self.now);
        pending.fate = Fate::Converted;
        let pending = *pending;
        if pending.lot == Lot::Drawn {
            if fate == Fate::Open {
                self.probes.judge(pending.probe_percent, pending.price_micros);
            }
            self.probes.convert(pending.probe_percent, pending.price_micros);
        }
        let phone = self.phones.enter(pending.phone, now);
        phone.successes = phone.successes.with(pending.asker, order, now);
        if let Some(block) = self.blocks.find_mut(pending.block) {
            block.0.remove(pending.phone.tag());
        }
        let (policy, credit) = (self.policy.cusum, self.policy.credit);
        if pending.part == Part::Bypass {
            return Heed::Counted;
        }
        // What came in time is judged with the others of its age; this one was judged before, as a failure.
        let late = fate == Fate::Failed && pending.lot != Lot::Drawn;
        let explained = late && self.is_explained(&pending);
        let country = self.country_mut(pending.area);
        country.credit = country.credit.converted(&credit.country, now);
        if late && !explained {
            country.cusum = country.cusum.converted_late(&policy, pending.sent_at, now);
        }
        if pending.part == Part::CreditAndPool {
            country.unseen = country.unseen.converted(&credit.unseen, now);
        }
        let country_cap = country.credit.cap_units();
        self.highest_caps.1 = self.highest_caps.1.max(country_cap);
        // A range that was forgotten meanwhile comes back strict, and what it earned then is lost.
        if let Some(range) = self.ranges.find_mut(pending.range) {
            range.credit = range.credit.converted(&credit.range, now);
            if late {
                range.cusum = range.cusum.converted_late(&policy, pending.sent_at, now);
            }
            range.near.converted(pending.offset, pending.range_size);
            range.converted = Converted::Yes;
            self.highest_caps.0 = self.highest_caps.0.max(range.credit.cap_units());
        }
        Heed::Counted
    }

    /// Judges what has become old enough, and forgets what can no longer convert. A clock that goes back stands still.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        while let Some((pending, due_at)) = self.pending.judge(self.now) {
            self.judged(&pending, due_at);
        }
        let window = Duration::from_secs(u64::from(self.policy.conversion_window_s));
        self.pending.forget(window, self.now);
    }

    /// Whether an alarm of its range was raised after a message was sent: then it is no evidence against its country.
    fn is_explained(&mut self, pending: &Pending) -> bool {
        self.ranges.find_mut(pending.range).is_some_and(|range| range.cusum.is_explained(pending.sent_at))
    }

    /// What became of a message by the age at which all are judged, typed or not: so the shares are those of whole
    /// cohorts, and neither edge of a rush looks like a change of them. A probe is drawn from what was refused: it says
    /// nothing about those who are let through, so it moves no sum.
    fn judged(&mut self, pending: &Pending, at: Timestamp) {
        if pending.fate == Fate::Withdrawn {
            return;
        }
        let outcome = if pending.fate == Fate::Converted { Outcome::Good } else { Outcome::Bad };
        if pending.lot == Lot::Drawn {
            if outcome == Outcome::Bad {
                self.probes.judge(pending.probe_percent, pending.price_micros);
            }
            return;
        }
        let policy = self.policy.cusum;
        let country = self.country_mut(pending.area);
        country.groups = with(country.groups, pending.group, outcome, at);
        if pending.part == Part::Bypass {
            return;
        }
        let verdict = country.groups.verdict(at);
        let prior = country.cusum.clean_share(policy.clean_share);
        let of_range = Sum {
            held: Held { threshold: policy.range_threshold, prior },
            verdict,
            longest_block_s: policy.longest_block_s,
        };
        let explained = self.is_explained(pending);
        let in_range = self.ranges.find_mut(pending.range).map_or(Heard::Counted, |range| {
            of_range.heard(&policy, (&mut range.cusum, &mut range.strikes), outcome, pending.sent_at, at)
        });
        let of_country = Sum {
            held: Held { threshold: policy.country_threshold, prior: policy.clean_share },
            verdict,
            longest_block_s: policy.country_longest_block_s,
        };
        let country = self.country_mut(pending.area);
        if in_range == Heard::Alarm {
            country.cusum = country.cusum.relieved(policy.range_threshold);
        }
        if explained {
            return;
        }
        let state = (&mut country.cusum, &mut country.strikes);
        let in_country = of_country.heard(&policy, state, outcome, pending.sent_at, at);
        let raised = |heard: Heard| u64::from(heard == Heard::Alarm);
        if verdict == Verdict::Outage {
            self.alarms.outages += raised(in_country).max(raised(in_range));
        } else {
            self.alarms.country_conversion += raised(in_country);
            self.alarms.range_conversion += raised(in_range);
        }
    }
}

/// What one sum is held to.
struct Sum {
    held: Held,
    verdict: Verdict,
    longest_block_s: u32,
}

impl Sum {
    /// Adds an outcome. In an outage an alarm only begins the sum anew: no strike is raised for it (fraud.md B.3.6).
    fn heard(
        &self,
        policy: &CusumPolicy,
        (cusum, strikes): (&mut Cusum, &mut Strikes),
        outcome: Outcome,
        sent_at: Timestamp,
        at: Timestamp,
    ) -> Heard {
        let (sum, heard) = cusum.judged(policy, self.held, outcome, sent_at, at);
        *cusum = sum;
        if heard == Heard::Alarm && self.verdict != Verdict::Outage {
            *strikes = strikes.alarmed(policy, self.longest_block_s, at);
        }
        heard
    }
}

fn with(groups: Groups, group: GroupKind, outcome: Outcome, now: Timestamp) -> Groups {
    match group {
        GroupKind::Known => Groups { known: groups.known.with(outcome, now), ..groups },
        GroupKind::New => Groups { new: groups.new.with(outcome, now), ..groups },
    }
}
