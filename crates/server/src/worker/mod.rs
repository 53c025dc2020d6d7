//! What the server does without being asked: send, take over, take steps, expire, purge.

pub mod binds;
pub mod expire;
mod feedback;
pub mod funnel;
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
mod side_by_side;
mod steps;
pub mod take_over;
