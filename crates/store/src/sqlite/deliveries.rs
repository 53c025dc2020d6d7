//! The outbox: leases, settlements, cancellations.

use std::time::Duration;

use countersign_core::delivery::{Delivery, DeliveryKind, DeliveryState};
use countersign_core::id::{AppId, DeliveryId, VerificationId};
use countersign_core::subject::Mode;
use countersign_core::time::Timestamp;
use countersign_core::verification::Channel;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::commit::{PreparedEvent, append};
use super::fault::Fault;
use super::work::Work;
use crate::{Lease, LeaseLimits, Leased, NewDelivery, NodeId, Settled, Settlement, StoreError};

const COLUMNS: &str = "id, app, verification, mode, channel, kind, generation, created_at, expires_at, \
                       submissions, unknowns, provider, reference, state, due_at, lease_node";

/// Due deliveries that reach a phone, by the index of exactly these.
const MESSAGES: &str =
    "INDEXED BY messages_by_readiness WHERE state = 'due' AND kind <> 'conversion_feedback'";
/// Those that tell providers what became of others.
const FEEDBACK: &str =
    "INDEXED BY feedback_by_readiness WHERE state = 'due' AND kind = 'conversion_feedback'";

/// A state's word and, while it is due, its time.
fn state_columns(state: DeliveryState) -> (&'static str, Option<i64>) {
    match state {
        DeliveryState::Due { at } => ("due", Some(at.as_millis())),
        DeliveryState::Accepted => ("accepted", None),
        DeliveryState::Failed => ("failed", None),
        DeliveryState::Unknown => ("unknown", None),
        DeliveryState::Canceled => ("canceled", None),
    }
}

fn state(word: &str, due_at: Option<i64>) -> Result<DeliveryState, Fault> {
    Ok(match (word, due_at) {
        ("due", Some(at)) => DeliveryState::Due { at: Timestamp::from_millis(at) },
        ("accepted", _) => DeliveryState::Accepted,
        ("failed", _) => DeliveryState::Failed,
        ("unknown", _) => DeliveryState::Unknown,
        ("canceled", _) => DeliveryState::Canceled,
        _ => return Err(Fault::Unreadable(format!("a delivery in state {word:?}"))),
    })
}

/// A kind's word and, for a code, its generation.
fn kind_columns(kind: DeliveryKind) -> (&'static str, Option<u8>) {
    match kind {
        DeliveryKind::Code { generation } => ("code", Some(generation)),
        DeliveryKind::PhoneChangeNotice => ("phone_change_notice", None),
        DeliveryKind::ConversionFeedback => ("conversion_feedback", None),
    }
}

fn kind(word: &str, generation: Option<u8>) -> Result<DeliveryKind, Fault> {
    match (word, generation) {
        ("code", Some(generation)) => Ok(DeliveryKind::Code { generation }),
        ("phone_change_notice", None) => Ok(DeliveryKind::PhoneChangeNotice),
        ("conversion_feedback", None) => Ok(DeliveryKind::ConversionFeedback),
        _ => Err(Fault::Unreadable(format!("a delivery of kind {word:?} with generation {generation:?}"))),
    }
}

fn channel(word: &str) -> Result<Channel, Fault> {
    word.parse().map_err(|_| Fault::Unreadable(format!("a delivery over channel {word:?}")))
}

fn mode(word: &str) -> Result<Mode, Fault> {
    [Mode::Live, Mode::Test]
        .into_iter()
        .find(|mode| mode.as_str() == word)
        .ok_or_else(|| Fault::Unreadable(format!("a delivery in mode {word:?}")))
}

/// Reads [`COLUMNS`].
fn delivery(row: &Row<'_>) -> Result<Delivery, Fault> {
    Ok(Delivery {
        id: DeliveryId::from_bytes(row.get(0)?),
        app: AppId::from_bytes(row.get(1)?),
        verification: VerificationId::from_bytes(row.get(2)?),
        mode: mode(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?,
        channel: channel(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?,
        kind: kind(row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?, row.get(6)?)?,
        created_at: Timestamp::from_millis(row.get(7)?),
        expires_at: Timestamp::from_millis(row.get(8)?),
        submissions: row.get(9)?,
        unknowns: row.get(10)?,
        provider: row.get(11)?,
        reference: row.get(12)?,
        state: state(row.get_ref(13)?.as_str().map_err(rusqlite::Error::from)?, row.get(14)?)?,
    })
}

/// Writes a new delivery.
pub(super) fn insert(connection: &Connection, new: &NewDelivery) -> Result<(), Fault> {
    let delivery = &new.delivery;
    let (state, due_at) = state_columns(delivery.state);
    let (kind, generation) = kind_columns(delivery.kind);
    let lease = due_at.and(new.lease);
    connection
        .prepare_cached(
            "INSERT INTO deliveries (id, app, verification, mode, channel, kind, generation, created_at,
                                     expires_at, submissions, unknowns, provider, reference, state,
                                     due_at, lease_node, ready_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            delivery.id.as_bytes(),
            delivery.app.as_bytes(),
            delivery.verification.as_bytes(),
            delivery.mode.as_str(),
            delivery.channel.as_str(),
            kind,
            generation,
            delivery.created_at.as_millis(),
            delivery.expires_at.as_millis(),
            delivery.submissions,
            delivery.unknowns,
            delivery.provider,
            delivery.reference,
            state,
            due_at,
            lease.map(|lease| lease.node.0.cast_signed()),
            lease.map(|lease| lease.until.as_millis()).or(due_at),
        ])?;
    Ok(())
}

/// Cancels a delivery that is still due.
pub(super) fn cancel(connection: &Connection, id: DeliveryId) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE deliveries SET state = 'canceled', due_at = NULL, lease_node = NULL, ready_at = NULL
             WHERE id = ?1 AND state = 'due'",
        )?
        .execute(params![id.as_bytes()])?;
    Ok(())
}

/// Leases due deliveries.
pub(super) struct LeaseWork {
    pub(super) node: NodeId,
    pub(super) now: Timestamp,
    pub(super) lease: Duration,
    pub(super) limits: LeaseLimits,
}

impl Work for LeaseWork {
    type Output = Vec<Leased>;

    fn run(&self, connection: &Connection) -> Result<Vec<Leased>, Fault> {
        let lease = Lease { node: self.node, until: self.now.plus(self.lease) };
        let mut leased = self.ready(connection, lease, MESSAGES, self.limits.messages)?;
        leased.append(&mut self.ready(connection, lease, FEEDBACK, self.limits.feedback)?);
        let mut statement = connection.prepare_cached(
            "UPDATE deliveries SET unknowns = ?2, lease_node = ?3, ready_at = ?4 WHERE id = ?1",
        )?;
        for Leased { delivery, taken_over, .. } in &mut leased {
            delivery.unknowns = delivery.unknowns.saturating_add(u32::from(*taken_over));
            let node = self.node.0.cast_signed();
            statement.execute(params![
                delivery.id.as_bytes(),
                delivery.unknowns,
                node,
                lease.until.as_millis()
            ])?;
        }
        Ok(leased)
    }
}

impl LeaseWork {
    fn ready(
        &self,
        connection: &Connection,
        lease: Lease,
        which: &str,
        limit: usize,
    ) -> Result<Vec<Leased>, Fault> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM deliveries {which} AND ready_at <= ?1 ORDER BY ready_at, id LIMIT ?2"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![self.now.as_millis(), limit])?;
        let mut ready = Vec::new();
        while let Some(row) = rows.next()? {
            let taken_over =
                row.get_ref("lease_node")?.as_i64_or_null().map_err(rusqlite::Error::from)?.is_some();
            ready.push(Leased { delivery: delivery(row)?, lease, taken_over });
        }
        Ok(ready)
    }
}

/// Records what became of submissions.
pub(super) struct SettleWork(Vec<(Settlement, Vec<PreparedEvent>)>);

impl SettleWork {
    pub(super) fn prepare(settlements: Vec<Settlement>) -> Result<Self, StoreError> {
        let prepare = |mut settlement: Settlement| {
            let events = std::mem::take(&mut settlement.events);
            Ok((settlement, PreparedEvent::all(&events)?))
        };
        let prepared: Result<Vec<_>, Fault> = settlements.into_iter().map(prepare).collect();
        Ok(SettleWork(prepared?))
    }
}

impl Work for SettleWork {
    type Output = Vec<Settled>;

    fn run(&self, connection: &Connection) -> Result<Vec<Settled>, Fault> {
        let settle = |(settlement, events): &(Settlement, Vec<PreparedEvent>)| {
            append(connection, events)?;
            if settle_held(connection, settlement)? {
                return Ok(Settled::Done);
            }
            if settlement.state == DeliveryState::Accepted {
                accept_late(connection, settlement)?;
            }
            Ok(Settled::LeaseLost)
        };
        self.0.iter().map(settle).collect()
    }
}

/// Settles a delivery whose lease the node still has.
fn settle_held(connection: &Connection, settlement: &Settlement) -> Result<bool, Fault> {
    let (state, due_at) = state_columns(settlement.state);
    let settled = connection
        .prepare_cached(
            "UPDATE deliveries
             SET state = ?3, due_at = ?4, ready_at = ?4, lease_node = NULL, provider = coalesce(?5, provider),
                 reference = coalesce(?8, reference), submissions = max(submissions, ?6), unknowns = max(unknowns, ?7)
             WHERE id = ?1 AND state = 'due' AND lease_node = ?2",
        )?
        .execute(params![
            settlement.id.as_bytes(),
            settlement.node.0.cast_signed(),
            state,
            due_at,
            settlement.provider,
            settlement.submissions,
            settlement.unknowns,
            settlement.reference,
        ])?;
    Ok(settled == 1)
}

/// Records that a provider took it although the lease was lost. The settlement's count of
/// submissions does not know of the others', nor theirs of this one, so it counts one more.
fn accept_late(connection: &Connection, settlement: &Settlement) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE deliveries
             SET state = 'accepted', due_at = NULL, ready_at = NULL, lease_node = NULL,
                 provider = coalesce(?2, provider), reference = coalesce(?3, reference),
                 submissions = submissions + 1
             WHERE id = ?1",
        )?
        .execute(params![settlement.id.as_bytes(), settlement.provider, settlement.reference])?;
    Ok(())
}

/// Reads one delivery.
pub(super) struct DeliveryWork(pub(super) DeliveryId);

impl Work for DeliveryWork {
    type Output = Option<Delivery>;

    fn run(&self, connection: &Connection) -> Result<Option<Delivery>, Fault> {
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?1"))?;
        let found = statement.query_row([self.0.as_bytes()], |row| Ok(delivery(row))).optional()?;
        found.transpose()
    }
}

/// Reads the one delivery that a provider knows under an id.
pub(super) struct ReferenceWork {
    pub(super) provider: String,
    pub(super) reference: String,
}

impl Work for ReferenceWork {
    type Output = Option<Delivery>;

    fn run(&self, connection: &Connection) -> Result<Option<Delivery>, Fault> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM deliveries INDEXED BY deliveries_by_reference
             WHERE reference = ?1 AND provider = ?2 LIMIT 2"
        ))?;
        let mut rows = statement.query(params![self.reference, self.provider])?;
        let Some(first) = rows.next()?.map(delivery).transpose()? else { return Ok(None) };
        Ok(rows.next()?.is_none().then_some(first))
    }
}
