//! How much processor time threads use, and how often they block.

use std::time::Duration;

use rustix::thread::Pid;

/// What a thread has used since its start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Time on a processor.
    pub(crate) time: Duration,
    /// How often it has given its processor away because it had to wait.
    pub(crate) blocks: i64,
}

impl Usage {
    /// That of this thread.
    #[allow(unsafe_code)]
    pub(crate) fn of_this_thread() -> Self {
        // SAFETY: the structure has integers only, which may all be zero.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `usage` is valid for writes of its size. The call fails only for other arguments,
        // and then writes nothing.
        unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
        let time = |time: libc::timeval| {
            Duration::new(time.tv_sec.unsigned_abs(), 0)
                + Duration::from_micros(time.tv_usec.unsigned_abs())
        };
        Usage { time: time(usage.ru_utime) + time(usage.ru_stime), blocks: usage.ru_nvcsw }
    }
}

/// The processor time of a thread of this process. `None` if it has ended.
#[allow(unsafe_code)]
pub(crate) fn time_of(thread: Pid) -> Option<Duration> {
    /// A thread's clock of its scheduled time, as the system numbers such clocks.
    const OF_THREAD: libc::clockid_t = 4 | 2;
    let clock = !thread.as_raw_nonzero().get() << 3 | OF_THREAD;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writes of its size.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    (result == 0).then(|| {
        Duration::new(time.tv_sec.unsigned_abs(), 0)
            + Duration::from_nanos(time.tv_nsec.unsigned_abs())
    })
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use rustix::thread::gettid;

    use super::*;

    #[test]
    fn computing_takes_time() {
        let (before, clock) = (Usage::of_this_thread(), time_of(gettid()).unwrap());
        let began = Instant::now();
        while Usage::of_this_thread().time - before.time < Duration::from_millis(2) {
            assert!(began.elapsed() < Duration::from_secs(60));
        }
        assert!(time_of(gettid()).unwrap() - clock >= Duration::from_millis(2));
    }

    #[test]
    fn sleeping_blocks() {
        let before = Usage::of_this_thread();
        thread::sleep(Duration::from_millis(1));
        assert!(Usage::of_this_thread().blocks > before.blocks);
    }

    #[test]
    fn an_ended_thread_has_no_clock() {
        let thread = thread::spawn(gettid).join().unwrap();
        let began = Instant::now();
        // It ends a moment after the join.
        while time_of(thread).is_some() {
            assert!(began.elapsed() < Duration::from_secs(60));
        }
    }
}
