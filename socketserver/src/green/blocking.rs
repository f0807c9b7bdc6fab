//! Calls that block, on threads where that is no harm.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use super::{channel, may_park, resume};
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

/// Runs `call` on a thread of an elastic pool, and waits for what it returns: files, name look-ups,
/// long computations, other crates' sockets. The other green threads of this scheduler run
/// meanwhile.
///
/// On an ordinary thread, and where no thread can be had, it simply calls.
///
/// ```
/// use socketserver::green;
///
/// let machine = green::spawn(|| green::blocking(|| std::fs::read_to_string("/proc/sys/kernel/ostype")));
/// assert_eq!(machine.join().unwrap()?.trim(), "Linux");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// As `call` does.
pub fn blocking<T, F>(call: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    static POOL: OnceLock<Pool<Call>> = OnceLock::new();
    if may_park().is_none() {
        return call();
    }
    let pool = POOL.get_or_init(|| Pool::new(pool::max_threads(), Duration::from_secs(10)));
    let (sender, result) = channel(1);
    let job = Call(Box::new(move || {
        drop(sender.send(catch_unwind(AssertUnwindSafe(call))))
    }));
    if let Err(pool::Rejected { job, error }) = pool.submit(job) {
        log::warn!(target: "socketserver::green", "a blocking call stops its scheduler, as no thread can be had: {error}");
        job.run();
    }
    resume(
        result
            .recv()
            .expect("the call was made, and sends what came of it"),
    )
}
