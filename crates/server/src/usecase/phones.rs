//! What a shop says about phones themselves: lists, and when they were verified elsewhere.

use std::sync::Arc;

use countersign_core::guard::known::Import;
use countersign_core::phone::E164;
use countersign_core::step::{Command, NumberChange, Outcome, SetNumber};
use countersign_core::subject::{Listed, SubjectRecord};
use countersign_store::{Lookup, Store as _};

use super::{Caller, Services, UseCaseError};
use crate::engine::{Job, Target};

/// A phone as the guard of an app sees it.
pub struct PhoneRecord {
    /// The list that it is on.
    pub listed: Option<Listed>,
    /// Whether it is a known number (fraud.md B.2).
    pub is_known: bool,
}

impl Services {
    /// Puts a phone on a list, or takes it off both.
    pub async fn list_phone(
        &self,
        caller: &Caller,
        phone: &E164,
        listed: Option<Listed>,
    ) -> Result<PhoneRecord, UseCaseError> {
        let change = listed.map_or(NumberChange::Clear, NumberChange::Set);
        self.set_number(caller, phone, SetNumber { listed: Some(change), known: None }).await?;
        self.phone_record(caller, phone).await
    }

    /// Takes over when phones were verified elsewhere. Dates that cannot be are refused before any is taken over;
    /// the same import again changes nothing.
    pub async fn import_phones(
        &self,
        caller: &Caller,
        phones: Vec<(E164, Import)>,
    ) -> Result<usize, UseCaseError> {
        let now = self.clock.now();
        for (index, (_, import)) in phones.iter().enumerate() {
            if let Err(invalid) = countersign_core::guard::known::Successes::NONE.imported(*import, now) {
                let pointer = format!("/phones/{index}");
                return Err(UseCaseError::InvalidSetting { pointer, detail: invalid.to_string() });
            }
        }
        let count = phones.len();
        for (phone, import) in phones {
            let set = SetNumber { listed: None, known: Some(NumberChange::Set(import)) };
            self.set_number(caller, &phone, set).await?;
        }
        Ok(count)
    }

    async fn set_number(&self, caller: &Caller, phone: &E164, set: SetNumber) -> Result<(), UseCaseError> {
        let key = self.engine.keyring().subject_key(caller.app.id, caller.mode, phone);
        let job = Job {
            app: Arc::clone(&caller.app),
            target: Target::Phone(key, phone.clone()),
            command: Command::SetNumber(set),
            permit: None,
        };
        match self.engine.run(job).await?.outcome {
            Outcome::Refused(refusal) => Err(UseCaseError::Refused(refusal)),
            _ => Ok(()),
        }
    }

    async fn phone_record(&self, caller: &Caller, phone: &E164) -> Result<PhoneRecord, UseCaseError> {
        let key = self.engine.keyring().subject_key(caller.app.id, caller.mode, phone);
        let loaded = self.store.load(Lookup::Subject(caller.app.id, key)).await?;
        let of = |record: &SubjectRecord| PhoneRecord {
            listed: record.listed,
            is_known: record.successes.is_known(self.clock.now()),
        };
        let unseen = PhoneRecord { listed: None, is_known: false };
        Ok(loaded.map_or(unseen, |loaded| of(&loaded.subject.record)))
    }
}
