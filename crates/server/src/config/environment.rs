//! The environment variables that the configuration reads.

use std::ffi::OsString;
use std::path::PathBuf;

use super::problem::{Mistake, Place, Problem};
use super::schema::{self, VARIABLE_PREFIX};

/// systemd's folder of credentials, `LoadCredential=` (systemd.exec(5)).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The process's environment. Nothing else of the server reads it.
pub fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// What matters of an environment.
#[derive(Default)]
pub(super) struct Environment {
    /// Variables that are meant for the configuration, by name; of two with one name the later.
    pub(super) variables: Vec<(String, String)>,
    pub(super) credentials_dir: Option<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

impl Environment {
    pub(super) fn read(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Environment::default();
        for (name, value) in pairs {
            // A name that is not Unicode is none of ours.
            let Ok(name) = name.into_string() else { continue };
            if name == CREDENTIALS_DIRECTORY {
                environment.credentials_dir = Some(PathBuf::from(value));
            } else if name.starts_with(VARIABLE_PREFIX) {
                match value.into_string() {
                    Ok(value) => {
                        environment.variables.retain(|(known, _)| *known != name);
                        environment.variables.push((name, value));
                    }
                    Err(_) => environment.problem(name, Mistake::new("is not UTF-8", "set it to a text")),
                }
            } else if let Some(meant) = meant_by(&name) {
                let right = format!("did you mean {meant}? Both underscores are needed");
                environment.problem(name, Mistake::new("is not read", right));
            }
        }
        environment.variables.sort();
        environment
    }

    fn problem(&mut self, name: String, mistake: Mistake) {
        self.problems.push(Problem { place: Place::Variable { name, value: None }, key: None, mistake });
    }
}

/// The variable that was meant by one with single underscores. Only exact names count: orchestrators
/// set variables such as `COUNTERSIGN_PORT` by themselves.
fn meant_by(name: &str) -> Option<String> {
    if !name.starts_with("COUNTERSIGN_") {
        return None;
    }
    schema::settable()
        .map(|(section, key)| schema::variable(section, key))
        .find(|variable| variable.replace("__", "_") == name)
}
