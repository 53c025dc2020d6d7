//! The same request, asked again: the same answer, once (draft-ietf-httpapi-idempotency-key-header-06; I15).
//!
//! The key is reserved with a fingerprint of the request and the verification's id *before* the
//! commit, which then happens under that id. The answer is not stored: it is rebuilt from the
//! subject, which remembers the outcomes of its last commands (design 6).

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::id::VerificationId;
use countersign_core::verification::CommandId;
use countersign_store::{IdempotencyRecord, Reserved, Store as _};

use super::{Caller, Services, UseCaseError};

/// A request that may come again.
#[derive(Clone)]
pub struct Retryable {
    /// Who asks.
    pub asker: Asker,
    /// The `Idempotency-Key`.
    pub key: String,
    /// Everything that makes the request what it is: method, path and body.
    pub request: Vec<u8>,
}

/// Who asks, and so where the key is remembered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A shop's server: in the store, for a day.
    Shop,
    /// A browser: with the outcome, by its one verification. It could fill the store with keys otherwise.
    Browser,
}

/// Requests with an idempotency key that this node is processing.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<[u8; 16]>>>);

/// One of them; gone when dropped.
pub struct Running {
    key: [u8; 16],
    all: InFlight,
}

impl InFlight {
    pub(super) fn enter(&self, key: [u8; 16]) -> Option<Running> {
        let entered = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        entered.then(|| Running { key, all: self.clone() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// What a request runs as.
pub(super) struct Run {
    /// The verification that it makes or is about.
    pub(super) verification: VerificationId,
    /// Its name, by which the subject knows it again.
    pub(super) command: Option<CommandId>,
    /// Keeps others with the same key out while it lives.
    _running: Option<Running>,
}

impl Services {
    /// Reserves the key of a request about `verification`; a request without one simply runs.
    pub(super) async fn begin(
        &self,
        caller: &Caller,
        retryable: Option<Retryable>,
        verification: VerificationId,
    ) -> Result<Run, UseCaseError> {
        let Some(retryable) = retryable else {
            return Ok(Run { verification, command: None, _running: None });
        };
        let keyring = self.engine.keyring();
        let app = caller.app.id;
        if retryable.asker == Asker::Browser {
            let asked = [verification.as_bytes(), retryable.key.as_bytes(), b"\n", &retryable.request];
            let command = keyring.tag("idempotency/browser", app, &asked.concat()).0;
            let running = self.under_way.keys.enter(command).ok_or(UseCaseError::InFlight)?;
            return Ok(Run { verification, command: Some(CommandId(command)), _running: Some(running) });
        }
        let mode = caller.mode.as_str();
        let key = keyring.tag(&format!("idempotency/{mode}"), app, retryable.key.as_bytes()).0;
        let fingerprint = keyring.tag("idempotency-request", app, &retryable.request).0;
        let running = self.under_way.keys.enter(key).ok_or(UseCaseError::InFlight)?;
        let record = IdempotencyRecord { app, key, fingerprint, verification };
        let verification = match self.store.reserve_idempotency(record, self.clock.now()).await? {
            Reserved::Fresh => verification,
            Reserved::Known(known) if known.fingerprint == fingerprint => known.verification,
            Reserved::Known(_) => return Err(UseCaseError::KeyReused),
        };
        Ok(Run { verification, command: Some(CommandId(key)), _running: Some(running) })
    }
}
