//! Requests for static files: paths, ranges and conditions.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: fuzz::seed(fuzz::REQUESTS_FOR_FILES), |bytes: &[u8]| -> () {
    fuzz::check_files(bytes)
});
