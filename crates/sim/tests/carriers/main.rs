//! The real binary before two HTTP endpoints that misbehave in every way (issue 3, "Deliver" 10 and "It must
//! show" 3): what the customer gets, and what the shop is told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod mix;
mod receipts;
mod resend;
mod submissions;
mod throttled;
mod world;
