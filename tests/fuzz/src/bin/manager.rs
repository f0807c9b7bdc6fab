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
            let written = bytes.iter().position(|byte| *byte != b'0').map_or(&b""[..], |at| &bytes[at..]);
            assert!(written == number.to_string().as_bytes() || (written.is_empty() && number == 0));
        }
        None => assert!(!is_number || bytes.len() > 19),
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    let names = manager_names(text, text.len() + 2);
    assert!(names.len() == text.len() + 2 && names.iter().all(|name| !name.is_empty()));
    let given = text.split(':').zip(&names);
    assert!({ given }.all(|(given, name)| given == *name || (given.is_empty() && *name == "unknown")));
});
