//! SMPP 3.4 and 5.0: messages through a carrier's or an aggregator's short message service centre.
//!
//! The specification is "Short Message Peer to Peer Protocol Specification v3.4, Issue 1.2"; clause
//! numbers are its own.

pub mod pdu;
