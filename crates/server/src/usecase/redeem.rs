//! Redeem: use a proof, once.

use countersign_core::channel::Assurance;
use countersign_core::phone::E164;
use countersign_core::proof::{Claims, Jwks, ProofError, SessionHash};
use countersign_core::purpose::Purpose;
use countersign_core::step::{Command, Outcome, Redeem, RedeemOutcome};
use countersign_core::transaction::Transaction;

use super::idempotency::Retryable;
use super::{Caller, Services, UseCaseError, View};

/// What the shop is about to do, and the proof for it.
pub struct RedeemRequest {
    /// The proof.
    pub proof: String,
    /// The phone of the account.
    pub phone: E164,
    /// The purpose.
    pub purpose: Purpose,
    /// The session.
    pub session: Option<SessionHash>,
    /// The transaction that is about to be carried out.
    pub transaction: Option<Transaction>,
    /// The least that the proof must show.
    pub least: Assurance,
}

/// A redeemed proof.
pub struct RedeemAnswer {
    /// What it said.
    pub claims: Claims,
    /// The verification behind it.
    pub view: View,
}

impl Services {
    /// Redeems a proof if everything it was given for is what the shop is about to do.
    pub async fn redeem(
        &self,
        caller: &Caller,
        request: RedeemRequest,
        retryable: Option<Retryable>,
    ) -> Result<RedeemAnswer, UseCaseError> {
        let claims = self.believe(caller, &request.proof)?;
        let run = self.begin(caller, retryable, claims.jti).await?;
        let redeem = Redeem {
            verification: claims.jti,
            phone: request.phone,
            purpose: request.purpose,
            session: request.session,
            transaction: request.transaction,
            least: request.least,
            replacement: None,
            command: run.command,
        };
        let answer = self.run_on(caller, claims.jti, Command::Redeem(Box::new(redeem))).await?;
        judged(&answer.outcome)?;
        let verification = answer.verification.ok_or(UseCaseError::NotFound("verification"))?;
        Ok(RedeemAnswer { claims, view: self.view(caller, verification)? })
    }

    /// Signature, audience, mode and epoch. A proof of another app must not touch that app's
    /// verification (I10), so it is turned away here. Its time is judged with its verification, on
    /// the clock that never runs backwards.
    pub(super) fn believe(&self, caller: &Caller, proof: &str) -> Result<Claims, UseCaseError> {
        let keyring = self.engine.keyring();
        let claims = Claims::verify_signature(proof, &Jwks::of(&keyring))?;
        if claims.aud != caller.app.id || claims.mode != caller.mode {
            return Err(ProofError::WrongAudience.into());
        }
        if claims.epoch != keyring.epoch {
            return Err(UseCaseError::ProofExpired);
        }
        Ok(claims)
    }
}

/// Nothing, if this redeem used the proof up; else why not.
pub(super) fn judged(outcome: &Outcome) -> Result<(), UseCaseError> {
    match outcome {
        Outcome::Redeemed(RedeemOutcome::Redeemed) => Ok(()),
        Outcome::Redeemed(RedeemOutcome::AlreadyRedeemed) => Err(UseCaseError::AlreadyRedeemed),
        Outcome::Redeemed(RedeemOutcome::Expired) => Err(UseCaseError::ProofExpired),
        Outcome::Redeemed(RedeemOutcome::Denied | RedeemOutcome::NotApproved) => Err(UseCaseError::ProofVoid),
        Outcome::Redeemed(RedeemOutcome::TooWeak) => Err(UseCaseError::TooWeak),
        Outcome::Redeemed(RedeemOutcome::SamePhone) => Err(UseCaseError::SamePhone),
        Outcome::Redeemed(RedeemOutcome::Mismatch(field)) => Err(UseCaseError::Mismatch(*field)),
        Outcome::Redeemed(RedeemOutcome::NotReady { ready_at }) => {
            Err(UseCaseError::RecoveryNotReady(*ready_at))
        }
        Outcome::Redeemed(RedeemOutcome::OtherRecovery(field)) => Err(UseCaseError::OtherRecovery(*field)),
        _ => Err(UseCaseError::NotFound("verification")),
    }
}
