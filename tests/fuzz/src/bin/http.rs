//! The requests of one connection.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: fuzz::seed(fuzz::REQUESTS), |bytes: &[u8]| -> () { fuzz::check_requests(bytes) });
