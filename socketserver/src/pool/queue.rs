//! The jobs that wait for a worker, and the workers that wait for a job.
//!
//! A worker that finds no job lets other threads run, and looks again, [`LOOKS`] times. Under load
//! there is a job by then, and nothing had to wake the worker. Of the workers that sleep, the last
//! one to fall asleep is woken first, because its memory is still in a near cache. Workers that are
//! not needed sleep on until they may leave.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::sync::{Condvar, Instant, Mutex, thread};

/// How often a worker looks again before it sleeps. On two cores full of short connections two
/// looks take 15 % less processor time than none, and more of them no less.
const LOOKS: usize = if cfg!(loom) { 1 } else { 2 };

pub(super) struct Queue<J>(Mutex<State<J>>);

struct State<J> {
    jobs: VecDeque<J>,
    /// Workers that will look at the jobs once more before they sleep, so that as many jobs need
    /// not wake another one.
    looking: usize,
    /// What wakes the workers that sleep, each its own.
    asleep: Vec<Arc<Condvar>>,
    is_closed: bool,
}

/// Why a worker got no job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoJob {
    TimedOut,
    /// There is no job left, and none follows.
    Closed,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        Queue(Mutex::new(State {
            jobs: VecDeque::new(),
            looking: 0,
            asleep: Vec::new(),
            is_closed: false,
        }))
    }

    /// Adds a job, and wakes a worker for it unless one is looking for it.
    pub(super) fn push(&self, job: J) {
        let mut state = self.0.lock();
        state.jobs.push_back(job);
        if state.jobs.len() > state.looking {
            state.wake_one();
        }
    }

    /// The job that has waited longest, if one waits.
    pub(super) fn try_pop(&self) -> Option<J> {
        self.0.lock().jobs.pop_front()
    }

    /// The job that has waited longest; or the next one, until `end`. `wakes` belongs to the worker
    /// that calls this.
    pub(super) fn pop(
        &self,
        wakes: &Arc<Condvar>,
        end: impl FnOnce() -> Instant,
    ) -> Result<J, NoJob> {
        let mut state = self.0.lock();
        for _ in 0..LOOKS {
            if let Some(result) = state.take() {
                return result;
            }
            state.looking += 1;
            drop(state);
            thread::yield_now();
            state = self.0.lock();
            state.looking -= 1;
        }
        let end = end();
        loop {
            if let Some(result) = state.take() {
                return result;
            }
            state.asleep.push(wakes.clone());
            if wakes.wait_until(&mut state, end).timed_out() && state.forget(wakes) {
                return Err(NoJob::TimedOut);
            }
            state.looking -= 1;
        }
    }

    /// No further job follows.
    pub(super) fn close(&self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        while state.wake_one() {}
    }
}

impl<J> State<J> {
    fn take(&mut self) -> Option<Result<J, NoJob>> {
        let job = self.jobs.pop_front().map(Ok);
        job.or_else(|| self.is_closed.then_some(Err(NoJob::Closed)))
    }

    /// Removes a worker from those that sleep. Returns whether it was still there: if not, it has
    /// been woken after all.
    fn forget(&mut self, wakes: &Arc<Condvar>) -> bool {
        let place = self.asleep.iter().position(|other| Arc::ptr_eq(other, wakes));
        place.map(|place| self.asleep.remove(place)).is_some()
    }

    /// Wakes a worker, which then looks for a job. Returns whether one slept.
    fn wake_one(&mut self) -> bool {
        let Some(wakes) = self.asleep.pop() else {
            return false;
        };
        self.looking += 1;
        wakes.notify_one();
        true
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread::JoinHandle;
    use std::time::Duration;

    use super::*;

    type Popped = Result<&'static str, NoJob>;

    /// A queue on which that many workers sleep, the first one longest.
    fn queue(workers: usize) -> (Arc<Queue<&'static str>>, Vec<JoinHandle<Popped>>) {
        let queue = Arc::new(Queue::new());
        let worker = |number| {
            let own = queue.clone();
            let end = || Instant::now() + Duration::from_secs(60);
            let worker = thread::spawn(move || own.pop(&Arc::new(Condvar::new()), end));
            while queue.0.lock().asleep.len() <= number {
                thread::yield_now();
            }
            worker
        };
        let workers = (0..workers).map(worker).collect();
        (queue, workers)
    }

    #[test]
    fn last_worker_asleep_is_woken_first() {
        let (queue, mut workers) = queue(2);
        queue.push("job");
        assert_eq!(workers.pop().unwrap().join().unwrap(), Ok("job"));
        queue.close();
        assert_eq!(workers.pop().unwrap().join().unwrap(), Err(NoJob::Closed));
    }

    #[test]
    fn jobs_wake_no_worker_while_others_look() {
        let (queue, mut workers) = queue(1);
        queue.0.lock().looking = 1;
        queue.push("first");
        assert_eq!(queue.0.lock().asleep.len(), 1);
        queue.push("second");
        assert_eq!(workers.pop().unwrap().join().unwrap(), Ok("first"));
        assert_eq!(queue.try_pop(), Some("second"));
    }

    /// A push has the lock as the worker's time ends, and finds it still asleep. Returns what the
    /// worker gets, unless this thread was too late.
    fn woken_at_its_end() -> Option<Popped> {
        const TIME: Duration = Duration::from_millis(50);
        let queue = Arc::new(Queue::new());
        let own = queue.clone();
        let end = || Instant::now() + TIME;
        let worker = thread::spawn(move || own.pop(&Arc::new(Condvar::new()), end));
        let mut state = loop {
            let state = queue.0.lock();
            match state.asleep.len() {
                1 => break state,
                _ if worker.is_finished() => return None,
                _ => drop(state),
            }
            thread::yield_now();
        };
        // The worker wakes by itself, and waits for the lock.
        std::thread::sleep(2 * TIME);
        state.jobs.push_back("job");
        assert!(state.wake_one());
        drop(state);
        let popped = worker.join().unwrap();
        assert_eq!(queue.0.lock().looking, 0, "{popped:?}");
        Some(popped)
    }

    #[test]
    fn worker_woken_at_its_end_takes_the_job() {
        let popped = std::iter::repeat_with(woken_at_its_end).flatten().next();
        assert_eq!(popped, Some(Ok("job")));
    }

    #[test]
    fn time_of_a_worker_is_over_at_its_end() {
        let queue = Queue::<()>::new();
        assert_eq!(queue.pop(&Arc::new(Condvar::new()), Instant::now), Err(NoJob::TimedOut));
        assert!(queue.0.lock().asleep.is_empty());
    }
}
