//! The rules of Countersign.
//!
//! Pure: no I/O, no async, no clock and no randomness of its own; everything is passed in. The heart
//! is [`step::step`], a state machine over one [`subject::Subject`]: one phone number inside one app.

#![warn(missing_docs)]

pub mod browser;
pub mod challenge;
pub mod channel;
pub mod code;
pub mod delivery;
pub mod device;
pub mod email;
pub mod entropy;
pub mod event;
pub mod funnel;
pub mod gate;
pub mod guard;
pub mod id;
pub mod keyring;
pub mod limit;
pub mod locale;
pub mod message;
pub mod money;
pub mod origin;
pub mod page;
pub mod phone;
pub mod policy;
pub mod presentation;
pub mod price;
pub mod proof;
pub mod purpose;
pub mod quota;
pub mod sealed;
pub mod step;
pub mod subject;
pub mod time;
pub mod transaction;
pub mod unique;
pub mod verification;
pub mod workflow;
