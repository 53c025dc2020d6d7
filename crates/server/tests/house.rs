//! The house plan, held by reading the source: who may use whom, and pages that are generated.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use countersign_server::config;
use countersign_server::http::problem;

/// Longest file that is read in one sitting, and then some.
const MAX_LINES: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file below a folder, with its path from the root and its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if Path::new(&path).extension().is_some_and(|extension| extension == "rs") {
                files.push((path.clone(), read(&path)));
            }
        }
    }
    assert!(!files.is_empty(), "{folder} holds no source");
    files
}

/// The lines of a file that are neither comments nor its own tests.
fn code_of(text: &str) -> String {
    let own = text.split("#[cfg(test)]").next().unwrap();
    own.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// No file below `folder`, but for `except`, says one of `words` in its code.
#[track_caller]
fn nobody_says(folder: &str, words: &[&str], except: &[&str]) {
    for (path, text) in sources(folder) {
        if path.contains("/tests") || except.iter().any(|file| path.ends_with(file)) {
            continue;
        }
        for word in words {
            assert!(!code_of(&text).contains(word), "{path} says {word}");
        }
    }
}

/// The names of a crate's dependencies, development aside.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest: toml::Table = read(&format!("crates/{name}/Cargo.toml")).parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

fn crates() -> Vec<String> {
    let entries = fs::read_dir(root().join("crates")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn there_are_no_more_crates_than_the_plan_has() {
    assert_eq!(crates(), ["core", "delivery", "server", "sim", "store"]);
}

#[test]
fn dependencies_point_one_way() {
    for (name, allowed) in [
        ("core", vec![]),
        ("store", vec!["countersign-core"]),
        ("delivery", vec!["countersign-core"]),
        ("server", vec!["countersign-core", "countersign-delivery", "countersign-store"]),
    ] {
        let own: Vec<String> =
            dependencies(name).into_iter().filter(|one| one.starts_with("countersign")).collect();
        assert_eq!(own, allowed, "{name}");
    }
}

#[test]
fn nothing_uses_the_simulator() {
    for name in crates().iter().filter(|name| *name != "sim") {
        assert!(!read(&format!("crates/{name}/Cargo.toml")).contains("countersign-sim"), "{name}");
    }
}

#[test]
fn the_core_is_pure() {
    for impure in
        ["tokio", "reqwest", "axum", "hyper", "rusqlite", "getrandom", "rand", "tracing", "tempfile"]
    {
        assert!(!dependencies("core").contains(impure), "the core depends on {impure}");
    }
    nobody_says(
        "crates/core/src",
        &[
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
            "std::env",
            "SystemTime",
            "Instant",
            "async fn",
            "tokio",
            "getrandom",
        ],
        &[],
    );
}

#[test]
fn stores_and_providers_know_the_core_only() {
    nobody_says("crates/store/src", &["countersign_delivery", "countersign_server", "axum", "reqwest"], &[]);
    nobody_says(
        "crates/delivery/src",
        &["countersign_store", "countersign_server", "rusqlite"],
        &["http/tests.rs"],
    );
}

#[test]
fn handlers_call_use_cases_and_never_the_store() {
    // Whether the store answers, and its figures, are what health is about.
    nobody_says(
        "crates/server/src/http",
        &["countersign_store", ".store.", "crate::engine"],
        &["http/health.rs"],
    );
}

#[test]
fn use_cases_know_no_face() {
    for folder in ["crates/server/src/usecase", "crates/server/src/engine", "crates/server/src/worker"] {
        nobody_says(folder, &["crate::http", "axum", "hyper", "crate::cli", "crate::demo"], &[]);
    }
}

#[test]
fn a_demo_shop_is_a_client_like_any_other() {
    nobody_says(
        "crates/server/src/demo/shop",
        &["crate::usecase", "crate::engine", "countersign_store"],
        &[],
    );
    nobody_says("crates/server/src/demo", &["crate::engine", "countersign_store"], &[]);
}

#[test]
fn the_environment_is_read_in_one_place() {
    for name in crates() {
        nobody_says(
            &format!("crates/{name}/src"),
            &["env::var(", "env::vars", "env::var_os"],
            &["config/environment.rs", "config/mod.rs"],
        );
    }
}

#[test]
fn files_are_read_in_a_sitting() {
    for name in crates() {
        for (path, text) in sources(&format!("crates/{name}")) {
            let lines = text.lines().count();
            assert!(lines <= MAX_LINES, "{path} has {lines} lines: look for a seam");
        }
    }
}

#[test]
fn nothing_is_called_utils() {
    for name in crates() {
        for (path, _) in sources(&format!("crates/{name}/src")) {
            let vague = ["utils", "util", "helpers", "common", "misc"];
            assert!(
                !path.split(['/', '.']).any(|part| vague.contains(&part)),
                "{path}: a name says what a thing is"
            );
        }
    }
}

#[test]
fn every_crate_obeys_the_workspaces_lints() {
    for name in crates() {
        let manifest: toml::Table = read(&format!("crates/{name}/Cargo.toml")).parse().unwrap();
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{name}");
    }
}

#[test]
fn a_use_case_a_handler_and_a_test_share_a_word() {
    let names = |folder: &str| -> BTreeSet<String> {
        sources(folder).into_iter().map(|(path, _)| path.rsplit('/').next().unwrap().to_owned()).collect()
    };
    let (handlers, use_cases) = (names("crates/server/src/http/v1"), names("crates/server/src/usecase"));
    let (commands, tests) = (names("crates/core/src/step"), names("crates/server/tests/api"));
    for word in ["start", "check", "resend", "cancel", "report", "redeem"] {
        let file = format!("{word}.rs");
        for folder in [&handlers, &use_cases, &commands, &tests] {
            assert!(folder.contains(&file), "{file} is not in {folder:?}");
        }
    }
}

#[test]
fn generated_pages_are_as_generated() {
    for (page, generated, command) in [
        ("docs/errors.md", problem::catalogue_markdown(), "reference errors"),
        ("docs/configuration.md", config::reference_markdown(), "reference configuration"),
        ("countersign.example.toml", config::example_toml(), "reference example-config"),
    ] {
        assert!(read(page) == generated, "{page} is out of date: cargo run -- {command} > {page}");
    }
}

#[test]
fn codes_of_errors_are_words_of_their_own() {
    let codes: BTreeSet<&str> = problem::Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.len(), problem::Code::ALL.len());
    for code in problem::Code::ALL {
        assert!(
            code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{}",
            code.as_str()
        );
        assert!((400..600).contains(&code.status()) && !code.title().is_empty() && !code.advice().is_empty());
    }
}
