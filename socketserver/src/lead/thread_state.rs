//! Whether a thread of this process waits for something.

use std::fs;

use rustix::thread::Pid;

/// Whether the thread sleeps in the system. One that could run, but has no processor, does not.
/// Where the system does not say, it is taken to sleep.
pub(super) fn sleeps(thread: Pid) -> bool {
    let path = format!("/proc/self/task/{}/stat", thread.as_raw_nonzero());
    let state = fs::read_to_string(path).ok();
    // The name in front may hold anything but a line's end.
    let state = state.as_ref().and_then(|stat| stat.rsplit_once(')')).map(|(_, rest)| rest);
    state.is_none_or(|rest| !rest.trim_start().starts_with('R'))
}

#[cfg(test)]
mod tests {
    use rustix::thread::gettid;

    use super::*;

    #[test]
    fn a_thread_that_asks_does_not_sleep() {
        assert!(!sleeps(gettid()));
    }

    #[test]
    fn an_unknown_thread_is_taken_to_sleep() {
        assert!(sleeps(Pid::from_raw(i32::MAX).unwrap()));
    }
}
