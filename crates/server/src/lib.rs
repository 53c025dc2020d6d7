//! The Countersign server: faces, use cases, workers, configuration and command line.
//!
//! Read it from the outside in: [`cli`] starts an [`instance`]; [`http`] takes requests and calls
//! [`usecase`]; use cases run commands of the core through the [`engine`], which commits them to the
//! store; [`worker`] sends, takes over, expires and purges.

pub mod branding;
pub mod carriers;
pub mod challenge_vendor;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod demo;
pub mod directory;
pub mod engine;
pub mod funnel;
pub mod guard;
pub mod http;
pub mod instance;
pub mod keyfile;
pub mod log;
pub mod metrics;
pub mod page;
pub mod routing;
pub mod senders;
pub mod tenant;
pub mod usecase;
pub mod worker;
