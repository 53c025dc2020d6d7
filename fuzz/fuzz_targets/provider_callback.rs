//! Callbacks that strangers send in the name of a vendor.
#![no_main]

use std::sync::LazyLock;

use countersign_delivery::declared::fixtures::fuzz::Vendors;
use libfuzzer_sys::fuzz_target;

static VENDORS: LazyLock<Vendors> = LazyLock::new(Vendors::shipped);

fuzz_target!(|octets: &[u8]| assert_eq!(VENDORS.callback(octets), Ok(())));
