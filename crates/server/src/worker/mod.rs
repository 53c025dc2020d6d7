//! What the server does without being asked: send, take over, expire, purge.

pub mod binds;
pub mod expire;
mod feedback;
pub mod judge;
pub mod outbox;
mod outcome;
mod prepare;
pub mod providers;
pub mod purge;
pub mod query;
pub mod recall;
pub mod receipts;
mod render;
pub mod send;
pub mod take_over;
