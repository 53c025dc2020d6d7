//! The lint: from what serde read to what can be used, or every mistake with its place.

mod answer;
mod call;
mod callback;

use std::collections::{BTreeMap, BTreeSet};

use regex::RegexBuilder;
use reqwest::header::HeaderName;
use toml::de::{DeTable, DeValue};

use super::definition::{AlsoOnFailure, Definition, FeedbackRules, SettingKind};
use super::places::{Mistake, Mistakes, Path, line_and_column, locate};
use super::schema::{Schema, SecretReference, Setting};
use super::template::{FEEDBACK_VARIABLES, MESSAGE_VARIABLES, Template, Variable};
use crate::provider::ProviderName;

/// Largest definition, in bytes.
const MAX_BYTES: usize = 128 * 1_024;

/// Largest compiled regular expression, in bytes.
const MAX_REGEX_BYTES: usize = 64 * 1_024;

pub(super) fn compile(text: &str) -> Result<Definition, Mistakes> {
    let alone = |offset, wrong: String, right: &str| {
        let (line, column) = line_and_column(text, offset);
        Mistakes::new(vec![Mistake { line, column, key: String::new(), wrong, right: right.to_owned() }])
    };
    if text.len() > MAX_BYTES {
        return Err(alone(0, format!("a definition has at most {MAX_BYTES} bytes"), "name the right file"));
    }
    let root = DeTable::parse(text)
        .map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            alone(offset, error.message().to_owned(), "write it as TOML 1.0 has it")
        })?
        .into_inner();
    secrets_are_referenced(text, &root)?;
    let schema: Schema = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        alone(offset, unquoted(error.message()), "docs/providers.md has every key and what it takes")
    })?;
    let mut compiler = Compiler { text, root: &root, mistakes: Vec::new(), used: BTreeSet::new() };
    let definition = compiler.definition(schema);
    match definition {
        Some(definition) if compiler.mistakes.is_empty() => Ok(definition),
        _ => Err(Mistakes::new(compiler.mistakes)),
    }
}

/// Says so before serde could quote one in a message of its own.
fn secrets_are_referenced(text: &str, root: &DeTable<'_>) -> Result<(), Mistakes> {
    let Some(DeValue::Table(secrets)) = root.get("secret").map(toml::Spanned::get_ref) else { return Ok(()) };
    let literal: Vec<Mistake> = secrets
        .iter()
        .filter(|(_, value)| !matches!(value.get_ref(), DeValue::Table(_)))
        .map(|(name, value)| {
            let (line, column) = line_and_column(text, value.span().start);
            Mistake {
                line,
                column,
                key: format!("secret.{}", name.get_ref()),
                wrong: "a secret stands in the definition".to_owned(),
                right: "say where it is: { env = \"NAME\" }, { file = \"/path\" } or { secret = \"name\" }"
                    .to_owned(),
            }
        })
        .collect();
    if literal.is_empty() { Ok(()) } else { Err(Mistakes::new(literal)) }
}

/// A message of serde without the value that it quotes.
fn unquoted(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    match message.split_once(", expected ") {
        Some((_, expected)) if message.starts_with("invalid") => format!("expected {expected}"),
        _ => message.to_owned(),
    }
}

struct Compiler<'a> {
    text: &'a str,
    root: &'a DeTable<'a>,
    mistakes: Vec<Mistake>,
    used: BTreeSet<Variable>,
}

impl Compiler<'_> {
    fn mistake(&mut self, path: &Path, wrong: impl Into<String>, right: impl Into<String>) {
        let (line, column) = line_and_column(self.text, locate(self.root, path).start);
        self.mistakes.push(Mistake {
            line,
            column,
            key: path.to_string(),
            wrong: wrong.into(),
            right: right.into(),
        });
    }

    fn definition(&mut self, schema: Schema) -> Option<Definition> {
        let root = Path::default();
        if schema.name.parse::<ProviderName>().is_err() {
            self.mistake(&root.key("name"), "this is no name", "use 1 to 32 of a-z, 0-9, - and _");
        }
        let request = self.request(&schema.request, &root.key("request"));
        let answer = self.answer(&schema.response, &root.key("response"));
        let callback =
            schema.callback.as_ref().map(|callback| self.callback(callback, &root.key("callback")));
        let feedback = schema.feedback.as_ref().map(|feedback| {
            let path = root.key("feedback");
            FeedbackRules {
                call: self.feedback_call(feedback, &path),
                answer: self.feedback_answer(feedback, &path),
                also_on_failure: if feedback.also_on_failure {
                    AlsoOnFailure::Yes
                } else {
                    AlsoOnFailure::No
                },
            }
        });
        self.words(&schema.words);
        self.declared(&schema);
        Some(Definition {
            name: schema.name,
            title: schema.title,
            medium: schema.channel,
            accepts: schema.accepts,
            sources: schema.sources,
            unverified: schema.unverified,
            settings: schema
                .setting
                .into_iter()
                .map(|(name, setting)| (name, setting_kind(setting)))
                .collect(),
            secrets: schema.secret,
            words: schema.words,
            request: request?,
            answer,
            callback: match callback {
                Some(callback) => Some(callback?),
                None => None,
            },
            feedback,
        })
    }

    fn words(&mut self, words: &BTreeMap<String, BTreeMap<String, String>>) {
        for (name, texts) in words {
            if !texts.contains_key("en") {
                let path = Path::default().key("words").key(name);
                self.mistake(
                    &path,
                    "there are no English words",
                    "add en: it stands in for every other language",
                );
            }
        }
    }

    /// Whatever is used is declared, and whatever is declared is used.
    fn declared(&mut self, schema: &Schema) {
        let root = Path::default();
        for (name, reference) in &schema.secret {
            let (SecretReference::Env(at)
            | SecretReference::File(at)
            | SecretReference::Secret(at)
            | SecretReference::OptionalEnv(at)) = reference;
            if at.is_empty() {
                self.mistake(
                    &root.key("secret").key(name),
                    "the reference is empty",
                    "say where the secret is",
                );
            }
        }
        for variable in self.used.clone() {
            let (family, name, known): (_, _, Vec<&str>) = match &variable {
                Variable::Known(_) => continue,
                Variable::Secret(name) => {
                    ("secret", name, schema.secret.keys().map(String::as_str).collect())
                }
                Variable::Setting(name) => {
                    ("setting", name, schema.setting.keys().map(String::as_str).collect())
                }
                Variable::Words(name) => ("words", name, schema.words.keys().map(String::as_str).collect()),
            };
            if known.contains(&name.as_str()) {
                continue;
            }
            let right = match crate::closest::closest(name, known) {
                Some(near) => format!("did you mean {family}.{near}?"),
                None => format!("declare it below [{family}]"),
            };
            let offset = self.text.find(&format!("{family}.{name}")).unwrap_or(0);
            let (line, column) = line_and_column(self.text, offset);
            let wrong = format!("{variable} is used and not declared");
            self.mistakes.push(Mistake { line, column, key: String::new(), wrong, right });
        }
        if !self.mistakes.is_empty() {
            // What stands beside a mistake was perhaps not looked at.
            return;
        }
        let declared = [
            ("secret", schema.secret.keys().map(|name| Variable::Secret(name.clone())).collect::<Vec<_>>()),
            ("setting", schema.setting.keys().map(|name| Variable::Setting(name.clone())).collect()),
            ("words", schema.words.keys().map(|name| Variable::Words(name.clone())).collect()),
        ];
        for (family, variables) in declared {
            for variable in variables {
                if !self.used.contains(&variable) {
                    let full = variable.to_string();
                    let name = full.split_once('.').map_or("", |(_, name)| name);
                    let path = root.key(family).key(name);
                    self.mistake(&path, format!("{full} is never used"), "use it or remove it");
                }
            }
        }
    }

    fn template(&mut self, text: &str, known: &[&'static str], path: &Path) -> Option<Template> {
        match Template::parse(text, known) {
            Ok(template) => {
                self.used.extend(template.holes().map(|hole| hole.variable.clone()));
                if template.has_lost_number() {
                    self.mistake(path, "int stands beside other text", "let {{…|int}} be the whole value");
                }
                Some(template)
            }
            Err((wrong, right)) => {
                self.mistake(path, wrong, right);
                None
            }
        }
    }

    fn message_template(&mut self, text: &str, path: &Path) -> Option<Template> {
        self.template(text, MESSAGE_VARIABLES, path)
    }

    fn feedback_template(&mut self, text: &str, path: &Path) -> Option<Template> {
        self.template(text, FEEDBACK_VARIABLES, path)
    }

    /// A template of what the operator gave.
    fn given(&mut self, text: &str, path: &Path) -> Option<Template> {
        self.template(text, &[], path)
    }

    /// A template that must hold a secret: what is written out here would be one.
    fn secret(&mut self, text: &str, path: &Path) -> Option<Template> {
        let template = self.given(text, path)?;
        if !template.holes().any(|hole| matches!(hole.variable, Variable::Secret(_))) {
            self.mistake(
                path,
                "a credential is written out",
                "declare it below [secret] and write {{secret.name}}",
            );
            return None;
        }
        Some(template)
    }

    fn header_name(&mut self, name: &str, path: &Path) -> Option<HeaderName> {
        if let Ok(name) = HeaderName::try_from(name) {
            Some(name)
        } else {
            self.mistake(path, "this is no header's name", "use letters, digits and -");
            None
        }
    }

    fn regex(&mut self, text: &str, path: &Path) -> Option<regex::Regex> {
        if let Ok(regex) = RegexBuilder::new(text).size_limit(MAX_REGEX_BYTES).build() {
            Some(regex)
        } else {
            self.mistake(
                path,
                "this is no regular expression, or one that is too large",
                "see the syntax of Rust's regex crate; there are no look-arounds and no back-references",
            );
            None
        }
    }

    fn pointer(&mut self, pointer: &str, path: &Path) {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            self.mistake(path, "this is no JSON pointer (RFC 6901)", format!("did you mean \"/{pointer}\"?"));
        }
    }
}

fn setting_kind(setting: Setting) -> SettingKind {
    match setting {
        Setting::Default(text) => SettingKind::Default(text),
        Setting::Asked(asked) if asked.required => SettingKind::Required,
        Setting::Asked(_) => SettingKind::Optional,
    }
}
