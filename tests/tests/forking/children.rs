//! The children themselves: how many there are, who waits for them, and when there can be none.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, id};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};
use socketserver::{
    Address, BaseRequestHandler, BaseServer, ForkingTCPServer, HandlerError, Served, ServerRef,
    Socket,
};
use tests::{Client, DEADLINE, Folder, until};

use crate::harness::{alone, list};
use crate::support::{Echo, EndAfter, Journal, LOCAL, Over, end_after, end_of, is_childless};

list!(TESTS:
    there_are_never_more_than_max_children,
    a_full_server_answers_a_stop,
    the_end_of_a_child_makes_room_at_once,
    children_of_others_are_left_to_them,
    active_children_tells_their_numbers,
    handle_request_waits_for_those_that_have_ended,
    a_thousand_requests_leave_nothing,
    beside_threads_it_does_not_serve,
    a_thread_that_was_started_later_costs_the_requests_beside_it,
    a_thread_that_was_joined_is_no_other_thread,
    a_fork_that_fails_costs_one_request,
);

/// Sends a client's number on its way, and its own end of the line.
fn ask(server: &Address, text: &str) -> Client {
    let mut client = Client::stream(server);
    client.send(text);
    client.end();
    client
}

struct Pairs {
    journal: Journal,
    requests: usize,
}

impl Pairs {
    fn live(&self) -> usize {
        self.journal.count("begins") - self.journal.count("ends")
    }
}

impl BaseServer for Pairs {
    fn service_actions(&self, server: &ServerRef<Self>) {
        assert!(server.stats().workers.all <= 2);
        end_after(self.requests as u64, server);
    }
}

/// Stays until there are two of its kind.
#[derive(BaseRequestHandler)]
struct Pair {
    server: ServerRef<Pairs>,
}

impl Pair {
    fn handle(&self) {
        let Pairs { journal, requests } = self.server.state();
        journal.note("begins");
        until("there are two", || {
            self.server.live() == 2 || journal.count("begins") == *requests
        });
        journal.note("ends");
    }
}

fn there_are_never_more_than_max_children() {
    let folder = Folder::new();
    let state = Pairs {
        journal: Journal::new(&folder),
        requests: 10,
    };
    let server = ForkingTCPServer::<Pair, Pairs>::with(state).max_children(2);
    let server = server.bind(LOCAL).expect("bind");
    let clients: Vec<Client> = (0..10)
        .map(|_| Client::stream(server.server_address()))
        .collect();
    server.serve_forever().expect("serve");
    for mut client in clients {
        assert_eq!(client.rest(), b"");
    }
    let mut live: u32 = 0;
    let mut most = 0;
    for line in server.state().journal.lines() {
        live = if line == "begins" { live + 1 } else { live - 1 };
        most = most.max(live);
    }
    assert_eq!((live, most), (0, 2));
    assert_eq!(server.stats().finished, 10);
}

/// A server that stops as soon as it is full.
#[derive(Default)]
struct StopWhenFull;

impl<R> BaseServer<R> for StopWhenFull {
    fn service_actions(&self, server: &ServerRef<Self>) {
        if server.stats().workers.all == 1 {
            server.shutdown();
        }
    }
}

fn a_full_server_answers_a_stop() {
    let server = ForkingTCPServer::<Echo, StopWhenFull>::builder();
    let server = server.max_children(1).bind(LOCAL).expect("bind");
    let mut first = Client::stream(server.server_address());
    let mut second = ask(server.server_address(), "second");
    server.serve_forever().expect("serve");
    // The child is alive, and the second client still waits.
    assert_eq!(first.ask("first"), b"first");
    assert_eq!(server.stats().accepted, 1);

    first.end();
    // The server may serve again, and takes the second when there is room.
    assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    assert_eq!(second.rest(), b"second");
}

/// Nothing wakes this server but its children.
fn the_end_of_a_child_makes_room_at_once() {
    let server = ForkingTCPServer::<Over>::builder().max_children(1);
    let server = server.bind(LOCAL).expect("bind");
    server.drain_on_signals(DEADLINE).expect("signals");
    let texts = [["hello"; 19].as_slice(), &["over"]].concat();
    let clients: Vec<Client> = texts
        .iter()
        .map(|text| ask(server.server_address(), text))
        .collect();
    server.serve_forever().expect("serve");
    for (mut client, text) in clients.into_iter().zip(texts) {
        assert_eq!(client.rest(), text.as_bytes());
    }
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.finished), (20, 20), "{stats:?}");
}

fn children_of_others_are_left_to_them() {
    fn stranger() -> Child {
        let mut shell = Command::new("sh");
        shell.args(["-c", "exit 72"]).spawn().expect("a shell")
    }
    fn has_ended(child: &Child) {
        end_of(i32::try_from(child.id()).expect("a number"));
    }
    let mut strangers = vec![stranger(), stranger()];
    strangers.iter().for_each(has_ended);
    let server = ForkingTCPServer::<Echo, EndAfter>::with(EndAfter(3));
    let server = server.bind(LOCAL).expect("bind");
    let _clients = ["one", "two", "three"].map(|text| ask(server.server_address(), text));
    server.serve_forever().expect("serve");
    strangers.push(stranger());
    has_ended(&strangers[2]);
    server.server_close();
    drop(server);
    for mut stranger in strangers {
        assert_eq!(stranger.wait().expect("its end").code(), Some(72));
    }
    assert!(is_childless());
}

/// Tells its number and waits for its client's end.
#[derive(BaseRequestHandler)]
struct Number {
    request: Socket,
}

impl Number {
    fn handle(&self) -> io::Result<()> {
        self.request.sendall(id().to_string().as_bytes())?;
        self.request.recv(1).map(drop)
    }
}

fn active_children_tells_their_numbers() {
    let server = ForkingTCPServer::<Number>::bind(LOCAL).expect("bind");
    let mut clients = Vec::new();
    let mut numbers = Vec::new();
    assert_eq!(server.active_children(), numbers);
    for _ in 0..3 {
        let mut client = Client::stream(server.server_address());
        server.handle_request().expect("serve");
        let number = String::from_utf8(client.recv()).expect("a number");
        numbers.push(number.parse().expect("a number"));
        clients.push(client);
    }
    let mut active = server.active_children();
    active.sort_unstable();
    numbers.sort_unstable();
    assert_eq!(active, numbers);
    assert_eq!((server.stats().active, server.stats().workers.all), (3, 3));

    clients.iter().for_each(Client::end);
    assert_eq!(server.server_close().cut, 0);
    assert!(server.active_children().is_empty());
    assert!(is_childless());
}

fn handle_request_waits_for_those_that_have_ended() {
    let server = ForkingTCPServer::<Echo>::builder().timeout(Duration::ZERO);
    let server = server.bind(LOCAL).expect("bind");
    for _ in 0..5 {
        let mut client = ask(server.server_address(), "hello");
        assert_eq!(server.handle_request().expect("serve"), Served::Handled);
        assert_eq!(client.rest(), b"hello");
        let [child] = server.active_children()[..] else {
            panic!("the one before has been waited for: {server:?}");
        };
        assert_eq!(end_of(child).exit_status(), Some(0));
    }
    assert_eq!(server.stats().finished, 4);
    // So does a call for which no request comes.
    assert_eq!(server.handle_request().expect("serve"), Served::TimedOut);
    assert_eq!(server.stats().finished, 5);
    assert!(is_childless());
}

fn a_thousand_requests_leave_nothing() {
    let descriptors = || fs::read_dir("/proc/self/fd").expect("descriptors").count();
    let server = ForkingTCPServer::<Echo>::bind(LOCAL).expect("bind");
    let serve = || {
        let mut client = ask(server.server_address(), "hello");
        server.handle_request().expect("serve");
        assert_eq!(client.rest(), b"hello");
    };
    serve();
    let before = descriptors();
    for _ in 0..1_000 {
        serve();
        assert!(server.active_children().len() <= 40);
    }
    assert_eq!(descriptors(), before);
    server.server_close();
    assert!(is_childless());
    let stats = server.stats();
    assert_eq!(
        (stats.accepted, stats.finished),
        (1_001, 1_001),
        "{stats:?}"
    );
}

/// A thread that does nothing until it is told to end.
struct Idle {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Idle {
    fn new() -> Self {
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        let thread = thread::spawn(move || {
            // An error is the sender's end.
            let _ = ended.recv();
        });
        Idle { end, thread }
    }

    /// Ends it, and waits until the system knows too.
    fn end(self) {
        drop(self.end);
        self.thread.join().expect("it does not panic");
        until("there is one thread", || {
            fs::read_dir("/proc/self/task").expect("threads").count() == 1
        });
    }
}

fn beside_threads_it_does_not_serve() {
    fn assert_clear(error: &io::Error) {
        assert_eq!(error.kind(), ErrorKind::Other);
        assert_eq!(
            error.to_string(),
            "a process with 2 threads cannot fork safely: serve on the main thread and start no other"
        );
    }
    let server = ForkingTCPServer::<Echo>::bind(LOCAL).expect("bind");
    let mut client = ask(server.server_address(), "hello");
    let thread = Idle::new();
    assert_clear(&server.serve_forever().expect_err("there is a thread"));
    assert_clear(&server.handle_request().expect_err("there is a thread"));
    thread.end();
    // Nothing is lost by having tried.
    assert_eq!(server.handle_request().expect("serve"), Served::Handled);
    assert_eq!(client.rest(), b"hello");

    // The loop's own thread is the other one.
    let spawned = server.spawn().expect("a thread");
    assert_clear(&spawned.join().expect_err("there is a thread"));
}

/// Has another thread from the second request on, until the third.
struct Threaded {
    thread: Mutex<Option<Idle>>,
    errors: OnceLock<String>,
}

impl BaseServer for Threaded {
    fn verify_request(&self, _: &Socket, _: &Address, server: &ServerRef<Self>) -> bool {
        match server.stats().accepted {
            2 => *self.thread.lock() = Some(Idle::new()),
            3 => self.thread.lock().take().expect("the thread").end(),
            _ => {}
        }
        true
    }
    fn handle_error(
        &self,
        request: &Socket,
        _: &Address,
        error: &HandlerError,
        _: &ServerRef<Self>,
    ) {
        request.sendall(b"sorry").expect("the client is there");
        self.errors.set(error.to_string()).expect("one error");
    }
    fn service_actions(&self, server: &ServerRef<Self>) {
        end_after(3, server);
    }
}

fn a_thread_that_was_started_later_costs_the_requests_beside_it() {
    let state = Threaded {
        thread: Mutex::default(),
        errors: OnceLock::new(),
    };
    let server = ForkingTCPServer::<Echo, Threaded>::with(state);
    let server = server.bind(LOCAL).expect("bind");
    let clients = ["one", "two", "three"].map(|text| ask(server.server_address(), text));
    server.serve_forever().expect("serve");
    let answers = clients.map(|mut client| client.rest());
    assert_eq!(answers, [b"one".as_slice(), b"sorry", b"three"]);
    let error = server.state().errors.get().expect("an error");
    assert!(error.contains("2 threads cannot fork safely"), "{error}");
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.active), (3, 0), "{stats:?}");
    assert_eq!((stats.finished, stats.failed), (2, 1), "{stats:?}");
}

/// The system may list a thread a little longer than `join` waits for it.
fn a_thread_that_was_joined_is_no_other_thread() {
    let server = ForkingTCPServer::<Echo>::builder().timeout(Duration::ZERO);
    let server = server.bind(LOCAL).expect("bind");
    for _ in 0..2_000 {
        thread::spawn(|| ()).join().expect("it does not panic");
        assert_eq!(server.handle_request().expect("serve"), Served::TimedOut);
    }
}

/// Must not have children from the second request on, until the third.
struct Limited(OnceLock<String>);

impl BaseServer for Limited {
    fn verify_request(&self, _: &Socket, _: &Address, server: &ServerRef<Self>) -> bool {
        let limit = getrlimit(Resource::Nproc);
        let current = match server.stats().accepted {
            2 => Some(0),
            _ => limit.maximum,
        };
        setrlimit(Resource::Nproc, Rlimit { current, ..limit }).expect("setrlimit");
        true
    }
    fn handle_error(
        &self,
        request: &Socket,
        _: &Address,
        error: &HandlerError,
        _: &ServerRef<Self>,
    ) {
        request.sendall(b"sorry").expect("the client is there");
        self.0.set(error.to_string()).expect("one error");
    }
    fn service_actions(&self, server: &ServerRef<Self>) {
        end_after(3, server);
    }
}

fn a_fork_that_fails_costs_one_request() {
    if getuid().is_root() {
        // No limit holds for root.
        return again_as_nobody("children::a_fork_that_fails_costs_one_request");
    }
    let server = ForkingTCPServer::<Echo, Limited>::with(Limited(OnceLock::new()));
    let server = server.bind(LOCAL).expect("bind");
    let clients = ["one", "two", "three"].map(|text| ask(server.server_address(), text));
    server.serve_forever().expect("serve");
    let answers = clients.map(|mut client| client.rest());
    assert_eq!(answers, [b"one".as_slice(), b"sorry", b"three"]);
    assert!(server.state().0.get().is_some());
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.active), (3, 0), "{stats:?}");
    assert_eq!((stats.finished, stats.failed), (2, 1), "{stats:?}");
}

/// Runs a test as a user without rights, from a copy of this program that this user can reach.
fn again_as_nobody(test: &str) {
    const NOBODY: u32 = 65_534;
    let folder = Folder::new();
    let program = folder.join("forking");
    fs::copy(alone(test).get_program(), &program).expect("a copy");
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody.clone()).expect("chmod");
    fs::set_permissions(&program, everybody).expect("chmod");
    let mut command = Command::new(&program);
    command.args(alone(test).get_args());
    let status = command.uid(NOBODY).gid(NOBODY).status();
    assert!(status.expect("the test's process").success());
}
