//! The workers of a pool: how they are counted, started, refused by the system, and how they leave.

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::count::{Count, MOST};
use super::name::thread_name;
use super::queue::{NoJob, Queue};
use super::work::Work;
use crate::panics::{contained, log_quietly};
use crate::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use crate::sync::{Condvar, Instant, Mutex, thread_local};

/// Where the log lines of this file go.
const TARGET: &str = "socketserver::pool";

/// How long the system is not asked again after it has refused a thread, unless there is no worker
/// at all.
pub(super) const RETRY: Duration = Duration::from_millis(10);

/// How a worker gets its thread. In tests the system may refuse it.
pub(crate) type Spawn<J> = fn(String, Worker<J>) -> io::Result<()>;

/// What a pool and its workers have in common.
pub(super) struct Shared<J: Work> {
    /// A [`Count`]. Everything that is agreed on is in this one word, so that the order in which
    /// two words change never matters.
    count: AtomicU64,
    /// Held to submit a job and to start a worker. So the limit is never exceeded, a thread that is
    /// counted and then fails to start has misled no other submit, and no job follows the close.
    pub(super) gate: Mutex<Gate>,
    /// Notified, with the gate, when the last worker has left.
    pub(super) gone: Condvar,
    pub(super) queue: Queue<J>,
    pub(super) when_free: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    pub(super) max_threads: u32,
    keep_alive: Duration,
    pub(super) spawn_failures: AtomicU64,
    spawn: Spawn<J>,
}

#[derive(Default)]
pub(super) struct Gate {
    pub(super) is_closed: bool,
    pub(super) growth: Growth,
}

#[derive(Default)]
pub(super) struct Growth {
    /// When the system may be asked for a thread again after it has refused one.
    retry: Option<Instant>,
    /// How many workers were started, for their names.
    started: u64,
    /// When a refusal was last logged.
    reported: Option<Instant>,
}

impl Growth {
    /// The system has refused a thread. Returns whether to log that: at most once a second, because
    /// it may go on for long.
    fn refused(&mut self) -> bool {
        let now = Instant::now();
        self.retry = Some(now + RETRY);
        let recent = |reported| now - reported < Duration::from_secs(1);
        let log = !self.reported.is_some_and(recent);
        if log {
            self.reported = Some(now);
        }
        log
    }
}

/// Why a worker was not started.
pub(super) struct NoThread {
    error: io::Error,
    /// How many others there are, if that is due to be logged.
    to_log: Option<u32>,
}

impl NoThread {
    /// Returns the error, after a line in the log. To be called without the gate: the logger may
    /// submit a job itself.
    #[cold]
    pub(super) fn report(self) -> io::Error {
        let NoThread { error, to_log } = self;
        if let Some(left) = to_log {
            log_quietly(TARGET, || {
                log::warn!(
                    target: TARGET,
                    "cannot start another worker thread ({error}): {left} are running"
                );
            });
        }
        error
    }
}

impl<J: Work> Shared<J> {
    pub(super) fn new(max_threads: usize, keep_alive: Duration, spawn: Spawn<J>) -> Self {
        Shared {
            count: AtomicU64::new(0),
            gate: Mutex::default(),
            gone: Condvar::new(),
            queue: Queue::new(),
            when_free: Mutex::new(None),
            max_threads: u32::try_from(max_threads).unwrap_or(MOST).clamp(1, MOST),
            keep_alive,
            spawn_failures: AtomicU64::new(0),
            spawn,
        }
    }

    pub(super) fn count(&self) -> Count {
        Count::of(self.count.load(Acquire))
    }

    /// Whether no worker is free, and none will be started. Either there are as many as there may
    /// be, or the system has refused a thread, and the job that it was for waits. Only one job
    /// waits in that way, and because of it the system is asked again.
    pub(super) fn full(&self, count: Count) -> bool {
        let at_limit = count.threads >= self.max_threads && count.balance <= 0;
        at_limit || count.refused && count.balance < 0
    }

    pub(super) fn add(&self, threads: i32, balance: i32) -> Count {
        let change = |count: Count| Some(count.changed(threads, balance));
        self.change(change).expect("nothing forbids it")
    }

    fn add_if(&self, allowed: impl Fn(Count) -> bool, threads: i32, balance: i32) -> Option<Count> {
        self.change(|count| allowed(count).then(|| count.changed(threads, balance)))
    }

    /// Changes the count, unless `change` says not to, and returns what it has become. No other
    /// function changes it, so that the pool cannot cease to be full without the call that
    /// `when_free` promises.
    fn change(&self, change: impl Fn(Count) -> Option<Count>) -> Option<Count> {
        let next = |word| change(Count::of(word)).map(Count::word);
        let word = self.count.fetch_update(AcqRel, Acquire, next).ok()?;

        let before = Count::of(word);
        let after = change(before)?;
        if self.full(before) && !self.full(after) {
            let call = self.when_free.lock().clone();
            contained(TARGET, "the call for a free worker", || call.iter().for_each(|call| call()));
        }
        Some(after)
    }

    /// Starts the workers that are missing: usually one, or more if the system has refused some
    /// before.
    pub(super) fn grow(self: &Arc<Self>, growth: &mut Growth, work: &str) -> Result<(), NoThread> {
        let rested = growth.retry.is_none_or(|retry| retry <= Instant::now());
        let missing = |count: Count| {
            count.balance < 0 && count.threads < self.max_threads && (rested || count.threads == 0)
        };
        while self.add_if(missing, 1, 0).is_some() {
            let name = thread_name(work, growth.started);
            if let Err(error) = (self.spawn)(name, Worker(self.clone())) {
                let left = self.start_refused();
                self.spawn_failures.fetch_add(1, Relaxed);
                return Err(NoThread { error, to_log: growth.refused().then_some(left) });
            }
            growth.started += 1;
            self.change(|count| Some(Count { refused: false, ..count.changed(0, 1) }));
        }
        Ok(())
    }

    /// A worker that was counted has got no thread. Returns how many others there are.
    fn start_refused(&self) -> u32 {
        let refuse = |count: Count| {
            let left = count.changed(-1, 0);
            Some(Count {
                // Without any worker no job waits, and each submit asks the system for itself.
                refused: left.threads > 0,
                ..left
            })
        };
        self.change(refuse).map_or(0, |count| count.threads)
    }

    /// Accepts no further job: the workers leave when none is left.
    pub(super) fn close(&self, gate: &mut Gate) {
        if !gate.is_closed {
            gate.is_closed = true;
            self.queue.close();
        }
    }

    /// Takes as many jobs as there is no worker for, after the pool was closed. The others are on
    /// their way to one.
    pub(super) fn take_waiting(&self) -> Vec<J> {
        let mut jobs = Vec::new();
        while self.add_if(|count| count.balance < 0, 0, 1).is_some() {
            match self.queue.try_pop() {
                Some(job) => jobs.push(job),
                // Workers were faster: they have the jobs, and are not free yet.
                None => {
                    self.add(0, -1);
                    break;
                }
            }
        }
        jobs
    }

    pub(super) fn lacks_workers(&self) -> bool {
        let count = self.count();
        count.balance < 0 && count.threads < self.max_threads
    }

    /// Starts workers that could not be started when their jobs were submitted, because the next
    /// submit may be far away. Never waits for the gate: a submit that holds it does the same.
    pub(super) fn catch_up(self: &Arc<Self>, work: &str) {
        if self.lacks_workers()
            && let Some(mut gate) = self.gate.try_lock()
        {
            let grown = self.grow(&mut gate.growth, work);
            drop(gate);
            let _logged = grown.map_err(NoThread::report);
        }
    }

    /// Takes a free worker out of the count. Returns whether it may leave.
    fn leave(&self) -> bool {
        let left = self.add_if(|count| count.balance > 0, -1, -1);
        left.map(|count| self.left(count)).is_some()
    }

    fn left(&self, count: Count) {
        if count.threads == 0 {
            // A thread that has seen a worker and is about to wait for it holds the gate until it
            // waits. So the notification cannot come before the wait.
            drop(self.gate.lock());
            self.gone.notify_all();
        }
    }

    /// Until when a worker that is free from now on waits for a job. A time too long to be counted
    /// is a year.
    fn end_of_wait(&self) -> Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        let now = Instant::now();
        now.checked_add(self.keep_alive).unwrap_or(now + YEAR)
    }

    /// Whether this thread is one of its workers.
    pub(super) fn is_own_worker(&self) -> bool {
        HOME.with(Cell::get) == self.address()
    }

    /// Distinguishes this pool from others.
    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

/// A thread of the pool. It is free when it is started.
pub(crate) struct Worker<J: Work>(Arc<Shared<J>>);

impl<J: Work> Worker<J> {
    pub(crate) fn work(self) {
        let shared = self.0;
        HOME.with(|home| home.set(shared.address()));
        let wakes = Arc::new(Condvar::new());
        loop {
            match shared.queue.pop(&wakes, || shared.end_of_wait()) {
                Ok(job) => {
                    shared.catch_up(job.name());
                    contained(TARGET, "a job", || job.run());
                    shared.add(0, 1);
                }
                Err(NoJob::TimedOut) => {
                    if shared.leave() {
                        return;
                    }
                }
                Err(NoJob::Closed) => {
                    shared.left(shared.add(-1, -1));
                    return;
                }
            }
        }
    }
}

thread_local! {
    /// The address of the pool that this thread works for.
    static HOME: Cell<usize> = const { Cell::new(0) };
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Job;

    impl Work for Job {
        fn run(self) {}

        fn name(&self) -> &str {
            "tests::Job"
        }
    }

    /// Its job is counted, and not sent yet, when the time of the worker is over.
    #[test]
    fn worker_that_a_job_counts_on_stays() {
        let shared = Shared::<Job>::new(2, Duration::ZERO, |_, _| Ok(()));
        shared.add(1, 1);
        shared.add(0, -1);
        assert!(!shared.leave());
        assert_eq!(shared.count().threads, 1);
        // The job is done.
        shared.add(0, 1);
        assert!(shared.leave());
        assert_eq!(shared.count(), Count::of(0));
    }

    #[test]
    fn refused_threads_are_logged_once_a_second() {
        let mut growth = Growth::default();
        assert!(growth.refused());
        assert!((0..1_000).all(|_| !growth.refused()));
        growth.reported = Instant::now().checked_sub(Duration::from_secs(1));
        assert!(growth.refused() && !growth.refused());
    }
}
