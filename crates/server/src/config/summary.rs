//! Every value that counts, with where it comes from.

use toml::de::{DeTable, DeValue};

use super::document::{Document, Origin, header};
use super::problem::printable;
use super::schema::{Key, Kind, Layout, Preset, SECTIONS};
use super::source::Source;
use super::url::ProviderUrl;

/// Comments of values begin in this column.
const COMMENT_COLUMN: usize = 48;

/// The values as TOML, secrets masked. Of use only if the document is right.
pub(super) fn values(document: &Document<'_>, source: Option<&Source>) -> String {
    let mut lines = Vec::new();
    for section in SECTIONS {
        match (section.layout, document.root().get(section.name).map(toml::Spanned::get_ref)) {
            (Layout::Once, Some(DeValue::Table(table))) => {
                lines.extend([String::new(), header(section)]);
                let origins = Origins { document, source, path: section.name.to_owned() };
                lines.extend(section.keys.iter().filter_map(|key| line(key, table, &origins)));
            }
            (Layout::Repeated { .. }, Some(DeValue::Array(elements))) => {
                for (index, element) in elements.iter().enumerate() {
                    let DeValue::Table(table) = element.get_ref() else { continue };
                    lines.extend([String::new(), header(section)]);
                    let origins = Origins { document, source, path: format!("{}[{index}]", section.name) };
                    lines.extend(section.keys.iter().filter_map(|key| line(key, table, &origins)));
                }
            }
            _ => {}
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Where the values of one section come from.
struct Origins<'s, 'a> {
    document: &'s Document<'a>,
    source: Option<&'s Source>,
    path: String,
}

impl Origins<'_, '_> {
    fn of(&self, key: &Key) -> String {
        match (self.document.origin(&format!("{}.{}", self.path, key.name)), self.source) {
            (Some(Origin::Variable { name, .. }), _) => name.clone(),
            (Some(Origin::File(span)), Some(source)) => format!("line {}", source.line_of(span.start)),
            _ => "default".to_owned(),
        }
    }
}

fn line(key: &Key, table: &DeTable<'_>, origins: &Origins<'_, '_>) -> Option<String> {
    match (table.get(key.name), &key.preset) {
        (Some(value), _) => {
            let line = format!("{} = {}", key.name, shown(key, value.get_ref()));
            Some(format!("{line:<COMMENT_COLUMN$} # {}", origins.of(key)))
        }
        // As a comment, so that the text can be read as a configuration again.
        (None, Preset::Unset { meaning, .. }) => Some(format!("# {}: {meaning}", key.name)),
        (None, _) => None,
    }
}

fn shown(key: &Key, value: &DeValue<'_>) -> String {
    let quoted = |text: &str| toml::Value::String(printable(text)).to_string();
    match (&key.kind, value) {
        (Kind::Secret, _) => quoted("•••"),
        (_, DeValue::String(text)) => match text.parse::<ProviderUrl>() {
            Ok(url) => quoted(&hide_query(text, &url)),
            Err(_) => quoted(text),
        },
        (_, DeValue::Integer(number)) => number.to_string(),
        (_, DeValue::Boolean(is_on)) => is_on.to_string(),
        (_, DeValue::Array(elements)) => {
            let elements: Vec<String> =
                elements.iter().map(|element| shown(key, element.get_ref())).collect();
            format!("[{}]", elements.join(", "))
        }
        // No key has another type.
        _ => String::new(),
    }
}

/// The URL as it is written, unless its query may hold a token.
fn hide_query(text: &str, url: &ProviderUrl) -> String {
    if text.contains('?') { url.to_string() } else { text.to_owned() }
}
