//! A clock that costs next to nothing.

/// The time since the start of the machine in seconds and nanoseconds, in steps of up to 10 ms. It
/// takes only a few loads, from memory that the kernel shares. (The same call of `rustix` crashes
/// under valgrind.)
#[allow(unsafe_code)]
#[inline]
pub(crate) fn coarse() -> (i64, i64) {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local variable, which outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut now) };
    (now.tv_sec, now.tv_nsec)
}
