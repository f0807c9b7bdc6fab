//! What a server does at signals that the program wants something of. They go to the whole process,
//! so each test here has a signal of its own.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use crossbeam_channel::bounded;
use signal_hook::low_level::raise;
use socketserver::signal::{SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};
use socketserver::{GreenTCPServer, Served, TCPServer, ThreadingTCPServer};
use tests::{Client, DEADLINE, Echo, Running, in_time, until};

use crate::LOCAL;

/// Sends it to this thread, which has handled it when this returns.
fn send(signal: i32) {
    raise(signal).expect("a signal");
}

#[test]
fn signals_that_come_meanwhile_are_answered_once() {
    let (begun, begins) = bounded(10);
    let (go_on, goes_on) = bounded(10);
    let server = ThreadingTCPServer::<Echo>::bind(LOCAL).expect("bind");
    let answer = move |_: &_| {
        begun.send(()).expect("the test");
        goes_on.recv_timeout(DEADLINE).expect("the test");
    };
    server.on_signal(SIGUSR1, answer).expect("on_signal");
    // One that comes before the server serves is answered when it does.
    send(SIGUSR1);
    let server = Running::from(server.spawn().expect("spawn"));
    begins.recv_timeout(DEADLINE).expect("the first call");
    for _ in 0..1_000 {
        send(SIGUSR1);
    }
    go_on.send(()).expect("the hook");
    begins.recv_timeout(DEADLINE).expect("the second call");
    go_on.send(()).expect("the hook");
    // The loop looks for signals before it takes a request.
    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    assert!(begins.try_recv().is_err(), "a third call");
}

#[test]
fn a_storm_harms_no_request() {
    const SIGNALS: u64 = 10_000;
    let answers = Arc::new(AtomicU64::new(0));
    let server = ThreadingTCPServer::<Echo>::bind(LOCAL).expect("bind");
    let green = GreenTCPServer::<Echo>::bind(LOCAL).expect("bind");
    let count = |answers: &Arc<AtomicU64>| {
        let answers = answers.clone();
        move |_: &_| {
            answers.fetch_add(1, SeqCst);
        }
    };
    server
        .on_signal(SIGHUP, count(&answers))
        .expect("on_signal");
    green.on_signal(SIGHUP, count(&answers)).expect("on_signal");
    let server = Running::from(server.spawn().expect("spawn"));
    let green = Running::from(green.spawn().expect("spawn"));
    let storm = thread::spawn(|| (0..SIGNALS).for_each(|_| send(SIGHUP)));
    let mut clients = [
        Client::stream(&server.address()),
        Client::stream(&green.address()),
    ];
    while !storm.is_finished() {
        for client in &mut clients {
            assert_eq!(client.ask("hello"), b"hello");
        }
    }
    storm.join().expect("no panic");
    // Of both servers each has answered the last one, after it.
    let after = answers.load(SeqCst);
    send(SIGHUP);
    until("both have answered", || answers.load(SeqCst) >= after + 2);
    assert!(answers.load(SeqCst) <= 2 * (SIGNALS + 1));
    drop(clients);
    for server in [server, green] {
        let (drained, stats) = server.drain(DEADLINE);
        assert_eq!((drained.aborted, stats.finished), (0, 1));
    }
}

#[test]
fn a_signal_is_answered_until_the_server_ends_whatever_becomes_of_the_answer() {
    let answers = Arc::new(AtomicU64::new(0));
    let counted = answers.clone();
    let server = TCPServer::<Echo>::bind(LOCAL).expect("bind");
    let answer = move |_: &_| {
        counted.fetch_add(1, SeqCst);
        std::panic::resume_unwind(Box::new("on purpose"));
    };
    server.on_signal(SIGUSR2, answer).expect("on_signal");
    let server = Running::from(server.spawn().expect("spawn"));
    for count in 1..=3 {
        send(SIGUSR2);
        until("it is answered", || answers.load(SeqCst) == count);
    }
    assert_eq!(Client::stream(&server.address()).ask("hello"), b"hello");
    drop(server);
    // Unhandled, it would end the process.
    send(SIGUSR2);
    assert_eq!(answers.load(SeqCst), 3);
}

#[test]
fn a_signal_is_answered_while_one_request_is_waited_for() {
    let server = Arc::new(TCPServer::<Echo>::bind(LOCAL).expect("bind"));
    server
        .on_signal(SIGWINCH, |server| server.shutdown())
        .expect("on_signal");
    let waiting = server.clone();
    let waiting = thread::spawn(move || waiting.handle_request());
    send(SIGWINCH);
    let served = in_time("the end", move || waiting.join().expect("no panic"));
    assert_eq!(served.expect("serves"), Served::Stopped);
}

#[test]
fn what_cannot_be_handled_is_an_error() {
    let server = TCPServer::<Echo>::bind(LOCAL).expect("bind");
    for (name, signal) in [("SIGKILL", 9), ("SIGSEGV", 11), ("none", 1_000)] {
        let error = server.on_signal(signal, |_| ()).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
    }
}
