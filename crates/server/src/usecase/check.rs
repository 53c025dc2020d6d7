//! Check: is this the code?

use countersign_core::code::Guess;
use countersign_core::id::VerificationId;
use countersign_core::step::{Check, CheckResult, Checked, Command, Outcome};
use countersign_core::transaction::Transaction;
use countersign_core::verification::Status;

use super::idempotency::Retryable;
use super::{Caller, Services, UseCaseError};

/// What a check asks.
pub struct CheckRequest {
    /// The verification.
    pub verification: VerificationId,
    /// What the customer typed.
    pub guess: Guess,
    /// The transaction, where the shop repeats it.
    pub transaction: Option<Transaction>,
}

/// What it came to.
pub struct CheckAnswer {
    /// The verification.
    pub id: VerificationId,
    /// Its status right after this check.
    pub status: Status,
    /// The result.
    pub checked: Checked,
    /// The proof, if this very check approved it.
    pub proof: Option<String>,
}

impl Services {
    /// Evaluates one guess.
    pub async fn check(
        &self,
        caller: &Caller,
        request: CheckRequest,
        retryable: Option<Retryable>,
    ) -> Result<CheckAnswer, UseCaseError> {
        let run = self.begin(caller, retryable, request.verification).await?;
        let check = Check {
            verification: run.verification,
            guess: request.guess,
            transaction: request.transaction,
            command: run.command,
        };
        let answer = self.run_on(caller, run.verification, Command::Check(check)).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Checked(checked), Some(verification)) => {
                let status = checked.status(verification.status());
                let proof = if checked.result == CheckResult::Approved {
                    self.proof(caller, &verification, &self.phone_of(caller, &verification)?)?
                } else {
                    None
                };
                Ok(CheckAnswer { id: verification.id, status, checked, proof })
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }
}
