//! The API as a shop's server meets it: a real server on a real port, its store on disk, a clock that the
//! tests turn, the simulated phone and HTTP endpoints as carriers. One file for each thing that it does.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

mod harness;

mod app;
mod bindings;
mod browser;
mod cancel;
mod challenge;
mod challenge_vendor;
mod channels;
mod check;
mod clock;
mod decisions;
mod declared;
mod devices;
mod elements;
mod email;
mod errors;
mod feedback;
mod funnel;
mod guard;
mod guess_budget;
mod health;
mod idempotency;
mod keys;
mod limits;
mod list;
mod lockout;
mod message;
mod openapi;
mod outbox;
mod outbox_failover;
mod outbox_takeover;
mod overdue;
mod page;
mod pages;
mod receipts;
mod recover;
mod redeem;
mod replace;
mod report;
mod resend;
mod restore;
mod routes;
mod segments;
mod senders;
mod show;
mod spend;
mod start;
mod tenants;
mod test_mode;
mod workflow;
