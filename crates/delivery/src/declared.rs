//! Providers whose HTTP API a definition describes: one TOML file says how a message is posted, what
//! the answers mean, how receipts are signed and read, and how the vendor hears that a code was used.
//! `docs/providers.md` is the reference for those who write one.
//!
//! [`Definition::parse`] reads and lints, [`DeclaredProvider`] sends and receives, [`shipped`] has the
//! definitions of this version, and [`fixtures`] runs recorded shapes against a definition.

mod answer;
mod auth;
pub mod callback;
mod compile;
mod definition;
pub mod fixtures;
mod given;
mod hex;
mod places;
mod provider;
mod request;
mod schema;
pub mod shipped;
mod sigv4;
mod template;

#[cfg(test)]
mod tests;

pub use answer::{HandOver, Price};
pub use definition::{Definition, SettingKind};
pub use given::{Conversion, ConversionOutcome, GivenError, Resolve, Secret};
pub use places::{Mistake, Mistakes};
pub use provider::{DeclaredProvider, DeclaredSettings, DeclaredSetupError};
pub use schema::{Accepts, Carries, Medium, SecretReference};
