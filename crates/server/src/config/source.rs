//! The configuration file as text: reading it, and showing lines of it without their secrets.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::problem::{ConfigErrors, Mistake, Place, Problem, printable};
use super::schema::{Kind, SECTIONS};
use countersign_delivery::closest::closest;

/// Largest configuration file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1_024;

/// Longest part of a line that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 120;

/// Stands for what is not shown.
const MASK: &str = "•••";

/// A configuration file that was read. It may hold secrets: wiped when dropped.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: Zeroizing<String>,
}

impl Source {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigErrors> {
        let refused = |mistake| {
            ConfigErrors::new(vec![Problem { place: Place::File(path.to_owned()), key: None, mistake }])
        };
        let unreadable = |error: std::io::Error| {
            let mistake = Mistake::new(
                format!("cannot read the configuration: {error}"),
                "name a file that the server's user can read; countersign.example.toml is one to start from",
            );
            refused(mistake)
        };
        let mut bytes = Zeroizing::new(Vec::new());
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let mistake = Mistake::new(
                format!("the file is larger than {} KiB", MAX_FILE_BYTES / 1_024),
                "name the configuration file",
            );
            return Err(refused(mistake));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Source { path: path.to_owned(), text: Zeroizing::new(text.to_owned()) }),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].split(|b| *b == b'\n').count();
                let mistake = Mistake::new(format!("line {line} is not UTF-8"), "save the file as UTF-8");
                Err(refused(mistake))
            }
        }
    }

    /// The line where `span` begins, as it may be shown.
    pub(super) fn excerpt(&self, span: &Range<usize>) -> Excerpt {
        let text = self.text.as_str();
        let start = floor_char(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let before = text[line_start..start].chars().count();
        let marked = text[start..floor_char(text, span.end).clamp(start, line_end)].chars().count().max(1);
        let shown = masked(text, line_start, line);
        let (shown, before_shown) = window(&printable(&shown.replace('\t', " ")), before);
        let rest = shown.chars().count().saturating_sub(before_shown).max(1);
        Excerpt {
            file: self.path.clone(),
            line: 1 + text[..line_start].matches('\n').count(),
            column: before + 1,
            text: shown,
            caret_from: before_shown,
            caret_chars: marked.min(rest),
        }
    }

    /// The number of the line that an offset is in.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        1 + self.text[..floor_char(&self.text, offset)].matches('\n').count()
    }
}

/// The character boundary at or before an offset.
fn floor_char(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The part of a line around a column, and the column in it.
fn window(line: &str, column: usize) -> (String, usize) {
    let count = line.chars().count();
    let column = column.min(count);
    if count <= MAX_SHOWN_CHARS {
        return (line.to_owned(), column);
    }
    let from = column.saturating_sub(MAX_SHOWN_CHARS / 2).min(count - MAX_SHOWN_CHARS);
    (line.chars().skip(from).take(MAX_SHOWN_CHARS).collect(), column - from)
}

/// Whether a key's value may be shown: it belongs to a key that there is, or to a slip of one, and that
/// is no secret. What is not known is not shown: it may be a secret whose key is mistyped.
fn is_open_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    // What names a file is no secret, and an operator wants to see it.
    let says_secret = !key.ends_with("_file")
        && ["secret", "passw", "token", "credential", "api_key", "apikey"]
            .iter()
            .any(|word| key.contains(word));
    let keys = SECTIONS.iter().flat_map(|section| section.keys);
    let open = keys.clone().filter(|known| !matches!(known.kind, Kind::Secret)).map(|known| known.name);
    let secret = keys.filter(|known| matches!(known.kind, Kind::Secret)).map(|known| known.name);
    let mut sections = SECTIONS.iter().map(|section| section.name);
    // Secrets first: what is as near to one of them is taken for it.
    let nearest = closest(&key, secret.chain(open.clone()));
    !says_secret
        && (sections.any(|known| known == key)
            || nearest.is_some_and(|near| open.clone().any(|known| known == near)))
}

/// The keys that a line assigns, each with the byte after its `=`.
fn assignments(line: &str) -> impl Iterator<Item = (&str, usize)> {
    line.match_indices('=').map(|(at, _)| {
        let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
        let is_key_char = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        (before.rsplit(|c| !is_key_char(c)).next().unwrap_or_default(), at + 1)
    })
}

/// The line that begins at an offset, without what may be a secret: the values of keys that are not
/// open, URLs with credentials or a query, and lines inside a text of several lines.
fn masked(text: &str, line_start: usize, line: &str) -> String {
    let is_inside_text =
        ["\"\"\"", "'''"].iter().any(|quotes| text[..line_start].matches(quotes).count() % 2 == 1);
    if is_inside_text {
        return MASK.to_owned();
    }
    let may_hold_token = |value: &str| value.contains(['?', '@']);
    let hidden = assignments(line).find(|(key, start)| !is_open_key(key) || may_hold_token(&line[*start..]));
    match hidden {
        Some((_, start)) => format!("{} {MASK}", &line[..start]),
        None if line.contains('=') || is_open_without_key(text, line_start, line) => line.to_owned(),
        None => MASK.to_owned(),
    }
}

/// Whether a line that assigns nothing may be shown: a header, or an element of a list that belongs to
/// an open key. Any other may be a part of a secret.
fn is_open_without_key(text: &str, line_start: usize, line: &str) -> bool {
    let line = line.trim();
    let is_header = line.starts_with('[') && !line.contains(['"', '\'']);
    let belongs_to = text[..line_start].lines().rev().find(|above| above.contains('='));
    let belongs_to_open = belongs_to.is_some_and(|above| assignments(above).all(|(key, _)| is_open_key(key)));
    line.is_empty()
        || is_header
        || (line.starts_with(['"', '\'', ']']) && belongs_to_open && !line.contains(['?', '@']))
}

/// A line of the file with the place in it marked. Secrets are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The file.
    pub file: PathBuf,
    /// The line's number, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The line as it may be shown.
    pub text: String,
    caret_from: usize,
    caret_chars: usize,
}

impl Excerpt {
    /// How wide the line's number is, with a blank before it.
    pub(super) fn gutter_chars(&self) -> usize {
        self.line.to_string().len()
    }
}

impl fmt::Display for Excerpt {
    /// Three lines: a margin, the line, the carets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin = " ".repeat(self.gutter_chars());
        writeln!(f, "{margin} |")?;
        writeln!(f, "{} | {}", self.line, self.text)?;
        writeln!(f, "{margin} | {}{}", " ".repeat(self.caret_from), "^".repeat(self.caret_chars))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { path: PathBuf::from("c.toml"), text: Zeroizing::new(text.to_owned()) }
    }

    fn excerpt_at(text: &str, marked: &str) -> Excerpt {
        let start = text.find(marked).unwrap();
        source(text).excerpt(&(start..start + marked.len()))
    }

    #[test]
    fn an_excerpt_points_at_the_place() {
        let excerpt = excerpt_at("a = 1\nlevel = \"ä\" # ü\n", "# ü");
        assert_eq!((excerpt.line, excerpt.column), (2, 13));
        assert_eq!(excerpt.to_string(), "  |\n2 | level = \"ä\" # ü\n  |             ^^^\n");
    }

    #[test]
    fn odd_spans_never_fail() {
        for text in ["", "\n", "ä", "a\r\nb", "\n\n\n"] {
            for start in 0..6 {
                for end in 0..6 {
                    let excerpt = source(text).excerpt(&(start..end));
                    assert!(excerpt.line >= 1 && excerpt.column >= 1);
                }
            }
        }
        assert_eq!(excerpt_at("a\r\nlevel = 1\r\nc\r\n", "level").text, "level = 1");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("level = {}X{}", "a".repeat(500), "b".repeat(500));
        let excerpt = excerpt_at(&text, "X");
        assert_eq!(excerpt.column, 509);
        assert_eq!(excerpt.text.chars().count(), MAX_SHOWN_CHARS);
        assert_eq!(excerpt.text.chars().nth(excerpt.caret_from), Some('X'));
    }

    #[test]
    fn control_characters_are_not_shown() {
        assert_eq!(excerpt_at("level = \"\x1b[2J\"", "level").text, "level = \"\u{fffd}[2J\"");
        assert_eq!(excerpt_at("\tlevel = 1", "level").text, " level = 1");
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for line in [
            "secret = \"hunter2\"",
            "secrt = \"hunter2\"",
            "Secret= 'hunter2",
            "previous_secret = hunter2",
            "\"secret\" = \"hunter2\"",
            "providers.secret = \"hunter2\"",
            "providers = [{ name = \"a\", secret = \"hunter2\" }]",
            "api_token = \"hunter2\"",
            "url = \"https://hunter2:x@gateway.example/\"",
            "url = \"https://gateway.example/?t=hunter2\"",
            "db_password = \"hunter2=\"",
            "ret = \"hunter2\"",
            "secret \"hunter2\"",
            "hunter2",
        ] {
            let excerpt = source(line).excerpt(&(0..line.len()));
            assert!(!excerpt.text.contains("hunter2"), "{}", excerpt.text);
            assert!(excerpt.text.contains(MASK));
            assert!(excerpt.caret_from + excerpt.caret_chars <= excerpt.text.chars().count());
        }
        let many_lines = "secret = \"\"\"\nhunter2==\n\"hunter3\\q\"\"\"\nname = \"a\"\n";
        assert_eq!(excerpt_at(many_lines, "hunter2").text, MASK);
        assert_eq!(excerpt_at(many_lines, "hunter3").text, MASK);
        assert_eq!(excerpt_at(many_lines, "name").text, "name = \"a\"");
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for line in [
            "url = \"https://gateway.example/send\" # why",
            "secret_file = \"a\"",
            "lisen = \"127.0.0.1:80\"",
            "server.listen = \"127.0.0.1:80\"",
            "[sever]",
            "[[provider]]",
            "[log",
            "log = { level = \"loud\" }",
        ] {
            assert_eq!(excerpt_at(line, &line[..1]).text, line);
        }
        let list = "trusted_proxies = [\n  \"10.0.0.1/8\",\n]";
        assert_eq!(excerpt_at(list, "\"10").text, "  \"10.0.0.1/8\",");
    }
}
