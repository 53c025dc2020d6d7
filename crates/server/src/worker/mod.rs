//! What the server does without being asked: send, take over, take steps, expire, purge.

pub mod expire;
pub mod judge;
pub mod outbox;
mod outcome;
pub mod providers;
pub mod purge;
pub mod receipts;
mod render;
pub mod send;
mod steps;
pub mod take_over;
