//! The variables of a service manager.

#![no_main]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use libfuzzer_sys::fuzz_target;
use socketserver::fuzzing::{manager_names, manager_number};

const SEEDS: [&str; 7] = ["3", "007", "+1", "-1", "18446744073709551616", "web:admin", "a::b:"];

fuzz_target!(init: fuzz::seed(SEEDS), |bytes: &[u8]| -> () {
    let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    match manager_number(OsStr::from_bytes(bytes)) {
        Some(number) => {
            assert!(is_number, "{number}");
            let zeros = bytes.iter().take_while(|byte| **byte == b'0').count();
            let shown = if number == 0 { String::new() } else { number.to_string() };
            assert_eq!(bytes[zeros..], *shown.as_bytes());
        }
        None => assert!(!is_number || bytes.len() > 19),
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    let names = manager_names(text, text.len() + 2);
    assert!(names.len() == text.len() + 2 && names.iter().all(|name| !name.is_empty()));
    for (given, name) in text.split(':').zip(names) {
        assert_eq!(if given.is_empty() { "unknown" } else { given }, name);
    }
});
