//! When workers are started, what they do, and when they leave.

use std::panic::resume_unwind;
use std::sync::atomic::AtomicUsize;
use std::thread::park_timeout;

use super::*;

/// Each job may wait for all others, as clients of a chat do. So each needs a thread.
#[test]
fn blocked_jobs_get_a_thread_each() {
    let pool = Pool::new(1_000, LONG);
    let mut blockers = Blockers::new();
    for _ in 0..500 {
        pool.submit(blockers.one()).unwrap();
    }
    blockers.wait_for_starts(500);
    assert_eq!((pool.threads(), pool.idle()), (500, 0));
    assert!(!pool.full());

    blockers.release_all();
    eventually("all are free", || pool.idle() == 500);
    pool.finish();
}

/// Twenty workers share a job every millisecond or two: each gets one before it has waited for
/// `keep_alive`.
#[test]
fn surplus_workers_leave_although_each_gets_jobs() {
    let pool = Pool::new(1_000, Duration::from_millis(200));
    let mut blockers = Blockers::new();
    for _ in 0..20 {
        pool.submit(blockers.one()).unwrap();
    }
    blockers.wait_for_starts(20);
    blockers.release_all();
    eventually("one or two are left", || {
        pool.run_and_wait();
        pool.threads() <= 2
    });
    pool.finish();
}

#[test]
fn jobs_wait_for_a_free_worker_at_the_limit() {
    let pool = Pool::new(2, LONG);
    let mut blockers = Blockers::new();
    pool.submit(blockers.one()).unwrap();
    assert!(!pool.full());
    pool.submit(blockers.one()).unwrap();
    assert!(pool.full());
    pool.submit(blockers.one()).unwrap();
    blockers.wait_for_starts(2);
    assert_eq!((pool.threads(), pool.idle()), (2, 0));
    assert!(blockers.started.is_empty());

    blockers.release_one();
    blockers.wait_for_starts(1);
    assert!(pool.full());
    blockers.release_one();
    eventually("one is free", || !pool.full());

    blockers.release_all();
    pool.finish();
}

#[test]
fn thread_waiting_for_a_free_worker_is_woken() {
    // With no `keep_alive` workers leave all the time, and that makes room too.
    for (jobs, keep_alive) in [(200_000, LONG), (20_000, Duration::ZERO)] {
        let pool = Pool::new(1, keep_alive);
        let waiting = thread::current();
        pool.when_free(move || waiting.unpark());
        let done = Arc::new(AtomicUsize::new(0));
        for number in 0..jobs {
            while pool.full() {
                let asleep = Instant::now();
                park_timeout(DEADLINE);
                assert!(asleep.elapsed() < DEADLINE, "forgotten after {number} jobs");
            }
            let done = done.clone();
            pool.run(move || _ = done.fetch_add(1, Relaxed));
        }
        pool.finish();
        assert_eq!(done.load(Relaxed), jobs);
    }
}

#[test]
fn callback_for_a_free_worker_can_be_replaced() {
    let pool = Pool::new(1, LONG);
    let calls = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    for index in 0..2 {
        let called = calls.clone();
        pool.when_free(move || _ = called[index].fetch_add(1, Relaxed));
        pool.run_and_wait();
        eventually("it is called", || calls[index].load(Relaxed) == 1);
    }
    assert_eq!(calls[0].load(Relaxed), 1);
    pool.finish();
}

#[test]
fn panic_costs_no_worker() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            // Without the message that `panic!` prints.
            resume_unwind(Box::new("in the destructor"));
        }
    }

    let pool = Pool::new(1, LONG);
    pool.when_free(|| resume_unwind(Box::new("in the call")));
    pool.run(|| resume_unwind(Box::new("in the job")));
    pool.run(|| resume_unwind(Box::new(String::from("in the job"))));
    pool.run(|| resume_unwind(Box::new(Bomb)));
    let (tell, name) = bounded(1);
    pool.run(move || tell.send(thread::current().name().map(str::to_owned)).unwrap());
    let name = name.recv_timeout(DEADLINE).unwrap();
    assert_eq!(name.as_deref(), Some("Job-0"));
    eventually("it is free", || pool.idle() == 1);
    pool.finish();
}
