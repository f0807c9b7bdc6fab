//! Calls that block, made on ordinary threads so that they stop no scheduler.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use super::TARGET;
use super::channel::channel;
use super::current::may_park;
use super::watchdog::{LastWarning, warn_at_times};
use crate::pool::{self, Pool, Work};

struct Call(Box<dyn FnOnce() + Send>);

impl Work for Call {
    fn run(self) {
        (self.0)();
    }

    fn name(&self) -> &str {
        "blocking"
    }
}

/// Makes a call that blocks, on a thread of an elastic pool, and returns its result: files, name
/// look-ups, long computations, other crates' sockets. The other green threads of this scheduler
/// run meanwhile.
///
/// An abort of the caller's request does not end it: it returns when the call does.
///
/// On an ordinary thread it simply makes the call. So it does where no thread can be started, after
/// a line in the log, at most once a second.
///
/// ```
/// use socketserver::green;
///
/// # // SAFETY: nothing here waits inside `LocalKey::with`.
/// # unsafe { green::enable() };
/// let read = || std::fs::read_to_string("/proc/sys/kernel/ostype");
/// let system = green::spawn(move || green::blocking(read));
/// assert_eq!(system.join().unwrap()?.trim(), "Linux");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// When `call` does.
pub fn blocking<T, F>(call: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    static POOL: OnceLock<Pool<Call>> = OnceLock::new();
    static LAST: LastWarning = LastWarning::new(None);
    if may_park().is_none() {
        return call();
    }
    // Before the pool is made, because this may be a line in the log, and the logger may call this.
    let most = pool::max_threads();
    let pool = POOL.get_or_init(|| Pool::new(most, Duration::from_secs(10)));
    let (sender, result) = channel(1);
    let job = Call(Box::new(move || drop(sender.send(catch_unwind(AssertUnwindSafe(call))))));
    if let Err(pool::Rejected { job, error }) = pool.submit(job) {
        warn_at_times(&LAST, || {
            log::warn!(
                target: TARGET,
                "cannot start a thread for a blocking call ({error}): \
                 making it on its scheduler, whose other green threads wait"
            );
        });
        job.run();
    }
    let result = result.recv_nevertheless().expect("the call sends its result");
    result.unwrap_or_else(|payload| resume_unwind(payload))
}
