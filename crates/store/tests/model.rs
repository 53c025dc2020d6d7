//! Random sequences of calls: SQLite answers every one of them as the store in memory does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use countersign_core::delivery::{DeliveryKind, DeliveryState};
use countersign_core::event::EventKind;
use countersign_core::funnel::{FunnelCell, FunnelCount, FunnelCounts, FunnelStep};
use countersign_core::id::{AppId, DeliveryId, VerificationId};
use countersign_core::phone::Country;
use countersign_core::presentation::PresentationMode;
use countersign_core::purpose::Purpose;
use countersign_core::subject::Mode;
use countersign_core::time::{Day, Timestamp};
use countersign_core::verification::Status;
use countersign_store::fixtures::{self, NODE, OTHER_NODE, START};
use countersign_store::{
    Change, Commit, FunnelQuery, LeaseLimits, Listing, Loaded, Lookup, MemoryStore, NewDelivery, NodeId,
    Only, Setting, SettingKind, Settlement, SqliteStore, Store, Version,
};
use proptest::prelude::*;

mod scratch;

use scratch::Scratch;

const APPS: u64 = 2;
const PHONES: u64 = 3;

/// One change, by the numbers of what it touches.
#[derive(Clone, Debug)]
struct Plan {
    app: u64,
    phone: u64,
    step: Step,
    /// How far the expected version is from the right one; mostly not at all.
    stale: i8,
    /// The limit of the reservation; none: nothing is reserved.
    max: Option<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Touch,
    Start { leased: Option<NodeId>, purpose: Purpose, mode: Mode },
    End { which: usize, state: usize },
    Rotate { which: usize, cancels: Vec<usize> },
    Guess { which: usize, events: u8 },
    Replace { which: usize },
}

#[derive(Clone, Debug)]
enum Call {
    Commit(Vec<Plan>),
    Reserve { app: u64, key: u64, request: u64 },
    Lease { node: NodeId, limits: LeaseLimits },
    Settle { which: Vec<usize>, node: NodeId, state: usize, submissions: u32, unknowns: u32 },
    Put { kind: SettingKind, id: u64, version: u64 },
    AddFunnel(Vec<(u64, u16, u8, i64)>),
    Purge,
    Wait(Duration),
    List(Box<Listing>),
    Overdue { limit: usize },
}

fn node() -> impl Strategy<Value = NodeId> {
    prop_oneof![Just(NODE), Just(OTHER_NODE)]
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![Just(Purpose::Payment), Just(Purpose::Login)]
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![5 => Just(Mode::Live), 1 => Just(Mode::Test)]
}

fn step() -> impl Strategy<Value = Step> {
    let cancels = prop::collection::vec(any::<usize>(), 0..3);
    prop_oneof![
        1 => Just(Step::Touch),
        4 => (prop::option::of(node()), purpose(), mode())
            .prop_map(|(leased, purpose, mode)| Step::Start { leased, purpose, mode }),
        2 => (any::<usize>(), 0..4_usize).prop_map(|(which, state)| Step::End { which, state }),
        2 => (any::<usize>(), cancels).prop_map(|(which, cancels)| Step::Rotate { which, cancels }),
        1 => any::<usize>().prop_map(|which| Step::Replace { which }),
        1 => (any::<usize>(), 0..4_u8).prop_map(|(which, events)| Step::Guess { which, events }),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let stale = prop_oneof![8 => Just(0_i8), 1 => Just(-1), 1 => Just(1)];
    let max = prop_oneof![1 => Just(None), 1 => (0..6_u64).prop_map(Some)];
    (0..APPS, 0..PHONES, step(), stale, max).prop_map(|(app, phone, step, stale, max)| Plan {
        app,
        phone,
        step,
        stale,
        max,
    })
}

fn listing() -> impl Strategy<Value = Listing> {
    let status =
        prop::option::of(prop_oneof![Just(Status::Pending), Just(Status::Approved), Just(Status::Expired)]);
    let time =
        || prop::option::of((0..100_u32).prop_map(|hours| START.plus(Duration::from_hours(1) * hours)));
    let after = prop::option::of((time(), 0..200_u64));
    let filters = (prop::option::of(0..PHONES), prop::option::of(purpose()), status, mode());
    (0..APPS, filters, time(), time(), after, 0..5_usize).prop_map(
        |(app, (phone, purpose, status, mode), created_from, created_before, after, limit)| Listing {
            app: fixtures::app(app),
            mode,
            status,
            purpose,
            subject: phone.map(|phone| fixtures::subject_key(fixtures::app(app), phone)),
            created_from,
            created_before,
            after: after.map(|(at, number)| fixtures::verification_id(at.unwrap_or(START), number)),
            limit,
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    let settle = (prop::collection::vec(any::<usize>(), 0..3), node(), 0..5_usize, 0..4_u32, 0..4_u32);
    let kind = prop_oneof![Just(SettingKind::App), Just(SettingKind::ApiKey)];
    let wait = prop_oneof![1..120_000_u64, 1..200_000_000_u64];
    prop_oneof![
        8 => prop::collection::vec(plan(), 0..4).prop_map(Call::Commit),
        1 => (0..APPS, 0..3_u64, 0..3_u64).prop_map(|(app, key, request)| Call::Reserve { app, key, request }),
        3 => (node(), 0..5_usize, 0..3_usize).prop_map(|(node, messages, feedback)| {
            Call::Lease { node, limits: LeaseLimits { messages, feedback } }
        }),
        4 => settle.prop_map(|(which, node, state, submissions, unknowns)| Call::Settle {
            which, node, state, submissions, unknowns
        }),
        1 => (kind, 0..3_u64, 0..3_u64).prop_map(|(kind, id, version)| Call::Put { kind, id, version }),
        1 => prop::collection::vec((0..APPS, 0..4_u16, 0..3_u8, -2..9_i64), 0..4).prop_map(Call::AddFunnel),
        1 => Just(Call::Purge),
        3 => wait.prop_map(|millis| Call::Wait(Duration::from_millis(millis))),
        2 => listing().prop_map(|listing| Call::List(Box::new(listing))),
        1 => (0..5_usize).prop_map(|limit| Call::Overdue { limit }),
    ]
}

/// Both stores, and what is known about what is in them.
struct Pair {
    model: MemoryStore,
    store: SqliteStore,
    now: Timestamp,
    next: u64,
    verifications: Vec<(u64, VerificationId)>,
    deliveries: Vec<DeliveryId>,
}

impl Pair {
    async fn run(&mut self, call: Call) {
        match call {
            Call::Commit(plans) => self.commit(plans).await,
            Call::Reserve { app, key, request } => {
                let record = fixtures::idempotency(fixtures::app(app), key, request);
                let expected = self.model.reserve_idempotency(record, self.now).await.unwrap();
                assert_eq!(self.store.reserve_idempotency(record, self.now).await.unwrap(), expected);
            }
            Call::Lease { node, limits } => {
                let lease = Duration::from_mins(1);
                let expected = self.model.lease_due(node, self.now, lease, limits).await.unwrap();
                let leased = self.store.lease_due(node, self.now, lease, limits).await.unwrap();
                assert_eq!(format!("{leased:?}"), format!("{expected:?}"));
            }
            Call::Settle { which, node, state, submissions, unknowns } => {
                let settlements: Vec<Settlement> = which
                    .into_iter()
                    .filter_map(|which| self.deliveries.get(which % self.deliveries.len().max(1)).copied())
                    .map(|id| self.settlement(id, node, state, submissions, unknowns))
                    .collect();
                let expected = self.model.settle(settlements.clone()).await.unwrap();
                assert_eq!(self.store.settle(settlements).await.unwrap(), expected);
            }
            Call::Put { kind, id, version } => {
                let setting =
                    Setting { id: id.to_string(), version: Version(version), body: self.next.to_string() };
                let expected = self.model.put_setting(kind, setting.clone()).await.unwrap();
                assert_eq!(self.store.put_setting(kind, setting).await.unwrap(), expected);
                assert_eq!(
                    self.store.settings(kind).await.unwrap(),
                    self.model.settings(kind).await.unwrap()
                );
            }
            Call::AddFunnel(counts) => {
                let now = self.now;
                let count =
                    |(app, back, which, amount)| funnel_count(app, now.day().minus(back), which, amount);
                let counts: Vec<FunnelCount> = counts.into_iter().map(count).collect();
                self.model.add_funnel(counts.clone()).await.unwrap();
                self.store.add_funnel(counts).await.unwrap();
            }
            Call::Purge => {
                let expected = self.model.purge(self.now, 10_000).await.unwrap();
                assert_eq!(self.store.purge(self.now, 10_000).await.unwrap(), expected);
            }
            Call::Wait(time) => self.now = self.now.plus(time),
            Call::List(listing) => {
                let expected = self.model.list(*listing.clone()).await.unwrap();
                assert_eq!(self.store.list(*listing).await.unwrap(), expected);
            }
            Call::Overdue { limit } => {
                let expected = self.model.overdue(self.now, limit).await.unwrap();
                assert_eq!(self.store.overdue(self.now, limit).await.unwrap(), expected);
            }
        }
    }

    fn settlement(
        &self,
        id: DeliveryId,
        node: NodeId,
        state: usize,
        submissions: u32,
        unknowns: u32,
    ) -> Settlement {
        let states = [
            DeliveryState::Accepted,
            DeliveryState::Failed,
            DeliveryState::Unknown,
            DeliveryState::Canceled,
            DeliveryState::Due { at: self.now.plus(Duration::from_secs(30)) },
        ];
        let event = self.verifications.first().map(|&(app, verification)| {
            let kind = EventKind::DeliveryUnknown {
                delivery: id,
                provider: None,
                cost: None,
                route: Vec::new(),
                message: None,
            };
            fixtures::event(fixtures::app(app), verification, self.now, kind)
        });
        Settlement {
            id,
            node,
            state: states[state],
            provider: (submissions > 1).then(|| format!("carrier {submissions}")),
            reference: (unknowns > 0).then(|| format!("id {unknowns}")),
            submissions,
            unknowns,
            events: event.into_iter().collect(),
        }
    }

    async fn commit(&mut self, plans: Vec<Plan>) {
        let mut changes = Vec::new();
        for plan in plans {
            changes.push(self.change(&plan).await);
        }
        let expected = self.model.commit(changes.clone()).await.unwrap();
        assert_eq!(self.store.commit(changes.clone()).await.unwrap(), expected);
        for (change, commit) in changes.into_iter().zip(expected) {
            if matches!(commit, Commit::Done(_)) {
                let app = (0..APPS).find(|&app| fixtures::app(app) == change.subject.app).unwrap();
                self.verifications
                    .extend(change.verifications.iter().map(|verification| (app, verification.id)));
                self.deliveries.extend(change.deliveries.iter().map(|new| new.delivery.id));
            }
        }
    }

    async fn change(&mut self, plan: &Plan) -> Change {
        let app = fixtures::app(plan.app);
        let key = fixtures::subject_key(app, plan.phone);
        let loaded = self.model.load(Lookup::Subject(app, key)).await.unwrap();
        let mut loaded = loaded.unwrap_or_else(|| fixtures::unseen(app, key));
        loaded.version = Version(loaded.version.0.saturating_add_signed(plan.stale.into()));
        let mut change = self.planned(plan, &loaded);
        if let Some(max) = plan.max {
            change.reservation = fixtures::reservation(plan.phone, plan.app, max, self.now);
        }
        change
    }

    fn planned(&mut self, plan: &Plan, loaded: &Loaded) -> Change {
        self.next += 1;
        let live = |which: &usize| {
            let verifications = &loaded.subject.verifications;
            verifications.get(which % verifications.len().max(1)).map(|verification| verification.id)
        };
        match &plan.step {
            Step::Touch => fixtures::touched(loaded, self.now),
            Step::Start { leased, purpose, mode } => {
                let lease = leased.map(|node| fixtures::lease(node, self.now));
                let mut change = fixtures::started(loaded, self.now, self.next, lease);
                let verification = Arc::make_mut(&mut change.verifications[0]);
                verification.purpose = purpose.clone();
                verification.mode = *mode;
                change
            }
            Step::End { which, state } => {
                let Some(id) = live(which) else { return fixtures::touched(loaded, self.now) };
                let states = [
                    fixtures::approved(self.now),
                    fixtures::canceled(self.now),
                    countersign_core::verification::State::Expired { at: self.now },
                    countersign_core::verification::State::Exhausted { at: self.now },
                ];
                fixtures::ended(loaded, id, self.now, &states[*state])
            }
            Step::Replace { which } => match live(which) {
                Some(id) => fixtures::replaced(loaded, id, self.now, self.next),
                None => fixtures::touched(loaded, self.now),
            },
            Step::Rotate { which, cancels } => {
                let mut change = fixtures::touched(loaded, self.now);
                if let Some(id) = live(which) {
                    let verification = loaded.subject.verification(id).unwrap();
                    let mut delivery = fixtures::delivery(loaded.subject.app, verification, self.next);
                    delivery.kind = DeliveryKind::Code { generation: 1 };
                    let known = |which: &usize| self.deliveries.get(which % self.deliveries.len().max(1));
                    change.cancellations.extend(cancels.iter().filter_map(known));
                    change.deliveries.push(NewDelivery { delivery, lease: None });
                }
                change
            }
            Step::Guess { which, events } => {
                let mut change = fixtures::touched(loaded, self.now);
                if let Some(id) = live(which) {
                    let mut verification = loaded.subject.verification(id).unwrap().clone();
                    verification.attempts_used += 1;
                    verification.expires_at = self.now;
                    change.verifications.push(Arc::new(verification));
                    let kind = |left| EventKind::CheckIncorrect { attempts_remaining: left };
                    let event = |left| fixtures::event(loaded.subject.app, id, self.now, kind(left));
                    change.events.extend((0..*events).map(event));
                }
                change
            }
        }
    }

    /// Reads everything there is.
    async fn compare(&self) {
        for app in (0..APPS).map(fixtures::app) {
            for phone in 0..PHONES {
                let lookup = Lookup::Subject(app, fixtures::subject_key(app, phone));
                assert_eq!(self.store.load(lookup).await.unwrap(), self.model.load(lookup).await.unwrap());
            }
            for &(_, id) in &self.verifications {
                let lookup = Lookup::Verification(app, id);
                assert_eq!(self.store.load(lookup).await.unwrap(), self.model.load(lookup).await.unwrap());
                let timeline = self.model.timeline(app, id).await.unwrap();
                assert_eq!(self.store.timeline(app, id).await.unwrap(), timeline);
            }
            for country in [Only::All, Only::Missing, Only::Is("DE".parse().unwrap())] {
                let funnel = funnel_query(app, self.now, country);
                let expected = self.model.funnel(funnel.clone()).await.unwrap();
                assert_eq!(self.store.funnel(funnel).await.unwrap(), expected);
            }
            let listing = fixtures::listing(app);
            assert_eq!(
                self.store.list(listing.clone()).await.unwrap(),
                self.model.list(listing).await.unwrap()
            );
        }
        for &id in &self.deliveries {
            assert_eq!(self.store.delivery(id).await.unwrap(), self.model.delivery(id).await.unwrap());
        }
    }
}

fn funnel_count(app: u64, day: Day, which: u8, amount: i64) -> FunnelCount {
    let cell = FunnelCell {
        app: fixtures::app(app),
        mode: Mode::Live,
        day,
        presentation: if which == 0 { PresentationMode::None } else { PresentationMode::Element },
        country: (which > 0).then(|| "DE".parse().unwrap()),
        provider: (which > 1).then(|| "carrier".to_owned()),
    };
    let counts =
        FunnelCounts::default().with(FunnelStep::Shown, amount).with(FunnelStep::Approved, 1 - amount);
    FunnelCount { cell, counts }
}

fn funnel_query(app: AppId, now: Timestamp, country: Only<Country>) -> FunnelQuery {
    let (from, to) = (Day::from_number(0), now.day());
    let mode = Mode::Live;
    FunnelQuery { app, mode, from, to, presentation: None, country, provider: Only::All, limit: 5 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_answers_as_memory_does(calls in prop::collection::vec(call(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let directory = Scratch::new();
        runtime.block_on(async {
            let mut pair = Pair {
                model: MemoryStore::new(),
                store: SqliteStore::open(directory.path()).unwrap(),
                now: START,
                next: 0,
                verifications: Vec::new(),
                deliveries: Vec::new(),
            };
            for call in calls {
                pair.run(call).await;
            }
            pair.compare().await;
            // And after a restart.
            pair.store.close().await;
            pair.store = SqliteStore::open(directory.path()).unwrap();
            pair.compare().await;
        });
    }
}
