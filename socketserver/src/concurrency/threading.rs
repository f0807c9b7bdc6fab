//! A thread for every live request, from a pool that grows and shrinks.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use super::Concurrency;
use super::daemon_threads::{DaemonThreads, daemon_threads_setters};
use super::on_close::{OnClose, on_close_setters};
use crate::axis::Has;
use crate::pool::{self, Pool, Work};
use crate::request::{Job, Rejected, Waker, Workers};
use crate::sync::Instant;

/// Every request runs on a thread of its own, from an elastic pool: there are as many threads as
/// live requests, and an idle thread is used again before it ends.
///
/// Starting a thread costs the loop tens of microseconds, so the first burst of thousands of new
/// clients takes a while to be accepted; after that the threads are there.
///
/// Python: `ThreadingMixIn`, which starts a thread for every request
#[derive(Debug, Default)]
pub struct Threading {
    threads: Threads,
    on_close: OnClose,
    daemon_threads: DaemonThreads,
    /// Made when the server is bound, with the options as they are then.
    pool: OnceLock<Pool<Job>>,
}

/// The options of [`Threading`] alone.
#[derive(Clone, Copy, Debug)]
pub struct Threads {
    pub(crate) max_threads: usize,
    pub(crate) keep_alive: Duration,
}

impl Default for Threads {
    fn default() -> Self {
        Threads { max_threads: usize::MAX, keep_alive: Duration::from_secs(10) }
    }
}

impl Threading {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    fn pool(&self) -> &Pool<Job> {
        self.pool.get_or_init(|| {
            Pool::new(self.threads.max_threads.min(pool::max_threads()), self.threads.keep_alive)
        })
    }
}

impl Has<Threads> for Threading {
    fn options(&mut self) -> &mut Threads {
        &mut self.threads
    }
}

impl Has<OnClose> for Threading {
    fn options(&mut self) -> &mut OnClose {
        &mut self.on_close
    }
}

impl Has<DaemonThreads> for Threading {
    fn options(&mut self) -> &mut DaemonThreads {
        &mut self.daemon_threads
    }
}

macro_rules! threading_setters { ($owner:ty, $options:path; $($header:tt)*) => {
    /// The options of [`Threads`](crate::options::Threads).
    $($header)* {
        /// Maximum number of threads. While all of them are busy the server accepts no request, and
        /// clients wait in the backlog ([`overflow`](crate::Builder::overflow)). Unless set, and at
        /// most in any case, as many as this machine can carry for this process: a process that
        /// asks Linux for more is aborted.
        ///
        /// All servers of the process share that last number. Where it is reached, or the system
        /// refuses a thread before, a server is full as long as a request waits for one. Only
        /// without any thread the request fails.
        pub fn max_threads(mut self, threads: usize) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::Threads>,
        {
            let options: &mut $crate::concurrency::Threads = $options(&mut self);
            options.max_threads = threads.max(1);
            self
        }

        /// How long an idle thread is kept. 10 s unless set.
        pub fn keep_alive(mut self, time: std::time::Duration) -> Self
        where
            $owner: $crate::axis::Has<$crate::concurrency::Threads>,
        {
            let options: &mut $crate::concurrency::Threads = $options(&mut self);
            options.keep_alive = time;
            self
        }
    }
} }
pub(crate) use threading_setters;

threading_setters!(Self, Has::options; impl Threading);
on_close_setters!(Self, Has::options; impl Threading);
daemon_threads_setters!(Self, Has::options; impl Threading);

impl Work for Job {
    fn run(self) {
        Job::run(self);
    }

    fn name(&self) -> &str {
        self.type_name()
    }
}

impl Concurrency for Threading {
    fn activate(&self) -> io::Result<()> {
        // The limits stand in files.
        self.pool();
        Ok(())
    }

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        let waker = waker.clone();
        self.pool().when_free(move || waker.wake());
        Ok(())
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        self.pool().submit(job).map_err(|pool::Rejected { job, error }| Rejected { job, error })
    }

    fn full(&self) -> bool {
        self.pool().full()
    }

    fn service_actions(&self) -> Option<Instant> {
        self.pool.get().and_then(Pool::catch_up)
    }

    fn workers(&self) -> Workers {
        self.pool.get().map_or(Workers::default(), |pool| {
            Workers::new(pool.threads(), pool.idle()).with_spawn_failures(pool.spawn_failures())
        })
    }

    fn waits_on_close(&self) -> bool {
        self.on_close.block && !self.daemon_threads.daemon
    }

    fn server_close(&self, deadline: Option<Instant>) {
        if let Some(pool) = self.pool.get() {
            // A job that still waits would begin after the server's end.
            for job in pool.take_waiting() {
                job.refuse();
            }
            pool.close(deadline);
        }
    }
}
