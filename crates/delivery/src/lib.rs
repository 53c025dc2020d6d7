//! Providers that carry Countersign's messages, and the receipts that come back.
//!
//! A [`provider::Provider`] takes one message and says what became of the hand-over. It knows the
//! core only: no store, no clock, no randomness of its own; leases, retries and routes are the
//! outbox's business. Message texts and phone numbers are in no error, log or Debug of this crate.

#![warn(missing_docs)]

pub mod backoff;
pub mod closest;
pub mod declared;
pub mod http;
pub mod provider;
pub mod receipt;
pub mod route;
pub mod sender;
pub mod sender_rules;
pub mod signature;
pub mod simulated;
pub mod smpp;
pub mod smtp;

#[cfg(test)]
mod document;
#[cfg(test)]
mod example;
