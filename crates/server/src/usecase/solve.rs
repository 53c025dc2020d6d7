//! Solve: what stands before the first message.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::challenge::{ChallengeKind, ChallengedAnswer, is_work_done, salt};
use countersign_core::gate::{Gate, GateRule, Passage};
use countersign_core::id::VerificationId;
use countersign_core::policy::{ChallengeMethod, ChallengeWhen, Policy};
use countersign_core::presentation::Presentation;
use countersign_core::quota::Quota;
use countersign_core::step::{Command, Outcome, Solution, Solve, Solved};
use countersign_core::verification::Status;
use tokio::sync::Semaphore;

use super::terms::Terms;
use super::{Caller, Services, UseCaseError, View};
use crate::challenge_vendor::Unanswered;

/// Proofs of work that are judged at once: each takes a thread, some milliseconds and 1 MiB.
const JUDGES: usize = 2;
/// How long a solution waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps solutions from taking all threads.
pub struct Judges(Semaphore);

impl Default for Judges {
    fn default() -> Self {
        Judges(Semaphore::new(JUDGES))
    }
}

/// What is to be solved, with all that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Puzzle {
    /// What.
    pub kind: ChallengeKind,
    /// The salt of a proof of work, and what a token may be bound to.
    pub salt: String,
    /// What a vendor's widget is shown with.
    pub site_key: Option<String>,
}

/// A verification whose challenge was solved.
pub struct SolveAnswer {
    /// As it is now.
    pub view: View,
    /// What is left of the limits on messages to the phone.
    pub quotas: Vec<Quota>,
}

/// What a start meets, where the app challenges everybody.
pub(super) fn gate(policy: &Policy, gate: Gate, kind: ChallengeKind) -> Gate {
    match policy.challenge.when {
        ChallengeWhen::WhenSuspected => gate,
        ChallengeWhen::Always => gate.challenged_by(GateRule::Policy, kind),
    }
}

impl Services {
    /// What an app asks to be solved where the code is typed there.
    pub fn challenge_kind(&self, policy: &Policy, presentation: &Presentation) -> ChallengeKind {
        let is_ours = matches!(presentation, Presentation::Element { .. })
            || Terms::is_hosted(presentation, &self.issuer);
        match (&self.challenge, policy.challenge.by) {
            (Some(vendor), ChallengeMethod::Vendor) if !is_ours => vendor.kind(),
            _ => policy.challenge.proof_of_work(),
        }
    }

    /// Judges a solution; a right one sends the first message. One that comes again after it was right finds it done.
    pub async fn solve(
        &self,
        caller: &Caller,
        verification: VerificationId,
        solution: String,
    ) -> Result<SolveAnswer, UseCaseError> {
        // One at a time: as many are judged as may be wrong, and no more.
        let _alone = self.under_way.keys.enter(*verification.as_bytes()).ok_or(UseCaseError::Busy)?;
        let known = self.find(caller, verification).await?;
        let kind = known.challenge().map(|challenge| challenge.kind);
        let solution = match kind {
            Some(kind) if known.expires_at > self.clock.now() => {
                self.judge(&self.puzzle(caller, verification, kind), solution).await?
            }
            // Nothing is left to be solved: the step says why.
            _ => Solution::Wrong,
        };
        let kind = kind.unwrap_or_else(|| caller.app.policy.challenge.proof_of_work());
        let solve = Solve { verification, kind, solution, passage: Passage::Sent };
        let answer = self.run_on(caller, verification, Command::Solve(solve)).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Solved(Solved::Wrong { attempts_remaining }), _) => {
                Err(UseCaseError::NotSolved { attempts_remaining })
            }
            (Outcome::Solved(_), Some(verification)) => {
                Ok(SolveAnswer { view: self.view(caller, verification)?, quotas: answer.quotas })
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }

    /// Off the threads that serve requests.
    async fn judge(&self, puzzle: &Puzzle, solution: String) -> Result<Solution, UseCaseError> {
        let zero_bits = match (puzzle.kind, &self.challenge) {
            (ChallengeKind::ProofOfWork { zero_bits }, _) => zero_bits,
            (kind, Some(vendor)) if vendor.kind() == kind => {
                return Ok(vendor.judge(&solution, &puzzle.salt).await?);
            }
            // The operator has taken the vendor away since.
            _ => return Err(Unanswered.into()),
        };
        let turn = tokio::time::timeout(PATIENCE, self.under_way.solutions.0.acquire()).await;
        let _turn = turn.map_err(|_| UseCaseError::Busy)?.map_err(|_| UseCaseError::Busy)?;
        let salt = puzzle.salt.clone();
        let judged = tokio::task::spawn_blocking(move || is_work_done(&solution, &salt, zero_bits)).await;
        match judged {
            Ok(true) => Ok(Solution::Right),
            Ok(false) => Ok(Solution::Wrong),
            // The server is going down.
            Err(_) => Err(UseCaseError::Busy),
        }
    }

    /// What is to be solved of a verification: the same each time.
    pub(super) fn puzzle(
        &self,
        caller: &Caller,
        verification: VerificationId,
        kind: ChallengeKind,
    ) -> Puzzle {
        let site_key = match (kind, &self.challenge) {
            (ChallengeKind::ProofOfWork { .. }, _) => None,
            (kind, vendor) => {
                vendor.as_ref().filter(|vendor| vendor.kind() == kind).map(|own| own.site_key().to_owned())
            }
        };
        Puzzle { kind, salt: salt(&self.engine.keyring(), caller.app.id, verification), site_key }
    }

    /// What a start answered that had to be solved first, however late its retry comes.
    pub(super) fn challenged_view(&self, caller: &Caller, view: View, first: ChallengedAnswer) -> View {
        View {
            status: Status::ChallengeRequired,
            created_at: first.created_at,
            expires_at: first.expires_at,
            challenge: Some(self.puzzle(caller, view.verification.id, first.kind)),
            attempts_remaining: first.attempts_remaining,
            resend_at: None,
            proof: None,
            verification: Arc::clone(&view.verification),
            ..view
        }
    }
}
