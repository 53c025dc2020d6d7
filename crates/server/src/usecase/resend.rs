//! Resend: the message did not come.

use countersign_core::gate::Passage;
use countersign_core::id::VerificationId;
use countersign_core::quota::Quota;
use countersign_core::step::{Command, Outcome, Resend};
use countersign_core::verification::Channel;

use super::idempotency::Retryable;
use super::{Caller, Services, UseCaseError, View};

/// A verification whose message was sent again.
pub struct ResendAnswer {
    /// As it is now.
    pub view: View,
    /// What is left of the limits on messages to the phone.
    pub quotas: Vec<Quota>,
}

impl Services {
    /// Sends the message of a pending verification again, by `channel` or else by the next step of its
    /// workflow, if one is left.
    pub async fn resend(
        &self,
        caller: &Caller,
        verification: VerificationId,
        channel: Option<Channel>,
        retryable: Option<Retryable>,
    ) -> Result<ResendAnswer, UseCaseError> {
        let run = self.begin(caller, retryable, verification).await?;
        if let Some(channel) = channel {
            let known = self.find(caller, verification).await?;
            // Routes may have changed since the first request of this key, its answer has not.
            if known.recall(run.command).is_none() {
                self.check_route(caller, channel, &self.phone_of(caller, &known)?)?;
            }
        }
        let resend =
            Resend { verification: run.verification, channel, passage: Passage::Sent, command: run.command };
        let answer = self.run_on(caller, run.verification, Command::Resend(resend)).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Resent { .. }, Some(verification)) => {
                let phone = self.phone_of(caller, &verification)?;
                let view = self.pending_view(caller, verification, &phone, run.command)?;
                Ok(ResendAnswer { view, quotas: answer.quotas })
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }
}
