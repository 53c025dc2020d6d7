//! Figures of the funnel: sums that only grow by addition.

use countersign_core::funnel::{FunnelCell, FunnelCount, FunnelCounts, FunnelStep};
use countersign_core::presentation::PresentationMode;
use countersign_core::time::Day;
use rusqlite::{Connection, Row, params};

use super::fault::Fault;
use super::work::Work;
use crate::{FunnelQuery, Only};

/// Adds figures.
pub(super) struct AddWork(pub(super) Vec<FunnelCount>);

impl Work for AddWork {
    type Output = ();

    fn run(&self, connection: &Connection) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO funnel (app, mode, day, presentation, country, provider,
                                 shown, sent, first_digit, submitted, approved)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (app, mode, day, presentation, country, provider) DO UPDATE
             SET shown = shown + excluded.shown, sent = sent + excluded.sent,
                 first_digit = first_digit + excluded.first_digit,
                 submitted = submitted + excluded.submitted, approved = approved + excluded.approved",
        )?;
        for FunnelCount { cell, counts } in &self.0 {
            statement.execute(params![
                cell.app.as_bytes(),
                cell.mode.as_str(),
                cell.day.number(),
                cell.presentation.as_str(),
                cell.country.as_ref().map_or("", |country| country.as_str()),
                cell.provider.as_deref().unwrap_or_default(),
                counts.get(FunnelStep::Shown),
                counts.get(FunnelStep::Sent),
                counts.get(FunnelStep::FirstDigit),
                counts.get(FunnelStep::Submitted),
                counts.get(FunnelStep::Approved),
            ])?;
        }
        Ok(())
    }
}

/// Reads figures.
pub(super) struct ReadWork(pub(super) FunnelQuery);

impl Work for ReadWork {
    type Output = Vec<FunnelCount>;

    fn run(&self, connection: &Connection) -> Result<Vec<FunnelCount>, Fault> {
        let query = &self.0;
        let mut statement = connection.prepare_cached(
            "SELECT day, presentation, country, provider, shown, sent, first_digit, submitted, approved FROM funnel
             WHERE app = ?1 AND mode = ?2 AND day BETWEEN ?3 AND ?4
                 AND (?5 IS NULL OR presentation = ?5)
                 AND (?6 IS NULL OR country = ?6)
                 AND (?7 IS NULL OR provider = ?7)
                 AND (shown <> 0 OR sent <> 0 OR first_digit <> 0 OR submitted <> 0 OR approved <> 0)
             ORDER BY day, presentation, country, provider LIMIT ?8",
        )?;
        let rows = statement.query_map(
            params![
                query.app.as_bytes(),
                query.mode.as_str(),
                query.from.number(),
                query.to.number(),
                query.presentation.map(PresentationMode::as_str),
                wanted(&query.country, |country| country.as_str()),
                wanted(&query.provider, String::as_str),
                i64::try_from(query.limit).unwrap_or(i64::MAX),
            ],
            |row| read(query, row),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn wanted<T>(only: &Only<T>, text: impl Fn(&T) -> &str) -> Option<&str> {
    match only {
        Only::All => None,
        Only::Missing => Some(""),
        Only::Is(value) => Some(text(value)),
    }
}

fn read(query: &FunnelQuery, row: &Row<'_>) -> rusqlite::Result<FunnelCount> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let unreadable = |column: usize| {
        rusqlite::Error::InvalidColumnType(column, "funnel".to_owned(), rusqlite::types::Type::Text)
    };
    let (country, provider) = (text(2)?, text(3)?);
    let cell = FunnelCell {
        app: query.app,
        mode: query.mode,
        day: Day::from_number(row.get(0)?),
        presentation: text(1)?.parse().map_err(|_| unreadable(1))?,
        country: match country {
            "" => None,
            letters => Some(letters.parse().map_err(|_| unreadable(2))?),
        },
        provider: (!provider.is_empty()).then(|| provider.to_owned()),
    };
    let mut counts = FunnelCounts::default();
    for (column, step) in (4..).zip(FunnelStep::ALL) {
        counts = counts.with(step, row.get(column)?);
    }
    Ok(FunnelCount { cell, counts })
}

/// Drops up to `limit` cells of days before this one; says how many.
pub(super) fn drop_before(connection: &Connection, first: Day, limit: usize) -> Result<usize, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let dropped = connection
        .prepare_cached(
            "DELETE FROM funnel WHERE (app, mode, day, presentation, country, provider) IN (
                 SELECT app, mode, day, presentation, country, provider FROM funnel INDEXED BY funnel_by_day
                 WHERE day < ?1 ORDER BY day LIMIT ?2)",
        )?
        .execute(params![first.number(), limit])?;
    Ok(dropped)
}
