//! Where in its file a part of a definition is, and what is wrong with it.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Most mistakes that are told at once.
const MAX_MISTAKES: usize = 50;

/// Something wrong in a definition. Never quotes a value: there may be a secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The key, such as `request.json.messages[0].to`; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub wrong: String,
    /// What to do.
    pub right: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.wrong, self.right)
    }
}

/// Everything wrong in a definition, in the file's order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    pub(crate) fn new(mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        Mistakes(mistakes)
    }

    /// The mistakes.
    pub fn each(&self) -> &[Mistake] {
        &self.0
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in self.0.iter().take(MAX_MISTAKES) {
            writeln!(f, "{mistake}")?;
        }
        match self.0.len() {
            1 => f.write_str("1 mistake"),
            count if count > MAX_MISTAKES => write!(f, "{count} mistakes, the first {MAX_MISTAKES} shown"),
            count => write!(f, "{count} mistakes"),
        }
    }
}

impl std::error::Error for Mistakes {}

/// One step down: a key, or a place in a list.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// A way down from the root of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    pub(crate) fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Path(steps)
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Path(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Line and column of an offset, both from 1.
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count())
}

/// The bytes of the value at a path, or of the nearest thing above it that the file has.
pub(crate) fn locate(root: &DeTable<'_>, path: &Path) -> Range<usize> {
    let mut found = 0..0;
    let mut table = Some(root);
    let mut list = None;
    for step in &path.0 {
        let value = match step {
            Step::Key(key) => match table.and_then(|table| table.get_key_value(key.as_str())) {
                Some((name, value)) => {
                    // A table's own span is its header only: the key says more.
                    found =
                        if matches!(value.get_ref(), DeValue::Table(_)) { name.span() } else { value.span() };
                    value
                }
                None => break,
            },
            Step::Index(index) => match list.and_then(|list: &toml::de::DeArray<'_>| list.get(*index)) {
                Some(value) => {
                    found = value.span();
                    value
                }
                None => break,
            },
        };
        table = None;
        list = None;
        match value.get_ref() {
            DeValue::Table(below) => table = Some(below),
            DeValue::Array(below) => list = Some(below),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_in_its_file() {
        let text = "name = \"ä\"\n[request]\nurl = 1\n[[response.error]]\nclass = \"x\"\n";
        let table = DeTable::parse(text).unwrap().into_inner();
        let at = |path: &Path| line_and_column(text, locate(&table, path).start);
        let root = Path::default();
        assert_eq!(at(&root.key("name")), (1, 8));
        assert_eq!(at(&root.key("request").key("url")), (3, 7));
        assert_eq!(at(&root.key("response").key("error").index(0).key("class")), (5, 9));
        // What is not there is told where it should be.
        assert_eq!(at(&root.key("request").key("method")).0, 2);
        assert_eq!(at(&root.key("callback")), (1, 1));
    }
}
