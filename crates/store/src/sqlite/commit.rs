//! Writes changes.

use countersign_core::event::Event;
use countersign_core::id::{AppId, DeliveryId, EventId, VerificationId};
use countersign_core::limit::{CounterKey, Exceeded, Reservation};
use countersign_core::subject::{Mode, SubjectKey};
use countersign_core::time::Timestamp;
use countersign_core::verification::{Status, Verification};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::deliveries;
use super::fault::Fault;
use super::journal;
use super::work::Work;
use crate::limits::{self, Count};
use crate::{Change, Commit, NewDelivery, StoreError, Version};

/// A pending payment has some 1,200 bytes.
const ORDINARY_RECORD: usize = 1536;

/// Changes, with their documents already written out: that is done where the caller runs, not on
/// the one thread that all callers share.
pub(super) struct CommitWork(Vec<Prepared>);

struct Prepared {
    expected: Version,
    app: AppId,
    key: SubjectKey,
    record: String,
    verifications: Vec<PreparedVerification>,
    deliveries: Vec<NewDelivery>,
    cancellations: Vec<DeliveryId>,
    events: Vec<PreparedEvent>,
    reservation: Reservation,
    journal: Vec<journal::Prepared>,
}

struct PreparedVerification {
    id: VerificationId,
    mode: Mode,
    status: Status,
    purpose: String,
    wakes_at: Timestamp,
    record: String,
}

/// A record as text. Room for an ordinary one is taken at once.
fn written(record: &impl Serialize) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(ORDINARY_RECORD);
    serde_json::to_writer(&mut bytes, record)?;
    String::from_utf8(bytes).map_err(|_| Fault::Unreadable("JSON that is not UTF-8".to_owned()))
}

/// An event as it is written.
pub(super) struct PreparedEvent {
    app: AppId,
    verification: VerificationId,
    id: EventId,
    at: Timestamp,
    kind: String,
}

impl CommitWork {
    pub(super) fn prepare(changes: Vec<Change>) -> Result<Self, StoreError> {
        let prepared: Result<Vec<_>, Fault> = changes.into_iter().map(Prepared::new).collect();
        Ok(CommitWork(prepared?))
    }
}

impl Prepared {
    fn new(change: Change) -> Result<Self, Fault> {
        Ok(Prepared {
            expected: change.expected,
            app: change.subject.app,
            key: change.subject.key,
            record: written(&change.subject.record)?,
            verifications: change
                .verifications
                .iter()
                .map(|verification| PreparedVerification::new(verification))
                .collect::<Result<_, _>>()?,
            deliveries: change.deliveries,
            cancellations: change.cancellations,
            events: PreparedEvent::all(&change.events)?,
            reservation: change.reservation,
            journal: journal::Prepared::all(&change.journal)?,
        })
    }
}

impl PreparedVerification {
    fn new(verification: &Verification) -> Result<Self, Fault> {
        Ok(PreparedVerification {
            id: verification.id,
            mode: verification.mode,
            status: verification.status(),
            purpose: verification.purpose.as_str().to_owned(),
            wakes_at: verification.wakes_at(),
            record: written(verification)?,
        })
    }
}

impl PreparedEvent {
    pub(super) fn all(events: &[Event]) -> Result<Vec<Self>, Fault> {
        let prepare = |event: &Event| {
            Ok(PreparedEvent {
                app: event.app,
                verification: event.verification,
                id: event.id,
                at: event.at,
                kind: serde_json::to_string(&event.kind)?,
            })
        };
        events.iter().map(prepare).collect()
    }
}

impl Work for CommitWork {
    type Output = Vec<Commit>;

    fn run(&self, connection: &Connection) -> Result<Vec<Commit>, Fault> {
        self.0.iter().map(|change| write(connection, change)).collect()
    }
}

/// Everything is checked before anything is written, so that a refusal has nothing to take back.
fn write(connection: &Connection, change: &Prepared) -> Result<Commit, Fault> {
    if !change.reservation.limits.is_empty() {
        if version(connection, change)? != change.expected {
            return Ok(Commit::Conflict);
        }
        if let Some(exceeded) = judge(connection, &change.reservation)? {
            return Ok(Commit::Exceeded(exceeded));
        }
    }
    let Some(version) = write_subject(connection, change)? else { return Ok(Commit::Conflict) };
    for verification in &change.verifications {
        write_verification(connection, change, verification)?;
    }
    for id in &change.cancellations {
        deliveries::cancel(connection, *id)?;
    }
    for new in &change.deliveries {
        deliveries::insert(connection, new)?;
    }
    append(connection, &change.events)?;
    write_counters(connection, &change.reservation)?;
    journal::append(connection, &change.journal)?;
    Ok(Commit::Done(version))
}

fn version(connection: &Connection, change: &Prepared) -> Result<Version, Fault> {
    let found = connection
        .prepare_cached("SELECT version FROM subjects WHERE app = ?1 AND key = ?2")?
        .query_row(params![change.app.as_bytes(), change.key.0], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(found.map_or(Version(0), |version| Version(version.cast_unsigned())))
}

/// Compares and writes in one statement; nothing if the version was another.
fn write_subject(connection: &Connection, change: &Prepared) -> Result<Option<Version>, Fault> {
    let next = Version(change.expected.0 + 1);
    let (app, key, record) = (change.app.as_bytes(), &change.key.0, &change.record);
    let written = if change.expected == Version(0) {
        connection
            .prepare_cached(
                "INSERT INTO subjects (app, key, version, record) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![app, key, next.0.cast_signed(), record])?
    } else {
        connection
            .prepare_cached(
                "UPDATE subjects SET version = ?3, record = ?4 WHERE app = ?1 AND key = ?2 AND version = ?5",
            )?
            .execute(params![app, key, next.0.cast_signed(), record, change.expected.0.cast_signed()])?
    };
    Ok((written == 1).then_some(next))
}

fn write_verification(
    connection: &Connection,
    change: &Prepared,
    verification: &PreparedVerification,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO verifications (app, id, subject, mode, status, purpose, wakes_at, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (app, id) DO UPDATE
             SET status = excluded.status, wakes_at = excluded.wakes_at, record = excluded.record",
        )?
        .execute(params![
            change.app.as_bytes(),
            verification.id.as_bytes(),
            change.key.0,
            verification.mode.as_str(),
            verification.status.as_str(),
            verification.purpose,
            verification.wakes_at.as_millis(),
            verification.record,
        ])?;
    Ok(())
}

/// Appends events to the timelines of their verifications.
pub(super) fn append(connection: &Connection, events: &[PreparedEvent]) -> Result<(), Fault> {
    for event in events {
        connection
            .prepare_cached(
                "INSERT INTO events (verification, position, app, id, at, kind)
                 SELECT ?1, coalesce(max(position) + 1, 0), ?2, ?3, ?4, ?5 FROM events WHERE verification = ?1",
            )?
            .execute(params![
                event.verification.as_bytes(),
                event.app.as_bytes(),
                event.id.as_bytes(),
                event.at.as_millis(),
                event.kind,
            ])?;
    }
    Ok(())
}

fn judge(connection: &Connection, reservation: &Reservation) -> Result<Option<Exceeded>, Fault> {
    let mut counts = Vec::new();
    let mut statement = connection
        .prepare_cached("SELECT slot, count FROM counters WHERE key = ?1 AND slot BETWEEN ?2 AND ?3")?;
    for range in limits::ranges(reservation) {
        let mut rows = statement.query(params![range.key.0, range.first, range.last])?;
        while let Some(row) = rows.next()? {
            counts.push(count(range.key, row.get(0)?, row.get(1)?));
        }
    }
    Ok(limits::judge(reservation, &counts))
}

fn count(key: CounterKey, slot: i64, value: i64) -> Count {
    Count { key, slot, value: u64::try_from(value).unwrap_or(0) }
}

fn write_counters(connection: &Connection, reservation: &Reservation) -> Result<(), Fault> {
    for add in &reservation.adds {
        connection
            .prepare_cached(
                "INSERT INTO counters (key, slot, count, expires_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key, slot) DO UPDATE
                 SET count = count + excluded.count, expires_at = max(expires_at, excluded.expires_at)",
            )?
            .execute(params![
                add.key.0,
                add.slot,
                i64::try_from(add.amount).unwrap_or(i64::MAX),
                add.expires_at.as_millis(),
            ])?;
    }
    Ok(())
}
