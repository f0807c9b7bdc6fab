//! The pool with real threads. This file has what the tests share:
//!
//! * `workers`: when workers are started, what they do, and when they leave;
//! * `closing`: the end of a pool;
//! * `refusals`: a system that refuses threads;
//! * `races`: many threads at once.

mod closing;
mod races;
mod refusals;
mod workers;

use std::thread::sleep;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::workers::Worker;
use super::*;

/// Far more than anything here takes. A thread that waits for longer has been forgotten.
const DEADLINE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(600);

struct Job(Box<dyn FnOnce() + Send>);

impl Work for Job {
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
        self.submit(job(work)).expect("the pool accepts it");
    }

    /// Runs a job and waits until it has ended.
    fn run_and_wait(&self) {
        let (ended, end) = bounded(1);
        self.run(move || ended.send(()).unwrap());
        end.recv_timeout(DEADLINE).expect("a worker runs it");
    }

    /// Closes the pool. No worker may be left, nor anything in the count.
    fn finish(self) {
        assert_eq!(self.close(Some(Instant::now() + DEADLINE)), 0);
        assert_eq!(self.counts(), (0, 0));
    }
}

/// Jobs that report when they start, and last until they are released.
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
        Blockers { hold: Some(hold), held, starts, started }
    }

    fn one(&self) -> Job {
        let (held, starts) = (self.held.clone(), self.starts.clone());
        job(move || {
            starts.send(()).unwrap();
            let _released = held.recv();
        })
    }

    fn wait_for_starts(&self, number: usize) {
        for _ in 0..number {
            self.started.recv_timeout(DEADLINE).expect("it starts");
        }
    }

    fn release_one(&self) {
        self.hold.as_ref().unwrap().send(()).unwrap();
    }

    fn release_all(&mut self) {
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

/// What a system does that has a thread, or has none.
fn spawn_if(possible: bool, worker: Worker<Job>) -> io::Result<()> {
    if !possible {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    thread::Builder::new().spawn(|| worker.work()).map(drop)
}
