//! The baton under the model checker: in whatever order a leader and its loop meet, one of them at
//! a time receives, every request is received, and the loop never waits permanently.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::model::Builder;

use crate::lead::{Baton, Place};
use crate::request::Waker;
use crate::sync::{Mutex, thread};

/// Requests that are there, and how many were run.
struct Requests {
    /// Locked by the thread that receives, which never has to wait for it.
    left: Mutex<usize>,
    run: AtomicUsize,
}

impl Requests {
    fn receive(&self) -> bool {
        let mut left = self.left.try_lock().expect("one thread at a time receives");
        let received = *left > 0;
        *left = left.saturating_sub(1);
        received
    }

    fn run(&self) {
        self.run.fetch_add(1, Relaxed);
        thread::yield_now();
    }
}

/// A leader and a loop, each with its own part.
fn check(requests: usize, looping: fn(&Baton, &Waker)) {
    Builder::new().check(move || {
        let waker = Waker::new().unwrap();
        let baton = Arc::new(Baton::new(Waker::new().unwrap(), waker.clone()));
        let requests_there =
            Arc::new(Requests { left: Mutex::new(requests), run: AtomicUsize::new(0) });
        let leader = thread::spawn({
            let (baton, requests) = (baton.clone(), requests_there.clone());
            move || {
                let mut leads = baton.accept();
                while leads && !baton.is_wanted() && requests.receive() {
                    leads = baton.run(|| requests.run());
                }
                if leads {
                    baton.give_back();
                }
            }
        });
        looping(&baton, &waker);
        assert_eq!(baton.state().place, Place::Loop);
        while requests_there.receive() {
            requests_there.run();
        }
        leader.join().unwrap();
        assert_eq!(requests_there.run.load(Relaxed), requests);
    });
}

#[test]
fn loop_gets_the_baton_that_it_recalls() {
    check(2, |baton, waker| {
        while !baton.recall() {
            waker.wait(None, None).unwrap();
        }
    });
}

#[test]
fn loop_takes_the_baton_while_a_handler_runs() {
    check(2, |baton, waker| {
        let state = baton.state();
        if !baton.take_from(state) {
            while !baton.recall() {
                waker.wait(None, None).unwrap();
            }
        }
    });
}

#[test]
fn beginning_of_a_handler_wakes_a_loop_that_does_not_look() {
    check(1, |baton, waker| {
        let state = baton.leave_unwatched();
        // Nothing has begun that the loop has not seen, so a wake-up comes.
        if state.begun == 0 && state.place != Place::Loop {
            waker.wait(None, None).unwrap();
        }
        while !baton.recall() {
            waker.wait(None, None).unwrap();
        }
    });
}
