//! Show: read verifications and what happened to them.

use std::sync::Arc;

use countersign_core::event::Event;
use countersign_core::id::VerificationId;
use countersign_core::phone::E164;
use countersign_core::purpose::Purpose;
use countersign_core::time::Timestamp;
use countersign_core::verification::Status;
use countersign_store::{Listing, Store as _};

use super::{Caller, Services, UseCaseError, View};

/// Which verifications are wanted.
#[derive(Default)]
pub struct Filter {
    /// With this status.
    pub status: Option<Status>,
    /// For this purpose.
    pub purpose: Option<Purpose>,
    /// Of this phone.
    pub phone: Option<E164>,
    /// Started at or after.
    pub created_from: Option<Timestamp>,
    /// Started before.
    pub created_before: Option<Timestamp>,
    /// Older than this one.
    pub after: Option<VerificationId>,
    /// How many: 1–100.
    pub limit: usize,
}

/// One page.
pub struct Views {
    /// Newest first.
    pub views: Vec<View>,
    /// The cursor of the next page, if there is one.
    pub next: Option<VerificationId>,
}

impl Services {
    /// One verification, with its proof while that lives.
    pub async fn show(&self, caller: &Caller, id: VerificationId) -> Result<View, UseCaseError> {
        let verification = self.find(caller, id).await?;
        self.view(caller, verification)
    }

    /// Verifications of the caller's app and mode, newest first.
    pub async fn list(&self, caller: &Caller, filter: Filter) -> Result<Views, UseCaseError> {
        let subject = filter
            .phone
            .as_ref()
            .map(|phone| self.engine.keyring().subject_key(caller.app.id, caller.mode, phone));
        let listing = Listing {
            app: caller.app.id,
            mode: caller.mode,
            status: filter.status,
            purpose: filter.purpose,
            subject,
            created_from: filter.created_from,
            created_before: filter.created_before,
            after: filter.after,
            limit: filter.limit,
        };
        let page = self.store.list(listing).await?;
        let next = page.verifications.last().filter(|_| page.more).map(|last| last.id);
        let views =
            page.verifications.into_iter().map(|verification| self.view(caller, Arc::new(verification)));
        Ok(Views { views: views.collect::<Result<_, _>>()?, next })
    }

    /// What happened to one verification, oldest first.
    pub async fn timeline(&self, caller: &Caller, id: VerificationId) -> Result<Vec<Event>, UseCaseError> {
        self.find(caller, id).await?;
        Ok(self.store.timeline(caller.app.id, id).await?)
    }
}
