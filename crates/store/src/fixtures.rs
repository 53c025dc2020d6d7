//! Subjects, verifications and changes of ordinary size and shape, for the laws, for benchmarks and
//! for the tests of other backends. The same numbers give the same values.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::code::CodeFormat;
use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::event::{ClientAddress, Event, EventKind};
use countersign_core::guard::KeyId;
use countersign_core::guard::known::Asker;
use countersign_core::id::{AppId, DeliveryId, EventId, VerificationId};
use countersign_core::keyring::{Epoch, KeyName};
use countersign_core::limit::{Add, CounterKey, Limit, LimitRule, Reservation, SlotRange};
use countersign_core::locale::Locale;
use countersign_core::message::Reader;
use countersign_core::money::Money;
use countersign_core::policy::NOTICE_LIFETIME;
use countersign_core::presentation::Presentation;
use countersign_core::proof::SessionHash;
use countersign_core::purpose::Purpose;
use countersign_core::sealed::{SealedEnding, SealedJournal, SealedPhone};
use countersign_core::subject::{Mode, Subject, SubjectKey};
use countersign_core::time::Timestamp;
use countersign_core::transaction::Transaction;
use countersign_core::verification::{
    CancelReason, Channel, CodeMaterial, CommandId, DeliveryTrace, PendingAnswer, PhoneChange, Remembered,
    RememberedOutcome, Standing, State, Verification,
};

use crate::{
    Change, IdempotencyRecord, JournalRecord, Lease, Listing, Loaded, NewDelivery, NodeId, Settlement,
    Version,
};

/// When fixtures begin: 2026-11-23T10:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_795_428_000_000);
/// How long the code of a fixture lives.
pub const LIFE: Duration = Duration::from_mins(10);
/// A node.
pub const NODE: NodeId = NodeId(0xA11C_E000_0000_0001);
/// Another one; as an SQL integer it would be negative.
pub const OTHER_NODE: NodeId = NodeId(u64::MAX);

/// 16 bytes of an id that was created at `at`, told apart by `number`.
fn id_bytes(at: Timestamp, number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&at.as_millis().to_be_bytes()[2..]);
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// 16 bytes that look random; neighbours are far apart, as the blind indexes of phones are.
fn scattered(number: u64) -> [u8; 16] {
    let mixed = u128::from(number).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    mixed.to_be_bytes()
}

/// The `number`th app.
pub fn app(number: u64) -> AppId {
    AppId::from_bytes(id_bytes(START, number))
}

/// The `number`th phone of an app.
pub fn subject_key(app: AppId, number: u64) -> SubjectKey {
    let mut key = scattered(number);
    for (byte, of_app) in key.iter_mut().zip(app.as_bytes()) {
        *byte ^= of_app;
    }
    SubjectKey(key)
}

/// The `number`th verification id, created at `at`.
pub fn verification_id(at: Timestamp, number: u64) -> VerificationId {
    VerificationId::from_bytes(id_bytes(at, number))
}

/// The `number`th delivery id, created at `at`.
pub fn delivery_id(at: Timestamp, number: u64) -> DeliveryId {
    DeliveryId::from_bytes(id_bytes(at, number))
}

/// The `number`th counter.
pub fn counter_key(number: u64) -> CounterKey {
    CounterKey(scattered(number))
}

/// A pending verification with everything in it that a shop sends for a payment.
pub fn verification(app: AppId, at: Timestamp, number: u64) -> Verification {
    let money = "EUR".parse().ok().and_then(|euro| Money::parse("49.90", euro).ok());
    let transaction = Transaction {
        id: Some(format!("order_{number}")),
        money,
        payee: Some("Shop GmbH".to_owned()),
        fields: BTreeMap::new(),
    };
    Verification {
        id: verification_id(at, number),
        mode: Mode::Live,
        purpose: Purpose::Payment,
        digest: transaction.digest(app, &Purpose::Payment),
        transaction: Some(transaction),
        session: Some(SessionHash::of("a session")),
        customer: Some(format!("c_{number}")),
        asker: Asker { device: None, customer: Some(KeyId(number)) },
        replaces: None,
        standing: Standing::Stranger,
        device: None,
        granted: None,
        phone: SealedPhone { key: KeyName("k1".to_owned()), nonce: [7; 24], ciphertext: vec![9; 28] },
        country: "DE".parse().ok(),
        email: None,
        channel: Channel::Sms,
        workflow: None,
        locale: Locale::english(),
        presentation: Presentation::Unbound,
        reader: Reader::Browser,
        return_to: None,
        format: CodeFormat::DEFAULT,
        epoch: Epoch(1),
        created_at: at,
        expires_at: at.plus(LIFE),
        attempts_used: 0,
        max_attempts: 5,
        sends: 1,
        last_sent_at: at,
        deliveries: vec![DeliveryTrace { id: delivery_id(at, number), channel: Channel::Sms, receipt: None }],
        guard: None,
        state: State::Pending {
            code: CodeMaterial::Derived { key: KeyName("k1".to_owned()), nonce: [3; 16], generation: 0 },
        },
        phone_change: None,
        reported_at: None,
        remembered: Vec::new(),
        metadata: BTreeMap::from([("cart".to_owned(), format!("cart_{number}"))]),
    }
}

/// The first delivery of a verification, due at once.
pub fn delivery(app: AppId, verification: &Verification, number: u64) -> Delivery {
    Delivery {
        id: delivery_id(verification.created_at, number),
        app,
        verification: verification.id,
        mode: verification.mode,
        channel: verification.channel,
        kind: DeliveryKind::Code { generation: verification.generation() },
        created_at: verification.created_at,
        expires_at: verification.expires_at,
        submissions: 0,
        unknowns: 0,
        provider: None,
        reference: None,
        state: DeliveryState::Due { at: verification.created_at },
    }
}

/// The notice to a phone that gives way to another, due at `at`.
pub fn notice(app: AppId, verification: &Verification, at: Timestamp, number: u64) -> Delivery {
    Delivery {
        id: delivery_id(at, number),
        kind: DeliveryKind::PhoneChangeNotice,
        created_at: at,
        expires_at: at.plus(NOTICE_LIFETIME),
        state: DeliveryState::Due { at },
        ..delivery(app, verification, number)
    }
}

/// An event.
pub fn event(app: AppId, verification: VerificationId, at: Timestamp, kind: EventKind) -> Event {
    // Two events of one moment differ in nothing that sorts.
    Event { id: EventId::from_bytes(id_bytes(at, 0)), app, verification, at, kind }
}

/// A subject that was never seen, as a command would load it.
pub fn unseen(app: AppId, key: SubjectKey) -> Loaded {
    Loaded { subject: Subject::unseen(app, key), version: Version(0) }
}

/// What one message takes from limits, shaped as the core's: eight days of one phone's counters and
/// the app's own. `phone` and `app` name the counters; `max` bounds each of the three limits.
pub fn reservation(phone: u64, app: u64, max: u64, at: Timestamp) -> Reservation {
    let hour = at.as_millis() / 3_600_000;
    let day = hour / 24;
    let days = |count: i64| -> Vec<SlotRange> {
        (0..count)
            .map(|back| SlotRange {
                key: day_counter(phone, day - back),
                first: hour - 24 * (count - 1),
                last: hour,
            })
            .collect()
    };
    let hours = Duration::from_hours;
    let limit = |rule, reads, slot, counts_for| Limit { rule, reads, max, slot, counts_for };
    let of_app = counter_key(app);
    Reservation {
        limits: vec![
            limit(LimitRule::InstancePhonePerDay, days(2), hours(1), hours(25)),
            limit(LimitRule::InstancePhonePerWeek, days(8), hours(1), hours(7 * 24 + 1)),
            limit(
                LimitRule::AppDailyMessages,
                vec![SlotRange { key: of_app, first: day, last: day }],
                hours(24),
                hours(24),
            ),
        ],
        adds: vec![
            Add { key: day_counter(phone, day), slot: hour, amount: 1, expires_at: at.plus(hours(8 * 24)) },
            Add { key: of_app, slot: day, amount: 1, expires_at: at.plus(hours(48)) },
        ],
    }
}

fn day_counter(phone: u64, day: i64) -> CounterKey {
    counter_key(phone.rotate_left(32) ^ day.unsigned_abs())
}

/// A change that writes nothing but the subject's record.
pub fn touched(loaded: &Loaded, at: Timestamp) -> Change {
    let mut subject = loaded.subject.clone();
    subject.record.last_step_at = at;
    Change {
        expected: loaded.version,
        subject,
        verifications: Vec::new(),
        deliveries: Vec::new(),
        cancellations: Vec::new(),
        events: Vec::new(),
        reservation: Reservation::default(),
        journal: Vec::new(),
    }
}

/// An entry of the journal.
pub fn journal_record(app: AppId, at: Timestamp, number: u8) -> JournalRecord {
    let key = KeyName("k1".to_owned());
    JournalRecord {
        app,
        at,
        entry: SealedJournal(SealedPhone { key, nonce: [number; 24], ciphertext: vec![number; 40] }),
    }
}

/// A start: a new verification with its first delivery, leased if `lease` says so, and its event.
pub fn started(loaded: &Loaded, at: Timestamp, number: u64, lease: Option<Lease>) -> Change {
    let app = loaded.subject.app;
    let verification = verification(app, at, number);
    let delivery = delivery(app, &verification, number);
    let kind = EventKind::Started {
        purpose: verification.purpose.clone(),
        channel: verification.channel,
        country: verification.country,
        client_address: ClientAddress::Absent,
        delivery: delivery.id,
        withheld: None,
    };
    let mut change = touched(loaded, at);
    change.subject.record.live.push(verification.id);
    change.subject.record.sends.push(at);
    let verification = Arc::new(verification);
    change.subject.verifications.push(Arc::clone(&verification));
    change.events.push(event(app, verification.id, at, kind));
    change.deliveries.push(NewDelivery { delivery, lease });
    change.verifications.push(verification);
    change
}

/// A phone that is said to be lost, in a day.
pub fn recovering(app: AppId, at: Timestamp) -> State {
    State::Recovering {
        ready_at: at.plus(Duration::from_secs(24 * 3600)),
        replacement: subject_key(app, 99),
        ending: SealedEnding(SealedPhone { key: proof_key(), nonce: [8; 24], ciphertext: vec![9; 19] }),
    }
}

/// An end: the verification gets `state`, leaves the live ones, and its unsent deliveries go.
pub fn ended(loaded: &Loaded, id: VerificationId, at: Timestamp, state: &State) -> Change {
    let kind = match state {
        State::ChallengeRequired { .. }
        | State::Pending { .. }
        | State::Recovering { .. }
        | State::Recovered { .. }
        | State::Approved { .. } => EventKind::Approved,
        State::Expired { .. } => EventKind::Expired,
        State::Exhausted { .. } => EventKind::Exhausted,
        State::Canceled { reason, .. } => EventKind::Canceled { reason: *reason },
        State::Denied { reason, .. } => EventKind::Denied { reason: *reason },
    };
    let mut change = touched(loaded, at);
    change.subject.record.live.retain(|&live| live != id);
    for verification in change.subject.verifications.iter_mut().filter(|verification| verification.id == id) {
        Arc::make_mut(verification).state = state.clone();
        change.verifications.push(Arc::clone(verification));
        change.cancellations.extend(verification.deliveries.iter().map(|trace| trace.id));
    }
    change.events.push(event(loaded.subject.app, id, at, kind));
    change
}

/// A proof that was redeemed for the change to another phone: the `number`th delivery is the notice.
pub fn replaced(loaded: &Loaded, id: VerificationId, at: Timestamp, number: u64) -> Change {
    let app = loaded.subject.app;
    let mut change = touched(loaded, at);
    change.subject.record.live.retain(|&live| live != id);
    for verification in change.subject.verifications.iter_mut().filter(|verification| verification.id == id) {
        let replaced_by = verification_id(at, number);
        let notice = notice(app, verification, at, number);
        let changed = Arc::make_mut(verification);
        changed.state = State::Approved { at, proof_key: proof_key(), redeemed_at: Some(at) };
        changed.phone_change = Some(PhoneChange {
            replaced_by,
            ending: SealedEnding(changed.phone.clone()),
            notice: DeliveryTrace { id: notice.id, channel: Channel::Sms, receipt: None },
        });
        let kind = EventKind::PhoneChangeAuthorized { replaced_by, delivery: notice.id };
        change.events.push(event(app, id, at, kind));
        change.verifications.push(Arc::clone(verification));
        change.deliveries.push(NewDelivery { delivery: notice, lease: None });
    }
    change
}

/// The key that signs proofs.
pub fn proof_key() -> KeyName {
    KeyName("p1".to_owned())
}

/// The state after the right code.
pub fn approved(at: Timestamp) -> State {
    State::Approved { at, proof_key: proof_key(), redeemed_at: None }
}

/// The outcome of the `number`th command, kept for its retry.
pub fn remembered(number: u64) -> Remembered {
    Remembered {
        command: CommandId(scattered(number)),
        outcome: RememberedOutcome::Sent(PendingAnswer {
            resend_at: Some(START.plus(Duration::from_secs(30))),
            attempts_remaining: 5,
        }),
    }
}

/// Every live-mode verification of an app, a full page at a time.
pub const fn listing(app: AppId) -> Listing {
    Listing {
        app,
        mode: Mode::Live,
        status: None,
        purpose: None,
        subject: None,
        created_from: None,
        created_before: None,
        after: None,
        limit: Listing::MAX_LIMIT,
    }
}

/// The `number`th idempotency key of an app, claimed for the `request`th request.
pub fn idempotency(app: AppId, number: u64, request: u64) -> IdempotencyRecord {
    IdempotencyRecord {
        app,
        key: scattered(number),
        fingerprint: scattered(request),
        verification: verification_id(START, request),
    }
}

/// The state after the shop gave it up.
pub const fn canceled(at: Timestamp) -> State {
    State::Canceled { at, reason: CancelReason::Requested }
}

/// What `node` says when a provider took the first submission of a delivery.
pub fn accepted(delivery: &Delivery, node: NodeId, at: Timestamp) -> Settlement {
    let kind = EventKind::DeliveryAccepted {
        delivery: delivery.id,
        provider: "carrier".to_owned(),
        submissions: delivery.submissions + 1,
        cost: None,
        route: Vec::new(),
        message: None,
    };
    Settlement {
        id: delivery.id,
        node,
        state: DeliveryState::Accepted,
        provider: Some("carrier".to_owned()),
        reference: Some(delivery.id.to_string()),
        submissions: delivery.submissions + 1,
        unknowns: delivery.unknowns,
        events: vec![event(delivery.app, delivery.verification, at, kind)],
    }
}

/// A lease of `node` that begins at `at` and lasts a minute.
pub fn lease(node: NodeId, at: Timestamp) -> Lease {
    Lease { node, until: at.plus(LEASE) }
}

/// How long leases of the fixtures last.
pub const LEASE: Duration = Duration::from_mins(1);
