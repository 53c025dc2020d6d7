//! Real concurrency against the real server (issue 2, "It must show" 2).
//!
//! One test binary, one server for each test; each test runs beside the others.

#[cfg(test)]
mod approval;
#[cfg(test)]
mod guesses;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod resend;
#[cfg(test)]
mod starts;
#[cfg(test)]
mod world;
