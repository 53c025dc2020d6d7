//! Runs a history of requests through the guard, in the time of the history and as fast as it goes.
//!
//! One pass, one row at a time: what is kept is what the guard keeps, which is bounded, and one row. The rules are those
//! of `countersign_core::guard` and no others.

mod row;
mod summary;

use std::io::{Read, Write};

use countersign_core::guard::decide::{ChallengeState, Request, RequestPurpose};
use countersign_core::guard::known::{Asker, Order};
use countersign_core::guard::policy::InvalidGuardPolicy;
use countersign_core::guard::probe::Draw;
use countersign_core::guard::score::Facts;
use countersign_core::guard::{
    Action, Asked, AsnTable, DestinationReader, Guard, GuardPolicy, KeyKind, Keyer, Ruling,
};
use countersign_core::phone::E164;
use countersign_core::time::Timestamp;
use csv::StringRecord;

pub use row::InvalidRow;
use row::{Columns, Event, Row};
pub use summary::{Summary, bounds};

/// Requests between two looks at the memory.
const MEASURED_EVERY: u64 = 1 << 19;

/// What a history is run with.
pub struct ReplayParts {
    /// What the guard allows.
    pub policy: GuardPolicy,
    /// Whom addresses belong to; empty: nobody knows.
    pub networks: AsnTable,
    /// Chooses the probes: the same seed, the same choice.
    pub seed: u64,
}

/// Why a history was not run to its end. What was written until then is right.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A line of the history.
    #[error("line {line}: {problem}")]
    Row {
        /// The line, the header being 1.
        line: u64,
        /// What is wrong, and what would be right.
        problem: InvalidRow,
    },
    /// The history could not be read.
    #[error("cannot read the history: {0}")]
    Read(csv::Error),
    /// The decisions could not be written.
    #[error("cannot write the decisions: {0}")]
    Write(csv::Error),
    /// The policy is not allowed.
    #[error("the policy is wrong: {0}")]
    Policy(#[from] InvalidGuardPolicy),
}

/// Runs a history. Writes one row for each request: `request_id,decision,rule,reason,probe`.
pub fn replay(parts: ReplayParts, input: impl Read, output: impl Write) -> Result<Summary, ReplayError> {
    let mut run = Run::new(parts)?;
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 20).from_reader(input);
    let headers = reader.headers().map_err(|error| unreadable(1, error))?;
    let columns = Columns::of(headers).map_err(|problem| ReplayError::Row { line: 1, problem })?;
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 20).from_writer(output);
    writer.write_record(["request_id", "decision", "rule", "reason", "probe"]).map_err(ReplayError::Write)?;
    let mut record = StringRecord::new();
    let mut line = 1;
    while reader.read_record(&mut record).map_err(|error| unreadable(line + 1, error))? {
        line = record.position().map_or(line + 1, csv::Position::line);
        let told = run.row(&columns, &record, &mut writer);
        told.map_err(|problem| match problem {
            Stopped::Row(problem) => ReplayError::Row { line, problem },
            Stopped::Write(error) => ReplayError::Write(error),
        })?;
    }
    writer.flush().map_err(|error| ReplayError::Write(error.into()))?;
    Ok(run.into_summary())
}

fn unreadable(line: u64, error: csv::Error) -> ReplayError {
    let line = error.position().map_or(line, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let problem = InvalidRow::Cells { expected: *expected_len, found: *len };
            ReplayError::Row { line, problem }
        }
        csv::ErrorKind::Utf8 { .. } => ReplayError::Row { line, problem: InvalidRow::NotUtf8 },
        _ => ReplayError::Read(error),
    }
}

enum Stopped {
    Row(InvalidRow),
    Write(csv::Error),
}

impl From<InvalidRow> for Stopped {
    fn from(problem: InvalidRow) -> Self {
        Stopped::Row(problem)
    }
}

struct Run {
    guard: Guard,
    networks: AsnTable,
    numbers: DestinationReader,
    lots: Keyer,
    last_at: Timestamp,
    dearest_micros: u64,
    summary: Summary,
}

impl Run {
    fn new(parts: ReplayParts) -> Result<Self, ReplayError> {
        let seeded = |purpose: u64| {
            let mut secret = [0; 16];
            secret[..8].copy_from_slice(&parts.seed.to_le_bytes());
            secret[8..].copy_from_slice(&purpose.to_le_bytes());
            Keyer::new(secret)
        };
        Ok(Run {
            summary: Summary::new(parts.policy.clone()),
            guard: Guard::new(parts.policy, seeded(1))?,
            networks: parts.networks,
            numbers: DestinationReader::new(),
            lots: seeded(2),
            last_at: Timestamp::EPOCH,
            dearest_micros: 0,
        })
    }

    fn row(
        &mut self,
        columns: &Columns,
        record: &StringRecord,
        writer: &mut csv::Writer<impl Write>,
    ) -> Result<(), Stopped> {
        let row = columns.read(record)?;
        if row.at < self.last_at {
            return Err(InvalidRow::Unsorted.into());
        }
        self.last_at = row.at;
        self.summary.saw(row.at);
        match row.event {
            Event::Convert => {
                let id = self.guard.keyer().id(KeyKind::Request, row.request_id.as_bytes());
                let heed = self.guard.convert(id, Order::None, row.at);
                self.summary.converted(heed);
            }
            Event::Request => {
                let (ruling, price_micros) = self.ask(&row)?;
                write(writer, &row, &ruling).map_err(Stopped::Write)?;
                self.summary.ruled(&ruling, price_micros);
                if self.summary.requests().is_multiple_of(MEASURED_EVERY) {
                    self.summary.measured(self.guard.footprint());
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, row: &Row<'_>) -> Result<(Ruling, u64), InvalidRow> {
        let keyer = self.guard.keyer();
        let id = keyer.id(KeyKind::Request, row.request_id.as_bytes());
        if self.guard.remembers(id) {
            return Err(InvalidRow::Repeated);
        }
        let destination = self.numbers.read(row.to).map_err(|_| InvalidRow::To)?;
        let known_kind = !self.guard.policy().refused_number_types.is_empty();
        let phone = known_kind.then(|| E164::parse_fictional(row.to, None).ok()).flatten();
        // No price known: the highest one (design 6, Money without prices).
        let price_micros = row.price_micros.unwrap_or(self.dearest_micros);
        self.dearest_micros = self.dearest_micros.max(price_micros);
        let named = |kind, text: &str| (!text.is_empty()).then(|| keyer.id(kind, text.as_bytes()));
        let request = Request {
            destination,
            number_type: phone.map(|phone| phone.number_type()),
            asker: Asker {
                device: named(KeyKind::Device, row.device),
                customer: named(KeyKind::Customer, row.customer),
            },
            session: None,
            network: row.ip.and_then(|ip| self.networks.find(ip)),
            purpose: RequestPurpose::Other,
            facts: Facts::UNKNOWN,
            challenge: ChallengeState::Unsolved,
            price_micros,
            draw: Draw(self.lots.id(KeyKind::Request, row.request_id.as_bytes()).tag()),
        };
        let net = row.ip.map(|ip| keyer.net(ip));
        if row.price_micros.is_none() {
            self.summary.unpriced();
        }
        Ok((self.guard.ask(&Asked { id, net, request }, row.at), price_micros))
    }

    fn into_summary(mut self) -> Summary {
        self.summary.measured(self.guard.footprint());
        self.summary.end(&self.guard);
        self.summary
    }
}

fn write(writer: &mut csv::Writer<impl Write>, row: &Row<'_>, ruling: &Ruling) -> Result<(), csv::Error> {
    let (rule, reason) = match &ruling.objection {
        None => ("", ""),
        Some(objection) => (objection.rule.as_str(), objection.rule.reason()),
    };
    let probe = if ruling.is_probe() { "true" } else { "false" };
    let lenient = ruling.action == Action::Allow && !reason.is_empty() && !ruling.is_probe();
    if lenient {
        let reason = format!("not enforced: {reason}");
        return writer.write_record([row.request_id, ruling.action.as_str(), rule, &reason, probe]);
    }
    writer.write_record([row.request_id, ruling.action.as_str(), rule, reason, probe])
}
