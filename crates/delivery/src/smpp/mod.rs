//! SMPP 3.4 and 5.0: messages through a carrier's or an aggregator's short message service centre.
//!
//! The specification is "Short Message Peer to Peer Protocol Specification v3.4, Issue 1.2"; clause
//! numbers are its own. [`SmppProvider`] keeps the binds that [`config::SmppConfig`] asks for, each on a
//! task of its own, and hands messages over within a window and a pace. [`pdu`] reads whatever peers
//! send without ever losing the place where the next PDU begins.

pub mod config;
mod correlate;
pub mod fuzz;
pub mod message_id;
pub mod pdu;
mod provider;
pub mod receipt;
mod request;
mod senders;
mod session;
mod shared;
pub mod status;
pub mod text;
pub mod validity;

pub use provider::{BindReport, RequestError, SmppCounts, SmppProvider, SmppRuntime, WindowReport};
pub use session::{BindState, Doubt, NotWritten, Outcome};
