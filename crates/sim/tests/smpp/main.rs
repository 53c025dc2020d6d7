//! The SMPP client against a service centre that misbehaves.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod binds;
mod kannel;
mod links;
mod node;
mod outages;
mod planned;
mod queries;
mod quirks;
mod recalls;
mod receipts;
mod server;
mod submissions;
mod texts;
