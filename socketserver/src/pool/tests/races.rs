//! Many threads at once: each job is run once, or comes back.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::*;

/// Several threads submit jobs of all lengths to a pool whose workers come and go, and which may be
/// closed in the middle.
fn race(pool: Pool<Job>, most_at_once: usize, jobs: usize, close_after: Option<Duration>) {
    const RAN: usize = 1;
    const REFUSED: usize = 1 << 16;
    let fates: Arc<Vec<AtomicUsize>> = Arc::new((0..4 * jobs).map(|_| 0.into()).collect());
    let at_once = Arc::new(AtomicUsize::new(0));
    let too_many = Arc::new(AtomicBool::new(false));

    thread::scope(|scope| {
        for producer in 0..4 {
            let (pool, fates) = (&pool, &fates);
            let (at_once, too_many) = (&at_once, &too_many);
            scope.spawn(move || {
                let mut random = Random(producer as u64 + 1);
                for number in producer * jobs..(producer + 1) * jobs {
                    let (fate, at_once, too_many) =
                        (fates.clone(), at_once.clone(), too_many.clone());
                    let length = random.below(200);
                    let submitted = pool.submit(job(move || {
                        if at_once.fetch_add(1, Relaxed) >= most_at_once {
                            too_many.store(true, Relaxed);
                        }
                        (0..length).for_each(|_| std::hint::spin_loop());
                        if length == 0 {
                            sleep(Duration::from_micros(100));
                        }
                        fate[number].fetch_add(RAN, Relaxed);
                        at_once.fetch_sub(1, Relaxed);
                    }));
                    if submitted.is_err() {
                        fates[number].fetch_add(REFUSED, Relaxed);
                    }
                    match random.below(100) {
                        0 => sleep(Duration::from_micros(random.below(300))),
                        1..10 => thread::yield_now(),
                        _ => (),
                    }
                }
            });
        }
        if let Some(time) = close_after {
            sleep(time);
            pool.close(None);
        }
    });
    pool.finish();
    for (number, fate) in fates.iter().enumerate() {
        let fate = fate.load(Relaxed);
        assert!(fate == RAN || fate == REFUSED, "job {number}: {fate:#x}");
    }
    assert!(!too_many.load(Relaxed), "more threads than the limit");
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn each_job_runs_once() {
    for micros in [0, 20, 200, 600_000_000] {
        race(Pool::new(3, Duration::from_micros(micros)), 3, 5_000, None);
    }
}

#[test]
fn each_job_runs_or_returns_when_threads_are_scarce() {
    static STARTS: AtomicUsize = AtomicUsize::new(0);
    for micros in [0, 20, 200, 600_000_000] {
        let keep_alive = Duration::from_micros(micros);
        let pool = Pool::with_spawn(3, keep_alive, |_, worker| {
            spawn_if(STARTS.fetch_add(1, Relaxed) % 3 == 2, worker)
        });
        race(pool, 3, 5_000, None);
    }
}

#[test]
fn each_job_runs_or_returns_when_the_pool_closes() {
    for round in 0..100 {
        let pool = Pool::new(3, Duration::from_micros(50 * (round % 5)));
        race(pool, 3, 500, Some(Duration::from_micros(10 * round)));
    }
}
