//! For tests only: tools that drive the real binary `countersign` over its real faces.
//!
//! [`server`] runs it as a child process, [`sink`] is the carrier that receives its messages, [`api`]
//! the shop that calls it; [`smsc`] is a carrier that is reached by SMPP, [`kannel`] a gateway to compare with. [`load`] drives it as hard as one core can,
//! for the benchmark. [`routing`] needs no server: it simulates customers and carriers around the code that chooses
//! routes.

pub mod api;
pub mod carrier_drill;
pub mod clock;
pub mod folder;
pub mod fuzz;
pub mod kannel;
pub mod load;
pub mod phones;
pub mod process;
pub mod report;
pub mod routing;
pub mod server;
pub mod sink;
pub mod smpp_load;
pub mod smsc;
pub mod torture;
