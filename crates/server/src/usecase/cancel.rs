//! Cancel: the shop gives a verification up.

use countersign_core::id::VerificationId;
use countersign_core::step::Command;

use super::{Caller, Services, UseCaseError, View};

impl Services {
    /// Gives a verification up. Done twice, or too late, it changes nothing.
    pub async fn cancel(&self, caller: &Caller, verification: VerificationId) -> Result<View, UseCaseError> {
        let answer = self.run_on(caller, verification, Command::Cancel(verification)).await?;
        let verification = answer.verification.ok_or(UseCaseError::NotFound("verification"))?;
        self.view(caller, verification)
    }
}
