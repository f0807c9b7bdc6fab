//! Headers of the PROXY protocol, beside two other parsers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use socketserver::fuzzing::{proxy_header, proxy_seeds};

fuzz_target!(init: fuzz::seed(proxy_seeds()), |bytes: &[u8]| -> () { proxy_header(bytes) });
