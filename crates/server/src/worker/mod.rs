//! What the server does without being asked: send, take over, expire, purge.

pub mod expire;
pub mod outbox;
pub mod purge;
mod render;
pub mod send;
pub mod take_over;
