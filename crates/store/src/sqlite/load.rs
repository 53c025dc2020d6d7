//! Finds subjects.

use std::sync::Arc;

use countersign_core::id::{AppId, VerificationId};
use countersign_core::subject::{Subject, SubjectKey, SubjectRecord};
use countersign_core::verification::Verification;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::fault::Fault;
use super::work::Work;
use crate::{Loaded, Lookup, StoreError, Version};

/// Loads a subject. Its verifications are read as text; who asked takes them apart, not the thread
/// that everybody shares.
pub(super) struct LoadWork(pub(super) Lookup);

/// A subject as it was read.
pub(super) struct Found {
    app: AppId,
    key: SubjectKey,
    version: Version,
    record: SubjectRecord,
    verifications: Vec<String>,
}

impl Work for LoadWork {
    type Output = Option<Found>;

    fn run(&self, connection: &Connection) -> Result<Option<Found>, Fault> {
        let (app, key, asked) = match self.0 {
            Lookup::Subject(app, key) => (app, key, None),
            Lookup::Verification(app, id) => match verification(connection, app, id)? {
                Some((key, record)) => (app, key, Some((id, record))),
                None => return Ok(None),
            },
        };
        let subject = connection
            .prepare_cached("SELECT version, record FROM subjects WHERE app = ?1 AND key = ?2")?
            .query_row(params![app.as_bytes(), key.0], |row| {
                let record = row.get_ref(1)?.as_str()?;
                Ok((row.get::<_, i64>(0)?, serde_json::from_str::<SubjectRecord>(record)))
            })
            .optional()?;
        let (version, record) = match (subject, &asked) {
            (Some((version, record)), _) => (Version(version.cast_unsigned()), record?),
            (None, None) => return Ok(None),
            (None, Some((id, _))) => return Err(Fault::Unreadable(format!("{id} has no subject"))),
        };
        let mut verifications = Vec::with_capacity(record.live.len() + 1);
        let named = asked.as_ref().map(|(id, _)| *id);
        for &id in record.live.iter().filter(|&&id| named != Some(id)) {
            let (_, record) = verification(connection, app, id)?
                .ok_or_else(|| Fault::Unreadable(format!("{id} is live and is not there")))?;
            verifications.push(record);
        }
        if let Some((_, record)) = asked {
            verifications.insert(0, record);
        }
        Ok(Some(Found { app, key, version, record, verifications }))
    }
}

fn verification(
    connection: &Connection,
    app: AppId,
    id: VerificationId,
) -> Result<Option<(SubjectKey, String)>, Fault> {
    let found = connection
        .prepare_cached("SELECT subject, record FROM verifications WHERE app = ?1 AND id = ?2")?
        .query_row(params![app.as_bytes(), id.as_bytes()], |row| Ok((SubjectKey(row.get(0)?), row.get(1)?)))
        .optional()?;
    Ok(found)
}

impl Found {
    /// Takes the texts apart.
    pub(super) fn read(self) -> Result<Loaded, StoreError> {
        let verifications = self.verifications.iter().map(|record| read_verification(record).map(Arc::new));
        let verifications = verifications.collect::<Result<_, _>>()?;
        let Found { app, key, version, record, .. } = self;
        Ok(Loaded { subject: Subject { app, key, record, verifications }, version })
    }
}

/// Reads a verification's record.
pub(super) fn read_verification(record: &str) -> Result<Verification, StoreError> {
    let verification: Result<Verification, Fault> = serde_json::from_str(record).map_err(Fault::from);
    Ok(verification?)
}
