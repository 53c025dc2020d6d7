//! Replace: the proof of a customer's old phone, or a recovery whose time has come, lets another one take its
//! place (NIST SP 800-63B-4 §3.1.3.3, §4.1.2, §4.2, N7).
//!
//! The two phones are two subjects in two partitions, so no commit can hold both. The old proof is redeemed
//! first and the new phone's start follows: a crash in between costs the customer one more proof, while the
//! other order could start twice on one. What can be known of the start without writing is asked before.

use countersign_core::channel::Assurance;
use countersign_core::event::EventKind;
use countersign_core::id::VerificationId;
use countersign_core::phone::E164;
use countersign_core::purpose::Purpose;
use countersign_core::step::{Command, GivesWayTo, Outcome, Redeem, Replacement, Start};
use countersign_core::verification::{CommandId, State, Verification};

use super::redeem::judged;
use super::{Caller, Services, UseCaseError};
use crate::engine::Job;

/// What a start for a customer's new phone brings of the old one.
pub struct ReplaceRequest {
    /// What lets it go.
    pub by: By,
    /// The old phone as the shop's records have it, where the shop gives it.
    pub phone: Option<E164>,
    /// The customer whose number changes.
    pub customer: String,
}

/// What lets an old phone go.
pub enum By {
    /// Its proof.
    Proof(String),
    /// A recovery, that phone being lost.
    Recovery(VerificationId),
}

/// The old phone's part of a start, its proof believed.
pub(super) struct Replaces {
    /// What lets it go: the old phone's verification.
    pub(super) verification: VerificationId,
    errors: fn(UseCaseError) -> UseCaseError,
    request: ReplaceRequest,
}

impl Services {
    /// Believes the old phone's proof. Writes nothing.
    pub(super) fn believe_old(
        &self,
        caller: &Caller,
        request: ReplaceRequest,
    ) -> Result<Replaces, UseCaseError> {
        let (verification, errors) = match &request.by {
            By::Proof(proof) => (self.believe(caller, proof).map_err(of_old)?.jti, of_old as fn(_) -> _),
            By::Recovery(recovery) => (*recovery, of_recovery as fn(_) -> _),
        };
        Ok(Replaces { verification, errors, request })
    }

    /// Lets the old phone give way to the one that `job` starts a verification of, if nothing is known
    /// that would refuse that start.
    pub(super) async fn give_way(
        &self,
        caller: &Caller,
        replaces: Replaces,
        job: &Job,
        start: &Start,
    ) -> Result<(), UseCaseError> {
        let rehearsal = self.engine.rehearse(job).await?;
        if let Some(Outcome::Refused(refusal)) = rehearsal.map(|rehearsal| rehearsal.outcome) {
            return Err(UseCaseError::Refused(refusal));
        }
        let (old, errors) = (replaces.verification, replaces.errors);
        let verification = self.find(caller, old).await.map_err(errors)?;
        if matches!(replaces.request.by, By::Recovery(_)) && !self.was_told(&verification, caller).await? {
            return Err(UseCaseError::RecoveryUntold);
        }
        let phone = match replaces.request.phone {
            Some(phone) => phone,
            None => self.phone_of(caller, &verification)?,
        };
        // Named after the new verification, whose id a repeated start brings again: it finds the proof
        // redeemed by itself, and nobody else does.
        let name = self.engine.keyring().tag("replace", caller.app.id, start.verification.as_bytes());
        let redeem = Redeem {
            verification: old,
            phone,
            purpose: Purpose::AccountChange,
            session: start.session,
            transaction: start.transaction.clone(),
            least: Assurance::Possession,
            replacement: Some(Replacement {
                phone: start.phone.clone(),
                verification: start.verification,
                customer: replaces.request.customer,
                by: match replaces.request.by {
                    By::Proof(_) => GivesWayTo::Proof,
                    By::Recovery(_) => GivesWayTo::Recovery,
                },
            }),
            command: Some(CommandId(name.0)),
        };
        let answer = self.run_on(caller, old, Command::Redeem(Box::new(redeem))).await.map_err(errors)?;
        judged(&answer.outcome).map_err(errors)
    }

    /// Whether a carrier took, or may have taken, the notice to a phone that is said to be lost: whoever was not
    /// told could not object (N7). That the notice arrived is not asked for: the phone may be off for good.
    async fn was_told(&self, recovery: &Verification, caller: &Caller) -> Result<bool, UseCaseError> {
        use countersign_store::Store as _;
        // Before its time it is refused anyway, and the notice may just be leaving.
        if !matches!(recovery.state, State::Recovering { ready_at, .. } if ready_at <= self.clock.now()) {
            return Ok(true);
        }
        let notices: Vec<_> = recovery.deliveries.iter().map(|trace| trace.id).collect();
        let events = self.store.timeline(caller.app.id, recovery.id).await?;
        Ok(events.iter().any(|event| match &event.kind {
            EventKind::DeliveryAccepted { delivery, .. } | EventKind::DeliveryUnknown { delivery, .. } => {
                notices.contains(delivery)
            }
            _ => false,
        }))
    }
}

/// A proof whose verification is gone proves nothing any more.
fn of_old(error: UseCaseError) -> UseCaseError {
    match error {
        UseCaseError::NotFound(_) => UseCaseError::Replaces(Box::new(UseCaseError::ProofVoid)),
        UseCaseError::Proof(_)
        | UseCaseError::AlreadyRedeemed
        | UseCaseError::ProofExpired
        | UseCaseError::ProofVoid
        | UseCaseError::TooWeak
        | UseCaseError::Mismatch(_) => UseCaseError::Replaces(Box::new(error)),
        other => other,
    }
}

/// A recovery that is none, or none any more, lets nobody go.
fn of_recovery(error: UseCaseError) -> UseCaseError {
    match error {
        UseCaseError::NotFound(_) | UseCaseError::ProofVoid | UseCaseError::AlreadyRedeemed => {
            UseCaseError::RecoveryVoid
        }
        // A proof's verification is named: it can be redeemed as a proof and not as a recovery.
        UseCaseError::Mismatch(_) | UseCaseError::ProofExpired => UseCaseError::RecoveryVoid,
        other => other,
    }
}
