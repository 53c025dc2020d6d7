//! What is wrong with a configuration, where, and what would be right.

use std::fmt;
use std::path::PathBuf;

use super::source::Excerpt;

/// Most problems that are told at once.
const MAX_PROBLEMS: usize = 50;

/// What is wrong with a value, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong. Never quotes a secret.
    pub wrong: String,
    /// What to do instead.
    pub right: String,
}

impl Mistake {
    pub(super) fn new(wrong: impl Into<String>, right: impl Into<String>) -> Self {
        Mistake { wrong: wrong.into(), right: right.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.wrong, self.right)
    }
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of the file.
    Line(Excerpt),
    /// An environment variable; without its value where that may be a secret.
    Variable {
        /// The variable.
        name: String,
        /// What it is set to.
        value: Option<String>,
    },
    /// The file as a whole.
    File(PathBuf),
    /// Nothing that was written: a default.
    Default,
}

impl Place {
    /// Sorts the file's lines first, in their order.
    pub(super) fn order(&self) -> (u8, usize, usize) {
        match self {
            Place::File(_) => (0, 0, 0),
            Place::Line(excerpt) => (1, excerpt.line, excerpt.column),
            Place::Variable { .. } => (2, 0, 0),
            Place::Default => (3, 0, 0),
        }
    }
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// The key's path, such as `server.listen` or `providers[0].url`, if it is about one.
    pub key: Option<String>,
    /// What is wrong, and what would be right.
    pub mistake: Mistake,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line(excerpt) => {
                write!(
                    f,
                    "{}:{}:{}: ",
                    printable(&excerpt.file.to_string_lossy()),
                    excerpt.line,
                    excerpt.column
                )?;
            }
            Place::Variable { name, .. } => write!(f, "{}: ", printable(name))?,
            Place::File(path) => write!(f, "{}: ", printable(&path.to_string_lossy()))?,
            Place::Default => f.write_str("configuration: ")?,
        }
        if let Some(key) = &self.key {
            write!(f, "{}: ", printable(key))?;
        }
        writeln!(f, "{}", printable(&self.mistake.wrong))?;
        let indent = match &self.place {
            Place::Line(excerpt) => {
                write!(f, "{excerpt}")?;
                excerpt.gutter_chars()
            }
            Place::Variable { name, value: Some(value) } => {
                let before = format!("{}=", printable(name));
                let value = printable(value);
                writeln!(f, "  | {before}{value}")?;
                let (blanks, carets) = (before.chars().count(), value.chars().count().max(1));
                writeln!(f, "  | {}{}", " ".repeat(blanks), "^".repeat(carets))?;
                1
            }
            _ => 1,
        };
        write!(f, "{} = {}", " ".repeat(indent), printable(&self.mistake.right))
    }
}

/// A text without control characters, which could rewrite the terminal that shows it.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Every problem that was found, in the order of the file, then of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        ConfigErrors(problems)
    }

    /// The problems; at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.0.iter().take(MAX_PROBLEMS) {
            writeln!(f, "{problem}\n")?;
        }
        match self.0.len() {
            1 => f.write_str("1 mistake in the configuration"),
            count if count > MAX_PROBLEMS => {
                write!(
                    f,
                    "{count} mistakes in the configuration, of which the first {MAX_PROBLEMS} are shown"
                )
            }
            count => write!(f, "{count} mistakes in the configuration"),
        }
    }
}

impl std::error::Error for ConfigErrors {}
