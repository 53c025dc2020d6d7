//! What guesses take from the budget of their app (fraud.md B.5): reserved before a guess is compared, so that those that
//! come together do not go over it together; kept with the commit of a wrong one, handed back for any other.

use countersign_core::event::EventKind;
use countersign_core::guard::budget::{GuessTerms, Guesser, Stage};
use countersign_core::keyring::{Keyring, Place};
use countersign_core::step::{Command, Effect, Step, derive_code};
use countersign_core::subject::{Mode, Subject};
use countersign_core::time::Timestamp;
use countersign_core::verification::{Standing, Verification};

use super::{Engine, Job};
use crate::guard::GuessPermit;

/// What a command is told of the budget, and what it has reserved there.
pub(super) struct Reserved {
    pub(super) terms: GuessTerms,
    permit: Option<GuessPermit>,
}

impl Engine {
    /// What a start is told of the budget of its app.
    pub(super) fn start_terms(&self, job: &Job, keyring: &Keyring) -> GuessTerms {
        match &job.command {
            Command::Start(start) if start.mode == Mode::Live => {
                self.0.guards.guess_terms(&job.app, keyring, self.0.clock.now())
            }
            _ => GuessTerms::CALM,
        }
    }

    /// Reserves what a command takes that guesses.
    pub(super) fn reserve_guess(
        &self,
        job: &Job,
        subject: &Subject,
        keyring: &Keyring,
        now: Timestamp,
    ) -> Reserved {
        let Command::Check(check) = &job.command else {
            return Reserved { terms: self.start_terms(job, keyring), permit: None };
        };
        let verification = subject.verification(check.verification);
        let is_open =
            |verification: &&Verification| verification.mode == Mode::Live && verification.is_pending();
        let Some(verification) = verification.filter(is_open) else {
            return Reserved { terms: GuessTerms::CALM, permit: None };
        };
        // A customer reference is only what somebody said who he is, so it makes nobody known here.
        let is_known = verification.standing == Standing::TrustedDevice;
        let guesser = if is_known { Guesser::Known } else { Guesser::Unknown };
        let asked = (verification.format.combinations(), guesser);
        match self.0.guards.reserve_guess(&job.app, keyring, asked, now) {
            Ok(permit) => Reserved { terms: GuessTerms::CALM, permit: Some(permit) },
            Err(over) => {
                Reserved { terms: GuessTerms { stage: Stage::Spent, room: Err(over) }, permit: None }
            }
        }
    }

    /// Wrong guesses were committed.
    pub(super) fn count_guesses(&self, guesses: Vec<GuessPermit>) {
        for guess in guesses {
            let app = guess.app();
            for alarm in guess.committed(&mut self.0.randomness.entropy()) {
                let alarm = alarm.as_str();
                tracing::warn!(%app, alarm, "wrong codes use up the guess budget of the app");
                self.0.metrics.guess_alarm(alarm);
            }
        }
    }
}

impl Reserved {
    /// What is to be kept of it after the step, which is nothing but for a wrong guess.
    pub(super) fn wrong(
        &mut self,
        job: &Job,
        before: &Subject,
        stepped: &Step,
        keyring: &Keyring,
    ) -> Option<GuessPermit> {
        let mut permit = self.permit.take()?;
        let is_wrong = stepped.effects.iter().any(|effect| match effect {
            Effect::Event(event) => {
                matches!(event.kind, EventKind::CheckIncorrect { .. } | EventKind::CheckSuperseded { .. })
            }
            _ => false,
        });
        let Command::Check(check) = &job.command else { return None };
        if !is_wrong {
            return None;
        }
        let right = before.verification(check.verification).and_then(|verification| {
            // Whoever types one wrong code again and again on a phone may be its holder with an old message: each phone
            // counts once in 24 hours.
            let record = &stepped.subject.record;
            let all = [&record.stranger_failures, &record.customer_failures, &record.device_failures];
            if all.iter().map(|failures| failures.recent.len()).sum::<usize>() > 1 {
                return None;
            }
            // What is no code of this form could not have been right anyway.
            if !check.guess.fits(verification.format) {
                return None;
            }
            let place = Place { app: before.app, verification: verification.id };
            let phone = keyring.open_phone(place, &verification.phone).ok()?;
            derive_code(keyring, before.app, verification, &phone).ok()?
        });
        permit.was_wrong(check.guess.clone(), right);
        Some(permit)
    }
}
