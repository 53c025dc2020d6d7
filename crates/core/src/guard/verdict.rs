//! Outage or fraud? (fraud.md B.3.6)
//!
//! When too few new numbers convert, known numbers are the control group: an outage stops both, fraud stops only the
//! new ones. An outage asks for another route and must raise no strikes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::discounted::{Outcome, Outcomes};
use crate::time::Timestamp;

/// What counts as "now".
const RECENT_HALF_LIFE: Duration = Duration::from_secs(15 * 60);
/// What counts as usual.
const USUAL_HALF_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// Recent outcomes that are enough to say something.
const ENOUGH: f64 = 3.0;
/// Earlier outcomes that make a baseline.
const BASELINE: f64 = 20.0;

/// The outcomes of one group: now, and as usual.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    recent: Outcomes,
    usual: Outcomes,
}

/// Both groups of one country, or of one country and route.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Groups {
    /// Numbers known by the strict definition.
    pub known: Group,
    /// All others.
    pub new: Group,
}

/// What a fall of conversions comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing fell.
    Normal,
    /// Known numbers fell too: the messages do not arrive.
    Outage,
    /// Only new numbers fell.
    Fraud,
    /// New numbers fell, and too few known ones sent anything to tell. Taken for fraud: an outage costs nothing
    /// but waiting.
    Unclear,
}

impl Group {
    /// None yet.
    pub const NONE: Group = Group { recent: Outcomes::NONE, usual: Outcomes::NONE };

    /// With one more. What is usual is not learnt from what fell.
    #[must_use]
    pub fn with(self, outcome: Outcome, now: Timestamp) -> Self {
        let recent = self.recent.with(outcome, RECENT_HALF_LIFE, now);
        let learns = Group { recent, usual: self.usual }.fell(now) != Some(true);
        let usual = if learns { self.usual.with(outcome, USUAL_HALF_LIFE, now) } else { self.usual };
        Group { recent, usual }
    }

    /// Whether conversions are below half of what is usual; nothing when there is too little to say.
    fn fell(&self, now: Timestamp) -> Option<bool> {
        let recent = self.recent.at(RECENT_HALF_LIFE, now);
        let usual = self.usual.at(USUAL_HALF_LIFE, now);
        let enough = recent.weight() >= ENOUGH && usual.weight() >= BASELINE;
        enough.then(|| recent.share(0.0, 0.0) < 0.5 * usual.share(0.0, 0.0))
    }
}

impl Groups {
    /// None yet.
    pub const NONE: Groups = Groups { known: Group::NONE, new: Group::NONE };

    /// What the outcomes say now.
    pub fn verdict(&self, now: Timestamp) -> Verdict {
        match (self.new.fell(now), self.known.fell(now)) {
            // New numbers may be too few in an outage: then the known ones say it alone.
            (Some(true) | None, Some(true)) => Verdict::Outage,
            (Some(true), Some(false)) => Verdict::Fraud,
            (Some(true), None) => Verdict::Unclear,
            _ => Verdict::Normal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);

    fn fed(mut group: Group, outcomes: &[(Outcome, usize)], from_s: u64) -> Group {
        let mut at = START.plus(Duration::from_secs(from_s));
        for (outcome, times) in outcomes {
            for _ in 0..*times {
                at = at.plus(Duration::from_secs(10));
                group = group.with(*outcome, at);
            }
        }
        group
    }

    fn usual() -> Group {
        let mut group = Group::NONE;
        for turn in 0..20 {
            group = fed(group, &[(Outcome::Good, 3), (Outcome::Bad, 1)], turn * 40);
        }
        group
    }

    const LATER_S: u64 = 4 * 3600;

    fn verdict(known: Group, new: Group) -> Verdict {
        Groups { known, new }.verdict(START.plus(Duration::from_secs(LATER_S + 200)))
    }

    #[test]
    fn known_numbers_tell_an_outage_from_fraud() {
        let failing = fed(usual(), &[(Outcome::Bad, 15)], LATER_S);
        let working = fed(usual(), &[(Outcome::Good, 12), (Outcome::Bad, 3)], LATER_S);
        assert_eq!(verdict(working, working), Verdict::Normal);
        assert_eq!(verdict(failing, failing), Verdict::Outage);
        assert_eq!(verdict(working, failing), Verdict::Fraud);
        assert_eq!(verdict(failing, Group::NONE), Verdict::Outage);
        assert_eq!(verdict(Group::NONE, failing), Verdict::Unclear);
        assert_eq!(verdict(usual(), failing), Verdict::Unclear, "no known number sent anything lately");
        assert_eq!(verdict(Group::NONE, Group::NONE), Verdict::Normal);
    }

    #[test]
    fn what_fell_does_not_become_usual() {
        let failing = fed(usual(), &[(Outcome::Bad, 500)], LATER_S);
        assert!(failing.usual.share(0.0, 0.0) > 0.6);
    }
}
