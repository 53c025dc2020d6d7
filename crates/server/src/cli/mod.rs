//! The command line.
//!
//! Beside a running server, commands that need its store speak to it over the local socket; else they
//! open the store themselves and ask the very same handlers (`cli/remote.rs`).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what the command line prints is its face")]

mod app;
mod check_config;
mod dev;
mod guard;
mod key;
mod keyring;
mod proof;
mod provider;
mod reference;
mod remote;
mod senders;
mod serve;
mod store;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};

/// Countersign: prove that a customer holds a phone, for one login, payment or account change.
///
/// Try it: `countersign dev`. Run it: `countersign check-config`, then `countersign serve`.
#[derive(Parser)]
#[command(name = "countersign", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// The configuration file. Without one, environment variables (COUNTERSIGN__SECTION__KEY) and
    /// defaults alone count.
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try everything on this machine: a demo shop, a simulated phone and the API, in a local folder
    Dev(dev::Dev),
    /// Run the server
    Serve(serve::Serve),
    /// Check the configuration and print the values that count, secrets masked
    CheckConfig(check_config::CheckConfig),
    /// Create, show and change apps: the shops of this server
    #[command(subcommand)]
    App(app::AppCommand),
    /// Create, list, rotate and revoke an app's API keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Show and rotate the server's own keys: those that derive codes, seal numbers and sign proofs
    #[command(subcommand)]
    Keyring(keyring::KeyringCommand),
    /// List and try providers: carriers, vendors, gateways
    #[command(subcommand)]
    Provider(provider::ProviderCommand),
    /// Run a history of requests through the guard, and print the most that fraud can cost
    #[command(subcommand)]
    Guard(guard::GuardCommand),
    /// Write a consistent copy of the store while the server runs; keys are kept apart
    Backup(store::Backup),
    /// Put a backup into an empty data folder; codes and proofs issued before are dead
    Restore(store::Restore),
    /// Say that the store was restored by other tools; codes and proofs issued before are dead
    Restored(store::Restored),
    /// Print the API's description (OpenAPI 3.1)
    Openapi(reference::Openapi),
    /// Print a page of the reference: configuration, example-config or errors
    Reference(reference::Reference),
    /// Verify a proof offline, as a shop's server does
    VerifyProof(proof::VerifyProof),
}

impl Cli {
    /// Does what the command line says.
    pub fn run(self) -> ExitCode {
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("error: cannot start: {error}");
                return ExitCode::FAILURE;
            }
        };
        let config = self.config;
        let done = runtime.block_on(async move {
            match self.command {
                Command::Dev(dev) => dev.run(config.as_deref()).await,
                Command::Serve(serve) => serve.run(config.as_deref()).await,
                Command::CheckConfig(check) => check.run(config.as_deref()),
                Command::App(app) => app.run(config.as_deref()).await,
                Command::Key(key) => key.run(config.as_deref()).await,
                Command::Keyring(keyring) => keyring.run(config.as_deref()).await,
                Command::Provider(provider) => provider.run(config.as_deref()).await,
                Command::Guard(guard) => guard.run(),
                Command::Backup(backup) => backup.run(config.as_deref()).await,
                Command::Restore(restore) => restore.run(config.as_deref()),
                Command::Restored(restored) => restored.run(config.as_deref()).await,
                Command::Openapi(reference::Openapi {}) => reference::Openapi::run(),
                Command::Reference(reference) => {
                    reference.run();
                    Ok(())
                }
                Command::VerifyProof(proof) => proof.run().await,
            }
        });
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Reads the configuration, and prints every mistake in it with its line.
fn load(file: Option<&Path>) -> anyhow::Result<Config> {
    Config::load(file, config::environment())
        .map_err(|errors| anyhow::anyhow!("the configuration is wrong\n{errors}"))
}

/// Ends when the process is asked to: SIGINT or SIGTERM.
fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    #[expect(clippy::disallowed_methods, reason = "shutdown cannot wait for the task that starts it")]
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}
