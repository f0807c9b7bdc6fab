//! Addresses as text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: fuzz::seed(fuzz::ADDRESSES), |bytes: &[u8]| -> () { fuzz::check_address(bytes) });
