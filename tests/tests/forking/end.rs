//! The end of a server that has children: who is waited for, who is told to end, and who is killed.

use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, WaitOptions, getppid, kill_current_process_group, kill_process, waitpid,
};
use socketserver::{
    Address, BaseRequestHandler, BaseServer, ForkingTCPServer, ServerRef, Socket,
};
use tests::{Client, DEADLINE, Process, Signal, until};

use crate::harness::{alone, list};
use crate::support::{Echo, EndAfter, LOCAL, is_childless, python};

list!(TESTS:
    server_close_waits_for_children,
    server_close_without_block_on_close_does_not,
    at_the_deadline_children_are_told_to_end_and_then_killed,
    a_drain_takes_what_waits,
    a_drain_without_a_loop_is_over_when_the_children_are,
    sigterm_lets_children_finish,
    ctrl_c_lets_children_finish,
    a_second_signal_ends_the_server_at_once,
    a_drop_leaves_nobody,
    a_request_is_cut_at_its_deadline,
    the_port_is_free_though_a_child_lives,
);

list!(PROGRAMS: leave_a_child, serve_until_signals);

/// Waits until nobody listens any more.
fn until_closed(server: &Address) {
    until("the listener is closed", || {
        let refused = Client::try_stream(server);
        refused.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    });
}

/// Does what it is told, and outlives its server's listener.
#[derive(BaseRequestHandler)]
struct Last {
    request: Socket,
    server: ServerRef<()>,
}

impl Last {
    fn handle(&self) -> io::Result<()> {
        match &self.request.recv(100)?[..] {
            b"sigterm" => kill_process(getppid().expect("a parent"), Signal::TERM)?,
            b"ctrl-c" => kill_current_process_group(Signal::INT)?,
            _ => {}
        }
        until_closed(self.server.server_address());
        self.request.sendall(b"done")
    }
}

fn server_close_waits_for_children() {
    let server = ForkingTCPServer::<Last>::builder().drain_timeout(DEADLINE);
    let server = server.bind(LOCAL).expect("bind");
    let mut client = Client::stream(server.server_address());
    client.send("wait");
    server.handle_request().expect("serve");
    let drained = server.server_close();
    assert_eq!((drained.finished, drained.cut), (1, 0), "{drained:?}");
    assert!(server.active_children().is_empty());
    assert!(is_childless());
    assert_eq!(client.rest(), b"done");
}

fn server_close_without_block_on_close_does_not() {
    let server = ForkingTCPServer::<Echo>::builder().block_on_close(false);
    let server = server.bind(LOCAL).expect("bind");
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    let drained = server.server_close();
    assert_eq!((drained.finished, drained.cut), (0, 0), "{drained:?}");
    let [child] = server.active_children()[..] else {
        panic!("one child is left: {server:?}");
    };
    drop(server);
    assert_eq!(client.ask("hello"), b"hello");
    client.end();
    let (_, status) = waitpid(Pid::from_raw(child), WaitOptions::empty())
        .expect("waitpid")
        .expect("it has ended");
    assert_eq!(status.exit_status(), Some(0));
}

/// Becomes a program that says when it is told to end, and does not.
#[derive(BaseRequestHandler)]
struct Deaf {
    request: Socket,
}

const DEAF: &str = r#"
import os, signal
signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"told\n"))
os.write(1, b"ready\n")
while True:
    signal.pause()
"#;

impl Deaf {
    fn handle(&self) -> io::Result<()> {
        match python(DEAF) {
            Some(mut program) => Err(program.stdout(self.request.detach()?).exec()),
            None => self.request.sendall(b"no python"),
        }
    }
}

fn at_the_deadline_children_are_told_to_end_and_then_killed() {
    const TIMEOUT: Duration = Duration::from_millis(200);
    let server = ForkingTCPServer::<Deaf>::bind(LOCAL).expect("bind");
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    if client.recv() == b"no python" {
        return;
    }
    let drained = server.drain(TIMEOUT);
    assert_eq!(
        (drained.finished, drained.cut, drained.abandoned),
        (0, 1, 0)
    );
    assert!((TIMEOUT..DEADLINE).contains(&drained.took), "{drained:?}");
    assert_eq!(client.rest(), b"told\n");
    assert!(is_childless());
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.cut), (1, 1), "{stats:?}");
}

fn a_drain_takes_what_waits() {
    let server = ForkingTCPServer::<Last>::builder().max_children(2);
    let server = server.bind(LOCAL).expect("bind");
    server.drain_on_signals(DEADLINE).expect("signals");
    let clients = ["sigterm"; 7].map(|text| {
        let mut client = Client::stream(server.server_address());
        client.send(text);
        client
    });
    let clients = ask_all(&server.server_address().clone(), 7);
    server.serve_forever().expect("serve");
    drop(clients);
}

fn ask_all(_: &Address, _: usize) {}

