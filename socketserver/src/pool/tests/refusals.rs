//! A system that refuses threads.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::*;

#[test]
fn job_waits_if_there_is_a_worker() {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let pool =
        Pool::with_spawn(4, LONG, |_, worker| spawn_if(!STARTED.swap(true, Relaxed), worker));
    let mut blockers = Blockers::new();
    for _ in 0..10 {
        pool.submit(blockers.one()).unwrap();
    }
    assert_eq!(pool.threads(), 1);
    // Once, or a few times on a slow machine: the system is not asked again for each job.
    assert!((1..10).contains(&pool.spawn_failures()));

    blockers.release_all();
    blockers.wait_for_starts(10);
    pool.finish();
}

/// If the system has no threads for a moment, the clients that come then must not wait until others
/// leave, which may be hours later.
#[test]
fn refused_workers_are_started_later() {
    static BROKEN: AtomicBool = AtomicBool::new(false);
    let pool = Pool::with_spawn(7, LONG, |_, worker| spawn_if(!BROKEN.load(Relaxed), worker));
    let mut blockers = Blockers::new();
    let submit_in_vain = |waiting| {
        BROKEN.store(true, Relaxed);
        for _ in 0..waiting {
            pool.submit(blockers.one()).unwrap();
        }
        BROKEN.store(false, Relaxed);
        sleep(RETRY);
    };
    pool.submit(blockers.one()).unwrap();
    blockers.wait_for_starts(1);

    // With the next job that comes:
    submit_in_vain(2);
    assert_eq!(pool.threads(), 1);
    pool.submit(blockers.one()).unwrap();
    blockers.wait_for_starts(3);
    assert_eq!(pool.threads(), 4);

    // With the next job that ends:
    submit_in_vain(3);
    assert_eq!(pool.threads(), 4);
    blockers.release_one();
    blockers.wait_for_starts(3);
    assert_eq!(pool.threads(), 6);

    blockers.release_all();
    pool.finish();
}

/// A queue behind threads that the system refuses would have no bound.
#[test]
fn pool_is_full_while_a_thread_is_refused() {
    static BROKEN: AtomicBool = AtomicBool::new(false);
    static FREED: AtomicUsize = AtomicUsize::new(0);
    let pool = Pool::with_spawn(100, LONG, |_, worker| spawn_if(!BROKEN.load(Relaxed), worker));
    pool.when_free(|| _ = FREED.fetch_add(1, Relaxed));
    let mut blockers = Blockers::new();
    pool.submit(blockers.one()).unwrap();
    blockers.wait_for_starts(1);
    assert!(!pool.full());

    BROKEN.store(true, Relaxed);
    pool.submit(blockers.one()).unwrap();
    assert!(pool.full());
    assert_eq!((pool.counts(), FREED.load(Relaxed)), ((1, -1), 0));

    // A job ends:
    blockers.release_one();
    blockers.wait_for_starts(1);
    eventually("it is not full any more", || FREED.load(Relaxed) == 1);
    assert!(!pool.full());

    // A thread starts:
    pool.submit(blockers.one()).unwrap();
    assert!(pool.full());
    BROKEN.store(false, Relaxed);
    sleep(RETRY);
    pool.catch_up();
    blockers.wait_for_starts(1);
    assert!(!pool.full());
    assert_eq!((pool.threads(), FREED.load(Relaxed)), (2, 2));

    // From then on a job that gets its thread at once is no end of a lack:
    pool.submit(blockers.one()).unwrap();
    blockers.wait_for_starts(1);
    assert_eq!((pool.threads(), FREED.load(Relaxed)), (3, 2));

    blockers.release_all();
    pool.finish();
}
