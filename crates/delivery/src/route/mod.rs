//! Routes: by whom a message leaves, and why.
//!
//! Pure: nothing here reads a clock, draws randomness or talks to anybody. [`table`] says who may carry
//! a message, [`prices`] what that costs, [`health`] what is known about each of them, and [`choose`]
//! decides, with its reasons in words that the timeline can show.
//!
//! The order of calls for one message:
//! 1. [`table::RouteTable::candidates`], then [`choose::choose`];
//! 2. [`health::Health::begun`] when the choice is acted on;
//! 3. [`health::Health::transport`] when the provider has answered or failed to;
//! 4. [`health::Health::receipt`] when a receipt comes, or none has come ([`receipts::AwaitedReceipts`]);
//! 5. [`health::Health::evidence`] when the customer asks again, verifies, or does not for
//!    [`conversion::JUDGED_AFTER`].

pub mod attempt;
pub mod choose;
pub mod conversion;
pub mod discounted;
pub mod health;
pub mod latency;
pub mod place;
pub mod prices;
pub mod receipts;
pub mod table;
pub mod thompson;
pub mod transport;
pub mod watch;

#[cfg(test)]
mod choose_tests;
#[cfg(test)]
mod health_tests;
