//! Everything that decides whether a message may be sent (fraud.md B and C): limits, credit, lists, detectors,
//! budgets.
//!
//! Pure: times, random draws and keys are passed in. [`decide::decide`] runs every rule over the states of a request's
//! keys and only reads; [`Guard`] keeps such states in bounded memory and takes what an allowed message takes. The
//! replay, the simulator and the server run these lines and no others.
//!
//! Read it in this order: [`credit`] and [`loss`] (what bounds the cost), [`mod@decide`] (the order of the rules), [`Guard`].

pub mod asn;
pub mod budget;
pub mod caps;
pub mod credit;
pub mod cusum;
pub mod decide;
pub mod decision;
pub mod discounted;
pub mod distinct;
pub mod key;
pub mod known;
pub mod loss;
pub mod memory;
pub mod near;
mod outcome;
pub mod pending;
pub mod poisson;
pub mod policy;
pub mod probe;
pub mod same_code;
pub mod sca;
pub mod score;
pub mod sent;
pub mod state;
pub mod step_up;
pub mod table;
pub mod thousandths;
pub mod verdict;
pub mod window;

pub use asn::AsnTable;
pub use decide::Objection;
pub use decide::{Action, Request, Rule, Ruling, decide};
pub use key::{Destination, DestinationReader, KeyId, KeyKind, Keyer};
pub use memory::{Asked, Guard};
pub use outcome::Heed;
pub use policy::{GuardMode, GuardPolicy};
pub use sent::{JournalEntry, Sent};
