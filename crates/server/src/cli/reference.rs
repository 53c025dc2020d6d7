//! `countersign openapi` and `countersign reference`

use clap::{Args, ValueEnum};

use crate::config;
use crate::http::{openapi, problem};

/// Print the API's description (OpenAPI 3.1).
#[derive(Args)]
pub(super) struct Openapi {}

impl Openapi {
    pub(super) fn run() -> anyhow::Result<()> {
        println!("{}", openapi::document()?);
        Ok(())
    }
}

/// Print a page of the reference.
#[derive(Args)]
pub(super) struct Reference {
    /// Which one
    page: Page,
}

#[derive(Clone, Copy, ValueEnum)]
enum Page {
    /// Every key of the configuration
    Configuration,
    /// A configuration file with every key at its default
    ExampleConfig,
    /// Every error of the API
    Errors,
}

impl Reference {
    pub(super) fn run(self) {
        let text = match self.page {
            Page::Configuration => config::reference_markdown(),
            Page::ExampleConfig => config::example_toml(),
            Page::Errors => problem::catalogue_markdown(),
        };
        print!("{text}");
    }
}
