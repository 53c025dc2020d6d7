//! The hosted page: who may open it.

use std::sync::Arc;

use countersign_core::browser::PageSession;
use countersign_core::verification::Verification;
use countersign_store::{IDEMPOTENCY_LIFETIME, IdempotencyRecord, Reserved, Store as _};

use super::browser::BROWSER_ACCESS;
use super::{Services, UseCaseError};

/// Whether a link opens the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It does, for this browser from now on.
    First(PageSession, Arc<Verification>),
    /// This browser came through it before.
    Again(PageSession),
    /// Somebody else did, it is too old, or it is none.
    Closed,
}

impl Services {
    /// Goes through an entry, which opens once: whoever comes later finds it closed, so that nothing in a history, a
    /// log or a referrer opens anything. `known` is the session that the browser already has for the verification.
    pub async fn enter(&self, token: &str, known: Option<PageSession>) -> Result<Entered, UseCaseError> {
        let keyring = self.engine.keyring();
        let Some(entry) = keyring.read_page_entry(token) else { return Ok(Entered::Closed) };
        let granted = entry.granted;
        let session = PageSession { granted, nonce: entry.nonce };
        if known == Some(session) {
            return Ok(Entered::Again(session));
        }
        // That it was used is remembered for a day, longer than anybody is let in.
        const { assert!(BROWSER_ACCESS.as_secs() < IDEMPOTENCY_LIFETIME.as_secs()) };
        let Some(visitor) = self.visitor(granted) else { return Ok(Entered::Closed) };
        // First what can fail: a link that was used up for nothing opens no second time.
        let verification = match self.find(&visitor.caller, granted.verification).await {
            Ok(verification) => verification,
            Err(UseCaseError::NotFound(_)) => return Ok(Entered::Closed),
            Err(error) => return Err(error),
        };
        let key = keyring.tag("browser/page-entry-used", granted.app, token.as_bytes()).0;
        let record =
            IdempotencyRecord { app: granted.app, key, fingerprint: key, verification: granted.verification };
        Ok(match self.store.reserve_idempotency(record, self.clock.now()).await? {
            Reserved::Fresh => Entered::First(session, verification),
            Reserved::Known(_) => Entered::Closed,
        })
    }
}
