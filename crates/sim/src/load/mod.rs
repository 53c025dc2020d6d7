//! A load that one core can make: hand-written HTTP/1.1 over kept connections, so that the generator
//! is never what limits the figures. It reports its own CPU time, so that this can be checked.

pub mod carrier;
pub mod gateway;
pub mod measure;
pub mod wire;
pub mod work;
