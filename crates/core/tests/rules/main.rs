//! The rules, one module for each command and each other part that decides something.
//!
//! One test binary, so that it links once and no helper is unused in it. A test that proves a clause
//! of a standard or an invariant carries its id in its name (N1, P7, I2, …).

#[cfg(test)]
mod cancel;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod check;
#[cfg(test)]
mod code;
#[cfg(test)]
mod device;
#[cfg(test)]
mod digest;
#[cfg(test)]
mod expire;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod guess_budget;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lockout;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod overdue;
#[cfg(test)]
mod phones;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod receipt;
#[cfg(test)]
mod recover;
#[cfg(test)]
mod redeem;
#[cfg(test)]
mod replace;
#[cfg(test)]
mod report;
#[cfg(test)]
mod resend;
#[cfg(test)]
mod start;
#[cfg(test)]
mod workflow;
#[cfg(test)]
mod world;
