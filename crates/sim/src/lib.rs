//! For tests only: tools that drive the real binary `countersign` over its real faces.
//!
//! [`server`] runs it as a child process, [`sink`] is the carrier that receives its messages by HTTP, [`api`]
//! the shop that calls it; [`smsc`] is a carrier that is reached by SMPP, [`kannel`] a gateway to compare with; both carriers
//! misbehave in every way when told to. [`load`] drives it as hard as one core can,
//! for the benchmark. [`routing`] needs no server: it simulates customers and carriers around the code that chooses
//! routes, and [`worlds`] customers and fraudsters around the code of the guard.

pub mod api;
pub mod carrier_drill;
pub mod clock;
pub mod enumeration;
pub mod folder;
pub mod fuzz;
pub mod guard_cost;
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
pub mod worlds;
