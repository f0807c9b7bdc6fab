//! The baton under the model checker. In whatever order a leader and its loop meet, one of them at
//! a time receives, every request is received, and neither waits permanently.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::model::Builder;

use crate::lead::{Baton, Place};
use crate::request::Waker;
use crate::sync::{Mutex, thread};

/// Requests in the socket, and how many were run.
struct Requests {
    left: AtomicUsize,
    /// Locked by the thread that receives, which never has to wait for it.
    receives: Mutex<()>,
    arrived: AtomicUsize,
    run: AtomicUsize,
    /// A new request wakes the leader and the loop, if they wait for one.
    leader: Waker,
    looping: Waker,
}

impl Requests {
    fn arrive(&self) {
        self.arrived.fetch_add(1, Relaxed);
        self.left.fetch_add(1, Relaxed);
        self.leader.wake();
        self.looping.wake();
    }

    fn receive(&self) -> bool {
        let _receives = self.receives.try_lock().expect("one thread at a time receives");
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn run(&self) {
        self.run.fetch_add(1, Relaxed);
        thread::yield_now();
    }
}

/// What a leader does, as `Engine::receive`.
fn lead(baton: &Baton, requests: &Requests) {
    let mut leads = baton.accept();
    while leads && !baton.is_wanted() {
        leads = if requests.receive() {
            let down = baton.begin_handler();
            requests.run();
            baton.take_up(down)
        } else {
            baton.wait(|waker| waker.wait(None, None).map(drop))
        };
    }
    if leads {
        baton.give_back();
    }
}

/// How the loop takes its baton back, as `Loop::take_baton`.
fn take_baton(baton: &Baton, requests: &Requests) {
    while !baton.recall() {
        requests.looping.wait(None, None).unwrap();
        if baton.take_from(baton.state()) {
            break;
        }
    }
}

/// The parts of a model, beside the leader's: the loop's, and that of another thread.
type Part = fn(&Baton, &Requests);

/// `requests` are there at first, and all of them are run in the end.
fn check(requests: usize, looping: Part, beside: Option<Part>) {
    Builder::new().check(move || {
        let [leader_waker, loop_waker] = [(); 2].map(|()| Waker::new().unwrap());
        let baton = Arc::new(Baton::new(leader_waker.clone(), loop_waker.clone()));
        let there = Arc::new(Requests {
            left: AtomicUsize::new(requests),
            receives: Mutex::default(),
            arrived: AtomicUsize::new(requests),
            run: AtomicUsize::new(0),
            leader: leader_waker,
            looping: loop_waker,
        });
        let start = |part: Part| {
            let (baton, there) = (baton.clone(), there.clone());
            thread::spawn(move || part(&baton, &there))
        };
        let leader = start(lead);
        let beside = beside.map(start);
        looping(&baton, &there);
        assert_eq!(baton.state().place, Place::Loop);
        beside.map(|beside| beside.join().unwrap());
        while there.receive() {
            there.run();
        }
        leader.join().unwrap();
        assert_eq!(there.run.load(Relaxed), there.arrived.load(Relaxed));
    });
}

#[test]
fn loop_gets_the_baton_that_it_recalls() {
    check(2, take_baton, None);
}

#[test]
fn loop_takes_the_baton_while_a_handler_runs() {
    check(1, take_at_once, None);
}

/// No request comes that would wake the leader.
#[test]
fn idle_leader_leaves_when_its_baton_is_taken() {
    check(0, take_at_once, None);
}

/// Takes the baton if the leader has put it down.
fn take_at_once(baton: &Baton, requests: &Requests) {
    let state = baton.state();
    if !baton.take_from(state) {
        take_baton(baton, requests);
    }
}

/// The loop sees a request that the leader has not woken for. It takes the baton if the leader
/// still waits then, and not if it has waited again.
#[test]
fn loop_takes_the_baton_while_a_request_arrives() {
    check(0, take_at_once, Some(|_, requests| requests.arrive()));
}

#[test]
fn recall_meets_a_request_that_arrives() {
    check(0, take_baton, Some(|_, requests| requests.arrive()));
}

/// A concurrency recalls it too, for a job that was submitted from elsewhere.
#[test]
fn two_threads_recall_the_baton() {
    check(1, take_baton, Some(|baton, _| _ = baton.recall()));
}
