//! Servers that drain when the process gets a signal. It gets it as a whole, so each test runs in a
//! process of its own.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use rustix::process::{getpid, kill_process};
use socketserver::{BaseRequestHandler, BaseServer, ServerRef, TCPServer};
use tests::{Client, DEADLINE, Signal, in_time, own_process, until};

use crate::LOCAL;

/// The status of a process that has come to the end of its part.
const DONE: i32 = 42;

/// Runs `part` in a process of its own, which the test of that name becomes, and returns how that
/// ended.
#[track_caller]
fn alone(part: fn()) -> ExitStatus {
    let Some(ended) = own_process() else {
        part();
        std::process::exit(DONE);
    };
    print!("{}{}", ended.output, ended.errors);
    ended.status
}

fn signal_myself(signal: Signal) {
    kill_process(getpid(), signal).expect("kill");
}

#[derive(BaseRequestHandler)]
struct SignalsItself {
    server: ServerRef<Patient>,
}

/// What waits for the signal.
struct Patient;

impl BaseServer for Patient {}

impl SignalsItself {
    fn handle(&self) {
        assert!(!self.server.is_stopping());
        signal_myself(Signal::TERM);
        until("the handler knows", || self.server.is_stopping());
    }
}

#[test]
fn a_backlog_does_not_hold_up_a_signal() {
    let status = alone(|| {
        let server = TCPServer::<SignalsItself, _>::with(Patient);
        let server = server.bind(LOCAL).expect("bind");
        server.drain_on_signals(Duration::ZERO).expect("signals");
        let _clients = [(); 10].map(|()| Client::stream(server.server_address()));
        server.serve_forever().expect("a good end");
        // With no time for it the drain takes nobody more.
        assert_eq!((server.stats().accepted, server.fileno()), (1, -1));
    });
    assert_eq!(status.code(), Some(DONE));
}

type Listening = TCPServer<SignalsItself, Patient>;

/// Serves until a signal comes, which is right after it has begun.
fn serve_until_signalled(server: &Listening) {
    let _client = Client::stream(server.server_address());
    server.serve_forever().expect("a good end");
    assert_eq!((server.stats().accepted, server.fileno()), (1, -1));
}

fn listening() -> Listening {
    let server = TCPServer::<SignalsItself, _>::with(Patient);
    let server = server.bind(LOCAL).expect("bind");
    server.drain_on_signals(DEADLINE).expect("signals");
    server
}

#[test]
fn a_server_drains_though_others_have_gone_before() {
    let status = alone(|| {
        let (before, server) = (listening(), listening());
        drop(before);
        drop(listening());
        serve_until_signalled(&server);
        // Also one that comes when all have gone, and although they have seen a signal.
        drop(server);
        serve_until_signalled(&listening());
    });
    assert_eq!(status.code(), Some(DONE));
}

#[test]
fn all_servers_drain() {
    let status = alone(|| {
        let (server, other) = (listening(), listening());
        let serving = thread::spawn(move || other.serve_forever());
        serve_until_signalled(&server);
        in_time("the other", move || serving.join())
            .expect("no panic")
            .expect("a good end");
    });
    assert_eq!(status.code(), Some(DONE));
}

#[test]
fn without_servers_a_signal_ends_the_process() {
    let status = alone(|| {
        drop((listening(), listening()));
        signal_myself(Signal::TERM);
        until("the process has ended", || false);
    });
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
}

#[test]
fn the_time_of_a_drain_can_be_changed() {
    let status = alone(|| {
        let server = TCPServer::<SignalsItself, _>::with(Patient);
        let server = server.bind(LOCAL).expect("bind");
        for time in [1_000, 0] {
            let time = Duration::from_secs(time);
            server.drain_on_signals(time).expect("signals");
        }
        let _clients = [(); 2].map(|()| Client::stream(server.server_address()));
        server.serve_forever().expect("a good end");
        assert_eq!((server.stats().accepted, server.fileno()), (1, -1));
    });
    assert_eq!(status.code(), Some(DONE));
}
