//! Receipts as no service centre should write them.
#![no_main]

use countersign_delivery::smpp::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| assert_eq!(fuzz::receipt(octets), Ok(())));
