//! What stands between a start and its first message.

use serde::{Deserialize, Serialize};

use crate::challenge::ChallengeKind;
use crate::guard::decide::Rule;
use crate::limit::LimitRule;

/// What the guard says about a start that no rule refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gate {
    /// Its message leaves.
    #[default]
    Open,
    /// Its message leaves once this is solved.
    Challenge {
        /// What is to be solved.
        kind: ChallengeKind,
        /// Why.
        rule: GateRule,
    },
    /// It looks like any other, and nothing ever leaves (fraud.md B.1, row 3).
    Ghost {
        /// Why.
        rule: GateRule,
        /// What is to be solved first, where all others have to as well.
        challenge: Option<ChallengeKind>,
    },
}

/// Whether a message that somebody asks for leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passage {
    /// It does.
    #[default]
    Sent,
    /// All goes on as if it did.
    Withheld(GateRule),
}

/// Which rule it was. For the shop's server; a browser never learns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "rule", rename_all = "snake_case")]
pub enum GateRule {
    /// The app's policy challenges everybody.
    Policy,
    /// A limit that crosses phones.
    Limit(LimitRule),
    /// So many wrong codes were typed in the app that unknown devices prove that they mean it.
    GuessBudget,
    /// A rule of the guard.
    Guard(Rule),
}

impl GateRule {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            GateRule::Policy => "challenge_always",
            GateRule::GuessBudget => "guess_budget",
            GateRule::Limit(rule) => rule.as_str(),
            GateRule::Guard(rule) => rule.as_str(),
        }
    }
}

/// What was done about a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardAction {
    /// Its first message waited, or waits, for a challenge to be solved.
    Challenge,
    /// None of its messages leaves.
    Ghost,
}

impl GuardAction {
    /// Its word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            GuardAction::Challenge => "challenge",
            GuardAction::Ghost => "ghost",
        }
    }
}

/// What the guard did about a verification, and why. Kept as long as the verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardTrace {
    /// What.
    pub action: GuardAction,
    /// Why.
    pub rule: GateRule,
}

impl GuardTrace {
    /// Whether nothing of it leaves.
    pub const fn is_ghost(self) -> bool {
        matches!(self.action, GuardAction::Ghost)
    }
}

impl Gate {
    /// What a verification keeps of it.
    pub const fn trace(self) -> Option<GuardTrace> {
        match self {
            Gate::Open => None,
            Gate::Challenge { rule, .. } => Some(GuardTrace { action: GuardAction::Challenge, rule }),
            Gate::Ghost { rule, .. } => Some(GuardTrace { action: GuardAction::Ghost, rule }),
        }
    }

    /// What is to be solved before anything else happens.
    pub const fn challenge(self) -> Option<ChallengeKind> {
        match self {
            Gate::Open => None,
            Gate::Challenge { kind, .. } => Some(kind),
            Gate::Ghost { challenge, .. } => challenge,
        }
    }

    /// The same, where all who are alike have to solve something first: a ghost as well, or it would stand out.
    #[must_use]
    pub const fn challenged_by(self, rule: GateRule, kind: ChallengeKind) -> Self {
        match self {
            Gate::Open => Gate::Challenge { kind, rule },
            Gate::Challenge { .. } => self,
            Gate::Ghost { rule, .. } => Gate::Ghost { rule, challenge: Some(kind) },
        }
    }

    /// Whether a message that a start asks for again leaves.
    pub const fn passage(self) -> Passage {
        match self {
            Gate::Open | Gate::Challenge { .. } => Passage::Sent,
            Gate::Ghost { rule, .. } => Passage::Withheld(rule),
        }
    }
}
