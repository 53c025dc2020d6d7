//! The guards of the apps, as they run.
//!
//! Each app has one guard, in memory. All that it is made of is in the store: whatever it allowed and whatever was
//! typed is committed to the journal together with the message or the approval itself, and a node that starts goes
//! through the last [`JOURNAL_KEPT`](countersign_store::JOURNAL_KEPT) once more, with the very lines that judged it
//! first. One process has the embedded store for itself, so that its guards are the only ones.

mod guess;
mod permit;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::guard::asn::Network;
use countersign_core::guard::budget::Stage;
use countersign_core::guard::caps::DaySum;
use countersign_core::guard::memory::Alarms;
use countersign_core::guard::policy::Amount;
use countersign_core::guard::probe::ProbeCount;
use countersign_core::guard::same_code::Repeated;
use countersign_core::guard::{Asked, AsnTable, Guard, JournalEntry, KeyId, KeyKind, Keyer, Ruling};
use countersign_core::id::{AppId, VerificationId};
use countersign_core::keyring::Keyring;
use countersign_core::subject::SubjectRecord;
use countersign_core::time::Timestamp;
use countersign_store::{AnyStore, JournalPosition, Store as _, StoreError};

pub use guess::{GuessAlarm, GuessPermit};
pub use permit::{Permit, sealed};

use crate::directory::Directory;
use crate::tenant::App;

/// Entries of the journal that are read at once.
const READ_AT_ONCE: usize = 4096;

/// What the guards of all apps share.
#[derive(Clone, Debug, Default)]
pub struct GuardSettings {
    /// Which network an address belongs to.
    pub networks: Option<Arc<AsnTable>>,
    /// The most that all apps spend in any 24 hours.
    pub instance_daily: Option<Amount>,
}

/// The guards of all apps.
pub struct Guards {
    settings: GuardSettings,
    apps: Mutex<HashMap<AppId, Arc<AppGuard>>>,
    instance_spend: Mutex<DaySum>,
}

/// The guard of one app.
pub(crate) struct AppGuard {
    keyer: Keyer,
    state: Mutex<State>,
}

struct State {
    guard: Guard,
    /// Whose policy it has.
    app: Arc<App>,
    wrong_codes: guess::WrongCodes,
    /// How far the guess budget was used when it last changed.
    warned_of: Stage,
}

/// What a guard has seen since the journal begins.
#[derive(Clone, Copy, Debug)]
pub struct GuardFigures {
    /// Alarms.
    pub alarms: Alarms,
    /// What was refused by lot, and what became of the probes.
    pub probes: ProbeCount,
    /// Spent in the last 24 hours, in millionths of the policy's currency.
    pub spent_micros: u64,
    /// How far the guess budget is used.
    pub guess_stage: Stage,
    /// Takeovers that the wrong guesses of the last 24 hours may be expected to make, in millionths.
    pub expected_takeovers_millionths: u64,
    /// Whether one wrong code came more often in this hour than luck brings it.
    pub same_code: Repeated,
}

impl Guards {
    /// Guards that have seen nothing.
    pub fn new(settings: GuardSettings) -> Self {
        Guards { settings, apps: Mutex::default(), instance_spend: Mutex::new(DaySum::NONE) }
    }

    /// Goes through the journal. Entries of apps that are gone, or that were sealed by a key that is, are passed over:
    /// a guard that knows less lets nothing through that a new one would not.
    pub async fn learn(
        &self,
        store: &AnyStore,
        directory: &Directory,
        keyring: &Keyring,
    ) -> Result<u64, StoreError> {
        let (mut after, mut learnt) = (JournalPosition::default(), 0);
        loop {
            let records = store.journal(after, READ_AT_ONCE).await?;
            let Some((last, _)) = records.last() else { return Ok(learnt) };
            after = *last;
            for (_, record) in records {
                let Some(app) = directory.app(record.app) else { continue };
                let opened = keyring.open_journal(record.app, &record.entry).ok();
                let entry = opened.and_then(|text| serde_json::from_str::<JournalEntry>(&text).ok());
                let Some(entry) = entry else { continue };
                let guard = self.of(&app, keyring);
                self.with_instance(&guard, |state| state.guard.replay(&entry));
                learnt += 1;
            }
        }
    }

    /// The guard of an app, with the policy that the app has now.
    pub(crate) fn of(&self, app: &Arc<App>, keyring: &Keyring) -> Arc<AppGuard> {
        let mut apps = locked(&self.apps);
        let guard = apps.entry(app.id).or_insert_with(|| {
            let keyer = keyring.guard_keyer(app.id);
            let guard = Guard::new(self.policy(app), keyer.clone());
            // The directory holds no policy that is not allowed; the default always is.
            let guard = guard.unwrap_or_else(|_| Guard::by_default(keyer.clone()));
            let state = State {
                guard,
                app: Arc::clone(app),
                wrong_codes: guess::WrongCodes::default(),
                warned_of: Stage::Calm,
            };
            Arc::new(AppGuard { keyer, state: Mutex::new(state) })
        });
        let guard = Arc::clone(guard);
        drop(apps);
        let mut state = locked(&guard.state);
        if !Arc::ptr_eq(&state.app, app) {
            if state.app.policy.guard != app.policy.guard {
                state.guard.follow(self.policy(app));
            }
            state.app = Arc::clone(app);
        }
        drop(state);
        guard
    }

    fn policy(&self, app: &App) -> countersign_core::guard::GuardPolicy {
        let mut policy = app.policy.guard.clone().without_phone_limits();
        policy.caps.instance_daily = self.settings.instance_daily;
        policy
    }

    /// Which network an address belongs to, where the operator's table says it.
    pub fn network_of(&self, ip: IpAddr) -> Option<Network> {
        self.settings.networks.as_ref()?.find(ip)
    }

    /// Asks whether a message may be sent. What is allowed is taken until the permit is dropped unused.
    pub(crate) fn ask(
        self: &Arc<Self>,
        guard: &Arc<AppGuard>,
        asked: &Asked,
        record: &SubjectRecord,
        now: Timestamp,
    ) -> (Ruling, Option<Permit>) {
        let (ruling, sent) =
            self.with_instance(guard, |state| state.guard.admit(asked, Some(record.into()), now));
        let permit = sent.map(|sent| Permit::new(Arc::clone(self), Arc::clone(guard), sent));
        (ruling, permit)
    }

    /// Learns from what was committed.
    pub fn heed(&self, app: &Arc<App>, keyring: &Keyring, learnt: &[JournalEntry]) {
        if learnt.is_empty() {
            return;
        }
        let guard = self.of(app, keyring);
        self.with_instance(&guard, |state| learnt.iter().for_each(|entry| state.guard.replay(entry)));
    }

    /// What the guard of an app has seen.
    pub fn figures(&self, app: &Arc<App>, keyring: &Keyring, now: Timestamp) -> GuardFigures {
        let guard = self.of(app, keyring);
        let mut state = locked(&guard.state);
        state.guard.advance(now);
        GuardFigures {
            alarms: state.guard.alarms(),
            probes: state.guard.probes(),
            spent_micros: state.guard.spent_micros(),
            guess_stage: state.guard.guess_terms(now).stage,
            expected_takeovers_millionths: state.guard.expected_takeovers_millionths(now),
            same_code: if state.wrong_codes.is_alarmed(now) { Repeated::TooOften } else { Repeated::ByLuck },
        }
    }

    /// Lets a guard work on what all of them spent together. Always in this order: the instance, then one guard.
    fn with_instance<T>(&self, guard: &AppGuard, work: impl FnOnce(&mut State) -> T) -> T {
        let mut instance = locked(&self.instance_spend);
        let mut state = locked(&guard.state);
        state.guard.share_spend(*instance);
        let result = work(&mut state);
        *instance = state.guard.shared_spend();
        result
    }
}

impl AppGuard {
    /// What makes its ids.
    pub(crate) const fn keyer(&self) -> &Keyer {
        &self.keyer
    }
}

/// Says at the start which apps have no guard: nobody should learn that from a bill.
pub fn warn_of_unguarded(directory: &Directory) {
    for app in directory.apps().iter().filter(|app| !app.policy.guard.mode.looks()) {
        tracing::warn!(
            app = %app.id,
            "policy.guard.mode is off: no detector, no cap on spend and no list of blocked numbers holds for this app"
        );
    }
}

/// How a guard names the message of a verification.
pub fn request_id(keyer: &Keyer, verification: VerificationId) -> KeyId {
    keyer.id(KeyKind::Request, verification.as_bytes())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
