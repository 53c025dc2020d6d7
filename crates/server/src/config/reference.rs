//! The reference page and the example file, written from the schema.

use super::document::header;
use super::schema::{self, Key, Layout, Preset, SECTIONS, Section};

/// Longest line of a comment, in characters.
const COMMENT_WIDTH: usize = 96;

const PAGE_HEAD: &str = "\
# Configuration

<!-- Generated from crates/server/src/config/schema.rs; do not edit. -->

Countersign reads one TOML file and lays environment variables over it. Nothing has to be set: every
key has a safe default, and `countersign.example.toml` lists them all.

    countersign check-config countersign.toml

checks a file together with the environment. It points at the exact place of every mistake, or shows every value that counts
and where it comes from.

- **Order.** An environment variable counts before the file, the file before the default.
- **Variables** are named `COUNTERSIGN__SECTION__KEY`, with two underscores each. Lists are separated by commas. `[[providers]]` can
  be set in the file only.
- **Nothing is ignored.** An unknown section, key or `COUNTERSIGN__` variable stops the start.
- **Units** are in the names: `_s` seconds, `_ms` milliseconds.
- **Relative paths** in the file count from the file's folder, those of variables from the working directory.
- **Secrets** belong into files of their own, which nobody but the server's user may read (`chmod 600`). They are never shown or logged.
";

const EXAMPLE_HEAD: &str = "\
# Countersign's configuration, every key with its default. Remove the # before a key to change it.
# Check it with: countersign check-config <file>. The same in prose: docs/configuration.md.
";

/// The text of `docs/configuration.md`.
pub fn reference_markdown() -> String {
    let mut lines = vec![PAGE_HEAD.trim_end().to_owned()];
    for section in SECTIONS {
        let bound = match section.layout {
            Layout::Once => String::new(),
            Layout::Repeated { at_most } => format!(" At most {at_most} times."),
        };
        lines.push(format!("\n## `{}`\n\n{}{bound}", header(section), section.about));
        for key in section.keys {
            lines.push(format!("\n### `{}`\n\n{}\n", key_path(section, key), key.about));
            lines.push(format!("- Type: {}", key.kind.describe()));
            lines.push(format!("- Default: {}", default_words(key, "`")));
            if section.layout == Layout::Once {
                lines.push(format!("- Variable: `{}`", schema::variable(section, key)));
            }
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The text of `countersign.example.toml`: every key, commented out with its default.
pub fn example_toml() -> String {
    let mut lines = vec![EXAMPLE_HEAD.trim_end().to_owned()];
    for section in SECTIONS {
        let mark = if section.layout == Layout::Once { "" } else { "#" };
        lines.push(String::new());
        comment(&mut lines, section.about);
        lines.push(format!("{mark}{}", header(section)));
        for key in section.keys {
            lines.push(String::new());
            comment(&mut lines, key.about);
            comment(&mut lines, &bounds(section, key));
            lines.push(format!("#{} = {}", key.name, key.example()));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Type, default and variable of a key, as sentences.
fn bounds(section: &Section, key: &Key) -> String {
    let mut sentences = vec![format!("{}.", capitalised(&key.kind.describe()))];
    // Other defaults stand on the key's own line.
    if !matches!(key.preset, Preset::Value(_)) {
        sentences.push(format!("Default: {}.", default_words(key, "")));
    }
    if section.layout == Layout::Once {
        sentences.push(schema::variable(section, key));
    }
    sentences.join(" ")
}

fn key_path(section: &Section, key: &Key) -> String {
    match section.layout {
        Layout::Once => format!("{}.{}", section.name, key.name),
        Layout::Repeated { .. } => format!("{}[].{}", section.name, key.name),
    }
}

fn default_words(key: &Key, quote: &str) -> String {
    match key.preset {
        Preset::Value(value) => format!("{quote}{value}{quote}"),
        Preset::Unset { meaning, .. } => meaning.to_owned(),
        Preset::Required { .. } => "none; it must be given".to_owned(),
    }
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Words as comment lines.
fn comment(lines: &mut Vec<String>, words: &str) {
    let mut line = String::from("#");
    for word in words.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > COMMENT_WIDTH {
            lines.push(std::mem::replace(&mut line, String::from("#")));
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(line);
}
