//! What guesses take from the budget of their app, and wrong codes that come again and again.

use std::sync::Arc;

use countersign_core::code::{Code, Guess};
use countersign_core::entropy::Entropy;
use countersign_core::guard::JournalEntry;
use countersign_core::guard::budget::{GuessTerms, Guesser, OverBudget, Stage};
use countersign_core::guard::same_code::{Repeated, SameCode};
use countersign_core::id::AppId;
use countersign_core::keyring::Keyring;
use countersign_core::time::Timestamp;

use super::{AppGuard, Guards, locked};
use crate::tenant::App;

/// The wrong codes of the current hour. In memory alone, under a key that nobody else ever sees: a restart forgets them.
#[derive(Default)]
pub(super) struct WrongCodes {
    hour: Option<SameCode>,
    /// Whether one of them came more often than luck brings it.
    repeated: Option<Repeated>,
}

/// What a guess has reserved in the budget of its app. Handed back when it is dropped without having been wrong.
pub struct GuessPermit {
    guard: Arc<AppGuard>,
    app: AppId,
    codes: u64,
    at: Timestamp,
    wrong: Option<Wrong>,
    state: PermitState,
}

/// A wrong code, and the one that it should have been where there is one.
struct Wrong {
    guess: Guess,
    right: Option<Code>,
}

#[derive(PartialEq, Eq)]
enum PermitState {
    Open,
    Counted,
}

/// What a wrong guess set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuessAlarm {
    /// The budget is used further than before.
    Stage(Stage),
    /// One wrong code came more often than luck brings it.
    SameCode,
}

impl GuessAlarm {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            GuessAlarm::Stage(stage) => stage.as_str(),
            GuessAlarm::SameCode => "same_code",
        }
    }
}

impl Guards {
    /// What an unknown device meets that starts a verification now.
    pub(crate) fn guess_terms(&self, app: &Arc<App>, keyring: &Keyring, now: Timestamp) -> GuessTerms {
        let guard = self.of(app, keyring);
        let state = locked(&guard.state);
        let terms = state.guard.guess_terms(now);
        let least = if state.wrong_codes.is_alarmed(now) { Stage::Strained } else { Stage::Calm };
        GuessTerms { stage: terms.stage.max(least), ..terms }
    }

    /// Reserves what a guess takes if it is wrong.
    pub(crate) fn reserve_guess(
        &self,
        app: &Arc<App>,
        keyring: &Keyring,
        (codes, guesser): (u64, Guesser),
        now: Timestamp,
    ) -> Result<GuessPermit, OverBudget> {
        let guard = self.of(app, keyring);
        locked(&guard.state).guard.reserve_guess(codes, guesser, now)?;
        Ok(GuessPermit { guard, app: app.id, codes, at: now, wrong: None, state: PermitState::Open })
    }
}

impl GuessPermit {
    /// The guess was wrong: what it took is to be kept once that is committed.
    pub(crate) fn was_wrong(&mut self, guess: Guess, right: Option<Code>) {
        self.wrong = Some(Wrong { guess, right });
    }

    /// Whose budget it is.
    pub(crate) const fn app(&self) -> AppId {
        self.app
    }

    /// What the commit of the wrong guess writes down.
    pub(crate) const fn entry(&self) -> JournalEntry {
        JournalEntry::Guessed { codes: self.codes, at: self.at }
    }

    /// The wrong guess was committed. `entropy` is for the key of a new hour's codes.
    pub(crate) fn committed(mut self, entropy: &mut Entropy) -> Vec<GuessAlarm> {
        self.state = PermitState::Counted;
        let mut state = locked(&self.guard.state);
        let reached = state.guard.guess_terms(self.at).stage;
        let mut alarms = Vec::new();
        if reached > state.warned_of {
            alarms.push(GuessAlarm::Stage(reached));
        }
        state.warned_of = reached;
        let wrong = self.wrong.as_ref().and_then(|wrong| Some((&wrong.guess, wrong.right.as_ref()?)));
        if let Some((guess, right)) = wrong
            && state.wrong_codes.add(self.app, (guess, right), self.at, entropy) == Repeated::TooOften
        {
            alarms.push(GuessAlarm::SameCode);
        }
        drop(state);
        alarms
    }
}

impl Drop for GuessPermit {
    fn drop(&mut self) {
        if self.state == PermitState::Open {
            locked(&self.guard.state).guard.return_guess(self.codes, self.at);
        }
    }
}

impl WrongCodes {
    /// Whether a code came too often in this hour.
    pub(super) fn is_alarmed(&self, now: Timestamp) -> bool {
        let is_now = self.hour.as_ref().is_some_and(|hour| !hour.is_over(now));
        is_now && self.repeated == Some(Repeated::TooOften)
    }

    /// Counts a wrong code. Says that one came too often once in an hour.
    fn add(
        &mut self,
        app: AppId,
        (guess, right): (&Guess, &Code),
        now: Timestamp,
        entropy: &mut Entropy,
    ) -> Repeated {
        let kept = self.hour.take().filter(|hour| !hour.is_over(now));
        if kept.is_none() {
            self.repeated = None;
        }
        let hour = self.hour.insert(kept.unwrap_or_else(|| SameCode::new(entropy.bytes(), now)));
        let repeated = hour.add(app, guess.expose(), right.expose());
        if repeated == Repeated::ByLuck || self.repeated == Some(Repeated::TooOften) {
            return Repeated::ByLuck;
        }
        self.repeated = Some(repeated);
        repeated
    }
}
