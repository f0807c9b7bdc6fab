//! The pool under the model checker: in whatever order its threads meet, every job that was taken
//! is run, all workers leave, and nothing is left in the books.

use super::*;
use crate::sync::model::Choices;
use loom::model::Builder;
use std::sync::atomic::AtomicUsize;

/// Never, in a model.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

struct Job(Box<dyn FnOnce() + Send>);

impl Task for Job {
    fn run(self) {
        (self.0)();
    }

    fn name(&self) -> &str {
        "Job"
    }
}

std::thread_local! {
    /// Which of the threads that are wanted the system refuses: bit n is for the nth.
    static REFUSALS: Cell<u64> = const { Cell::new(0) };
}

fn spawn(_name: String, worker: Worker<Job>) -> io::Result<()> {
    let refusals = REFUSALS.get();
    REFUSALS.set(refusals >> 1);
    if refusals & 1 == 1 {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    thread::Builder::new().spawn(|| worker.work()).map(drop)
}

/// What can be different from model to model.
#[derive(Clone, Copy, Debug)]
struct Case {
    max_threads: usize,
    keep_alive: Duration,
    refusals: u64,
    /// For every choice of so many waits.
    timeouts: u32,
}

const CASE: Case = Case {
    max_threads: 1,
    keep_alive: KEEP_ALIVE,
    refusals: 0,
    timeouts: 1,
};

/// A pool in use, and how many jobs were taken and run.
#[derive(Clone)]
struct Used {
    pool: Arc<Pool<Job>>,
    taken: Arc<AtomicUsize>,
    run: Arc<AtomicUsize>,
}

impl Used {
    fn submit(&self) {
        let run = self.run.clone();
        let job = Job(Box::new(move || _ = run.fetch_add(1, Relaxed)));
        if self.pool.submit(job).is_ok() {
            self.taken.fetch_add(1, Relaxed);
        }
    }
}

fn check(case: Case, model: impl Fn(&Used) + Copy + Send + Sync + 'static) {
    for choices in Choices::all(case.timeouts) {
        Builder::new().check(move || {
            choices.begin();
            REFUSALS.set(case.refusals);
            let pool = Pool::with_spawn(case.max_threads, case.keep_alive, spawn);
            let used = Used {
                pool: Arc::new(pool),
                taken: Arc::default(),
                run: Arc::default(),
            };
            model(&used);
            assert_eq!(used.pool.close(Some(Instant::now() + LONG)), 0);
            assert_eq!(used.run.load(Relaxed), used.taken.load(Relaxed));
            let nothing = Count {
                threads: 0,
                balance: 0,
            };
            assert_eq!(used.pool.shared.count(), nothing);
        });
    }
}

/// The bell of whoever waits for a pool that is full.
struct Bell(Mutex<bool>, Condvar);

impl Bell {
    fn of(pool: &Pool<Job>) -> Arc<Self> {
        let bell = Arc::new(Bell(Mutex::new(false), Condvar::new()));
        let ringing = bell.clone();
        pool.when_free(move || {
            *ringing.0.lock() = true;
            ringing.1.notify_one();
        });
        bell
    }

    fn wait_for_room(&self, pool: &Pool<Job>) {
        while pool.full() {
            let mut rung = self.0.lock();
            while !*rung {
                self.1.wait(&mut rung);
            }
            *rung = false;
        }
    }
}

#[test]
fn one_job_after_another() {
    for (max_threads, timeouts) in [(1, 2), (2, 1)] {
        let case = Case {
            max_threads,
            timeouts,
            ..CASE
        };
        check(case, |used| (0..2).for_each(|_| used.submit()));
    }
    check(CASE, |used| (0..3).for_each(|_| used.submit()));
}

#[test]
fn workers_that_are_not_needed_leave() {
    let case = Case {
        max_threads: 2,
        keep_alive: Duration::ZERO,
        ..CASE
    };
    check(case, |used| (0..2).for_each(|_| used.submit()));
}

#[test]
fn threads_that_are_refused() {
    for (max_threads, refusals) in [(1, 0b1), (1, 0b10), (2, 0b10), (2, 0b11), (2, 0b101)] {
        let case = Case {
            max_threads,
            refusals,
            ..CASE
        };
        check(case, |used| {
            (0..3).for_each(|_| used.submit());
            // As a server's loop does at every turn.
            used.pool.catch_up();
        });
    }
}

#[test]
fn two_who_submit() {
    for (max_threads, refusals, timeouts) in [(1, 0b0, 1), (1, 0b1, 1), (2, 0b0, 0), (2, 0b10, 0)] {
        let case = Case {
            max_threads,
            refusals,
            timeouts,
            ..CASE
        };
        check(case, |used| {
            let other = used.clone();
            let other = thread::spawn(move || other.submit());
            used.submit();
            other.join().unwrap();
        });
    }
}

#[test]
fn a_close_beside_submits() {
    for max_threads in [1, 2] {
        let case = Case {
            max_threads,
            ..CASE
        };
        check(case, |used| {
            let other = used.clone();
            let other = thread::spawn(move || (0..2).for_each(|_| other.submit()));
            used.pool.close(None);
            other.join().unwrap();
        });
    }
}

/// As a server's loop: it takes a request only when the pool has room.
#[test]
fn who_waits_for_room_is_woken() {
    for keep_alive in [KEEP_ALIVE, Duration::ZERO] {
        let case = Case { keep_alive, ..CASE };
        check(case, |used| {
            let bell = Bell::of(&used.pool);
            for _ in 0..2 {
                bell.wait_for_room(&used.pool);
                used.submit();
            }
        });
    }
}

#[test]
fn another_who_waits_for_room_is_woken() {
    for refusals in [0b0, 0b1] {
        let case = Case { refusals, ..CASE };
        check(case, |used| {
            let bell = Bell::of(&used.pool);
            let waiting = used.clone();
            let waiting = thread::spawn(move || bell.wait_for_room(&waiting.pool));
            used.submit();
            waiting.join().unwrap();
        });
    }
}
