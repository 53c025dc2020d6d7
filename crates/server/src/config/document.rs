//! The file and the environment, held against the schema: every mistake with its place, and one
//! complete table of what is right.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::{Mistake, Place, Problem};
use super::schema::{self, Key, Layout, Preset, SECTIONS, Section};
use super::source::Source;
use super::value::{self, Misplaced};
use countersign_delivery::closest::closest;

/// Most syntax errors that are told: those after the first may be its echo.
const MAX_SYNTAX_PROBLEMS: usize = 5;

/// Where a value comes from. Values without an origin are defaults.
#[derive(Clone)]
pub(super) enum Origin {
    /// These bytes of the file.
    File(Range<usize>),
    /// An environment variable.
    Variable { name: String, value: String },
}

/// The configuration as tables and values, complete.
pub(super) struct Document<'a> {
    source: Option<&'a Source>,
    root: DeTable<'a>,
    origins: BTreeMap<String, Origin>,
    broken: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl<'a> Document<'a> {
    /// Reads the file, lays the variables over it and adds the defaults.
    pub(super) fn read(source: Option<&'a Source>, variables: &'a [(String, String)]) -> Self {
        let mut document = Document {
            source,
            root: DeTable::new(),
            origins: BTreeMap::new(),
            broken: BTreeSet::new(),
            problems: Vec::new(),
        };
        if let Some(source) = source {
            let (root, errors) = DeTable::parse_recoverable(&source.text);
            if errors.is_empty() {
                document.check_file(root.into_inner());
            } else {
                document.syntax_problems(&errors);
            }
        }
        for (name, value) in variables {
            document.overlay(name, value);
        }
        document.fill_in();
        document
    }

    /// What is wrong so far.
    pub(super) fn problems(&mut self) -> &mut Vec<Problem> {
        &mut self.problems
    }

    /// Whether all values of these sections are right by themselves.
    pub(super) fn are_sound(&self, sections: &[&str]) -> bool {
        !sections.iter().any(|section| self.broken.contains(section))
    }

    /// Where a key's value comes from; nothing for a default.
    pub(super) fn origin(&self, path: &str) -> Option<&Origin> {
        self.origins.get(path)
    }

    /// The tables, to make the typed configuration from.
    pub(super) fn root(&self) -> &DeTable<'a> {
        &self.root
    }

    /// Tells a mistake of a key that is right by itself.
    pub(super) fn mistake_at(&mut self, path: &str, mistake: Mistake) {
        let place = match (self.nearest_origin(path), self.source) {
            (Some(Origin::File(span)), Some(source)) => Place::Line(source.excerpt(span)),
            (Some(Origin::Variable { name, value }), _) => {
                Place::Variable { name: name.clone(), value: Some(value.clone()) }
            }
            _ => Place::Default,
        };
        self.problems.push(Problem { place, key: Some(path.to_owned()), mistake });
    }

    /// The origin of a key, or of what it lies in: a list for its element, a section for a key that is
    /// not there.
    fn nearest_origin(&self, path: &str) -> Option<&Origin> {
        let outer = path.rmatch_indices(['.', '[']).map(|(at, _)| &path[..at]);
        std::iter::once(path).chain(outer).find_map(|path| self.origins.get(path))
    }

    /// Tells a mistake of these bytes of the file.
    pub(super) fn mistake_in_file(&mut self, span: &Range<usize>, key: Option<String>, mistake: Mistake) {
        let place = self.source.map_or(Place::Default, |source| Place::Line(source.excerpt(span)));
        self.problems.push(Problem { place, key, mistake });
    }

    fn syntax_problems(&mut self, errors: &[toml::de::Error]) {
        self.broken.extend(SECTIONS.iter().map(|section| section.name));
        let mut last_line = None;
        let told = self.problems.len();
        for error in errors {
            let span = error.span().unwrap_or_default();
            let line = self.source.map(|source| source.line_of(span.start));
            if line != last_line && self.problems.len() - told < MAX_SYNTAX_PROBLEMS {
                let mistake = Mistake::new(
                    format!("not TOML: {}", error.message()),
                    "see https://toml.io: [section], then key = value, with texts in quotes",
                );
                self.mistake_in_file(&span, None, mistake);
            }
            last_line = line;
        }
    }

    fn check_file(&mut self, root: DeTable<'a>) {
        for (name, table) in root {
            let Some(section) = schema::section(name.get_ref()) else {
                self.unknown_section(&name);
                continue;
            };
            match (section.layout, table.get_ref()) {
                (Layout::Once, DeValue::Table(keys)) => {
                    self.check_table(section, section.name, &table.span(), keys);
                }
                (Layout::Repeated { at_most }, DeValue::Array(elements)) => {
                    if elements.len() > at_most {
                        let mistake = Mistake::new(
                            format!("there are {} {name}", elements.len(), name = section.name),
                            format!("give at most {at_most}"),
                        );
                        self.broken(section, &name.span(), section.name.to_owned(), mistake);
                    }
                    for (index, element) in elements.iter().enumerate() {
                        let path = format!("{}[{index}]", section.name);
                        match element.get_ref() {
                            DeValue::Table(keys) => self.check_table(section, &path, &element.span(), keys),
                            _ => self.not_a_table(section, &element.span(), path),
                        }
                    }
                }
                _ => self.not_a_table(section, &name.span(), section.name.to_owned()),
            }
            if self.are_sound(&[section.name]) {
                self.root.insert(name, table);
            }
        }
    }

    fn check_table(
        &mut self,
        section: &'static Section,
        path: &str,
        span: &Range<usize>,
        table: &DeTable<'a>,
    ) {
        // In the order of the file, whatever order the parser keeps.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, found) in entries {
            let key_path = format!("{path}.{}", name.get_ref());
            let Some(key) = section.key(name.get_ref()) else {
                self.broken(section, &name.span(), key_path, unknown_key(section, name.get_ref()));
                continue;
            };
            match value::check(key, found) {
                Ok(()) => {
                    for (index, element) in found.get_ref().as_array().into_iter().flatten().enumerate() {
                        self.origins.insert(format!("{key_path}[{index}]"), Origin::File(element.span()));
                    }
                    self.origins.insert(key_path, Origin::File(found.span()));
                }
                Err(Misplaced { span, mistake }) => self.broken(section, &span, key_path, mistake),
            }
        }
        for key in section.keys {
            if let Preset::Required { example } = key.preset
                && !table.contains_key(key.name)
            {
                let mistake =
                    Mistake::new(format!("{} is missing", key.name), format!("add {} = {example}", key.name));
                self.broken(section, span, format!("{path}.{}", key.name), mistake);
            }
        }
        self.origins.insert(path.to_owned(), Origin::File(span.clone()));
    }

    fn broken(&mut self, section: &'static Section, span: &Range<usize>, key: String, mistake: Mistake) {
        self.broken.insert(section.name);
        self.mistake_in_file(span, Some(key), mistake);
    }

    fn not_a_table(&mut self, section: &'static Section, span: &Range<usize>, path: String) {
        let header = header(section);
        let mistake = Mistake::new(
            format!("{} is not written as a section", section.name),
            format!("write {header} on a line of its own, and its keys below it"),
        );
        self.broken(section, span, path, mistake);
    }

    fn unknown_section(&mut self, name: &Spanned<Cow<'a, str>>) {
        let word = name.get_ref();
        let right = if let Some(section) = closest(word, SECTIONS.iter().map(|section| section.name)) {
            let header = schema::section(section).map(header).unwrap_or_default();
            format!("did you mean {header}?")
        } else if let Some(section) = SECTIONS.iter().find(|section| section.key(word).is_some()) {
            format!("{word} belongs below {}", header(section))
        } else {
            format!("there are {}", SECTIONS.iter().map(header).collect::<Vec<_>>().join(", "))
        };
        let mistake = Mistake::new(format!("there is no section or key {word:?} here"), right);
        self.mistake_in_file(&name.span(), Some(word.to_string()), mistake);
    }

    fn overlay(&mut self, name: &'a str, text: &'a str) {
        let Some((section, key)) =
            schema::settable().find(|(section, key)| schema::variable(section, key) == *name)
        else {
            // Its value may be a secret: it is not shown.
            let place = Place::Variable { name: name.to_owned(), value: None };
            self.problems.push(Problem { place, key: None, mistake: unknown_variable(name) });
            return;
        };
        let path = format!("{}.{}", section.name, key.name);
        let checked = value::from_variable(key, text).and_then(|found| {
            value::check(key, &found).map(|()| found).map_err(|misplaced| misplaced.mistake)
        });
        match checked {
            Ok(found) => {
                let elements = format!("{path}[");
                self.origins.retain(|known, _| !known.starts_with(&elements));
                self.origins.insert(path, Origin::Variable { name: name.to_owned(), value: text.to_owned() });
                if let Some(table) = self.table(section) {
                    table.insert(Spanned::new(0..0, Cow::Borrowed(key.name)), found);
                }
            }
            Err(mistake) => {
                self.broken.insert(section.name);
                let place = Place::Variable { name: name.to_owned(), value: Some(text.to_owned()) };
                self.problems.push(Problem { place, key: Some(path), mistake });
            }
        }
    }

    /// The table of a section that appears once, made if it is not there.
    fn table(&mut self, section: &'static Section) -> Option<&mut DeTable<'a>> {
        let name = Spanned::new(0..0, Cow::Borrowed(section.name));
        let empty = Spanned::new(0..0, DeValue::Table(DeTable::new()));
        as_table(self.root.entry(name).or_insert(empty).get_mut())
    }

    fn fill_in(&mut self) {
        for section in SECTIONS {
            match section.layout {
                Layout::Once => {
                    if let Some(table) = self.table(section) {
                        fill_in(table, section.keys);
                    }
                }
                Layout::Repeated { .. } => {
                    let name = Spanned::new(0..0, Cow::Borrowed(section.name));
                    let none = Spanned::new(0..0, DeValue::Array(DeArray::new()));
                    if let DeValue::Array(elements) = self.root.entry(name).or_insert(none).get_mut() {
                        for table in elements.iter_mut().filter_map(|element| as_table(element.get_mut())) {
                            fill_in(table, section.keys);
                        }
                    }
                }
            }
        }
    }
}

fn as_table<'t, 'a>(value: &'t mut DeValue<'a>) -> Option<&'t mut DeTable<'a>> {
    match value {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn fill_in(table: &mut DeTable<'_>, keys: &'static [Key]) {
    for key in keys {
        if let Preset::Value(preset) = key.preset
            && !table.contains_key(key.name)
            && let Ok(preset) = DeValue::parse(preset)
        {
            table.insert(Spanned::new(0..0, Cow::Borrowed(key.name)), preset);
        }
    }
}

/// How a section begins in the file.
pub(super) fn header(section: &Section) -> String {
    match section.layout {
        Layout::Once => format!("[{}]", section.name),
        Layout::Repeated { .. } => format!("[[{}]]", section.name),
    }
}

fn unknown_key(section: &Section, word: &str) -> Mistake {
    let right = if let Some(key) = closest(word, section.keys.iter().map(|key| key.name)) {
        format!("did you mean {key}?")
    } else if let Some(other) = SECTIONS.iter().find(|other| other.key(word).is_some()) {
        format!("{word} belongs below {}", header(other))
    } else {
        let known: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        format!("{} has: {}", header(section), known.join(", "))
    };
    Mistake::new(format!("there is no key {word:?} below {}", header(section)), right)
}

fn unknown_variable(name: &str) -> Mistake {
    let repeated = SECTIONS
        .iter()
        .filter(|section| section.layout != Layout::Once)
        .find(|section| name[schema::VARIABLE_PREFIX.len()..].starts_with(&section.name.to_uppercase()));
    if let Some(section) = repeated {
        return Mistake::new(
            format!("{} cannot be set by environment variables", section.name),
            format!("write {} into the file; its secrets may lie in files of their own", header(section)),
        );
    }
    let known: Vec<String> =
        schema::settable().map(|(section, key)| schema::variable(section, key)).collect();
    let right = match closest(name, known.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "docs/configuration.md lists the variables; unset this one".to_owned(),
    };
    Mistake::new("sets nothing that there is", right)
}
