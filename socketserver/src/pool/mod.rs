//! An elastic pool of worker threads: it starts a worker when a job finds none free, and idle
//! workers leave. It knows nothing of sockets, and of this crate it imports only
//! [`sync`](crate::sync) and [`panics`](crate::panics).
//!
//! Jobs wait in one queue. One word counts the workers and their *balance*: free workers minus
//! waiting jobs.
//!
//! * [`Pool::submit`] takes one from the balance. If that makes it negative a worker is missing:
//!   `submit` starts one, which adds one. Then it sends the job.
//! * A worker adds one when it has done a job, and waits for the next. To leave, it takes one away
//!   again, and only if the balance is above zero. Otherwise a job that waits, or is about to be
//!   sent, counts on this worker.
//!
//! So whenever a job waits, there is a worker that will come to it. A job never travels inside a
//! new thread, because the system may refuse the thread. Then the job waits for the workers that
//! exist, and only if there are none, the caller gets it back. As long as the job waits the pool is
//! full, at any number of threads: otherwise the queue would grow without a bound.
//!
//! Why the idle workers are counted and not listed: a worker between two jobs would be in no such
//! list, and a burst would start far too many.
//!
//! ```text
//!    mod       Pool: submit, full, close
//!    workers   the count, starting and leaving, the loop of a worker
//!    queue     jobs that wait for workers, and workers that wait for jobs
//!    count     the word           name    a thread's name
//!    work      what a job is      limits  how many threads this machine can carry
//! ```

mod count;
mod limits;
mod name;
mod queue;
#[cfg(all(test, not(loom)))]
mod tests;
mod work;
mod workers;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use limits::max_threads;
pub(crate) use work::{Rejected, Work};
#[cfg(all(test, loom))]
pub(crate) use workers::Worker;

use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::{Instant, thread};
use workers::{RETRY, Shared, Spawn};

/// An elastic pool of worker threads. Dropping it closes it, without waiting for its workers.
pub(crate) struct Pool<J: Work> {
    shared: Arc<Shared<J>>,
}

impl<J: Work> Pool<J> {
    /// A pool of at most `max_threads` threads, none of them started yet. A worker that was not
    /// needed for `keep_alive` leaves.
    pub(crate) fn new(max_threads: usize, keep_alive: Duration) -> Self {
        Self::with_spawn(max_threads, keep_alive, |name, worker| {
            let permit = limits::ThreadPermit::take()?;
            let thread = thread::Builder::new().name(name);
            let work = move || {
                worker.work();
                drop(permit);
            };
            thread.spawn(work).map(drop)
        })
    }

    /// The same, with another way to get a thread.
    pub(crate) fn with_spawn(max_threads: usize, keep_alive: Duration, spawn: Spawn<J>) -> Self {
        Pool { shared: Arc::new(Shared::new(max_threads, keep_alive, spawn)) }
    }

    /// Sets the function that is called each time [`full`](Self::full) has become false. It
    /// replaces the function that was set before.
    ///
    /// The call comes after the pool has ceased to be full. So a thread that finds the pool full,
    /// and then waits for the call, is never forgotten. It is made on a worker, or on a thread that
    /// submits and has the pool locked, so it must not submit or close.
    pub(crate) fn when_free(&self, call: impl Fn() + Send + Sync + 'static) {
        *self.shared.when_free.lock() = Some(Arc::new(call));
    }

    /// Gives `job` to a free worker. If there is none it starts one, or, at the limit, lets the job
    /// wait.
    pub(crate) fn submit(&self, job: J) -> Result<(), Rejected<J>> {
        let shared = &self.shared;
        let mut gate = shared.gate.lock();
        if gate.is_closed {
            let error = io::Error::other("the pool is closed");
            return Err(Rejected { job, error });
        }

        let missing = shared.add(0, -1).balance < 0;
        let grown = if missing { shared.grow(&mut gate.growth, job.name()) } else { Ok(()) };
        let Err(no_thread) = grown else {
            shared.queue.push(job);
            return Ok(());
        };
        // Each job that waits keeps a worker here. So without any worker no other job waits, and
        // this job alone would not be run.
        if shared.count().threads == 0 {
            shared.add(0, 1);
            drop(gate);
            return Err(Rejected { job, error: no_thread.report() });
        }
        shared.queue.push(job);
        drop(gate);
        no_thread.report();
        Ok(())
    }

    /// Whether no worker is free and none can be started. The pool is at its limit, or the system
    /// has refused a thread, and a job waits.
    pub(crate) fn full(&self) -> bool {
        self.shared.full(self.shared.count())
    }

    /// How many workers there are.
    pub(crate) fn threads(&self) -> usize {
        self.shared.count().threads as usize
    }

    /// How many workers are free.
    pub(crate) fn idle(&self) -> usize {
        usize::try_from(self.shared.count().balance).unwrap_or(0)
    }

    /// How many workers there are, and their balance.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> (u32, i32) {
        let count = self.shared.count();
        (count.threads, count.balance)
    }

    /// How often the system has refused a thread.
    pub(crate) fn spawn_failures(&self) -> u64 {
        self.shared.spawn_failures.load(Relaxed)
    }

    /// Tries again to start workers that the system has refused. As long as some are missing, it
    /// returns when to try once more.
    pub(crate) fn catch_up(&self) -> Option<Instant> {
        self.shared.lacks_workers().then(|| {
            self.shared.catch_up("worker");
            Instant::now() + RETRY
        })
    }

    /// Accepts no further job, and gives back those that wait for a worker: from then on it begins
    /// none.
    pub(crate) fn take_waiting(&self) -> Vec<J> {
        self.shared.close(&mut self.shared.gate.lock());
        self.shared.take_waiting()
    }

    /// Accepts no further job. The workers do the jobs that wait, and leave. Returns how many
    /// workers are left.
    ///
    /// With a deadline it waits for them until then. A worker of this pool does not wait, because
    /// it would wait for itself.
    pub(crate) fn close(&self, deadline: Option<Instant>) -> usize {
        let mut gate = self.shared.gate.lock();
        self.shared.close(&mut gate);
        if let Some(deadline) = deadline
            && !self.shared.is_own_worker()
        {
            let gone = &self.shared.gone;
            while self.threads() > 0 && !gone.wait_until(&mut gate, deadline).timed_out() {}
        }
        self.threads()
    }
}

impl<J: Work> Drop for Pool<J> {
    fn drop(&mut self) {
        self.close(None);
    }
}

impl<J: Work> fmt::Debug for Pool<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("max_threads", &self.shared.max_threads)
            .field("threads", &self.threads())
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}
