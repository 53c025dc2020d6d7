//! Resend: the message did not come.

use countersign_core::id::VerificationId;
use countersign_core::step::{Command, Outcome, Resend};

use super::idempotency::Retryable;
use super::{Caller, Services, UseCaseError, View};

impl Services {
    /// Sends the message of a pending verification again.
    pub async fn resend(
        &self,
        caller: &Caller,
        verification: VerificationId,
        retryable: Option<Retryable>,
    ) -> Result<View, UseCaseError> {
        let run = self.begin(caller, retryable, verification).await?;
        let resend = Resend { verification: run.verification, command: run.command };
        let answer = self.run_on(caller, run.verification, Command::Resend(resend)).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Resent { .. }, Some(verification)) => {
                let phone = self.phone_of(caller, &verification)?;
                self.pending_view(caller, verification, &phone, run.command)
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }
}
