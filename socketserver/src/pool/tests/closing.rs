//! The end of a pool.

use std::sync::atomic::AtomicUsize;

use super::*;

#[test]
fn closed_pool_gives_jobs_back() {
    let pool = Pool::new(2, LONG);
    pool.run_and_wait();
    assert_eq!(pool.close(Some(Instant::now() + DEADLINE)), 0);

    let (sender, result) = bounded(1);
    let rejected = pool.submit(job(move || sender.send("mine").unwrap()));
    let Rejected { job, error } = rejected.expect_err("a closed pool accepts no job");
    assert_eq!(error.to_string(), "the pool is closed");
    job.run();
    assert_eq!(result.try_recv(), Ok("mine"));
    pool.finish();
}

/// A pool whose only worker is busy, ten jobs that wait for it, and how many of these are done.
fn ten_waiting() -> (Pool<Job>, Blockers, Arc<AtomicUsize>) {
    let (pool, blockers, done) = (Pool::new(1, LONG), Blockers::new(), Arc::default());
    pool.submit(blockers.one()).unwrap();
    blockers.wait_for_starts(1);
    for _ in 0..10 {
        let done: Arc<AtomicUsize> = Arc::clone(&done);
        pool.run(move || _ = done.fetch_add(1, Relaxed));
    }
    (pool, blockers, done)
}

#[test]
fn close_waits_for_queued_jobs() {
    let (pool, mut blockers, done) = ten_waiting();
    assert_eq!(pool.close(None), 1);

    let begin = Instant::now();
    let patience = Duration::from_millis(50);
    assert_eq!(pool.close(Some(begin + patience)), 1);
    assert!(begin.elapsed() >= patience);
    assert_eq!(done.load(Relaxed), 0);

    blockers.release_all();
    pool.finish();
    assert_eq!(done.load(Relaxed), 10);
}

/// After the end of a server nothing begins.
#[test]
fn waiting_jobs_are_given_back() {
    let (pool, mut blockers, done) = ten_waiting();
    assert_eq!(pool.counts(), (1, -10));
    assert_eq!(pool.take_waiting().len(), 10);
    assert_eq!(pool.counts(), (1, 0));
    assert!(pool.submit(job(|| ())).is_err(), "it is closed");

    blockers.release_all();
    pool.finish();
    assert_eq!(done.load(Relaxed), 0);
}

#[test]
fn worker_closing_its_pool_does_not_wait() {
    let pool = Arc::new(Pool::new(4, LONG));
    let (sender, result) = bounded(1);
    let closing = pool.clone();
    pool.run(move || {
        let left = closing.close(Some(Instant::now() + LONG));
        sender.send(left).unwrap();
    });
    assert_eq!(result.recv_timeout(DEADLINE), Ok(1));
    eventually("its job has ended", || Arc::strong_count(&pool) == 1);
    Arc::into_inner(pool).unwrap().finish();
}

#[test]
fn dropped_pool_releases_its_workers() {
    let pool = Pool::new(4, LONG);
    let shared = Arc::downgrade(&pool.shared);
    let mut blockers = Blockers::new();
    for _ in 0..3 {
        pool.submit(blockers.one()).unwrap();
    }
    blockers.wait_for_starts(3);
    drop(pool);
    assert_eq!(shared.upgrade().unwrap().count().threads, 3);
    blockers.release_all();
    eventually("the last worker has released it", || shared.strong_count() == 0);
}
