//! The right to send one message.

use std::sync::Arc;

use countersign_core::entropy::Entropy;
use countersign_core::guard::{JournalEntry, Sent};
use countersign_core::id::AppId;
use countersign_core::keyring::Keyring;
use countersign_core::time::Timestamp;
use countersign_store::JournalRecord;

use super::{AppGuard, Guards};

/// The right to send one message. What was taken for it is handed back when it is dropped without having been used.
pub struct Permit {
    guards: Arc<Guards>,
    guard: Arc<AppGuard>,
    sent: Sent,
    use_: Use,
}

enum Use {
    Open,
    Committed,
}

impl Permit {
    pub(super) const fn new(guards: Arc<Guards>, guard: Arc<AppGuard>, sent: Sent) -> Self {
        Permit { guards, guard, sent, use_: Use::Open }
    }

    /// What the commit of its message writes down.
    pub fn entry(&self) -> JournalEntry {
        JournalEntry::Sent(Box::new(self.sent))
    }

    /// Its message was committed.
    pub fn committed(&mut self) {
        self.use_ = Use::Committed;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Use::Open = self.use_ {
            let sent = self.sent;
            self.guards.with_instance(&self.guard, |state| state.guard.withdraw(&sent));
        }
    }
}

/// An entry as the store keeps it.
pub fn sealed(
    entry: &JournalEntry,
    app: AppId,
    keyring: &Keyring,
    entropy: &mut Entropy,
    at: Timestamp,
) -> Option<JournalRecord> {
    let text = serde_json::to_string(entry).ok()?;
    Some(JournalRecord { app, at, entry: keyring.seal_journal(app, &text, entropy.bytes()) })
}
