//! The pool under the model checker. In whatever order its threads meet, every accepted job is run,
//! all workers leave, and nothing is left in the count.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use loom::model::Builder;

use super::sync::Choices;
use crate::pool::{Pool, Work, Worker};
use crate::sync::{Condvar, Instant, Mutex, thread};

/// Later than anything in a model.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

struct Job(Box<dyn FnOnce() + Send>);

impl Work for Job {
    fn run(self) {
        (self.0)();
    }

    fn name(&self) -> &str {
        "Job"
    }
}

std::thread_local! {
    /// Which of the threads that are asked for the system refuses: bit n stands for the nth.
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

/// What differs from model to model.
#[derive(Clone, Copy, Debug)]
struct Case {
    max_threads: usize,
    keep_alive: Duration,
    refusals: u64,
    /// How many waits may time out; every choice among them is tried.
    timeouts: u32,
}

const CASE: Case = Case { max_threads: 1, keep_alive: KEEP_ALIVE, refusals: 0, timeouts: 1 };

/// A pool in use, and how many jobs were accepted and run.
#[derive(Clone)]
struct Used {
    pool: Arc<Pool<Job>>,
    accepted: Arc<AtomicUsize>,
    run: Arc<AtomicUsize>,
}

impl Used {
    fn submit(&self) {
        let run = self.run.clone();
        let job = Job(Box::new(move || _ = run.fetch_add(1, Relaxed)));
        if self.pool.submit(job).is_ok() {
            self.accepted.fetch_add(1, Relaxed);
        }
    }
}

fn check(case: Case, model: impl Fn(&Used) + Copy + Send + Sync + 'static) {
    for choices in Choices::all(case.timeouts) {
        Builder::new().check(move || {
            choices.begin();
            REFUSALS.set(case.refusals);
            let pool = Pool::with_spawn(case.max_threads, case.keep_alive, spawn);
            let used = Used { pool: Arc::new(pool), accepted: Arc::default(), run: Arc::default() };
            model(&used);
            assert_eq!(used.pool.close(Some(Instant::now() + LONG)), 0);
            assert_eq!(used.run.load(Relaxed), used.accepted.load(Relaxed));
            assert_eq!(used.pool.counts(), (0, 0));
        });
    }
}

/// Wakes a thread that waits because the pool is full.
struct Alarm(Mutex<bool>, Condvar);

impl Alarm {
    fn of(pool: &Pool<Job>) -> Arc<Self> {
        let alarm = Arc::new(Alarm(Mutex::new(false), Condvar::new()));
        let waking = alarm.clone();
        pool.when_free(move || {
            *waking.0.lock() = true;
            waking.1.notify_one();
        });
        alarm
    }

    fn wait_for_room(&self, pool: &Pool<Job>) {
        while pool.full() {
            let mut woken = self.0.lock();
            while !*woken {
                self.1.wait(&mut woken);
            }
            *woken = false;
        }
    }
}

#[test]
fn consecutive_jobs_are_run() {
    for (max_threads, timeouts) in [(1, 2), (2, 1)] {
        let case = Case { max_threads, timeouts, ..CASE };
        check(case, |used| (0..2).for_each(|_| used.submit()));
    }
    check(CASE, |used| (0..3).for_each(|_| used.submit()));
}

#[test]
fn surplus_workers_leave() {
    let case = Case { max_threads: 2, keep_alive: Duration::ZERO, ..CASE };
    check(case, |used| (0..2).for_each(|_| used.submit()));
}

#[test]
fn jobs_are_run_although_threads_are_refused() {
    for (max_threads, refusals) in [(1, 0b1), (1, 0b10), (2, 0b10), (2, 0b11), (2, 0b101)] {
        let case = Case { max_threads, refusals, ..CASE };
        check(case, |used| {
            (0..3).for_each(|_| used.submit());
            // A server's loop does that at every turn.
            used.pool.catch_up();
        });
    }
}

#[test]
fn two_threads_submit_at_once() {
    for (max_threads, refusals, timeouts) in [(1, 0b0, 1), (1, 0b1, 1), (2, 0b0, 0), (2, 0b10, 0)] {
        let case = Case { max_threads, refusals, timeouts, ..CASE };
        check(case, |used| {
            let other = used.clone();
            let other = thread::spawn(move || other.submit());
            used.submit();
            other.join().unwrap();
        });
    }
}

#[test]
fn pool_closes_while_jobs_are_submitted() {
    for max_threads in [1, 2] {
        let case = Case { max_threads, ..CASE };
        check(case, |used| {
            let other = used.clone();
            let other = thread::spawn(move || (0..2).for_each(|_| other.submit()));
            used.pool.close(None);
            other.join().unwrap();
        });
    }
}

/// A server's loop does that: it accepts a request only when the pool has room.
#[test]
fn thread_waiting_for_room_is_woken() {
    for keep_alive in [KEEP_ALIVE, Duration::ZERO] {
        let case = Case { keep_alive, ..CASE };
        check(case, |used| {
            let alarm = Alarm::of(&used.pool);
            for _ in 0..2 {
                alarm.wait_for_room(&used.pool);
                used.submit();
            }
        });
    }
}

#[test]
fn other_thread_waiting_for_room_is_woken() {
    for refusals in [0b0, 0b1] {
        let case = Case { refusals, ..CASE };
        check(case, |used| {
            let alarm = Alarm::of(&used.pool);
            let waiting = used.clone();
            let waiting = thread::spawn(move || alarm.wait_for_room(&waiting.pool));
            used.submit();
            waiting.join().unwrap();
        });
    }
}

/// A system that refuses threads makes the pool full before its limit, and room is reported then
/// too.
#[test]
fn thread_waiting_for_refused_threads_is_woken() {
    for refusals in [0b10, 0b110, 0b1010] {
        let case = Case { max_threads: 3, refusals, timeouts: 0, ..CASE };
        check(case, |used| {
            let alarm = Alarm::of(&used.pool);
            for _ in 0..3 {
                alarm.wait_for_room(&used.pool);
                assert!(used.pool.counts().1 >= 0, "at most one job waits");
                used.submit();
            }
        });
    }
}

/// The end of a server: each job is run or given back, and all workers leave.
#[test]
fn waiting_jobs_are_run_or_given_back() {
    for (max_threads, refusals) in [(1, 0b0), (2, 0b10)] {
        let case = Case { max_threads, refusals, timeouts: 0, ..CASE };
        check(case, |used| {
            (0..2).for_each(|_| used.submit());
            let given_back = used.pool.take_waiting().len();
            used.accepted.fetch_sub(given_back, Relaxed);
        });
    }
}
