//! The binary as an operator meets it, in a folder of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must fail")]

mod guard;
mod harness;

mod backup;
mod config;
mod dev;
mod help;
mod serve;
mod tenants;
mod verify_proof;
