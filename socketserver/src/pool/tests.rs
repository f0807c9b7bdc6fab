use super::*;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::{
    collections::HashSet,
    panic::resume_unwind,
    sync::atomic::{AtomicBool, AtomicUsize},
    thread::{park_timeout, sleep},
};

/// Far more than anything here takes; who waits so long has been forgotten.
const DEADLINE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(600);

struct Job(Box<dyn FnOnce() + Send>);

impl Task for Job {
    fn run(self) {
        (self.0)();
    }

    fn name(&self) -> &str {
        "tests::Job"
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

fn job(work: impl FnOnce() + Send + 'static) -> Job {
    Job(Box::new(work))
}

impl Pool<Job> {
    fn run(&self, work: impl FnOnce() + Send + 'static) {
        self.submit(job(work)).expect("the pool takes it");
    }

    /// Runs a job and waits until it has ended.
    fn run_and_wait(&self) {
        let (ended, end) = bounded(1);
        self.run(move || ended.send(()).unwrap());
        end.recv_timeout(DEADLINE).expect("somebody runs it");
    }

    /// No worker may be left, nor anything in the books.
    fn finish(self) {
        assert_eq!(self.close(Some(Instant::now() + DEADLINE)), 0);
        let nothing = Count {
            threads: 0,
            balance: 0,
        };
        assert_eq!(self.shared.count(), nothing);
    }
}

/// Jobs that tell when they start, and last until they are let go.
struct Blockers {
    hold: Option<Sender<()>>,
    held: Receiver<()>,
    starts: Sender<()>,
    started: Receiver<()>,
}

impl Blockers {
    fn new() -> Self {
        let (hold, held) = unbounded();
        let (starts, started) = unbounded();
        Blockers {
            hold: Some(hold),
            held,
            starts,
            started,
        }
    }

    fn one(&self) -> Job {
        let (held, starts) = (self.held.clone(), self.starts.clone());
        job(move || {
            starts.send(()).unwrap();
            let _let_go = held.recv();
        })
    }

    fn wait_for_starts(&self, number: usize) {
        for _ in 0..number {
            self.started.recv_timeout(DEADLINE).expect("it starts");
        }
    }

    fn let_one_go(&self) {
        self.hold.as_ref().unwrap().send(()).unwrap();
    }

    fn let_all_go(&mut self) {
        self.hold = None;
    }
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn that_the_system_refuses_is_said_once_a_second() {
    let mut growth = Growth::default();
    assert!(growth.refused());
    assert!((0..1_000).all(|_| !growth.refused()));
    growth.reported = Instant::now().checked_sub(Duration::from_secs(1));
    assert!(growth.refused() && !growth.refused());
}

/// Each job may wait for all others, as clients of a chat do: so each needs a thread.
#[test]
fn jobs_that_block_get_a_thread_each() {
    let pool = Pool::new(1_000, LONG);
    let mut blockers = Blockers::new();
    for _ in 0..500 {
        pool.submit(blockers.one()).unwrap();
    }
    blockers.wait_for_starts(500);
    assert_eq!((pool.threads(), pool.idle()), (500, 0));
    assert!(!pool.full());

    blockers.let_all_go();
    eventually("all are free", || pool.idle() == 500);
    pool.finish();
}

#[test]
fn jobs_one_after_another_share_a_few_threads() {
    let pool = Pool::new(1_000, LONG);
    let (tell, names) = unbounded();
    let mut seen = HashSet::new();
    for _ in 0..1_000 {
        let tell = tell.clone();
        pool.run(move || {
            tell.send(thread::current().name().unwrap().to_owned())
                .unwrap()
        });
        seen.insert(names.recv_timeout(DEADLINE).unwrap());
    }
    // Not exactly one: the answer may be here before the worker is free again.
    assert!(seen.len() <= 16, "{seen:?}");
    assert!(seen.contains("Job-0"), "{seen:?}");
    pool.finish();
}

#[test]
fn workers_without_work_leave() {
    let pool = Pool::new(1_000, Duration::from_millis(20));
    let mut blockers = Blockers::new();
    for _ in 0..10 {
        pool.submit(blockers.one()).unwrap();
    }
    blockers.wait_for_starts(10);
    blockers.let_all_go();
    eventually("all have left", || pool.threads() == 0);
    pool.run_and_wait();
    pool.finish();
}

/// Twenty workers with a job every millisecond or two: each gets one before it has waited for
/// `keep_alive`.
#[test]
fn workers_that_are_not_needed_leave_though_each_gets_work_in_turn() {
    let pool = Pool::new(1_000, Duration::from_millis(200));
    let mut blockers = Blockers::new();
    for _ in 0..20 {
        pool.submit(blockers.one()).unwrap();
    }
    blockers.wait_for_starts(20);
    blockers.let_all_go();
    eventually("one or two are left", || {
        pool.run_and_wait();
        pool.threads() <= 2
    });
    pool.finish();
}

#[test]
fn at_the_cap_jobs_wait_for_a_free_worker() {
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

    blockers.let_one_go();
    blockers.wait_for_starts(1);
    assert!(pool.full());
    blockers.let_one_go();
    eventually("one is free", || !pool.full());

    blockers.let_all_go();
    pool.finish();
}

#[test]
fn whoever_waits_for_a_free_worker_is_woken() {
    // A worker that leaves in the middle of it makes room as well.
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
fn the_call_for_a_free_worker_can_be_replaced() {
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
fn a_closed_pool_gives_jobs_back() {
    let pool = Pool::new(2, LONG);
    pool.run_and_wait();
    assert_eq!(pool.close(Some(Instant::now() + DEADLINE)), 0);

    let (tell, told) = bounded(1);
    let refused = pool.submit(job(move || tell.send("mine").unwrap()));
    let Rejected { job, error } = refused.expect_err("no further job");
    assert_eq!(error.to_string(), "the pool is closed");
    job.run();
    assert_eq!(told.try_recv(), Ok("mine"));
    pool.finish();
}

#[test]
fn a_close_waits_for_the_jobs_that_are_there() {
    let pool = Pool::new(1, LONG);
    let mut blockers = Blockers::new();
    let done = Arc::new(AtomicUsize::new(0));
    pool.submit(blockers.one()).unwrap();
    for _ in 0..10 {
        let done = done.clone();
        pool.run(move || _ = done.fetch_add(1, Relaxed));
    }
    blockers.wait_for_starts(1);
    assert_eq!(pool.close(None), 1);

    let begin = Instant::now();
    let patience = Duration::from_millis(50);
    assert_eq!(pool.close(Some(begin + patience)), 1);
    assert!(begin.elapsed() >= patience);
    assert_eq!(done.load(Relaxed), 0);

    blockers.let_all_go();
    pool.finish();
    assert_eq!(done.load(Relaxed), 10);
}

#[test]
fn a_panic_costs_no_worker() {
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
    pool.run(move || {
        tell.send(thread::current().name().map(str::to_owned))
            .unwrap()
    });
    let name = name.recv_timeout(DEADLINE).unwrap();
    assert_eq!(name.as_deref(), Some("Job-0"));
    eventually("it is free", || pool.idle() == 1);
    pool.finish();
}

/// What a system does that has threads to give, or has not.
fn spawn_if(possible: bool, worker: Worker<Job>) -> io::Result<()> {
    if !possible {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    thread::Builder::new().spawn(|| worker.work()).map(drop)
}

#[test]
fn without_any_worker_the_job_is_given_back() {
    let pool = Pool::with_spawn(4, LONG, |_, worker| spawn_if(false, worker));
    for number in 1..=3 {
        let refused = pool.submit(job(|| ())).expect_err("nobody can run it");
        assert_eq!(refused.error.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(pool.spawn_failures(), number);
        assert_eq!((pool.threads(), pool.idle()), (0, 0));
    }
    pool.finish();
}

#[test]
fn with_a_worker_the_job_waits_for_it() {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let pool = Pool::with_spawn(4, LONG, |_, worker| {
        spawn_if(!STARTED.swap(true, Relaxed), worker)
    });
    let mut blockers = Blockers::new();
    for _ in 0..10 {
        pool.submit(blockers.one()).unwrap();
    }
    assert_eq!(pool.threads(), 1);
    // Once, or a few times on a slow machine: the system is not asked for each job.
    assert!((1..10).contains(&pool.spawn_failures()));

    blockers.let_all_go();
    blockers.wait_for_starts(10);
    pool.finish();
}

/// Clients that stay for hours must not keep others waiting because there were no threads for a
/// moment.
#[test]
fn workers_that_could_not_be_started_are_started_later() {
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

    // With the next job that comes,
    submit_in_vain(2);
    assert_eq!(pool.threads(), 1);
    pool.submit(blockers.one()).unwrap();
    blockers.wait_for_starts(3);
    assert_eq!(pool.threads(), 4);

    // and with the next that ends.
    submit_in_vain(3);
    assert_eq!(pool.threads(), 4);
    blockers.let_one_go();
    blockers.wait_for_starts(3);
    assert_eq!(pool.threads(), 6);

    blockers.let_all_go();
    pool.finish();
}

#[test]
fn a_worker_that_closes_its_pool_does_not_wait_for_itself() {
    let pool = Arc::new(Pool::new(4, LONG));
    let (tell, told) = bounded(1);
    let closing = pool.clone();
    pool.run(move || {
        let left = closing.close(Some(Instant::now() + LONG));
        tell.send(left).unwrap();
    });
    assert_eq!(told.recv_timeout(DEADLINE), Ok(1));
    eventually("its job has ended", || Arc::strong_count(&pool) == 1);
    Arc::into_inner(pool).unwrap().finish();
}

#[test]
fn a_pool_that_is_dropped_lets_its_workers_go() {
    let pool = Pool::new(4, LONG);
    let shared = Arc::downgrade(&pool.shared);
    let mut blockers = Blockers::new();
    for _ in 0..3 {
        pool.submit(blockers.one()).unwrap();
    }
    blockers.wait_for_starts(3);
    drop(pool);
    assert_eq!(shared.upgrade().unwrap().count().threads, 3);
    blockers.let_all_go();
    eventually("the last worker has let go", || shared.strong_count() == 0);
}

/// Several threads submit jobs of all lengths to a pool whose workers come and go, and which may
/// close in the middle.
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
    assert!(!too_many.load(Relaxed), "more threads than allowed");
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
fn each_job_runs_once_whoever_submits_it() {
    for micros in [0, 20, 200, 600_000_000] {
        race(Pool::new(3, Duration::from_micros(micros)), 3, 5_000, None);
    }
}

#[test]
fn each_job_runs_once_or_comes_back_when_threads_are_scarce() {
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
fn each_job_runs_once_or_comes_back_when_the_pool_closes() {
    for round in 0..100 {
        let pool = Pool::new(3, Duration::from_micros(50 * (round % 5)));
        race(pool, 3, 500, Some(Duration::from_micros(10 * round)));
    }
}

#[test]
fn threads_are_called_after_the_task() {
    assert_eq!(thread_name("Chat", 7), "Chat-7");
    assert_eq!(thread_name("demo::chat::Chat<demo::State>", 7), "Chat-7");
    assert_eq!(thread_name("demo::main::{{closure}}", 7), "main-7");
    assert_eq!(thread_name("<impl demo::Chat>::handle", 7), "worker-7");
    assert_eq!(thread_name("", 7), "worker-7");
    assert_eq!(thread_name("a\0b", 7), "ab-7");
    assert_eq!(
        thread_name("AnExtraordinarilyLongName", 12_345),
        "AnExtraor-12345"
    );
    assert_eq!(thread_name("日本語日本語", 12), "日本語日-12");
    assert_eq!(thread_name("Chat", u64::MAX), format!("-{}", u64::MAX));
}

#[test]
fn both_numbers_fit_into_the_word() {
    for threads in [0, 1, u32::MAX] {
        for balance in [0, 1, -1, i32::MAX, i32::MIN] {
            let count = Count { threads, balance };
            assert_eq!(Count::of(count.word()), count);
        }
    }
}
