//! The guard held against those who want something of it: adversaries that choose anything, and customers.
//!
//! One test binary. A test that proves a clause of a standard carries its id in its name.

#[cfg(test)]
mod adversary;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod estimate;
#[cfg(test)]
mod forgetting;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod steep;
#[cfg(test)]
mod traffic;
#[cfg(test)]
mod worlds;
