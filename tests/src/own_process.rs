//! The calling test in a process of its own.

use std::thread;

use crate::{Ended, elsewhere};

/// Runs the calling test once more, in a process of its own, with threads, descriptors, memory,
/// limits, signals and a logger that no other test shares. Returns how that process ended, and `None` in
/// that process.
///
/// # Panics
/// When it has not ended at the deadline, or when the caller's thread is not a test's.
#[track_caller]
pub fn own_process() -> Option<Ended> {
    let thread = thread::current();
    elsewhere(thread.name().expect("the harness names a test's thread"))
}

/// As [`own_process`], for a test that passes there. Returns whether this is that process.
///
/// # Panics
/// When the test has failed there.
#[track_caller]
pub fn in_own_process() -> bool {
    let ended = own_process();
    ended.iter().for_each(Ended::passed);
    ended.is_none()
}
