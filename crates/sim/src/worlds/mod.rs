//! What the guard is worth in made-up worlds (fraud.md B.4): customers of twelve countries, campaigns against them, and
//! the very code of `countersign_core::guard` deciding in simulated time.
//!
//! Every policy meets the same customers and the same campaigns with the same luck. The guard is in the loop, so that an
//! attacker can watch what becomes of his requests ([`campaign::Kind::Adaptive`]). Numbers and shapes are assumptions:
//! differences between policies mean something, single figures little. What is left out: customers who ask again, and
//! addresses that many share.

pub mod campaign;
pub mod country;
pub mod defender;
pub mod dice;
pub mod history;
pub mod honest;
pub mod ledger;
pub mod run;
pub mod table;

pub use defender::Policy;
pub use run::{Days, Plan, Story, tell};
pub use table::{Row, row};
