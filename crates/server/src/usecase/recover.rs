//! Recover: another phone is to take the place of one that its customer lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::id::VerificationId;
use countersign_core::locale::Locale;
use countersign_core::phone::E164;
use countersign_core::step::{Command, Outcome, Recover};

use super::start::StartAnswer;
use super::{Caller, Services, UseCaseError};
use crate::engine::{Job, Target};

/// What a recovery is asked for.
pub struct RecoverRequest {
    /// The lost phone.
    pub phone: E164,
    /// The phone that is to take its place.
    pub replacement: E164,
    /// The customer whose number changes.
    pub customer: String,
    /// The language of the notice.
    pub locale: Locale,
    /// The shop's own words.
    pub metadata: BTreeMap<String, String>,
}

impl Services {
    /// Tells the lost phone, and begins the time in which its holder can object; or finds the recovery
    /// that the same customer has for the same phones.
    pub async fn recover(
        &self,
        caller: &Caller,
        request: RecoverRequest,
    ) -> Result<StartAnswer, UseCaseError> {
        let key = self.engine.keyring().subject_key(caller.app.id, caller.mode, &request.phone);
        if key == self.engine.keyring().subject_key(caller.app.id, caller.mode, &request.replacement) {
            return Err(UseCaseError::SamePhone);
        }
        let fresh = VerificationId::new(self.clock.now(), key.partition(), &mut self.randomness.entropy());
        let phone = request.phone.clone();
        let recover = Recover {
            verification: fresh,
            phone: request.phone,
            replacement: request.replacement,
            mode: caller.mode,
            customer: request.customer,
            locale: request.locale,
            metadata: request.metadata,
        };
        let job = Job {
            app: Arc::clone(&caller.app),
            target: Target::Phone(key, phone.clone()),
            command: Command::Recover(Box::new(recover)),
            permit: None,
        };
        let answer = self.run_admitted(caller, job, None).await?;
        match (answer.outcome, answer.verification) {
            (Outcome::Started(started), Some(verification)) => {
                let view = self.view_of(caller, verification, &phone)?;
                Ok(StartAnswer {
                    view,
                    started,
                    quotas: answer.quotas,
                    client_secret: None,
                    url: None,
                    device: None,
                })
            }
            (Outcome::Refused(refusal), _) => Err(UseCaseError::Refused(refusal)),
            _ => Err(UseCaseError::NotFound("verification")),
        }
    }
}
