//! What `countersign dev` shows: a start page, a demo shop and a simulated phone.
//!
//! The shop is an ordinary customer of the public API; [`countersign_client`] is the part to read
//! when integrating Countersign into a real one. Nothing here runs in production.

pub mod countersign_client;
mod page;
pub mod phone;
pub mod shop;
pub mod start_page;
