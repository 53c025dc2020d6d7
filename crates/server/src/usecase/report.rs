//! Report: the customer says "this was not me".

use countersign_core::id::VerificationId;
use countersign_core::step::Command;

use super::{Caller, Services, UseCaseError, View};

impl Services {
    /// Voids a verification that its customer says was not hers.
    pub async fn report(&self, caller: &Caller, verification: VerificationId) -> Result<View, UseCaseError> {
        let answer = self.run_on(caller, verification, Command::Report(verification)).await?;
        let verification = answer.verification.ok_or(UseCaseError::NotFound("verification"))?;
        self.view(caller, verification)
    }
}
