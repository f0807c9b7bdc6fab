//! An elastic pool of worker threads: it starts one whenever a job finds nobody free, and lets go
//! of those that are not needed. It knows nothing of sockets and imports nothing of this crate but
//! [`sync`](crate::sync) and [`panics`](crate::panics).
//!
//! Jobs wait in one channel. One word counts the workers and their *balance*: free workers minus
//! waiting jobs.
//!
//! * [`Pool::submit`] takes one from the balance. If somebody is missing then, it starts a worker,
//!   which brings its own one. Then it sends the job.
//! * A worker adds one when it has done a job, and waits for the next. It leaves only with its own
//!   one, and only from a balance above zero: otherwise a job that waits, or is on its way, counts
//!   on it.
//!
//! So whenever a job waits there is a worker that will come to it. A job never travels inside a new
//! thread: if the system refuses that thread the workers there are take the job, and only if there
//! are none the caller gets it back.
//!
//! Why no list of idle workers: one that is between two jobs is in no such list, and a burst would
//! start far too many.

mod limits;
#[cfg(all(test, loom))]
mod model;
#[cfg(all(test, not(loom)))]
mod tests;

use std::{cell::Cell, fmt, io, ptr, sync::Arc, time::Duration};

use crate::panics::contained;
use crate::sync::{
    Condvar, Instant, Mutex,
    atomic::{AtomicI32, AtomicU64, Ordering::*},
    channel::{Receiver, RecvTimeoutError, Sender, unbounded},
    thread, thread_local,
};
pub(crate) use limits::max_threads;

/// Where this module's log lines go.
const TARGET: &str = "socketserver::pool";

/// For so long the system is not asked again after it has refused a thread, unless there is no
/// worker at all.
const RETRY: Duration = Duration::from_millis(10);

/// What a pool runs.
pub(crate) trait Task: Send + 'static {
    /// Does it, on a worker. Should not unwind: a worker logs that and goes on.
    fn run(self);

    /// What a thread that is started for it is called. A type's name will do, it is shortened. Must
    /// not call the pool.
    fn name(&self) -> &str;
}

/// A job that nobody will run, and why.
#[derive(Debug)]
pub(crate) struct Rejected<J> {
    pub(crate) job: J,
    pub(crate) error: io::Error,
}

/// An elastic pool of worker threads. When it is dropped it closes, and waits for nobody.
pub(crate) struct Pool<J: Task> {
    shared: Arc<Shared<J>>,
}

impl<J: Task> Pool<J> {
    /// A pool without a thread yet, of at most `max_threads`. A worker that was not needed for
    /// `keep_alive` leaves.
    pub(crate) fn new(max_threads: usize, keep_alive: Duration) -> Self {
        Self::with_spawn(max_threads, keep_alive, |name, worker| {
            let place = limits::Place::take()?;
            let thread = thread::Builder::new().name(name);
            let work = move || {
                worker.work();
                drop(place);
            };
            thread.spawn(work).map(drop)
        })
    }

    fn with_spawn(max_threads: usize, keep_alive: Duration, spawn: Spawn<J>) -> Self {
        let (jobs, queue) = unbounded();
        Pool {
            shared: Arc::new(Shared {
                count: AtomicU64::new(0),
                gate: Mutex::new(Gate {
                    jobs: Some(jobs),
                    growth: Growth::default(),
                }),
                gone: Condvar::new(),
                queue,
                when_free: Mutex::new(None),
                lowest: AtomicI32::new(0),
                since: Mutex::new(Instant::now()),
                max_threads: u32::try_from(max_threads).unwrap_or(u32::MAX).max(1),
                keep_alive,
                spawn_failures: AtomicU64::new(0),
                spawn,
            }),
        }
    }

    /// From now on `call` is called, and nothing that was set before, each time
    /// [`full`](Self::full) has become false.
    ///
    /// It comes after the fact, so whoever finds the pool full and then waits for it is never
    /// forgotten. It comes on a worker, or on a thread that submits and has the pool locked: it
    /// must not submit or close.
    pub(crate) fn when_free(&self, call: impl Fn() + Send + Sync + 'static) {
        *self.shared.when_free.lock() = Some(Arc::new(call));
    }

    /// Gives `job` to a worker that is free, or starts one, or at the cap lets it wait.
    pub(crate) fn submit(&self, job: J) -> Result<(), Rejected<J>> {
        let shared = &self.shared;
        let mut gate = shared.gate.lock();
        let Gate {
            jobs: Some(jobs),
            growth,
        } = &mut *gate
        else {
            let error = io::Error::other("the pool is closed");
            return Err(Rejected { job, error });
        };

        let count = shared.add(0, -1);
        shared.lowest.fetch_min(count.balance, Relaxed);
        let grown = if count.balance < 0 {
            shared.grow(growth, job.name())
        } else {
            Ok(())
        };

        // Without any worker there is no other job, for each keeps one here: it is this one that
        // nobody will run.
        if let Err(error) = grown
            && shared.count().threads == 0
        {
            shared.add(0, 1);
            return Err(Rejected { job, error });
        }
        jobs.send(job).expect("the pool holds a receiver");
        Ok(())
    }

    /// At the cap, and nobody is free.
    pub(crate) fn full(&self) -> bool {
        self.shared.full(self.shared.count())
    }

    /// How many workers there are.
    pub(crate) fn threads(&self) -> usize {
        self.shared.count().threads as usize
    }

    /// How many workers have nothing to do.
    pub(crate) fn idle(&self) -> usize {
        usize::try_from(self.shared.count().balance).unwrap_or(0)
    }

    /// How often the system has refused a thread.
    pub(crate) fn spawn_failures(&self) -> u64 {
        self.shared.spawn_failures.load(Relaxed)
    }

    /// Tries again to start the workers that the system has refused. Returns when that is to be tried
    /// once more, as long as jobs lack a thread that they may have.
    pub(crate) fn catch_up(&self) -> Option<Instant> {
        self.shared.lacks_workers().then(|| {
            self.shared.catch_up("worker");
            Instant::now() + RETRY
        })
    }

    /// Takes no further job. The workers do those that wait, and leave; how many are still here is
    /// the result.
    ///
    /// Waits for them until the deadline, if there is one. A worker of this pool does not wait: it
    /// would be for itself.
    pub(crate) fn close(&self, deadline: Option<Instant>) -> usize {
        let mut gate = self.shared.gate.lock();
        drop(gate.jobs.take());
        if let Some(deadline) = deadline
            && HOME.with(Cell::get) != self.shared.address()
        {
            let gone = &self.shared.gone;
            while self.threads() > 0 && !gone.wait_until(&mut gate, deadline).timed_out() {}
        }
        self.threads()
    }
}

impl<J: Task> Drop for Pool<J> {
    fn drop(&mut self) {
        self.close(None);
    }
}

impl<J: Task> fmt::Debug for Pool<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("max_threads", &self.shared.max_threads)
            .field("threads", &self.threads())
            .field("idle", &self.idle())
            .finish_non_exhaustive()
    }
}

/// What the pool and its workers have in common.
struct Shared<J: Task> {
    /// A [`Count`]. All that is agreed on is in this one word: whoever decides by it sees both
    /// numbers as they were at one moment, and the order of two words never matters.
    count: AtomicU64,
    /// Whoever submits or starts a worker holds the gate. So the cap is never passed, a thread that
    /// is counted and then fails to start has misled nobody, and no job gets in behind the close.
    gate: Mutex<Gate<J>>,
    /// Goes with the gate: the last worker has left.
    gone: Condvar,
    queue: Receiver<J>,
    when_free: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    /// The lowest balance since `since`: so many workers nobody needed. A hint, which needs no
    /// order: they leave by the count, as others do.
    lowest: AtomicI32,
    since: Mutex<Instant>,
    max_threads: u32,
    keep_alive: Duration,
    spawn_failures: AtomicU64,
    spawn: Spawn<J>,
}

struct Gate<J> {
    /// None when the pool is closed, and then the channel has an end, at which the workers leave.
    jobs: Option<Sender<J>>,
    growth: Growth,
}

#[derive(Default)]
struct Growth {
    /// Before this the system is not asked for a thread again.
    retry: Option<Instant>,
    /// How many workers were started, for their names.
    started: u64,
    /// When it was last said that the system refuses.
    reported: Option<Instant>,
}

impl Growth {
    /// The system has refused a thread. Returns whether that is to be said, which is once a second:
    /// it may go on for long.
    fn refused(&mut self) -> bool {
        let now = Instant::now();
        self.retry = Some(now + RETRY);
        let silent = |reported| now - reported < Duration::from_secs(1);
        let say = !self.reported.is_some_and(silent);
        if say {
            self.reported = Some(now);
        }
        say
    }
}

/// How a worker gets its thread. In tests there may be none to be had.
type Spawn<J> = fn(String, Worker<J>) -> io::Result<()>;

/// The two numbers in the word.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    /// Workers, from before they are started.
    threads: u32,
    /// Free workers, from after they were started, minus waiting jobs, from before they are sent.
    /// For a moment this may be too low, and a worker stays that could leave. It is never too high,
    /// or a job would be left behind.
    balance: i32,
}

impl Count {
    fn of(word: u64) -> Self {
        Count {
            threads: word as u32,
            balance: (word >> 32) as i32,
        }
    }

    fn word(self) -> u64 {
        u64::from(self.balance.cast_unsigned()) << 32 | u64::from(self.threads)
    }
}

impl<J: Task> Shared<J> {
    fn count(&self) -> Count {
        Count::of(self.count.load(Acquire))
    }

    fn full(&self, count: Count) -> bool {
        count.threads >= self.max_threads && count.balance <= 0
    }

    fn add(&self, threads: i32, balance: i32) -> Count {
        let added = self.add_if(|_| true, threads, balance);
        added.expect("nothing forbids it")
    }

    /// The only place that changes the count, so that the pool cannot cease to be full without the
    /// call. Returns what the count has become, if it was allowed.
    fn add_if(&self, allowed: impl Fn(Count) -> bool, threads: i32, balance: i32) -> Option<Count> {
        let changed = |count: Count| Count {
            threads: count.threads.wrapping_add_signed(threads),
            balance: count.balance.wrapping_add(balance),
        };
        let next = |word| {
            let count = Count::of(word);
            allowed(count).then(|| changed(count).word())
        };
        let word = self.count.fetch_update(AcqRel, Acquire, next).ok()?;

        let (before, after) = (Count::of(word), changed(Count::of(word)));
        if self.full(before) && !self.full(after) {
            let call = self.when_free.lock().clone();
            contained(TARGET, "the call for a free worker", || {
                call.iter().for_each(|call| call())
            });
        }
        Some(after)
    }

    /// Starts the workers that are missing: usually one, more if the system has refused some
    /// before.
    fn grow(self: &Arc<Self>, growth: &mut Growth, task: &str) -> io::Result<()> {
        let rested = growth.retry.is_none_or(|retry| retry <= Instant::now());
        let missing = |count: Count| {
            count.balance < 0 && count.threads < self.max_threads && (rested || count.threads == 0)
        };
        while self.add_if(missing, 1, 0).is_some() {
            let name = thread_name(task, growth.started);
            if let Err(error) = (self.spawn)(name, Worker(self.clone())) {
                let left = self.add(-1, 0).threads;
                self.spawn_failures.fetch_add(1, Relaxed);
                if growth.refused() {
                    log::warn!(target: TARGET, "cannot start a thread beside {left} others: {error}");
                }
                return Err(error);
            }
            growth.started += 1;
            self.add(0, 1);
        }
        Ok(())
    }

    fn lacks_workers(&self) -> bool {
        let count = self.count();
        count.balance < 0 && count.threads < self.max_threads
    }

    /// Starts workers that could not be started when their jobs were submitted; the next submit may
    /// be far away. Never waits for the gate: a submit that holds it does the same.
    fn catch_up(self: &Arc<Self>, task: &str) {
        if self.lacks_workers()
            && let Some(mut gate) = self.gate.try_lock()
        {
            let _logged = self.grow(&mut gate.growth, task);
        }
    }

    /// Takes a free worker out of the count, if it may go.
    fn leave(&self) -> bool {
        let left = self.add_if(|count| count.balance > 0, -1, -1);
        left.map(|count| self.left(count)).is_some()
    }

    fn left(&self, count: Count) {
        if count.threads == 0 {
            // Whoever has found a worker and is about to wait holds the gate until it does.
            drop(self.gate.lock());
            self.gone.notify_all();
        }
    }

    /// Whether this worker is one too many. The receivers of a channel are woken in turn: under
    /// light load each gets a job now and then, and none would ever have waited for all of
    /// `keep_alive`.
    fn surplus(&self) -> bool {
        let Some(mut since) = self.since.try_lock() else {
            return false;
        };
        if since.elapsed() < self.keep_alive {
            return false;
        }
        // As long as the number lasts. A burst lowers it, and they stay.
        let one_less = |lowest| (lowest > 0).then(|| lowest - 1);
        if self.lowest.fetch_update(Relaxed, Relaxed, one_less).is_ok() {
            return true;
        }
        *since = Instant::now();
        self.lowest.store(self.count().balance, Relaxed);
        false
    }

    /// Tells this pool from others.
    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

/// A thread of the pool. It is born free.
struct Worker<J: Task>(Arc<Shared<J>>);

impl<J: Task> Worker<J> {
    fn work(self) {
        let shared = self.0;
        HOME.with(|home| home.set(shared.address()));
        loop {
            match shared.queue.recv_timeout(shared.keep_alive) {
                Ok(job) => {
                    shared.catch_up(job.name());
                    contained(TARGET, "a task", || job.run());
                    shared.add(0, 1);
                    if shared.surplus() && shared.leave() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if shared.leave() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
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

/// The task's type without path and parameters, and a number that survives when Linux cuts it to 15
/// bytes.
fn thread_name(task: &str, number: u64) -> String {
    let path = task.split('<').next().unwrap_or_default();
    let mut segments = path.rsplit("::");
    let short = segments.find(|segment| !segment.is_empty() && !segment.starts_with('{'));

    let number = format!("-{number}");
    let mut name = String::new();
    // A zero byte would make the start of the thread panic.
    for character in short.unwrap_or("worker").chars().filter(|&c| c != '\0') {
        if name.len() + character.len_utf8() + number.len() > 15 {
            break;
        }
        name.push(character);
    }
    name + &number
}
