//! Our codec beside `rusmpp`.
#![no_main]

#[path = "../../crates/sim/src/fuzz/agreement.rs"]
mod agreement;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| assert!(agreement::agrees(octets)));
