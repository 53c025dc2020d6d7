//! Everything that somebody with a copy of the database can read in it.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// Values of all rows of all tables, taken apart as far as their forms allow.
#[derive(Clone, Default)]
pub(crate) struct Leak {
    /// Every value: columns, parts of JSON, and what is inside base64 and hexadecimal.
    pub(crate) values: BTreeSet<Vec<u8>>,
    /// Every eight bytes in a row of any value.
    windows: HashSet<[u8; 8]>,
    /// What every row has in common and might be mixed into it: ids of apps, prints of keys.
    pub(crate) common: BTreeSet<Vec<u8>>,
    /// The rows of `verifications`: their app and JSON.
    pub(crate) verifications: Vec<([u8; 16], String)>,
}

impl Leak {
    pub(crate) fn of(database: &Path) -> Self {
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut leak = Leak::default();
        let tables: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for table in tables {
            leak.take_rows(&connection, &format!("SELECT * FROM {table}"));
        }
        leak.verifications = connection
            .prepare("SELECT app, record FROM verifications")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        // Words of a policy are no salts; what stands there of the instance, and ids, may be.
        let mut shared = Leak::default();
        shared.take_rows(&connection, "SELECT id, body FROM settings WHERE kind = 'instance'");
        shared.take_rows(&connection, "SELECT id FROM settings");
        leak.common = shared.values.into_iter().filter(|value| (8..=32).contains(&value.len())).collect();
        leak.common.extend(leak.verifications.iter().map(|(app, _)| app.to_vec()));
        leak
    }

    fn take_rows(&mut self, connection: &Connection, query: &str) {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                self.take_column(row.get_ref(column).unwrap());
            }
        }
    }

    /// The values of one text, taken apart like any other.
    pub(crate) fn parts_of(json: &str) -> BTreeSet<Vec<u8>> {
        let mut leak = Leak::default();
        leak.take_json(&serde_json::from_str(json).unwrap());
        leak.values
    }

    fn take_column(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null | ValueRef::Real(_) => {}
            ValueRef::Integer(number) => self.add(number.to_be_bytes().to_vec()),
            ValueRef::Blob(bytes) => self.add(bytes.to_vec()),
            ValueRef::Text(text) => {
                let text = std::str::from_utf8(text).unwrap();
                match serde_json::from_str::<Value>(text) {
                    Ok(json) => self.take_json(&json),
                    Err(_) => self.take_text(text),
                }
            }
        }
    }

    fn take_json(&mut self, json: &Value) {
        match json {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.take_text(name);
                    self.take_json(value);
                }
            }
            Value::Array(items) => {
                let bytes: Option<Vec<u8>> =
                    items.iter().map(|item| item.as_u64().and_then(|n| u8::try_from(n).ok())).collect();
                if let Some(bytes) = bytes {
                    self.add(bytes);
                }
                for item in items {
                    self.take_json(item);
                }
            }
            Value::String(text) => self.take_text(text),
            Value::Number(number) => self.take_text(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn take_text(&mut self, text: &str) {
        self.add(text.as_bytes().to_vec());
        let lenient = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        for letters in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
            if let Ok(bytes) = GeneralPurpose::new(letters, lenient).decode(text) {
                self.add(bytes);
            }
        }
        if text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
            self.add((0..text.len()).step_by(2).map(digit).collect());
        }
    }

    /// One more value, as if it had been in the database.
    pub(crate) fn add(&mut self, value: Vec<u8>) {
        self.windows.extend(value.windows(8).map(|window| <[u8; 8]>::try_from(window).unwrap()));
        self.values.insert(value);
    }

    /// Whether the first or last bytes of a digest stand anywhere in it: a shortened digest is one too.
    pub(crate) fn knows(&self, digest: &[u8]) -> bool {
        let ends = [&digest[..8], &digest[digest.len() - 8..]];
        ends.iter().any(|end| self.windows.contains(&<[u8; 8]>::try_from(*end).unwrap()))
    }

    /// Whether these bytes, eight at least, stand anywhere in it.
    pub(crate) fn contains(&self, bytes: &[u8]) -> bool {
        self.windows.contains(&<[u8; 8]>::try_from(&bytes[..8]).unwrap())
            && self.values.iter().any(|value| value.windows(bytes.len()).any(|window| window == bytes))
    }
}
