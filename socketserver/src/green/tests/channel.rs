//! An abort that comes at the same time as room for a message.

use std::fs;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::channel;
use crate::aborts::{Aborts, Enclosed};
use crate::nesting::{Enclosing, of_this_thread};

#[derive(Default)]
struct Request(Aborts);

impl Enclosed for Request {
    fn aborts(&self) -> &Aborts {
        &self.0
    }

    fn id(&self) -> u64 {
        1
    }

    #[cfg(any(feature = "proxy", feature = "tls"))]
    fn take_silence(&self) -> Duration {
        Duration::ZERO
    }

    fn connection(&self) -> Option<RawFd> {
        None
    }
}

#[track_caller]
fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How often a thread has gone to sleep: a line of its status.
fn sleeps(status: &str) -> Option<String> {
    let status = fs::read_to_string(status).expect("the status of a thread");
    let mut lines = status.lines();
    lines.find(|line| line.starts_with("voluntary_ctxt_switches")).map(str::to_owned)
}

/// The first of two senders is aborted, and while it blocks on the channel's lock it is woken for
/// the message that has left.
#[test]
fn an_aborted_sender_passes_its_turn_on() {
    let (sender, receiver) = channel(1);
    sender.send(0).expect("there is room");
    let request = Arc::new(Request::default());
    let (tell, told) = mpsc::channel();
    let (inside, first) = (request.clone(), sender.clone());
    let first = thread::spawn(move || {
        of_this_thread(|servers| servers.push(Enclosing { server: 0, request: Some(inside) }));
        tell.send(fs::read_link("/proc/thread-self").expect("Linux")).expect("the test waits");
        first.send(1).is_ok()
    });
    let status = format!("/proc/{}/status", told.recv().expect("a path").display());
    until("the first waits", || sender.0.lock().full.len() == 1);
    let second = sender.clone();
    let second = thread::spawn(move || second.send(2).is_ok());
    until("both wait", || sender.0.lock().full.len() == 2);

    let mut locked = sender.0.lock();
    let before = sleeps(&status);
    request.0.abort(|| ());
    until("the first blocks on the lock", || sleeps(&status) != before);
    assert_eq!(locked.take(), Some(0));
    drop(locked);
    until("another message is there", || receiver.len() == 1);
    drop(receiver);
    let sent = [first, second].map(|sender| sender.join().expect("no panic"));
    assert_ne!(sent[0], sent[1]);
}
