//! A thread for every live request, from a pool that grows and shrinks.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use super::Concurrency;
use crate::pool::{self, Pool, Work};
use crate::server::{Builder, Job, Rejected, Waker, Workers};
use crate::sync::Instant;

/// Every request runs on a thread of its own, from an elastic pool: as many as there are live
/// requests, and a thread that has nothing to do is used again before it leaves.
///
/// Starting a thread costs the loop tens of microseconds, so a burst of thousands of new clients
/// takes a while to be taken up once; after that the threads are there.
///
/// Python: `ThreadingMixIn`, which starts a thread for every request
#[derive(Debug)]
pub struct Threading {
    max_threads: usize,
    keep_alive: Duration,
    daemon_threads: bool,
    block_on_close: bool,
    /// Made when it is first needed, with the options as they are then.
    pool: OnceLock<Pool<Job>>,
}

impl Default for Threading {
    fn default() -> Self {
        Threading {
            max_threads: usize::MAX,
            keep_alive: Duration::from_secs(10),
            daemon_threads: false,
            block_on_close: true,
            pool: OnceLock::new(),
        }
    }
}

impl Threading {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many threads: while all are busy the server takes no request, and clients wait in
    /// the system's queue ([`overflow`](Builder::overflow)). Unless set, and at most in any case, as
    /// many as this machine can carry for this process; a process that asks Linux for more aborts.
    /// All servers of the process share that number, and where it is reached a request is treated
    /// as if the system had refused its thread.
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.max_threads = threads.max(1);
        self
    }

    /// How long a thread that has nothing to do is kept. 10 s unless set.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = time;
        self
    }

    /// Whether live requests are left to themselves when the server closes. Off unless set. In
    /// Rust, as in Python, the end of the process does not wait for them.
    ///
    /// Python: `ThreadingMixIn.daemon_threads`
    pub fn daemon_threads(mut self, daemon: bool) -> Self {
        self.daemon_threads = daemon;
        self
    }

    /// Whether closing the server waits for live requests, for at most `drain_timeout`. On unless
    /// set.
    ///
    /// Python: `ThreadingMixIn.block_on_close`, which waits for ever
    pub fn block_on_close(mut self, block: bool) -> Self {
        self.block_on_close = block;
        self
    }

    fn pool(&self) -> &Pool<Job> {
        self.pool
            .get_or_init(|| Pool::new(self.max_threads.min(pool::max_threads()), self.keep_alive))
    }
}

impl Work for Job {
    fn run(self) {
        Job::run(self);
    }

    fn name(&self) -> &str {
        self.type_name()
    }
}

impl Concurrency for Threading {
    fn attach(&self, waker: &Waker) -> io::Result<()> {
        let waker = waker.clone();
        self.pool().when_free(move || waker.wake());
        Ok(())
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        self.pool()
            .submit(job)
            .map_err(|pool::Rejected { job, error }| Rejected { job, error })
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
        self.block_on_close && !self.daemon_threads
    }

    fn server_close(&self, deadline: Option<Instant>) {
        if let Some(pool) = self.pool.get() {
            pool.close(deadline);
        }
    }
}

/// The options of [`Threading`].
impl<T, H, S> Builder<T, Threading, H, S> {
    /// [`Threading::max_threads`]
    pub fn max_threads(self, threads: usize) -> Self {
        self.map_concurrency(|threading| threading.max_threads(threads))
    }

    /// [`Threading::keep_alive`]
    pub fn keep_alive(self, time: Duration) -> Self {
        self.map_concurrency(|threading| threading.keep_alive(time))
    }

    /// [`Threading::daemon_threads`]
    pub fn daemon_threads(self, daemon: bool) -> Self {
        self.map_concurrency(|threading| threading.daemon_threads(daemon))
    }

    /// [`Threading::block_on_close`]
    pub fn block_on_close(self, block: bool) -> Self {
        self.map_concurrency(|threading| threading.block_on_close(block))
    }
}
