//! Idempotency keys, settings, and dropping what has expired.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::id::VerificationId;
use countersign_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::fault::Fault;
use super::funnel;
use super::journal;
use super::listing::first_id_at;
use super::work::Work;
use crate::{
    FINISHED_DELIVERIES_KEPT, FUNNEL_DAYS_KEPT, IDEMPOTENCY_LIFETIME, IdempotencyRecord, JOURNAL_KEPT,
    Reserved, Setting, SettingKind, Version,
};

/// Claims an idempotency key.
pub(super) struct ReserveWork {
    pub(super) record: IdempotencyRecord,
    pub(super) now: Timestamp,
}

impl Work for ReserveWork {
    type Output = Reserved;

    fn run(&self, connection: &Connection) -> Result<Reserved, Fault> {
        let IdempotencyRecord { app, key, fingerprint, verification } = self.record;
        let claimed = connection
            .prepare_cached(
                "INSERT INTO idempotency (app, key, fingerprint, verification, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (app, key) DO UPDATE
                 SET fingerprint = excluded.fingerprint, verification = excluded.verification,
                     expires_at = excluded.expires_at
                 WHERE expires_at <= ?6",
            )?
            .execute(params![
                app.as_bytes(),
                key,
                fingerprint,
                verification.as_bytes(),
                self.now.plus(IDEMPOTENCY_LIFETIME).as_millis(),
                self.now.as_millis(),
            ])?;
        if claimed == 1 {
            return Ok(Reserved::Fresh);
        }
        let known = connection
            .prepare_cached("SELECT fingerprint, verification FROM idempotency WHERE app = ?1 AND key = ?2")?
            .query_row(params![app.as_bytes(), key], |row| {
                let verification = VerificationId::from_bytes(row.get(1)?);
                Ok(IdempotencyRecord { app, key, fingerprint: row.get(0)?, verification })
            })?;
        Ok(Reserved::Known(known))
    }
}

/// Reads the settings of a kind.
pub(super) struct SettingsWork(pub(super) SettingKind);

impl Work for SettingsWork {
    type Output = Vec<Setting>;

    fn run(&self, connection: &Connection) -> Result<Vec<Setting>, Fault> {
        let mut statement = connection
            .prepare_cached("SELECT id, version, body FROM settings WHERE kind = ?1 ORDER BY id")?;
        let settings = statement.query_map([self.0.as_str()], |row| {
            Ok(Setting {
                id: row.get(0)?,
                version: Version(row.get::<_, i64>(1)?.cast_unsigned()),
                body: row.get(2)?,
            })
        })?;
        Ok(settings.collect::<Result<_, _>>()?)
    }
}

/// Writes a setting.
pub(super) struct PutWork {
    pub(super) kind: SettingKind,
    pub(super) setting: Setting,
}

impl Work for PutWork {
    type Output = bool;

    fn run(&self, connection: &Connection) -> Result<bool, Fault> {
        let Setting { id, version, body } = &self.setting;
        let sql = if *version == Version(0) {
            "INSERT INTO settings (kind, id, version, body) VALUES (?1, ?2, ?3 + 1, ?4) ON CONFLICT DO NOTHING"
        } else {
            "UPDATE settings SET version = ?3 + 1, body = ?4 WHERE kind = ?1 AND id = ?2 AND version = ?3"
        };
        let written = connection.prepare_cached(sql)?.execute(params![
            self.kind.as_str(),
            id,
            version.0.cast_signed(),
            body
        ])?;
        Ok(written == 1)
    }
}

/// Rows of a table that one purge looks at.
const SWEPT_ROWS: usize = 8192;

/// Where the sweeps are. An index by expiry would cost every start two random writes; walking the
/// tables in the order of their keys, a bit at each purge, costs the starts nothing.
#[derive(Default)]
pub(super) struct Sweeps {
    counters: Option<([u8; 16], i64)>,
    idempotency: Option<([u8; 16], [u8; 16])>,
}

/// Drops what has expired.
pub(super) struct PurgeWork {
    pub(super) now: Timestamp,
    pub(super) limit: usize,
    pub(super) sweeps: Arc<Mutex<Sweeps>>,
}

impl Work for PurgeWork {
    type Output = usize;

    fn run(&self, connection: &Connection) -> Result<usize, Fault> {
        let mut sweeps = self.sweeps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut dropped = self.sweep_counters(connection, &mut sweeps.counters)?;
        dropped += self.sweep_idempotency(connection, &mut sweeps.idempotency, self.limit - dropped)?;
        dropped += self.drop_deliveries(connection, self.limit - dropped)?;
        dropped +=
            funnel::drop_before(connection, self.now.day().minus(FUNNEL_DAYS_KEPT), self.limit - dropped)?;
        dropped += journal::drop_before(connection, self.now.minus(JOURNAL_KEPT), self.limit - dropped)?;
        Ok(dropped)
    }
}

impl PurgeWork {
    fn sweep_counters(
        &self,
        connection: &Connection,
        from: &mut Option<([u8; 16], i64)>,
    ) -> Result<usize, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT key, slot, expires_at FROM counters WHERE (key, slot) >= (?1, ?2) ORDER BY key, slot LIMIT ?3",
        )?;
        let (key, slot) = from.unwrap_or(([0; 16], i64::MIN));
        let rows = statement.query_map(params![key, slot, swept_rows()], |row| {
            Ok(((row.get(0)?, row.get(1)?), Timestamp::from_millis(row.get(2)?)))
        })?;
        let expired = self.expired(rows, self.limit, from)?;
        let mut delete = connection.prepare_cached("DELETE FROM counters WHERE key = ?1 AND slot = ?2")?;
        for (key, slot) in &expired {
            delete.execute(params![key, slot])?;
        }
        Ok(expired.len())
    }

    fn sweep_idempotency(
        &self,
        connection: &Connection,
        from: &mut Option<([u8; 16], [u8; 16])>,
        limit: usize,
    ) -> Result<usize, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT app, key, expires_at FROM idempotency WHERE (app, key) >= (?1, ?2) ORDER BY app, key LIMIT ?3",
        )?;
        let (app, key) = from.unwrap_or(([0; 16], [0; 16]));
        let rows = statement.query_map(params![app, key, swept_rows()], |row| {
            Ok(((row.get(0)?, row.get(1)?), Timestamp::from_millis(row.get(2)?)))
        })?;
        let expired = self.expired(rows, limit, from)?;
        let mut delete = connection.prepare_cached("DELETE FROM idempotency WHERE app = ?1 AND key = ?2")?;
        for (app, key) in &expired {
            delete.execute(params![app, key])?;
        }
        Ok(expired.len())
    }

    /// Walks rows in the order of their keys and collects up to `limit` expired ones. Leaves in
    /// `from` where to go on: nothing after the last row of the table.
    fn expired<K: Copy>(
        &self,
        rows: impl Iterator<Item = rusqlite::Result<(K, Timestamp)>>,
        limit: usize,
        from: &mut Option<K>,
    ) -> Result<Vec<K>, Fault> {
        let mut expired = Vec::new();
        let mut seen = 0;
        for row in rows {
            let (key, expires_at) = row?;
            seen += 1;
            if expires_at <= self.now {
                if expired.len() == limit {
                    *from = Some(key);
                    return Ok(expired);
                }
                expired.push(key);
            }
            *from = Some(key);
        }
        if seen < SWEPT_ROWS {
            *from = None;
        }
        Ok(expired)
    }

    /// Their ids begin with their time, so the old ones are the first.
    fn drop_deliveries(&self, connection: &Connection, limit: usize) -> Result<usize, Fault> {
        let before = first_id_at(self.now.minus(FINISHED_DELIVERIES_KEPT));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let dropped = connection
            .prepare_cached(
                "DELETE FROM deliveries WHERE id IN (
                     SELECT id FROM deliveries WHERE id < ?1 AND state <> 'due' ORDER BY id LIMIT ?2)",
            )?
            .execute(params![before, limit])?;
        Ok(dropped)
    }
}

fn swept_rows() -> i64 {
    i64::try_from(SWEPT_ROWS).unwrap_or(i64::MAX)
}
