//! A stream of PDUs from a peer that means no good.
#![no_main]

use countersign_delivery::smpp::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| assert_eq!(fuzz::stream(octets), Ok(())));
