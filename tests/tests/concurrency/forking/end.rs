//! The end of a server with children: they are waited for, terminated, and killed.

use rustix::process::{WaitOptions, kill_current_process_group, waitpid};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use tests::prelude::*;

use crate::harness::{alone, list};
use crate::support::{EndAfter, assert_ended, is_childless};

list!(
    TESTS: server_close_waits_for_children, a_child_may_have_children_too,
     late_children_are_terminated_then_killed,
    a_drain_without_a_loop_waits_for_children, sigterm_lets_children_finish,
    ctrl_c_lets_children_finish, a_second_signal_ends_the_server_at_once,
    a_dropped_server_ends_its_children, a_request_is_aborted_at_its_deadline,
    a_deaf_child_is_killed_after_its_deadline, a_child_does_not_hold_the_port,
    a_stranger_with_a_childs_number_is_spared, children_are_reaped_without_waits_by_descriptor,
);

list!(PROGRAMS: leave_a_child, serve_until_signals);

/// Waits until the listener is closed, without becoming a client.
fn until_closed(server: &Address) {
    let server = inet(server);
    until("the listener is closed", || TcpListener::bind(server).is_ok());
}

/// Sends the signal that its client asks for, and outlives its server's listener.
#[derive(BaseRequestHandler)]
struct Last {
    request: Socket,
    server: ServerRef,
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

/// Ends a server whose client has asked to wait, and so for its child.
fn waits_for_children(has_served: bool, end: fn(&ForkingTCPServer<Last>) -> Drained) {
    let server = ForkingTCPServer::<Last>::builder().drain_timeout(DEADLINE);
    let server = server.bind(apart()).expect("bind");
    let mut client = Client::stream(server.server_address());
    client.send("wait");
    if has_served {
        server.handle_request().expect("serve");
    }
    let drained = end(&server);
    assert_eq!((drained.finished, drained.aborted), (1, 0), "{drained:?}");
    assert!(drained.took < DEADLINE, "{drained:?}");
    assert!(server.active_children().is_empty());
    assert_ended(&server.stats(), [1, 0, 0, 0]);
    assert_eq!(client.rest(), b"done");
}

fn server_close_waits_for_children() {
    waits_for_children(true, |server| server.server_close());
}

/// It has never served, so nothing has been set up for its children yet.
fn a_drain_without_a_loop_waits_for_children() {
    waits_for_children(false, |server| server.drain(DEADLINE));
}

/// What the parent has set up for its children does not disturb a child's own.
fn a_child_may_have_children_too() {
    let server = ForkingTCPServer::handling(|request: Socket, _: Address| {
        server_close_waits_for_children();
        request.sendall(b"done")
    });
    let server = bind(server);
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    assert_eq!(client.rest(), b"done");
}

/// Answers SIGTERM with a word, and goes on.
#[derive(BaseRequestHandler)]
struct Deaf {
    request: Socket,
}

impl Deaf {
    fn handle(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGTERM])?;
        self.request.sendall(b"ready\n")?;
        signals.forever().try_for_each(|_| self.request.sendall(b"told\n"))
    }
}

fn late_children_are_terminated_then_killed() {
    // On a busy machine the time between the two may be too short to answer.
    assert!((0..10).any(|_| is_terminated_before_it_is_killed()));
}

fn is_terminated_before_it_is_killed() -> bool {
    const TIMEOUT: Duration = Duration::from_millis(200);
    let server = ForkingTCPServer::<Deaf>::bind(LOCAL).expect("bind");
    let mut client = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    assert_eq!(client.recv(), b"ready\n");
    let drained = server.drain(TIMEOUT);
    assert_eq!((drained.finished, drained.aborted, drained.abandoned), (0, 1, 0));
    assert!((TIMEOUT..DEADLINE).contains(&drained.took), "{drained:?}");
    assert_ended(&server.stats(), [0, 0, 0, 1]);
    client.rest() == b"told\n"
}

fn lets_children_finish(order: &str) {
    let server = ForkingTCPServer::<Last>::bind(apart()).expect("bind");
    server.drain_on_signals(DEADLINE).expect("signals");
    let clients = ["wait", "wait", order].map(|text| {
        let mut client = Client::stream(server.server_address());
        client.send(text);
        client
    });
    server.serve_forever().expect("serve");
    for mut client in clients {
        assert_eq!(client.rest(), b"done");
    }
    assert_ended(&server.stats(), [3, 0, 0, 0]);
}

fn sigterm_lets_children_finish() {
    lets_children_finish("sigterm");
}

fn ctrl_c_lets_children_finish() {
    lets_children_finish("ctrl-c");
}

fn serve_until_signals() {
    let server = ForkingTCPServer::<Echo>::bind(apart()).expect("bind");
    server.drain_on_signals(DEADLINE).expect("signals");
    println!("{}", server.server_address());
    server.serve_forever().expect("serve");
}

fn address_of(program: &Process) -> Address {
    program.line().as_str().to_address().expect("an address")
}

fn a_second_signal_ends_the_server_at_once() {
    let program = Process::start(&mut alone("end::serve_until_signals"));
    let address = address_of(&program);
    let mut client = Client::echoed(&address);
    program.signal(Signal::INT);
    until_closed(&address);
    // The child is busy, so the server waits.
    assert_eq!(client.ask("hello"), b"hello");
    program.signal(Signal::INT);
    drop(client);
    let (status, ..) = program.wait();
    assert_eq!(status.code(), Some(130));
}

fn a_dropped_server_ends_its_children() {
    let server = bind(ForkingTCPServer::<Echo>::builder().drain_timeout(Duration::ZERO));
    let clients = [(); 3].map(|()| {
        let client = Client::stream(server.server_address());
        server.handle_request().expect("serve");
        client
    });
    drop(server);
    assert!(is_childless());
    for mut client in clients {
        assert_eq!(client.rest(), b"");
    }
}

/// Complaint 28.
fn a_request_is_aborted_at_its_deadline() {
    let server = ForkingTCPServer::<Echo, EndAfter>::with(EndAfter(1));
    let server = bind(server.deadline(Duration::from_millis(100)));
    let mut silent = Client::stream(server.server_address());
    assert!(server.active_children().is_empty());
    server.serve_forever().expect("serve");
    // Its child lived until it was signalled.
    assert_eq!(silent.rest(), b"");
    assert_eq!(server.stats().overdue, 1);
    assert_ended(&server.stats(), [0, 0, 0, 1]);
}

/// The program has reaped the child, as one does that waits for any, and its number is another's.
fn a_stranger_with_a_childs_number_is_spared() {
    let server = ForkingTCPServer::<Echo>::bind(LOCAL).expect("bind");
    let _client = Client::stream(server.server_address());
    server.handle_request().expect("serve");
    let [child] = server.active_children()[..] else { panic!("one child: {server:?}") };
    let pid = Pid::from_raw(child);
    kill_process(pid.expect("a number"), Signal::KILL).expect("kill");
    waitpid(pid, WaitOptions::empty()).expect("waitpid");
    if fs::write("/proc/sys/kernel/ns_last_pid", (child - 1).to_string()).is_err() {
        eprintln!("skipped: numbers of processes cannot be chosen here");
        return;
    }
    let mut stranger = Command::new("sleep").arg("100").spawn().expect("sleep");
    let is_spared = stranger.id().cast_signed() != child || {
        server.drain(Duration::ZERO);
        stranger.try_wait().expect("wait").is_none()
    };
    stranger.kill().expect("kill");
    stranger.wait().expect("wait");
    assert!(is_spared);
}

/// Makes the system behave like Linux 5.3, which cannot wait for a child by a descriptor, or like
/// one that forbids to signal by it. Then goes on as another program.
const OLD_SYSTEM: &str = r#"
import ctypes, os, struct, sys
waitid, pidfd_send_signal = {"x86_64": (247, 424), "aarch64": (95, 424)}[os.uname().machine]
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERROR = 0x7fff0000, 0x00050000
number, argument = 0, 16
call, error = {"wait": (waitid, 22), "signal": (pidfd_send_signal, 1)}[sys.argv[1]]
steps = [(LOAD, 0, 0, number), (IF_EQUAL, 0, 3, call)]
if call == waitid:
    steps += [(LOAD, 0, 0, argument), (IF_EQUAL, 0, 1, 3)]  # P_PIDFD
else:
    steps += [(LOAD, 0, 0, argument), (LOAD, 0, 0, argument)]
steps += [(RETURN, 0, 0, ERROR | error), (RETURN, 0, 0, ALLOW)]
filter = b"".join(struct.pack("HBBI", *step) for step in steps)
held = ctypes.create_string_buffer(filter)
program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(held))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
if prctl(22, 2, ctypes.create_string_buffer(program), 0, 0) != 0:
    sys.exit(77)
os.execv(sys.argv[2], sys.argv[2:])
"#;

fn children_are_reaped_without_waits_by_descriptor() {
    for lacking in ["wait", "signal"] {
        let program = alone("end::a_request_is_aborted_at_its_deadline");
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let words = words.map(|word| word.to_str().expect("text"));
        let arguments: Vec<_> = std::iter::once(lacking).chain(words).collect();
        let Some(python) = python(OLD_SYSTEM, &arguments) else { return };
        let (status, _, errors) = python.wait();
        if status.code() == Some(77) {
            eprintln!("skipped: no filter of system calls here");
            return;
        }
        assert!(status.success(), "{lacking}: {status}, {errors}");
    }
}

fn a_deaf_child_is_killed_after_its_deadline() {
    let server = ForkingTCPServer::<Deaf, EndAfter>::with(EndAfter(1));
    let server = bind(server.deadline(Duration::from_secs(1)));
    let _client = Client::stream(server.server_address());
    server.serve_forever().expect("serve");
    assert_ended(&server.stats(), [0, 0, 0, 1]);
}

fn leave_a_child() {
    let parent = getpid();
    let server = ForkingTCPServer::handling(move |request: Socket, _| {
        until("the parent has ended", || getppid() != Some(parent));
        request.sendall(b"alone")?;
        let data = request.recv(100)?;
        request.sendall(&data)
    });
    let server = server.block_on_close(false).bind(apart()).expect("bind");
    println!("{}", server.server_address());
    server.handle_request().expect("serve");
}

fn a_child_does_not_hold_the_port() {
    let program = Process::start(&mut alone("end::leave_a_child"));
    let address = address_of(&program);
    let mut client = Client::stream(&address);
    assert_eq!(client.recv(), b"alone");
    assert_eq!(error_kind(Client::try_stream(&address)), ErrorKind::ConnectionRefused);
    assert_eq!(client.ask("hello"), b"hello");
    program.ended().passed();
}
