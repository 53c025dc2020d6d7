//! How far customers come, counted in this process and added to the store every few seconds: no start and no check
//! writes anything more for it.
//!
//! What is lost by that: the last seconds before a crash, and the memory of what has been counted. A step that comes
//! again after a restart is counted again, and one that comes later finds no provider.

mod tally;

use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::event::{Event, EventKind};
use countersign_core::funnel::FunnelStep;
use countersign_core::id::AppId;
use countersign_core::subject::Subject;
use countersign_core::time::Timestamp;
use countersign_core::verification::Verification;
use countersign_store::{AnyStore, Store as _, StoreError};

use tally::{Bounds, Place, Tally};

/// Cells that are added to the store at a time, so that no commit waits long.
const BATCH: usize = 256;

const BOUNDS: Bounds = Bounds { cells: 4096, remembered: 100_000, providers: 256 };

/// Counts how far verifications come, each step once.
pub struct Funnel {
    tally: Mutex<Tally>,
    /// Whoever adds to the store. What has been taken to be added comes back before others take.
    adding: tokio::sync::Mutex<()>,
}

impl Default for Funnel {
    fn default() -> Self {
        Funnel { tally: Mutex::new(Tally::new(BOUNDS)), adding: tokio::sync::Mutex::default() }
    }
}

impl Funnel {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        // A step that was half counted when somebody panicked is a wrong figure, and no reason to stop.
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A verification came to a step that a browser tells of.
    pub fn reached(&self, app: AppId, verification: &Verification, step: FunnelStep, now: Timestamp) {
        self.tally().count(&place(app, verification), step, now);
    }

    /// A provider accepted a message with its code.
    pub fn sent(&self, app: AppId, verification: &Verification, provider: &str, now: Timestamp) {
        self.tally().sent(&place(app, verification), provider, now);
    }

    /// Counts what a commit tells of verifications of `subject`.
    pub fn heed(&self, events: &[Event], subject: &Subject, now: Timestamp) {
        for event in events {
            let steps: &[FunnelStep] = match event.kind {
                EventKind::Approved => &[FunnelStep::Submitted, FunnelStep::Approved],
                EventKind::CheckIncorrect { .. } | EventKind::CheckSuperseded { .. } => {
                    &[FunnelStep::Submitted]
                }
                _ => continue,
            };
            let Some(verification) = subject.verification(event.verification) else { continue };
            for step in steps {
                self.reached(subject.app, verification, *step, now);
            }
        }
    }

    /// Adds what was counted to the store; what it does not take is kept for the next time. Let it run to its end:
    /// what is on its way when it is dropped may be lost.
    pub async fn flush(&self, store: &AnyStore) -> Result<(), StoreError> {
        let _alone = self.adding.lock().await;
        loop {
            let taken = self.tally().take(BATCH);
            if taken.is_empty() {
                break;
            }
            let number = taken.len();
            let added = store.add_funnel(taken.clone()).await;
            let mut tally = self.tally();
            tally.settle(number);
            if let Err(error) = added {
                tally.put_back(taken);
                return Err(error);
            }
        }
        let dropped = self.tally().take_dropped();
        if dropped > 0 {
            tracing::warn!(dropped, "steps of verifications were not counted: too many cells at once");
        }
        Ok(())
    }
}

fn place(app: AppId, verification: &Verification) -> Place {
    Place {
        app,
        verification: verification.id,
        mode: verification.mode,
        presentation: verification.presentation.mode(),
        country: verification.country,
    }
}
