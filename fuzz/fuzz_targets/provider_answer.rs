//! Answers of a vendor, or of whatever stands between it and us.
#![no_main]

use std::sync::LazyLock;

use countersign_delivery::declared::fixtures::fuzz::Vendors;
use libfuzzer_sys::fuzz_target;

static VENDORS: LazyLock<Vendors> = LazyLock::new(Vendors::shipped);

fuzz_target!(|octets: &[u8]| assert_eq!(VENDORS.answer(octets), Ok(())));
