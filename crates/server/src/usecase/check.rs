//! Check: is this the code?

use countersign_core::channel::Assurance;
use countersign_core::code::Guess;
use countersign_core::id::VerificationId;
use countersign_core::step::{Check, CheckResult, Checked, Command, Outcome, Trust};
use countersign_core::transaction::Transaction;
use countersign_core::verification::Status;

use super::device::GrantedDevice;
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
    /// Whether the device is to be trusted.
    pub trust: Trust,
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
    pub proof: Option<Proof>,
    /// The device's token, if this very check made it trusted.
    pub device: Option<GrantedDevice>,
}

/// A proof, to be given out.
pub struct Proof {
    /// As it is signed.
    pub jws: String,
    /// What it shows.
    pub assurance: Assurance,
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
            trust: request.trust,
            command: run.command,
        };
        let answer = self.run_on(caller, run.verification, Command::Check(check)).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Checked(checked), Some(verification)) => {
                let status = checked.status(verification.status());
                let (jws, device) = if checked.result == CheckResult::Approved {
                    let phone = self.phone_of(caller, &verification)?;
                    let device = self.granted_device(caller, &verification, &phone, request.trust);
                    (self.proof(caller, &verification, &phone)?, device)
                } else {
                    (None, None)
                };
                let proof = jws.map(|jws| Proof { jws, assurance: verification.assurance() });
                Ok(CheckAnswer { id: verification.id, status, checked, proof, device })
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }
}
