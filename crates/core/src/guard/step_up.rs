//! What a shop should ask of a customer: nothing, a proof, or to wait for a person (fraud.md C.1).

use serde::{Deserialize, Serialize};

use super::score::{Facts, Points, Score, Signal, Weights};

/// What the decision looks at.
pub const STEP_UP_SIGNALS: &[Signal] = &[
    Signal::TrustedDevice,
    Signal::Passkey,
    Signal::VerifiedHere,
    Signal::NewDevice,
    Signal::NewCountry,
    Signal::HostingAddress,
    Signal::ImpossibleTravel,
    Signal::Velocity,
    Signal::HighForCustomer,
    Signal::HighForShop,
    Signal::NewAddress,
    Signal::EasyToResell,
    Signal::NewAccount,
    Signal::DisposableEmail,
    Signal::RecentChange,
    Signal::SimSwapDay,
    Signal::SimSwapThreeDays,
    Signal::SimSwapTenDays,
    Signal::Recycled,
    Signal::ShortTenure,
    Signal::CallForwarding,
    Signal::Voip,
    Signal::Prepaid,
    Signal::NetworkMatch,
];

/// What is known of every customer before any signal: somebody without remarkable signals passes, and one mild
/// signal asks for a confirmation. A default of ours, not a published figure.
const BIAS: Points = Points(-1000);
/// From here on a code is asked for; below, a passkey or a known device confirms (C.1).
const CODE_FROM: Points = Points(2000);
/// Above this a code alone is not enough (C.1).
const MORE_THAN_A_CODE: Points = Points(5000);

/// What is at stake, where that changes the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Another phone, or money out of the account: a SIM change in the last 72 hours is no time for it (B.1, row 5).
    ChangeOrPayout,
    /// Anything else.
    Other,
}

/// Whether the shop denies this customer, number or device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// It stands on the deny list.
    Denied,
    /// It does not.
    No,
}

/// Whether the customer can use a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyUse {
    /// She can.
    Possible,
    /// She has none.
    Impossible,
}

/// What to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// A passkey, or a confirmation on a known device.
    Confirmation,
    /// A one-time code.
    Code,
    /// A one-time code and a passkey.
    CodeAndPasskey,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "decision", content = "with")]
pub enum Advice {
    /// Let it pass.
    Allow,
    /// Ask for a proof.
    Verify(Asked),
    /// Let a person look at it.
    Hold,
}

/// A rule that decides without the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HardRule {
    /// On the deny list.
    Denied,
    /// The number has another holder now: a code to it proves nothing about the customer.
    Recycled,
    /// The SIM was changed in the last 72 hours, and the phone or money is to move.
    FreshSim,
}

/// A decision with everything that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepUp {
    /// What to do.
    #[serde(flatten)]
    pub advice: Advice,
    /// The rule that decided alone, if one did.
    pub rule: Option<HardRule>,
    /// Whether a code may go by voice: not while calls are forwarded.
    pub voice: VoiceUse,
    /// The score. For the shop's server only: a bot that learns it learns to lower it.
    pub score: Score,
}

/// Whether a code may go by voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoiceUse {
    /// It may.
    Open,
    /// It would be heard by somebody else.
    Refused,
}

/// Decides. Hard rules come first, then the score: below 0 allow, below 2 a confirmation, up to 5 a code, above that
/// a code and a passkey, or a person where there is no passkey.
pub fn decide(
    weights: &Weights,
    facts: Facts,
    action: Action,
    listed: Listed,
    passkey: PasskeyUse,
) -> StepUp {
    let score = weights.explain(facts, STEP_UP_SIGNALS, BIAS);
    let rule = hard_rule(facts, action, listed);
    let advice = match rule {
        Some(_) => Advice::Hold,
        None => by_score(score.points, passkey),
    };
    let voice = if facts.has(Signal::CallForwarding) { VoiceUse::Refused } else { VoiceUse::Open };
    StepUp { advice, rule, voice, score }
}

fn hard_rule(facts: Facts, action: Action, listed: Listed) -> Option<HardRule> {
    let fresh_sim = facts.has(Signal::SimSwapDay) || facts.has(Signal::SimSwapThreeDays);
    if listed == Listed::Denied {
        Some(HardRule::Denied)
    } else if facts.has(Signal::Recycled) {
        Some(HardRule::Recycled)
    } else if fresh_sim && action == Action::ChangeOrPayout {
        Some(HardRule::FreshSim)
    } else {
        None
    }
}

fn by_score(points: Points, passkey: PasskeyUse) -> Advice {
    if points < Points(0) {
        Advice::Allow
    } else if points < CODE_FROM {
        Advice::Verify(Asked::Confirmation)
    } else if points <= MORE_THAN_A_CODE {
        Advice::Verify(Asked::Code)
    } else if passkey == PasskeyUse::Possible {
        Advice::Verify(Asked::CodeAndPasskey)
    } else {
        Advice::Hold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::score::Observed::{Absent, Present};

    fn decided(facts: Facts, action: Action) -> StepUp {
        decide(&Weights::default(), facts, action, Listed::No, PasskeyUse::Impossible)
    }

    fn with(signals: &[Signal]) -> Facts {
        signals.iter().fold(Facts::UNKNOWN, |facts, signal| facts.with(*signal, Present))
    }

    #[test]
    fn n9_the_advice_follows_the_score() {
        for (signals, advice) in [
            (vec![], Advice::Allow),
            (vec![Signal::NewDevice], Advice::Verify(Asked::Confirmation)),
            (vec![Signal::NewDevice, Signal::RecentChange], Advice::Verify(Asked::Code)),
            (vec![Signal::NewDevice, Signal::RecentChange, Signal::TrustedDevice], Advice::Allow),
            (vec![Signal::RecentChange, Signal::HostingAddress, Signal::SimSwapDay], Advice::Hold),
        ] {
            assert_eq!(decided(with(&signals), Action::Other).advice, advice, "{signals:?}");
        }
        let strong = with(&[Signal::RecentChange, Signal::HostingAddress, Signal::SimSwapDay]);
        let able = decide(&Weights::default(), strong, Action::Other, Listed::No, PasskeyUse::Possible);
        assert_eq!(able.advice, Advice::Verify(Asked::CodeAndPasskey));
    }

    #[test]
    fn n9_hard_rules_come_before_any_good_sign() {
        let trusted = [Signal::TrustedDevice, Signal::Passkey];
        let recycled = with(&trusted).with(Signal::Recycled, Present);
        assert_eq!(decided(recycled, Action::Other).rule, Some(HardRule::Recycled));
        let swapped = with(&trusted).with_sim_swap(Some(50));
        assert_eq!(decided(swapped, Action::ChangeOrPayout).advice, Advice::Hold);
        assert_eq!(decided(swapped, Action::Other).advice, Advice::Allow);
        let denied =
            decide(&Weights::default(), with(&trusted), Action::Other, Listed::Denied, PasskeyUse::Possible);
        assert_eq!((denied.advice, denied.rule), (Advice::Hold, Some(HardRule::Denied)));
    }

    #[test]
    fn forwarded_calls_refuse_voice_and_what_is_missing_is_shown() {
        let facts = Facts::UNKNOWN.with(Signal::CallForwarding, Present).with(Signal::Voip, Absent);
        let step_up = decided(facts, Action::Other);
        assert_eq!(step_up.voice, VoiceUse::Refused);
        assert!(step_up.score.missing.contains(&Signal::SimSwapDay));
        assert!(!step_up.score.missing.contains(&Signal::Voip));
        let json = serde_json::to_value(&step_up).unwrap();
        assert_eq!(
            (json["decision"].as_str(), json["score"]["weights"].as_str()),
            (Some("allow"), Some("2026-11"))
        );
    }
}
