//! Reads many: listings, timelines, what is overdue.

use countersign_core::event::{Event, EventKind};
use countersign_core::id::{AppId, EventId, VerificationId};
use countersign_core::subject::SubjectKey;
use countersign_core::time::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::fault::Fault;
use super::work::Work;
use crate::{Listing, MAX_TIMELINE, Overdue};

/// The least id of a time: what was created before it sorts below, what was created at it or later above.
pub(super) fn first_id_at(at: Timestamp) -> [u8; 16] {
    // Ids hold 48 bits of milliseconds; times outside sort before or after all of them.
    let millis = u64::try_from(at.as_millis()).unwrap_or(0).min((1 << 48) - 1);
    let mut id = [0; 16];
    id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    id
}

/// One page of a listing, as text; one more than asked for tells whether there are more.
pub(super) struct ListWork(pub(super) Listing);

impl Work for ListWork {
    type Output = Vec<String>;

    fn run(&self, connection: &Connection) -> Result<Vec<String>, Fault> {
        let (sql, values) = query(&self.0);
        let mut statement = connection.prepare_cached(&sql)?;
        let records = statement.query_map(params_from_iter(values), |row| row.get(0))?;
        Ok(records.collect::<Result<_, _>>()?)
    }
}

fn query(listing: &Listing) -> (String, Vec<Value>) {
    let blob = |bytes: &[u8; 16]| Value::Blob(bytes.to_vec());
    let text = |word: &str| Value::Text(word.to_owned());
    let filters = [
        Some(("app = ?", blob(listing.app.as_bytes()))),
        Some(("mode = ?", text(listing.mode.as_str()))),
        listing.status.map(|status| ("status = ?", text(status.as_str()))),
        listing.purpose.as_ref().map(|purpose| ("purpose = ?", text(purpose.as_str()))),
        listing.subject.map(|subject| ("subject = ?", blob(&subject.0))),
        listing.created_from.map(|at| ("id >= ?", blob(&first_id_at(at)))),
        listing.created_before.map(|at| ("id < ?", blob(&first_id_at(at)))),
        listing.after.map(|after| ("id < ?", blob(after.as_bytes()))),
        Some(("1 LIMIT ?", Value::Integer(i64::try_from(listing.page_size() + 1).unwrap_or(i64::MAX)))),
    ];
    // Without a hint the planner would walk the whole app to spare itself sorting one phone's few.
    let index = if listing.subject.is_some() { "verifications_by_subject" } else { "verifications_by_id" };
    let (conditions, values): (Vec<&str>, Vec<Value>) = filters.into_iter().flatten().unzip();
    let conditions = conditions.join(" AND ").replace("AND 1 LIMIT", "ORDER BY id DESC LIMIT");
    (format!("SELECT record FROM verifications INDEXED BY {index} WHERE {conditions}"), values)
}

/// The events of one verification.
pub(super) struct TimelineWork {
    pub(super) app: AppId,
    pub(super) verification: VerificationId,
}

impl Work for TimelineWork {
    type Output = Vec<Event>;

    fn run(&self, connection: &Connection) -> Result<Vec<Event>, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT id, at, kind FROM events WHERE verification = ?1 AND app = ?2 ORDER BY position LIMIT ?3",
        )?;
        let limit = i64::try_from(MAX_TIMELINE).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![self.verification.as_bytes(), self.app.as_bytes(), limit])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: EventKind =
                serde_json::from_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
            events.push(Event {
                id: EventId::from_bytes(row.get(0)?),
                app: self.app,
                verification: self.verification,
                at: Timestamp::from_millis(row.get(1)?),
                kind,
            });
        }
        Ok(events)
    }
}

/// Pending verifications that time does something to.
pub(super) struct OverdueWork {
    pub(super) now: Timestamp,
    pub(super) limit: usize,
}

impl Work for OverdueWork {
    type Output = Vec<Overdue>;

    fn run(&self, connection: &Connection) -> Result<Vec<Overdue>, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT app, subject, id FROM verifications INDEXED BY verifications_by_expiry
             WHERE status IN ('pending', 'challenge_required') AND wakes_at <= ?1 ORDER BY wakes_at, id LIMIT ?2",
        )?;
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let overdue = statement.query_map(params![self.now.as_millis(), limit], |row| {
            Ok(Overdue {
                app: AppId::from_bytes(row.get(0)?),
                subject: SubjectKey(row.get(1)?),
                verification: VerificationId::from_bytes(row.get(2)?),
            })
        })?;
        Ok(overdue.collect::<Result<_, _>>()?)
    }
}
