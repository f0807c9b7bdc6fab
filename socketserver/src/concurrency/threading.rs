//! A thread for every live request, from a pool that grows and shrinks.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::Concurrency;
use super::daemon_threads::{DaemonThreads, daemon_threads_setters};
use super::on_close::{OnClose, on_close_setters};
use crate::axis::Has;
use crate::lead::{self, Baton, Leader};
use crate::pool::{self, Pool, Work};
use crate::request::{Job, Rejected, Waker, Workers};
use crate::sync::{Instant, Mutex};

/// Every request runs on its own thread, from an elastic pool. There are as many threads as live
/// requests, and an idle thread is used again before it ends.
///
/// Starting a thread costs the loop tens of microseconds. So the first burst of thousands of new
/// clients takes a while to be accepted. After that the threads are there.
///
/// # Datagrams
///
/// To hand a datagram to another thread costs more than a short handler does. So a worker receives
/// datagrams in place of the loop, verifies them, and runs their handlers itself. It does so while
/// handlers do not block and take less than 10 microseconds. A handler that blocks does not stop
/// the others. Within two milliseconds the loop receives again, and hands datagrams to other
/// threads until handlers are short again.
///
/// Python: `ThreadingMixIn`, which starts a thread for every request
#[derive(Debug, Default)]
pub struct Threading {
    threads: Threads,
    on_close: OnClose,
    daemon_threads: DaemonThreads,
    /// Made when the server is bound, with the options as they are then.
    pool: OnceLock<Pool<Task>>,
    leader: LastLeader,
}

/// What a worker does.
#[derive(Debug)]
enum Task {
    Job(Job),
    Leader(Leader),
}

/// The leader that was last, if there was one: see [`lead`](crate::lead). A server of connections
/// never has one.
#[derive(Debug, Default)]
struct LastLeader {
    exists: AtomicBool,
    baton: Mutex<Weak<Baton>>,
}

impl LastLeader {
    fn set(&self, leader: &Leader) {
        *self.baton.lock() = Arc::downgrade(leader.baton());
        self.exists.store(true, Relaxed);
    }

    fn baton(&self) -> Option<Arc<Baton>> {
        self.exists.load(Relaxed).then(|| self.baton.lock().upgrade())?
    }

    /// Runs the job here, if this thread leads.
    fn run_here(&self, job: Job) -> Result<(), Job> {
        if self.exists.load(Relaxed) { lead::run_here(job, || ()) } else { Err(job) }
    }

    /// A job was submitted from elsewhere, and may count on the thread that leads.
    fn recall(&self) {
        if let Some(baton) = self.baton() {
            baton.recall();
        }
    }

    /// Whether this thread leads. If so, it is free.
    fn is_here(&self) -> bool {
        self.exists.load(Relaxed) && lead::leads()
    }

    /// Whether its thread waits for requests.
    fn is_free(&self) -> bool {
        self.baton().is_some_and(|baton| baton.is_free())
    }
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

    fn pool(&self) -> &Pool<Task> {
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
        /// clients wait in the backlog ([`overflow`](crate::Builder::overflow)). Default and
        /// maximum: as many as this machine can carry for this process, because Linux aborts a
        /// process that asks for more.
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

impl Work for Task {
    fn run(self) {
        match self {
            Task::Job(job) => job.run(),
            Task::Leader(leader) => leader.run(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Task::Job(job) => job.type_name(),
            Task::Leader(leader) => leader.name(),
        }
    }
}

impl Concurrency for Threading {
    fn activate(&self) -> io::Result<()> {
        // The limits stand in files. They are read before the pool is made, because the logger may
        // ask the server for its numbers.
        pool::max_threads();
        self.pool();
        Ok(())
    }

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        let waker = waker.clone();
        self.pool().when_free(move || waker.wake());
        Ok(())
    }

    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        let Err(job) = self.leader.run_here(job) else {
            return Ok(());
        };
        match self.pool().submit(Task::Job(job)) {
            Err(pool::Rejected { job: Task::Job(job), error }) => Err(Rejected { job, error }),
            _ => {
                self.leader.recall();
                Ok(())
            }
        }
    }

    fn full(&self) -> bool {
        self.pool().full() && !self.leader.is_here()
    }

    fn leads(&self) -> bool {
        true
    }

    fn lead(&self, leader: Leader) -> Result<(), Leader> {
        self.leader.set(&leader);
        match self.pool().submit(Task::Leader(leader)) {
            Err(pool::Rejected { job: Task::Leader(leader), .. }) => Err(leader),
            _ => Ok(()),
        }
    }

    fn service_actions(&self) -> Option<Instant> {
        self.pool.get().and_then(Pool::catch_up)
    }

    fn workers(&self) -> Workers {
        self.pool.get().map_or(Workers::default(), |pool| {
            let idle = pool.idle() + usize::from(self.leader.is_free());
            Workers::new(pool.threads(), idle).with_spawn_failures(pool.spawn_failures())
        })
    }

    fn waits_on_close(&self) -> bool {
        self.on_close.block && !self.daemon_threads.daemon
    }

    fn server_close(&self, deadline: Option<Instant>) {
        if let Some(pool) = self.pool.get() {
            // A job that still waits would begin after the server's end.
            for task in pool.take_waiting() {
                if let Task::Job(job) = task {
                    job.refuse();
                }
            }
            pool.close(deadline);
        }
    }
}
